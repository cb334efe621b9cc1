// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title exp(x) in fixed point
/// @dev All numbers in the working scale are multiples of 1e-36, so that the truncations below stay under 1e-33 of the
/// result; what remains is the last digit of the answer (1e-18, rounded down).
library FixedExp {
    int256 internal constant LIMIT_WAD = 40e18;

    int256 private constant _LN2 = 693_147_180_559_945_309_417_232_121_458_176_568;
    uint256 private constant _ONE = 1e36;
    uint256 private constant _ONE_PER_WAD = 1e18;

    /// @notice The argument lies outside [-40, 40].
    error FixedExp_OutOfRange(int256 xWad);

    /// @dev e^x, rounded down.
    ///
    /// With X = x scaled to 1e36: k = X / ln 2 rounded toward minus infinity, r = X - k ln 2 in [0, ln 2), and
    /// e^x = 2^k x sum of r^n / n!. Terms: t_0 = 1e36; t_n = (t_(n-1) x r / 1e36) / n, both divisions down, until a term
    /// is 0 (about 29 terms). Result: k >= 0: sum x 2^k / 1e18; k < 0: sum / (1e18 x 2^-k); divisions down.
    ///
    /// Bounds: |X| <= 4e37, |k| <= 58, t_n x r < 1e72, sum x 2^k < 2^121 x 2^58: nothing overflows 256 bits.
    /// @param xWad Exponent [1e-18], within [-40e18, 40e18].
    /// @return Power [1e-18].
    function expWadDown(int256 xWad) internal pure returns (uint256) {
        require(xWad >= -LIMIT_WAD && xWad <= LIMIT_WAD, FixedExp_OutOfRange(xWad));
        int256 scaled = xWad * int256(_ONE_PER_WAD);
        int256 twos = scaled / _LN2;
        // Solidity truncates toward zero.
        if (scaled < twos * _LN2) --twos;
        uint256 sum = _series(uint256(scaled - twos * _LN2));
        if (twos >= 0) return (sum << uint256(twos)) / _ONE_PER_WAD;
        return sum / (_ONE_PER_WAD << uint256(-twos));
    }

    function _series(uint256 rest) private pure returns (uint256 sum) {
        uint256 term = _ONE;
        for (uint256 n = 1; term != 0; ++n) {
            sum += term;
            term = term * rest / _ONE / n;
        }
    }
}
