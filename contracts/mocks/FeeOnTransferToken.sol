// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MockToken} from "./MockToken.sol";

/// @title A token that keeps a part of what it moves, from the receiver's side, the sender's side or both
contract FeeOnTransferToken is MockToken {
    address private constant _COLLECTOR = address(0xfee);

    /// @notice Taken off what the receiver gets, and on top of what the sender gives [micro-units].
    uint256 public receiverFeeMicro;
    uint256 public senderFeeMicro;

    /// @notice Sets both fees; minting is free.
    function setFees(uint256 receiverMicro, uint256 senderMicro) external {
        (receiverFeeMicro, senderFeeMicro) = (receiverMicro, senderMicro);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) {
            super._update(from, to, value);
            return;
        }
        super._update(from, to, value - receiverFeeMicro);
        super._update(from, _COLLECTOR, receiverFeeMicro + senderFeeMicro);
    }
}
