"""Conservation of money and energy, counted from the single accounts (rules M1 and M4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from voltberg.models import Position
from voltberg.reference.auction_batches import AuctionTwin
from voltberg.reference.book_batches import BookTwin
from voltberg.reference.house import HouseTwin
from voltberg.reference.round import RoundTwin
from voltberg.reference.storage import StorageTwin


class PositionVenue(Protocol):
    """A trading venue whose results are stored positions."""

    address: str

    def positions_in(self, frame: int) -> Mapping[int, Position]:
        """Positions of a frame by participant."""

    def frame_of(self, frame: int) -> tuple[Any, ...]:
        """Record of a frame, its traded energy [Wh] last."""

    def fees_micro(self, frame: int) -> int:
        """Fees of a frame's trades [micro]."""

    def total_margin_micro(self) -> int:
        """Sum of all free margins [micro]."""

    def locked_micro(self) -> int:
        """Money locked by what stands in the venue [micro]."""


class Conservation(NamedTuple):
    """What is left over after counting; all 0 in a sound market.

    Attributes
    ----------
    money_residual_micro : int
        Tokens accounted for, less balances, venues' holdings and shortfall money not paid yet.
    book_residual_micro : int
        Holdings of the book, less margins, orders' locks, unsettled positions and fees.
    round_residual_micro : int
        Holdings of the venue of rounds, less margins, entries' locks, unsettled positions and fees.
    auction_residual_micro : int
        Holdings of the auction, less margins, locks of frames without a result, what results owe and fees.
    storage_residual_micro : int
        Holdings of the storage, less margins, bookings' locks and revenue.
    energy_residual_wh : int
        Largest difference of a frame between bought, sold and traded energy, or between settled and sold.
    """

    money_residual_micro: int
    book_residual_micro: int
    round_residual_micro: int
    auction_residual_micro: int
    storage_residual_micro: int
    energy_residual_wh: int

    @property
    def holds(self) -> bool:
        """Whether nothing is left over."""
        return not any(self)


def conservation_of(
    house: HouseTwin, book: BookTwin, rounds: RoundTwin, auction: AuctionTwin, storage: StorageTwin
) -> Conservation:
    """Count all money and energy of a market.

    Parameters
    ----------
    house : HouseTwin
        The clearing house.
    book : BookTwin
        The order book.
    rounds : RoundTwin
        The venue of rounds.
    auction : AuctionTwin
        The frame auction.
    storage : StorageTwin
        The storage.

    Returns
    -------
    Conservation
        The residuals.
    """
    held = sum(house.held_by_venue(venue) for venue in house.venues())
    money = house.accounted_micro() - house.total_balance_micro() - held - house.unpaid_micro()
    book_micro, book_wh = _venue_residuals(house, book)
    round_micro, round_wh = _venue_residuals(house, rounds)
    auction_micro, auction_wh = _auction_residuals(house, auction)
    return Conservation(
        money,
        book_micro,
        round_micro,
        auction_micro,
        house.held_by_venue(storage.address) - storage.total_margin_micro() - storage.locked_micro(),
        max(book_wh, round_wh, auction_wh, key=abs),
    )


def _venue_residuals(house: HouseTwin, venue: PositionVenue) -> tuple[int, int]:
    """Money [micro] and energy [Wh] left over at a trading venue."""
    pots, energy = 0, 0
    for frame, record in house.frames().items():
        if record.venue != venue.address or record.finalised:
            continue
        positions = venue.positions_in(frame)
        bought = sum(position.bought_wh for position in positions.values())
        sold = sum(position.sold_wh for position in positions.values())
        settled = {number for number in positions if house.is_settled(frame, number)}
        settled_wh = sum(positions[number].sold_wh for number in settled)
        traded = venue.frame_of(frame)[-1]
        residuals = (bought - traded, sold - traded, settled_wh - record.settled_sold_wh)
        energy = max((energy, *residuals), key=abs)
        pots += venue.fees_micro(frame) + sum(
            position.sale_micro + position.lock_micro
            for number, position in positions.items()
            if number not in settled
        )
    held = house.held_by_venue(venue.address)
    return held - venue.total_margin_micro() - venue.locked_micro() - pots, energy


def _auction_residuals(house: HouseTwin, auction: AuctionTwin) -> tuple[int, int]:
    """Money [micro] and energy [Wh] left over at the auction, whose results are records under a root."""
    records = house.frames()
    pots, energy = 0, 0
    for frame in auction.open_frames():
        # With the first settled record the house's frame has taken over what all of them are owed.
        if not records[frame].taken:
            pots += auction.unsettled_micro(frame)
        if not records[frame].finalised:
            pots += auction.fees_micro(frame)
        settled_wh = sum(
            auction.net_sold_wh(frame, index)
            for index in range(records[frame].records)
            if house.is_record_settled(frame, index)
        )
        residuals = (auction.energy_residual_wh(frame), settled_wh - records[frame].settled_sold_wh)
        energy = max((energy, *residuals), key=abs)
    held = house.held_by_venue(auction.address)
    return held - auction.total_margin_micro() - auction.locked_micro() - pots, energy
