// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "./ITradeSettlement.sol";

/// @title User credit, station evaluation, RET penalty lists
/// @notice Cui et al. 2023, eqs 1-3 and Liang 2024, eqs 4.1-4.4. A user's score lives beside its balance in the house;
/// this contract owns the policy, the evaluation of stations, the penalty lists and the read interface.
interface ICreditScoring {
    /// @notice Constants of the evaluation of stations (Cui eq. 3), WAD.
    /// @param alphaWad Speed (a larger alpha moves slower); the paper's 15.
    /// @param sigmaWad Damping; the paper's 0.5.
    /// @param betaWad Weight of endorsement experience; the paper's 0.5.
    /// @param topWad Highest evaluation D; the paper's 5.
    /// @param unratedWeightWad Weight of a user without ratings (ours; the paper starts at 0).
    struct EvaluationTerms {
        uint256 alphaWad;
        uint256 sigmaWad;
        uint256 betaWad;
        uint256 topWad;
        uint256 unratedWeightWad;
    }

    /// @notice A charging session took place, so its user may evaluate the station once.
    event SessionAttested(uint32 indexed stationId, uint32 indexed userId, uint32 energyWh);
    /// @notice A station was evaluated.
    event StationEvaluated(uint32 indexed stationId, uint32 indexed userId, uint8 rating, uint256 evaluationWad);
    /// @notice Ledger updates endorsed by a station were counted.
    event EndorsementsRecorded(uint32 indexed stationId, uint32 count);
    /// @notice A penalty list changed; entries: entry i (oldest first) at bits 16 i, their count at bits 128..135;
    /// factor = product of the entries [1/10,000].
    event PenaltyChanged(uint32 indexed participantId, bool exchange, uint256 entries, uint16 factorBps);
    /// @notice The risk parameters changed.
    event RiskParametersChanged(uint16 consumerRiskBps, uint16 exchangeRiskBps);

    error Credit_NotRegistry(address caller);
    error Credit_NotSupervisor(address caller);
    error Credit_MissingRole(address caller, uint256 role);
    error Credit_NotRegistered(address caller);
    /// @notice Alpha outside [1e18, 1e24], top outside [2e18, 100e18], sigma 0 or below a 40th of top, beta or unrated
    /// weight above 1e18.
    error Credit_InvalidTerms(uint256 value);
    error Credit_UnknownStation(uint32 stationId);
    error Credit_InvalidRating(uint8 rating);
    /// @notice The user has no attested session at the station left to evaluate.
    error Credit_NoSession(uint32 stationId, uint32 userId);
    error Credit_InvalidRecord(uint256 record);
    error Credit_InvalidRisk(uint16 riskBps);

    /// @notice Sets the rating policy of users in the house, which acts as {ITradeSettlement-setCreditPolicy} tells. Requirements: supervisor.
    function setCreditPolicy(ITradeSettlement.CreditPolicy calldata policy) external;

    /// @notice Sets gamma_1 and gamma_2 of RET [1/10,000], each below 10,000. Emits {RiskParametersChanged}.
    /// Requirements: supervisor.
    function setRiskParameters(uint16 consumerRiskBps, uint16 exchangeRiskBps) external;

    /// @notice Attests charging sessions.
    /// @dev Emits {SessionAttested} per record. Record, from the lowest bit: station id 32 | user id 32 | energy Wh 32;
    /// higher bits 0. Requirements: meter role; the station has the station role, the user is registered and not the
    /// station (`Credit_InvalidRecord`).
    function attestSessions(uint256[] calldata records) external;

    /// @notice Counts ledger updates that a station endorsed (l of Cui eq. 1); their sum over stations is L.
    /// @dev Emits {EndorsementsRecorded}. Requirements: operator role, known station.
    function recordEndorsements(uint32 stationId, uint32 count) external;

    /// @notice Evaluates a station after a session, rating 1..5.
    /// @dev With W the rating, R the evaluation (0 at first), D = top, s = the user's score clamped to [0, 1] (the
    /// unrated weight while its rated Wh are 0): R += (1 + M) / alpha x
    /// Phi(R) x s x (W / 5 - R / D), Phi(R) = 1 - 1 / (1 + exp(-(R - D) / sigma)), M = beta x l / L (0 while L = 0).
    /// Fixed point as in the library StationEvaluation; R stays within [0, D]. Emits {StationEvaluated}.
    /// Checks: `Credit_NotRegistered`, `Credit_UnknownStation`, `Credit_InvalidRating`, `Credit_NoSession`.
    function evaluate(uint32 stationId, uint8 rating) external;

    /// @notice Enters a round of supply into penalty lists: pct = practical / theoretical (down, 1/10,000). Below 1 -
    /// risk the entry pct + risk is appended (the oldest of 8 drops out), else the last entry is removed.
    /// @dev Emits {PenaltyChanged} for each entry appended or removed and pushes a consumer's factor to the book if it
    /// changed. Record, from the lowest bit: participant id 32 | theoretical 40 | practical 40 | exchange 8 (1: list of
    /// an exchange, counts of requests; 0: of a consumer, Wh). Records with theoretical 0 change nothing. Requirements:
    /// meter role; registered, practical <= theoretical, exchange <= 1, an exchange's list only for an account with the
    /// exchange role (`Credit_InvalidRecord`).
    function recordSupply(uint256[] calldata records) external;

    /// @notice Score of a user in WAD (Cui eq. 2), read from the house.
    function scoreWad(uint32 participantId) external view returns (int256);

    /// @notice Evaluation of a station.
    function stationOf(uint32 stationId)
        external
        view
        returns (uint256 evaluationWad, uint32 evaluations, uint64 endorsements);

    /// @notice Ledger updates endorsed by all stations.
    function totalEndorsements() external view returns (uint64);

    /// @notice Sessions that a user may still evaluate at a station.
    function openSessions(uint32 stationId, uint32 userId) external view returns (uint32);

    /// @notice A penalty list, oldest entry first [1/10,000].
    function penaltiesOf(uint32 participantId, bool exchange) external view returns (uint16[] memory entriesBps);

    /// @notice Share of a consumer's demand that may be met (eq. 4.2), 10,000 with an empty list: entries multiplied
    /// one by one, oldest first, each product divided by 10,000 down.
    function demandFactorBps(uint32 participantId) external view returns (uint16);

    /// @notice Requests that an exchange may submit of `requests` (eq. 4.4), rounded down.
    function requestQuota(uint32 exchangeId, uint256 requests) external view returns (uint256);

    /// @notice The constants of {evaluate}.
    function evaluationTerms() external view returns (EvaluationTerms memory);

    /// @notice gamma_1 and gamma_2 [1/10,000].
    function riskParameters() external view returns (uint16 consumerRiskBps, uint16 exchangeRiskBps);
}
