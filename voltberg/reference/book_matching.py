"""Matching of the twin's order book: rules B1 to B5, M2 and M3.

Price, then time. The incoming order takes slice by slice; each visit of a resting order trades the smaller of
the incoming slice and the maker's visible part at the maker's price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voltberg.models import RestReason, Side
from voltberg.reference.book_state import BookFrame, BookState, Level, Resting, lock_ticks, stepped_tick
from voltberg.reference.positions import PositionRing
from voltberg.reference.state import Revert
from voltberg.reference.words import pack_fill, pack_move

NO_LEVEL_KEY: Final = -1


@dataclass(slots=True)
class Incoming:
    """An incoming order on its way through the book.

    Attributes
    ----------
    participant_id, frame, side, kind : int
        Who, for when, which side, which :class:`~voltberg.models.OrderKind`.
    tick : int
        Limit of the present slice [ticks].
    rest_wh, slice_wh : int
        Energy not traded yet, and that of the present slice [Wh].
    peak_wh, price_step_ticks : int
        Size of a slice [Wh], 0 for all; move of the limit per slice [ticks].
    visits_left : int
        Resting orders that may still be visited.
    record : BookFrame
        Tariff of the frame.
    filled_wh, value_micro, lock_micro : int
        What was traded: energy, value, and the seller's lock that stays with it.
    """

    participant_id: int
    frame: int
    side: int
    kind: int
    tick: int
    rest_wh: int
    slice_wh: int
    peak_wh: int
    price_step_ticks: int
    visits_left: int
    record: BookFrame
    filled_wh: int = 0
    value_micro: int = 0
    lock_micro: int = 0

    def lock_ticks(self) -> int:
        """Lock per Wh at the present slice's limit [ticks]."""
        return lock_ticks(self.side, self.tick, self.record.cap_tick, self.record.fee_ticks)


