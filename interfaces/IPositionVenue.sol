// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMarketVenue} from "./IMarketVenue.sol";
import {IVenue} from "./IVenue.sol";

/// @title What the market's venues with stored positions share (M3, M8, M13)
interface IPositionVenue is IMarketVenue, IVenue {
    /// @notice A trade that the network cannot carry was taken out of both positions.
    event TradeRefused(
        uint32 indexed frame, uint32 indexed buyerId, uint32 indexed sellerId, uint32 energyWh, uint8 tick
    );

    /// @notice A participant's position in a frame does not fit its word.
    error Venue_PositionOverflow(uint32 participantId, uint32 frame);
    /// @notice Refusals are taken between gate closure and the refusal deadline only.
    error Venue_OutsideRefusalWindow(uint32 frame, uint256 opens, uint256 closes, uint256 timestamp);
    /// @notice A refusal names more than the positions hold, or would leave the seller uncovered.
    error Venue_InvalidRefusal(uint32 frame, uint32 buyerId, uint32 sellerId, uint256 energyWh, uint256 tick);

    /// @notice Takes trades that the network cannot carry out of both positions; buyers get value and fees back as margin.
    /// @dev Emits {TradeRefused} per entry. Entry, from the lowest bit: buyer id 32 | seller id 32 | energy Wh 32 | tick 8; higher bits 0. The
    /// seller's lock stays with its position; a seller of whom nothing sold is left gets it, and any sale value left, back as margin.
    /// Checks in this order: `Venue_MissingRole` (operator), the frame open here (the venue's own error), `Venue_OutsideRefusalWindow` (unless gate
    /// closure <= now < refusal deadline); per entry energy > 0, tick within 0..191, buyer and seller different, neither side's Wh nor
    /// value below zero, sale value + lock of the seller's rest >= its sold Wh x cap (`Venue_InvalidRefusal`).
    function refuseTrades(uint32 frame, uint256[] calldata entries) external;

    /// @notice One participant's position in a frame.
    function positionOf(uint32 frame, uint32 participantId)
        external
        view
        returns (uint256 boughtWh, uint256 soldWh, uint256 purchaseMicro, uint256 saleMicro, uint256 lockMicro);
}
