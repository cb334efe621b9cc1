// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIcebergOrderBook} from "../../interfaces/IIcebergOrderBook.sol";
import {ITradeSettlement} from "../../interfaces/ITradeSettlement.sol";
import {FrameWord} from "./FrameWord.sol";
import {LevelQueue} from "./LevelQueue.sol";
import {OrderWord} from "./OrderWord.sol";
import {PositionWord} from "./PositionWord.sol";
import {VenueAccounts} from "./VenueAccounts.sol";

/// @title Storage and matching of the continuous book
/// @notice Rules B1-B5 and M3. One word per order, level, frame and position; a fill writes the maker's position and nothing else of a
/// plain order that it uses up: the level's cursor passing it is the record.
abstract contract OrderBookMatching is IIcebergOrderBook, VenueAccounts {
    using LevelQueue for LevelQueue.State;

    /* TYPES */

    /// @dev An incoming order on its way through the book.
    /// @param participantId Its owner (the taker).
    /// @param frame Delivery frame.
    /// @param side 0 buy, 1 sell.
    /// @param tick Limit of its present slice.
    /// @param restWh What is left of it [Wh].
    /// @param sliceWh What is left of its present slice [Wh].
    /// @param peakWh Size of its slices, 0 when it is one piece [Wh].
    /// @param stepTicks Price step per slice.
    /// @param visits Resting orders that it may still visit.
    /// @param frameWord The frame's word as it stands now.
    /// @param filledWh Energy traded [Wh].
    /// @param valueWhTicks Value traded [Wh x ticks].
    /// @param lockWhTicks Seller's lock of what traded [Wh x ticks].
    struct Incoming {
        uint256 participantId;
        uint256 frame;
        uint256 side;
        uint256 tick;
        uint256 restWh;
        uint256 sliceWh;
        uint256 peakWh;
        uint256 stepTicks;
        uint256 visits;
        uint256 frameWord;
        uint256 filledWh;
        uint256 valueWhTicks;
        uint256 lockWhTicks;
    }

    /* CONSTANTS */

    uint256 internal constant REASON_IOC = 1;
    uint256 internal constant REASON_SELF_TRADE = 2;
    uint256 internal constant REASON_MAX_FILLS = 3;

    /// @dev A level may carry this much traded energy, so that 192 levels and {_MAX_FRAME_TRADED_WH} stay below 2^40 together and closing a
    /// frame can never fail.
    uint256 private constant _MAX_LEVEL_TRADED_WH = (1 << 32) - 1;
    uint256 private constant _MAX_FRAME_TRADED_WH = 64 << 32;

    /* IMMUTABLES */

    uint256 internal immutable _tickMicroPerWh;

    /* STORAGE */

    mapping(uint256 orderId => uint256 word) internal _orders;
    LevelQueue.State internal _queue;
    mapping(uint256 frame => uint256 word) internal _frames;
    mapping(uint256 ringKey => uint256 word) internal _positions;

    /* CONSTRUCTOR */

    constructor(address registry_, ITradeSettlement house_) VenueAccounts(registry_, house_) {
        _tickMicroPerWh = house_.tickMicroPerWh();
    }

    /* INTERNAL: MATCHING */

    /// @dev Trades the incoming order against the other side, best price first. O(visited orders), at most `visits`.
    /// @return reason 0 when it is filled or nothing crosses any more, else why its rest may not rest.
    function _take(Incoming memory incoming) internal returns (uint256 reason) {
        while (incoming.restWh != 0) {
            (bool crosses, uint256 tick) = FrameWord.crossing(incoming.frameWord, incoming.side, incoming.tick);
            if (!crosses) return 0;
            if (incoming.visits == 0) return REASON_MAX_FILLS;
            if (_takeLevel(incoming, tick)) return REASON_SELF_TRADE;
        }
    }

    /// @dev Makes sure that a post-only order would not trade: walks over cancelled orders, at most `visits`, and reverts at any other.
    function _skipCancelled(Incoming memory incoming) internal {
        while (true) {
            (bool crosses, uint256 tick) = FrameWord.crossing(incoming.frameWord, incoming.side, incoming.tick);
            if (!crosses) return;
            uint256 levelKey = OrderWord.levelKey(incoming.frame, 1 - incoming.side, tick);
            uint256 level = _queue.levels[levelKey];
            do {
                (uint256 index, bool replenished) = _queue.head(levelKey, level);
                uint256 orderId = OrderWord.id(levelKey, index);
                require(incoming.visits != 0 && _orders[orderId] == 0, OrderBook_WouldTrade(uint64(orderId)));
                incoming.visits--;
                level = LevelQueue.withoutHead(level, replenished);
            } while (!LevelQueue.isEmpty(level));
            _queue.levels[levelKey] = _emptied(incoming, tick, level);
        }
    }

    /// @dev Queues what is left of an incoming order at its present slice's tick.
    /// @return orderId Its id.
    function _rest(Incoming memory incoming, uint256 lockTicks) internal returns (uint256 orderId) {
        uint256 levelKey = OrderWord.levelKey(incoming.frame, incoming.side, incoming.tick);
        uint256 level = _queue.levels[levelKey];
        uint256 index = LevelQueue.tail(level);
        // The request's side is 0 or 1 and its tick at most 191.
        require(
            index < LevelQueue.MAX_ARRIVALS,
            OrderBook_LevelFull(uint32(incoming.frame), uint8(incoming.side), uint8(incoming.tick))
        );
        _queue.levels[levelKey] = LevelQueue.withArrival(level);
        orderId = OrderWord.id(levelKey, index);
        _orders[orderId] = OrderWord.pack(
            incoming.participantId, incoming.restWh, incoming.peakWh, incoming.sliceWh, incoming.stepTicks, lockTicks
        );
        if (!FrameWord.hasLevel(incoming.frameWord, incoming.tick)) {
            incoming.frameWord = FrameWord.withLevel(incoming.frameWord, incoming.side, incoming.tick);
        }
    }

    /// @dev Enters a finished incoming order's trades in its owner's position.
    function _bookTaker(Incoming memory incoming) internal {
        // Products of 40-bit sums of Wh x ticks that locks or margin below 2^96 micro-units cover.
        unchecked {
            uint256 valueMicro = incoming.valueWhTicks * _tickMicroPerWh;
            uint256 lockMicro = incoming.lockWhTicks * _tickMicroPerWh;
            _book(incoming.frame, incoming.participantId, incoming.side, incoming.filledWh, valueMicro, lockMicro);
        }
    }

    /* PRIVATE: ONE LEVEL */

    /// @dev Trades at one level until the order, its slice's price, its visits or the level come to an end.
    /// @return selfTrade Whether the owner's own order stands at the head.
    function _takeLevel(Incoming memory incoming, uint256 tick) private returns (bool selfTrade) {
        uint256 levelKey = OrderWord.levelKey(incoming.frame, 1 - incoming.side, tick);
        uint256 level = _queue.levels[levelKey];
        do {
            (uint256 index, bool replenished) = _queue.head(levelKey, level);
            uint256 orderId = OrderWord.id(levelKey, index);
            uint256 order = _orders[orderId];
            // The caller and the loop's condition see to it that there is one left.
            unchecked {
                incoming.visits--;
            }
            if (order == 0) {
                level = LevelQueue.withoutHead(level, replenished);
            } else if (OrderWord.makerOf(order) == incoming.participantId) {
                selfTrade = true;
                break;
            } else {
                level = _fill(incoming, level, orderId, order, replenished);
            }
            if (LevelQueue.isEmpty(level)) {
                level = _emptied(incoming, tick, level);
                break;
            }
        } while (incoming.visits != 0 && incoming.restWh != 0 && _reaches(incoming, tick));
        uint256 traded = LevelQueue.tradedWh(level);
        require(traded <= _MAX_LEVEL_TRADED_WH, OrderBook_FrameOverflow(uint32(incoming.frame), traded));
        _queue.levels[levelKey] = level;
    }

    /// @dev Trades with the order at the head of a level.
    /// @return The level afterwards.
    function _fill(Incoming memory incoming, uint256 level, uint256 orderId, uint256 order, bool replenished) private returns (uint256) {
        uint256 visibleWh = OrderWord.visibleWh(order);
        uint256 energyWh = incoming.sliceWh < visibleWh ? incoming.sliceWh : visibleWh;
        _trade(incoming, orderId, order, energyWh);
        level = LevelQueue.withTraded(level, energyWh);
        order = OrderWord.withoutDisplayed(order, energyWh);
        if (energyWh < visibleWh) {
            _orders[orderId] = order;
            return level;
        }
        level = LevelQueue.withoutHead(level, replenished);
        if (OrderWord.remainingWh(order) != 0) return _nextSlice(incoming, level, orderId, order);
        // A plain order that is used up stays as it is: it lies behind the cursor.
        if (OrderWord.peakWh(order) != 0) _orders[orderId] = 0;
        return level;
    }

    /// @dev One trade: log, maker's position, the incoming order's sums and its next slice.
    function _trade(Incoming memory incoming, uint256 orderId, uint256 order, uint256 energyWh) private {
        uint256 makerId = OrderWord.makerOf(order);
        uint256 tick = OrderWord.tickOf(orderId);
        emit Filled(orderId | (makerId << 64) | (incoming.participantId << 96) | (energyWh << 128));
        // Energy of one order fits 32 bits and is at most the slice and the rest; money is covered by locks or margin below 2^96.
        unchecked {
            uint256 valueWhTicks = energyWh * tick;
            uint256 makerSide = 1 - incoming.side;
            _book(
                incoming.frame, makerId, makerSide, energyWh, valueWhTicks * _tickMicroPerWh,
                energyWh * OrderWord.lockTicksOf(order) * _tickMicroPerWh
            );
            incoming.filledWh += energyWh;
            incoming.valueWhTicks += valueWhTicks;
            if (makerSide == OrderWord.BID) {
                incoming.lockWhTicks += energyWh * FrameWord.lockTicks(incoming.frameWord, OrderWord.ASK, incoming.tick);
            }
            incoming.restWh -= energyWh;
            incoming.sliceWh -= energyWh;
        }
        if (incoming.sliceWh == 0 && incoming.restWh != 0) {
            incoming.sliceWh = incoming.restWh < incoming.peakWh ? incoming.restWh : incoming.peakWh;
            incoming.tick = OrderWord.steppedTick(incoming.side, incoming.tick, incoming.stepTicks);
        }
    }

    /// @dev Shows a resting iceberg's next slice: at the back of its level, or at its next price (B1, B2).
    /// @return The level of the used up slice.
    function _nextSlice(Incoming memory incoming, uint256 level, uint256 orderId, uint256 order) private returns (uint256) {
        uint256 remaining = OrderWord.remainingWh(order);
        uint256 peak = OrderWord.peakWh(order);
        order = OrderWord.withQuantities(order, remaining, remaining < peak ? remaining : peak);
        if (OrderWord.stepTicksOf(order) != 0 && _move(incoming, orderId, order, remaining)) return level;
        _orders[orderId] = order;
        return _queue.replenish(OrderWord.levelOf(orderId), level, OrderWord.indexOf(orderId));
    }

    /// @dev Moves a stepped iceberg to its next price as a new arrival there.
    /// @return Whether it could move: the step stays within the ticks and the level has a number left.
    function _move(Incoming memory incoming, uint256 orderId, uint256 order, uint256 remaining) private returns (bool) {
        uint256 side = 1 - incoming.side;
        uint256 from = OrderWord.tickOf(orderId);
        uint256 tick = OrderWord.steppedTick(side, from, OrderWord.stepTicksOf(order));
        uint256 levelKey = OrderWord.levelKey(incoming.frame, side, tick);
        uint256 level = _queue.levels[levelKey];
        uint256 index = LevelQueue.tail(level);
        if (tick == from || index == LevelQueue.MAX_ARRIVALS) return false;
        _queue.levels[levelKey] = LevelQueue.withArrival(level);
        uint256 newId = OrderWord.id(levelKey, index);
        uint256 lockTicks = FrameWord.lockTicks(incoming.frameWord, side, tick);
        _orders[orderId] = 0;
        _orders[newId] = OrderWord.withLockTicks(order, lockTicks);
        incoming.frameWord = FrameWord.withLevel(incoming.frameWord, side, tick);
        address owner = _ownerOf[OrderWord.makerOf(order)];
        // A step moves away from the market, where a lock per Wh is never higher.
        _accounts[owner] =
            _withMargin(_accounts[owner], remaining * (OrderWord.lockTicksOf(order) - lockTicks) * _tickMicroPerWh);
        emit OrderMoved(orderId | (newId << 64));
        return true;
    }

    /// @dev Takes an emptied level out of the frame's word, its traded energy into it.
    /// @return The level without traded energy.
    function _emptied(Incoming memory incoming, uint256 tick, uint256 level) private pure returns (uint256) {
        uint256 word = FrameWord.withoutLevel(incoming.frameWord, tick);
        uint256 traded = LevelQueue.tradedWh(level);
        if (traded != 0) {
            traded += FrameWord.tradedWh(word);
            require(traded <= _MAX_FRAME_TRADED_WH, OrderBook_FrameOverflow(uint32(incoming.frame), traded));
            word = FrameWord.withTraded(word, traded);
        }
        incoming.frameWord = word;
        return LevelQueue.withoutTraded(level);
    }

    /// @dev Whether the present slice's limit still reaches a tick.
    function _reaches(Incoming memory incoming, uint256 tick) private pure returns (bool) {
        return incoming.side == OrderWord.BID ? tick <= incoming.tick : tick >= incoming.tick;
    }

    /// @dev Enters a trade in one side's position; the lock counts for a seller only.
    function _book(
        uint256 frame, uint256 participantId, uint256 side, uint256 energyWh, uint256 valueMicro, uint256 lockMicro
    ) private {
        uint256 key = PositionWord.key(frame, participantId);
        uint256 word = PositionWord.inFrame(_positions[key], frame);
        _positions[key] = side == OrderWord.BID
            ? PositionWord.withPurchase(word, frame, participantId, energyWh, valueMicro)
            : PositionWord.withSale(word, frame, participantId, energyWh, valueMicro, lockMicro);
    }
}
