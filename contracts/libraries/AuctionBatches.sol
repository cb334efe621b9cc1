// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFrameAuction} from "../../interfaces/IFrameAuction.sol";
import {AuctionPlacing} from "./AuctionPlacing.sol";
import {AuctionWord} from "./AuctionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {Delegation} from "./Delegation.sol";
import {FrameChain} from "./FrameChain.sol";
import {Mandates} from "./Mandates.sol";
import {SignedOrders} from "./SignedOrders.sol";

/// @title Orders of the frame auction that come from exchanges
/// @notice Rule M11. An entry of an exchange costs its consumer's account word and its place in the log; what is wrong with it is known before
/// anything is written.
/// @dev The account word keeps the mandate where every entry needs it, from bit 207: bounded 1 | exchange id 32 | highest bid tick 8 | lowest ask tick
/// 8. Only if it is bounded, by quantity or frame, the mandate itself is read.
abstract contract AuctionBatches is AuctionPlacing, Delegation, SignedOrders {
    using AuctionWord for uint256;
    using FrameChain for uint256;

    /* CONSTANTS */

    uint256 private constant _BOUNDED = 1 << 207;
    uint256 private constant _EXCHANGE_SHIFT = 208;
    uint256 private constant _EXCHANGE_MASK = uint256(type(uint32).max) << _EXCHANGE_SHIFT;
    /// @dev An account that shows nothing here but its exchange is active, and its mandate limits no more than prices.
    uint256 private constant _PLAIN_MASK = _EXCHANGE_MASK | _BOUNDED | (uint256(type(uint8).max) << 128);
    /// @dev Bits of a request without its frame, and of an order's name: an account's address follows.
    uint256 private constant _ORDER_BITS = 88;
    uint256 private constant _NAME_BITS = 48;
    uint256 private constant _FAULT_SHIFT = 224;
    /// @dev From a word to the next one of the same call: its place and its number.
    uint256 private constant _NEXT = (1 << AuctionWord.INDEX_SHIFT) | AuctionWord.WORD_BYTES;
    bytes32 private constant _ORDER_TYPE = keccak256(
        "Order(address owner,uint32 frame,uint8 side,uint8 tick,uint32 quantityWh,uint32 peakWh,uint8 rolls,uint256 nonce,uint64 expiry)"
    );
    /// @dev Bits of an entry that mean something, and those in the lowest bits that don't: all of the side but the lowest.
    uint256 private constant _ENTRY_BITS = 248;
    uint256 private constant _NOT_SIDE = 0xfe;
    uint256 private constant _NOT_NAME = ~((uint256(1) << 208) - 1);

    /* EXTERNAL */

    /// @inheritdoc IFrameAuction
    function placeFor(uint32 frame, uint256[] calldata entries) external {
        uint256 mandate = _mandateForCaller();
        uint256 frameWord = _placeable(frame);
        uint256 quota = _quota(uint32(mandate >> _EXCHANGE_SHIFT), entries.length);
        if (quota > entries.length) quota = entries.length;
        uint256 tag = AuctionWord.entry(_roomFor(entries.length), frame, frameWord.count());
        uint256 digest = frameWord;
        uint256 present = _presentUse();
        // A calldata's worth, and never more than a chain has words.
        unchecked {
            for (uint256 i; i < quota; ++i) {
                uint256 entry = _given(entries, i);
                uint256 result = _ordered(entry, tag, mandate, present, frameWord);
                if (result >> _FAULT_SHIFT != 0) {
                    emit EntrySkipped(entry, bytes4(bytes32(result)));
                    continue;
                }
                digest = ClearingLoops.enter(digest, result, uint32(tag));
                tag += _NEXT;
            }
        }
        _skipFrom(quota, entries);
        _chainUpTo(frame, frameWord, digest, tag);
    }

    /// @inheritdoc IFrameAuction
    function cancelFor(uint32 frame, uint256[] calldata entries) external {
        uint256 mandate = _mandateForCaller();
        uint256 frameWord = _openFrame(frame);
        _requireGateOpen(frame);
        uint256 tag = AuctionWord.entry(_roomFor(entries.length), frame, frameWord.count());
        uint256 digest = frameWord;
        uint256 present = _presentUse();
        // As in {placeFor}.
        unchecked {
            for (uint256 i; i < entries.length; ++i) {
                uint256 entry = _given(entries, i);
                uint256 result = _cancelled(entry, tag, mandate, present);
                if (result >> _FAULT_SHIFT != 0) {
                    emit EntrySkipped(entry, bytes4(bytes32(result)));
                    continue;
                }
                digest = ClearingLoops.enter(digest, result, uint32(tag));
                tag += _NEXT;
            }
        }
        _chainUpTo(frame, frameWord, digest, tag);
    }

    /// @inheritdoc IFrameAuction
    function placeSigned(uint144 request, address owner, uint256 nonce, uint64 expiry, bytes calldata signature)
        external
        returns (uint256 index)
    {
        _useSignature(owner, nonce, expiry, _orderHash(request, owner, nonce, expiry), signature);
        return _place(request, owner);
    }

    /* INTERNAL */

    /// @inheritdoc Mandates
    function _setMandate(uint256 account, uint256 mandate) internal override {
        super._setMandate(account, mandate);
        bool bounded = uint32(mandate >> 32) != type(uint32).max || mandate >> 80 != type(uint32).max;
        _accounts[msg.sender].word = (account & (_BOUNDED - 1)) | (bounded ? _BOUNDED : 0)
            | (uint256(uint32(mandate)) << _EXCHANGE_SHIFT) | (uint256(uint16(mandate >> 64)) << BID_LIMIT_SHIFT);
    }

    /* PRIVATE */

    /// @dev What accounts show where they name an exchange, if it is the caller, who is one.
    function _mandateForCaller() private view returns (uint256) {
        return uint256(_idIn(_accountWith(EXCHANGE))) << _EXCHANGE_SHIFT;
    }

    /// @dev Skips the entries from one on that are more than an exchange's quota.
    function _skipFrom(uint256 index, uint256[] calldata entries) private {
        // A calldata's worth.
        unchecked {
            for (; index < entries.length; ++index) {
                emit EntrySkipped(_given(entries, index), Venue_QuotaExceeded.selector);
            }
        }
    }

    /// @dev EIP-712 hash of an order, field by field, so that a wallet shows what is signed.
    function _orderHash(uint256 request, address owner, uint256 nonce, uint256 expiry) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                _ORDER_TYPE,
                owner,
                request.frameIn(),
                request.sideIn(),
                request.tickIn(),
                request.quantityIn(),
                request.peakIn(),
                request.rollsIn(),
                nonce,
                expiry
            )
        );
    }

    /// @dev Lets the words that were gathered enter a frame's chain, if there are any.
    /// @param tag That of the word after them; see {_ordered}.
    function _chainUpTo(uint32 frame, uint256 frameWord, uint256 digest, uint256 tag) private {
        // The tag began with the chain's count, and a place in memory.
        unchecked {
            uint256 count = (tag >> AuctionWord.INDEX_SHIFT) - frameWord.count();
            if (count == 0) return;
            _chainMany(frame, frameWord, digest, uint32(tag) - count * AuctionWord.WORD_BYTES, count);
        }
    }

    /// @dev Takes an order's money and word from its consumer's account.
    /// @param tag Where its word would be gathered 32 | frame and number of the word, as in an entry of a chain.
    /// @param present See {_presentUse}.
    /// @return result The word of the order; of a bad entry, which changes nothing, {_code} of its error.
    function _ordered(uint256 entry, uint256 tag, uint256 mandate, uint256 present, uint256 frameWord)
        private
        returns (uint256 result)
    {
        Account storage slot = _accounts[address(uint160(entry >> _ORDER_BITS))];
        uint256 account = slot.word;
        uint256 request = ((entry & ((1 << _ORDER_BITS) - 1)) << 32) | uint32(tag >> AuctionWord.ORIGIN_SHIFT);
        (uint256 word, uint256 lockMicro, uint256 signs) = _examined(request, account, frameWord, account);
        (uint256 changed, uint256 used) = _withWords(_charged(account, lockMicro), 1, present);
        // Differences below zero are negative.
        unchecked {
            signs |= (_marginIn(account) - lockMicro) | (ORDER_ALLOWANCE - used)
                | (MAX_ORDERS - 1 - (tag >> AuctionWord.INDEX_SHIFT));
        }
        if ((signs >> 255) | (entry >> _ENTRY_BITS) | ((account ^ mandate) & _PLAIN_MASK) != 0) {
            result = _refusal(entry, account, mandate, request, frameWord, lockMicro, used, tag);
            if (result != 0) return result;
        }
        slot.word = changed;
        return word;
    }

    /// @dev Enters a cancel; as {_ordered}.
    function _cancelled(uint256 entry, uint256 tag, uint256 mandate, uint256 present) private returns (uint256 result) {
        Account storage slot = _accounts[address(uint160(entry >> _NAME_BITS))];
        uint256 account = slot.word;
        (uint256 changed, uint256 used) = _withWords(account, 1, present);
        if (entry & _NOT_NAME != 0) return _code(Auction_InvalidRequest.selector);
        if (account & _EXCHANGE_MASK != mandate) return _code(Venue_NotMandated.selector);
        if (used > CANCEL_ALLOWANCE) return _code(Auction_TooManyWords.selector);
        if (tag >> AuctionWord.INDEX_SHIFT >= MAX_WORDS) return _code(Auction_FrameFull.selector);
        slot.word = changed;
        // An order's name: 32 bits and 16.
        return AuctionWord.cancel(_idIn(account), uint32(entry), uint16(entry >> 32));
    }

    /// @dev {_code} of the first error of an order that is not plain and good, 0 for none.
    /// @param lockMicro What {_examined} told.
    /// @param used Words of the allowance that would be used.
    function _refusal(
        uint256 entry,
        uint256 account,
        uint256 mandate,
        uint256 request,
        uint256 frameWord,
        uint256 lockMicro,
        uint256 used,
        uint256 tag
    ) private view returns (uint256 fault) {
        if ((entry >> _ENTRY_BITS) | (entry & _NOT_SIDE) != 0) {
            return _code(Auction_InvalidRequest.selector);
        }
        if (account & _EXCHANGE_MASK != mandate) return _code(Venue_NotMandated.selector);
        bool ask = request.sideIn() == AuctionWord.ASK;
        if (!_allows(_mandates[_idIn(account)], request.frameIn(), ask, request.tickIn(), request.quantityIn())) {
            return _code(Venue_OutsideMandate.selector);
        }
        if (_statusIn(account) != 0) return _code(Auction_Suspended.selector);
        fault = _faultOf(request, account, frameWord, lockMicro);
        if (fault != 0) return fault;
        if (lockMicro > _marginIn(account)) return _code(Venue_InsufficientMargin.selector);
        if (used > ORDER_ALLOWANCE) return _code(Auction_TooManyWords.selector);
        if (tag >> AuctionWord.INDEX_SHIFT >= MAX_ORDERS) return _code(Auction_FrameFull.selector);
    }
}
