"""Twin of ``IcebergOrderBook`` order by order (rules B1 to B6, M2, M3, M8, M13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voltberg.configuration import BookTerms
from voltberg.models import OrderKind, RestReason, Role, Side
from voltberg.reference.book_matching import Incoming, Matching
from voltberg.reference.book_state import HIGHEST_TICK, BookFrame, Resting
from voltberg.reference.book_views import BookViews
from voltberg.reference.parameters import FrameClock
from voltberg.reference.state import Revert, State, external
from voltberg.reference.venue import MarginHouse
from voltberg.reference.words import (
    MASK_8,
    MASK_32,
    REQUEST_BITS,
    pack_cancellation,
    pack_reduction,
    pack_rest,
)
from voltberg.units import BPS

PEAK_SHARE: Final = 32
"""A peak is at least this part of the quantity, which bounds the slices of an order."""


class BookOrders(BookViews):
    """The order book, order by order."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: str,
        house: MarginHouse,
        credit: str,
        terms: BookTerms,
        clock: FrameClock,
        tick_micro_per_wh: int,
    ) -> None:
        super().__init__(state, address, registry, house, credit, clock, tick_micro_per_wh)
        self._minimum_quantity_wh = terms.minimum_quantity_wh
        self._minimum_lock_micro = terms.minimum_lock_micro
        self._matching = Matching(
            self._book, self._positions, tick_micro_per_wh, self._emit, self._add_margin
        )

    # Orders

    @external
    def place(self, sender: str, request: int) -> tuple[int, int]:
        """Place an order; return the id of what rests (0: nothing) and the energy traded at once [Wh].

        A request of more than 144 bits cannot be encoded: the contract never sees one.
        """
        return self._place(sender, request)

    def _place(self, owner: str, request: int) -> tuple[int, int]:
        if request >> REQUEST_BITS or request >> 32 & MASK_8 > Side.ASK:
            raise Revert("OrderBook_InvalidRequest", request)
        participant_id = self._known(owner)
        status = self._statuses.get(participant_id, 0)
        if status:
            raise Revert("OrderBook_Suspended", participant_id, status)
        taker = self._incoming(participant_id, request)
        self._check_order(taker)
        margin = self._margins.get(participant_id, 0)
        lock_micro = taker.rest_wh * taker.lock_ticks() * self._tick_micro_per_wh
        if lock_micro < self._minimum_lock_micro:
            raise Revert("OrderBook_LockBelowMinimum", lock_micro, self._minimum_lock_micro)
        if lock_micro > margin:
            raise Revert("Venue_InsufficientMargin", participant_id, lock_micro, margin)
        return self._execute(taker)

    def _incoming(self, participant_id: int, request: int) -> Incoming:
        """Read a request; checks kind, frame and tick, and cuts a penalised buyer's quantity."""
        frame = request & MASK_32
        kind, peak_wh = request >> 120 & MASK_8, request >> 80 & MASK_32
        takes_only = kind in (OrderKind.IMMEDIATE_OR_CANCEL, OrderKind.FILL_OR_KILL)
        if kind > OrderKind.POST_ONLY or (takes_only and peak_wh):
            raise Revert("OrderBook_InvalidKind", kind, peak_wh)
        max_fills = request >> 128
        if max_fills == 0:
            raise Revert("OrderBook_ZeroMaxFills")
        record = self._tradable(frame)
        side, tick = request >> 32 & MASK_8, request >> 40 & MASK_8
        if tick > HIGHEST_TICK:
            raise Revert("OrderBook_TickOutOfRange", tick, HIGHEST_TICK)
        quantity_wh = request >> 48 & MASK_32
        if side == Side.BID:
            factor_bps = self._factors.get(participant_id, BPS)
            if factor_bps != BPS:
                quantity_wh = quantity_wh * factor_bps // BPS
                peak_wh = min(peak_wh, quantity_wh)
        step = request >> 112 & MASK_8
        return Incoming(
            participant_id,
            frame,
            side,
            kind,
            tick,
            quantity_wh,
            peak_wh or quantity_wh,
            peak_wh,
            step,
            max_fills,
            record,
        )

    def _tradable(self, frame: int) -> BookFrame:
        record = self._book.frames.get(frame)
        if record is None:
            raise Revert("OrderBook_FrameNotOpen", frame)
        if record.paused:
            raise Revert("OrderBook_FramePaused", frame)
        self._check_gate(frame)
        return record

    def _check_order(self, taker: Incoming) -> None:
        quantity_wh, peak_wh, minimum_wh = taker.rest_wh, taker.peak_wh, self._minimum_quantity_wh
        if quantity_wh < minimum_wh:
            raise Revert("OrderBook_QuantityBelowMinimum", quantity_wh, minimum_wh)
        if peak_wh and (peak_wh > quantity_wh or peak_wh < minimum_wh or peak_wh * PEAK_SHARE < quantity_wh):
            raise Revert("OrderBook_InvalidPeak", peak_wh, quantity_wh, minimum_wh)
        step = taker.price_step_ticks
        if step and (peak_wh == 0 or step > HIGHEST_TICK):
            raise Revert("OrderBook_InvalidPriceStep", step)

    def _execute(self, taker: Incoming) -> tuple[int, int]:
        quantity_wh = taker.rest_wh
        reason = 0
        if taker.kind == OrderKind.POST_ONLY:
            self._matching.walk_post_only(taker)
        else:
            reason = self._matching.sweep(taker)
        self._enter_taker(taker)
        order_id = 0
        if taker.rest_wh:
            if taker.kind == OrderKind.FILL_OR_KILL:
                raise Revert("OrderBook_NotFilled", quantity_wh, taker.filled_wh)
            if taker.kind == OrderKind.IMMEDIATE_OR_CANCEL:
                reason = RestReason.IMMEDIATE_OR_CANCEL
            if reason:
                rest = pack_rest(taker.frame, taker.participant_id, taker.rest_wh, int(reason))
                self._emit("RestReturned", rest)
            else:
                order_id = self._rest(taker)
        return order_id, taker.filled_wh

    def _enter_taker(self, taker: Incoming) -> None:
        """Write the taker's position once and take from its margin what its fills cost or lock."""
        if not taker.filled_wh:
            return
        if taker.side == Side.BID:
            self._positions.add_purchase(
                taker.frame, taker.participant_id, taker.filled_wh, taker.value_micro
            )
            fees_micro = taker.filled_wh * taker.record.fee_ticks * self._tick_micro_per_wh
            self._take_margin(taker.participant_id, taker.value_micro + fees_micro)
        else:
            self._positions.add_sale(
                taker.frame, taker.participant_id, taker.filled_wh, taker.value_micro, taker.lock_micro
            )
            self._take_margin(taker.participant_id, taker.lock_micro)

    def _rest(self, taker: Incoming) -> int:
        if self._book.is_full(taker.frame, taker.side, taker.tick):
            raise Revert("OrderBook_LevelFull", taker.frame, taker.side, taker.tick)
        ticks = taker.lock_ticks()
        self._take_margin(taker.participant_id, taker.rest_wh * ticks * self._tick_micro_per_wh)
        order = Resting(
            taker.participant_id, taker.rest_wh, taker.peak_wh, taker.slice_wh, taker.price_step_ticks, ticks
        )
        order_id = self._book.arrive(taker.frame, taker.side, taker.tick, order)
        self._emit(
            "OrderPlaced",
            order_id
            | order.maker_id << 64
            | order.remaining_wh << 96
            | order.peak_wh << 128
            | order.visible_wh << 160
            | order.price_step_ticks << 192,
        )
        return order_id

    @external
    def cancel(self, sender: str, order_id: int) -> None:
        """Cancel the caller's resting order."""
        self._cancel(order_id, self._owned(sender, order_id))

    @external
    def reduce(self, sender: str, order_id: int, reduction_wh: int) -> None:
        """Take quantity off the caller's resting order, hidden quantity first."""
        order = self._owned(sender, order_id)
        self._check_gate(order_id >> 32)
        remaining_wh = order.remaining_wh - reduction_wh
        if reduction_wh == 0 or remaining_wh < self._minimum_quantity_wh:
            raise Revert("OrderBook_InvalidReduction", order_id, reduction_wh, order.remaining_wh)
        visible_wh = min(order.visible_wh, remaining_wh)
        reduced = order._replace(remaining_wh=remaining_wh, visible_wh=visible_wh)
        self._book.set_order(order_id, reduced)
        self._add_margin(order.maker_id, reduction_wh * order.lock_ticks * self._tick_micro_per_wh)
        self._emit("OrderReduced", pack_reduction(order_id, reduction_wh, visible_wh))

    @external
    def release(self, _sender: str, order_ids: Sequence[int]) -> None:
        """Return the locks of orders left in the book after gate closure."""
        now = self._state.timestamp
        for order_id in order_ids:
            gate = self._clock.gate_closure(order_id >> 32)
            if now < gate:
                raise Revert("OrderBook_GateOpen", order_id >> 32, gate, now)
            order = self._book.orders.get(order_id)
            if order is not None:
                self._cancel(order_id, order)

    def _owned(self, sender: str, order_id: int) -> Resting:
        participant_id = self._known(sender)
        order = self._book.orders.get(order_id)
        if order is None:
            raise Revert("OrderBook_NotResting", order_id)
        if order.maker_id != participant_id:
            raise Revert("OrderBook_NotOwner", order_id, order.maker_id, participant_id)
        return order

    def _cancel(self, order_id: int, order: Resting) -> None:
        self._book.set_order(order_id, None)
        self._add_margin(order.maker_id, order.remaining_wh * order.lock_ticks * self._tick_micro_per_wh)
        self._emit("OrderCancelled", pack_cancellation(order_id, order.remaining_wh))

    def _check_gate(self, frame: int) -> None:
        now, gate = self._state.timestamp, self._clock.gate_closure(frame)
        if now >= gate:
            raise Revert("OrderBook_GateClosed", frame, gate, now)

    # The operator

    @external
    def set_frame_paused(self, sender: str, frame: int, paused: bool) -> None:
        """Halt or allow placing in a frame."""
        self._only_role(sender, Role.OPERATOR)
        record = self._book.frames.get(frame)
        if record is None:
            raise Revert("OrderBook_FrameNotOpen", frame)
        self._state.write(self._book.frames, frame, record._replace(paused=paused))
        self._emit("FramePaused", frame, paused)

    @external
    def refuse_trades(self, sender: str, frame: int, entries: Sequence[int]) -> None:
        """Take trades that the network cannot carry out of both positions (rule M8)."""
        self._only_role(sender, Role.OPERATOR)
        if frame not in self._book.frames:
            raise Revert("OrderBook_FrameNotOpen", frame)
        record = self._book.frames[frame]
        refused_wh = self._refuse(frame, entries, record.cap_tick, record.fee_ticks)
        self._book.take_off(frame, refused_wh)

    # Pushes from the house

    @external
    def open_frame(self, sender: str, frame: int, cap_tick: int, fee_ticks: int) -> None:
        """Open a frame for trading."""
        self._only_house(sender)
        if frame in self._book.frames:
            raise Revert("OrderBook_FrameAlreadyOpen", frame)
        record = BookFrame(False, cap_tick, fee_ticks, HIGHEST_TICK + 1, 0, 0, 0, False)
        self._state.write(self._book.frames, frame, record)
        self._emit("FrameOpened", frame, cap_tick, fee_ticks)

    @external
    def close_frame(self, sender: str, frame: int) -> int:
        """End a frame's accounting; return the energy traded and not refused [Wh]."""
        self._only_house(sender)
        self._book.fold(frame)
        return self._book.traded_wh(frame)
