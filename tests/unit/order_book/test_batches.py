"""Batches of one account, and exchanges that act for consumers who named them (M11)."""

import pytest
from eth_hash.auto import keccak

from voltberg.chain.market import TransactionReverted
from voltberg.models import Role

ANY = (2**32 - 1, 191, 0, 2**32 - 1)


def selector(signature):
    return "0x" + keccak(signature.encode())[:4].hex()


def skipped(done):
    """Entries and reasons of `EntrySkipped` logs."""
    return [
        (entry, reason if isinstance(reason, str) else "0x" + reason.hex())
        for entry, reason in done.events("EntrySkipped")
    ]


@pytest.fixture
def exchange(market):
    return market.register(int(Role.EXCHANGE))


@pytest.fixture
def named(market, traders, exchange):
    """The first two traders named the exchange, without limits."""
    for consumer in traders[:2]:
        market.transact(consumer, "book", "nameExchange", exchange.id, *ANY)
    return traders


def entry(book, consumer, side, tick, quantity, **options):
    return book.request(side, tick, quantity, **options) | consumer.id << 144


def test_many_orders_of_one_account_in_one_transaction(book, market, traders):
    maker, *_, taker = traders
    requests = [book.request(book.ASK, tick, 100) for tick in (100, 101, 101)]
    done = market.transact(maker, "book", "placeMany", requests)
    assert len(done.events("OrderPlaced")) == 3
    assert book.buy(taker, 101, 300).served == [(maker.id, 100)] * 3


def test_a_batch_of_one_account_is_placed_whole_or_not_at_all(book, market, traders):
    requests = [book.request(book.ASK, 100, 100), book.request(book.ASK, 100, 1)]
    with market.reverts("OrderBook_QuantityBelowMinimum: 1, 50"):
        market.transact(traders[0], "book", "placeMany", requests)
    assert book.levels() == []


def test_cancelling_many_skips_what_is_done_or_not_ones_own(book, market, traders):
    maker, other, *_ = traders
    own, foreign = book.sell(maker, 100, 100), book.sell(other, 100, 100)
    start = book.margin(maker)
    ids = [own.order_id, own.order_id, foreign.order_id]
    done = market.transact(maker, "book", "cancelMany", ids)
    assert skipped(done) == [
        (own.order_id, selector("OrderBook_NotResting(uint64)")),
        (foreign.order_id, selector("OrderBook_NotOwner(uint64,uint32,uint32)")),
    ]
    assert book.margin(maker) - start == 100 * 50 * 2
    assert book.remaining(foreign) == 100
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        market.transact(market.outsider, "book", "cancelMany", [])


def test_an_exchange_places_and_cancels_for_those_who_named_it(book, market, named, exchange):
    first, second, *_ = named
    start = book.margin(first)
    entries = [entry(book, first, book.ASK, 100, 100), entry(book, second, book.BID, 90, 200)]
    done = market.transact(exchange, "book", "placeFor", entries)
    assert skipped(done) == []
    ask, bid = book.id(book.ASK, 100, 0), book.id(book.BID, 90, 0)
    assert book.order(ask)[:2] == (first.id, 100)
    assert book.order(bid)[:2] == (second.id, 200)
    assert start - book.margin(first) == 100 * 50 * 2
    done = market.transact(exchange, "book", "cancelFor", [ask, ask])
    assert skipped(done) == [(ask, selector("OrderBook_NotResting(uint64)"))]
    assert book.margin(first) == start


def test_a_bad_entry_never_stops_a_batch(book, market, named, exchange):
    """Each one is skipped with the selector of its error; what it had done half-way is undone."""
    first, second, third, *_ = named
    book.sell(third, 100, 100)
    good = entry(book, first, book.BID, 90, 100)
    bad = [
        (entry(book, third, book.BID, 90, 100), "Venue_NotMandated(uint32,uint32)"),
        (entry(book, first, book.BID, 90, 1), "OrderBook_QuantityBelowMinimum(uint256,uint256)"),
        (good | 1 << 176, "OrderBook_InvalidRequest(uint256)"),
        (entry(book, second, 2, 90, 100), "OrderBook_InvalidRequest(uint256)"),
        (entry(book, second, book.BID, 100, 200, kind=book.FOK), "OrderBook_NotFilled(uint256,uint256)"),
        (entry(book, second, book.BID, 100, 200, kind=book.POST_ONLY), "OrderBook_WouldTrade(uint64)"),
        (entry(book, first, book.BID, 150, 2**32 - 1), "Venue_InsufficientMargin(uint32,uint256,uint256)"),
    ]
    done = market.transact(exchange, "book", "placeFor", [*(word for word, _ in bad), good])
    assert skipped(done) == [(word, selector(error)) for word, error in bad]
    assert len(done.events("OrderPlaced")) == 1
    assert done.events("Filled") == []
    assert book.position(second) == (0,) * 5


@pytest.mark.parametrize(
    ("limits", "side", "tick", "quantity"),
    [
        ((99, 191, 0, 2**32 - 1), 0, 90, 100),
        ((1_000, 89, 0, 2**32 - 1), 0, 90, 100),
        ((1_000, 191, 91, 2**32 - 1), 1, 90, 100),
        ((1_000, 191, 0, 5), 0, 90, 100),
    ],
)
def test_an_exchange_keeps_to_the_limits_of_the_mandate(
    book, market, traders, exchange, limits, side, tick, quantity
):
    consumer = traders[0]
    market.transact(consumer, "book", "nameExchange", exchange.id, *limits)
    assert tuple(market.call("book", "mandateOf", consumer.id)) == (exchange.id, *limits)
    word = entry(book, consumer, side, tick, quantity)
    done = market.transact(exchange, "book", "placeFor", [word])
    assert skipped(done) == [(word, selector("Venue_OutsideMandate(uint32,uint256)"))]
    wide = (quantity, tick, tick, book.frame)
    market.transact(consumer, "book", "nameExchange", exchange.id, *wide)
    assert skipped(market.transact(exchange, "book", "placeFor", [word])) == []


