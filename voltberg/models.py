"""Plain frozen records of what the market trades, shared by twin, chain layer and simulation.

Energy in Wh, money in micro-units of the settlement token, prices in ticks.
``voltberg.reference.words`` has the packed form of each record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final

ARTIFACT_NAMES: Final[Mapping[str, str]] = {
    "registry": "Registry",
    "token": "MockToken",
    "house": "TradeSettlement",
    "book": "IcebergOrderBook",
    "round": "MatchingRound",
    "auction": "FrameAuction",
    "storage": "StorageRental",
    "credit": "CreditScoring",
}
"""Solidity contract by the name that the market uses; a token that was given is read by the mock's ABI."""
CONTRACT_NAMES: Final = tuple(ARTIFACT_NAMES)
LISTENERS: Final = ("house", "book", "round", "auction", "storage", "credit")
"""Contracts that the registry tells about participants, in the order in which they are added."""


class Side(IntEnum):
    """Side of an order."""

    BID = 0
    ASK = 1


class OrderKind(IntEnum):
    """How long an order may live and whether it may take (rules B3 to B5)."""

    LIMIT = 0
    IMMEDIATE_OR_CANCEL = 1
    FILL_OR_KILL = 2
    POST_ONLY = 3


class RestReason(IntEnum):
    """Why the rest of an incoming order was not allowed to rest."""

    IMMEDIATE_OR_CANCEL = 1
    SELF_TRADE = 2
    MAX_FILLS = 3


class Role(IntFlag):
    """Role bits of the registry."""

    PROSUMER = 1
    STATION = 2
    EXCHANGE = 4
    METER = 8
    OPERATOR = 16
    SUPPLIER = 32


class RoleId(IntEnum):
    """Participant numbers of the accounts that a deployment registers itself, in this order."""

    GRID = 1
    RETAILER = 2
    PLATFORM = 3
    STORAGE_OPERATOR = 4
    OPERATOR = 5
    METER = 6


FIRST_PARTICIPANT_ID: Final = max(RoleId) + 1
"""Number of whoever registers first after the deployment."""


class Status(IntFlag):
    """Why a participant may not place orders; none means that it may."""

    ACTIVE = 0
    SUSPENDED_BY_SUPERVISOR = 1
    SUSPENDED_BY_CREDIT = 2


class VenueKind(IntEnum):
    """How a venue's results are settled."""

    MARGIN_ONLY = 0
    POSITIONS = 1
    ROOTS = 2


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as its owner asks for it.

    Attributes
    ----------
    frame : int
        Delivery frame.
    side : int
        A :class:`Side`.
    tick : int
        Limit price [ticks].
    quantity_wh : int
        Whole quantity [Wh].
    peak_wh : int
        Displayed part [Wh]; 0 displays all.
    price_step_ticks : int
        Move of the limit per new slice [ticks].
    kind : int
        An :class:`OrderKind`.
    max_fills : int
        Most resting orders that may be visited.
    """

    frame: int
    side: int
    tick: int
    quantity_wh: int
    peak_wh: int = 0
    price_step_ticks: int = 0
    kind: int = 0
    max_fills: int = 64


@dataclass(frozen=True, slots=True)
class Placement:
    """An order that rests: id, owner, quantity, peak and visible part [Wh], price step [ticks]."""

    order_id: int
    participant_id: int
    quantity_wh: int
    peak_wh: int
    visible_wh: int
    price_step_ticks: int


@dataclass(frozen=True, slots=True)
class Fill:
    """A maker's order that traded [Wh]; frame, side and price are part of the maker's order id."""

    maker_order_id: int
    maker_id: int
    taker_id: int
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill seen as a trade between a buyer and a seller [Wh, ticks]."""

    frame: int
    buyer_id: int
    seller_id: int
    energy_wh: int
    tick: int


@dataclass(frozen=True, slots=True)
class Position:
    """What a participant bought and sold in a frame [Wh], for how much, and the seller's lock [micro]."""

    bought_wh: int = 0
    sold_wh: int = 0
    purchase_micro: int = 0
    sale_micro: int = 0
    lock_micro: int = 0

    @property
    def owed_wh(self) -> int:
        """Energy to deliver [Wh] (rule M4)."""
        return max(0, self.sold_wh - self.bought_wh)


@dataclass(frozen=True, slots=True)
class SettledDelivery:
    """One settled participant: delivered [Wh], paid [micro]."""

    participant_id: int
    delivered_wh: int
    paid_micro: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Energy of a booking moved in and out of the storage in a frame, and what it holds afterwards [Wh]."""

    booking_id: int
    in_wh: int
    out_wh: int
    stored_wh: int
    frame: int
