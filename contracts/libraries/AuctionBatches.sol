// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFrameAuction} from "../../interfaces/IFrameAuction.sol";
import {AuctionPlacing} from "./AuctionPlacing.sol";
import {AuctionWord} from "./AuctionWord.sol";
import {ClearingLoops} from "./ClearingLoops.sol";
import {Delegation} from "./Delegation.sol";
import {FrameChain} from "./FrameChain.sol";
import {Mandates} from "./Mandates.sol";

/// @title Orders of the frame auction that come from exchanges
/// @notice Rule M11. An entry of an exchange costs its consumer's account word and its place in the log; what is wrong with it is known before
/// anything is written.
/// @dev The account word keeps the mandate where every entry needs it, from bit 207: bounded 1 | exchange id 32 | highest bid tick 8 | lowest ask tick
/// 8. Only if it is bounded, by quantity or frame, the mandate itself is read.
abstract contract AuctionBatches is AuctionPlacing, Delegation {
    using AuctionWord for uint256;
    using FrameChain for uint256;

    /* TYPES */

    /// @dev What the entries of one call have in common. The mandate is what their accounts must show where they name an exchange.
    struct Batch {
        uint32 frame;
        bool cancels;
        uint256 frameWord;
        uint256 mandate;
        uint256 quota;
        uint256 presentUse;
    }

    /* CONSTANTS */

    uint256 private constant _BOUNDED = 1 << 207;
    uint256 private constant _EXCHANGE_SHIFT = 208;
    uint256 private constant _EXCHANGE_MASK = uint256(type(uint32).max) << _EXCHANGE_SHIFT;
    /// @dev An account that shows nothing here but its exchange is active, and its mandate limits no more than prices.
    uint256 private constant _PLAIN_MASK = _EXCHANGE_MASK | _BOUNDED | (uint256(type(uint8).max) << 128);
    uint256 private constant _BID_SHIFT = 240;
    uint256 private constant _ASK_SHIFT = 248;
    /// @dev Bits of a request without its frame, and of an order's name: an account's address follows.
    uint256 private constant _ORDER_BITS = 88;
    uint256 private constant _NAME_BITS = 48;
    /// @dev Bits of an entry that mean nothing.
    uint256 private constant _NOT_ORDER = (uint256(0xff) << 248) | 0xfe;
    uint256 private constant _NOT_NAME = ~((uint256(1) << 208) - 1);

    /* EXTERNAL */

    /// @inheritdoc IFrameAuction
    function placeFor(uint32 frame, uint256[] calldata entries) external {
        uint32 exchangeId = _exchange();
        uint256 frameWord = _placeable(frame);
        uint256 quota = _quota(exchangeId, entries.length);
        _enter(Batch(frame, false, frameWord, _named(exchangeId), quota, _presentUse()), entries);
    }

    /// @inheritdoc IFrameAuction
    function cancelFor(uint32 frame, uint256[] calldata entries) external {
        uint32 exchangeId = _exchange();
        uint256 frameWord = _openFrame(frame);
        _requireGateOpen(frame);
        _enter(Batch(frame, true, frameWord, _named(exchangeId), type(uint256).max, _presentUse()), entries);
    }

    /* INTERNAL */

    /// @inheritdoc Mandates
    function _setMandate(uint256 account, uint256 mandate) internal override {
        super._setMandate(account, mandate);
        bool bounded = uint32(mandate >> 32) != type(uint32).max || mandate >> 80 != type(uint32).max;
        _accounts[msg.sender].word = (account & (_BOUNDED - 1)) | (bounded ? _BOUNDED : 0)
            | (uint256(uint32(mandate)) << _EXCHANGE_SHIFT) | (uint256(uint16(mandate >> 64)) << _BID_SHIFT);
    }

    /* PRIVATE */

    /// @dev Number of the caller, an exchange.
    function _exchange() private view returns (uint32) {
        uint256 account = _accounts[msg.sender].word;
        require(_rolesIn(account) & EXCHANGE != 0, Venue_MissingRole(msg.sender, EXCHANGE));
        return _idIn(account);
    }

    /// @dev An exchange as its consumers' accounts show it.
    function _named(uint32 exchangeId) private pure returns (uint256) {
        return uint256(exchangeId) << _EXCHANGE_SHIFT;
    }

    /// @dev Lets the good entries of a call enter a frame's chain.
    function _enter(Batch memory batch, uint256[] calldata entries) private {
        uint256[] memory chained = new uint256[](entries.length);
        uint256 digest = batch.frameWord;
        uint256 index = digest.count();
        uint256 tag = AuctionWord.entry(0, batch.frame, index);
        uint256 count;
        // A calldata's worth, and never more than a chain has words.
        unchecked {
            for (uint256 i; i < entries.length; ++i) {
                uint256 entry = entries[i];
                uint256 word;
                uint256 fault = _code(Venue_QuotaExceeded.selector);
                if (i < batch.quota) {
                    (word, fault) =
                        batch.cancels ? _cancelled(batch, entry, index + count) : _ordered(batch, entry, index + count);
                }
                if (fault == 0) {
                    digest = ClearingLoops.enter(digest, word, tag, chained, count++);
                    tag += 1 << AuctionWord.INDEX_SHIFT;
                } else {
                    emit EntrySkipped(entry, bytes4(uint32(fault)));
                }
            }
        }
        if (count != 0) {
            _frames[batch.frame] = batch.frameWord.withDigest(digest, count);
            ClearingLoops.logEntries(WordsChained.selector, chained, count);
        }
    }

    /// @dev Takes an order's money and word from its consumer's account. No early returns: the compiler then takes the body into the loop.
    /// @return word The word of the order.
    /// @return fault Selector of the error of a bad entry, which changes nothing; else 0.
    function _ordered(Batch memory batch, uint256 entry, uint256 index) private returns (uint256 word, uint256 fault) {
        address owner = address(uint160(entry >> _ORDER_BITS));
        uint256 account = _accounts[owner].word;
        uint256 request = ((entry & ((1 << _ORDER_BITS) - 1)) << 32) | batch.frame;
        fault = _code(Auction_InvalidRequest.selector);
        if (entry & _NOT_ORDER == 0) fault = _refusal(account, batch.mandate, request);
        uint256 lockMicro;
        if (fault == 0) (word, lockMicro, fault) = _examined(request, account, batch.frameWord);
        if (fault == 0) {
            if (lockMicro > _marginIn(account)) {
                fault = _code(Venue_InsufficientMargin.selector);
            } else {
                account = _withWords(_charged(account, lockMicro), 1, ORDER_ALLOWANCE, batch.presentUse);
                if (account == 0) fault = _code(Auction_TooManyWords.selector);
                else if (index >= MAX_ORDERS) fault = _code(Auction_FrameFull.selector);
                else _accounts[owner].word = account;
            }
        }
    }

    /// @dev As {_ordered}, of a cancel.
    function _cancelled(Batch memory batch, uint256 entry, uint256 index)
        private
        returns (uint256 word, uint256 fault)
    {
        address owner = address(uint160(entry >> _NAME_BITS));
        uint256 account = _accounts[owner].word;
        if (entry & _NOT_NAME != 0) {
            fault = _code(Auction_InvalidRequest.selector);
        } else if (account & _EXCHANGE_MASK != batch.mandate) {
            fault = _code(Venue_NotMandated.selector);
        } else {
            // An order's name: 32 bits and 16.
            word = AuctionWord.cancel(_idIn(account), uint32(entry), uint16(entry >> 32));
            account = _withWords(account, 1, CANCEL_ALLOWANCE, batch.presentUse);
            if (account == 0) fault = _code(Auction_TooManyWords.selector);
            else if (index >= MAX_WORDS) fault = _code(Auction_FrameFull.selector);
            else _accounts[owner].word = account;
        }
    }

    /// @dev What the consumer's account has against an order: its mandate or its status; 0 for nothing.
    function _refusal(uint256 account, uint256 mandate, uint256 request) private view returns (uint256 fault) {
        uint256 tick = request.tickIn();
        bool dear;
        if (request.sideIn() == AuctionWord.BID) dear = tick > uint8(account >> _BID_SHIFT);
        else dear = tick < account >> _ASK_SHIFT;
        if (account & _PLAIN_MASK != mandate) {
            if (account & _EXCHANGE_MASK != mandate) {
                fault = _code(Venue_NotMandated.selector);
            } else {
                if (account & _BOUNDED != 0 && !dear) {
                    bool ask = request.sideIn() == AuctionWord.ASK;
                    dear = !_allows(_mandates[_idIn(account)], request.frameIn(), ask, tick, request.quantityIn());
                }
                if (dear) fault = _code(Venue_OutsideMandate.selector);
                else if (_statusIn(account) != 0) fault = _code(Auction_Suspended.selector);
            }
        } else if (dear) {
            fault = _code(Venue_OutsideMandate.selector);
        }
    }
}
