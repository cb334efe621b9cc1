// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDelegation} from "./IDelegation.sol";
import {IPositionVenue} from "./IPositionVenue.sol";
import {ISignedOrders} from "./ISignedOrders.sol";

/// @title Continuous order book per delivery frame, price-time priority, iceberg orders
/// @notice Rules B1-B6, M2, M3, M8, M13 of the specification. Energy in Wh, prices in ticks, money in micro-units.
/// @dev Requests, orders and logs are packed into words; the layouts stand at the functions and in docs/SPECIFICATION.md.
/// An order id is `frame << 32 | side << 24 | tick << 16 | index` (side 0 bid, 1 ask; index = arrival number at its level).
/// An iceberg's total is public in calldata and storage.
interface IIcebergOrderBook is IDelegation, ISignedOrders, IPositionVenue {
    /// @notice An order rests (from the lowest bit: order id 64 | participant id 32 | quantity Wh 32 | peak Wh 32 | visible Wh 32 |
    /// price step ticks 8).
    event OrderPlaced(uint256 placement);
    /// @notice A maker's order traded (from the lowest bit: maker order id 64 | maker id 32 | taker id 32 | energy Wh 32).
    /// The price is the tick in the order id; the buyer is the maker when the side in the id is 0.
    event Filled(uint256 fill);
    /// @notice The incoming rest was not allowed to rest (from the lowest bit: frame 32 | participant id 32 | energy Wh 32 | reason 8):
    /// reason 1 IOC (always for that kind), 2 self-trade, 3 maxFills reached while the rest still crosses.
    event RestReturned(uint256 rest);
    /// @notice An order left the book before it was filled (order id 64 | energy Wh 32).
    event OrderCancelled(uint256 cancellation);
    /// @notice An order's quantity was reduced (order id 64 | quantity taken off Wh 32 | visible Wh left 32).
    event OrderReduced(uint256 reduction);
    /// @notice A stepped iceberg shows its next slice at another level under a new id (old order id 64 | new order id 64).
    event OrderMoved(uint256 move);
    /// @notice A frame opened here.
    event FrameOpened(uint32 indexed frame, uint8 capTick, uint8 feeTicks);
    /// @notice Placing in a frame was halted or allowed again.
    event FramePaused(uint32 indexed frame, bool paused);

    /// @notice The frame is not open here.
    error OrderBook_FrameNotOpen(uint32 frame);
    /// @notice Placing in the frame is halted.
    error OrderBook_FramePaused(uint32 frame);
    /// @notice Gate closure has passed.
    error OrderBook_GateClosed(uint32 frame, uint256 gateClosure, uint256 timestamp);
    /// @notice The tick is above the highest one (191).
    error OrderBook_TickOutOfRange(uint256 tick, uint256 maximum);
    /// @notice The quantity is below the minimum.
    error OrderBook_QuantityBelowMinimum(uint256 quantityWh, uint256 minimumWh);
    /// @notice The peak is above the quantity, below the minimum quantity, or below a 32nd of the quantity.
    error OrderBook_InvalidPeak(uint256 peakWh, uint256 quantityWh, uint256 minimumWh);
    /// @notice A price step needs a peak and lies within 0..191.
    error OrderBook_InvalidPriceStep(uint256 priceStepTicks);
    /// @notice Kind is not 0 limit, 1 IOC, 2 FOK, 3 post-only, or IOC/FOK carry a peak.
    error OrderBook_InvalidKind(uint256 kind, uint256 peakWh);
    /// @notice `maxFills` is 0.
    error OrderBook_ZeroMaxFills();
    /// @notice Bits of the request that mean nothing are set.
    error OrderBook_InvalidRequest(uint256 request);
    /// @notice The lock is below the minimum.
    error OrderBook_LockBelowMinimum(uint256 lockMicro, uint256 minimumMicro);
    /// @notice The participant may not place orders.
    error OrderBook_Suspended(uint32 participantId, uint8 status);
    /// @notice A FOK order could not be filled whole within `maxFills`.
    error OrderBook_NotFilled(uint256 quantityWh, uint256 filledWh);
    /// @notice A post-only order would trade (or `maxFills` cancelled orders stood in front of the answer).
    error OrderBook_WouldTrade(uint64 orderId);
    /// @notice A level holds 65,535 arrivals.
    error OrderBook_LevelFull(uint32 frame, uint8 side, uint8 tick);
    /// @notice The energy traded at a level (since it opened) or in a frame (at levels that emptied) would outgrow its word.
    error OrderBook_FrameOverflow(uint32 frame, uint256 tradedWh);
    /// @notice There is no such resting order (never placed, filled, cancelled or moved).
    error OrderBook_NotResting(uint64 orderId);
    /// @notice The order is not the caller's.
    error OrderBook_NotOwner(uint64 orderId, uint32 ownerId, uint32 callerId);
    /// @notice A reduction of 0, or of the whole order or more (cancel instead), or to below the minimum quantity.
    error OrderBook_InvalidReduction(uint64 orderId, uint256 reductionWh, uint256 remainingWh);
    /// @notice Only after gate closure may others release an order.
    error OrderBook_GateOpen(uint32 frame, uint256 gateClosure, uint256 timestamp);
    /// @notice The frame is open here already.
    error OrderBook_FrameAlreadyOpen(uint32 frame);

