// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";

/// @title The rating policy in 96 bits, so that it fits beside a meter's number and roles
/// @dev From the lowest bit: tolerance 1/10,000 16 | minimum rated Wh 32 | binding frames 16 | probation frames 16 | scale 16, which is
/// 10,000 + the threshold in 1/10,000.
library PolicyWord {
    uint256 private constant _MINIMUM_SHIFT = 16;
    uint256 private constant _BINDING_SHIFT = 48;
    uint256 private constant _PROBATION_SHIFT = 64;
    uint256 private constant _SCALE_SHIFT = 80;
    int256 private constant _FULL = 10_000;

    /// @dev The threshold is within -10,000..10,000.
    function pack(ITradeSettlement.CreditPolicy memory policy) internal pure returns (uint96) {
        return uint96(
            policy.toleranceBps | (uint256(policy.minimumRatedWh) << _MINIMUM_SHIFT)
                | (uint256(policy.bindingFrames) << _BINDING_SHIFT)
                | (uint256(policy.probationFrames) << _PROBATION_SHIFT)
                | (uint256(_FULL + policy.thresholdBps) << _SCALE_SHIFT)
        );
    }

    function unpack(uint256 word) internal pure returns (ITradeSettlement.CreditPolicy memory) {
        return ITradeSettlement.CreditPolicy({
            toleranceBps: uint16(word),
            minimumRatedWh: uint32(word >> _MINIMUM_SHIFT),
            bindingFrames: uint16(word >> _BINDING_SHIFT),
            probationFrames: uint16(word >> _PROBATION_SHIFT),
            thresholdBps: int16(int256(scale(word)) - _FULL)
        });
    }

    function toleranceBps(uint256 word) internal pure returns (uint256) {
        return uint16(word);
    }

    function minimumRatedWh(uint256 word) internal pure returns (uint256) {
        return uint32(word >> _MINIMUM_SHIFT);
    }

    function bindingFrames(uint256 word) internal pure returns (uint256) {
        return uint16(word >> _BINDING_SHIFT);
    }

    function probationFrames(uint256 word) internal pure returns (uint256) {
        return uint16(word >> _PROBATION_SHIFT);
    }

    /// @dev What the score is compared with. Nothing lies above it.
    function scale(uint256 word) internal pure returns (uint256) {
        return word >> _SCALE_SHIFT;
    }
}
