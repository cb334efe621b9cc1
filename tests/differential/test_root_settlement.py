"""Settlement from the auction's roots: house and twin agree on every call, right or wrong, in any order."""

from collections import Counter

import pytest

from tests.differential.test_frame_auction import Desk, refuse_some
from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import open_engine
from voltberg.configuration import AuctionTerms, MarketConfiguration
from voltberg.experiments.fuzz.pair import ACCOUNTS, FuzzSetup, Pair
from voltberg.reference.auction_words import unpack_record
from voltberg.reference.market import Call
from voltberg.reference.record_tree import chunk_hashes, proof_of
from voltberg.reference.words import pack_record_reading

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)

NOT_READ = 2**40 - 1


@pytest.fixture(scope="module")
def pair(project_root):
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        configuration = MarketConfiguration(auction=AuctionTerms())
        yield Pair(engine, compile_contracts(project_root), FuzzSetup("roots", configuration))


class Settler:
    """Draws calls that settle frames of the auction, some of them wrong."""

    def __init__(self, desk):
        self.desk, self.twin, self.draw = desk, desk.twin, desk.draw
        self.seen = Counter()

    def step(self, function, *args, sender=None, timestamp=0):
        cast = self.desk.pair.cast
        sender = sender or (cast.meter if "report" in function else self.draw.choice(cast.everyone))
        now = self.desk.pair.engine.timestamp + 1
        outcome = self.desk.pair.step(Call("house", function, args, sender, max(now, timestamp))).outcome
        self.seen[outcome.error.split(":")[0] if outcome.error else function] += 1
        return outcome

    def shown(self, frame):
        """Consecutive chunks, now and then spoilt."""
        draw, words = self.draw, list(self.twin.auction.records_of(frame))
        hashes = chunk_hashes(words)
        first = draw.randrange(len(hashes))
        count = draw.randrange(1, len(hashes) - first + 1)
        part, proof = words[8 * first : 8 * (first + count)], proof_of(hashes, first, count)
        spoilt = draw.randrange(12)
        if spoilt == 0:
            part[draw.randrange(len(part))] += 1 << draw.choice((0, 64, 136, 216))
        elif spoilt == 1:
            first += 1
        elif spoilt == 2:
            part.pop()
        elif spoilt == 3:
            proof.append(bytes(32))
        return first, part, proof

    def report(self, frame):
        first, part, proof = self.shown(frame)
        readings = []
        for word in part:
            record = unpack_record(word)
            owed = max(0, record.sold_wh - record.bought_wh)
            short = self.draw.choice((0, 0, owed, owed * 95 // 100, owed // 2, owed + 7))
            readings.append(self.draw.choice((NOT_READ, short, owed)))
        data = b"".join(wh.to_bytes(5, "big") for wh in readings)
        if not self.draw.randrange(15):
            data += b"\0"
        self.step("reportDeliveryFromRoot", frame, first, part, proof, data)

    def report_one(self, frame):
        """One record, now and then one that is not there, or with a wrong proof."""
        draw, words = self.draw, list(self.twin.auction.records_of(frame))
        index = draw.randrange(len(words) + 1)
        first = min(index, len(words) - 1) // 8
        shown = words[8 * first : 8 * first + 8]
        shown += [int.from_bytes(node, "big") for node in proof_of(chunk_hashes(words), first, 1)]
        spoilt = draw.randrange(10)
        if spoilt == 0:
            shown[draw.randrange(len(shown))] ^= 1 << draw.randrange(256)
        elif spoilt == 1:
            shown = draw.choice((shown[:-1], [*shown, 0], shown[: draw.randrange(len(shown))]))
        record = unpack_record(words[min(index, len(words) - 1)])
        owed = max(0, record.sold_wh - record.bought_wh)
        delivered = draw.choice((0, owed, owed, owed * 95 // 100, owed // 2, owed + 7, NOT_READ))
        reading = pack_record_reading(frame, index, delivered) | (0 if draw.randrange(20) else 1 << 88)
        self.step("reportRecord", reading, shown)

    def settle(self, frame, read):
        """From the refusal deadline to the last payment."""
        clock = self.twin.clock
        for moment in (clock.refusal_deadline(frame) - 1, clock.refusal_deadline(frame)):
            if self.draw.randrange(4):
                self.step("releaseFromRoot", frame, *self.shown(frame), timestamp=moment)
        self.step("finaliseFrame", frame)
        self.step("reportDelivery", frame, [7 | 5 << 32])
        for number in range(5 if read else 0):
            self.desk.pair.step(self._clocked("startProbation", self.draw.randrange(7, 16), frame, number))
            self.report_one(frame)
            self.report(frame)
        for _ in range(12 if read else 0):
            self.report_one(frame)
        if self.step("finaliseFrame", frame).status:
            return
        self.step("settleUnmetered", frame, [7])
        self.step("settleUnmeteredFromRoot", frame, *self.shown(frame))
        # Every chunk in the end, each by itself.
        words = list(self.twin.auction.records_of(frame))
        hashes = chunk_hashes(words)
        timestamp = clock.metering_deadline(frame)
        for chunk in self.draw.sample(range(len(hashes)), len(hashes)):
            part = (chunk, words[8 * chunk : 8 * chunk + 8], proof_of(hashes, chunk, 1))
            assert self.step("settleUnmeteredFromRoot", frame, *part, timestamp=timestamp).status
            self.desk.pair.checkpoint()
        assert self.step("finaliseFrame", frame).status
        self.step("settleUnmeteredFromRoot", frame, *self.shown(frame))

    def _clocked(self, function, number, frame, place):
        timestamp = max(self.desk.pair.engine.timestamp + 1, self.twin.clock.end(frame) + place)
        return Call("house", function, (number,), self.desk.pair.cast.outsiders[0], timestamp)


@pytest.mark.parametrize("seed", range(3))
def test_the_house_settles_roots_as_its_twin_does(pair, seed):
    desk = Desk(pair, 40 + seed)
    settler = Settler(desk)
    frames = range(desk.frame, desk.frame + 3)
    for frame in frames:
        desk.fill_up(frame, (12, 40, 80)[seed])
        right = desk.right_input(frame)
        desk.send(desk.people[1], "clear", frame, right, timestamp=desk.twin.clock.gate_closure(frame))
        refuse_some(desk, frame)
    for frame in frames:
        settler.settle(frame, read=frame != frames[-1])
    pair.checkpoint()
    expected = {"reportDeliveryFromRoot", "reportRecord", "settleUnmeteredFromRoot", "finaliseFrame"}
    assert expected <= set(settler.seen), settler.seen
    assert {"Settlement_RecordsUnsettled", "Settlement_Unsettled"} & set(settler.seen)
    assert {"Settlement_WrongRecords", "Settlement_OtherResults"} <= set(settler.seen)