    /// @notice Places an order; what crosses trades at once, the rest rests.
    /// @dev Emits {Filled} per fill, then {OrderPlaced} or {RestReturned} when something is left.
    /// Request of 144 bits, from the lowest: frame 32 | side 8 | tick 8 | quantity Wh 32 | peak Wh 32 | price step ticks 8 | kind 8 | maxFills 16;
    /// a wider one reverts without data. Peak 0 = whole quantity displayed; kind 0 limit, 1 IOC, 2 FOK, 3 post-only.
    /// A buy locks quantity x (tick + fees), a sell quantity x max(1, cap - tick), both x tick value per Wh; price improvement of a
    /// buy returns to its margin at once; a sell's lock stays with its position.
    /// Checks in this order: `OrderBook_InvalidRequest` (side > 1; bits from 144 on where a whole word is taken), `Venue_NotRegistered`, `OrderBook_Suspended`,
    /// `OrderBook_InvalidKind`, `OrderBook_ZeroMaxFills`, `OrderBook_FrameNotOpen`, `OrderBook_FramePaused`, `OrderBook_GateClosed`
    /// (timestamp >= gate closure), `OrderBook_TickOutOfRange`, [a penalised buyer's quantity is cut to quantity x factor / 10,000 down,
    /// its peak to at most that], `OrderBook_QuantityBelowMinimum`, `OrderBook_InvalidPeak`, `OrderBook_InvalidPriceStep`,
    /// `OrderBook_LockBelowMinimum`, `Venue_InsufficientMargin`; then matching: `Venue_PositionOverflow`, `OrderBook_NotFilled`,
    /// `OrderBook_WouldTrade`, `OrderBook_LevelFull`; `OrderBook_FrameOverflow` when a level's sweep ends.
    /// An iceberg takes slice by slice (one {Filled} and one visit for each slice and maker), also without a price step.
    /// @return orderId Id of the resting order, 0 when nothing rests.
    /// @return filledWh Energy traded at once.
    function place(uint144 request) external returns (uint64 orderId, uint256 filledWh);

    /// @notice Places orders of the caller one after the other, all or none.
    /// @dev Reverts: `Venue_NotRegistered`; then events and errors as for {place}, of the first request that fails.
    function placeMany(uint256[] calldata requests) external;

    /// @notice Places orders for consumers who named the caller as their exchange (M11), one after the other.
    /// @dev Events as for {place}; {EntrySkipped} for an entry that fails, which changes nothing. Entry, from the lowest bit: request 144
    /// (see {place}) | consumer id 32; higher bits 0. Of n entries only the first `requestQuota(exchange, n)` of the credit contract are
    /// looked at (RET), the others are skipped with `Venue_QuotaExceeded`. Reverts: `Venue_MissingRole` (exchange), `Venue_OutOfGas`.
    function placeFor(uint256[] calldata entries) external;

    /// @notice One entry of {placeFor}.
    /// @dev Checks in this order: `Venue_NotSelf`, `OrderBook_InvalidRequest` (with the entry), `Venue_NotMandated`, `Venue_OutsideMandate`
    /// (price, quantity, frame), then those of {place} for the consumer.
    function placeEntry(uint256 entry, uint32 exchangeId) external;

    /// @notice Places an order that its owner signed; anyone may submit it (see {ISignedOrders}).
    /// @dev Signed is Order(address owner,uint32 frame,uint8 side,uint8 tick,uint32 quantityWh,uint32 peakWh,uint8 priceStepTicks,uint8
    /// kind,uint16 maxFills,uint256 nonce,uint64 expiry). Checks in this order: `Venue_SignatureExpired` (timestamp > expiry),
    /// `Venue_NonceUsed`, `Venue_InvalidSignature`, then those of {place} for the owner; when one of them fails the nonce stays unused.
    /// @return orderId Id of the resting order, 0 when nothing rests.
    /// @return filledWh Energy traded at once.
    function placeSigned(uint256 request, address owner, uint256 nonce, uint64 expiry, bytes calldata signature)
        external
        returns (uint64 orderId, uint256 filledWh);

