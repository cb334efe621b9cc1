// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICreditScoring} from "../../interfaces/ICreditScoring.sol";
import {IDelegation} from "../../interfaces/IDelegation.sol";
import {TradingVenue} from "./TradingVenue.sol";

/// @title Mandates of consumers for exchanges (M11), and the exchanges' quota (RET)
/// @notice Base of venues that take batches; what an entry is, and what it places, is the venue's.
abstract contract Delegation is IDelegation, TradingVenue {
    /* CONSTANTS */

    uint256 internal constant EXCHANGE = 4;

    uint256 private constant _QUANTITY_SHIFT = 32;
    uint256 private constant _BID_SHIFT = 64;
    uint256 private constant _ASK_SHIFT = 72;
    uint256 private constant _FRAME_SHIFT = 80;

    /* STORAGE */

    mapping(uint256 consumerId => uint256 mandate) private _mandates;

    /* MODIFIERS */

    modifier onlySelf() {
        require(msg.sender == address(this), Venue_NotSelf(msg.sender));
        _;
    }

    /* EXTERNAL */

    /// @inheritdoc IDelegation
    function nameExchange(
        uint32 exchangeId,
        uint32 maxQuantityWh,
        uint8 highestBidTick,
        uint8 lowestAskTick,
        uint32 lastFrame
    ) external {
        uint32 consumerId = _idIn(_knownAccount(msg.sender));
        uint256 mandate;
        if (exchangeId != 0) {
            mandate = exchangeId | (uint256(maxQuantityWh) << _QUANTITY_SHIFT) | (uint256(highestBidTick) << _BID_SHIFT)
                | (uint256(lowestAskTick) << _ASK_SHIFT) | (uint256(lastFrame) << _FRAME_SHIFT);
        }
        _mandates[consumerId] = mandate;
        emit ExchangeNamed(consumerId, mandate);
    }

    /// @inheritdoc IDelegation
    function mandateOf(uint32 consumerId)
        external
        view
        returns (uint32 exchangeId, uint32 maxQuantityWh, uint8 highestBidTick, uint8 lowestAskTick, uint32 lastFrame)
    {
        uint256 mandate = _mandates[consumerId];
        // The fields are as wide as the results.
        exchangeId = uint32(mandate);
        maxQuantityWh = uint32(mandate >> _QUANTITY_SHIFT);
        highestBidTick = uint8(mandate >> _BID_SHIFT);
        lowestAskTick = uint8(mandate >> _ASK_SHIFT);
        lastFrame = uint32(mandate >> _FRAME_SHIFT);
    }

    /* INTERNAL */

    /// @dev Whether a consumer named an exchange, within whatever limits.
    function _isMandated(uint32 consumerId, uint32 exchangeId) internal view returns (bool) {
        return uint32(_mandates[consumerId]) == exchangeId;
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
        require(_isMandated(consumerId, exchangeId), Venue_NotMandated(consumerId, exchangeId));
        uint256 mandate = _mandates[consumerId];
        bool priced = ask ? tick >= uint8(mandate >> _ASK_SHIFT) : tick <= uint8(mandate >> _BID_SHIFT);
        require(
            priced && quantityWh <= uint32(mandate >> _QUANTITY_SHIFT) && frame <= mandate >> _FRAME_SHIFT,
            Venue_OutsideMandate(consumerId, mandate)
        );
    }

    /// @dev Entries of a batch that an exchange may submit (eq. 4.4).
    function _quota(uint32 exchangeId, uint256 entries) internal view returns (uint256) {
        return ICreditScoring(creditScoring).requestQuota(exchangeId, entries);
    }

    /// @dev Logs that an entry failed with the given revert data.
    function _skip(uint256 entry, bytes memory failure) internal {
        // All errors of a venue have names: nothing at all is what a call leaves that ran out of gas.
        require(failure.length != 0, Venue_OutOfGas(entry));
        emit EntrySkipped(entry, bytes4(failure));
    }
}
