"""Frames of auctions with other settings: one price, rests behind, slices a frame, price before time."""

import pytest

from tests.unit.frame_auction.conftest import Auction
from tests.unit.settlement.conftest import Deployed
from voltberg.chain.market import ChainMarket, checked_address
from voltberg.reference.auction_service import AuctionRules

BID, ASK = 0, 1
ROOT_VENUE = 2
MARGIN_MICRO = 10_000_000
PARTICIPANTS = 7


class Changed(Auction):
    """A second auction beside the market's, in its place."""

    def __init__(self, market, rules, minimum_lock_micro=100):
        self.rules = rules
        params = (50, minimum_lock_micro, 240, *rules)
        places = [market.address(name) for name in ("registry", "house", "credit")]
        venue = checked_address(Deployed(market, "FrameAuction", *places, params).address)
        market.addresses = {**market.addresses, "auction": venue}
        market.chain = ChainMarket(market.addresses, market.chain.artifacts, market.engine)
        market.transact(market.supervisor, "registry", "addListener", venue)
        market.transact(market.supervisor, "house", "addVenue", venue, ROOT_VENUE)
        market.transact(market.operator, "registry", "sync", 1, 18)
        for person in market.participants[:PARTICIPANTS]:
            market.transact(person, "house", "moveToVenue", venue, MARGIN_MICRO)
        super().__init__(market)

    def answer(self, frame=None, carried=(), rules=None):
        return super().answer(frame, carried, rules or self.rules)


@pytest.fixture
def changed(market):
    """Makes an auction of other settings."""
    chain, addresses = market.chain, market.addresses

    def make(**settings):
        usual = {"slices_per_frame": 0, "alpha": 10, "beta": 1, "price_weight_bps": 5_000}
        usual |= {"uniform_price": False, "roll_keeps_rank": True}
        return Changed(market, AuctionRules(**usual | settings))

    yield make
    market.chain, market.addresses = chain, addresses


def fills_of(result):
    return [(fill.buyer_position, fill.seller_position, fill.energy_wh, fill.tick) for fill in result.fills]


@pytest.mark.parametrize(("weight_bps", "tick"), [(0, 42), (5_000, 51), (10_000, 60)])
def test_one_price_lies_between_the_last_bid_and_the_last_ask_that_trade(changed, people, weight_bps, tick):
    auction = changed(uniform_price=True, price_weight_bps=weight_bps)
    for person, (side, limit) in enumerate(
        ((BID, 64), (BID, 60), (ASK, 40), (ASK, 42), (BID, 20), (ASK, 90))
    ):
        auction.place(people[person], side, limit, 100)
    result = auction.clear()
    assert result.uniform_tick == tick
    assert [auction.record(result, people[seller]).sale_micro for seller in (2, 3)] == [100 * tick * 2] * 2
    assert result.traded_wh == 200


def test_a_frame_where_nothing_trades_has_no_one_price(changed, people):
    auction = changed(uniform_price=True)
    auction.place(people[0], BID, 40, 100)
    auction.place(people[1], ASK, 60, 100)
    result = auction.clear()
    assert result.traded_wh == 0
    assert fills_of(result) == []


@pytest.mark.parametrize(("keeps_rank", "served"), [(True, [100, 50]), (False, [50, 100])])
def test_rests_stand_before_or_behind_new_orders_as_set(changed, people, keeps_rank, served):
    auction = changed(roll_keeps_rank=keeps_rank)
    auction.place(people[0], BID, 60, 300, rolls=1)
    auction.place(people[1], ASK, 40, 200)
    first = auction.clear()
    auction.place(people[2], BID, 60, 50, frame=auction.next)
    auction.place(people[3], ASK, 40, 150, frame=auction.next)
    second = auction.clear(auction.next, first.carried)
    assert [fill[2] for fill in fills_of(second)] == served


@pytest.mark.parametrize(("slices", "traded_wh"), [(0, (300, 0)), (1, (100, 100)), (2, (200, 100))])
def test_an_iceberg_offers_as_many_slices_a_frame_as_set_and_rolls_with_the_rest(
    changed, people, slices, traded_wh
):
    auction = changed(slices_per_frame=slices)
    auction.place(people[0], BID, 60, 300, peak=100, rolls=1)
    auction.place(people[1], ASK, 40, 400)
    first = auction.clear()
    auction.place(people[2], ASK, 40, 400, frame=auction.next)
    second = auction.clear(auction.next, first.carried)
    assert (first.traded_wh, second.traded_wh) == traded_wh
    assert len(first.carried) == (slices != 0)


def test_a_large_iceberg_withholds_all_but_its_slice(changed, people):
    auction = changed(slices_per_frame=1)
    auction.place(people[0], ASK, 140, 200_000, peak=50_000, rolls=1)
    for buyer in people[1:3]:
        auction.place(buyer, BID, 142, 30_000)
    result = auction.clear()
    assert fills_of(result) == [(1, 0, 30_000, 141), (2, 0, 20_000, 141)]
    assert len(result.carried) == 1


@pytest.mark.parametrize(("alpha", "beta", "first"), [(10, 1, 2), (0, 0, 2), (1, 10, 0)])
def test_weights_say_how_far_time_counts_against_price(changed, people, alpha, beta, first):
    auction = changed(alpha=alpha, beta=beta)
    for person, (tick, quantity) in enumerate(((60, 100), (60, 100), (61, 100))):
        auction.place(people[person], BID, tick, quantity)
    auction.place(people[3], ASK, 40, 150)
    result = auction.clear()
    # All three are eligible; who comes first gets all it asked for.
    assert fills_of(result)[0][:3] == (first, 3, 100)


def test_a_crossing_at_the_lowest_tick_trades_there(changed, people):
    auction = changed()
    auction.place(people[0], BID, 0, 100)
    auction.place(people[1], ASK, 0, 200)
    result = auction.clear()
    assert result.crossing_tick == 0
    assert fills_of(result) == [(0, 1, 100, 0)]


def test_an_order_locks_the_least_that_is_set(market, people):
    chain, addresses = market.chain, market.addresses
    usual = AuctionRules(0, 10, 1, 5_000, uniform_price=False, roll_keeps_rank=True)
    auction = Changed(market, usual, minimum_lock_micro=1_001)
    # 50 Wh at 10 ticks of lock and 2 micro are 1,000.
    with market.reverts("Auction_LockBelowMinimum: 1000, 1001"):
        auction.place(people[0], ASK, 140, 50)
    with market.reverts("Auction_LockBelowMinimum: 1000, 1001"):
        auction.send(people[0], "placeMany", auction.frame, [auction.request(BID, 5, 50)])
    auction.place(people[0], ASK, 139, 50)
    market.chain, market.addresses = chain, addresses


def test_one_price_looks_at_the_worst_of_both_sides_wherever_they_stand(changed, people):
    auction = changed(uniform_price=True)
    for person, (side, limit) in enumerate(((BID, 60), (BID, 64), (ASK, 42), (ASK, 40))):
        auction.place(people[person], side, limit, 100)
    result = auction.clear()
    assert (result.uniform_tick, result.traded_wh) == (51, 200)
