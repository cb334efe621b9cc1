"""Conservation of money and energy, counted from the single accounts (rules M1 and M4)."""

from __future__ import annotations

from typing import NamedTuple

from voltberg.reference.book import BookTwin
from voltberg.reference.house import HouseTwin
from voltberg.reference.storage import StorageTwin


class Conservation(NamedTuple):
    """What is left over after counting; all 0 in a sound market.

    Attributes
    ----------
    money_residual_micro : int
        Tokens accounted for, less balances, venues' holdings and shortfall money not paid yet.
    book_residual_micro : int
        Holdings of the book, less margins, orders' locks, unsettled positions and fees.
    storage_residual_micro : int
        Holdings of the storage, less margins, bookings' locks and revenue.
    energy_residual_wh : int
        Largest difference of a frame between bought, sold and traded energy, or between settled and sold.
    """

    money_residual_micro: int
    book_residual_micro: int
    storage_residual_micro: int
    energy_residual_wh: int

    @property
    def holds(self) -> bool:
        """Whether nothing is left over."""
        return not any(self)


def conservation_of(house: HouseTwin, book: BookTwin, storage: StorageTwin) -> Conservation:
    """Count all money and energy of a market.

    Parameters
    ----------
    house : HouseTwin
        The clearing house.
    book : BookTwin
        The order book.
    storage : StorageTwin
        The storage.

    Returns
    -------
    Conservation
        The residuals.
    """
    held = sum(house.held_by_venue(venue) for venue in house.venues())
    money = house.accounted_micro() - house.total_balance_micro() - held - house.unpaid_micro()
    pots, energy = 0, 0
    for frame, record in house.frames().items():
        if record.venue != book.address or record.finalised:
            continue
        positions = book.positions_in(frame)
        bought = sum(position.bought_wh for position in positions.values())
        sold = sum(position.sold_wh for position in positions.values())
        settled = {number for number in positions if house.is_settled(frame, number)}
        settled_wh = sum(positions[number].sold_wh for number in settled)
        traded = book.frame_of(frame)[6]
        residuals = (bought - traded, sold - traded, settled_wh - record.settled_sold_wh)
        energy = max((energy, *residuals), key=abs)
        pots += book.fees_micro(frame) + sum(
            position.sale_micro + position.lock_micro
            for number, position in positions.items()
            if number not in settled
        )
    return Conservation(
        money,
        house.held_by_venue(book.address) - book.total_margin_micro() - book.locked_micro() - pots,
        house.held_by_venue(storage.address) - storage.total_margin_micro() - storage.locked_micro(),
        energy,
    )
