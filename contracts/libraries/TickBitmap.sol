// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Finding the best tick in a word with one bit per price level
/// @dev O(1): eight halvings, whatever the number of levels.
library TickBitmap {
    /// @dev Index of the highest set bit; `bits` is not 0.
    function highest(uint256 bits) internal pure returns (uint256 tick) {
        // Shifts by constants and sums below 256 cannot overflow.
        unchecked {
            if (bits >> 128 != 0) {
                bits >>= 128;
                tick = 128;
            }
            if (bits >> 64 != 0) {
                bits >>= 64;
                tick += 64;
            }
            if (bits >> 32 != 0) {
                bits >>= 32;
                tick += 32;
            }
            if (bits >> 16 != 0) {
                bits >>= 16;
                tick += 16;
            }
            if (bits >> 8 != 0) {
                bits >>= 8;
                tick += 8;
            }
            if (bits >> 4 != 0) {
                bits >>= 4;
                tick += 4;
            }
            if (bits >> 2 != 0) {
                bits >>= 2;
                tick += 2;
            }
            tick += bits >> 1;
        }
    }

    /// @dev Index of the lowest set bit; `bits` is not 0.
    function lowest(uint256 bits) internal pure returns (uint256 tick) {
        // Two's complement leaves the lowest bit alone standing; the wrap is meant.
        unchecked {
            return highest(bits & (~bits + 1));
        }
    }
}
