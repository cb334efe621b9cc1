// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Finding the best tick in a word with one bit per price level
/// @dev O(1), whatever the number of levels: a search for 32 bits among all, and what stands alone there is looked up. Results below 32 cost
/// least.
library TickBitmap {
    /// @dev Powers of two below 2^36 differ in what 37 leaves of them. For each such remainder, six bits: the exponent.
    uint256 private constant _EXPONENTS = 0x124c850524e56218c29d3df5998d11c43612dc79840381b5c2681000;
    uint256 private constant _EXPONENT_BITS = 6;
    uint256 private constant _MODULUS = 37;

    /// @dev Index of the highest set bit; `bits` is not 0.
    function highest(uint256 bits) internal pure returns (uint256) {
        uint256 above;
        if (bits >> 32 != 0) (above, bits) = _highestPart(bits);
        // All bits below the highest are set, and then it stands alone.
        bits |= bits >> 1;
        bits |= bits >> 2;
        bits |= bits >> 4;
        bits |= bits >> 8;
        bits |= bits >> 16;
        unchecked {
            return above + _exponent(bits - (bits >> 1));
        }
    }

    /// @dev Index of the lowest set bit; `bits` is not 0.
    function lowest(uint256 bits) internal pure returns (uint256) {
        uint256 above;
        // Two's complement leaves the lowest bit alone standing; the wrap is meant.
        unchecked {
            bits &= ~bits + 1;
            if (bits >> 32 != 0) (above, bits) = _highestPart(bits);
            return above + _exponent(bits);
        }
    }

    /// @dev The highest of the eight parts of 32 bits in which a bit is set, and the number of bits below it.
    function _highestPart(uint256 bits) private pure returns (uint256 above, uint256 part) {
        // Sums below 256.
        unchecked {
            if (bits >> 128 != 0) {
                bits >>= 128;
                above = 128;
            }
            if (bits >> 64 != 0) {
                bits >>= 64;
                above += 64;
            }
            if (bits >> 32 != 0) {
                bits >>= 32;
                above += 32;
            }
            return (above, bits);
        }
    }

    /// @dev Exponent of a power of two below 2^36.
    function _exponent(uint256 power) private pure returns (uint256) {
        // A remainder below 37, times 6.
        unchecked {
            return (_EXPONENTS >> (power % _MODULUS * _EXPONENT_BITS)) & ((1 << _EXPONENT_BITS) - 1);
        }
    }
}
