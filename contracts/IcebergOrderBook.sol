// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIcebergOrderBook} from "../interfaces/IIcebergOrderBook.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {ITradingVenue} from "../interfaces/IVenue.sol";
import {FrameWord} from "./libraries/FrameWord.sol";
import {OrderBookBatches} from "./libraries/OrderBookBatches.sol";
import {OrderBookPlacing} from "./libraries/OrderBookPlacing.sol";
import {OrderWord} from "./libraries/OrderWord.sol";

/// @title Continuous order book per delivery frame, price-time priority, iceberg orders
/// @notice Rules B1-B6, M2, M3, M8, M13. What the functions promise stands in {IIcebergOrderBook}.
contract IcebergOrderBook is OrderBookBatches {
    /* CONSTRUCTOR */

    /// @param registry_ Pushes participants and roles.
    /// @param house_ The clearing house, whose clock and tick the book takes over.
    /// @param creditScoring_ Tells exchanges' quotas.
    /// @param minimumQuantityWh_ Least quantity and least peak, above 0 [Wh].
    /// @param minimumLockMicro_ Least lock [micro].
    constructor(
        address registry_,
        ITradeSettlement house_,
        address creditScoring_,
        uint32 minimumQuantityWh_,
        uint64 minimumLockMicro_
    ) OrderBookPlacing(registry_, house_, creditScoring_, minimumQuantityWh_, minimumLockMicro_) {}

    /* EXTERNAL: ORDERS */

    /// @inheritdoc IIcebergOrderBook
    function place(uint144 request) external returns (uint64 orderId, uint256 filledWh) {
        return _place(request, msg.sender);
    }

    /// @inheritdoc IIcebergOrderBook
    function cancel(uint64 orderId) external {
        (Account storage slot, uint256 account) = _knownSlot(msg.sender);
        (uint256 order, uint256 takenWh) = _restingOf(orderId, account);
        _clear(orderId, takenWh);
        slot.word = _withMargin(account, _lockMicro(order, OrderWord.remainingWh(order)));
        emit OrderCancelled(orderId | (OrderWord.remainingWh(order) << 64));
    }

    /// @inheritdoc IIcebergOrderBook
    function reduce(uint64 orderId, uint32 reductionWh) external {
        (Account storage slot, uint256 account) = _knownSlot(msg.sender);
        (uint256 order, uint256 takenWh) = _restingOf(orderId, account);
        _requireGateOpen(OrderWord.frameOf(orderId));
        uint256 remaining = OrderWord.remainingWh(order);
        require(
            reductionWh != 0 && uint256(reductionWh) + minimumQuantityWh <= remaining,
            OrderBook_InvalidReduction(orderId, reductionWh, remaining)
        );
        remaining -= reductionWh;
        uint256 visible = OrderWord.visibleWh(order);
        if (visible > remaining) visible = remaining;
        // 32 bits each, and the level goes on to remember what was taken.
        unchecked {
            _orders[orderId] = OrderWord.withQuantities(order, remaining + takenWh, visible + takenWh);
        }
        slot.word = _withMargin(account, _lockMicro(order, reductionWh));
        emit OrderReduced(orderId | (uint256(reductionWh) << 64) | (visible << 96));
    }

    /// @inheritdoc IIcebergOrderBook
    function release(uint64[] calldata orderIds) external {
        for (uint256 i; i < orderIds.length; ++i) {
            uint64 orderId = orderIds[i];
            uint32 frame = OrderWord.frameOf(orderId);
            uint256 gateClosure = _gateClosure(frame);
            require(block.timestamp >= gateClosure, OrderBook_GateOpen(frame, gateClosure, block.timestamp));
            (uint256 order,) = _resting(orderId);
            if (order == 0) continue;
            _cancel(orderId, order, 0, _ownerOf[OrderWord.makerOf(order)]);
        }
    }

    /* EXTERNAL: OPERATOR */

    /// @inheritdoc IIcebergOrderBook
    function setFramePaused(uint32 frame, bool paused) external onlyRole(OPERATOR) {
        uint256 word = _openFrame(frame);
        _frames[frame] = paused ? word | FrameWord.PAUSED : word & ~FrameWord.PAUSED;
        emit FramePaused(frame, paused);
    }

    /// @inheritdoc IPositionVenue
    function refuseTrades(uint32 frame, uint256[] calldata entries) external onlyRole(OPERATOR) {
        uint256 word = _openFrame(frame);
        uint256 refusedWh = _refuse(frame, entries, FrameWord.cap(word), FrameWord.feeTicks(word));
        word = _folded(frame, word);
        // Below zero is impossible: no more is refused than positions held, and those held what was traded.
        _frames[frame] = FrameWord.withTraded(word, FrameWord.tradedWh(word) - refusedWh);
    }

    /* EXTERNAL: PUSHED STATE */

    /// @inheritdoc ITradingVenue
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external onlyHouse {
        require(_frames[frame] == 0, OrderBook_FrameAlreadyOpen(frame));
        _frames[frame] = FrameWord.open(capTick, feeTicks);
        emit FrameOpened(frame, capTick, feeTicks);
    }

    /// @inheritdoc ITradingVenue
    function closeFrame(uint32 frame) external onlyHouse returns (uint256 tradedWh) {
        uint256 word = _folded(frame, _frames[frame]);
        _frames[frame] = word;
        return FrameWord.tradedWh(word);
    }

    /* PRIVATE: ORDERS */

    /// @dev A resting order of the account's owner as {_resting} tells it; reverts otherwise.
    function _restingOf(uint64 orderId, uint256 account) private view returns (uint256 order, uint256 takenWh) {
        (order, takenWh) = _resting(orderId);
        require(order != 0, OrderBook_NotResting(orderId));
        uint32 makerId = OrderWord.makerOf(order);
        require(makerId == _idIn(account), OrderBook_NotOwner(orderId, makerId, _idIn(account)));
    }
}
