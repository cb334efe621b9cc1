// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICreditScoring} from "../../interfaces/ICreditScoring.sol";
import {IMandates} from "../../interfaces/IMandates.sol";
import {TradingVenue} from "./TradingVenue.sol";

/// @title Mandates of consumers for exchanges (M11), and the exchanges' quota (RET)
/// @notice Base of venues at which exchanges act for consumers.
abstract contract Mandates is IMandates, TradingVenue {
    /* CONSTANTS */

    uint256 internal constant EXCHANGE = 4;

    uint256 private constant _QUANTITY_SHIFT = 32;
    uint256 private constant _BID_SHIFT = 64;
    uint256 private constant _ASK_SHIFT = 72;
    uint256 private constant _FRAME_SHIFT = 80;

    /* STORAGE */

    mapping(uint256 consumerId => uint256 mandate) internal _mandates;

    /* EXTERNAL */

    /// @inheritdoc IMandates
    function nameExchange(
        uint32 exchangeId,
        uint32 maxQuantityWh,
        uint8 highestBidTick,
        uint8 lowestAskTick,
        uint32 lastFrame
    ) external {
        uint256 account = _knownAccount(msg.sender);
        uint256 mandate;
        if (exchangeId != 0) {
            mandate = exchangeId | (uint256(maxQuantityWh) << _QUANTITY_SHIFT) | (uint256(highestBidTick) << _BID_SHIFT)
                | (uint256(lowestAskTick) << _ASK_SHIFT) | (uint256(lastFrame) << _FRAME_SHIFT);
        }
        _setMandate(account, mandate);
        emit ExchangeNamed(_idIn(account), mandate);
    }

    /// @inheritdoc IMandates
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

    /// @dev Keeps the caller's new mandate; a venue may keep what it needs of it elsewhere, too.
    function _setMandate(uint256 account, uint256 mandate) internal virtual {
        _mandates[_idIn(account)] = mandate;
    }

    /// @dev Whether a mandate names an exchange, within whatever limits.
    function _names(uint256 mandate, uint256 exchangeId) internal pure returns (bool) {
        return uint32(mandate) == exchangeId;
    }

    /// @dev Whether an order is within a mandate's limits.
    /// @param ask Whether it sells.
    function _allows(uint256 mandate, uint256 frame, bool ask, uint256 tick, uint256 quantityWh)
        internal
        pure
        returns (bool)
    {
        bool priced = ask ? tick >= uint8(mandate >> _ASK_SHIFT) : tick <= uint8(mandate >> _BID_SHIFT);
        return priced && quantityWh <= uint32(mandate >> _QUANTITY_SHIFT) && frame <= mandate >> _FRAME_SHIFT;
    }

    /// @dev How many of this many entries an exchange may submit (eq. 4.4).
    function _quota(uint32 exchangeId, uint256 entries) internal view returns (uint256) {
        return ICreditScoring(creditScoring).requestQuota(exchangeId, entries);
    }
}
