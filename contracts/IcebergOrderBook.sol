// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIcebergOrderBook} from "../interfaces/IIcebergOrderBook.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {ITradingVenue} from "../interfaces/IVenue.sol";
import {FrameWord} from "./libraries/FrameWord.sol";
import {LevelQueue} from "./libraries/LevelQueue.sol";
import {OrderBookViews} from "./libraries/OrderBookViews.sol";
import {OrderWord} from "./libraries/OrderWord.sol";
import {PositionWord} from "./libraries/PositionWord.sol";

/// @title Continuous order book per delivery frame, price-time priority, iceberg orders
/// @notice Rules B1-B6, M2, M3, M8, M13. What the functions promise stands in {IIcebergOrderBook}.
contract IcebergOrderBook is OrderBookViews {
    /* IMMUTABLES */

    /// @notice Least quantity and least peak of an order [Wh].
    uint32 public immutable minimumQuantityWh;
    /// @notice Least lock of an order [micro].
    uint64 public immutable minimumLockMicro;

    /* CONSTRUCTOR */

    /// @param registry_ Pushes participants and roles.
    /// @param house_ The clearing house, whose clock and tick the book takes over.
    /// @param creditScoring_ Pushes demand factors.
    /// @param minimumQuantityWh_ Least quantity and least peak, above 0 [Wh].
    /// @param minimumLockMicro_ Least lock [micro].
    constructor(
        address registry_,
        ITradeSettlement house_,
        address creditScoring_,
        uint32 minimumQuantityWh_,
        uint64 minimumLockMicro_
    ) OrderBookViews(registry_, house_, creditScoring_) {
        require(minimumQuantityWh_ != 0, OrderBook_QuantityBelowMinimum(0, 1));
        minimumQuantityWh = minimumQuantityWh_;
        minimumLockMicro = minimumLockMicro_;
    }

    /* EXTERNAL: ORDERS */

    /// @inheritdoc IIcebergOrderBook
    function place(uint256 request) external returns (uint64 orderId, uint256 filledWh) {
        require(
            request >> OrderWord.REQUEST_BITS == 0 && OrderWord.sideIn(request) <= OrderWord.ASK,
            OrderBook_InvalidRequest(request)
        );
        uint256 account = _knownAccount(msg.sender);
        uint256 frameWord = _admit(request, account);
        (uint256 quantityWh, uint256 peakWh) = _quantities(request, account);
        uint256 lockTicks = FrameWord.lockTicks(frameWord, OrderWord.sideIn(request), OrderWord.tickIn(request));
        uint256 charged = _withoutMargin(account, _lockFor(quantityWh, lockTicks));
        if (
            FrameWord.crossing(frameWord, OrderWord.sideIn(request), OrderWord.tickIn(request)) != 0
                || OrderWord.isImmediate(request)
        ) return _sweep(request, frameWord, account, quantityWh, peakWh);
        _accounts[msg.sender] = charged;
        (uint256 id, uint256 newWord) =
            _rest(request, frameWord, _idIn(account), quantityWh, peakWh, peakWh == 0 ? quantityWh : peakWh, lockTicks);
        if (newWord != frameWord) _frames[OrderWord.frameIn(request)] = newWord;
        // Ids have 64 bits.
        return (uint64(id), 0);
    }

    /// @inheritdoc IIcebergOrderBook
    function cancel(uint64 orderId) external {
        uint256 account = _knownAccount(msg.sender);
        uint256 order = _restingOf(orderId, account);
        _orders[orderId] = 0;
        _accounts[msg.sender] = _withMargin(account, _lockMicro(order, OrderWord.remainingWh(order)));
        emit OrderCancelled(orderId | (OrderWord.remainingWh(order) << 64));
    }

    /// @inheritdoc IIcebergOrderBook
    function reduce(uint64 orderId, uint32 reductionWh) external {
        uint256 account = _knownAccount(msg.sender);
        uint256 order = _restingOf(orderId, account);
        _requireGateOpen(OrderWord.frameOf(orderId));
        uint256 remaining = OrderWord.remainingWh(order);
        require(
            reductionWh != 0 && uint256(reductionWh) + minimumQuantityWh <= remaining,
            OrderBook_InvalidReduction(orderId, reductionWh, remaining)
        );
        remaining -= reductionWh;
        uint256 visible = OrderWord.visibleWh(order);
        if (visible > remaining) visible = remaining;
        _orders[orderId] = OrderWord.withQuantities(order, remaining, visible);
        _accounts[msg.sender] = _withMargin(account, _lockMicro(order, reductionWh));
        emit OrderReduced(orderId | (uint256(reductionWh) << 64) | (visible << 96));
    }

    /// @inheritdoc IIcebergOrderBook
    function release(uint64[] calldata orderIds) external {
        for (uint256 i; i < orderIds.length; ++i) {
            uint64 orderId = orderIds[i];
            uint32 frame = OrderWord.frameOf(orderId);
            uint256 gateClosure = _gateClosure(frame);
            require(block.timestamp >= gateClosure, OrderBook_GateOpen(frame, gateClosure, block.timestamp));
            uint256 order = _resting(orderId);
            if (order == 0) continue;
            uint256 remaining = OrderWord.remainingWh(order);
            address owner = _ownerOf[OrderWord.makerOf(order)];
            _orders[orderId] = 0;
            _accounts[owner] = _withMargin(_accounts[owner], _lockMicro(order, remaining));
            emit OrderCancelled(orderId | (remaining << 64));
        }
    }

    /* EXTERNAL: OPERATOR */

    /// @inheritdoc IIcebergOrderBook
    function setFramePaused(uint32 frame, bool paused) external onlyRole(OPERATOR) {
        uint256 word = _openFrame(frame);
        _frames[frame] = paused ? word | FrameWord.PAUSED : word & ~FrameWord.PAUSED;
        emit FramePaused(frame, paused);
    }

    /// @inheritdoc IIcebergOrderBook
    function refuseTrades(uint32 frame, uint256[] calldata entries) external onlyRole(OPERATOR) {
        uint256 word = _openFrame(frame);
        uint256 opens = _gateClosure(frame);
        uint256 closes = _refusalDeadline(frame);
        require(
            block.timestamp >= opens && block.timestamp < closes,
            OrderBook_OutsideRefusalWindow(frame, opens, closes, block.timestamp)
        );
        word = _folded(frame, word);
        for (uint256 i; i < entries.length; ++i) {
            // Below zero is impossible: no more is refused than positions hold, and those hold what was traded.
            word = FrameWord.withTraded(word, FrameWord.tradedWh(word) - _refuse(frame, word, entries[i]));
        }
        _frames[frame] = word;
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

    /* PRIVATE: PLACING */

    /// @dev Whether the order may be placed now: its owner, kind, frame and price.
    /// @return frameWord The frame's word.
    function _admit(uint256 request, uint256 account) private view returns (uint256 frameWord) {
        require(_statusIn(account) == 0, OrderBook_Suspended(_idIn(account), _statusIn(account)));
        require(
            OrderWord.isKindValid(request), OrderBook_InvalidKind(OrderWord.kindIn(request), OrderWord.peakIn(request))
        );
        require(OrderWord.maxFillsIn(request) != 0, OrderBook_ZeroMaxFills());
        uint32 frame = OrderWord.frameIn(request);
        frameWord = _openFrame(frame);
        require(frameWord & FrameWord.PAUSED == 0, OrderBook_FramePaused(frame));
        _requireGateOpen(frame);
        uint256 tick = OrderWord.tickIn(request);
        require(tick <= OrderWord.HIGHEST_TICK, OrderBook_TickOutOfRange(tick, OrderWord.HIGHEST_TICK));
    }

    /// @dev Quantity and peak, cut to what a penalised buyer may demand (RET), and checked, with the price step.
    function _quantities(uint256 request, uint256 account) private view returns (uint256 quantityWh, uint256 peakWh) {
        quantityWh = OrderWord.quantityIn(request);
        peakWh = OrderWord.peakIn(request);
        if (_factorIn(account) != FULL_FACTOR_BPS && OrderWord.sideIn(request) == OrderWord.BID) {
            quantityWh = quantityWh * _factorIn(account) / FULL_FACTOR_BPS;
            if (peakWh > quantityWh) peakWh = quantityWh;
        }
        uint256 minimum = minimumQuantityWh;
        require(quantityWh >= minimum, OrderBook_QuantityBelowMinimum(quantityWh, minimum));
        if (OrderWord.peakIn(request) != 0) {
            require(
                peakWh <= quantityWh && peakWh >= minimum && peakWh * 32 >= quantityWh,
                OrderBook_InvalidPeak(peakWh, quantityWh, minimum)
            );
        }
        uint256 step = OrderWord.stepIn(request);
        require(step == 0 || (peakWh != 0 && step <= OrderWord.HIGHEST_TICK), OrderBook_InvalidPriceStep(step));
    }

    /// @dev What the whole order locks at its limit (M2).
    function _lockFor(uint256 quantityWh, uint256 lockTicks) private view returns (uint256 lockMicro) {
        // 32 bits of energy, 9 of lock, 64 of tick value.
        unchecked {
            lockMicro = quantityWh * lockTicks * _tickMicroPerWh;
        }
        require(lockMicro >= minimumLockMicro, OrderBook_LockBelowMinimum(lockMicro, minimumLockMicro));
    }

    /// @dev Lets an order that crosses, or may not rest, meet the book; then its rest rests or returns.
    function _sweep(uint256 request, uint256 frameWord, uint256 account, uint256 quantityWh, uint256 peakWh)
        private
        returns (uint64 orderId, uint256 filledWh)
    {
        uint256 sizeWh = peakWh == 0 ? quantityWh : peakWh;
        Sweep memory sweep = Sweep({
            takerId: _idIn(account),
            frame: OrderWord.frameIn(request),
            side: OrderWord.sideIn(request),
            tick: OrderWord.tickIn(request),
            sliceWh: sizeWh,
            hiddenWh: quantityWh - sizeWh,
            sizeWh: sizeWh,
            peakWh: peakWh,
            stepTicks: OrderWord.stepIn(request),
            visits: OrderWord.maxFillsIn(request),
            frameWord: frameWord,
            valueWhTicks: 0,
            lockWhTicks: 0
        });
        uint256 kind = OrderWord.kindIn(request);
        uint256 reason;
        if (kind == OrderWord.POST_ONLY) _skipCancelled(sweep);
        else reason = _take(sweep);
        uint256 restWh = sweep.sliceWh + sweep.hiddenWh;
        filledWh = quantityWh - restWh;
        uint256 spentMicro = filledWh == 0 ? 0 : _bookTaker(sweep, filledWh);
        if (restWh != 0) {
            require(kind != OrderWord.FOK, OrderBook_NotFilled(quantityWh, filledWh));
            if (kind == OrderWord.IOC) reason = REASON_IOC;
            if (reason == 0) {
                uint256 lockTicks = FrameWord.lockTicks(frameWord, sweep.side, sweep.tick);
                spentMicro += restWh * lockTicks * _tickMicroPerWh;
                uint256 id;
                (id, sweep.frameWord) = _rest(
                    OrderWord.withTick(request, sweep.tick),
                    sweep.frameWord,
                    sweep.takerId,
                    restWh,
                    peakWh,
                    sweep.sliceWh,
                    lockTicks
                );
                // Ids have 64 bits.
                orderId = uint64(id);
            } else {
                emit RestReturned(sweep.frame | (sweep.takerId << 32) | (restWh << 64) | (reason << 96));
            }
        }
        if (spentMicro != 0) _accounts[msg.sender] = _withoutMargin(account, spentMicro);
        if (sweep.frameWord != frameWord) _frames[sweep.frame] = sweep.frameWord;
    }

    /// @dev Enters a finished sweep's trades in its owner's position.
    /// @return spentMicro What they took from the margin: a buyer's value and fees, a seller's lock.
    function _bookTaker(Sweep memory sweep, uint256 filledWh) private returns (uint256 spentMicro) {
        // 40 bits of energy, 9 of price, fees or lock, 64 of tick value.
        unchecked {
            uint256 valueMicro = sweep.valueWhTicks * _tickMicroPerWh;
            if (sweep.side == OrderWord.BID) {
                _book(sweep.frame, sweep.takerId, PositionWord.purchase(filledWh, valueMicro));
                return valueMicro + filledWh * FrameWord.feeTicks(sweep.frameWord) * _tickMicroPerWh;
            }
            uint256 lockTicks = FrameWord.lockTicks(sweep.frameWord, OrderWord.ASK, sweep.tick);
            spentMicro = (sweep.lockWhTicks + (sweep.sizeWh - sweep.sliceWh) * lockTicks) * _tickMicroPerWh;
            _book(sweep.frame, sweep.takerId, PositionWord.sale(filledWh, valueMicro, spentMicro));
        }
    }

    /// @dev Queues an order, or what is left of one, at the request's tick. Its lock has left the margin already.
    /// @return orderId Its id.
    /// @return newWord The frame's word with its level.
    function _rest(
        uint256 request,
        uint256 frameWord,
        uint256 makerId,
        uint256 restWh,
        uint256 peakWh,
        uint256 visibleWh,
        uint256 lockTicks
    ) private returns (uint256 orderId, uint256 newWord) {
        (uint256 side, uint256 tick) = (OrderWord.sideIn(request), OrderWord.tickIn(request));
        uint256 levelKey = OrderWord.levelKey(OrderWord.frameIn(request), side, tick);
        uint256 level = _queue.levels[levelKey];
        uint256 index = LevelQueue.tail(level);
        // A side is 0 or 1, a tick at most 191.
        require(
            index < LevelQueue.MAX_ARRIVALS, OrderBook_LevelFull(OrderWord.frameIn(request), uint8(side), uint8(tick))
        );
        _queue.levels[levelKey] = LevelQueue.withArrival(level);
        orderId = OrderWord.id(levelKey, index);
        uint256 step = OrderWord.stepIn(request);
        _orders[orderId] = OrderWord.pack(makerId, restWh, peakWh, visibleWh, step, lockTicks);
        newWord = FrameWord.hasLevel(frameWord, tick) ? frameWord : FrameWord.withLevel(frameWord, side, tick);
        emit OrderPlaced(orderId | (makerId << 64) | (restWh << 96) | (peakWh << 128) | (visibleWh << 160)
                | (step << 192));
    }

    /* PRIVATE: ORDERS */

    /// @dev The word of a resting order of the account's owner; reverts otherwise.
    function _restingOf(uint64 orderId, uint256 account) private view returns (uint256 order) {
        order = _resting(orderId);
        require(order != 0, OrderBook_NotResting(orderId));
        uint32 makerId = OrderWord.makerOf(order);
        require(makerId == _idIn(account), OrderBook_NotOwner(orderId, makerId, _idIn(account)));
    }

    /// @dev Lock of a part of an order.
    function _lockMicro(uint256 order, uint256 energyWh) private view returns (uint256) {
        // It was part of a margin below 2^96 micro-units.
        unchecked {
            return energyWh * OrderWord.lockTicksOf(order) * _tickMicroPerWh;
        }
    }

    /* PRIVATE: FRAMES */

    function _openFrame(uint32 frame) private view returns (uint256 word) {
        word = _frames[frame];
        require(word != 0, OrderBook_FrameNotOpen(frame));
    }

    function _requireGateOpen(uint32 frame) private view {
        uint256 gateClosure = _gateClosure(frame);
        require(block.timestamp < gateClosure, OrderBook_GateClosed(frame, gateClosure, block.timestamp));
    }

    /// @dev Takes one refused trade out of both positions and pays the buyer back (M8).
    /// @return energyWh What was refused [Wh].
    function _refuse(uint32 frame, uint256 word, uint256 entry) private returns (uint256 energyWh) {
        (uint32 buyerId, uint32 sellerId) = (uint32(entry), uint32(entry >> 32));
        energyWh = uint32(entry >> 64);
        uint256 tick = entry >> 96;
        uint256 valueMicro = energyWh * (tick & 0xff) * _tickMicroPerWh;
        (bool bought, uint256 purchase) = PositionWord.withoutPurchase(_position(frame, buyerId), energyWh, valueMicro);
        (bool sold, uint256 sale) = PositionWord.withoutSale(
            _position(frame, sellerId), energyWh, valueMicro, FrameWord.cap(word) * _tickMicroPerWh
        );
        require(
            tick <= OrderWord.HIGHEST_TICK && energyWh != 0 && buyerId != sellerId && bought && sold,
            OrderBook_InvalidRefusal(frame, buyerId, sellerId, energyWh, tick)
        );
        if (PositionWord.soldWh(sale) == 0) {
            // The frame can become final without a settlement of this seller: nothing of its money may wait for one (M13).
            uint256 leftMicro;
            (leftMicro, sale) = PositionWord.withoutMoney(sale);
            address seller = _ownerOf[sellerId];
            _accounts[seller] = _withMargin(_accounts[seller], leftMicro);
        }
        _positions[PositionWord.key(frame, buyerId)] = purchase;
        _positions[PositionWord.key(frame, sellerId)] = sale;
        address buyer = _ownerOf[buyerId];
        uint256 feesMicro = energyWh * FrameWord.feeTicks(word) * _tickMicroPerWh;
        _accounts[buyer] = _withMargin(_accounts[buyer], valueMicro + feesMicro);
        // The tick was compared above.
        emit TradeRefused(frame, buyerId, sellerId, uint32(energyWh), uint8(tick));
    }
}
