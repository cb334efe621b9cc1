"""Nobody can clear a frame to any other result than its one: whatever is supplied, whenever, by whomever."""

from functools import partial
from random import Random
from unittest.mock import patch

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import open_engine
from voltberg.chain.market import TransactionReverted
from voltberg.configuration import AuctionTerms, MarketConfiguration
from voltberg.experiments.fuzz.forgery import forged
from voltberg.experiments.fuzz.pair import ACCOUNTS, FuzzSetup, Pair, plain
from voltberg.matching.frame import chunk_input, chunk_with, clearing_input
from voltberg.models import Role
from voltberg.reference import auction_clearing
from voltberg.reference.auction_clearing import clear_frame
from voltberg.reference.auction_service import queues_of
from voltberg.reference.auction_words import pack_auction_request, unpack_record
from voltberg.reference.market import Call
from voltberg.reference.words import pack_refusal, pack_tariff

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)

SETTINGS = {
    "of the paper": AuctionTerms(slices_per_frame=1, price_weight_bps=5_000),
    "usual": AuctionTerms(),
    "uniform, new rank": AuctionTerms(uniform_price=True, roll_keeps_rank=False, price_weight_bps=3_333),
    "price, then time": AuctionTerms(alpha=0, slices_per_frame=3),
    "time counts as much": AuctionTerms(alpha=1, beta=1, slices_per_frame=2, uniform_price=True),
}
FORGERIES = 25
UNFAIR = 8


def queues_without(position, whole, live, rules):
    """Queues that lack one order, or all of its slices but the first."""
    queues = queues_of(live, rules)
    for queue in queues:
        if whole:
            queue.waiting[:] = [slice_ for slice_ in queue.waiting if slice_.position != position]
        elif position in queue.left_wh and live[position].peak_wh:
            queue.left_wh[position] = min(queue.left_wh[position], live[position].peak_wh)
    return queues


