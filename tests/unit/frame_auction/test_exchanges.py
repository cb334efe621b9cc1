"""Exchanges place and cancel for consumers who named them, in one frame's chain (M11)."""

import pytest
from eth_hash.auto import keccak

from voltberg.models import Role
from voltberg.reference.auction_batches import pack_cancel_entry, pack_order_entry
from voltberg.reference.auction_words import chain_digest, unpack_auction_order

BID, ASK = 0, 1
ANY = (2**32 - 1, 191, 0, 2**32 - 1)
NOT_MANDATED = "Venue_NotMandated(uint32,uint32)"
OUTSIDE = "Venue_OutsideMandate(uint32,uint256)"
TOO_MANY = "Auction_TooManyWords(uint32,uint256,uint256)"


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
def named(market, people, exchange):
    """All participants but the last named the exchange, without limits."""
    for consumer in people[:-1]:
        market.transact(consumer, "auction", "nameExchange", exchange.id, *ANY)
    return people


def entry(auction, consumer, side, tick, quantity, **options):
    return pack_order_entry(auction.request(side, tick, quantity, **options), consumer.address)


def place_for(auction, exchange, *entries):
    return auction.send(exchange, "placeFor", auction.frame, list(entries))


def test_entries_enter_as_if_their_consumers_had_placed_them(auction, market, named, exchange):
    start = [auction.margin(consumer) for consumer in named[:3]]
    done = place_for(
        auction,
        exchange,
        entry(auction, named[0], BID, 60, 500),
        entry(auction, named[1], ASK, 40, 400, peak=100, rolls=1),
        entry(auction, named[0], BID, 61, 50),
    )
    assert skipped(done) == []
    assert len(done.events("WordsChained")) == 1
    orders = [unpack_auction_order(word) for word in auction.words[auction.frame]]
    assert [(o.participant_id, o.side, o.tick, o.quantity_wh, o.peak_wh, o.rolls) for o in orders] == [
        (named[0].id, BID, 60, 500, 0, 0),
        (named[1].id, ASK, 40, 400, 100, 1),
        (named[0].id, BID, 61, 50, 0, 0),
    ]
    spent = [before - auction.margin(consumer) for before, consumer in zip(start, named, strict=False)]
    assert spent == [(500 * 65 + 50 * 66) * 2, 400 * 110 * 2, 0]
    assert auction.view("allowedWordsOf", named[0].id) == 254
    digest, words, *_ = auction.view("frameOf", auction.frame)
    assert (words, digest) == (
        3,
        chain_digest(market.address("auction"), auction.frame, auction.words[auction.frame]),
    )


def test_bad_entries_are_skipped_and_change_nothing(auction, market, named, exchange):
    stranger, poor, suspended, busy, first = named[-1], *named[:4]
    market.transact(poor, "auction", "withdrawMargin", auction.margin(poor) - 64_999)
    market.transact(market.supervisor, "house", "setSuspended", suspended.id, True)
    auction.send(busy, "placeMany", auction.frame, [auction.request(BID, 1, 50)] * 224)
    good = entry(auction, first, BID, 60, 500)
    largest = auction.view("maximumQuantityWh")
    bad = [
        (good | 1 << 248, "Auction_InvalidRequest(uint256)"),
        (entry(auction, first, 2, 60, 500), "Auction_InvalidRequest(uint256)"),
        (entry(auction, stranger, BID, 60, 500), NOT_MANDATED),
        (entry(auction, market.outsider, BID, 60, 500), NOT_MANDATED),
        (entry(auction, suspended, BID, 60, 500), "Auction_Suspended(uint32,uint8)"),
        (entry(auction, first, ASK, 192, 500), "Auction_TickOutOfRange(uint256,uint256)"),
        (entry(auction, first, BID, 60, 49), "Auction_QuantityOutOfRange(uint256,uint256,uint256)"),
        (entry(auction, first, BID, 60, largest + 1), "Auction_QuantityOutOfRange(uint256,uint256,uint256)"),
        (entry(auction, first, BID, 60, 500, peak=501), "Auction_InvalidPeak(uint256,uint256,uint256)"),
        (entry(auction, first, BID, 60, 500, rolls=2), "Auction_FrameNotOpen(uint32)"),
        (entry(auction, poor, BID, 60, 500), "Venue_InsufficientMargin(uint32,uint256,uint256)"),
        (entry(auction, busy, BID, 60, 500), TOO_MANY),
    ]
    margins = [auction.margin(each) for each in named]
    done = place_for(auction, exchange, *(word for word, _ in bad), good)
    assert skipped(done) == [(word, selector(error)) for word, error in bad]
    assert [(first, len(words)) for first, words in done.events("WordsChained")] == [
        (auction.frame | 224 << 32, 16)
    ]
    margins[3] -= 500 * 65 * 2
    assert [auction.margin(each) for each in named] == margins
    done = place_for(auction, exchange, bad[0][0])
    assert done.events("WordsChained") == []
    assert auction.view("frameOf", auction.frame)[1] == 225


