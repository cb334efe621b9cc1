// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title One word for a request or an offer of a round
/// @dev From the lowest bit: participant id 32 | remaining Wh 32 | limit tick 8 | first frame 8 | last frame 8 | feeder 8 | side 8 | lock
/// ticks 16. The first 96 bits are laid out as in calldata; frames are counted from the span's first one.
library EntryWord {
    uint256 internal constant REQUEST = 0;
    uint256 internal constant OFFER = 1;
    /// @dev Bits of an entry in calldata.
    uint256 internal constant CALLDATA_BITS = 96;

    uint256 private constant _QUANTITY_SHIFT = 32;
    uint256 private constant _QUANTITY_MASK = uint256(type(uint32).max) << _QUANTITY_SHIFT;
    uint256 private constant _SIDE_SHIFT = 96;
    uint256 private constant _LOCK_SHIFT = 104;

    function participantId(uint256 word) internal pure returns (uint32) {
        return uint32(word);
    }

    /// @dev What is asked for, or left [Wh].
    function quantityWh(uint256 word) internal pure returns (uint256) {
        return uint32(word >> _QUANTITY_SHIFT);
    }

    /// @dev Highest price of a request, lowest one of an offer [ticks].
    function tick(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 64);
    }

    /// @dev First frame of the window, from the span's first one.
    function first(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 72);
    }

    /// @dev Last frame of the window, from the span's first one.
    function last(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 80);
    }

    function feeder(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 88);
    }

    function side(uint256 word) internal pure returns (uint8) {
        return uint8(word >> _SIDE_SHIFT);
    }

    /// @dev Lock per Wh [ticks].
    function lockTicks(uint256 word) internal pure returns (uint16) {
        return uint16(word >> _LOCK_SHIFT);
    }

    /// @dev The word of an entry that comes in with a quantity of its own; lock ticks are below 2^9.
    function placed(uint256 request, uint256 energyWh, uint256 entrySide, uint256 lock)
        internal
        pure
        returns (uint256)
    {
        return (request & ~_QUANTITY_MASK) | (energyWh << _QUANTITY_SHIFT) | (entrySide << _SIDE_SHIFT)
            | (lock << _LOCK_SHIFT);
    }

    /// @dev The word with less energy; the caller has checked that it is there.
    function without(uint256 word, uint256 energyWh) internal pure returns (uint256) {
        return word - (energyWh << _QUANTITY_SHIFT);
    }
}