class Desk:
    """A deployed auction and its twin, with three frames open in a row."""

    def __init__(self, pair, seed):
        pair.restart()
        self.pair, self.twin, self.draw = pair, pair.twin, Random(seed)
        self.frame = pair.engine.timestamp // 1_800 + 3
        self.people = pair.cast.participants
        tariffs = [pack_tariff(60 + 9 * step, 40, 255, step, 2) for step in range(3)]
        venue = self.twin.address_of("auction")
        self.send(pair.cast.operator, "openFrames", venue, self.frame, tariffs, contract="house")
        self.send(pair.cast.supervisor, "setRoles", self.people[0], int(Role.SUPPLIER), contract="registry")

    def send(self, sender, function, *args, contract="auction", timestamp=0):
        timestamp = timestamp or self.pair.engine.timestamp + 1
        outcome = self.pair.step(Call(contract, function, args, sender, timestamp)).outcome
        assert outcome.status, outcome.error
        return outcome

    def fill_up(self, frame, orders):
        """Let participants place, in turns and in batches, and cancel."""
        draw = self.draw
        while orders > 0:
            sender, requests = draw.choice(self.people), []
            for _ in range(min(orders, draw.choice((1, 1, 2, 6)))):
                side, wh = draw.randrange(2), draw.choice((50, 700, draw.randrange(50, 2_000)))
                peak = draw.choice((0, 0, max(50, wh // draw.randrange(2, 7))))
                rolls = draw.randrange(self.frame + 3 - frame)
                tick = max(0, min(191, draw.choice((20, 20, 20, 20, 0, 191)) + draw.randrange(-4, 5)))
                requests.append(pack_auction_request(frame, side, tick, wh, peak, rolls))
            orders -= len(requests)
            self.send(sender, "placeMany", frame, requests)
            if not draw.randrange(5):
                origin, number = frame - draw.randrange(2), draw.randrange(40)
                self.send(draw.choice(self.people), "cancel", frame, origin, number)

    def right_input(self, frame):
        auction = self.twin.auction
        return clearing_input(auction.words_of(frame), auction.carried_of(frame), auction.result_for(frame))

    def refuses(self, function, *args, timestamp=0):
        """Both refuse, with the same words."""
        sender = self.draw.choice(self.pair.cast.everyone)
        timestamp = timestamp or self.pair.engine.timestamp + 1
        predicted = self.twin.apply(Call("auction", function, args, sender, timestamp))
        assert not predicted.status
        with pytest.raises(TransactionReverted) as caught:
            self.pair.chain.call("auction", function, *args, sender=sender, timestamp=timestamp)
        assert caught.value.text == predicted.error
        return predicted.error.split(":")[0]

    def unfair_results(self, frame):
        """What comes of passing over an order, or later slices of an iceberg, and all else by the rules."""
        auction = self.twin.auction
        words, carried = auction.words_of(frame), auction.carried_of(frame)
        positions = sorted(auction.result_for(frame).priorities)
        for passed_over in self.draw.sample(positions, min(UNFAIR, len(positions))):
            queues = partial(queues_without, passed_over, self.draw.randrange(2))
            with patch.object(auction_clearing, "queues_of", queues):
                result = clear_frame(frame, words, carried, auction.rules, auction.frame_of(frame)[7], 2)
            yield clearing_input(words, carried, result)

    def other_results(self, frame):
        """What the same words come to under every other setting."""
        auction = self.twin.auction
        words, carried = auction.words_of(frame), auction.carried_of(frame)
        for terms in SETTINGS.values():
            for keeps_rank in (True, False):
                changed = {name: getattr(terms, name) for name in auction.rules._fields}
                rules = auction.rules._replace(**changed | {"roll_keeps_rank": keeps_rank})
                fees = auction.frame_of(frame)[7]
                yield clearing_input(words, carried, clear_frame(frame, words, carried, rules, fees, 2))


@pytest.fixture(scope="module", params=SETTINGS)
def pair(request, project_root):
    configuration = MarketConfiguration(auction=SETTINGS[request.param])
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        yield Pair(engine, compile_contracts(project_root), FuzzSetup(request.param, configuration))


@pytest.mark.parametrize("seed", range(4))
def test_a_frame_has_one_result(pair, seed):
    desk = Desk(pair, seed)
    auction, clock = desk.twin.auction, desk.twin.clock
    errors, traded = set(), 0
    for frame in range(desk.frame, desk.frame + 3):
        desk.fill_up(frame, (6, 24, 60, 90)[seed])
        right = desk.right_input(frame)
        opens, closes = clock.gate_closure(frame), auction.clearing_deadline(frame)
        desk.refuses("clear", frame, right, timestamp=opens - 1)
        desk.refuses("clear", frame, right, timestamp=closes)
        given = (right.words, right.carried, right.participants)
        desk.refuses("voidFrame", frame, *given, timestamp=closes - 1)
        for _ in range(FORGERIES):
            errors.add(desk.refuses("clear", frame, forged(desk.draw, right), timestamp=opens))
        for other in (*desk.other_results(frame), *desk.unfair_results(frame)):
            if other != right:
                errors.add(desk.refuses("clear", frame, other, timestamp=closes - 1))
        caller = desk.draw.choice(pair.cast.everyone)
        desk.send(caller, "clear", frame, right, timestamp=desk.draw.randrange(opens, closes))
        traded += auction.frame_of(frame)[8]
        desk.refuses("clear", frame, right)
        desk.refuses("voidFrame", frame, *given, timestamp=closes)
        refuse_some(desk, frame)
        pair.checkpoint()
    assert traded
    names = ("Words", "Participants", "Crossing", "Service")
    assert errors == {f"Auction_Wrong{name}" for name in names}
    assert auction.locked_micro() == 0


def refuse_some(desk, frame):
    """The operator refuses trades; a record without its proof is refused."""
    auction, draw = desk.twin.auction, desk.draw
    words = auction.records_of(frame)
    records = [unpack_record(word) for word in words]
    buyers = [record for record in records if record.bought_wh]
    sellers = [record for record in records if record.sold_wh]
    for _ in range(3 if buyers else 0):
        buyer, seller = draw.choice(buyers), draw.choice(sellers)
        wh = draw.randrange(1, min(buyer.bought_wh, seller.sold_wh) + 1)
        tick = seller.sale_micro // seller.sold_wh // 2
        entry = pack_refusal(buyer.participant_id, seller.participant_id, wh, tick)
        chunks = [chunk_with(words, record.participant_id) for record in (buyer, seller)]
        call = Call("auction", "refuseTrade", (frame, entry, *chunks), desk.pair.cast.operator, 0)
        desk.pair.step(call._replace(timestamp=desk.pair.engine.timestamp + 1))


def test_a_frame_that_was_not_cleared_refunds_and_passes_nothing_on(pair):
    desk = Desk(pair, 99)
    auction, frame = desk.twin.auction, desk.frame
    desk.fill_up(frame, 30)
    right, closes = desk.right_input(frame), auction.clearing_deadline(frame)
    for _ in range(FORGERIES):
        wrong = forged(desk.draw, right)
        given = (wrong.words, wrong.carried, wrong.participants)
        if given != (right.words, right.carried, right.participants):
            desk.refuses("voidFrame", frame, *given, timestamp=closes)
    given = (right.words, right.carried, right.participants)
    desk.send(desk.pair.cast.outsiders[0], "voidFrame", frame, *given, timestamp=closes)
    assert auction.locked_micro() == 0
    assert auction.carried_of(frame + 1) == ()
    assert auction.unsettled_micro(frame) == auction.result_of(frame)[3] > 0
    pair.checkpoint()


def test_a_participant_s_words_count_up_to_the_caps(pair):
    """Of one participant 64 orders and 64 cancels have effect; the others are refunded."""
    desk = Desk(pair, 5)
    frame, clock = desk.frame, desk.twin.clock
    one, other = desk.people[4:6]
    desk.send(one, "placeMany", frame, [pack_auction_request(frame, 0, 30, 60, 0, 1)] * 70)
    for number in range(66):
        desk.send(one, "cancel", frame, frame, 69 - number)
    desk.send(other, "place", pack_auction_request(frame, 1, 10, 5_000, 0, 1))
    right = desk.right_input(frame)
    for _ in range(FORGERIES):
        desk.refuses("clear", frame, forged(desk.draw, right), timestamp=clock.gate_closure(frame))
    desk.send(one, "clear", frame, right, timestamp=clock.gate_closure(frame))
    # Cancels of 69 .. 6 have effect, those of 5 and 4 don't; orders 64 .. 69 have none anyway.
    assert desk.twin.auction.result_of(frame)[1] == 2
    assert plain(desk.twin.auction.frame_of(frame))[8] == 6 * 60
    pair.checkpoint()


def test_a_large_frame_is_cleared_in_chunks_to_the_same_result(pair):
    """Icebergs of 32 slices, more words than one call clears; each chunk has one right input and state."""
    desk = Desk(pair, 7)
    auction, frame, draw = desk.twin.auction, desk.frame, desk.draw
    for person in desk.people:
        requests = []
        for _ in range(64):
            side, peak = draw.randrange(2), draw.randrange(50, 70)
            tick = 30 - 20 * side + draw.randrange(4)
            requests.append(pack_auction_request(frame, side, tick, 32 * peak, peak, draw.randrange(2)))
        desk.send(person, "placeMany", frame, [*requests, *[pack_auction_request(frame, 0, 1, 50)] * 53])
    right, opens = desk.right_input(frame), desk.twin.clock.gate_closure(frame)
    assert desk.refuses("clear", frame, right, timestamp=opens) == "Auction_WrongChunk"
    state, number, fills = b"", 0, 0
    while not auction.frame_of(frame)[3]:
        chunk = auction.service_chunk_of(frame, number)
        given, now = chunk_input(right, chunk), max(opens, pair.engine.timestamp + 1)
        desk.refuses("clearChunk", frame, given, state + bytes(32), timestamp=now)
        for _ in range(3):
            desk.refuses("clearChunk", frame, forged(draw, given), state, timestamp=now)
        desk.send(draw.choice(pair.cast.everyone), "clearChunk", frame, given, state, timestamp=now)
        assert (auction.checkpoint_of(frame) == bytes(32)) == (not chunk.state)
        state, number, fills = chunk.state, number + 1, fills + len(chunk.fills)
    assert fills == len(auction.result_for(frame).fills)
    assert number == max(1, -(-fills // 8_192))
    assert number > 1 or auction.rules.slices_per_frame
    pair.checkpoint()


def test_at_most_512_orders_of_a_side_roll_and_count_in_the_next_frame(pair):
    """More rests than may roll: the last ones in the order of rolling are refunded."""
    desk = Desk(pair, 11)
    auction, frame, draw = desk.twin.auction, desk.frame, desk.draw
    seller = desk.people[3]
    sells = [pack_auction_request(frame, 1, 9, 300, peak, 1) for peak in (0, 100)]
    desk.send(seller, "placeMany", frame, sells)
    for person in desk.people:
        terms = [(draw.randrange(5, 15), draw.randrange(50, 90)) for _ in range(64)]
        requests = [pack_auction_request(frame, 0, tick, wh, 0, 1) for tick, wh in terms]
        desk.send(person, "placeMany", frame, requests)
    right, opens = desk.right_input(frame), desk.twin.clock.gate_closure(frame)
    for _ in range(5):
        desk.refuses("clear", frame, forged(draw, right), timestamp=opens)
    whole, first, last = right.rolled, right.rolled[:2], right.rolled[-2:]
    for rolled in (whole[:-2], whole[2:], whole[2:] + first, whole + last, last + whole[2:]):
        given = right._replace(rolled=rolled)
        assert desk.refuses("clear", frame, given, timestamp=opens) == "Auction_WrongService"
    desk.send(seller, "clear", frame, right, timestamp=opens)
    # Of the second sell, three slices, one or two were offered: it rolls too.
    assert len(auction.carried_of(frame + 1)) == 512 + (auction.rules.slices_per_frame in (1, 2))
    later = frame + 1
    desk.send(seller, "placeMany", later, [pack_auction_request(later, 1, 7, 9_000)] * 3)
    for person in desk.people:
        desk.send(person, "placeMany", later, [pack_auction_request(later, 0, 20, 70)] * 12)
    right, opens = desk.right_input(later), desk.twin.clock.gate_closure(later)
    for _ in range(5):
        desk.refuses("clear", later, forged(draw, right), timestamp=opens)
    desk.send(seller, "clear", later, right, timestamp=opens)
    assert auction.locked_micro() == 0
    pair.checkpoint()
