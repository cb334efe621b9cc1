"""A venue of rounds with three open frames, two exchanges, and participants with margin.

The frames have a cap of 150 ticks, fees of 5 ticks, and 2 micro-units per Wh and tick; the last one a cap of
160 and fees of 7, so that windows that reach it lock more.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from voltberg.models import Role
from voltberg.reference.round_words import chunks_of, entry_id, pack_entry, pack_feeder_limit, pack_trade

MARGIN_MICRO = 100_000_000
COLLECTING, SUBMITTING, APPLYING, CLOSED = 1, 2, 3, 4
WIDE = pack_feeder_limit(10**9, 10**9)


class Rounds:
    """One round and who takes part in it."""

    def __init__(self, market: Any) -> None:
        self.market = market
        self.first = market.open_frame(venue="round")
        market.open_frame(self.first + 1, venue="round")
        market.open_frame(self.first + 2, venue="round", cap_tick=160, grid_fee_ticks=4, platform_fee_ticks=3)
        self.exchange = market.register(int(Role.EXCHANGE))
        self.rival = market.register(int(Role.EXCHANGE | Role.PROSUMER))
        self.consumers = market.participants[:4]
        self.sellers = market.participants[4:8]
        self.solver, self.other_solver = market.participants[8:10]
        self.storage = market.participants[10]
        for actor in (*self.consumers, *self.sellers, self.storage):
            market.transact(actor, "house", "moveToVenue", market.address("round"), MARGIN_MICRO)
        for consumer in (*self.consumers, self.storage):
            self.name(consumer, self.exchange)
        self.number = 0

    # Times

    @property
    def collection_ends(self) -> int:
        return self.market.gate_closure_of(self.first)

    @property
    def submission_ends(self) -> int:
        return self.collection_ends + 120

    @property
    def application_ends(self) -> int:
        return self.market.refusal_deadline_of(self.first)

    def terms(self, **changes: int) -> tuple[int, ...]:
        posted = {
            "first_frame": self.first,
            "frames": 3,
            "objective": 0,
            "storage_id": 0,
            "charge_wh": 0,
            "discharge_wh": 0,
            "collection_ends": self.collection_ends,
            "submission_ends": self.submission_ends,
            "application_ends": self.application_ends,
        }
        assert changes.keys() <= posted.keys()
        return tuple((posted | changes).values())

    def open(self, limits: Sequence[int] = (WIDE, WIDE), **changes: int) -> int:
        outcome = self.market.transact(
            self.market.operator, "round", "openRound", self.terms(**changes), list(limits)
        )
        self.number = outcome.returned
        return self.number

    def to_submission(self) -> None:
        self.market.travel_to(self.collection_ends)

    def to_application(self) -> None:
        self.market.travel_to(self.submission_ends)

    def to_end(self) -> None:
        self.market.travel_to(self.application_ends)

    # Entries

    def name(self, consumer: Any, exchange: Any, **changes: int) -> None:
        limits = {"largest": 10**6, "bid": 191, "ask": 0, "last": self.first + 2} | changes
        self.market.transact(consumer, "round", "nameExchange", exchange.id, *limits.values())

    def entry(
        self, actor: Any, quantity: int, tick: int, first: int = 0, last: int = 2, feeder: int = 0
    ) -> int:
        return pack_entry(actor.id, quantity, tick, first, last, feeder)

    def send_list(self, *words: int, sender: Any = None) -> Any:
        return self.market.transact(sender or self.exchange, "round", "requestFor", self.number, list(words))

    def request(self, consumer: Any, *entry: int, **options: int) -> int:
        """A request by the exchange; the list needs consumers in ascending order. Returns its index."""
        outcome = self.send_list(self.entry(consumer, *entry, **options))
        assert outcome.returned == 1, outcome.logs
        return self.entries - 1

    def offer(self, seller: Any, *entry: int, **options: int) -> int:
        """An offer; returns its index."""
        word = self.entry(seller, *entry, **options)
        return self.market.transact(seller, "round", "offer", self.number, word).returned & 0xFFFF

    @property
    def entries(self) -> int:
        return self.state[1]

    @property
    def state(self) -> tuple[Any, ...]:
        return self.market.call("round", "stateOf", self.number)

    def id(self, index: int) -> int:
        return entry_id(self.number, index)

    def left(self, index: int) -> int:
        return self.market.call("round", "entryOf", self.id(index))[2]

    def margin(self, actor: Any) -> int:
        return self.market.call("round", "marginOf", actor.id)

    def locked(self, actor: Any) -> int:
        return MARGIN_MICRO - self.margin(actor)

    # Allocations

    def trade(self, request: int, offer: int, tick: int, energy: int, frame: int = 0) -> int:
        return pack_trade(request, offer, frame, tick, energy)

    def submit(self, score: int, *trades: int, sender: Any = None) -> Any:
        return self.market.transact(
            sender or self.solver, "round", "submit", self.number, score, list(trades), gas_limit=30_000_000
        )

    def apply(self, trades: Sequence[int]) -> list[Any]:
        return [
            self.market.transact(
                self.market.outsider, "round", "finalise", self.number, list(chunk.trades), chunk.rest
            )
            for chunk in chunks_of(trades)
        ]

    def release(self, *indexes: int) -> Any:
        ids = [self.id(index) for index in indexes]
        return self.market.transact(self.market.outsider, "round", "release", ids)

    def position(self, actor: Any, frame: int = 0) -> tuple[int, ...]:
        """Bought and sold [Wh], purchase and sale value, lock [micro]."""
        return self.market.call("round", "positionOf", self.first + frame, actor.id)


@pytest.fixture
def rounds(market) -> Rounds:
    """Frames are open; `rounds.open()` opens a round."""
    return Rounds(market)


@pytest.fixture
def collected(rounds) -> Rounds:
    """A round with two requests (0, 1) and two offers (2, 3), ready for allocations.

    Request 0: 1,000 Wh at up to 60; request 1: 500 Wh at up to 40, in the first frame only.
    Offer 2: 800 Wh from 20, feeder 1; offer 3: 900 Wh from 30, not in the first frame, feeder 0.
    """
    rounds.open()
    rounds.request(rounds.consumers[0], 1_000, 60)
    rounds.request(rounds.consumers[1], 500, 40, last=0)
    rounds.offer(rounds.sellers[0], 800, 20, feeder=1)
    rounds.offer(rounds.sellers[1], 900, 30, first=1)
    rounds.to_submission()
    return rounds
