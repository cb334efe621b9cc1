"""T2 with a ring of a day's frames: frames that share a slot, and those one slot apart, have their own state.

Of three frames the second lies 47 after the first, and the third 48 after it, in the first one's slots.
"""

import pytest

from tests.unit.conftest import PARTICIPANTS, SPARE_ACCOUNTS, MarketHarness
from tests.unit.frame_auction.conftest import Auction
from tests.unit.matching_round.conftest import Rounds
from tests.unit.order_book.conftest import Book
from tests.unit.settlement.conftest import RootDesk, record
from voltberg.chain.engine import open_engine
from voltberg.configuration import MarketConfiguration, SettlementTerms
from voltberg.reference.record_tree import chunk_hashes, proof_of
from voltberg.reference.words import pack_refusal, unpack_deliveries

RING = 48
TICK_MICRO = 2


@pytest.fixture(scope="module")
def session_market(local_engine_name):
    count = 8 + PARTICIPANTS + SPARE_ACCOUNTS
    terms = SettlementTerms(ring_frames=RING)
    with open_engine(local_engine_name, account_count=count) as engine:
        yield MarketHarness(engine, MarketConfiguration(settlement=terms))


def in_reach(market, frame):
    """Go on until a frame is as far ahead as the ring is long."""
    market.travel_to(max(market.now, market.start_of(frame - RING)))
    return frame


def settle_book(market, frame, *sold):
    """Report the sellers' deliveries in full and make the frame final."""
    market.travel_to(market.end_of(frame))
    readings = [actor.id | energy_wh << 32 for actor, energy_wh in sold]
    market.transact(market.meter, "house", "reportDelivery", frame, readings)
    market.transact(market.outsider, "house", "finaliseFrame", frame)


def paid(outcome):
    """Participants and money of the log's records."""
    logged = [entry for _, data in outcome.events("DeliveriesSettled") for entry in unpack_deliveries(data)]
    return [(entry.participant_id, entry.paid_micro) for entry in logged]


def test_frames_open_as_far_ahead_as_the_ring_goes(market):
    assert market.call("house", "ringFrames") == RING
    far = market.frame + RING
    with market.reverts(f"Settlement_RingOccupied: {far + 1}, {far + 1 - RING}"):
        market.open_frame(far + 1)
    market.open_frame(far)


@pytest.mark.parametrize("venue", ["book", "auction", "round"])
def test_a_frame_waits_until_the_one_a_ring_before_is_final(market, venue):
    first = market.open_frame(venue=venue)
    market.open_frame(in_reach(market, first + RING - 1), venue="book")
    market.travel_to(market.end_of(first))
    for later in (first + RING, first + 2 * RING):
        with market.reverts(f"Settlement_RingOccupied: {later}, {first}"):
            market.open_frame(in_reach(market, later))
    market.transact(market.outsider, "house", "finaliseFrame", first)
    market.open_frame(first + 2 * RING, venue=venue)


