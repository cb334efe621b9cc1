// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {IRootVenue, ITradingVenue} from "../../interfaces/IVenue.sol";
import {VenueAccounts} from "../libraries/VenueAccounts.sol";

/// @title A venue whose roots are written by hand
contract MockRootVenue is VenueAccounts, IRootVenue {
    struct Result {
        bytes32 root;
        uint256 records;
        bool anyRefused;
        uint256 owedMicro;
        uint256 tradedWh;
    }

    mapping(uint32 frame => Result result) private _results;
    mapping(uint32 frame => mapping(uint32 participantId => uint256 word)) private _refused;

    constructor(address registry_, ITradeSettlement house_) VenueAccounts(registry_, house_) {}

    /// @notice Writes a frame's result.
    function setResult(uint32 frame, bytes32 root, uint256 records, uint256 owedMicro, uint256 tradedWh) external {
        _results[frame] = Result(root, records, false, owedMicro, tradedWh);
    }

    /// @notice Takes energy and value out of a record: word as in {refusedOf}.
    function setRefused(uint32 frame, uint32 participantId, uint256 word) external {
        _refused[frame][participantId] = word;
        _results[frame].anyRefused = true;
    }

    /// @inheritdoc IRootVenue
    function resultOf(uint32 frame)
        external
        view
        returns (bytes32 root, uint256 records, bool anyRefused, uint256 owedMicro)
    {
        Result memory result = _results[frame];
        return (result.root, result.records, result.anyRefused, result.owedMicro);
    }

    /// @inheritdoc IRootVenue
    function refusedOf(uint32 frame, uint32[] calldata participantIds) external view returns (uint256[] memory words) {
        words = new uint256[](participantIds.length);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = _refused[frame][participantIds[i]];
        }
    }

    /// @inheritdoc ITradingVenue
    function closeFrame(uint32 frame) external view onlyHouse returns (uint256 tradedWh) {
        return _results[frame].tradedWh;
    }

    /// @inheritdoc ITradingVenue
    // solhint-disable-next-line no-empty-blocks
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external onlyHouse {}

    /// @inheritdoc ITradingVenue
    // solhint-disable-next-line no-empty-blocks
    function setStatus(uint32 participantId, uint8 status) external onlyHouse {}

    /// @inheritdoc ITradingVenue
    // solhint-disable-next-line no-empty-blocks
    function setDemandFactor(uint32 participantId, uint16 factorBps) external onlyHouse {}
}