class Matching:
    """Sweeps the book.

    Parameters
    ----------
    book : BookState
        Orders, levels, frames.
    positions : PositionRing
        Where trades are entered.
    tick_micro_per_wh : int
        Money per Wh and tick [micro].
    emit : callable
        Records an event.
    add_margin : callable
        Credits a maker's margin [micro].
    """

    def __init__(
        self,
        book: BookState,
        positions: PositionRing,
        tick_micro_per_wh: int,
        emit: Callable[..., None],
        add_margin: Callable[[int, int], None],
    ) -> None:
        self._book = book
        self._positions = positions
        self._tick_micro_per_wh = tick_micro_per_wh
        self._emit = emit
        self._add_margin = add_margin

    def sweep(self, taker: Incoming) -> int:
        """Trade until nothing is left, nothing crosses, or trading must stop.

        Parameters
        ----------
        taker : Incoming
            The incoming order; what it traded is added to it.

        Returns
        -------
        int
            0, or the :class:`~voltberg.models.RestReason` for which the rest may not rest.
        """
        swept = NO_LEVEL_KEY
        reason = 0
        while taker.rest_wh:
            level_key = self._crossing_level(taker)
            if swept not in (level_key, NO_LEVEL_KEY):
                self._book.check_level(swept)
            swept = level_key
            if level_key == NO_LEVEL_KEY:
                break
            if taker.visits_left == 0:
                reason = RestReason.MAX_FILLS
                break
            taker.visits_left -= 1
            if not self._visit(taker, level_key):
                reason = RestReason.SELF_TRADE
                break
        if swept != NO_LEVEL_KEY:
            self._book.check_level(swept)
        return reason

    def walk_post_only(self, taker: Incoming) -> None:
        """Pass cancelled orders in front of a post-only order; refuse it at a live one (rule B5)."""
        book = self._book
        while (level_key := self._crossing_level(taker)) != NO_LEVEL_KEY:
            level = book.levels[level_key]
            index, replenished = book.head_of(level_key, level)
            order_id = level_key << 16 | index
            if taker.visits_left == 0 or order_id in book.orders:
                raise Revert("OrderBook_WouldTrade", order_id)
            taker.visits_left -= 1
            book.advance(level_key, level, replenished, 0)

    def _crossing_level(self, taker: Incoming) -> int:
        record = self._book.frames[taker.frame]
        if taker.side == Side.BID:
            asks = record.asks
            tick = (asks & -asks).bit_length() - 1
            if not asks or tick > taker.tick:
                return NO_LEVEL_KEY
            return taker.frame << 16 | Side.ASK << 8 | tick
        bids = record.bids
        tick = bids.bit_length() - 1
        if not bids or tick < taker.tick:
            return NO_LEVEL_KEY
        return taker.frame << 16 | Side.BID << 8 | tick

    def _visit(self, taker: Incoming, level_key: int) -> bool:
        """Visit the head of a level; False when it is the taker's own order."""
        book = self._book
        level = book.levels[level_key]
        index, replenished = book.head_of(level_key, level)
        order_id = level_key << 16 | index
        order = book.orders.get(order_id)
        if order is None:
            book.advance(level_key, level, replenished, 0)
            return True
        if order.maker_id == taker.participant_id:
            return False
        energy_wh = min(order.visible_wh, taker.slice_wh)
        self._pay(taker, level_key, order, energy_wh)
        self._emit("Filled", pack_fill(order_id, order.maker_id, taker.participant_id, energy_wh))
        self._serve(level_key, level, order_id, order, energy_wh, replenished)
        self._take(taker, energy_wh)
        return True

    def _pay(self, taker: Incoming, level_key: int, order: Resting, energy_wh: int) -> None:
        """Add a fill to the maker's position and to the taker's account of this sweep."""
        value_micro = energy_wh * (level_key & 0xFF) * self._tick_micro_per_wh
        if taker.side == Side.BID:
            lock_micro = energy_wh * order.lock_ticks * self._tick_micro_per_wh
            self._positions.add_sale(taker.frame, order.maker_id, energy_wh, value_micro, lock_micro)
        else:
            self._positions.add_purchase(taker.frame, order.maker_id, energy_wh, value_micro)
            taker.lock_micro += energy_wh * taker.lock_ticks() * self._tick_micro_per_wh
        taker.value_micro += value_micro
        taker.filled_wh += energy_wh

    def _serve(
        self, level_key: int, level: Level, order_id: int, order: Resting, energy_wh: int, replenished: bool
    ) -> None:
        """Take a fill out of the maker's order and its level."""
        book = self._book
        remaining_wh = order.remaining_wh - energy_wh
        visible_wh = order.visible_wh - energy_wh
        if visible_wh:
            left = Resting(order.maker_id, remaining_wh, order.peak_wh, visible_wh, *order[4:])
            book.set_order(order_id, left)
            book.add_traded(level_key, level, energy_wh)
        elif remaining_wh == 0:
            book.set_order(order_id, None)
            book.advance(level_key, level, replenished, energy_wh)
        elif not self._moved(level_key, order_id, order, remaining_wh):
            slice_wh = min(order.peak_wh, remaining_wh)
            left = Resting(order.maker_id, remaining_wh, order.peak_wh, slice_wh, *order[4:])
            book.set_order(order_id, left)
            book.replenish(level_key, level, order_id & 0xFFFF, replenished, energy_wh)
        else:
            book.advance(level_key, level, replenished, energy_wh)

    def _moved(self, level_key: int, order_id: int, order: Resting, remaining_wh: int) -> bool:
        """Show a stepped iceberg's next slice at its next tick, if it has one with room."""
        book = self._book
        frame, side, tick = level_key >> 16, level_key >> 8 & 0xFF, level_key & 0xFF
        target = stepped_tick(side, tick, order.price_step_ticks)
        if target == tick or book.is_full(frame, side, target):
            return False
        record = book.frames[frame]
        ticks = lock_ticks(side, target, record.cap_tick, record.fee_ticks)
        moved = Resting(
            order.maker_id,
            remaining_wh,
            order.peak_wh,
            min(order.peak_wh, remaining_wh),
            order.price_step_ticks,
            ticks,
        )
        book.set_order(order_id, None)
        new_id = book.arrive(frame, side, target, moved)
        freed_micro = remaining_wh * (order.lock_ticks - ticks) * self._tick_micro_per_wh
        if freed_micro:
            self._add_margin(order.maker_id, freed_micro)
        self._emit("OrderMoved", pack_move(order_id, new_id))
        return True

    @staticmethod
    def _take(taker: Incoming, energy_wh: int) -> None:
        """Take a fill out of the incoming order; a used-up slice is followed by the next one (rule B3)."""
        taker.rest_wh -= energy_wh
        taker.slice_wh -= energy_wh
        if taker.slice_wh == 0 and taker.rest_wh:
            taker.slice_wh = min(taker.peak_wh, taker.rest_wh)
            taker.tick = stepped_tick(taker.side, taker.tick, taker.price_step_ticks)
