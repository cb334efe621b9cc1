// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFrameAuction} from "../../interfaces/IFrameAuction.sol";
import {AuctionFrames} from "./AuctionFrames.sol";
import {AuctionWord} from "./AuctionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {FrameChain} from "./FrameChain.sol";

/// @title Orders and cancels enter a frame's chain
/// @notice Rules A1, A8, M2. An order touches the account's word, the frame's word and one log.
/// @dev The auction's own part of the account word, from bit 160: use 47 | what {AuctionBatches} keeps 49. The use is 16 x the frame of time of the
/// last use + the words used then: it stays ahead of 16 x the present frame of time by as many words as are used now (A8).
abstract contract AuctionPlacing is AuctionFrames {
    using AuctionWord for uint256;
    using FrameChain for uint256;

    /* CONSTANTS */

    /// @dev From the bit of the role supplier in an account's word to that of a supplier's order.
    uint256 private constant _SUPPLIER_SHIFT = 52;
    uint256 private constant _SUPPLIER_BIT = 1 << 105;
    uint256 private constant _USE_SHIFT = 160;
    uint256 private constant _USE_MASK = (1 << 47) - 1;

    uint256 private constant _ALLOWANCE = 256;
    uint256 private constant _REGAINED_PER_FRAME = 16;
    /// @dev Words of the allowance that orders may use; the others are for cancels only.
    uint256 internal constant ORDER_ALLOWANCE = 224;
    uint256 internal constant CANCEL_ALLOWANCE = _ALLOWANCE;
    uint256 internal constant MAX_ORDERS = 3072;
    uint256 internal constant MAX_WORDS = 4096;
    uint256 private constant _MAX_SLICES = 32;

    /* EXTERNAL: ORDERS */

    /// @inheritdoc IFrameAuction
    function place(uint256 request) external returns (uint256 index) {
        return _place(request, msg.sender);
    }

    /// @inheritdoc IFrameAuction
    function placeMany(uint32 frame, uint256[] calldata requests) external returns (uint256 firstIndex) {
        uint256 account = _knownAccount(msg.sender);
        uint256 count = requests.length;
        require(count != 0, Auction_InvalidRequest(0));
        _requireActive(account);
        uint256 frameWord = _placeable(frame);
        firstIndex = frameWord.count();
        (uint256[] memory entries, uint256 digest, uint256 lockMicro) = _orders(frame, requests, account, frameWord);
        account = _withUse(_withoutMargin(account, lockMicro), count, ORDER_ALLOWANCE);
        // A calldata's worth.
        unchecked {
            require(firstIndex + count <= MAX_ORDERS, Auction_FrameFull(frame));
        }
        _accounts[msg.sender].word = account;
        _frames[frame] = frameWord.withDigest(digest, count);
        ClearingLoops.logEntries(WordsChained.selector, entries, count);
    }

    /// @inheritdoc IFrameAuction
    function cancel(uint32 frame, uint32 originFrame, uint16 index) external {
        uint256 account = _knownAccount(msg.sender);
        uint256 frameWord = _openFrame(frame);
        _requireGateOpen(frame);
        account = _withUse(account, 1, CANCEL_ALLOWANCE);
        require(frameWord.count() < MAX_WORDS, Auction_FrameFull(frame));
        _accounts[msg.sender].word = account;
        _chain(frame, frameWord, AuctionWord.cancel(_idIn(account), originFrame, index));
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IFrameAuction
    function allowedWordsOf(uint32 participantId) external view returns (uint256 words) {
        uint256 account = _accounts[_ownerOf[participantId]].word;
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

    /* INTERNAL */

    /// @dev Places an order for an account; returns its number.
    function _place(uint256 request, address owner) internal returns (uint256 index) {
        if (!request.isRequest()) revert Auction_InvalidRequest(request);
        uint256 account = _knownAccount(owner);
        _requireActive(account);
        uint32 frame = request.frameIn();
        uint256 frameWord = _placeable(frame);
        (uint256 word, uint256 lockMicro, uint256 fault) = _examined(request, account, frameWord);
        if (fault != 0) _fail(fault, request, word);
        account = _withUse(_withoutMargin(account, lockMicro), 1, ORDER_ALLOWANCE);
        index = frameWord.count();
        require(index < MAX_ORDERS, Auction_FrameFull(frame));
        _accounts[owner].word = account;
        _chain(frame, frameWord, word);
    }

    /// @dev The word of a frame in which orders may be placed now.
    function _placeable(uint32 frame) internal view returns (uint256 frameWord) {
        frameWord = _openFrame(frame);
        require(frameWord & FrameChain.PAUSED == 0, Auction_FramePaused(frame));
        _requireGateOpen(frame);
    }

    /// @dev Examines a request from its tick on.
    /// @return word The word of the order; of a bad one what its error tells: quantity 32 | peak 32, or the lock.
    /// @return lockMicro What it locks.
    /// @return fault Selector of the error that refuses it, as a number, 0 for none.
    function _examined(uint256 request, uint256 account, uint256 frameWord)
        internal
        view
        returns (uint256 word, uint256 lockMicro, uint256 fault)
    {
        // 32 bits of energy times 32, times 16 of the factor, or times 8 of lock and 64 of tick value; a difference below zero is large.
        unchecked {
            uint256 tick = request.tickIn();
            if (tick > AuctionWord.HIGHEST_TICK) return (0, 0, _code(Auction_TickOutOfRange.selector));
            (uint256 quantityWh, uint256 peakWh) = _cut(request, account);
            if (quantityWh - _minimumQuantityWh > _maximumQuantityWh - _minimumQuantityWh) {
                return (quantityWh | (peakWh << 32), 0, _code(Auction_QuantityOutOfRange.selector));
            }
            if (peakWh != 0) {
                if (peakWh > quantityWh || peakWh < _minimumQuantityWh || peakWh * _MAX_SLICES < quantityWh) {
                    return (quantityWh | (peakWh << 32), 0, _code(Auction_InvalidPeak.selector));
                }
            }
            (uint256 cap, uint256 fees) = (frameWord.capTick(), frameWord.feeTicks());
            if (request.rollsIn() != 0) {
                (cap, fees) = _highest(request, cap, fees);
                if (cap > type(uint8).max) return (0, 0, _code(Auction_FrameNotOpen.selector));
            }
            uint256 lockTicks = _lockTicks(request, cap, fees);
            lockMicro = quantityWh * lockTicks * _tickMicroPerWh;
            if (lockMicro < _minimumLockMicro) return (lockMicro, 0, _code(Auction_LockBelowMinimum.selector));
            word = AuctionWord.order(_idIn(account), request, quantityWh, peakWh, lockTicks)
                | ((account >> _SUPPLIER_SHIFT) & _SUPPLIER_BIT);
        }
    }

    /// @dev The account with words taken from its allowance, of which that much may be used; 0 if it has not as many left.
    /// @param present See {_presentUse}.
    function _withWords(uint256 account, uint256 words, uint256 allowance, uint256 present)
        internal
        pure
        returns (uint256 changed)
    {
        // A frame of time has 32 bits, a call as many words as it can carry.
        unchecked {
            uint256 before = (account >> _USE_SHIFT) & _USE_MASK;
            uint256 use = (before > present ? before : present) + words;
            if (use - present <= allowance) changed = account + ((use - before) << _USE_SHIFT);
        }
    }

    /// @dev The use of an account that has all of its allowance.
    function _presentUse() internal view returns (uint256) {
        // A frame of time has 32 bits.
        unchecked {
            return block.timestamp / frameSeconds * _REGAINED_PER_FRAME;
        }
    }

    function _code(bytes4 selector) internal pure returns (uint256) {
        return uint32(selector);
    }

    /* PRIVATE */

    function _requireActive(uint256 account) private pure {
        require(_statusIn(account) == 0, Auction_Suspended(_idIn(account), _statusIn(account)));
    }

    /// @dev Lets one word enter a frame's chain.
    function _chain(uint32 frame, uint256 frameWord, uint256 word) private {
        uint256[] memory entries = new uint256[](1);
        uint256 tag = AuctionWord.entry(0, frame, frameWord.count());
        _frames[frame] = frameWord.withDigest(ClearingLoops.enter(frameWord, word, tag, entries, 0), 1);
        ClearingLoops.logEntries(WordsChained.selector, entries, 1);
    }

    /// @dev Entries of several orders, the digest after them, and what they lock together.
    function _orders(uint32 frame, uint256[] calldata requests, uint256 account, uint256 frameWord)
        private
        view
        returns (uint256[] memory entries, uint256 digest, uint256 lockMicro)
    {
        entries = new uint256[](requests.length);
        digest = frameWord;
        // Locks of a calldata's worth of orders, each of 96 bits at most; their count is compared before anything is written.
        unchecked {
            uint256 tag = AuctionWord.entry(0, frame, frameWord.count());
            for (uint256 i; i < requests.length; ++i) {
                uint256 request = requests[i];
                if (!request.isRequestFor(frame)) revert Auction_InvalidRequest(request);
                (uint256 word, uint256 addedMicro, uint256 fault) = _examined(request, account, frameWord);
                if (fault != 0) _fail(fault, request, word);
                lockMicro += addedMicro;
                digest = ClearingLoops.enter(digest, word, tag, entries, i);
                tag += 1 << AuctionWord.INDEX_SHIFT;
            }
        }
    }

    /// @dev Quantity and peak, cut to what a penalised buyer may demand (RET).
    function _cut(uint256 request, uint256 account) private pure returns (uint256 quantityWh, uint256 peakWh) {
        quantityWh = request.quantityIn();
        peakWh = request.peakIn();
        uint256 factor = _factorIn(account);
        if (factor != FULL_FACTOR_BPS) {
            if (request.sideIn() == AuctionWord.BID) {
                // 32 bits times 16.
                unchecked {
                    quantityWh = quantityWh * factor / FULL_FACTOR_BPS;
                }
                if (peakWh > quantityWh) peakWh = quantityWh;
            }
        }
    }

    /// @dev Lock per Wh of an order with such fees and cap (M2) [ticks].
    function _lockTicks(uint256 request, uint256 cap, uint256 fees) private pure returns (uint256 ticks) {
        uint256 tick = request.tickIn();
        ticks = 1;
        // 8 bits and 4.
        unchecked {
            if (request.sideIn() != AuctionWord.BID) {
                if (cap > tick) ticks = cap - tick;
            } else {
                ticks = tick + fees;
            }
        }
    }

    /// @dev Highest cap and fees of all frames that an order may enter (M2); a cap beyond 8 bits if they are not all open.
    function _highest(uint256 request, uint256 cap, uint256 fees) private view returns (uint256, uint256) {
        // A frame beyond 32 bits is not open.
        unchecked {
            for (uint32 i = 1; i <= request.rollsIn(); ++i) {
                uint256 later = _frames[request.frameIn() + i];
                if (later == 0) return (type(uint256).max, 0);
                if (later.capTick() > cap) cap = later.capTick();
                if (later.feeTicks() > fees) fees = later.feeTicks();
            }
        }
        return (cap, fees);
    }

    /// @dev Reverts with the error that {_examined} told, and its values.
    function _fail(uint256 fault, uint256 request, uint256 told) private view {
        if (fault == _code(Auction_TickOutOfRange.selector)) {
            revert Auction_TickOutOfRange(request.tickIn(), AuctionWord.HIGHEST_TICK);
        }
        if (fault == _code(Auction_QuantityOutOfRange.selector)) {
            revert Auction_QuantityOutOfRange(uint32(told), _minimumQuantityWh, _maximumQuantityWh);
        }
        if (fault == _code(Auction_InvalidPeak.selector)) {
            revert Auction_InvalidPeak(told >> 32, uint32(told), _minimumQuantityWh);
        }
        if (fault == _code(Auction_LockBelowMinimum.selector)) {
            revert Auction_LockBelowMinimum(told, _minimumLockMicro);
        }
        // The first frame that is not open is told.
        unchecked {
            for (uint32 i = 1;; ++i) {
                _openFrame(request.frameIn() + i);
            }
        }
    }

    /// @dev Words of the allowance that are used up now (A8).
    function _used(uint256 account) private view returns (uint256 used) {
        uint256 present = _presentUse();
        uint256 use = (account >> _USE_SHIFT) & _USE_MASK;
        if (use > present) {
            unchecked {
                used = use - present;
            }
        }
    }

    /// @dev As {_withWords}, but reverts.
    function _withUse(uint256 account, uint256 words, uint256 allowance) private view returns (uint256 changed) {
        changed = _withWords(account, words, allowance, _presentUse());
        if (changed == 0) {
            uint256 used = _used(account);
            revert Auction_TooManyWords(_idIn(account), words, used < allowance ? allowance - used : 0);
        }
    }
}
