"""What words can hold, and what happens at their edge; positions in their ring."""

import pytest

from voltberg.chain.engine import open_engine
from voltberg.configuration import AuctionTerms, MarketConfiguration, SettlementTerms

MAX_WH = 2**32 - 1


@pytest.fixture
def rich(market, traders):
    """Seller and buyer with money for the largest orders."""
    for actor in traders[:2]:
        market.give_margin(actor, "book", 10**15)
    return traders[:2]


def test_level_refuses_to_trade_more_than_its_share_of_a_frame(book, market, rich):
    """Else the frame's total could outgrow its word, and the frame could never become final."""
    seller, buyer = rich
    for _ in range(3):
        book.sell(seller, 149, MAX_WH)
    assert book.buy(buyer, 149, MAX_WH - 1).filled_wh == MAX_WH - 1
    with market.reverts(f"OrderBook_FrameOverflow: {book.frame}, {2 * MAX_WH - 1}"):
        book.buy(buyer, 149, MAX_WH)
    assert book.traded() == MAX_WH - 1


def test_level_may_trade_more_in_a_sweep_that_empties_it(book, market, rich):
    """The bound holds for what a level keeps when its sweep ends, not where the sweep comes to an iceberg."""
    seller, buyer = rich
    for quantity_wh, peak_wh in ((MAX_WH, 0), (1_000, 0), (500, 100)):
        book.sell(seller, 149, quantity_wh, peak=peak_wh)
    assert book.buy(buyer, 149, MAX_WH - 1).filled_wh == MAX_WH - 1
    with market.reverts(f"OrderBook_FrameOverflow: {book.frame}, {MAX_WH + 1_499}"):
        book.buy(buyer, 149, 1_500)
    assert book.buy(buyer, 149, 1_501).filled_wh == 1_501
    assert book.traded() == MAX_WH + 1_500


def test_frame_refuses_to_trade_more_than_64_such_shares(book, market, rich):
    seller, buyer = rich
    for _ in range(64):
        book.sell(seller, 149, MAX_WH)
        book.buy(buyer, 149, MAX_WH)
    assert book.traded() == 64 * MAX_WH
    book.sell(seller, 149, MAX_WH)
    with market.reverts(f"OrderBook_FrameOverflow: {book.frame}, {65 * MAX_WH}"):
        book.buy(buyer, 149, MAX_WH)


@pytest.fixture(scope="module")
def coarse_market(session_market):
    """A market whose tick is worth 65,535 micro-units per Wh, so that positions reach their bounds."""
    terms = SettlementTerms(tick_micro_per_wh=65_535)
    with open_engine(session_market.engine.name, account_count=61) as engine:
        # The frame auction's packed values are narrower: it takes small orders only at such a tick.
        auction = AuctionTerms(minimum_quantity_wh=7)
        yield type(session_market)(engine, MarketConfiguration(settlement=terms, auction=auction))


def test_trade_is_refused_when_the_makers_position_would_overflow(coarse_market):
    """The lock exceeds 48 bits: the maker's number is named, and nothing has changed."""
    market = coarse_market
    maker, taker = market.participants[:2]
    for actor in (maker, taker):
        market.give_margin(actor, "book", 10**17)
    frame = market.open_frame(market.frame + 5)
    energy_wh = 100_000_000
    assert energy_wh * 50 * 65_535 > 2**48 - 1
    market.transact(maker, "book", "place", frame | 1 << 32 | 100 << 40 | energy_wh << 48 | 9 << 128)
    buy = frame | 100 << 40 | energy_wh << 48 | 9 << 128
    with market.reverts(f"Venue_PositionOverflow: {maker.id}, {frame}"):
        market.transact(taker, "book", "place", buy)
    assert market.call("book", "positionOf", frame, taker.id) == (0, 0, 0, 0, 0)


def test_trade_is_refused_when_the_takers_position_would_overflow(coarse_market):
    market = coarse_market
    maker, taker = market.participants[2:4]
    for actor in (maker, taker):
        market.give_margin(actor, "book", 10**17)
    frame = market.open_frame(market.frame + 6)
    energy_wh = 100_000_000
    market.transact(maker, "book", "place", frame | 100 << 40 | energy_wh << 48 | 9 << 128)
    sell = frame | 1 << 32 | 100 << 40 | energy_wh << 48 | 9 << 128
    with market.reverts(f"Venue_PositionOverflow: {taker.id}, {frame}"):
        market.transact(taker, "book", "place", sell)


