// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title A house that makes mistakes: it tells what another one tells, and calls whatever it is asked to
contract MockHouse {
    address private immutable _real;

    /// @param real The house whose terms it has.
    constructor(address real) {
        _real = real;
    }

    /// @notice What the other house tells.
    fallback(bytes calldata data) external returns (bytes memory) {
        return Address.functionStaticCall(_real, data);
    }

    /// @notice Calls as the house.
    function act(address target, bytes calldata data) external {
        Address.functionCall(target, data);
    }
}