@pytest.mark.parametrize(
    ("limits", "side"),
    [
        ((499, 191, 0, 2**32 - 1), BID),
        ((2**32 - 1, 59, 0, 2**32 - 1), BID),
        ((2**32 - 1, 191, 61, 2**32 - 1), ASK),
        ((2**32 - 1, 191, 0, 5), ASK),
    ],
)
def test_limits_of_a_mandate_bind_placing(auction, market, people, exchange, limits, side):
    consumer = people[0]
    market.transact(consumer, "auction", "nameExchange", exchange.id, *limits)
    assert tuple(auction.view("mandateOf", consumer.id)) == (exchange.id, *limits)
    word = entry(auction, consumer, side, 60, 500)
    assert skipped(place_for(auction, exchange, word)) == [(word, selector(OUTSIDE))]
    wide = (500, 60, 60, auction.frame)
    market.transact(consumer, "auction", "nameExchange", exchange.id, *wide)
    assert skipped(place_for(auction, exchange, word)) == []


def test_a_mandate_is_revoked_at_once_and_survives_what_the_house_pushes(auction, market, named, exchange):
    consumer = named[0]
    word = entry(auction, consumer, ASK, 60, 500)
    market.transact(market.supervisor, "house", "setSuspended", consumer.id, True)
    market.transact(market.supervisor, "house", "setSuspended", consumer.id, False)
    market.transact(market.supervisor, "registry", "setRoles", consumer.address, int(Role.SUPPLIER))
    assert skipped(place_for(auction, exchange, word)) == []
    assert unpack_auction_order(auction.words[auction.frame][0]).supplier
    done = market.transact(consumer, "auction", "nameExchange", 0, *ANY)
    assert done.events("ExchangeNamed") == [(consumer.id, 0)]
    assert skipped(place_for(auction, exchange, word)) == [(word, selector(NOT_MANDATED))]
    name = pack_cancel_entry(auction.frame, 0, consumer.address)
    done = auction.send(exchange, "cancelFor", auction.frame, [name])
    assert skipped(done) == [(name, selector(NOT_MANDATED))]
    assert auction.view("allowedWordsOf", consumer.id) == 255


def test_an_exchange_cancels_for_those_who_named_it(auction, market, named, exchange):
    place_for(auction, exchange, *(entry(auction, named[n], BID, 60, 500) for n in range(2)))
    market.transact(market.operator, "auction", "setFramePaused", auction.frame, True)
    names = [pack_cancel_entry(auction.frame, n, named[n].address) for n in range(2)]
    bad = [names[0] | 1 << 208, pack_cancel_entry(auction.frame, 0, named[-1].address)]
    done = auction.send(exchange, "cancelFor", auction.frame, [*bad, *names])
    assert [reason for _, reason in skipped(done)] == [
        selector("Auction_InvalidRequest(uint256)"),
        selector(NOT_MANDATED),
    ]
    result = auction.clear()
    assert [auction.record(result, named[n]).refund_micro for n in range(2)] == [500 * 65 * 2] * 2


def test_an_exchange_cancels_no_more_than_the_consumer_s_words(auction, named, exchange):
    consumer = named[0]
    auction.send(consumer, "placeMany", auction.frame, [auction.request(BID, 1, 50)] * 224)
    name = pack_cancel_entry(auction.frame, 0, consumer.address)
    done = auction.send(exchange, "cancelFor", auction.frame, [name] * 33)
    assert skipped(done) == [(name, selector(TOO_MANY))]
    assert auction.view("allowedWordsOf", consumer.id) == 0


def test_checks_of_the_whole_call_come_in_their_order(auction, market, named, exchange):
    word = entry(auction, named[0], BID, 60, 500)
    for function in ("placeFor", "cancelFor"):
        with market.reverts(f"Venue_MissingRole: {named[0].address}, 4"):
            auction.send(named[0], function, auction.frame, [word])
        with market.reverts(f"Auction_FrameNotOpen: {auction.frame + 9}"):
            auction.send(exchange, function, auction.frame + 9, [word])
    market.transact(market.operator, "auction", "setFramePaused", auction.frame, True)
    with market.reverts(f"Auction_FramePaused: {auction.frame}"):
        auction.send(exchange, "placeFor", auction.frame, [word])
    market.transact(market.operator, "auction", "setFramePaused", auction.frame, False)
    auction.close_gate()
    closure = market.gate_closure_of(auction.frame)
    for function in ("placeFor", "cancelFor"):
        with market.reverts_named("Auction_GateClosed"):
            auction.send(exchange, function, auction.frame, [word])
    assert market.now >= closure