def test_trade_is_refused_when_locks_overflow_together(coarse_market):
    """Either lock fits 48 bits, their sum does not: it would reach into the frame's tag."""
    market = coarse_market
    maker, taker = market.participants[4:6]
    for actor in (maker, taker):
        market.give_margin(actor, "book", 10**17)
    frame = market.open_frame(market.frame + 7)
    energy_wh = 50_000_000
    assert energy_wh * 50 * 65_535 < 2**48 <= 2 * energy_wh * 50 * 65_535
    for _ in range(2):
        market.transact(maker, "book", "place", frame | 1 << 32 | 100 << 40 | energy_wh << 48 | 9 << 128)
    buy = frame | 100 << 40 | energy_wh << 48 | 9 << 128
    market.transact(taker, "book", "place", buy)
    before = market.call("book", "positionOf", frame, maker.id)
    assert before == (0, energy_wh, 0, energy_wh * 100 * 65_535, energy_wh * 50 * 65_535)
    with market.reverts(f"Venue_PositionOverflow: {maker.id}, {frame}"):
        market.transact(taker, "book", "place", buy)
    assert market.call("book", "positionOf", frame, maker.id) == before


def test_trade_is_refused_when_values_overflow_together(coarse_market):
    """Two of the largest purchases need 57 bits: the carry would go unseen into the value of sales."""
    market = coarse_market
    *sellers, buyer = market.participants[6:9]
    for actor in (*sellers, buyer):
        market.give_margin(actor, "book", 2 * 10**17)
    frame = market.open_frame(market.frame + 8)
    assert MAX_WH * 191 * 65_535 < 2**56 <= 2 * MAX_WH * 191 * 65_535
    for seller in sellers:
        market.transact(seller, "book", "place", frame | 1 << 32 | 191 << 40 | MAX_WH << 48 | 9 << 128)
    buy = frame | 191 << 40 | MAX_WH << 48 | 9 << 128
    market.transact(buyer, "book", "place", buy)
    with market.reverts(f"Venue_PositionOverflow: {buyer.id}, {frame}"):
        market.transact(buyer, "book", "place", buy)
    bought = (MAX_WH, 0, MAX_WH * 191 * 65_535, 0, 0)
    assert market.call("book", "positionOf", frame, buyer.id) == bought


def test_position_words_are_used_again_after_512_frames(book, market, traders):
    """A position of frame f + 512 takes the word of frame f, which is final: the tag keeps them apart."""
    seller, *_, buyer = traders
    book.sell(seller, 60, 1_000, peak=100)
    book.buy(buyer, 60, 1_000)
    later = book.frame + 512
    assert book.position(seller, later) == (0, 0, 0, 0, 0)
    market.travel_to(market.end_of(book.frame))
    market.transact(market.meter, "house", "reportDelivery", book.frame, [seller.id | 1_000 << 32, buyer.id])
    market.transact(market.outsider, "house", "finaliseFrame", book.frame)
    market.travel_to(market.start_of(later - 100))
    market.open_frame(later)
    market.transact(seller, "book", "place", book.request(book.ASK, 70, 300, peak=100, frame=later))
    served = book.buy(buyer, 70, 250, frame=later).served
    assert served == [(seller.id, 100), (seller.id, 100), (seller.id, 50)]
    assert book.position(seller, later) == (0, 250, 0, 250 * 70 * 2, 250 * 80 * 2)
    assert book.position(seller) == (0, 0, 0, 0, 0)
    words = market.call("book", "positionsOf", later, [seller.id, buyer.id, 99])
    assert words[0] >> 240 == later // 512 + 1
    assert words[0] & (1 << 80) - 1 == 250 << 40
    assert words[1] & (1 << 80) - 1 == 250
    assert words[2] == 0


def test_level_numbers_65535_arrivals_and_no_more(book, market, traders):
    """A stepped iceberg that would move to a full level stays where it is and replenishes there."""
    crowd, stepped, *_, taker = traders
    transaction = market.chain.transaction(
        crowd.address, "book", "place", book.request(book.ASK, 151, 50), gas_limit=100_000
    )
    sent = 0
    while sent < 65_535:
        batch = [transaction] * min(5_957, 65_535 - sent)
        receipts = market.engine.send_block(batch, market.now)
        assert all(receipt.succeeded for receipt in receipts)
        sent += len(batch)
        market.now = market.engine.timestamp + 1
    assert book.level(book.ASK, 151)[:2] == (0, 65_535)
    with market.reverts(f"OrderBook_LevelFull: {book.frame}, 1, 151"):
        book.sell(taker, 151, 50)
    resting = book.sell(stepped, 150, 200, peak=100, step=1)
    placed = book.buy(taker, 150, 100)
    assert placed.moves == []
    assert book.order(resting)[1:4] == (100, 100, 100)
    assert book.level(book.ASK, 150) == (1, 1, 0, 1, 100)
