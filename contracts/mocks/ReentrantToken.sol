// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {MockToken} from "./MockToken.sol";

/// @title A token that calls somebody, once, in the middle of a transfer
contract ReentrantToken is MockToken {
    address private _target;
    bytes private _data;

    /// @notice Sets what the next transfer calls.
    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    /// @notice Makes the token itself a depositor: approves and calls as itself.
    function act(address target, bytes calldata data) external {
        Address.functionCall(target, data);
    }

    function _update(address from, address to, uint256 value) internal override {
        address target = _target;
        super._update(from, to, value);
        if (target == address(0)) return;
        _target = address(0);
        Address.functionCall(target, _data);
    }
}
