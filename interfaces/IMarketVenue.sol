// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradingVenue} from "./IVenue.sol";

/// @title What every trading venue of the market shows
interface IMarketVenue is ITradingVenue {
    /// @notice A participant's account here.
    function accountOf(uint32 participantId)
        external
        view
        returns (uint256 marginMicro, uint8 status, uint16 demandFactorBps);

    /// @notice Seconds before delivery at which trading ends.
    function gateClosureLeadSeconds() external view returns (uint32);

    /// @notice Money per Wh and tick [micro].
    function tickMicroPerWh() external view returns (uint256);
}
