"""Twin of ``PositionVenue``: what venues with stored positions show, and refused trades (M3, M8, M13)."""

from __future__ import annotations

from collections.abc import Sequence

from voltberg.models import Position
from voltberg.reference.book_state import HIGHEST_TICK
from voltberg.reference.parameters import FrameClock
from voltberg.reference.positions import FramePosition, PositionRing
from voltberg.reference.state import Revert, State, view
from voltberg.reference.trading_venue import TradingVenueTwin
from voltberg.reference.venue import MarginHouse
from voltberg.reference.words import MASK_32, pack_position


class PositionVenueTwin(TradingVenueTwin):
    """A trading venue whose results are stored positions."""

    def __init__(
        self,
        state: State,
        name: str,
        address: str,
        registry: str,
        house: MarginHouse,
        credit: str,
        clock: FrameClock,
        tick_micro_per_wh: int,
    ) -> None:
        super().__init__(state, name, address, registry, house, credit, clock, tick_micro_per_wh)
        self._positions = PositionRing(state, clock.ring_frames)

    @view
    def position_of(self, frame: int, participant_id: int) -> tuple[int, int, int, int, int]:
        """Bought and sold [Wh], purchase and sale value and lock [micro]."""
        entry = self._positions.of(frame, participant_id)
        return entry[1:] if entry is not None else (0, 0, 0, 0, 0)

    @view
    def positions_of(self, frame: int, participant_ids: Sequence[int]) -> tuple[int, ...]:
        """Pack positions, 0 where there is none, or nothing is left of it after refusals."""
        words = []
        for participant_id in participant_ids:
            entry = self._positions.of(frame, participant_id)
            filled = entry is not None and any(entry[1:])
            words.append(pack_position(Position(*entry[1:]), entry.tag) if entry and filled else 0)
        return tuple(words)

    def positions_in(self, frame: int) -> dict[int, Position]:
        """Positions of a frame by participant."""
        return self._positions.in_frame(frame)

    def _refuse(self, frame: int, entries: Sequence[int], cap_tick: int, fee_ticks: int) -> int:
        """Take refused trades out of both positions; return their energy [Wh]."""
        opens, closes = self._clock.gate_closure(frame), self._clock.refusal_deadline(frame)
        now = self._state.timestamp
        if not opens <= now < closes:
            raise Revert("Venue_OutsideRefusalWindow", frame, opens, closes, now)
        return sum(self._refuse_trade(frame, entry, cap_tick, fee_ticks) for entry in entries)

    def _refuse_trade(self, frame: int, entry: int, cap_tick: int, fee_ticks: int) -> int:
        buyer_id, seller_id, energy_wh = entry & MASK_32, entry >> 32 & MASK_32, entry >> 64 & MASK_32
        tick = entry >> 96
        value_micro = energy_wh * tick * self._tick_micro_per_wh
        bought, sold = self._positions.of(frame, buyer_id), self._positions.of(frame, seller_id)
        if (
            tick > HIGHEST_TICK
            or energy_wh == 0
            or buyer_id == seller_id
            or bought is None
            or sold is None
            or not self._refusable(bought, sold, energy_wh, value_micro, cap_tick)
        ):
            raise Revert("Venue_InvalidRefusal", frame, buyer_id, seller_id, energy_wh, tick)
        bought = bought._replace(
            bought_wh=bought.bought_wh - energy_wh, purchase_micro=bought.purchase_micro - value_micro
        )
        sold = sold._replace(sold_wh=sold.sold_wh - energy_wh, sale_micro=sold.sale_micro - value_micro)
        if sold.sold_wh == 0:
            # The frame can become final without this seller's settlement: its money must not wait for one.
            self._add_margin(seller_id, sold.sale_micro + sold.lock_micro)
            sold = sold._replace(sale_micro=0, lock_micro=0)
        self._positions.store(frame, buyer_id, bought)
        self._positions.store(frame, seller_id, sold)
        self._add_margin(buyer_id, value_micro + energy_wh * fee_ticks * self._tick_micro_per_wh)
        self._emit("TradeRefused", frame, buyer_id, seller_id, energy_wh, tick)
        return energy_wh

    def _refusable(
        self, bought: FramePosition, sold: FramePosition, energy_wh: int, value_micro: int, cap_tick: int
    ) -> bool:
        held = bought.bought_wh >= energy_wh and bought.purchase_micro >= value_micro
        held = held and sold.sold_wh >= energy_wh and sold.sale_micro >= value_micro
        left_micro = sold.sale_micro - value_micro + sold.lock_micro
        owed_micro = (sold.sold_wh - energy_wh) * cap_tick * self._tick_micro_per_wh
        return held and left_micro >= owed_micro
