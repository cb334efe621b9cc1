// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {ICreditScoring} from "../interfaces/ICreditScoring.sol";
import {IParticipantListener} from "../interfaces/IParticipantListener.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {PenaltyList} from "./libraries/PenaltyList.sol";
import {StationEvaluation} from "./libraries/StationEvaluation.sol";

/// @title User credit, station evaluation, RET penalty lists
/// @dev Users' scores live in the house, so that a settlement writes one word; here are policy, stations and penalties.
contract CreditScoring is ICreditScoring, IParticipantListener {
    using PenaltyList for uint256;

    /* TYPES */

    struct Station {
        // slot 0
        uint128 evaluationWad;
        uint32 evaluations;
        uint64 endorsements;
    }

    /* CONSTANTS */

    uint256 private constant _STATION = 2;
    uint256 private constant _EXCHANGE = 4;
    uint256 private constant _METER = 8;
    uint256 private constant _OPERATOR = 16;
    uint256 private constant _REGISTERED = 256;
    uint256 private constant _ROLES_SHIFT = 32;

    /* IMMUTABLES */

    address public immutable registry;
    ITradeSettlement public immutable house;

    uint256 private immutable _alphaWad;
    uint256 private immutable _sigmaWad;
    uint256 private immutable _betaWad;
    uint256 private immutable _topWad;
    uint256 private immutable _unratedWeightWad;

    /* STORAGE */

    // slot 0
    uint16 private _consumerRiskBps;
    uint16 private _exchangeRiskBps;
    uint64 private _totalEndorsements;
    /// @dev From the lowest bit: participant id 32 | roles 8.
    mapping(address account => uint256 word) private _accounts;
    /// @dev Role bits, and bit 8 for whoever has a number.
    mapping(uint32 participantId => uint256 roles) private _rolesOf;
    mapping(uint32 stationId => Station station) private _stations;
    mapping(uint32 stationId => mapping(uint32 userId => uint32 sessions)) private _openSessions;
    mapping(uint32 participantId => mapping(bool exchange => uint256 list)) private _penalties;

    /* CONSTRUCTOR */

    /// @param registry_ The registry that pushes participants; its owner is the supervisor.
    /// @param house_ The clearing house, where users' scores are, and which tells the venues demand factors.
    /// @param terms Constants of the evaluation of stations.
    /// @param consumerRiskBps gamma_1 of RET [1/10,000].
    /// @param exchangeRiskBps gamma_2 of RET [1/10,000].
    constructor(
        address registry_,
        ITradeSettlement house_,
        EvaluationTerms memory terms,
        uint16 consumerRiskBps,
        uint16 exchangeRiskBps
    ) {
        StationEvaluation.validate(terms);
        registry = registry_;
        house = house_;
        _alphaWad = terms.alphaWad;
        _sigmaWad = terms.sigmaWad;
        _betaWad = terms.betaWad;
        _topWad = terms.topWad;
        _unratedWeightWad = terms.unratedWeightWad;
        _setRisks(consumerRiskBps, exchangeRiskBps);
    }

    /* MODIFIERS */

    modifier onlySupervisor() {
        require(msg.sender == Ownable(registry).owner(), Credit_NotSupervisor(msg.sender));
        _;
    }

    modifier onlyRole(uint256 role) {
        require((_accounts[msg.sender] >> _ROLES_SHIFT) & role != 0, Credit_MissingRole(msg.sender, role));
        _;
    }

    /* PUSHED STATE */

    /// @inheritdoc IParticipantListener
    function onParticipant(address account, uint32 participantId, uint256 roles) external {
        require(msg.sender == registry, Credit_NotRegistry(msg.sender));
        _accounts[account] = participantId | (roles << _ROLES_SHIFT);
        _rolesOf[participantId] = roles | _REGISTERED;
    }

    /* SUPERVISOR */

    /// @inheritdoc ICreditScoring
    function setCreditPolicy(ITradeSettlement.CreditPolicy calldata policy) external onlySupervisor {
        house.setCreditPolicy(policy);
    }

    /// @inheritdoc ICreditScoring
    function setRiskParameters(uint16 consumerRiskBps, uint16 exchangeRiskBps) external onlySupervisor {
        _setRisks(consumerRiskBps, exchangeRiskBps);
    }

    /* STATIONS */

    /// @inheritdoc ICreditScoring
    function attestSessions(uint256[] calldata records) external onlyRole(_METER) {
        for (uint256 i = 0; i < records.length; ++i) {
            uint256 record = records[i];
            uint32 stationId = uint32(record);
            uint32 userId = uint32(record >> 32);
            // A station that charges its own car must not praise itself.
            require(
                record >> 96 == 0 && _rolesOf[stationId] & _STATION != 0 && _rolesOf[userId] != 0
                    && stationId != userId,
                Credit_InvalidRecord(record)
            );
            ++_openSessions[stationId][userId];
            emit SessionAttested(stationId, userId, uint32(record >> 64));
        }
    }

    /// @inheritdoc ICreditScoring
    function recordEndorsements(uint32 stationId, uint32 count) external onlyRole(_OPERATOR) {
        _requireStation(stationId);
        _stations[stationId].endorsements += count;
        _totalEndorsements += count;
        emit EndorsementsRecorded(stationId, count);
    }

    /// @inheritdoc ICreditScoring
    function evaluate(uint32 stationId, uint8 rating) external {
        uint32 userId = uint32(_accounts[msg.sender]);
        require(userId != 0, Credit_NotRegistered(msg.sender));
        _requireStation(stationId);
        require(rating != 0 && rating <= StationEvaluation.HIGHEST_RATING, Credit_InvalidRating(rating));
        uint32 sessions = _openSessions[stationId][userId];
        require(sessions != 0, Credit_NoSession(stationId, userId));
        _openSessions[stationId][userId] = sessions - 1;

        Station memory station = _stations[stationId];
        uint256 evaluationWad = StationEvaluation.next(
            _terms(), station.evaluationWad, rating, _weightWad(userId), station.endorsements, _totalEndorsements
        );
        // Safe cast: at most the highest evaluation, 100 WAD.
        station.evaluationWad = uint128(evaluationWad);
        ++station.evaluations;
        _stations[stationId] = station;
        emit StationEvaluated(stationId, userId, rating, evaluationWad);
    }

    /* PENALTIES */

    /// @inheritdoc ICreditScoring
    function recordSupply(uint256[] calldata records) external onlyRole(_METER) {
        for (uint256 i = 0; i < records.length; ++i) {
            _recordSupply(records[i]);
        }
    }

    /* VIEWS */

    /// @inheritdoc ICreditScoring
    function scoreWad(uint32 participantId) external view returns (int256) {
        return house.scoreWad(participantId);
    }

    /// @inheritdoc ICreditScoring
    function stationOf(uint32 stationId)
        external
        view
        returns (uint256 evaluationWad, uint32 evaluations, uint64 endorsements)
    {
        Station memory station = _stations[stationId];
        return (station.evaluationWad, station.evaluations, station.endorsements);
    }

    /// @inheritdoc ICreditScoring
    function totalEndorsements() external view returns (uint64) {
        return _totalEndorsements;
    }

    /// @inheritdoc ICreditScoring
    function openSessions(uint32 stationId, uint32 userId) external view returns (uint32) {
        return _openSessions[stationId][userId];
    }

    /// @inheritdoc ICreditScoring
    function penaltiesOf(uint32 participantId, bool exchange) external view returns (uint16[] memory entriesBps) {
        uint256 list = _penalties[participantId][exchange];
        entriesBps = new uint16[](list.length());
        for (uint256 i = 0; i < entriesBps.length; ++i) {
            entriesBps[i] = list.at(i);
        }
    }

    /// @inheritdoc ICreditScoring
    function demandFactorBps(uint32 participantId) external view returns (uint16) {
        return _penalties[participantId][false].factorBps();
    }

    /// @inheritdoc ICreditScoring
    function requestQuota(uint32 exchangeId, uint256 requests) external view returns (uint256) {
        uint256 list = _penalties[exchangeId][true];
        if (list == 0) return requests;
        uint256 factorBps = list.factorBps();
        // Whole and rest apart: exact, and no count of requests overflows.
        uint256 full = PenaltyList.FULL_BPS;
        return requests / full * factorBps + requests % full * factorBps / full;
    }

    /// @inheritdoc ICreditScoring
    function evaluationTerms() external view returns (EvaluationTerms memory) {
        return _terms();
    }

    /// @inheritdoc ICreditScoring
    function riskParameters() external view returns (uint16 consumerRiskBps, uint16 exchangeRiskBps) {
        return (_consumerRiskBps, _exchangeRiskBps);
    }

    /* PRIVATE */

    function _setRisks(uint16 consumerRiskBps, uint16 exchangeRiskBps) private {
        require(consumerRiskBps < PenaltyList.FULL_BPS, Credit_InvalidRisk(consumerRiskBps));
        require(exchangeRiskBps < PenaltyList.FULL_BPS, Credit_InvalidRisk(exchangeRiskBps));
        _consumerRiskBps = consumerRiskBps;
        _exchangeRiskBps = exchangeRiskBps;
        emit RiskParametersChanged(consumerRiskBps, exchangeRiskBps);
    }

    function _recordSupply(uint256 record) private {
        uint32 participantId = uint32(record);
        uint256 theoretical = uint40(record >> 32);
        uint256 practical = uint40(record >> 72);
        bool exchange = record >> 112 == 1;
        uint256 roles = _rolesOf[participantId];
        require(
            record >> 113 == 0 && practical <= theoretical && roles != 0 && (!exchange || roles & _EXCHANGE != 0),
            Credit_InvalidRecord(record)
        );
        if (theoretical == 0) return;
        uint256 before = _penalties[participantId][exchange];
        (uint256 list, bool changed) =
            before.afterRound(theoretical, practical, exchange ? _exchangeRiskBps : _consumerRiskBps);
        if (!changed) return;
        _penalties[participantId][exchange] = list;
        uint16 factorBps = list.factorBps();
        emit PenaltyChanged(participantId, exchange, list, factorBps);
        if (!exchange && factorBps != before.factorBps()) house.pushDemandFactor(participantId, factorBps);
    }

    function _requireStation(uint32 stationId) private view {
        require(_rolesOf[stationId] & _STATION != 0, Credit_UnknownStation(stationId));
    }

    /// @dev Weight of a user's rating: its score (Cui eq. 2) clamped to [0, 1], or the set weight while it has none.
    function _weightWad(uint32 userId) private view returns (uint256) {
        (,, uint48 ratedWh,,,,) = house.accountOf(userId);
        if (ratedWh == 0) return _unratedWeightWad;
        int256 score = house.scoreWad(userId);
        return score > 0 ? uint256(score) : 0;
    }

    function _terms() private view returns (EvaluationTerms memory) {
        return EvaluationTerms({
            alphaWad: _alphaWad,
            sigmaWad: _sigmaWad,
            betaWad: _betaWad,
            topWad: _topWad,
            unratedWeightWad: _unratedWeightWad
        });
    }
}
