// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {FrameClock} from "./FrameClock.sol";
import {FrameWord} from "./FrameWord.sol";
import {LevelQueue} from "./LevelQueue.sol";
import {OrderBookViews} from "./OrderBookViews.sol";
import {OrderWord} from "./OrderWord.sol";
import {PositionWord} from "./PositionWord.sol";

/// @title Placing in the continuous book, whoever sends the order
/// @notice Checks, matching and resting of one order (B1-B6, M2, M3), in the order of {IIcebergOrderBook-place}.
abstract contract OrderBookPlacing is OrderBookViews {
    /* IMMUTABLES */

    /// @notice Least quantity and least peak of an order [Wh].
    uint32 public immutable minimumQuantityWh;
    /// @notice Least lock of an order [micro].
    uint64 public immutable minimumLockMicro;

    /* CONSTRUCTOR */

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

    /* INTERNAL */

    /// @dev Places an order for its owner.
    /// @return orderId Id of what rests, 0 when nothing does.
    /// @return filledWh Energy traded at once.
    function _place(uint256 request, address owner) internal returns (uint64 orderId, uint256 filledWh) {
        Account storage slot = _accounts[owner];
        uint256 account = slot.word;
        // One test of all that most orders and most owners have not.
        uint256 unusual = OrderWord.unusualBits(request) | _irregularities(account);
        if (OrderWord.besidesSlices(unusual) != 0) _admit(request, owner, account);
        uint256 frameWord = _tradable(request);
        uint256 quantityWh = OrderWord.quantityIn(request);
        uint256 peakWh;
        if (unusual != 0) {
            (quantityWh, peakWh) = _quantities(request, account);
        } else if (quantityWh < minimumQuantityWh) {
            revert OrderBook_QuantityBelowMinimum(quantityWh, minimumQuantityWh);
        }
        uint256 lockTicks = FrameWord.lockTicks(frameWord, OrderWord.sideIn(request), OrderWord.tickIn(request));
        uint256 lockMicro = _lockFor(account, quantityWh, lockTicks);
        uint256 tick = FrameWord.crossing(frameWord, OrderWord.sideIn(request), OrderWord.tickIn(request));
        if (unusual != 0) {
            if (tick == FrameWord.NONE ? OrderWord.isImmediate(request) : !OrderWord.isPlainTaker(request)) {
                return _sweep(
                    _sweepOf(request, _idIn(account), frameWord, quantityWh, peakWh),
                    request,
                    slot,
                    account,
                    frameWord,
                    quantityWh
                );
            }
        }
        if (tick != FrameWord.NONE) return _trade(request, slot, account, frameWord, tick, quantityWh, lockMicro);
        slot.word = _charged(account, lockMicro);
        (uint256 id, uint256 newWord) =
            _rest(request, frameWord, _idIn(account), quantityWh, peakWh, peakWh == 0 ? quantityWh : peakWh, lockTicks);
        if (newWord != frameWord) _frames[OrderWord.frameIn(request)] = newWord;
        // Ids have 64 bits.
        return (uint64(id), 0);
    }

    function _openFrame(uint32 frame) internal view returns (uint256 word) {
        word = _frames[frame];
        require(word != 0, OrderBook_FrameNotOpen(frame));
    }

    function _requireGateOpen(uint32 frame) internal view {
        // A sum of two times.
        unchecked {
            if (block.timestamp + gateClosureLeadSeconds >= FrameClock.start(frame, frameSeconds)) {
                revert OrderBook_GateClosed(frame, _gateClosure(frame), block.timestamp);
            }
        }
    }

    /// @dev Lock of a part of an order.
    function _lockMicro(uint256 order, uint256 energyWh) internal view returns (uint256) {
        // It was part of a margin below 2^96 micro-units.
        unchecked {
            return energyWh * OrderWord.lockTicksOf(order) * _tickMicroPerWh;
        }
    }

    /* PRIVATE: CHECKS */

    /// @dev Whether such an order of such an owner may be placed at all.
    function _admit(uint256 request, address owner, uint256 account) private pure {
        require(OrderWord.isWellFormed(request), OrderBook_InvalidRequest(request));
        require(account != 0, Venue_NotRegistered(owner));
        require(_statusIn(account) == 0, OrderBook_Suspended(_idIn(account), _statusIn(account)));
        require(
            OrderWord.isKindValid(request), OrderBook_InvalidKind(OrderWord.kindIn(request), OrderWord.peakIn(request))
        );
    }

    /// @dev Whether it may be placed now: visits, frame and price.
    /// @return frameWord The frame's word.
    function _tradable(uint256 request) private view returns (uint256 frameWord) {
        if (OrderWord.maxFillsIn(request) == 0) revert OrderBook_ZeroMaxFills();
        uint32 frame = OrderWord.frameIn(request);
        frameWord = _frames[frame];
        if (!FrameWord.isTradable(frameWord)) {
            require(frameWord != 0, OrderBook_FrameNotOpen(frame));
            require(frameWord & FrameWord.PAUSED == 0, OrderBook_FramePaused(frame));
        }
        _requireGateOpen(frame);
        uint256 tick = OrderWord.tickIn(request);
        if (tick > OrderWord.HIGHEST_TICK) revert OrderBook_TickOutOfRange(tick, OrderWord.HIGHEST_TICK);
    }

    /// @dev Quantity and peak, cut to what a penalised buyer may demand (RET), and checked, with the price step.
    function _quantities(uint256 request, uint256 account) private view returns (uint256 quantityWh, uint256 peakWh) {
        quantityWh = OrderWord.quantityIn(request);
        peakWh = OrderWord.peakIn(request);
        uint256 minimum = minimumQuantityWh;
        uint256 factor = _factorIn(account);
        // 32 bits of energy, 16 of factor, at most 32 slices.
        unchecked {
            if (factor != FULL_FACTOR_BPS && OrderWord.sideIn(request) == OrderWord.BID) {
                quantityWh = quantityWh * factor / FULL_FACTOR_BPS;
                if (peakWh > quantityWh) peakWh = quantityWh;
            }
            if (quantityWh < minimum) revert OrderBook_QuantityBelowMinimum(quantityWh, minimum);
            uint256 highestStep;
            if (OrderWord.peakIn(request) != 0) {
                if (peakWh > quantityWh || peakWh < minimum || peakWh * 32 < quantityWh) {
                    revert OrderBook_InvalidPeak(peakWh, quantityWh, minimum);
                }
                highestStep = OrderWord.HIGHEST_TICK;
            }
            uint256 step = OrderWord.stepIn(request);
            if (step > highestStep) revert OrderBook_InvalidPriceStep(step);
        }
    }

    /// @dev What the whole order locks at its limit (M2), which the margin holds.
    function _lockFor(uint256 account, uint256 quantityWh, uint256 lockTicks) private view returns (uint256 lockMicro) {
        // 32 bits of energy, 9 of lock, 16 of tick value.
        unchecked {
            lockMicro = quantityWh * lockTicks * _tickMicroPerWh;
        }
        if (lockMicro < minimumLockMicro) revert OrderBook_LockBelowMinimum(lockMicro, minimumLockMicro);
        if (lockMicro > _marginIn(account)) {
            revert Venue_InsufficientMargin(_idIn(account), lockMicro, _marginIn(account));
        }
    }

    /* PRIVATE: TRADING */

    /// @dev Lets an order in one piece meet the book, whose best level it crosses.
    /// @param tick The best level.
    /// @param lockMicro What the whole order locks at its limit [micro].
    function _trade(
        uint256 request,
        Account storage slot,
        uint256 account,
        uint256 frameWord,
        uint256 tick,
        uint256 quantityWh,
        uint256 lockMicro
    ) private returns (uint64 orderId, uint256 filledWh) {
        (uint256 restWh, uint256 visits, uint256 word) =
            _takePlain(request, _idIn(account), frameWord, tick, quantityWh);
        // 32 bits of energy, 8 of price; the rest is at most the quantity.
        unchecked {
            if (restWh != 0) {
                Sweep memory sweep = _sweepOf(request, _idIn(account), word, quantityWh, 0);
                sweep.sliceWh = restWh;
                sweep.visits = visits;
                sweep.valueWhTicks = (quantityWh - restWh) * tick;
                return _sweep(sweep, request, slot, account, frameWord, quantityWh);
            }
            if (word != frameWord) _frames[OrderWord.frameIn(request)] = word;
            slot.word =
                _charged(account, _bookTaker(request, _idIn(account), word, quantityWh, quantityWh * tick, lockMicro));
        }
        return (0, quantityWh);
    }

    /// @dev An order before it meets the book.
    function _sweepOf(uint256 request, uint256 takerId, uint256 frameWord, uint256 quantityWh, uint256 peakWh)
        private
        pure
        returns (Sweep memory sweep)
    {
        uint256 sizeWh = peakWh == 0 ? quantityWh : peakWh;
        sweep.takerId = takerId;
        sweep.frame = OrderWord.frameIn(request);
        sweep.side = OrderWord.sideIn(request);
        sweep.tick = OrderWord.tickIn(request);
        sweep.sliceWh = sizeWh;
        sweep.hiddenWh = quantityWh - sizeWh;
        sweep.sizeWh = sizeWh;
        sweep.peakWh = peakWh;
        sweep.stepTicks = OrderWord.stepIn(request);
        sweep.visits = OrderWord.maxFillsIn(request);
        sweep.frameWord = frameWord;
    }

    /// @dev Lets what is left of an order, or one of slices, meet the book; then its rest rests or returns.
    /// @param frameWord The frame's word as it is stored.
    /// @param quantityWh Of the whole order [Wh].
    function _sweep(
        Sweep memory sweep,
        uint256 request,
        Account storage slot,
        uint256 account,
        uint256 frameWord,
        uint256 quantityWh
    ) private returns (uint64 orderId, uint256 filledWh) {
        uint256 kind = OrderWord.kindIn(request);
        uint256 reason;
        if (kind == OrderWord.POST_ONLY) _skipCancelled(sweep);
        else reason = _take(sweep);
        uint256 restWh = sweep.sliceWh + sweep.hiddenWh;
        filledWh = quantityWh - restWh;
        uint256 spentMicro = filledWh == 0 ? 0 : _bookTaken(sweep, request, filledWh);
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
                    sweep.peakWh,
                    sweep.sliceWh,
                    lockTicks
                );
                // Ids have 64 bits.
                orderId = uint64(id);
            } else {
                emit RestReturned(sweep.frame | (sweep.takerId << 32) | (restWh << 64) | (reason << 96));
            }
        }
        if (spentMicro != 0) slot.word = _charged(account, spentMicro);
        if (sweep.frameWord != frameWord) _frames[sweep.frame] = sweep.frameWord;
    }

    /// @dev Enters a finished sweep's trades in its owner's position.
    /// @return spentMicro What they took from the margin.
    function _bookTaken(Sweep memory sweep, uint256 request, uint256 filledWh) private returns (uint256 spentMicro) {
        // 40 bits of energy, 9 of lock, 16 of tick value.
        unchecked {
            uint256 lockTicks = FrameWord.lockTicks(sweep.frameWord, sweep.side, sweep.tick);
            uint256 lockMicro = (sweep.lockWhTicks + (sweep.sizeWh - sweep.sliceWh) * lockTicks) * _tickMicroPerWh;
            return _bookTaker(request, sweep.takerId, sweep.frameWord, filledWh, sweep.valueWhTicks, lockMicro);
        }
    }

    /// @dev Enters an order's trades in its owner's position.
    /// @param lockMicro What a seller locks for them [micro].
    /// @return spentMicro What they take from the margin: a buyer's value and fees, a seller's lock. It is at most what the whole order
    /// locks at its limit, which the margin was found to hold: nothing trades at a worse price, and a step of an iceberg locks no more.
    function _bookTaker(
        uint256 request,
        uint256 takerId,
        uint256 frameWord,
        uint256 filledWh,
        uint256 valueWhTicks,
        uint256 lockMicro
    ) private returns (uint256 spentMicro) {
        uint256 added;
        // 32 bits of energy, 9 of price or fees, 16 of tick value.
        unchecked {
            uint256 valueMicro = valueWhTicks * _tickMicroPerWh;
            if (OrderWord.sideIn(request) == OrderWord.BID) {
                added = PositionWord.purchase(filledWh, valueMicro);
                spentMicro = valueMicro + filledWh * FrameWord.feeTicks(frameWord) * _tickMicroPerWh;
            } else {
                spentMicro = lockMicro;
                added = PositionWord.sale(filledWh, valueMicro, spentMicro);
            }
        }
        _book(OrderWord.frameIn(request), takerId, added);
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
        LevelQueue.Level storage slot = _queue.levels[levelKey];
        uint256 level = slot.word;
        uint256 index = LevelQueue.tail(level);
        // A side is 0 or 1, a tick at most 191.
        require(
            index < LevelQueue.MAX_ARRIVALS, OrderBook_LevelFull(OrderWord.frameIn(request), uint8(side), uint8(tick))
        );
        slot.word = LevelQueue.withArrival(level);
        orderId = OrderWord.id(levelKey, index);
        uint256 step = OrderWord.stepIn(request);
        _orders[orderId] = OrderWord.pack(makerId, restWh, peakWh, visibleWh, step, lockTicks);
        newWord = FrameWord.hasLevel(frameWord, tick) ? frameWord : FrameWord.withLevel(frameWord, side, tick);
        emit OrderPlaced(orderId | (makerId << 64) | (restWh << 96) | (peakWh << 128) | (visibleWh << 160)
                | (step << 192));
    }
}
