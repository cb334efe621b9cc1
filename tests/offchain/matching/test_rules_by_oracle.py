"""The clearing equals a naive reading of rules A1 to A9, on random frames."""

from dataclasses import astuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.offchain.matching import oracle
from voltberg.reference.auction_clearing import clear_frame
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import (
    AuctionCancel,
    AuctionOrder,
    pack_auction_cancel,
    pack_auction_order,
    pack_carried,
    unpack_record,
)

FRAME = 1000
PEOPLE = st.integers(1, 5)
SUPPLIERS = {5}
TICKS = st.one_of(st.integers(0, 5), st.sampled_from((0, 1, 190, 191)))


@st.composite
def order_words(draw, feed):
    owner, side, tick = draw(PEOPLE), draw(st.integers(0, 1)), draw(TICKS)
    quantity = draw(st.integers(1, 60))
    peak = draw(st.one_of(st.just(0), st.integers(max(1, -(-quantity // 32)), 80)))
    lock = tick + feed if side == 0 else max(1, 195 - tick)
    rolls = draw(st.integers(0, 2))
    order = AuctionOrder(owner, quantity, peak, tick, lock, rolls, side, owner in SUPPLIERS)
    return pack_auction_order(order)


@st.composite
def frames(draw):
    fees = draw(st.integers(0, 15))
    carried = [
        pack_carried(word, FRAME - 1 - number % 2, number)
        for number, word in enumerate(draw(st.lists(order_words(fees), max_size=6)))
    ]
    cancels = st.builds(
        lambda *fields: pack_auction_cancel(AuctionCancel(*fields)),
        PEOPLE,
        st.integers(0, 8),
        st.sampled_from((FRAME, FRAME, FRAME - 1, FRAME - 2, FRAME + 1)),
    )
    kinds = (
        order_words(fees) if draw(st.booleans()) else st.one_of(order_words(fees), order_words(fees), cancels)
    )
    at_least = draw(st.sampled_from((0, 8, 16)))
    return draw(st.lists(kinds, min_size=at_least, max_size=24)), carried, fees


RULES = st.builds(
    AuctionRules,
    st.sampled_from((0, 0, 1, 2)),
    st.sampled_from((0, 1, 2, 10)),
    st.sampled_from((1, 3)),
    st.sampled_from((0, 3_333, 5_000, 10_000)),
    st.booleans(),
    st.booleans(),
)


def compare(words, carried, rules, fees, tick_micro=2):
    found = clear_frame(FRAME, words, carried, rules, fees, tick_micro)
    expected = oracle.clear(FRAME, words, carried, rules, fees, tick_micro)
    assert [astuple(fill) for fill in found.fills] == expected.pop("fills")
    assert [astuple(unpack_record(record)) for record in found.records] == expected.pop("records")
    assert {name: getattr(found, name) for name in expected} == expected
    return found


@settings(max_examples=400)
@given(frames(), RULES)
def test_clearing_equals_the_naive_reading(frame, rules):
    words, carried, fees = frame
    compare(words, carried, rules, fees)


@settings(max_examples=100)
@given(frames(), RULES)
def test_every_eligible_pair_crosses_and_the_largest_volume_trades(frame, rules):
    words, carried, fees = frame
    found = compare(words, carried, rules, fees)
    entries = oracle.read_frame(FRAME, words, carried, rules.roll_keeps_rank)
    orders, slices = oracle.living(entries), rules.slices_per_frame
    volumes = [min(oracle.demand(orders, t, slices), oracle.supply(orders, t, slices)) for t in range(192)]
    assert found.traded_wh == max(volumes)
    if found.traded_wh:
        assert found.crossing_tick == oracle.best_tick(orders, slices, range(192))
    ticks = [entries[at]["tick"] for at in found.priorities if entries[at]["side"] == 0]
    assert all(tick >= found.crossing_tick for tick in ticks)


def test_a_hundred_words_of_one_participant_count_up_to_the_caps():
    rules = AuctionRules(0, 10, 1, 5_000, False, True)
    bid = pack_auction_order(AuctionOrder(7, 10, 0, 20, 25, 0, 0))
    ask = pack_auction_order(AuctionOrder(8, 5_000, 0, 10, 140, 0, 1))
    bad = [pack_auction_cancel(AuctionCancel(7, 60_000, FRAME)) for _ in range(64)]
    good = pack_auction_cancel(AuctionCancel(7, 0, FRAME))
    assert compare([bid] * 100 + [ask], [], rules, 5).traded_wh == 640
    assert compare([bid] * 10 + [ask, *bad, good], [], rules, 5).traded_wh == 100
    assert compare([bid] * 10 + [ask, *bad[1:], good], [], rules, 5).traded_wh == 90
