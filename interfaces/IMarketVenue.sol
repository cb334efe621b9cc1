// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradingVenue} from "./IVenue.sol";

/// @title What every trading venue of the market shows, and is told by the credit contract
interface IMarketVenue is ITradingVenue {
    /// @notice Takes over how much of a penalised consumer's demand may be met (RET).
    /// @dev Requirements: caller is the credit contract (`Venue_MissingRole(caller, 0)`), participant known here.
    /// @param factorBps 0..10,000.
    function setDemandFactor(uint32 participantId, uint16 factorBps) external;

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
