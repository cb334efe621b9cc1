// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Exchanges that act for consumers (M11)
/// @notice A consumer names at most one exchange per venue, with limits; naming another one, or none, takes effect at once.
/// @dev Mandate, from the lowest bit: exchange id 32 | largest quantity of an order Wh 32 | highest tick of a bid 8 | lowest tick of an ask 8 |
/// last frame 32. A word of 0 names nobody.
interface IDelegation {
    /// @notice A consumer named an exchange, or none (mandate 0).
    event ExchangeNamed(uint32 indexed consumerId, uint256 mandate);
    /// @notice An entry of a batch was skipped. `reason` is the selector of the error that the entry alone would have reverted with.
    event EntrySkipped(uint256 entry, bytes4 reason);

    /// @notice The consumer did not name this exchange.
    error Venue_NotMandated(uint32 consumerId, uint32 exchangeId);
    /// @notice The order is larger, dearer (a bid) or cheaper (an ask), or for a later frame than the consumer allowed.
    error Venue_OutsideMandate(uint32 consumerId, uint256 mandate);
    /// @notice The exchange may submit no more entries in this batch (RET).
    error Venue_QuotaExceeded(uint32 exchangeId, uint256 quota);
    /// @notice An entry failed without an error of the market: the gas sent with the batch is used up.
    error Venue_OutOfGas(uint256 entry);
    /// @notice Only the venue calls this itself, for an entry of a batch.
    error Venue_NotSelf(address caller);

    /// @notice Names the exchange that may place and cancel orders for the caller; exchange 0 revokes and clears all limits.
    /// @dev Emits {ExchangeNamed}. Requirements: caller registered (`Venue_NotRegistered`). That the exchange has its role is checked when it acts.
    /// @param exchangeId Participant number of the exchange, 0 for none.
    /// @param maxQuantityWh Largest quantity of an order [Wh].
    /// @param highestBidTick Highest limit of a bid [ticks].
    /// @param lowestAskTick Lowest limit of an ask [ticks].
    /// @param lastFrame Last delivery frame for which the exchange may place.
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
