// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Mandates of consumers for exchanges (M11)
/// @notice A consumer names at most one exchange per venue, with limits; naming another one, or none, takes effect at once.
/// @dev Mandate, from the lowest bit: exchange id 32 | largest quantity Wh 32 | highest tick of a bid 8 | lowest tick of an ask 8 |
/// last frame 32. A word of 0 names nobody.
interface IMandates {
    /// @notice A consumer named an exchange, or none (mandate 0).
    event ExchangeNamed(uint32 indexed consumerId, uint256 mandate);

    /// @notice Names the exchange that may act for the caller; exchange 0 revokes and clears all limits.
    /// @dev Emits {ExchangeNamed}. What stands already stays. Requirements: caller registered (`Venue_NotRegistered`). That the exchange has its role
    /// is checked when it acts.
    /// @param exchangeId Participant number of the exchange, 0 for none.
    /// @param maxQuantityWh Largest quantity of an order or request [Wh].
    /// @param highestBidTick Highest limit of a bid or request [ticks].
    /// @param lowestAskTick Lowest limit of an ask [ticks].
    /// @param lastFrame Last delivery frame for which the exchange may place, or that a request's window may reach.
    function nameExchange(
        uint32 exchangeId,
        uint32 maxQuantityWh,
        uint8 highestBidTick,
        uint8 lowestAskTick,
        uint32 lastFrame
    ) external;

    /// @notice Whom a consumer named, with its limits; all zero for nobody.
    function mandateOf(uint32 consumerId)
        external
        view
        returns (uint32 exchangeId, uint32 maxQuantityWh, uint8 highestBidTick, uint8 lowestAskTick, uint32 lastFrame);
}
