// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDelegation} from "../../interfaces/IDelegation.sol";
import {Mandates} from "./Mandates.sol";

/// @title Batches of exchanges for consumers who named them (M11)
/// @notice Base of venues that take such batches; what an entry is, and what it places, is the venue's.
abstract contract Delegation is IDelegation, Mandates {
    /* MODIFIERS */

    modifier onlySelf() {
        require(msg.sender == address(this), Venue_NotSelf(msg.sender));
        _;
    }

    /* INTERNAL */

    /// @dev Whether a consumer named an exchange, within whatever limits.
    function _isMandated(uint32 consumerId, uint32 exchangeId) internal view returns (bool) {
        return _names(_mandates[consumerId], exchangeId);
    }

    /// @dev Makes sure that an exchange may place an order for a consumer.
    /// @param ask Whether it sells.
    function _requireMandate(
        uint32 consumerId,
        uint32 exchangeId,
        uint256 frame,
        bool ask,
        uint256 tick,
        uint256 quantityWh
    ) internal view {
        uint256 mandate = _mandates[consumerId];
        require(_names(mandate, exchangeId), Venue_NotMandated(consumerId, exchangeId));
        require(_allows(mandate, frame, ask, tick, quantityWh), Venue_OutsideMandate(consumerId, mandate));
    }

    /// @dev Logs that an entry failed with the given revert data.
    function _skip(uint256 entry, bytes memory failure) internal {
        // All errors of a venue have names: nothing at all is what a call leaves that ran out of gas.
        require(failure.length != 0, Venue_OutOfGas(entry));
        emit EntrySkipped(entry, bytes4(failure));
    }
}
