// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A storage booking in one word
/// @dev From the lowest bit: renter id 32 | first frame 32 | frames 8 | next offset 8 | capacity Wh 32 | charge W 32 |
/// discharge W 32 | total in Wh 40 | total out Wh 40. The next offset is the first frame, counted from the first one,
/// that was not reported yet. Locks and rent follow from the word and the storage's immutable terms, so nothing else is
/// kept.
library BookingWord {
    uint256 private constant _FIRST_SHIFT = 32;
    uint256 private constant _FRAMES_SHIFT = 64;
    uint256 private constant _NEXT_SHIFT = 72;
    uint256 private constant _CAPACITY_SHIFT = 80;
    uint256 private constant _CHARGE_SHIFT = 112;
    uint256 private constant _DISCHARGE_SHIFT = 144;
    uint256 private constant _IN_SHIFT = 176;
    uint256 private constant _OUT_SHIFT = 216;

    /// @dev A new booking: nothing moved, nothing reported.
    function pack(
        uint32 renterId_,
        uint32 firstFrame_,
        uint8 frames_,
        uint32 capacityWh_,
        uint32 chargeW_,
        uint32 dischargeW_
    ) internal pure returns (uint256 word) {
        word = uint256(renterId_) | (uint256(firstFrame_) << _FIRST_SHIFT) | (uint256(frames_) << _FRAMES_SHIFT)
            | (uint256(capacityWh_) << _CAPACITY_SHIFT) | (uint256(chargeW_) << _CHARGE_SHIFT)
            | (uint256(dischargeW_) << _DISCHARGE_SHIFT);
    }

    function renterId(uint256 word) internal pure returns (uint32) {
        return uint32(word);
    }

    function firstFrame(uint256 word) internal pure returns (uint32) {
        return uint32(word >> _FIRST_SHIFT);
    }

    function frames(uint256 word) internal pure returns (uint8) {
        return uint8(word >> _FRAMES_SHIFT);
    }

    function nextOffset(uint256 word) internal pure returns (uint8) {
        return uint8(word >> _NEXT_SHIFT);
    }

    function capacityWh(uint256 word) internal pure returns (uint32) {
        return uint32(word >> _CAPACITY_SHIFT);
    }

    function chargeW(uint256 word) internal pure returns (uint32) {
        return uint32(word >> _CHARGE_SHIFT);
    }

    function dischargeW(uint256 word) internal pure returns (uint32) {
        return uint32(word >> _DISCHARGE_SHIFT);
    }

    function totalInWh(uint256 word) internal pure returns (uint256) {
        return uint40(word >> _IN_SHIFT);
    }

    function totalOutWh(uint256 word) internal pure returns (uint256) {
        return word >> _OUT_SHIFT;
    }

    /// @dev First frame that may be reported next. Safe: a span ends at most 1,024 frames ahead of the present one.
    function nextFrame(uint256 word) internal pure returns (uint32) {
        unchecked {
            return firstFrame(word) + nextOffset(word);
        }
    }

    /// @dev The frame after the last one. Safe as above.
    function endFrame(uint256 word) internal pure returns (uint32) {
        unchecked {
            return firstFrame(word) + frames(word);
        }
    }

    /// @dev The booking after a report, with the offset of the frame after the reported one. Safe: 96 reports of 32-bit
    /// energies stay below 2^39; the reported frame lies in the span, so the offset is at most 96.
    function withMovement(uint256 word, uint256 nextOffset_, uint256 inWh, uint256 outWh)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            return ((word & ~(uint256(0xff) << _NEXT_SHIFT)) | (nextOffset_ << _NEXT_SHIFT)) + (inWh << _IN_SHIFT)
                + (outWh << _OUT_SHIFT);
        }
    }
}
