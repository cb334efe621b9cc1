// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The times of a delivery frame (M7), in one place
/// @dev A frame is `unix time / frameSeconds`; intervals are half open, [start, end).
library FrameClock {
    /// @dev Start of delivery [unix s].
    function start(uint32 frame, uint32 frameSeconds) internal pure returns (uint256) {
        // Both have 32 bits.
        unchecked {
            return uint256(frame) * frameSeconds;
        }
    }

    /// @dev End of delivery [unix s].
    function end(uint32 frame, uint32 frameSeconds) internal pure returns (uint256) {
        // Both have 32 bits.
        unchecked {
            return (uint256(frame) + 1) * frameSeconds;
        }
    }

    /// @dev The frame that is being delivered now.
    function current(uint32 frameSeconds) internal view returns (uint32) {
        // A timestamp / 60 fits 32 bits for eight thousand years.
        return uint32(block.timestamp / frameSeconds);
    }
}
