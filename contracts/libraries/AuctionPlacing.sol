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

    uint256 private constant _REGAINED_PER_FRAME = 16;
    /// @dev Words of the allowance that orders may use, and cancels: all.
    uint256 internal constant ORDER_ALLOWANCE = 224;
    uint256 internal constant CANCEL_ALLOWANCE = 256;
    uint256 internal constant MAX_ORDERS = 3072;
    uint256 internal constant MAX_WORDS = 4096;
    uint256 private constant _MAX_SLICES = 32;
    /// @dev Where limits of prices begin: highest tick of a bid 8 | lowest tick of an ask 8.
    uint256 internal constant BID_LIMIT_SHIFT = 240;
    uint256 internal constant ASK_LIMIT_SHIFT = 248;
    uint256 private constant _ANY_BID = uint256(type(uint8).max) << BID_LIMIT_SHIFT;

    /* EXTERNAL: ORDERS */

    /// @inheritdoc IFrameAuction
    function place(uint144 request) external returns (uint256 index) {
        return _place(request, msg.sender);
    }

    /// @inheritdoc IFrameAuction
    function placeMany(uint32 frame, uint256[] calldata requests) external returns (uint256 firstIndex) {
        (Account storage slot, uint256 account) = _knownSlot(msg.sender);
        uint256 count = requests.length;
        require(count != 0, Auction_InvalidRequest(0));
        _requireActive(account);
        uint256 frameWord = _placeable(frame);
        firstIndex = frameWord.count();
        uint256 from = _roomFor(count);
        (uint256 digest, uint256 lockMicro) = _orders(frame, requests, account, frameWord, from);
        account = _withUse(_withoutMargin(account, lockMicro), count, ORDER_ALLOWANCE);
        // A calldata's worth.
        unchecked {
            require(firstIndex + count <= MAX_ORDERS, Auction_FrameFull(frame));
        }
        slot.word = account;
        _chainMany(frame, frameWord, digest, from, count);
    }

    /// @inheritdoc IFrameAuction
    function cancel(uint32 frame, uint32 originFrame, uint16 index) external {
        (Account storage slot, uint256 account) = _knownSlot(msg.sender);
        uint256 frameWord = _openFrame(frame);
        _requireGateOpen(frame);
        account = _withUse(account, 1, CANCEL_ALLOWANCE);
        require(frameWord.count() < MAX_WORDS, Auction_FrameFull(frame));
        slot.word = account;
        _chain(frame, frameWord, AuctionWord.cancel(_idIn(account), originFrame, index));
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IFrameAuction
    function allowedWordsOf(uint32 participantId) external view returns (uint256 words) {
        uint256 account = _accounts[_ownerOf[participantId]].word;
        (, uint256 used) = _withWords(account, 0, _presentUse());
        return account == 0 ? 0 : CANCEL_ALLOWANCE - used;
    }

    /* INTERNAL */

    /// @dev Places an order for an account; returns its number.
    function _place(uint256 request, address owner) internal returns (uint256 index) {
        if (!request.isRequest()) revert Auction_InvalidRequest(request);
        (Account storage slot, uint256 account) = _knownSlot(owner);
        _requireActive(account);
        uint32 frame = request.frameIn();
        uint256 frameWord = _placeable(frame);
        (uint256 word, uint256 lockMicro, uint256 signs) = _examined(request, account, frameWord, _anyPrice(account));
        if (signs >> 255 != 0) _fail(request, account, frameWord, lockMicro);
        account = _withUse(_withoutMargin(account, lockMicro), 1, ORDER_ALLOWANCE);
        index = frameWord.count();
        require(index < MAX_ORDERS, Auction_FrameFull(frame));
        slot.word = account;
        _chain(frame, frameWord, word);
    }

    /// @dev The word of a frame in which orders may be placed now.
    function _placeable(uint32 frame) internal view returns (uint256 frameWord) {
        frameWord = _openFrame(frame);
        require(frameWord & FrameChain.PAUSED == 0, Auction_FramePaused(frame));
        _requireGateOpen(frame);
    }

    /// @dev Examines a request from its tick on. What must not be below zero is computed, and all signs are looked at together; which check it was
    /// {_faultOf} finds out.
    /// @param prices Highest tick of a bid, from bit 240, and lowest tick of an ask, from bit 248.
    /// @return word The word of the order.
    /// @return lockMicro What it locks.
    /// @return signs Below zero if the order is refused, also for a side above 1; word and lock mean nothing then, but for a lock below the minimum.
    function _examined(uint256 request, uint256 account, uint256 frameWord, uint256 prices)
        internal
        view
        returns (uint256 word, uint256 lockMicro, uint256 signs)
    {
        // 32 bits of energy times 32, or times 9 of lock and 64 of tick value.
        unchecked {
            if (_factorIn(account) != FULL_FACTOR_BPS) request = _cut(request, account);
            uint256 tick = request.tickIn();
            uint256 quantityWh = request.quantityIn();
            signs = (AuctionWord.HIGHEST_TICK - tick) | (quantityWh - _minimumQuantityWh)
                | (_maximumQuantityWh - quantityWh);
            if (request >> AuctionWord.PEAK_SHIFT != 0) {
                uint256 peakWh = request.peakIn();
                if (peakWh != 0) {
                    signs |= (quantityWh - peakWh) | (peakWh - _minimumQuantityWh) | (peakWh * _MAX_SLICES - quantityWh);
                }
                frameWord = _highest(request, frameWord);
                if (frameWord == 0) signs = type(uint256).max;
                word = AuctionWord.more(peakWh, request.rollsIn());
            }
            uint256 lockTicks = 1;
            if (request.sideIn() == AuctionWord.BID) {
                lockTicks = tick + frameWord.feeTicks();
                signs |= uint8(prices >> BID_LIMIT_SHIFT) - tick;
            } else {
                uint256 cap = frameWord.capTick();
                if (cap > tick) lockTicks = cap - tick;
                signs |= (tick - (prices >> ASK_LIMIT_SHIFT)) | (AuctionWord.ASK - request.sideIn());
                word |= AuctionWord.ASK_BIT;
            }
            lockMicro = quantityWh * lockTicks * _tickMicroPerWh;
            signs |= lockMicro - _minimumLockMicro;
            word |= AuctionWord.bid(_idIn(account), tick, quantityWh, lockTicks)
            | ((account >> _SUPPLIER_SHIFT) & _SUPPLIER_BIT);
        }
    }

    /// @dev {_code} of the error of a request that {_examined} refused; 0 if it was for price or side.
    /// @param lockMicro What {_examined} told.
    function _faultOf(uint256 request, uint256 account, uint256 frameWord, uint256 lockMicro)
        internal
        view
        returns (uint256 fault)
    {
        request = _cut(request, account);
        (uint256 quantityWh, uint256 peakWh) = (request.quantityIn(), request.peakIn());
        if (request.tickIn() > AuctionWord.HIGHEST_TICK) return _code(Auction_TickOutOfRange.selector);
        if (quantityWh < _minimumQuantityWh || quantityWh > _maximumQuantityWh) {
            return _code(Auction_QuantityOutOfRange.selector);
        }
        if (peakWh != 0) {
            if (peakWh > quantityWh || peakWh < _minimumQuantityWh || peakWh * _MAX_SLICES < quantityWh) {
                return _code(Auction_InvalidPeak.selector);
            }
        }
        if (_highest(request, frameWord) == 0) return _code(Auction_FrameNotOpen.selector);
        if (lockMicro < _minimumLockMicro) return _code(Auction_LockBelowMinimum.selector);
    }

    /// @dev The account with words taken from its allowance, and how many of it are used then.
    /// @param present See {_presentUse}.
    function _withWords(uint256 account, uint256 words, uint256 present)
        internal
        pure
        returns (uint256 changed, uint256 used)
    {
        // A frame of time has 32 bits, a call as many words as it can carry. Less than the present use: all was regained.
        unchecked {
            used = ((account >> _USE_SHIFT) & _USE_MASK) - present;
            if (used >> 255 != 0) {
                account -= used << _USE_SHIFT;
                used = 0;
            }
            used += words;
            changed = account + (words << _USE_SHIFT);
        }
    }

    /// @dev The use of an account that has all of its allowance.
    function _presentUse() internal view returns (uint256) {
        // A frame of time has 32 bits.
        unchecked {
            return block.timestamp / frameSeconds * _REGAINED_PER_FRAME;
        }
    }

    /// @dev An entry or request of a call; `index` is below the count of them.
    function _given(uint256[] calldata words, uint256 index) internal pure returns (uint256) {
        unchecked {
            return ClearingLoops.wordAt(ClearingLoops.offsetOf(words) + 32 * index);
        }
    }

    /// @dev Where the words of a call are gathered for their log.
    function _roomFor(uint256 words) internal pure returns (uint256 from) {
        // A calldata's worth, 16 bytes each; two words come before them, and the last one is written with 16 bytes more.
        unchecked {
            return ClearingLoops.reserve(words / 2 + 3) + 64;
        }
    }

    /// @dev Lets words that were gathered enter a frame's chain.
    /// @param digest Digest after the last one.
    function _chainMany(uint32 frame, uint256 frameWord, uint256 digest, uint256 from, uint256 words) internal {
        _frames[frame] = frameWord.withDigest(digest, words);
        uint256 first = frame | (frameWord.count() << 32);
        // A calldata's worth.
        unchecked {
            ClearingLoops.logBytes(WordsChained.selector, first, from, words * AuctionWord.WORD_BYTES);
        }
    }

    /// @dev An error's selector from bit 224, where no word has a bit.
    function _code(bytes4 selector) internal pure returns (uint256) {
        return uint256(bytes32(selector));
    }

    /* PRIVATE */

    function _requireActive(uint256 account) private pure {
        require(_statusIn(account) == 0, Auction_Suspended(_idIn(account), _statusIn(account)));
    }

    /// @dev Lets one word enter a frame's chain.
    function _chain(uint32 frame, uint256 frameWord, uint256 word) private {
        _frames[frame] = frameWord.withDigest(ClearingLoops.enter(frameWord, word, 0), 1);
        emit WordChained(AuctionWord.entry(word, frame, frameWord.count()));
    }

    /// @dev Gathers several orders; returns the digest after them, and what they lock together.
    function _orders(uint32 frame, uint256[] calldata requests, uint256 account, uint256 frameWord, uint256 at)
        private
        view
        returns (uint256 digest, uint256 lockMicro)
    {
        digest = frameWord;
        // Locks of a calldata's worth of orders, each of 96 bits at most; their count is compared before anything is written.
        unchecked {
            for (uint256 i; i < requests.length; ++i) {
                uint256 request = _given(requests, i);
                if (!request.isRequestFor(frame)) revert Auction_InvalidRequest(request);
                (uint256 word, uint256 addedMicro, uint256 signs) =
                    _examined(request, account, frameWord, _anyPrice(account));
                if (signs >> 255 != 0) _fail(request, account, frameWord, addedMicro);
                lockMicro += addedMicro;
                digest = ClearingLoops.enter(digest, word, at);
                at += AuctionWord.WORD_BYTES;
            }
        }
    }

    /// @dev The request with quantity and peak cut to what a penalised buyer may demand (RET).
    function _cut(uint256 request, uint256 account) private pure returns (uint256) {
        uint256 factor = _factorIn(account);
        if (factor == FULL_FACTOR_BPS || request.sideIn() != AuctionWord.BID) return request;
        // 32 bits times 16; the differences take away what is cut.
        unchecked {
            uint256 quantityWh = request.quantityIn() * factor / FULL_FACTOR_BPS;
            uint256 peakWh = request.peakIn();
            request -= (request.quantityIn() - quantityWh) << AuctionWord.QUANTITY_SHIFT;
            return peakWh > quantityWh ? request - ((peakWh - quantityWh) << AuctionWord.PEAK_SHIFT) : request;
        }
    }

    /// @dev A frame's word in which cap and fees are the highest of all frames that an order may enter (M2); 0 if they are not all open.
    function _highest(uint256 request, uint256 frameWord) private view returns (uint256) {
        // A frame beyond 32 bits is not open.
        unchecked {
            for (uint32 i = 1; i <= request.rollsIn(); ++i) {
                uint256 later = _frames[request.frameIn() + i];
                if (later == 0) return 0;
                frameWord = frameWord.withHighest(later);
            }
        }
        return frameWord;
    }

    /// @dev Limits that hold for any price; not a literal, so that the compiler keeps one copy of {_examined}.
    function _anyPrice(uint256 account) private pure returns (uint256) {
        return (account & ((1 << BID_LIMIT_SHIFT) - 1)) | _ANY_BID;
    }

    /// @dev Reverts with the error of a request that {_examined} refused, and its values.
    function _fail(uint256 request, uint256 account, uint256 frameWord, uint256 lockMicro) private view {
        uint256 fault = _faultOf(request, account, frameWord, lockMicro);
        request = _cut(request, account);
        (uint256 quantityWh, uint256 peakWh) = (request.quantityIn(), request.peakIn());
        if (fault == _code(Auction_TickOutOfRange.selector)) {
            revert Auction_TickOutOfRange(request.tickIn(), AuctionWord.HIGHEST_TICK);
        }
        if (fault == _code(Auction_QuantityOutOfRange.selector)) {
            revert Auction_QuantityOutOfRange(quantityWh, _minimumQuantityWh, _maximumQuantityWh);
        }
        if (fault == _code(Auction_InvalidPeak.selector)) {
            revert Auction_InvalidPeak(peakWh, quantityWh, _minimumQuantityWh);
        }
        if (fault == _code(Auction_LockBelowMinimum.selector)) {
            revert Auction_LockBelowMinimum(lockMicro, _minimumLockMicro);
        }
        // The first frame that is not open is told.
        unchecked {
            for (uint32 i = 1;; ++i) {
                _openFrame(request.frameIn() + i);
            }
        }
    }

    /// @dev As {_withWords}, but reverts if the allowance has not as many left.
    function _withUse(uint256 account, uint256 words, uint256 allowance) private view returns (uint256 changed) {
        uint256 used;
        (changed, used) = _withWords(account, words, _presentUse());
        if (used > allowance) {
            // No more than are used now.
            unchecked {
                used -= words;
            }
            revert Auction_TooManyWords(_idIn(account), words, used < allowance ? allowance - used : 0);
        }
    }
}