def test_a_mandate_is_revoked_at_once(book, market, named, exchange):
    consumer = named[0]
    word = entry(book, consumer, book.ASK, 100, 100)
    market.transact(exchange, "book", "placeFor", [word])
    done = market.transact(consumer, "book", "nameExchange", 0, *ANY)
    assert done.events("ExchangeNamed") == [(consumer.id, 0)]
    resting = book.id(book.ASK, 100, 0)
    reason = selector("Venue_NotMandated(uint32,uint32)")
    assert skipped(market.transact(exchange, "book", "placeFor", [word])) == [(word, reason)]
    assert skipped(market.transact(exchange, "book", "cancelFor", [resting])) == [(resting, reason)]
    assert book.remaining(resting) == 100


def test_only_exchanges_act_for_others(book, market, named):
    consumer = named[0]
    market.transact(consumer, "book", "nameExchange", consumer.id, *ANY)
    for function in ("placeFor", "cancelFor"):
        with market.reverts(f"Venue_MissingRole: {consumer.address}, 4"):
            market.transact(consumer, "book", function, [])
    with market.reverts(f"Venue_NotSelf: {consumer.address}"):
        market.transact(consumer, "book", "placeEntry", 0, consumer.id)
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        market.transact(market.outsider, "book", "nameExchange", consumer.id, *ANY)


def test_a_penalised_exchange_submits_fewer_requests(book, market, named, exchange):
    """RET: of 4 requests an exchange with factor 0.6 may submit 2."""
    record = exchange.id | 100 << 32 | 50 << 72 | 1 << 112
    market.transact(market.meter, "credit", "recordSupply", [record])
    quota = market.call("credit", "requestQuota", exchange.id, 4)
    assert 0 < quota < 4
    entries = [entry(book, named[0], book.ASK, 100 + number, 100) for number in range(4)]
    done = market.transact(exchange, "book", "placeFor", entries)
    reason = selector("Venue_QuotaExceeded(uint32,uint256)")
    assert skipped(done) == [(word, reason) for word in entries[quota:]]
    assert len(done.events("OrderPlaced")) == quota


def test_a_batch_without_gas_does_not_skip_what_it_could_have_placed(book, market, named, exchange):
    """An entry that runs out of gas fails without an error: that is nobody's reason to skip it."""
    first, _, third, *makers = named
    for maker in (third, *makers) * 8:
        book.sell(maker, 100, 50)
    word = entry(book, first, book.BID, 100, 1_600, max_fills=100)
    told, gas_limit = [], 120_000
    while book.position(first)[0] == 0:
        try:
            done = market.transact(exchange, "book", "placeFor", [word], gas_limit=gas_limit)
        except TransactionReverted as error:
            told.append(error.text)
            assert book.position(first) == (0,) * 5
        else:
            assert skipped(done) == []
        gas_limit += 20_000
    assert f"Venue_OutOfGas: {word}" in told


def test_queue_position_counts_what_is_served_before(book, market, traders):
    first, second, third, *_, taker = traders
    iceberg = book.sell(first, 100, 300, peak=100)
    gone = book.sell(second, 100, 70)
    last = book.sell(third, 100, 60)
    position = lambda placed: tuple(market.call("book", "queuePositionOf", placed.order_id))  # noqa: E731
    assert [position(placed) for placed in (iceberg, gone, last)] == [(0, 0), (1, 100), (2, 170)]
    book.buy(taker, 100, 100)
    assert [position(placed) for placed in (gone, last, iceberg)] == [(0, 0), (1, 70), (2, 130)]
    book.cancel(second, gone)
    assert [position(placed) for placed in (last, iceberg)] == [(0, 0), (1, 60)]
    with market.reverts(f"OrderBook_NotResting: {gone.order_id}"):
        market.call("book", "queuePositionOf", gone.order_id)


def test_orders_of_an_account_come_page_by_page(book, market, traders):
    owner, other, *_ = traders
    ids = []
    for tick in (90, 91, 100, 101):
        place = book.buy if tick < 95 else book.sell
        ids.append(place(owner, tick, 100).order_id)
        place(other, tick, 100)
    found, start, pages = [], 0, 0
    while pages == 0 or start:
        page, start = market.call("book", "ordersOf", book.frame, owner.id, start, 3)
        found += page
        pages += 1
    assert found == sorted(ids)
    assert pages == 3
    assert market.call("book", "ordersOf", book.frame + 1, owner.id, 0, 9)[0] in ((), [])


def test_orders_of_an_account_are_those_that_rest_wherever_they_stand(book, market, traders):
    """A cancelled one is gone; an iceberg behind its level's cursor is not."""
    owner, other, *_, taker = traders
    gone = book.sell(owner, 100, 100)
    iceberg = book.sell(owner, 101, 300, peak=100)
    last = book.sell(other, 101, 100)
    book.cancel(owner, gone)
    book.buy(taker, 101, 150)
    assert book.level(book.ASK, 101)[2:4] == (0, 1)
    mine = lambda actor: list(market.call("book", "ordersOf", book.frame, actor.id, 0, 9)[0])  # noqa: E731
    assert mine(owner) == [iceberg.order_id]
    assert mine(other) == [last.order_id]