def test_a_penalised_exchange_and_consumer_enter_less(auction, market, named, exchange):
    """RET: of 4 requests an exchange with factor 0.6 may submit 2."""
    record = exchange.id | 100 << 32 | 50 << 72 | 1 << 112
    market.transact(market.meter, "credit", "recordSupply", [record])
    quota = market.call("credit", "requestQuota", exchange.id, 4)
    assert 0 < quota < 4
    entries = [entry(auction, named[0], ASK, 60 + number, 500) for number in range(4)]
    done = place_for(auction, exchange, *entries)
    reason = selector("Venue_QuotaExceeded(uint32,uint256)")
    assert skipped(done) == [(word, reason) for word in entries[quota:]]
    names = [pack_cancel_entry(auction.frame, n, named[0].address) for n in range(4)]
    assert skipped(auction.send(exchange, "cancelFor", auction.frame, names)) == []


def test_a_full_chain_skips_orders_and_takes_cancels_until_it_is_full_itself(
    auction, market, named, exchange
):
    batch = [auction.request(BID, 1, 50)] * 192
    crowd = []
    for number in range(16):
        actor = market.register(1)
        market.give_margin(actor, "auction", 10_000_000)
        market.transact(actor, "auction", "nameExchange", exchange.id, *ANY)
        auction.send(actor, "placeMany", auction.frame, batch if number < 15 else batch[:191])
        crowd.append(actor)
    # The third has one word left, which an order in a full chain does not take.
    other = [auction.request(BID, 1, 50, frame=auction.next)] * 223
    auction.send(named[2], "placeMany", auction.next, other)
    words = [entry(auction, consumer, BID, 60, 500) for consumer in named[:3]]
    full = selector("Auction_FrameFull(uint32)")
    assert skipped(place_for(auction, exchange, *words)) == [(word, full) for word in words[1:]]
    # Sixteen accounts with 64 cancels each fill what is reserved for cancels, and block everybody's.
    for actor in crowd:
        names = [pack_cancel_entry(auction.frame, 0, actor.address)] * 64
        assert skipped(auction.send(exchange, "cancelFor", auction.frame, names)) == []
    assert auction.view("frameOf", auction.frame)[1] == 4_096
    name = pack_cancel_entry(auction.frame, 0, named[0].address)
    assert skipped(auction.send(exchange, "cancelFor", auction.frame, [name])) == [(name, full)]
    with market.reverts(f"Auction_FrameFull: {auction.frame}"):
        auction.send(named[0], "cancel", auction.frame, auction.frame, 0)


def test_an_exchange_asks_no_more_for_a_penalised_consumer_than_it_may(auction, market, named, exchange):
    consumer = named[0]
    market.transact(market.meter, "credit", "recordSupply", [consumer.id | 1_000 << 32 | 600 << 72])
    too_few = entry(auction, consumer, BID, 60, 60)
    words = [entry(auction, consumer, side, 60, 1_000, peak=900) for side in (BID, ASK)]
    done = place_for(auction, exchange, *words, too_few)
    assert skipped(done) == [(too_few, selector("Auction_QuantityOutOfRange(uint256,uint256,uint256)"))]
    orders = [unpack_auction_order(word) for word in auction.words[auction.frame]]
    assert [(order.side, order.quantity_wh, order.peak_wh) for order in orders] == [
        (BID, 800, 800),
        (ASK, 1_000, 900),
    ]


def test_an_order_that_locks_the_least_or_all_there_is_is_skipped_for_what_else_is_wrong(
    auction, market, named, exchange
):
    """50 Wh at the cap lock 100 micro-units, the least that is allowed."""
    poor, busy = named[:2]
    market.transact(poor, "auction", "withdrawMargin", auction.margin(poor) - 99)
    auction.send(busy, "placeMany", auction.frame, [auction.request(BID, 1, 50)] * 224)
    market.transact(busy, "auction", "withdrawMargin", auction.margin(busy) - 100)
    words = [entry(auction, consumer, ASK, 150, 50) for consumer in (poor, busy)]
    assert skipped(place_for(auction, exchange, *words)) == [
        (words[0], selector("Venue_InsufficientMargin(uint32,uint256,uint256)")),
        (words[1], selector(TOO_MANY)),
    ]


@pytest.mark.parametrize("limits", [ANY, (500, 60, 60, 2**32 - 1)])
def test_least_lock_binds_an_exchange(auction, market, people, exchange, limits):
    market.open_frame(
        auction.frame + 2, cap_tick=200, grid_fee_ticks=0, platform_fee_ticks=0, venue="auction"
    )
    auction.words[auction.frame + 2] = []
    market.transact(people[0], "auction", "nameExchange", exchange.id, *limits)
    free = entry(auction, people[0], BID, 0, 50)
    done = auction.send(exchange, "placeFor", auction.frame + 2, [free])
    assert skipped(done) == [(free, selector("Auction_LockBelowMinimum(uint256,uint256)"))]
    margin = auction.margin(people[0])
    cheap = entry(auction, people[0], BID, 1, 50)
    assert skipped(auction.send(exchange, "placeFor", auction.frame + 2, [cheap])) == []
    assert margin - auction.margin(people[0]) == 50 * 2
