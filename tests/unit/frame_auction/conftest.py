"""Frames of the auction, their words as the logs tell them, and honest or forged clears.

Frames have a cap of 150 ticks and fees of 5 ticks; a Wh and tick is 2 micro-units.
"""

from typing import Any

import pytest

from voltberg.matching.frame import Clearing, chunk_with, clearing_of
from voltberg.reference.auction_clearing import FrameResult
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import (
    pack_auction_request,
    unpack_chained,
    unpack_first_chained,
    unpack_record,
)

BID, ASK = 0, 1
FEE_TICKS, TICK_MICRO = 5, 2
RULES = AuctionRules(0, 10, 1, 5_000, uniform_price=False, roll_keeps_rank=True)


class Auction:
    """Two frames in a row, the first one's chain and what it comes to."""

    BID, ASK = BID, ASK

    def __init__(self, market: Any) -> None:
        self.market = market
        self.frame = market.open_frame(venue="auction")
        self.next = market.open_frame(self.frame + 1, venue="auction")
        self.words: dict[int, list[int]] = {self.frame: [], self.next: []}

    def request(self, side: int, tick: int, quantity: int, **options: int) -> int:
        return pack_auction_request(
            options.get("frame", self.frame),
            side,
            tick,
            quantity,
            options.get("peak", 0),
            options.get("rolls", 0),
        )

    def send(self, actor: Any, function: str, *args: Any) -> Any:
        done = self.market.transact(actor, "auction", function, *args)
        for (entry,) in done.events("WordChained"):
            word, frame, index = unpack_chained(entry)
            assert index == len(self.words[frame])
            self.words[frame].append(word)
        for first, words in done.events("WordsChained"):
            frame, index = unpack_first_chained(first)
            assert index == len(self.words[frame])
            self.words[frame] += [int.from_bytes(words[at : at + 16]) for at in range(0, len(words), 16)]
        return done

    def place(self, actor: Any, side: int, tick: int, quantity: int, **options: int) -> int:
        """Place an order; return its number."""
        return self.send(actor, "place", self.request(side, tick, quantity, **options)).returned

    def view(self, function: str, *args: Any) -> Any:
        return self.market.call("auction", function, *args)

    def margin(self, actor: Any) -> int:
        return self.view("marginOf", actor.id)

    def answer(
        self, frame: int | None = None, carried: tuple[int, ...] = (), rules: AuctionRules = RULES
    ) -> tuple[Clearing, FrameResult]:
        """What clears a frame, and what comes of it."""
        frame = self.frame if frame is None else frame
        return clearing_of(frame, self.words[frame], carried, rules, FEE_TICKS, TICK_MICRO)

    def close_gate(self, frame: int | None = None) -> None:
        self.market.travel_to(self.market.gate_closure_of(self.frame if frame is None else frame))

    def clear(self, frame: int | None = None, carried: tuple[int, ...] = ()) -> FrameResult:
        """Clear a frame honestly after its gate closure; check all that is seen of it."""
        frame = self.frame if frame is None else frame
        clearing, result = self.answer(frame, carried)
        self.close_gate(frame)
        done = self.market.transact(self.market.outsider, "auction", "clear", frame, clearing)
        (event,) = done.events("FrameCleared")
        assert event == (
            frame,
            result.root,
            len(result.records),
            result.traded_wh,
            result.crossing_tick,
            result.uniform_tick,
        )
        root, records, refused, owed = self.view("resultOf", frame)
        assert (root, records, refused) == (result.root, len(result.records), False)
        unpacked = [unpack_record(record) for record in result.records]
        assert owed == sum(each.sale_micro + each.lock_micro + each.refund_micro for each in unpacked)
        return result

    def record(self, result: FrameResult, actor: Any) -> Any:
        """A participant's record."""
        return next(r for r in map(unpack_record, result.records) if r.participant_id == actor.id)

    def chunk(self, result: FrameResult, actor: Any) -> Any:
        return chunk_with(result.records, actor.id)


@pytest.fixture
def auction(market: Any) -> Auction:
    """The auction with two open frames and empty chains."""
    return Auction(market)


@pytest.fixture
def people(market: Any) -> Any:
    """Participants."""
    return market.participants
