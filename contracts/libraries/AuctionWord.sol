// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Requests, orders and cancels of the frame auction
/// @notice Layouts: {IFrameAuction}. In memory and in logs a word carries the frame and number that name it, as a carried word does:
/// word 128 | origin frame 32 | index 16.
library AuctionWord {
    uint256 internal constant BID = 0;
    uint256 internal constant ASK = 1;
    uint256 internal constant HIGHEST_TICK = 191;
    uint256 internal constant WORD_BYTES = 16;
    /// @dev Where a request's quantity and peak begin.
    uint256 internal constant QUANTITY_SHIFT = 48;
    uint256 internal constant PEAK_SHIFT = 80;
    /// @dev Where an entry's origin frame and index begin.
    uint256 internal constant ORIGIN_SHIFT = 128;
    uint256 internal constant INDEX_SHIFT = 160;

    /// @dev Bits of a request that mean nothing: those above it, and all of its side but the lowest.
    uint256 private constant _NOT_REQUEST = ~((uint256(1) << 120) - 1) | (uint256(0xfe) << 32);
    /// @dev What makes a bid's word that of an ask.
    uint256 internal constant ASK_BIT = 1 << 104;
    uint256 private constant _CANCEL = 1 << 106;
    uint256 private constant _ENTRY_MASK = (1 << 176) - 1;

    /* REQUESTS */

    /// @dev Whether a request has only the bits that mean something.
    function isRequest(uint256 request) internal pure returns (bool) {
        return request & _NOT_REQUEST == 0;
    }

    /// @dev The same, and that it is for this frame.
    function isRequestFor(uint256 request, uint32 frame) internal pure returns (bool) {
        return (request ^ frame) & (_NOT_REQUEST | type(uint32).max) == 0;
    }

    function frameIn(uint256 request) internal pure returns (uint32) {
        return uint32(request);
    }

    function sideIn(uint256 request) internal pure returns (uint256) {
        return uint8(request >> 32);
    }

    function tickIn(uint256 request) internal pure returns (uint256) {
        return uint8(request >> 40);
    }

    function quantityIn(uint256 request) internal pure returns (uint256) {
        return uint32(request >> QUANTITY_SHIFT);
    }

    function peakIn(uint256 request) internal pure returns (uint256) {
        return uint32(request >> PEAK_SHIFT);
    }

    function rollsIn(uint256 request) internal pure returns (uint256) {
        return uint8(request >> 112);
    }

    /* WORDS */

    /// @dev The word of a bid of somebody who is no supplier, without a peak and rolls; every field has been checked to fit. Nested, since the
    /// compiler takes a shift of a field for one of what the field was taken from, and masks that again.
    function bid(uint256 participantId, uint256 tick, uint256 quantityWh, uint256 lockTicks)
        internal
        pure
        returns (uint256)
    {
        return (((((lockTicks << 8) | tick) << 48) | quantityWh) << 32) | participantId;
    }

    /// @dev What an order's word has more with a peak, or with rolls.
    function more(uint256 peakWh, uint256 rolls) internal pure returns (uint256) {
        return (peakWh << 56) | (rolls << 96);
    }

    /// @dev The word that cancels an order by its name.
    function cancel(uint256 participantId, uint32 originFrame, uint16 index) internal pure returns (uint256) {
        return participantId | (uint256(index) << 32) | (uint256(originFrame) << 48) | _CANCEL;
    }

    /// @dev A word with its frame and number.
    function entry(uint256 word, uint32 frame, uint256 index) internal pure returns (uint256) {
        return word | (uint256(frame) << ORIGIN_SHIFT) | (index << INDEX_SHIFT);
    }

    /// @dev What is left of an order that rolls on, as a carried word; marks are dropped.
    function carried(uint256 entry_, uint256 filledWh) internal pure returns (uint256) {
        // It has a rest and a roll.
        unchecked {
            return (entry_ & _ENTRY_MASK) - (filledWh << 32) - (1 << 96);
        }
    }

    function quantityOf(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 32);
    }

    function tickOf(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 80);
    }

    function rollsOf(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 96);
    }

    function sideOf(uint256 word) internal pure returns (uint256) {
        return (word >> 104) & 1;
    }
}
