"""One open frame of the continuous book, with orders as Python sees them.

The frame has a cap of 150 ticks, fees of 5 ticks, and 2 micro-units per Wh and tick.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

BID, ASK = 0, 1
LIMIT, IOC, FOK, POST_ONLY = 0, 1, 2, 3


@dataclass(frozen=True)
class Fill:
    """One `Filled` log."""

    order_id: int
    maker: int
    taker: int
    energy_wh: int


@dataclass(frozen=True)
class Placed:
    """What one placement did."""

    order_id: int
    filled_wh: int
    fills: list[Fill]
    returned: list[tuple[int, int]] = field(default_factory=list)
    moves: list[tuple[int, int]] = field(default_factory=list)
    rests: list[int] = field(default_factory=list)

    @property
    def served(self) -> list[tuple[int, int]]:
        """Maker and energy of every fill, in order."""
        return [(fill.maker, fill.energy_wh) for fill in self.fills]


class Book:
    """The book of one frame."""

    BID, ASK = BID, ASK
    IOC, FOK, POST_ONLY = IOC, FOK, POST_ONLY
    REASON_IOC, REASON_SELF_TRADE, REASON_MAX_FILLS = 1, 2, 3

    def __init__(self, market: Any, frame: int) -> None:
        self.market = market
        self.frame = frame

    def id(self, side: int, tick: int, index: int, frame: int | None = None) -> int:
        """Id of the order that came to a level as number `index`, from 0."""
        return (frame or self.frame) << 32 | side << 24 | tick << 16 | index

    def request(self, side: int, tick: int, quantity: int, **options: int) -> int:
        peak, step = options.get("peak", 0), options.get("step", 0)
        kind, max_fills = options.get("kind", LIMIT), options.get("max_fills", 50)
        frame = options.get("frame", self.frame)
        return (
            frame
            | side << 32
            | tick << 40
            | quantity << 48
            | peak << 80
            | step << 112
            | kind << 120
            | max_fills << 128
        )

    def place(self, actor: Any, side: int, tick: int, quantity: int, **options: int) -> Placed:
        done = self.market.transact(actor, "book", "place", self.request(side, tick, quantity, **options))
        low, mid = (1 << 64) - 1, (1 << 32) - 1
        placed_id, filled_wh = done.returned
        fills = [
            Fill(word & low, word >> 64 & mid, word >> 96 & mid, word >> 128)
            for (word,) in done.events("Filled")
        ]
        returned = [(word >> 64 & mid, word >> 96) for (word,) in done.events("RestReturned")]
        moves = [(word & low, word >> 64) for (word,) in done.events("OrderMoved")]
        rests = [word for (word,) in done.events("OrderPlaced")]
        return Placed(placed_id, filled_wh, fills, returned, moves, rests)

    def buy(self, actor: Any, tick: int, quantity: int, **options: int) -> Placed:
        return self.place(actor, BID, tick, quantity, **options)

    def sell(self, actor: Any, tick: int, quantity: int, **options: int) -> Placed:
        return self.place(actor, ASK, tick, quantity, **options)

    def cancel(self, actor: Any, placed: "Placed | int") -> None:
        target = placed.order_id if isinstance(placed, Placed) else placed
        self.market.transact(actor, "book", "cancel", target)

    def margin(self, actor: Any) -> int:
        return self.market.call("book", "marginOf", actor.id)

    def order(self, placed: "Placed | int") -> tuple[int, ...]:
        """(participant, remaining, peak, visible, step, lock ticks), zeros when it does not rest."""
        target = placed.order_id if isinstance(placed, Placed) else placed
        return tuple(self.market.call("book", "orderOf", target))

    def remaining(self, placed: "Placed | int") -> int:
        return self.order(placed)[1]

    def position(self, actor: Any, frame: int | None = None) -> tuple[int, ...]:
        """(bought Wh, sold Wh, purchases, sales, lock)."""
        return tuple(self.market.call("book", "positionOf", frame or self.frame, actor.id))

    def level(self, side: int, tick: int) -> tuple[int, ...]:
        """(next, tail, replenished next, replenished tail, traded Wh)."""
        return tuple(self.market.call("book", "levelOf", self.frame, side, tick))

    def levels(self) -> list[int]:
        """Ticks whose bit is set."""
        bits = self.market.call("book", "frameOf", self.frame)[5]
        return [tick for tick in range(192) if bits >> tick & 1]

    def traded(self) -> int:
        return self.market.call("book", "frameOf", self.frame)[6]

    def best(self) -> tuple[Any, ...]:
        return tuple(self.market.call("book", "bestPrices", self.frame))

    def depth(self, side: int, levels: int = 192) -> list[tuple[int, int, int]]:
        """(tick, displayed, hidden) from the best price on."""
        return list(zip(*self.market.call("book", "depthOf", self.frame, side, levels), strict=True))

    def close_gate(self) -> int:
        closure = self.market.gate_closure_of(self.frame)
        self.market.travel_to(closure)
        return closure


@pytest.fixture
def book(market: Any) -> Book:
    """The book of a frame that has just opened."""
    return Book(market, market.open_frame())


@pytest.fixture
def traders(market: Any) -> Any:
    """Five makers and a taker."""
    return market.participants[:6]