def test_positions_of_the_book_end_with_their_frame(market):
    seller, buyer, other = market.participants[:3]
    book = Book(market, market.open_frame())
    beside, later = market.open_frame(in_reach(market, book.frame + RING - 1)), book.frame + RING
    book.sell(seller, 60, 1_000)
    book.buy(buyer, 60, 1_000)
    book.sell(seller, 70, 300, frame=beside)
    book.buy(other, 70, 200, frame=beside)
    sold = (0, 1_000, 0, 1_000 * 60 * TICK_MICRO, 1_000 * 90 * TICK_MICRO)
    assert book.position(seller) == sold
    assert book.position(seller, beside) == (0, 200, 0, 200 * 70 * TICK_MICRO, 200 * 80 * TICK_MICRO)
    assert book.position(seller, later) == (0, 0, 0, 0, 0)
    settle_book(market, book.frame, (seller, 1_000))
    market.open_frame(later)
    assert not market.call("house", "isSettled", later, seller.id)
    assert tuple(market.call("book", "positionsOf", later, [seller.id, buyer.id])) == (0, 0)
    book.sell(seller, 80, 300, frame=later)
    book.buy(buyer, 80, 250, frame=later)
    words = market.call("book", "positionsOf", later, [seller.id, buyer.id])
    assert [word >> 240 for word in words] == [later // RING + 1] * 2
    assert [word & (1 << 80) - 1 for word in words] == [250 << 40, 250]
    assert book.position(seller) == (0, 0, 0, 0, 0)
    settle_book(market, later, (seller, 250))
    assert market.call("house", "frameOf", later)[8] == 250


def test_replenished_slices_of_the_book_end_with_their_frame(market):
    first, second, third, taker = market.participants[:4]
    book = Book(market, market.open_frame())
    beside, later = market.open_frame(in_reach(market, book.frame + RING - 1)), book.frame + RING
    book.sell(first, 60, 300, peak=100)
    book.sell(second, 60, 300, peak=100)
    assert book.buy(taker, 60, 100).served == [(first.id, 100)]
    # There another arrival is the first to wait with a slice.
    book.sell(third, 60, 100, frame=beside)
    book.sell(second, 60, 300, peak=100, frame=beside)
    book.buy(taker, 60, 200, frame=beside)
    assert book.buy(taker, 60, 200).served == [(second.id, 100), (first.id, 100)]
    settle_book(market, book.frame, (first, 200), (second, 100))
    market.open_frame(later)
    book.sell(third, 60, 200, peak=100, frame=later)
    book.sell(first, 60, 200, peak=100, frame=later)
    served = book.buy(taker, 60, 300, frame=later).served
    assert served == [(third.id, 100), (first.id, 100), (third.id, 100)]


def test_results_and_refusals_of_the_auction_end_with_their_frame(market):
    buyer, seller, other = market.participants[:3]
    auction = Auction(market)
    first, beside, later = auction.frame, auction.frame + RING - 1, auction.frame + RING
    market.open_frame(in_reach(market, beside), venue="auction")
    auction.words |= {beside: [], later: []}

    def trade(frame, energy_wh, tick):
        auction.place(buyer, auction.BID, tick, energy_wh, frame=frame)
        auction.place(seller, auction.ASK, tick, energy_wh, frame=frame)
        return auction.clear(frame)

    def refuse(frame, result, energy_wh, tick):
        chunk = auction.chunk(result, buyer)
        entry = pack_refusal(buyer.id, seller.id, energy_wh, tick)
        market.transact(market.operator, "auction", "refuseTrade", frame, entry, chunk, chunk)

    auction.place(other, auction.BID, 1, 500, rolls=1)
    result = trade(first, 500, 50)
    refuse(first, result, 100, 50)
    refused = (100 | 100 * 50 * TICK_MICRO << 80, 100 << 40 | 100 * 50 * TICK_MICRO << 136)
    assert tuple(auction.view("refusedOf", first, [buyer.id, seller.id])) == refused
    market.travel_to(market.start_of(beside - 1))
    trade(beside, 300, 60)
    # The first frame is settled after the one beside it was cleared: by its own root, less its own refusals.
    assert auction.view("resultOf", first)[:3] == (result.root, len(result.records), True)
    assert tuple(auction.view("refusedOf", first, [buyer.id, seller.id])) == refused
    shown = (0, result.records, proof_of(chunk_hashes(result.records), 0, 1))
    outcome = market.transact(market.outsider, "house", "settleUnmeteredFromRoot", first, *shown)
    sale_and_lock = 400 * 50 * TICK_MICRO + 500 * 100 * TICK_MICRO
    assert paid(outcome) == [(buyer.id, 0), (seller.id, sale_and_lock), (other.id, 0)]
    market.transact(market.outsider, "house", "finaliseFrame", first)
    market.open_frame(later, venue="auction")
    assert auction.view("resultOf", later) == (bytes(32), 0, False, 0)
    assert auction.view("frameOf", later)[2] == bytes(32)
    assert tuple(auction.view("refusedOf", later, [buyer.id, seller.id])) == (0, 0)
    result = trade(later, 200, 70)
    refuse(later, result, 200, 70)
    assert auction.view("frameOf", later)[8] == 0
    refused = (200 | 200 * 70 * TICK_MICRO << 80, 200 << 40 | 200 * 70 * TICK_MICRO << 136)
    assert tuple(auction.view("refusedOf", later, [buyer.id, seller.id])) == refused


def test_settled_bits_and_kept_roots_of_the_house_end_with_their_frame(market):
    desk = RootDesk(market)
    first = desk.open_frame()
    beside, later = desk.open_frame(in_reach(market, first + RING - 1)), first + RING
    words = {
        frame: [record(7 + index % 12, refund_micro=number + index) for index in range(20)]
        for number, frame in ((1, first), (100, beside), (200, later))
    }
    desk.seal(first, words[first])
    desk.seal(beside, words[beside])
    # A chunk of three: the house keeps the root for those that follow.
    for frame in (first, beside):
        market.travel_to(max(market.now, market.refusal_deadline_of(frame)))
        assert [money for _, money in paid(desk.release_records(frame, 1, 1))] == [
            word >> 216 for word in words[frame][8:16]
        ]
    assert [market.call("house", "isRecordSettled", first, index) for index in (7, 8, 15, 16)] == [
        False,
        True,
        True,
        False,
    ]
    left = [*words[first][:8], *words[first][16:]]
    assert [money for _, money in paid(desk.settle_unmetered_records(first))] == [
        word >> 216 for word in left
    ]
    assert desk.money_residual(first, beside) == 0
    desk.finalise(first)
    desk.open_frame(later)
    assert not any(market.call("house", "isRecordSettled", later, index) for index in range(20))
    desk.seal(later, words[later])
    market.travel_to(market.refusal_deadline_of(later))
    assert [money for _, money in paid(desk.release_records(later))] == [word >> 216 for word in words[later]]
    assert desk.money_residual(first, beside, later) == 0


def test_positions_of_rounds_end_with_their_frame(market):
    def traded(energy_wh):
        rounds = Rounds(market)
        rounds.open()
        before = [rounds.position(actor) for actor in (*rounds.consumers, *rounds.sellers)]
        assert not any(map(any, before))
        rounds.request(rounds.consumers[0], energy_wh, 60)
        rounds.offer(rounds.sellers[0], energy_wh, 20)
        rounds.to_submission()
        trades = (rounds.trade(0, 1, 45, energy_wh),)
        rounds.submit(40 * energy_wh, *trades)
        rounds.to_application()
        rounds.apply(trades)
        assert rounds.position(rounds.consumers[0])[:2] == (energy_wh, 0)
        assert rounds.position(rounds.sellers[0])[:2] == (0, energy_wh)
        words = market.call("round", "positionsOf", rounds.first, [rounds.sellers[0].id])
        assert [word >> 240 for word in words] == [rounds.first // RING + 1]
        market.travel_to(market.end_of(rounds.first + 2))
        readings = [rounds.sellers[0].id | energy_wh << 32]
        market.transact(market.meter, "house", "reportDelivery", rounds.first, readings)
        for frame in range(rounds.first, rounds.first + 3):
            market.transact(market.outsider, "house", "finaliseFrame", frame)
        return rounds.first

    first = traded(800)
    market.travel_to(market.start_of(first + RING - 4))
    assert traded(300) == first + RING
