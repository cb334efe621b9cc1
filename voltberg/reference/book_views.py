"""Views of the twin's order book, and what only a twin can tell: resting orders, locked money, fees due."""

from __future__ import annotations

from collections.abc import Iterator

from voltberg.models import Side
from voltberg.reference.book_state import NO_LEVEL, BookState
from voltberg.reference.delegation import DelegationTwin
from voltberg.reference.parameters import FrameClock
from voltberg.reference.position_venue import PositionVenueTwin
from voltberg.reference.state import Revert, State, view
from voltberg.reference.venue import MarginHouse


class BookViews(PositionVenueTwin, DelegationTwin):
    """State and views of the order book."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: str,
        house: MarginHouse,
        credit: str,
        clock: FrameClock,
        tick_micro_per_wh: int,
    ) -> None:
        super().__init__(state, "book", address, registry, house, credit, clock, tick_micro_per_wh)
        self._book = BookState(state)

    @view
    def order_of(self, order_id: int) -> tuple[int, int, int, int, int, int]:
        """Owner, remaining, peak, visible, price step and lock per Wh of a resting order; zeros otherwise."""
        return self._book.orders.get(order_id) or (0, 0, 0, 0, 0, 0)

    @view
    def level_of(self, frame: int, side: int, tick: int) -> tuple[int, int, int, int, int]:
        """Cursors and traded energy of a level."""
        return self._book.levels.get(frame << 16 | side << 8 | tick, NO_LEVEL)

    @view
    def frame_of(self, frame: int) -> tuple[bool, bool, int, int, int, int, int]:
        """Open, paused, cap, fees, lowest possible ask, levels with orders, energy traded."""
        record = self._book.frames.get(frame)
        if record is None:
            return False, False, 0, 0, 0, 0, 0
        return (
            True,
            record.paused,
            record.cap_tick,
            record.fee_ticks,
            record.asks_from,
            record.bids | record.asks,
            self._book.traded_wh(frame),
        )

    @view
    def best_prices(self, frame: int) -> tuple[bool, int, bool, int]:
        """Best bid and ask with a live order."""
        bid = next(self._live_levels(frame, Side.BID), None)
        ask = next(self._live_levels(frame, Side.ASK), None)
        return (
            bid is not None,
            bid[0] if bid is not None else 0,
            ask is not None,
            ask[0] if ask is not None else 0,
        )

    @view
    def depth_of(
        self, frame: int, side: int, max_levels: int
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Ticks from the best on, with displayed and hidden energy [Wh]."""
        rows: list[tuple[int, int, int]] = []
        for tick, order_ids in self._live_levels(frame, side):
            if len(rows) >= max_levels:
                break
            orders = [self._book.orders[order_id] for order_id in order_ids]
            displayed = sum(order.visible_wh for order in orders)
            rows.append((tick, displayed, sum(order.remaining_wh for order in orders) - displayed))
        return tuple(row[0] for row in rows), tuple(row[1] for row in rows), tuple(row[2] for row in rows)

    @view
    def queue_position_of(self, order_id: int) -> tuple[int, int]:
        """Orders served before a resting one at its level, and the energy that they display [Wh]."""
        orders = self._book.orders
        if order_id not in orders:
            raise Revert("OrderBook_NotResting", order_id)
        served = self._book.served_order(order_id >> 16)
        ahead = [other for other in served[: served.index(order_id)] if other in orders]
        return len(ahead), sum(orders[other].visible_wh for other in ahead)

    @view
    def orders_of(
        self, frame: int, participant_id: int, from_id: int, max_visits: int
    ) -> tuple[tuple[int, ...], int]:
        """Resting orders of a participant, page by page, and where the next page begins (0: nowhere)."""
        places = [place for place in self._book.places_of(frame) if place >= from_id]
        found = tuple(
            place
            for place in places[:max_visits]
            if place in self._book.orders and self._book.orders[place].maker_id == participant_id
        )
        return found, places[max_visits] if len(places) > max_visits else 0

    def resting_orders(self, frame: int, participant_id: int | None = None) -> list[int]:
        """Ids of all resting orders of a frame, ascending.

        Parameters
        ----------
        frame : int
            Delivery frame.
        participant_id : int or None, optional
            Only this participant's.

        Returns
        -------
        list of int
            Order ids; a moved order goes by its present one.
        """
        return sorted(
            order_id
            for order_id, order in self._book.orders.items()
            if order_id >> 32 == frame and participant_id in (None, order.maker_id)
        )

    def all_resting_orders(self) -> list[int]:
        """Ids of all resting orders of all frames, ascending."""
        return sorted(self._book.orders)

    def level_keys(self) -> list[tuple[int, int, int]]:
        """Frame, side and tick of every level that ever had an order."""
        return [(key >> 16, key >> 8 & 0xFF, key & 0xFF) for key in sorted(self._book.levels)]

    def open_frames(self) -> list[int]:
        """Frames ever opened here, ascending."""
        return sorted(self._book.frames)

    def locked_micro(self) -> int:
        """Money locked by resting orders [micro]."""
        locked = sum(order.remaining_wh * order.lock_ticks for order in self._book.orders.values())
        return locked * self._tick_micro_per_wh

    def fees_micro(self, frame: int) -> int:
        """Fees of a frame's trades [micro]."""
        record = self._book.frames.get(frame)
        if record is None:
            return 0
        return self._book.traded_wh(frame) * record.fee_ticks * self._tick_micro_per_wh

    def _live_levels(self, frame: int, side: int) -> Iterator[tuple[int, list[int]]]:
        """Levels with live orders, best price first."""
        record = self._book.frames.get(frame)
        if record is None or side > Side.ASK:
            return
        bits = record.asks if side == Side.ASK else record.bids
        while bits:
            tick = (bits & -bits).bit_length() - 1 if side == Side.ASK else bits.bit_length() - 1
            bits ^= 1 << tick
            order_ids = self._book.queue_of(frame << 16 | side << 8 | tick)
            if order_ids:
                yield tick, order_ids
