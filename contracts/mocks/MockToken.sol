// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Settlement token of local chains: 6 decimals, anyone may mint
contract MockToken is ERC20 {
    constructor() ERC20("Voltberg Test Euro", "VTE") {}

    /// @notice Creates tokens.
    /// @param account Who gets them.
    /// @param amountMicro How many [micro-units].
    function mint(address account, uint256 amountMicro) external {
        _mint(account, amountMicro);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
