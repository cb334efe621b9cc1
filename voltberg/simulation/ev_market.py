"""One market in which a schedule of EVs is traded: its settings, its venue, who takes part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np

from voltberg.configuration import AuctionTerms, BookTerms, MarketConfiguration, SettlementTerms
from voltberg.models import FIRST_PARTICIPANT_ID, Role, RoleId
from voltberg.reference.auction_words import unpack_record
from voltberg.reference.market import ReferenceMarket
from voltberg.reference.words import pack_tariff
from voltberg.scheduling.frame_market import RANK_RULES
from voltberg.scheduling.grid_prices import GRID_ASK_TICK
from voltberg.scheduling.problem import IntArray
from voltberg.simulation.auction_day import AuctionDay
from voltberg.simulation.blocks import BlockBuilder
from voltberg.simulation.book_day import BookDay
from voltberg.simulation.ev_orders import EvOrder
from voltberg.simulation.ledger import View
from voltberg.simulation.plan import Block, Cast
from voltberg.simulation.settings import AgentSettings
from voltberg.simulation.strategy import OrderIntent
from voltberg.units import MICRO

VenueName = Literal["auction", "book"]
TIME_UNITS: Final = 60
"""Times are sixtieths of a frame: half a minute of half an hour."""
NEIGHBOURS_LEADS: Final = (40, 30)
"""When the gate closes and refusals end where EVs meet first: sixtieths of a frame before delivery."""
GRID_LEADS: Final = (20, 10)
"""The same where EVs meet the grid."""
CLEARING: Final = 8
"""How long a frame can be cleared: sixtieths of a frame from gate closure on."""
SHORTEST_FRAME_SECONDS: Final = 600
CAP_TICK: Final = 150
"""The highest price of the process, 30 pence."""
FEE_TICKS: Final = (2, 1)
MARGIN_MICRO: Final = 2_000 * MICRO
GRID_MARGIN_MICRO: Final = 1_000_000 * MICRO
"""What each EV and the grid have at the venue: far more than they ever owe."""
REGISTRATIONS_PER_CALL: Final = 25
FRAMES_PER_CALL: Final = 12


def configuration_of(frame_seconds: int, leads: tuple[int, int], ring_frames: int) -> MarketConfiguration:
    """Make the settings of an EV market.

    Parameters
    ----------
    frame_seconds : int
        Length of a frame [s].
    leads : tuple of int
        Gate closure and end of refusals before delivery [sixtieths of a frame].
    ring_frames : int
        Frames after which slots are used again.

    Returns
    -------
    MarketConfiguration
        One slice an order and frame, rank priority, orders from 1 Wh on.

    Raises
    ------
    ValueError
        If frames are too short to hold two auctions, or the ring is too short or too long.
    """
    if frame_seconds < SHORTEST_FRAME_SECONDS:
        msg = f"frames have {frame_seconds} s, expected at least {SHORTEST_FRAME_SECONDS} for two auctions"
        raise ValueError(msg)
    gate, refusals = (lead * frame_seconds // TIME_UNITS for lead in leads)
    return MarketConfiguration(
        settlement=SettlementTerms(
            frame_seconds=frame_seconds,
            gate_closure_lead_seconds=gate,
            refusal_lead_seconds=refusals,
            ring_frames=ring_frames,
        ),
        book=BookTerms(minimum_quantity_wh=1, minimum_lock_micro=1),
        auction=AuctionTerms(
            minimum_quantity_wh=1,
            minimum_lock_micro=1,
            clearing_seconds=CLEARING * frame_seconds // TIME_UNITS,
            slices_per_frame=1,
            alpha=RANK_RULES.alpha,
            beta=RANK_RULES.beta,
        ),
    )


class EvMarket:
    """Builds the calls of one market.

    Parameters
    ----------
    venue : str
        ``auction`` or ``book``.
    twin : ReferenceMarket
        Its twin, right after deployment.
    cast : Cast
        Who acts; its households are the EVs.
    """

    def __init__(self, venue: VenueName, twin: ReferenceMarket, cast: Cast) -> None:
        self.twin = twin
        self.cast = cast
        self.build = BlockBuilder(twin)
        self.venue: AuctionDay | BookDay = (
            AuctionDay(twin, self.build, cast)
            if venue == "auction"
            else BookDay(twin, self.build, cast, AgentSettings())
        )
        self.ids = tuple(range(FIRST_PARTICIPANT_ID, FIRST_PARTICIPANT_ID + len(cast.households)))

    def prepare(self, frame: int, timestamp: int) -> Iterator[Block]:
        """Register the EVs, and bring their money and the grid's to the venue.

        Parameters
        ----------
        frame : int
            Frame to book it under.
        timestamp : int
            When [unix s].

        Yields
        ------
        Block
            The calls.
        """
        build, accounts = self.build, self.cast.households
        build.begin(timestamp)
        for first in range(0, len(accounts), REGISTRATIONS_PER_CALL):
            chunk = (list(accounts[first : first + REGISTRATIONS_PER_CALL]), int(Role.PROSUMER))
            build.call(frame, "register", "registry", "registerMany", chunk, self.cast.supervisor)
        house, venue = (self.twin.address_of(name) for name in ("house", self.venue.name))
        for account in (self.cast.grid, *accounts):
            money_micro = GRID_MARGIN_MICRO if account == self.cast.grid else MARGIN_MICRO
            build.call(frame, "mint", "token", "mint", (account, money_micro), account)
            build.call(frame, "approve", "token", "approve", (house, money_micro), account)
            build.call(frame, "deposit", "house", "deposit", (money_micro,), account)
            build.call(frame, "move_to_venue", "house", "moveToVenue", (venue, money_micro), account)
        yield from build.finish()

    def open(self, frame: int, count: int, timestamp: int) -> Iterator[Block]:
        """Open frames.

        Parameters
        ----------
        frame : int
            The first.
        count : int
            How many.
        timestamp : int
            When [unix s].

        Yields
        ------
        Block
            The call.
        """
        word = pack_tariff(CAP_TICK, GRID_ASK_TICK, CAP_TICK, *FEE_TICKS)
        self.build.begin(timestamp)
        venue = self.twin.address_of(self.venue.name)
        for first in range(frame, frame + count, FRAMES_PER_CALL):
            args = (venue, first, [word] * min(FRAMES_PER_CALL, frame + count - first))
            self.build.call(first, "open_frames", "house", "openFrames", args, self.cast.operator)
        yield from self.build.finish()

    def place(self, frame: int, orders: list[EvOrder]) -> None:
        """Place orders one by one, each by its owner.

        Parameters
        ----------
        frame : int
            Delivery frame.
        orders : list of EvOrder
            The orders.
        """
        for order in orders:
            intent = OrderIntent(order.side, order.tick, order.quantity_wh, order.peak_wh)
            self.venue.place(frame, intent, self.account_of(order))

    def account_of(self, order: EvOrder) -> str:
        """Give the address of an order's owner.

        Parameters
        ----------
        order : EvOrder
            The order.

        Returns
        -------
        str
            An EV's or the grid's.
        """
        return self.cast.grid if order.ev is None else self.cast.households[order.ev]

    def bought_wh(self, frame: int) -> IntArray:
        """Give what each EV has bought in a frame of the auction that is cleared.

        Parameters
        ----------
        frame : int
            Delivery frame.

        Returns
        -------
        ndarray of int64, shape (evs,)
            Energy [Wh].
        """
        records = map(unpack_record, self.twin.auction.records_of(frame))
        bought = {record.participant_id: record.bought_wh for record in records}
        return np.array([bought.get(number, 0) for number in self.ids], dtype=np.int64)

    def views(self, frames: list[int]) -> Iterator[View]:
        """List the views that hold the market's state.

        Parameters
        ----------
        frames : list of int
            Frames that were traded.

        Yields
        ------
        View
            Contract, function, arguments.
        """
        participants = (*map(int, RoleId), *self.ids)
        for number in participants:
            yield "house", "accountOf", (number,)
            yield "house", "scoreWad", (number,)
        for frame in frames:
            yield "house", "frameOf", (frame,)
        yield from self.venue.views(frames, participants)
        yield "house", "accountedMicro", ()
        yield "house", "heldByVenue", (self.twin.address_of(self.venue.name),)
        yield "token", "balanceOf", (self.twin.address_of("house"),)
