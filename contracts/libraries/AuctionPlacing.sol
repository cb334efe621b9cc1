// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFrameAuction} from "../../interfaces/IFrameAuction.sol";
import {AuctionFrames} from "./AuctionFrames.sol";
import {AuctionWord} from "./AuctionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {FrameChain} from "./FrameChain.sol";

/// @title Orders and cancels enter a frame's chain
/// @notice Rules A1, A8, M2. An order touches the account's word, the frame's word and one log.
/// @dev The auction's own part of the account word, from bit 160: words used of the allowance 16 | frame of time of the last use 32.
abstract contract AuctionPlacing is AuctionFrames {
    using AuctionWord for uint256;
    using FrameChain for uint256;

    /* CONSTANTS */

    uint256 private constant _SUPPLIER = 32;
    uint256 private constant _ROLES_SHIFT = 152;
    uint256 private constant _USED_SHIFT = 160;
    uint256 private constant _USED_AT_SHIFT = 176;
    uint256 private constant _USE_MASK = ((uint256(1) << 48) - 1) << _USED_SHIFT;

    uint256 private constant _ALLOWANCE = 256;
    uint256 private constant _REGAINED_PER_FRAME = 16;
    /// @dev Words that only cancels may use.
    uint256 private constant _CANCEL_RESERVE = 32;
    uint256 private constant _MAX_ORDERS = 3072;
    uint256 private constant _MAX_WORDS = 4096;
    uint256 private constant _MAX_SLICES = 32;

    /* EXTERNAL: ORDERS */

    /// @inheritdoc IFrameAuction
    function place(uint256 request) external returns (uint256 index) {
        require(request.isRequest(), Auction_InvalidRequest(request));
        uint256 account = _knownAccount(msg.sender);
        uint256 frameWord = _placeable(request.frameIn(), account);
        (uint256 word, uint256 lockMicro) = _order(request, account, frameWord);
        account = _withUse(_withoutMargin(account, lockMicro), 1, _CANCEL_RESERVE);
        index = frameWord.count();
        require(index < _MAX_ORDERS, Auction_FrameFull(request.frameIn()));
        _accounts[msg.sender] = account;
        _frames[request.frameIn()] = frameWord.chained(word);
        ClearingLoops.logEntry(WordsChained.selector, word.entry(request.frameIn(), index));
    }

    /// @inheritdoc IFrameAuction
    function placeMany(uint32 frame, uint256[] calldata requests) external returns (uint256 firstIndex) {
        uint256 account = _knownAccount(msg.sender);
        uint256 count = requests.length;
        require(count != 0, Auction_InvalidRequest(0));
        uint256 frameWord = _placeable(frame, account);
        firstIndex = frameWord.count();
        (uint256[] memory entries, uint256 digest, uint256 lockMicro) = _orders(frame, requests, account, frameWord);
        account = _withUse(_withoutMargin(account, lockMicro), count, _CANCEL_RESERVE);
        // A calldata's worth.
        unchecked {
            require(firstIndex + count <= _MAX_ORDERS, Auction_FrameFull(frame));
        }
        _accounts[msg.sender] = account;
        _frames[frame] = frameWord.withDigest(digest, count);
        emit WordsChained(entries);
    }

    /// @inheritdoc IFrameAuction
    function cancel(uint32 frame, uint32 originFrame, uint16 index) external {
        uint256 account = _knownAccount(msg.sender);
        uint256 frameWord = _openFrame(frame);
        _requireGateOpen(frame);
        account = _withUse(account, 1, 0);
        require(frameWord.count() < _MAX_WORDS, Auction_FrameFull(frame));
        uint256 word = AuctionWord.cancel(_idIn(account), originFrame, index);
        _accounts[msg.sender] = account;
        _frames[frame] = frameWord.chained(word);
        ClearingLoops.logEntry(WordsChained.selector, word.entry(frame, frameWord.count()));
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IFrameAuction
    function allowedWordsOf(uint32 participantId) external view returns (uint256 words) {
        uint256 account = _accounts[_ownerOf[participantId]];
        return account == 0 ? 0 : _ALLOWANCE - _used(account);
    }

    /// @inheritdoc IFrameAuction
    function packRequest(uint32 frame, uint8 side, uint8 tick, uint32 quantityWh, uint32 peakWh, uint8 rolls)
        external
        pure
        returns (uint256 request)
    {
        return frame | (uint256(side) << 32) | (uint256(tick) << 40) | (uint256(quantityWh) << 48)
            | (uint256(peakWh) << 80) | (uint256(rolls) << 112);
    }

    /* PRIVATE */

    /// @dev The word of a frame that the account's owner may place in now.
    function _placeable(uint32 frame, uint256 account) private view returns (uint256 frameWord) {
        require(_statusIn(account) == 0, Auction_Suspended(_idIn(account), _statusIn(account)));
        frameWord = _openFrame(frame);
        require(frameWord & FrameChain.PAUSED == 0, Auction_FramePaused(frame));
        _requireGateOpen(frame);
    }

    /// @dev Entries of several orders, the digest after them, and what they lock together.
    function _orders(uint32 frame, uint256[] calldata requests, uint256 account, uint256 frameWord)
        private
        view
        returns (uint256[] memory entries, uint256 digest, uint256 lockMicro)
    {
        entries = new uint256[](requests.length);
        digest = frameWord;
        // Locks of a calldata's worth of orders, each of 64 bits at most; their count is compared before anything is written.
        unchecked {
            uint256 index = frameWord.count();
            for (uint256 i; i < requests.length; ++i) {
                uint256 request = requests[i];
                require(request.isRequest() && request.frameIn() == frame, Auction_InvalidRequest(request));
                (uint256 word, uint256 addedMicro) = _order(request, account, frameWord);
                lockMicro += addedMicro;
                digest = ClearingLoops.link(digest, word);
                entries[i] = word.entry(frame, index + i);
            }
        }
    }

    /// @dev The word of an order and what it locks.
    function _order(uint256 request, uint256 account, uint256 frameWord)
        private
        view
        returns (uint256 word, uint256 lockMicro)
    {
        uint256 tick = request.tickIn();
        require(tick <= AuctionWord.HIGHEST_TICK, Auction_TickOutOfRange(tick, AuctionWord.HIGHEST_TICK));
        (uint256 quantityWh, uint256 peakWh) = _quantities(request, account);
        uint256 lockTicks = _lockTicks(request, frameWord);
        // 24 bits of energy, 8 of lock, 64 of tick value.
        unchecked {
            lockMicro = quantityWh * lockTicks * _tickMicroPerWh;
        }
        require(lockMicro >= _minimumLockMicro, Auction_LockBelowMinimum(lockMicro, _minimumLockMicro));
        bool ofSupplier = (account >> _ROLES_SHIFT) & _SUPPLIER != 0;
        word = AuctionWord.order(_idIn(account), request, quantityWh, peakWh, lockTicks, ofSupplier);
    }

    /// @dev Quantity and peak, cut to what a penalised buyer may demand (RET), and checked.
    function _quantities(uint256 request, uint256 account) private view returns (uint256 quantityWh, uint256 peakWh) {
        // 32 bits times 16.
        unchecked {
            quantityWh = request.quantityIn();
            peakWh = request.peakIn();
            uint256 factor = _factorIn(account);
            if (factor != FULL_FACTOR_BPS && request.sideIn() == AuctionWord.BID) {
                quantityWh = quantityWh * factor / FULL_FACTOR_BPS;
                if (peakWh > quantityWh) peakWh = quantityWh;
            }
            require(
                quantityWh >= _minimumQuantityWh && quantityWh <= _maximumQuantityWh,
                Auction_QuantityOutOfRange(quantityWh, _minimumQuantityWh, _maximumQuantityWh)
            );
            if (request.peakIn() != 0) {
                require(
                    peakWh <= quantityWh && peakWh >= _minimumQuantityWh && peakWh * _MAX_SLICES >= quantityWh,
                    Auction_InvalidPeak(peakWh, quantityWh, _minimumQuantityWh)
                );
            }
        }
    }

    /// @dev Lock per Wh that is enough in every frame that the order may enter (M2) [ticks].
    function _lockTicks(uint256 request, uint256 frameWord) private view returns (uint256) {
        (uint256 cap, uint256 fees) = (frameWord.capTick(), frameWord.feeTicks());
        uint256 tick = request.tickIn();
        // A frame beyond 32 bits is not open.
        unchecked {
            uint256 rolls = request.rollsIn();
            if (rolls != 0) {
                for (uint32 i = 1; i <= rolls; ++i) {
                    uint256 later = _openFrame(request.frameIn() + i);
                    if (later.capTick() > cap) cap = later.capTick();
                    if (later.feeTicks() > fees) fees = later.feeTicks();
                }
            }
            if (request.sideIn() == AuctionWord.BID) return tick + fees;
            return cap > tick ? cap - tick : 1;
        }
    }

    /// @dev Words of the allowance that are used up now (A8).
    function _used(uint256 account) private view returns (uint256 used) {
        used = uint16(account >> _USED_SHIFT);
        // Frames of time only grow.
        unchecked {
            uint256 regained =
                (block.timestamp / frameSeconds - uint32(account >> _USED_AT_SHIFT)) * _REGAINED_PER_FRAME;
            used = used > regained ? used - regained : 0;
        }
    }

    /// @dev Takes words from the allowance or reverts; `reserve` stays.
    function _withUse(uint256 account, uint256 words, uint256 reserve) private view returns (uint256) {
        // At most 256 used; a frame of time has 32 bits.
        unchecked {
            uint256 used = _used(account);
            if (used + words > _ALLOWANCE - reserve) {
                uint256 allowed = used < _ALLOWANCE - reserve ? _ALLOWANCE - reserve - used : 0;
                revert Auction_TooManyWords(_idIn(account), words, allowed);
            }
            return (account & ~_USE_MASK) | ((used + words) << _USED_SHIFT)
                | (block.timestamp / frameSeconds << _USED_AT_SHIFT);
        }
    }
}
