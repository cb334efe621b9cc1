// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIcebergOrderBook} from "../../interfaces/IIcebergOrderBook.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {FrameWord} from "./FrameWord.sol";
import {LevelQueue} from "./LevelQueue.sol";
import {OrderBookMatching} from "./OrderBookMatching.sol";
import {OrderWord} from "./OrderWord.sol";
import {TickBitmap} from "./TickBitmap.sol";

/// @title What the continuous book shows
/// @notice The views of {IIcebergOrderBook} and the readings of words that they share with the book's functions.
abstract contract OrderBookViews is OrderBookMatching {
    using LevelQueue for LevelQueue.State;

    /* CONSTRUCTOR */

    constructor(address registry_, ITradeSettlement house_, address creditScoring_)
        OrderBookMatching(registry_, house_, creditScoring_)
    {}

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IIcebergOrderBook
    function packRequest(
        uint32 frame,
        uint8 side,
        uint8 tick,
        uint32 quantityWh,
        uint32 peakWh,
        uint8 priceStepTicks,
        uint8 kind,
        uint16 maxFills
    ) external pure returns (uint144 request) {
        request = frame | (uint144(side) << 32) | (uint144(tick) << 40) | (uint144(quantityWh) << 48)
            | (uint144(peakWh) << 80);
        request |= (uint144(priceStepTicks) << 112) | (uint144(kind) << 120) | (uint144(maxFills) << 128);
    }

    /// @inheritdoc IIcebergOrderBook
    function orderOf(uint64 orderId)
        external
        view
        returns (
            uint32 participantId,
            uint32 remainingWh,
            uint32 peakWh,
            uint32 visibleWh,
            uint8 priceStepTicks,
            uint16 lockTicks
        )
    {
        (uint256 order,) = _resting(orderId);
        participantId = OrderWord.makerOf(order);
        // The fields are as wide as the results.
        remainingWh = uint32(OrderWord.remainingWh(order));
        peakWh = uint32(OrderWord.peakWh(order));
        visibleWh = uint32(OrderWord.visibleWh(order));
        priceStepTicks = uint8(OrderWord.stepTicksOf(order));
        lockTicks = uint16(OrderWord.lockTicksOf(order));
    }

    /// @inheritdoc IIcebergOrderBook
    function levelOf(uint32 frame, uint8 side, uint8 tick)
        external
        view
        returns (uint24 next, uint24 tail, uint24 replenishedNext, uint24 replenishedTail, uint40 tradedWh)
    {
        uint256 level = _queue.levels[OrderWord.levelKey(frame, side, tick)].word;
        // The fields are as wide as the results.
        next = uint24(LevelQueue.next(level));
        tail = uint24(LevelQueue.tail(level));
        replenishedNext = uint24(LevelQueue.replenishedNext(level));
        replenishedTail = uint24(LevelQueue.replenishedTail(level));
        tradedWh = uint40(LevelQueue.tradedWh(level));
    }

    /// @inheritdoc IIcebergOrderBook
    function frameOf(uint32 frame)
        external
        view
        returns (
            bool open,
            bool paused,
            uint8 capTick,
            uint8 feeTicks,
            uint8 asksFrom,
            uint192 levels,
            uint256 tradedWh
        )
    {
        uint256 word = _frames[frame];
        open = word & FrameWord.OPEN != 0;
        paused = word & FrameWord.PAUSED != 0;
        capTick = FrameWord.cap(word);
        feeTicks = FrameWord.feeTicks(word);
        asksFrom = FrameWord.asksFrom(word);
        levels = FrameWord.levels(word);
        tradedWh = FrameWord.tradedWh(_folded(frame, word));
    }

    /// @inheritdoc IIcebergOrderBook
    function bestPrices(uint32 frame)
        external
        view
        returns (bool bidFound, uint8 bidTick, bool askFound, uint8 askTick)
    {
        (uint8[] memory ticks,,) = _depth(frame, OrderWord.BID, 1);
        if (ticks.length != 0) (bidFound, bidTick) = (true, ticks[0]);
        (ticks,,) = _depth(frame, OrderWord.ASK, 1);
        if (ticks.length != 0) (askFound, askTick) = (true, ticks[0]);
    }

    /// @inheritdoc IIcebergOrderBook
    function depthOf(uint32 frame, uint8 side, uint256 maxLevels)
        external
        view
        returns (uint8[] memory ticks, uint256[] memory displayedWh, uint256[] memory hiddenWh)
    {
        return _depth(frame, side, maxLevels);
    }

    /// @inheritdoc IIcebergOrderBook
    function queuePositionOf(uint64 orderId) external view returns (uint256 ordersAhead, uint256 displayedWh) {
        (uint256 resting,) = _resting(orderId);
        require(resting != 0, OrderBook_NotResting(orderId));
        uint256 levelKey = OrderWord.levelOf(orderId);
        uint256 level = _queue.levels[levelKey].word;
        while (true) {
            (uint256 index, bool replenished) = _queue.head(levelKey, level, _ringFrames);
            if (index == OrderWord.indexOf(orderId)) return (ordersAhead, displayedWh);
            uint256 order = _withoutTaken(_orders[OrderWord.id(levelKey, index)], level, index);
            if (order != 0) ++ordersAhead;
            displayedWh += OrderWord.visibleWh(order);
            level = LevelQueue.withoutHead(level, replenished);
        }
    }

    /// @inheritdoc IIcebergOrderBook
    function ordersOf(uint32 frame, uint32 participantId, uint64 fromId, uint256 maxVisits)
        external
        view
        returns (uint64[] memory orderIds, uint64 nextId)
    {
        uint64[] memory found = new uint64[](maxVisits);
        uint256 count;
        uint256 visits;
        for (uint256 side; side <= OrderWord.ASK; ++side) {
            uint256 bits = FrameWord.sideLevels(_frames[frame], side);
            while (bits != 0) {
                uint256 levelKey = OrderWord.levelKey(frame, side, TickBitmap.lowest(bits));
                bits &= bits - 1;
                uint256 last = OrderWord.id(levelKey, LevelQueue.tail(_queue.levels[levelKey].word));
                for (uint256 id = _firstFrom(levelKey, fromId); id < last; ++id) {
                    // Ids have 64 bits.
                    if (visits++ == maxVisits) return (_cut(found, count), uint64(id));
                    (uint256 order,) = _resting(id);
                    if (order != 0 && OrderWord.makerOf(order) == participantId) found[count++] = uint64(id);
                }
            }
        }
        return (_cut(found, count), 0);
    }

    /* INTERNAL: READING WORDS */

    /// @dev A resting order. A plain order that was used up still has its word: it rests only from its level's cursor on.
    /// @return order Its word as it is after all trades, 0 when there is none.
    /// @return takenWh What the word in storage has besides, for the level remembers that it was taken [Wh].
    function _resting(uint256 orderId) internal view returns (uint256 order, uint256 takenWh) {
        order = _orders[orderId];
        if (order == 0 || OrderWord.peakWh(order) != 0) return (order, 0);
        uint256 level = _queue.levels[OrderWord.levelOf(orderId)].word;
        uint256 index = OrderWord.indexOf(orderId);
        uint256 next = LevelQueue.next(level);
        if (index < next) return (0, 0);
        if (index == next) {
            takenWh = LevelQueue.takenWh(level);
            order = OrderWord.withoutDisplayed(order, takenWh);
        }
    }

    /// @dev The frame's word with the traded energy of all levels in it. Bounded: at most 192 levels, each below 2^32 Wh.
    function _folded(uint32 frame, uint256 word) internal view returns (uint256) {
        if (word == 0 || word & FrameWord.FOLDED != 0) return word;
        uint256 traded = FrameWord.tradedWh(word);
        for (uint256 side; side <= OrderWord.ASK; ++side) {
            uint256 bits = FrameWord.sideLevels(word, side);
            while (bits != 0) {
                uint256 tick = TickBitmap.lowest(bits);
                bits &= bits - 1;
                traded += LevelQueue.tradedWh(_queue.levels[OrderWord.levelKey(frame, side, tick)].word);
            }
        }
        return FrameWord.withTraded(word, traded) | FrameWord.FOLDED;
    }

    /* PRIVATE: READING WORDS */

    /// @dev A stored order as it is after all trades. One that was released is a word of 0, and its level may still remember what was taken.
    function _withoutTaken(uint256 order, uint256 level, uint256 index) private pure returns (uint256) {
        return order == 0 ? 0 : OrderWord.withoutDisplayed(order, LevelQueue.takenWhOf(level, index));
    }

    /* PRIVATE: LISTS */

    /// @dev First id of a level from which its orders may rest, not below `fromId`. Orders behind the cursor rest only where slices were
    /// replenished.
    function _firstFrom(uint256 levelKey, uint256 fromId) private view returns (uint256 id) {
        uint256 level = _queue.levels[levelKey].word;
        bool anyReplenished = LevelQueue.replenishedNext(level) != LevelQueue.replenishedTail(level);
        id = OrderWord.id(levelKey, anyReplenished ? 0 : LevelQueue.next(level));
        if (id < fromId) id = fromId;
    }

    /// @dev The first entries of a list.
    function _cut(uint64[] memory list, uint256 count) private pure returns (uint64[] memory shorter) {
        shorter = new uint64[](count);
        for (uint256 i; i < count; ++i) {
            shorter[i] = list[i];
        }
    }

    /* PRIVATE: DEPTH */

    /// @dev Energy by tick from the best one on; walks the side's levels and their queues, so it is for callers who pay no gas.
    function _depth(uint32 frame, uint256 side, uint256 maxLevels)
        private
        view
        returns (uint8[] memory ticks, uint256[] memory displayedWh, uint256[] memory hiddenWh)
    {
        uint256 bits = side > OrderWord.ASK ? 0 : FrameWord.sideLevels(_frames[frame], side);
        uint256[] memory found = new uint256[](FrameWord.LEVELS);
        uint256 count;
        while (bits != 0 && count < maxLevels) {
            uint256 tick = side == OrderWord.BID ? TickBitmap.highest(bits) : TickBitmap.lowest(bits);
            bits &= ~(1 << tick);
            (uint256 displayed, uint256 hidden) = _levelDepth(OrderWord.levelKey(frame, side, tick));
            // Live orders show something, and 65,535 orders of 32 bits stay below 2^48.
            if (displayed != 0) found[count++] = tick | (displayed << 8) | (hidden << 128);
        }
        ticks = new uint8[](count);
        displayedWh = new uint256[](count);
        hiddenWh = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            ticks[i] = uint8(found[i]);
            displayedWh[i] = uint120(found[i] >> 8);
            hiddenWh[i] = found[i] >> 128;
        }
    }

    /// @dev What rests at a level. Orders behind the cursor are icebergs that wait with a replenished slice, or gone.
    function _levelDepth(uint256 levelKey) private view returns (uint256 displayedWh, uint256 hiddenWh) {
        uint256 level = _queue.levels[levelKey].word;
        bool anyReplenished = LevelQueue.replenishedNext(level) != LevelQueue.replenishedTail(level);
        for (uint256 index = anyReplenished ? 0 : LevelQueue.next(level); index < LevelQueue.tail(level); ++index) {
            uint256 order = _withoutTaken(_orders[OrderWord.id(levelKey, index)], level, index);
            if (index < LevelQueue.next(level) && OrderWord.peakWh(order) == 0) continue;
            displayedWh += OrderWord.visibleWh(order);
            hiddenWh += OrderWord.remainingWh(order) - OrderWord.visibleWh(order);
        }
    }
}
