// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {ITradingVenue, IVenue} from "../../interfaces/IVenue.sol";
import {VenueAccounts} from "../libraries/VenueAccounts.sol";

/// @title A venue whose positions are written by hand, and which may ask the house for more than it holds
contract MockVenue is VenueAccounts, IVenue {
    mapping(uint32 frame => mapping(uint32 participantId => uint256 word)) private _positions;

    /// @notice What the house told and is told.
    mapping(uint32 frame => uint256 tradedWh) public tradedWhOf;
    mapping(uint32 frame => uint16 capAndFees) public openedWith;
    mapping(uint32 participantId => uint8 status) public statusOf;
    mapping(uint32 participantId => uint16 factorBps) public demandFactorOf;

    constructor(address registry_, ITradeSettlement house_) VenueAccounts(registry_, house_) {}

    /// @notice Writes a position word.
    function setPosition(uint32 frame, uint32 participantId, uint256 word) external {
        _positions[frame][participantId] = word;
    }

    /// @notice Writes the energy that {closeFrame} tells.
    function setTraded(uint32 frame, uint256 tradedWh) external {
        tradedWhOf[frame] = tradedWh;
    }

    /// @notice Pays out of the house, whoever's money it is.
    function payOut(uint32 participantId, uint256 amountMicro) external {
        house.creditFromVenue(participantId, amountMicro);
    }

    /// @inheritdoc ITradingVenue
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external onlyHouse {
        openedWith[frame] = (uint16(capTick) << 8) | feeTicks;
    }

    /// @inheritdoc ITradingVenue
    function closeFrame(uint32 frame) external view onlyHouse returns (uint256 tradedWh) {
        return tradedWhOf[frame];
    }

    /// @inheritdoc IVenue
    function positionsOf(uint32 frame, uint256[] calldata entries) external view returns (uint256[] memory words) {
        words = new uint256[](entries.length);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = _positions[frame][uint32(entries[i])];
        }
    }

    /// @inheritdoc ITradingVenue
    function setDemandFactor(uint32 participantId, uint16 factorBps) external onlyHouse {
        demandFactorOf[participantId] = factorBps;
    }

    /// @inheritdoc ITradingVenue
    function setStatus(uint32 participantId, uint8 status) external onlyHouse {
        statusOf[participantId] = status;
    }
}
