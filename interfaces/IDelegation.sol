// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMandates} from "./IMandates.sol";

/// @title Batches of orders that exchanges place for consumers who named them (M11)
interface IDelegation is IMandates {
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
}
