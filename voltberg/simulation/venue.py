"""What a day asks of the venue that it trades at; one object a venue, so that the day itself knows none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from voltberg.models import Position
from voltberg.simulation.ledger import FinalState, View
from voltberg.simulation.orders import OrderFollower
from voltberg.simulation.strategy import OrderIntent


class DayVenue(Protocol):
    """A trading venue in a replay: what is called there, and what participants see of it.

    Every method that acts adds its calls to the block that is being built.
    """

    @property
    def name(self) -> str:
        """Name of its contract."""

    @property
    def calls_for_orders(self) -> tuple[int, ...]:
        """When households are asked for orders: seconds after the start of the frame before delivery."""

    def quotes(self, frame: int) -> tuple[int | None, int | None]:
        """Give the best bid and the best ask that everybody sees [ticks]."""

    def position(self, frame: int, participant_id: int) -> tuple[int, int]:
        """Give what a participant has bought and sold in a frame [Wh]."""

    def cancel_orders(self, frame: int, participant_id: int, account: str) -> None:
        """Cancel a participant's open orders of a frame."""

    def place(self, frame: int, intent: OrderIntent, account: str) -> None:
        """Place an order."""

    def close_gate(self, frame: int) -> None:
        """Do what is due right after gate closure."""

    def end_refusals(self, frame: int) -> None:
        """Do what is due once no trade of the frame can be refused any more."""

    def report_deliveries(self, frame: int, delivered_wh: Mapping[int, int]) -> None:
        """Report metered deliveries [Wh] by participant and settle them."""

    def settle_unmetered(self, frame: int, participant_ids: Sequence[int]) -> None:
        """Settle those who were not read."""

    def views(self, frames: Sequence[int], participant_ids: tuple[int, ...]) -> Iterator[View]:
        """List the views that hold the venue's state after a day, money included."""

    def positions(self, final: FinalState) -> Iterator[tuple[int, int, Position, int]]:
        """Give every position of the day: frame, participant, position and refund at settlement [micro]."""

    def follower(self) -> OrderFollower:
        """Give what rebuilds orders, trades and depth from the transactions."""
