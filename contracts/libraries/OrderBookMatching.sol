// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIcebergOrderBook} from "../../interfaces/IIcebergOrderBook.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {FrameWord} from "./FrameWord.sol";
import {LevelQueue} from "./LevelQueue.sol";
import {OrderWord} from "./OrderWord.sol";
import {PositionVenue} from "./PositionVenue.sol";
import {PositionWord} from "./PositionWord.sol";
import {TradingVenue} from "./TradingVenue.sol";

/// @title Storage and matching of the continuous book
/// @notice Rules B1-B5 and M3. One word per order, level, frame and position; a fill writes the maker's position and nothing else of a
/// plain order that it uses up: the level's cursor passing it is the record.
abstract contract OrderBookMatching is IIcebergOrderBook, PositionVenue {
    using LevelQueue for LevelQueue.State;

    /* TYPES */

    /// @dev An incoming order on its way through the other side of the book.
    /// @param takerId Its owner.
    /// @param frame Delivery frame.
    /// @param side 0 buy, 1 sell.
    /// @param tick Limit of its present slice.
    /// @param sliceWh What is left of its present slice, 0 when all is filled [Wh].
    /// @param hiddenWh What is left behind its present slice [Wh].
    /// @param sizeWh Size with which the present slice began [Wh].
    /// @param peakWh Size of its slices, 0 when it is one piece [Wh].
    /// @param stepTicks Price step per slice.
    /// @param visits Resting orders that it may still visit.
    /// @param frameWord The frame's word as it stands now.
    /// @param valueWhTicks Value traded [Wh x ticks].
    /// @param lockWhTicks A seller's lock of the slices before the present one [Wh x ticks].
    struct Sweep {
        uint256 takerId;
        uint256 frame;
        uint256 side;
        uint256 tick;
        uint256 sliceWh;
        uint256 hiddenWh;
        uint256 sizeWh;
        uint256 peakWh;
        uint256 stepTicks;
        uint256 visits;
        uint256 frameWord;
        uint256 valueWhTicks;
        uint256 lockWhTicks;
    }

    /* CONSTANTS */

    uint256 internal constant REASON_IOC = 1;
    uint256 internal constant REASON_SELF_TRADE = 2;
    uint256 internal constant REASON_MAX_FILLS = 3;

    /// @dev A level that keeps orders may carry 32 bits of traded energy, so that 192 levels and this much stay below 2^40 together and closing
    /// a frame can never fail.
    uint256 private constant _MAX_FRAME_TRADED_WH = 64 << 32;

    /* STORAGE */

    mapping(uint256 orderId => uint256 word) internal _orders;
    LevelQueue.State internal _queue;
    mapping(uint256 frame => uint256 word) internal _frames;

    /* CONSTRUCTOR */

    constructor(address registry_, ITradeSettlement house_, address creditScoring_)
        TradingVenue(registry_, house_, creditScoring_)
    {}

    /* INTERNAL: MATCHING */

    /// @dev Trades an incoming order against the other side, best price first. O(visited orders), at most `visits`.
    /// @return reason 0 when it is filled or nothing crosses any more, else why its rest may not rest.
    function _take(Sweep memory sweep) internal returns (uint256 reason) {
        while (sweep.sliceWh != 0) {
            uint256 tick = FrameWord.crossing(sweep.frameWord, sweep.side, sweep.tick);
            if (tick == FrameWord.NONE) return 0;
            if (sweep.visits == 0) return REASON_MAX_FILLS;
            if (_takeLevel(sweep, tick)) return REASON_SELF_TRADE;
        }
    }

    /// @dev Makes sure that a post-only order would not trade: walks over cancelled orders, at most `visits`, and reverts at any other.
    function _skipCancelled(Sweep memory sweep) internal {
        while (true) {
            uint256 tick = FrameWord.crossing(sweep.frameWord, sweep.side, sweep.tick);
            if (tick == FrameWord.NONE) return;
            uint256 levelKey = OrderWord.levelKey(sweep.frame, sweep.side ^ 1, tick);
            uint256 level = _queue.levels[levelKey].word;
            do {
                (uint256 index, bool replenished) = _queue.head(levelKey, level, _ringFrames);
                uint256 orderId = OrderWord.id(levelKey, index);
                require(sweep.visits != 0 && _orders[orderId] == 0, OrderBook_WouldTrade(uint64(orderId)));
                sweep.visits--;
                level = LevelQueue.withoutHead(level, replenished);
            } while (!LevelQueue.isEmpty(level));
            (_queue.levels[levelKey].word, sweep.frameWord) = _emptied(sweep.frame, sweep.frameWord, tick, level);
        }
    }

    /// @dev Trades a plain incoming order against the plain orders at the head of the best level: most sweeps are no more, and none of
    /// this needs memory. It ends when the order is filled, its visits or the level are used up, or somebody stands there of whom {_take}
    /// knows more: an iceberg, a replenished slice, the owner itself. O(visited orders).
    /// @param tick The best level.
    /// @return restWh What is left of the order [Wh].
    /// @return visits Resting orders that it may still visit.
    /// @return word The frame's word.
    function _takePlain(uint256 request, uint256 takerId, uint256 frameWord, uint256 tick, uint256 quantityWh)
        internal
        returns (uint256 restWh, uint256 visits, uint256 word)
    {
        uint256 levelKey = OrderWord.levelKey(OrderWord.frameIn(request), OrderWord.sideIn(request) ^ 1, tick);
        LevelQueue.Level storage slot = _queue.levels[levelKey];
        uint256 level = slot.word;
        (restWh, visits, word) = (quantityWh, OrderWord.maxFillsIn(request), frameWord);
        while (LevelQueue.hasArrivalsOnly(level)) {
            uint256 orderId = OrderWord.id(levelKey, LevelQueue.next(level));
            uint256 order = _orders[orderId];
            if (OrderWord.peakWh(order) != 0) break;
            if (OrderWord.makerOf(order) == takerId) break;
            // A cancelled order is a word of 0, of which nothing was taken, and is passed over with an energy of 0.
            uint256 energyWh;
            unchecked {
                energyWh = OrderWord.visibleWh(order) - LevelQueue.takenWh(level);
            }
            if (restWh < energyWh) {
                energyWh = restWh;
                level = LevelQueue.withTaken(level, energyWh);
            } else {
                level = LevelQueue.withServed(level, energyWh);
            }
            if (energyWh != 0) _fill(takerId, orderId, order, energyWh);
            // The energy is at most the rest; a visit is left when the loop begins, and afterwards. The product is 0 when one of them is.
            unchecked {
                restWh -= energyWh;
                --visits;
                if (restWh * visits == 0) break;
            }
        }
        if (LevelQueue.isEmpty(level)) (level, word) = _emptied(OrderWord.frameIn(request), word, tick, level);
        if (LevelQueue.hasTradedTooMuch(level)) {
            _refuseSweep(OrderWord.frameIn(request), level, restWh != 0 && visits != 0);
        }
        slot.word = level;
    }

    /// @dev Clears a resting order's word and what its level remembers of it, which must not be taken off the next one at the head.
    /// @param takenWh What the level remembers as taken from it [Wh].
    function _clear(uint256 orderId, uint256 takenWh) internal {
        _orders[orderId] = 0;
        if (takenWh != 0) {
            LevelQueue.Level storage slot = _queue.levels[OrderWord.levelOf(orderId)];
            slot.word = LevelQueue.withoutTaken(slot.word);
        }
    }

    /* PRIVATE: ONE LEVEL */

    /// @dev Trades at one level until the order, its slice's price, its visits or the level come to an end.
    /// @return selfTrade Whether the owner's own order stands at the head.
    function _takeLevel(Sweep memory sweep, uint256 tick) private returns (bool selfTrade) {
        uint256 levelKey = OrderWord.levelKey(sweep.frame, sweep.side ^ 1, tick);
        LevelQueue.Level storage slot = _queue.levels[levelKey];
        uint256 level = slot.word;
        uint256 tradedBefore = LevelQueue.tradedWh(level);
        uint256 visits = sweep.visits;
        uint256 sliceWh = sweep.sliceWh;
        do {
            (uint256 index, bool replenished) = _queue.head(levelKey, level, _ringFrames);
            uint256 orderId = OrderWord.id(levelKey, index);
            uint256 order = _orders[orderId];
            // The caller and the loop's condition see to it that there is one left.
            unchecked {
                --visits;
            }
            if (order == 0) {
                level = LevelQueue.withoutHead(level, replenished);
                continue;
            }
            if (OrderWord.makerOf(order) == sweep.takerId) {
                selfTrade = true;
                break;
            }
            // Nothing was taken unless the head is a plain arrival.
            order = OrderWord.withoutDisplayed(order, LevelQueue.takenWh(level));
            uint256 energyWh = OrderWord.visibleWh(order);
            if (sliceWh < energyWh) energyWh = sliceWh;
            _fill(sweep.takerId, orderId, order, energyWh);
            level = _served(sweep, level, orderId, order, energyWh, replenished);
            // The energy is at most the slice.
            unchecked {
                sliceWh -= energyWh;
            }
            if (sliceWh == 0) sliceWh = _sliceAfter(sweep);
        } while (sliceWh != 0 && visits != 0 && !LevelQueue.isEmpty(level) && _reaches(sweep, tick));
        sweep.visits = visits;
        sweep.sliceWh = sliceWh;
        uint256 traded = LevelQueue.tradedWh(level);
        // 40 bits of energy times 8 bits of price; the level's traded energy only grows.
        unchecked {
            sweep.valueWhTicks += (traded - tradedBefore) * tick;
        }
        if (LevelQueue.isEmpty(level)) (level, sweep.frameWord) = _emptied(sweep.frame, sweep.frameWord, tick, level);
        else if (LevelQueue.hasTradedTooMuch(level)) _refuseSweep(sweep.frame, level, false);
        slot.word = level;
    }

    /// @dev Logs one trade and enters it in the maker's position (M3).
    function _fill(uint256 takerId, uint256 orderId, uint256 order, uint256 energyWh) private {
        uint256 makerId = OrderWord.makerOf(order);
        // 32 bits of energy, 8 of price or lock, 16 of tick value.
        unchecked {
            emit Filled(orderId | (makerId << 64) | (takerId << 96) | (energyWh << 128));
            uint256 energyMicro = energyWh * _tickMicroPerWh;
            uint256 valueMicro = energyMicro * OrderWord.tickOf(orderId);
            uint256 added = OrderWord.isAsk(orderId)
                ? PositionWord.sale(energyWh, valueMicro, energyMicro * OrderWord.lockTicksOf(order))
                : PositionWord.purchase(energyWh, valueMicro);
            _book(OrderWord.frameOf(orderId), makerId, added);
        }
    }

    /// @dev Brings a level and the order at its head up to date after a trade.
    /// @param order Its word before the trade.
    /// @return The level afterwards.
    function _served(
        Sweep memory sweep,
        uint256 level,
        uint256 orderId,
        uint256 order,
        uint256 energyWh,
        bool replenished
    ) private returns (uint256) {
        order = OrderWord.withoutDisplayed(order, energyWh);
        if (OrderWord.visibleWh(order) != 0) {
            // What was taken from a plain order stands in the level.
            if (OrderWord.peakWh(order) == 0) return LevelQueue.withTaken(level, energyWh);
            _orders[orderId] = order;
            return LevelQueue.withTraded(level, energyWh);
        }
        // A plain order that is used up stays as it is: it lies behind the cursor.
        if (OrderWord.peakWh(order) == 0) return LevelQueue.withServed(level, energyWh);
        level = LevelQueue.withoutHead(LevelQueue.withTraded(level, energyWh), replenished);
        if (OrderWord.remainingWh(order) != 0) return _nextSlice(sweep, level, orderId, order);
        _orders[orderId] = 0;
        return level;
    }

    /// @dev The incoming order's next slice after one is used up, 0 when nothing is left (B3).
    function _sliceAfter(Sweep memory sweep) private pure returns (uint256 sliceWh) {
        uint256 hidden = sweep.hiddenWh;
        if (hidden == 0) return 0;
        uint256 peak = sweep.peakWh;
        sliceWh = hidden < peak ? hidden : peak;
        // 32 bits of energy, 9 of lock; the slice is at most the hidden energy.
        unchecked {
            sweep.lockWhTicks += sweep.sizeWh * FrameWord.lockTicks(sweep.frameWord, sweep.side, sweep.tick);
            sweep.hiddenWh = hidden - sliceWh;
        }
        sweep.sizeWh = sliceWh;
        sweep.tick = OrderWord.steppedTick(sweep.side, sweep.tick, sweep.stepTicks);
    }

    /// @dev Shows a resting iceberg's next slice: at the back of its level, or at its next price (B1, B2).
    /// @return The level of the used up slice.
    function _nextSlice(Sweep memory sweep, uint256 level, uint256 orderId, uint256 order) private returns (uint256) {
        uint256 remaining = OrderWord.remainingWh(order);
        uint256 peak = OrderWord.peakWh(order);
        order = OrderWord.withQuantities(order, remaining, remaining < peak ? remaining : peak);
        if (OrderWord.stepTicksOf(order) != 0 && _move(sweep, orderId, order, remaining)) return level;
        _orders[orderId] = order;
        return _queue.replenish(OrderWord.levelOf(orderId), level, OrderWord.indexOf(orderId), _ringFrames);
    }

    /// @dev Moves a stepped iceberg to its next price as a new arrival there.
    /// @return Whether it could move: the step stays within the ticks and the level has a number left.
    function _move(Sweep memory sweep, uint256 orderId, uint256 order, uint256 remaining) private returns (bool) {
        uint256 side = sweep.side ^ 1;
        uint256 from = OrderWord.tickOf(orderId);
        uint256 tick = OrderWord.steppedTick(side, from, OrderWord.stepTicksOf(order));
        uint256 levelKey = OrderWord.levelKey(sweep.frame, side, tick);
        LevelQueue.Level storage slot = _queue.levels[levelKey];
        uint256 level = slot.word;
        uint256 index = LevelQueue.tail(level);
        if (tick == from || index == LevelQueue.MAX_ARRIVALS) return false;
        slot.word = LevelQueue.withArrival(level);
        uint256 newId = OrderWord.id(levelKey, index);
        uint256 lockTicks = FrameWord.lockTicks(sweep.frameWord, side, tick);
        _orders[orderId] = 0;
        _orders[newId] = OrderWord.withLockTicks(order, lockTicks);
        sweep.frameWord = FrameWord.withLevel(sweep.frameWord, side, tick);
        // A step moves away from the market, where a lock per Wh is never higher.
        _credit(OrderWord.makerOf(order), remaining * (OrderWord.lockTicksOf(order) - lockTicks) * _tickMicroPerWh);
        emit OrderMoved(orderId | (newId << 64));
        return true;
    }

    /// @dev Refuses a sweep after which a level that keeps orders carries more than it may.
    /// @param goesOn Whether the sweep goes on here, perhaps until none is left.
    function _refuseSweep(uint256 frame, uint256 level, bool goesOn) private pure {
        if (!goesOn) revert OrderBook_FrameOverflow(uint32(frame), LevelQueue.tradedWh(level));
    }

    /// @dev Takes an emptied level out of the frame's word, its traded energy into it.
    /// @return The level without traded energy.
    /// @return word The frame's word.
    function _emptied(uint256 frame, uint256 frameWord, uint256 tick, uint256 level)
        private
        pure
        returns (uint256, uint256 word)
    {
        word = FrameWord.withoutLevel(frameWord, tick);
        uint256 traded = LevelQueue.tradedWh(level);
        if (traded != 0) {
            traded += FrameWord.tradedWh(word);
            require(traded <= _MAX_FRAME_TRADED_WH, OrderBook_FrameOverflow(uint32(frame), traded));
            word = FrameWord.withTraded(word, traded);
        }
        return (LevelQueue.withoutTraded(level), word);
    }

    /// @dev Whether the present slice's limit still reaches a tick.
    function _reaches(Sweep memory sweep, uint256 tick) private pure returns (bool) {
        return sweep.side == OrderWord.BID ? tick <= sweep.tick : tick >= sweep.tick;
    }
}
