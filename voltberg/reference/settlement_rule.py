"""What a participant is paid for a frame (rules M4 to M6 and M9), pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from voltberg.models import Position
from voltberg.reference.words import NOT_POSTED_TICK


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """A frame in the house: its venue, its tariff, and what was settled so far.

    A root venue's frame takes over what is owed to all its records with the first of them; until they are
    settled that is part of its surplus.
    """

    venue: str
    cap_tick: int
    grid_tick: int
    retailer_tick: int
    grid_fee_ticks: int
    platform_fee_ticks: int
    any_read: bool = False
    finalised: bool = False
    settled_sold_wh: int = 0
    fallback_micro: int = 0
    surplus_micro: int = 0
    roots: bool = False
    taken: bool = False
    any_refused: bool = False
    records: int = 0
    settled_records: int = 0

    @property
    def fallback_tick(self) -> int:
        """Price of the fallback supplier [ticks]: the cheaper posted tariff, the cap when none was posted."""
        cheapest = min(self.grid_tick, self.retailer_tick)
        return self.cap_tick if cheapest == NOT_POSTED_TICK else cheapest

    @property
    def fallback_is_retailer(self) -> bool:
        """Whether the retailer supplies what is missing; the grid does on a tie."""
        return self.retailer_tick < self.grid_tick

    def settled(self, sold_wh: int, payment: Payment, *, read: bool) -> FrameRecord:
        """Return the record with one more participant settled."""
        return replace(
            self,
            any_read=self.any_read or read,
            settled_sold_wh=self.settled_sold_wh + sold_wh,
            fallback_micro=self.fallback_micro + payment.fallback_micro,
            surplus_micro=self.surplus_micro + payment.surplus_micro,
        )


class Payment(NamedTuple):
    """Where the sale value and the lock of a position go, and what its record shows."""

    delivered_wh: int
    shortfall_wh: int
    paid_micro: int
    fallback_micro: int
    surplus_micro: int


def payment_for_reading(position: Position, delivered_wh: int, fallback_micro_per_wh: int) -> Payment:
    """Settle a metered participant (rule M5).

    Parameters
    ----------
    position : Position
        What it bought and sold.
    delivered_wh : int
        Metered net export [Wh].
    fallback_micro_per_wh : int
        Price of the fallback supplier [micro per Wh].

    Returns
    -------
    Payment
        The shortfall costs the larger of the fallback price and the own average sale price, rounded up.
    """
    whole_micro = position.sale_micro + position.lock_micro
    shortfall_wh = max(0, position.owed_wh - delivered_wh)
    average_micro = -(-position.sale_micro // position.sold_wh) if position.sold_wh else 0
    cost_micro = min(whole_micro, shortfall_wh * max(fallback_micro_per_wh, average_micro))
    fallback_micro = min(cost_micro, shortfall_wh * fallback_micro_per_wh)
    return Payment(
        delivered_wh, shortfall_wh, whole_micro - cost_micro, fallback_micro, cost_micro - fallback_micro
    )


def payment_unmetered(position: Position, fallback_micro_per_wh: int, *, any_read: bool) -> Payment:
    """Settle a participant that was not read (rule M9).

    Parameters
    ----------
    position : Position
        What it bought and sold.
    fallback_micro_per_wh : int
        Price of the fallback supplier [micro per Wh].
    any_read : bool
        Whether somebody else of the frame was read.

    Returns
    -------
    Payment
        The lock only if others were read and something was owed; the contract's terms otherwise.
    """
    owed_wh = position.owed_wh
    if not any_read or owed_wh == 0:
        return Payment(owed_wh, 0, position.sale_micro + position.lock_micro, 0, 0)
    fallback_micro = min(position.sale_micro, owed_wh * fallback_micro_per_wh)
    return Payment(0, owed_wh, position.lock_micro, fallback_micro, position.sale_micro - fallback_micro)
