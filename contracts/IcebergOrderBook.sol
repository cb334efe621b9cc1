// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IIcebergOrderBook} from "../interfaces/IIcebergOrderBook.sol";
import {ITradeSettlement} from "../interfaces/ITradeSettlement.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {FrameClock} from "./libraries/FrameClock.sol";
import {FrameWord} from "./libraries/FrameWord.sol";
import {LevelQueue} from "./libraries/LevelQueue.sol";
import {OrderBookMatching} from "./libraries/OrderBookMatching.sol";
import {OrderWord} from "./libraries/OrderWord.sol";
import {PositionWord} from "./libraries/PositionWord.sol";
import {TickBitmap} from "./libraries/TickBitmap.sol";

/// @title Continuous order book per delivery frame, price-time priority, iceberg orders
/// @notice Rules B1-B6, M2, M3, M8, M13. What the functions promise stands in {IIcebergOrderBook}.
contract IcebergOrderBook is OrderBookMatching {
    /* IMMUTABLES */

    /// @notice Who may push demand factors.
    address public immutable creditScoring;
    /// @notice Length of a frame [s].
    uint32 public immutable frameSeconds;
    /// @inheritdoc IIcebergOrderBook
    uint32 public immutable gateClosureLeadSeconds;
    /// @notice Seconds before delivery at which refusals end.
    uint32 public immutable refusalLeadSeconds;
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
        address registry_, ITradeSettlement house_, address creditScoring_, uint32 minimumQuantityWh_, uint64 minimumLockMicro_
    ) OrderBookMatching(registry_, house_) {
        require(minimumQuantityWh_ != 0, OrderBook_QuantityBelowMinimum(0, 1));
        creditScoring = creditScoring_;
        frameSeconds = house_.frameSeconds();
        gateClosureLeadSeconds = house_.gateClosureLeadSeconds();
        refusalLeadSeconds = house_.refusalLeadSeconds();
        minimumQuantityWh = minimumQuantityWh_;
        minimumLockMicro = minimumLockMicro_;
    }

    /* EXTERNAL: ORDERS */

    /// @inheritdoc IIcebergOrderBook
    function place(uint256 request) external returns (uint64 orderId, uint256 filledWh) {
        require(request >> OrderWord.REQUEST_BITS == 0 && uint8(request >> 32) <= OrderWord.ASK, OrderBook_InvalidRequest(request));
        uint256 account = _knownAccount(msg.sender);
        require(_statusIn(account) == 0, OrderBook_Suspended(_idIn(account), _statusIn(account)));
        uint256 kind = uint8(request >> 120);
        (Incoming memory incoming, uint256 frameWord) = _incoming(request, kind, account);
        uint256 reason;
        if (kind == OrderWord.POST_ONLY) {
            _skipCancelled(incoming);
        } else {
            uint256 quantityWh = incoming.restWh;
            reason = _take(incoming);
            filledWh = incoming.filledWh;
            if (filledWh != 0) _bookTaker(incoming);
            require(kind != OrderWord.FOK || incoming.restWh == 0, OrderBook_NotFilled(quantityWh, filledWh));
            if (kind == OrderWord.IOC) reason = REASON_IOC;
        }
        // Ids have 64 bits.
        orderId = uint64(_finish(incoming, account, reason));
        if (incoming.frameWord != frameWord) _frames[incoming.frame] = incoming.frameWord;
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
        uint256 closes = FrameClock.start(frame, frameSeconds) - refusalLeadSeconds;
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

    /// @inheritdoc IVenue
    function openFrame(uint32 frame, uint8 capTick, uint8 feeTicks) external onlyHouse {
        require(_frames[frame] == 0, OrderBook_FrameAlreadyOpen(frame));
        _frames[frame] = FrameWord.open(capTick, feeTicks);
        emit FrameOpened(frame, capTick, feeTicks);
    }

    /// @inheritdoc IVenue
    function closeFrame(uint32 frame) external onlyHouse returns (uint256 tradedWh) {
        uint256 word = _folded(frame, _frames[frame]);
        _frames[frame] = word;
        return FrameWord.tradedWh(word);
    }

    /// @inheritdoc IVenue
    function setStatus(uint32 participantId, uint8 status) external onlyHouse {
        address account = _knownOwner(participantId);
        _accounts[account] = _withStatus(_accounts[account], status);
    }

    /// @inheritdoc IIcebergOrderBook
    function setDemandFactor(uint32 participantId, uint16 factorBps) external {
        require(msg.sender == creditScoring, Venue_MissingRole(msg.sender, 0));
        address account = _knownOwner(participantId);
        _accounts[account] = _withFactor(_accounts[account], factorBps);
    }

    /* EXTERNAL: VIEWS */

    /// @inheritdoc IIcebergOrderBook
    function packRequest(
        uint32 frame, uint8 side, uint8 tick, uint32 quantityWh, uint32 peakWh, uint8 priceStepTicks, uint8 kind, uint16 maxFills
    ) external pure returns (uint256 request) {
        request = frame | (uint256(side) << 32) | (uint256(tick) << 40) | (uint256(quantityWh) << 48) | (uint256(peakWh) << 80);
        request |= (uint256(priceStepTicks) << 112) | (uint256(kind) << 120) | (uint256(maxFills) << 128);
    }

    /// @inheritdoc IVenue
    function positionsOf(uint32 frame, uint32[] calldata participantIds) external view returns (uint256[] memory words) {
        words = new uint256[](participantIds.length);
        for (uint256 i; i < words.length; ++i) {
            uint256 word = _position(frame, participantIds[i]);
            if (!PositionWord.isEmpty(word)) words[i] = word;
        }
    }

    /// @inheritdoc IIcebergOrderBook
    function positionOf(uint32 frame, uint32 participantId)
        external
        view
        returns (uint256 boughtWh, uint256 soldWh, uint256 purchaseMicro, uint256 saleMicro, uint256 lockMicro)
    {
        uint256 word = _position(frame, participantId);
        return (
            PositionWord.boughtWh(word), PositionWord.soldWh(word), PositionWord.purchaseMicro(word),
            PositionWord.saleMicro(word), PositionWord.lockMicro(word)
        );
    }

    /// @inheritdoc IIcebergOrderBook
    function accountOf(uint32 participantId) external view returns (uint256 marginMicro, uint8 status, uint16 demandFactorBps) {
        uint256 word = _accounts[_ownerOf[participantId]];
        return (_marginIn(word), _statusIn(word), uint16(_factorIn(word)));
    }

    /// @inheritdoc IIcebergOrderBook
    function orderOf(uint64 orderId)
        external
        view
        returns (uint32 participantId, uint32 remainingWh, uint32 peakWh, uint32 visibleWh, uint8 priceStepTicks, uint16 lockTicks)
    {
        uint256 order = _resting(orderId);
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
        uint256 level = _queue.levels[OrderWord.levelKey(frame, side, tick)];
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
        returns (bool open, bool paused, uint8 capTick, uint8 feeTicks, uint8 asksFrom, uint192 levels, uint256 tradedWh)
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
    function bestPrices(uint32 frame) external view returns (bool bidFound, uint8 bidTick, bool askFound, uint8 askTick) {
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
    function tickMicroPerWh() external view returns (uint256) {
        return _tickMicroPerWh;
    }

    /* PRIVATE: PLACING */

    /// @dev Reads and checks a request.
    /// @return incoming The order, cut to what a penalised buyer may demand.
    /// @return frameWord The frame's word as stored.
    function _incoming(uint256 request, uint256 kind, uint256 account)
        private
        view
        returns (Incoming memory incoming, uint256 frameWord)
    {
        uint32 frame = uint32(request);
        uint256 peak = uint32(request >> 80);
        bool immediate = kind == OrderWord.IOC || kind == OrderWord.FOK;
        require(kind <= OrderWord.POST_ONLY && !(immediate && peak != 0), OrderBook_InvalidKind(kind, peak));
        incoming.visits = uint16(request >> 128);
        require(incoming.visits != 0, OrderBook_ZeroMaxFills());
        frameWord = _openFrame(frame);
        require(frameWord & FrameWord.PAUSED == 0, OrderBook_FramePaused(frame));
        _requireGateOpen(frame);
        incoming.tick = uint8(request >> 40);
        require(incoming.tick <= OrderWord.HIGHEST_TICK, OrderBook_TickOutOfRange(incoming.tick, OrderWord.HIGHEST_TICK));
        incoming.participantId = _idIn(account);
        incoming.frame = frame;
        incoming.side = uint8(request >> 32);
        incoming.frameWord = frameWord;
        incoming.stepTicks = uint8(request >> 112);
        _setQuantities(incoming, uint32(request >> 48), peak, _factorIn(account));
        uint256 lockMicro = incoming.restWh * FrameWord.lockTicks(frameWord, incoming.side, incoming.tick) * _tickMicroPerWh;
        require(lockMicro >= minimumLockMicro, OrderBook_LockBelowMinimum(lockMicro, minimumLockMicro));
        _withoutMargin(account, lockMicro);
    }

    /// @dev Checks quantity, peak and price step after a penalised buyer's cut (RET).
    function _setQuantities(Incoming memory incoming, uint256 quantity, uint256 peak, uint256 factorBps) private view {
        if (incoming.side == OrderWord.BID && factorBps != FULL_FACTOR_BPS) {
            quantity = quantity * factorBps / FULL_FACTOR_BPS;
            if (peak > quantity) peak = quantity;
        }
        uint256 minimum = minimumQuantityWh;
        require(quantity >= minimum, OrderBook_QuantityBelowMinimum(quantity, minimum));
        incoming.restWh = quantity;
        incoming.sliceWh = quantity;
        if (peak != 0) {
            require(peak <= quantity && peak >= minimum && peak * 32 >= quantity, OrderBook_InvalidPeak(peak, quantity, minimum));
            incoming.peakWh = peak;
            incoming.sliceWh = peak;
        }
        uint256 step = incoming.stepTicks;
        require(step == 0 || (peak != 0 && step <= OrderWord.HIGHEST_TICK), OrderBook_InvalidPriceStep(step));
    }

    /// @dev Lets the rest of an order rest or return, and takes from the margin what it cost.
    /// @return orderId Id of the resting order, 0 when nothing rests.
    function _finish(Incoming memory incoming, uint256 account, uint256 reason) private returns (uint256 orderId) {
        uint256 spentWhTicks = incoming.side == OrderWord.BID
            ? incoming.valueWhTicks + incoming.filledWh * FrameWord.feeTicks(incoming.frameWord)
            : incoming.lockWhTicks;
        uint256 restWh = incoming.restWh;
        if (restWh != 0) {
            if (reason == 0) {
                uint256 lockTicks = FrameWord.lockTicks(incoming.frameWord, incoming.side, incoming.tick);
                orderId = _rest(incoming, lockTicks);
                spentWhTicks += restWh * lockTicks;
                emit OrderPlaced(
                    orderId | (incoming.participantId << 64) | (restWh << 96) | (incoming.peakWh << 128) | (incoming.sliceWh << 160)
                        | (incoming.stepTicks << 192)
                );
            } else {
                emit RestReturned(incoming.frame | (incoming.participantId << 32) | (restWh << 64) | (reason << 96));
            }
        }
        if (spentWhTicks != 0) _accounts[msg.sender] = _withoutMargin(account, spentWhTicks * _tickMicroPerWh);
    }

    /* PRIVATE: ORDERS */

    /// @dev The word of a resting order, 0 when there is none. A plain order that was used up still has its word: it rests only from its
    /// level's cursor on.
    function _resting(uint256 orderId) private view returns (uint256 order) {
        order = _orders[orderId];
        if (order == 0 || OrderWord.peakWh(order) != 0) return order;
        if (OrderWord.indexOf(orderId) < LevelQueue.next(_queue.levels[OrderWord.levelOf(orderId)])) return 0;
    }

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

    function _knownOwner(uint32 participantId) private view returns (address account) {
        account = _ownerOf[participantId];
        require(account != address(0), Venue_NotRegistered(account));
    }

    /* PRIVATE: FRAMES */

    function _openFrame(uint32 frame) private view returns (uint256 word) {
        word = _frames[frame];
        require(word != 0, OrderBook_FrameNotOpen(frame));
    }

    function _gateClosure(uint32 frame) private view returns (uint256) {
        uint256 start = FrameClock.start(frame, frameSeconds);
        return start > gateClosureLeadSeconds ? start - gateClosureLeadSeconds : 0;
    }

    function _requireGateOpen(uint32 frame) private view {
        uint256 gateClosure = _gateClosure(frame);
        require(block.timestamp < gateClosure, OrderBook_GateClosed(frame, gateClosure, block.timestamp));
    }

    /// @dev The frame's word with the traded energy of all levels in it. Bounded: at most 192 levels, each below 2^32 Wh.
    function _folded(uint32 frame, uint256 word) private view returns (uint256) {
        if (word == 0 || word & FrameWord.FOLDED != 0) return word;
        uint256 traded = FrameWord.tradedWh(word);
        for (uint256 side; side <= OrderWord.ASK; ++side) {
            uint256 bits = FrameWord.sideLevels(word, side);
            while (bits != 0) {
                uint256 tick = TickBitmap.lowest(bits);
                bits &= bits - 1;
                traded += LevelQueue.tradedWh(_queue.levels[OrderWord.levelKey(frame, side, tick)]);
            }
        }
        return FrameWord.withTraded(word, traded) | FrameWord.FOLDED;
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
        _positions[PositionWord.key(frame, buyerId)] = purchase;
        _positions[PositionWord.key(frame, sellerId)] = sale;
        address buyer = _ownerOf[buyerId];
        uint256 feesMicro = energyWh * FrameWord.feeTicks(word) * _tickMicroPerWh;
        _accounts[buyer] = _withMargin(_accounts[buyer], valueMicro + feesMicro);
        // The tick was compared above.
        emit TradeRefused(frame, buyerId, sellerId, uint32(energyWh), uint8(tick));
    }

    function _position(uint32 frame, uint32 participantId) private view returns (uint256) {
        return PositionWord.inFrame(_positions[PositionWord.key(frame, participantId)], frame);
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
        uint256 level = _queue.levels[levelKey];
        bool anyReplenished = LevelQueue.replenishedNext(level) != LevelQueue.replenishedTail(level);
        for (uint256 index = anyReplenished ? 0 : LevelQueue.next(level); index < LevelQueue.tail(level); ++index) {
            uint256 order = _orders[OrderWord.id(levelKey, index)];
            if (index < LevelQueue.next(level) && OrderWord.peakWh(order) == 0) continue;
            displayedWh += OrderWord.visibleWh(order);
            hiddenWh += OrderWord.remainingWh(order) - OrderWord.visibleWh(order);
        }
    }
}