    /// @notice Packs a request for {place}.
    function packRequest(
        uint32 frame,
        uint8 side,
        uint8 tick,
        uint32 quantityWh,
        uint32 peakWh,
        uint8 priceStepTicks,
        uint8 kind,
        uint16 maxFills
    ) external pure returns (uint144 request);

    /// @notice Cancels the caller's resting order; its lock returns to the caller's margin. Possible at any time.
    /// @dev Emits {OrderCancelled}. Reverts: `Venue_NotRegistered`, `OrderBook_NotResting`, `OrderBook_NotOwner`.
    function cancel(uint64 orderId) external;

    /// @notice Cancels resting orders of the caller, skipping those that are done or not its own.
    /// @dev Emits {OrderCancelled} or {EntrySkipped} (`OrderBook_NotResting`, `OrderBook_NotOwner`) per id. Reverts: `Venue_NotRegistered`.
    function cancelMany(uint64[] calldata orderIds) external;

    /// @notice Cancels resting orders of consumers who named the caller as their exchange (M11), whatever limits they set.
    /// @dev Emits {OrderCancelled} or {EntrySkipped} (`OrderBook_NotResting`, `Venue_NotMandated`) per id. Reverts: `Venue_MissingRole` (exchange).
    function cancelFor(uint64[] calldata orderIds) external;

    /// @notice Takes quantity off the caller's resting order, hidden quantity first; it keeps its place.
    /// @dev Emits {OrderReduced}. Reverts: `Venue_NotRegistered`, `OrderBook_NotResting`, `OrderBook_NotOwner`, `OrderBook_GateClosed`,
    /// `OrderBook_InvalidReduction`.
    function reduce(uint64 orderId, uint32 reductionWh) external;

    /// @notice Returns the locks of orders left in the book after gate closure to their owners' margins; anyone may call.
    /// @dev Emits {OrderCancelled} per order; entries that do not rest are skipped. Reverts: `OrderBook_GateOpen` for an entry whose frame
    /// is not past gate closure.
    function release(uint64[] calldata orderIds) external;

    /// @notice Halts or allows placing in a frame; cancel, reduce, release, withdraw and settlement go on.
    /// @dev Emits {FramePaused}. Requirements: caller has the operator role, frame open here.
    function setFramePaused(uint32 frame, bool paused) external;

    /// @notice A resting order; all zero when it does not rest.
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
        );

    /// @notice A level's cursors: arrivals served, arrivals, replenished slices served, replenished slices, energy traded since it opened.
    function levelOf(uint32 frame, uint8 side, uint8 tick)
        external
        view
        returns (uint24 next, uint24 tail, uint24 replenishedNext, uint24 replenishedTail, uint40 tradedWh);

    /// @notice A frame here. `tradedWh` is the total over frame word and levels; `levels` has a bit per tick with queued orders (cancelled ones stay queued
    /// until a sweep meets them); ticks from `asksFrom` on are asks (192 when the frame opens).
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
        );

    /// @notice Best bid and ask with a live order; `found` false when a side is empty.
    function bestPrices(uint32 frame) external view returns (bool bidFound, uint8 bidTick, bool askFound, uint8 askTick);

    /// @notice Displayed and hidden energy per tick from the best price on, at most `maxLevels` levels with live orders.
    function depthOf(uint32 frame, uint8 side, uint256 maxLevels)
        external
        view
        returns (uint8[] memory ticks, uint256[] memory displayedWh, uint256[] memory hiddenWh);

    /// @notice What is served before a resting order at its level: orders, and the energy that they display. Walks the queue.
    /// @dev An iceberg with further slices comes back behind. Reverts: `OrderBook_NotResting`.
    function queuePositionOf(uint64 orderId) external view returns (uint256 ordersAhead, uint256 displayedWh);

    /// @notice A participant's resting orders in a frame, by ascending id, page by page.
    /// @param fromId Where to begin: 0, then the last answer's `nextId`.
    /// @param maxVisits Places of queues to look at, whoever's they are.
    /// @return orderIds Ids of the participant's orders.
    /// @return nextId Where to go on, 0 at the end.
    function ordersOf(uint32 frame, uint32 participantId, uint64 fromId, uint256 maxVisits)
        external
        view
        returns (uint64[] memory orderIds, uint64 nextId);
}
