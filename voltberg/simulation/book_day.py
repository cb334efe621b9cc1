"""A day at the continuous book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from voltberg.models import Position
from voltberg.reference.market import ReferenceMarket
from voltberg.reference.words import pack_reading, pack_request, unpack_position
from voltberg.simulation.blocks import BlockBuilder
from voltberg.simulation.ledger import FinalState, View
from voltberg.simulation.orders import OrderBookFollower
from voltberg.simulation.plan import Cast, batches
from voltberg.simulation.settings import AgentSettings
from voltberg.simulation.strategy import OrderIntent


class BookDay:
    """What a replay does at ``IcebergOrderBook``; see :class:`~voltberg.simulation.venue.DayVenue`.

    Parameters
    ----------
    market : ReferenceMarket
        The twin.
    build : BlockBuilder
        Takes the calls.
    cast : Cast
        Who reports, releases and settles.
    agents : AgentSettings
        How many orders one placing visits.
    """

    name: Final = "book"
    calls_for_orders: Final = (300, 700)

    def __init__(
        self, market: ReferenceMarket, build: BlockBuilder, cast: Cast, agents: AgentSettings
    ) -> None:
        self._market = market
        self._build = build
        self._cast = cast
        self._max_fills = agents.max_fills

    def quotes(self, frame: int) -> tuple[int | None, int | None]:
        """Give the best bid and the best ask in the book [ticks]."""
        bid_found, bid_tick, ask_found, ask_tick = self._market.book.best_prices(frame)
        return bid_tick if bid_found else None, ask_tick if ask_found else None

    def position(self, frame: int, participant_id: int) -> tuple[int, int]:
        """Give what a participant has bought and sold [Wh]."""
        bought_wh, sold_wh, *_ = self._market.book.position_of(frame, participant_id)
        return bought_wh, sold_wh

    def cancel_orders(self, frame: int, participant_id: int, account: str) -> None:
        """Cancel a participant's resting orders."""
        for order_id in self._market.book.resting_orders(frame, participant_id):
            self._build.call(frame, "cancel", "book", "cancel", (order_id,), account)

    def place(self, frame: int, intent: OrderIntent, account: str) -> None:
        """Place an order."""
        request = pack_request(
            frame,
            int(intent.side),
            intent.tick,
            intent.quantity_wh,
            intent.peak_wh,
            intent.price_step_ticks,
            int(intent.kind),
            self._max_fills,
        )
        self._build.call(frame, "place", "book", "place", (request,), account)

    def close_gate(self, frame: int) -> None:
        """Give the locks of what is left in the book back; anyone may."""
        resting = self._market.book.resting_orders(frame)
        if resting:
            self._build.call(frame, "release", "book", "release", (resting,), self._cast.operator)

    def end_refusals(self, frame: int) -> None:
        """Do nothing: buyers have paid and others were released."""

    def report_deliveries(self, frame: int, delivered_wh: Mapping[int, int]) -> None:
        """Report readings in batches; they settle at once."""
        readings = [pack_reading(participant_id, energy) for participant_id, energy in delivered_wh.items()]
        for batch in batches(readings):
            args = (frame, batch)
            self._build.call(frame, "report_delivery", "house", "reportDelivery", args, self._cast.meter)

    def settle_unmetered(self, frame: int, participant_ids: Sequence[int]) -> None:
        """Settle those who were not read; anyone may."""
        args = (frame, list(participant_ids))
        self._build.call(frame, "settle_unmetered", "house", "settleUnmetered", args, self._cast.operator)

    def views(self, frames: Sequence[int], participant_ids: tuple[int, ...]) -> Iterator[View]:
        """List accounts, frames and positions."""
        for participant_id in participant_ids:
            yield self.name, "accountOf", (participant_id,)
        for frame in frames:
            yield self.name, "frameOf", (frame,)
            yield self.name, "positionsOf", (frame, participant_ids)

    def positions(self, final: FinalState) -> Iterator[tuple[int, int, Position, int]]:
        """Give every position that the ledger told; the book refunds nothing at settlement."""
        for (contract, function, args), words in final.items():
            if (contract, function) == (self.name, "positionsOf"):
                frame, participant_ids = args
                for participant_id, word in zip(participant_ids, words, strict=True):
                    if word:
                        yield frame, participant_id, unpack_position(word), 0

    def follower(self) -> OrderBookFollower:
        """Give what rebuilds orders and trades."""
        return OrderBookFollower()
