"""Mandates, request lists, offers and cancels."""

import pytest

from tests.unit.matching_round.conftest import CLOSED, MARGIN_MICRO

TICK_MICRO = 2


def skipped(outcome):
    """Word and reason of every request that was passed over."""
    return [args[2:] for args in outcome.events("RequestSkipped")]


def penalise(market, participant_id, *, exchange):
    """Take a fifth off: practical 60 % of theoretical and a risk of 20 %."""
    record = participant_id | 1_000 << 32 | 600 << 72 | (1 << 112 if exchange else 0)
    market.transact(market.meter, "credit", "recordSupply", [record])


# Mandates


def test_a_mandate_is_seen_and_can_be_taken_back(rounds):
    consumer, market = rounds.consumers[0], rounds.market
    rounds.name(consumer, rounds.exchange, largest=700, bid=60, ask=20, last=rounds.first)
    limits = (rounds.exchange.id, 700, 60, 20, rounds.first)
    assert market.call("round", "mandateOf", consumer.id) == limits
    outcome = market.transact(consumer, "round", "nameExchange", 0, 5, 5, 5, 5)
    assert outcome.events("ExchangeNamed") == [(consumer.id, 0)]
    assert market.call("round", "mandateOf", consumer.id) == (0, 0, 0, 0, 0)
    rounds.open()
    word = rounds.entry(consumer, 500, 40)
    assert skipped(rounds.send_list(word)) == [(word, 3)]


def test_a_mandate_has_one_layout_at_all_venues(rounds):
    market, consumer = rounds.market, rounds.consumers[0]
    args = ("nameExchange", rounds.exchange.id, 700, 60, 20, rounds.first)
    logged = [market.transact(consumer, venue, *args).events("ExchangeNamed") for venue in ("book", "round")]
    word = rounds.exchange.id | 700 << 32 | 60 << 64 | 20 << 72 | rounds.first << 80
    assert logged == [[(consumer.id, word)]] * 2


def test_the_lowest_ask_of_a_mandate_does_not_bind_requests(rounds):
    rounds.name(rounds.consumers[0], rounds.exchange, ask=150)
    rounds.open()
    assert rounds.send_list(rounds.entry(rounds.consumers[0], 500, 40)).returned == 1


def test_whoever_is_named_without_the_role_sends_no_list(rounds):
    market, consumer = rounds.market, rounds.consumers[0]
    rounds.name(consumer, rounds.solver)
    assert market.call("round", "mandateOf", consumer.id)[0] == rounds.solver.id
    rounds.open()
    with market.reverts(f"Venue_MissingRole: {rounds.solver.address}, 4"):
        rounds.send_list(rounds.entry(consumer, 500, 40), sender=rounds.solver)
    with market.reverts_named("Venue_NotRegistered"):
        market.transact(market.outsider, "round", "nameExchange", 0, 0, 0, 0, 0)


# Lists


def test_a_request_locks_for_the_highest_fees_of_its_window(rounds):
    rounds.open()
    first, second = rounds.consumers[:2]
    outcome = rounds.send_list(rounds.entry(first, 500, 40, last=1), rounds.entry(second, 500, 40))
    assert outcome.returned == 2
    assert skipped(outcome) == []
    assert rounds.locked(first) == 500 * (40 + 5) * TICK_MICRO
    assert rounds.locked(second) == 500 * (40 + 7) * TICK_MICRO
    placed = [args[0] for args in outcome.events("EntryPlaced")]
    assert placed[1] == rounds.id(1) | rounds.entry(second, 500, 40) << 48 | 47 << 152
    start = rounds.first
    assert rounds.market.call("round", "entryOf", rounds.id(0)) == (
        *(first.id, 0, 500, 40),
        *(start, start + 1, 0, 45),
    )
    assert rounds.market.call("round", "listOf", rounds.number, rounds.exchange.id) == (second.id, 2, 2)


def test_only_exchanges_send_lists_and_only_while_the_round_collects(rounds):
    rounds.open()
    word = rounds.entry(rounds.consumers[0], 500, 40)
    with rounds.market.reverts(f"Venue_MissingRole: {rounds.solver.address}, 4"):
        rounds.send_list(word, sender=rounds.solver)
    rounds.number = 2
    with rounds.market.reverts("Round_Unknown: 2"):
        rounds.send_list(word)
    rounds.number = 1
    rounds.to_submission()
    now = rounds.market.now
    with rounds.market.reverts(f"Round_OutsidePhase: 1, 0, {now}, {now}"):
        rounds.send_list(word)


def test_bad_requests_are_passed_over_with_the_reason(rounds):
    market = rounds.market
    poor = market.participants[11]
    rounds.name(poor, rounds.exchange)
    rounds.name(rounds.consumers[1], rounds.rival)
    rounds.name(rounds.consumers[3], rounds.exchange, largest=600, bid=50, last=rounds.first + 1)
    market.transact(market.supervisor, "house", "setSuspended", rounds.consumers[2].id, True)
    rounds.open()
    good, foreign, suspended, limited = rounds.consumers
    cases = [
        (rounds.entry(good, 500, 40) | 1 << 96, 1),
        (0, 2),
        (rounds.entry(foreign, 500, 40), 3),
        (500 << 32 | 40 << 64 | 99, 3),
        (rounds.entry(suspended, 500, 40), 4),
        (rounds.entry(limited, 500, 40, first=2, last=1), 5),
        (rounds.entry(limited, 500, 40, last=3), 5),
        (rounds.entry(limited, 500, 40, feeder=2), 6),
        (rounds.entry(limited, 500, 192), 7),
        (rounds.entry(limited, 601, 50, last=1), 8),
        (rounds.entry(limited, 600, 51, last=1), 8),
        (rounds.entry(limited, 600, 50, last=2), 8),
        (rounds.entry(limited, 49, 50, last=1), 9),
        (rounds.entry(poor, 50, 0, last=0), 11),
    ]
    assert skipped(rounds.send_list(*(word for word, _ in cases))) == cases
    assert rounds.entries == 0


def test_locks_and_quantities_have_bounds(rounds):
    rich = rounds.consumers[0]
    rounds.name(rich, rounds.exchange, largest=2**32 - 1)
    rounds.market.give_margin(rich, "round", 2**40)
    rounds.open()
    cases = [(rounds.entry(rich, 2**28, 1, last=0), 9), (rounds.entry(rich, 2**28 - 1, 191, last=0), 10)]
    assert skipped(rounds.send_list(*(word for word, _ in cases))) == cases
    assert rounds.send_list(rounds.entry(rich, 2**28 - 1, 100, last=0)).returned == 1


def test_consumers_ascend_over_all_parts_of_a_list(rounds):
    rounds.open()
    first, second, third = (rounds.entry(consumer, 500, 40) for consumer in rounds.consumers[:3])
    assert rounds.send_list(first, third).returned == 2
    outcome = rounds.send_list(second, third)
    assert skipped(outcome) == [(second, 2), (third, 2)]


def test_each_exchange_has_a_list_of_its_own(rounds):
    rounds.name(rounds.consumers[0], rounds.rival)
    rounds.open()
    assert rounds.send_list(rounds.entry(rounds.consumers[3], 500, 40)).returned == 1
    own = rounds.entry(rounds.consumers[0], 500, 40)
    assert rounds.send_list(own, sender=rounds.rival).returned == 1


def test_a_penalised_exchange_gets_its_quota_of_good_requests(rounds):
    penalise(rounds.market, rounds.exchange.id, exchange=True)
    rounds.open()
    words = [rounds.entry(consumer, 500, 40) for consumer in rounds.consumers]
    junk = rounds.entry(rounds.consumers[0], 49, 40)
    # 8,000 of 10,000: of the first good request 0, of 4 good ones 3; what is bad does not count.
    first = rounds.send_list(junk, words[0], words[1])
    assert skipped(first) == [(junk, 9), (words[0], 13)]
    assert rounds.send_list(words[2], words[3]).returned == 2
    assert rounds.market.call("round", "listOf", 1, rounds.exchange.id) == (rounds.consumers[3].id, 4, 3)
    # Nobody comes back to the list, also not who was cut.
    assert skipped(rounds.send_list(words[0])) == [(words[0], 2)]


def test_a_penalised_consumer_gets_its_share_of_a_request(rounds):
    consumer, market = rounds.consumers[0], rounds.market
    penalise(market, consumer.id, exchange=False)
    assert market.call("round", "accountOf", consumer.id)[2] == 8_000
    rounds.open()
    # 62 Wh become 49, which is too little; 503 become 402, rounded down; only these are locked.
    low, word = rounds.entry(consumer, 62, 40), rounds.entry(consumer, 503, 40, last=1)
    outcome = rounds.send_list(low, word)
    assert skipped(outcome) == [(low, 9)]
    assert rounds.left(0) == 402
    assert rounds.locked(consumer) == 402 * (40 + 5) * TICK_MICRO
    assert outcome.events("EntryPlaced")[0][0] >> 80 & 0xFFFFFFFF == 402


def test_the_limit_of_a_mandate_is_held_against_the_request_before_the_cut(rounds):
    consumer = rounds.consumers[0]
    penalise(rounds.market, consumer.id, exchange=False)
    rounds.name(consumer, rounds.exchange, largest=500)
    rounds.open()
    word = rounds.entry(consumer, 501, 40)
    assert skipped(rounds.send_list(word)) == [(word, 8)]


def test_a_penalised_participant_offers_whole(rounds):
    seller = rounds.sellers[0]
    penalise(rounds.market, seller.id, exchange=False)
    rounds.open()
    assert rounds.left(rounds.offer(seller, 503, 40)) == 503


# Offers


def test_an_offer_locks_for_the_highest_cap_of_its_window(rounds):
    rounds.open()
    rounds.offer(rounds.sellers[0], 500, 40, last=1)
    rounds.offer(rounds.sellers[1], 500, 40)
    rounds.offer(rounds.sellers[2], 500, 191)
    expected = [500 * ticks * TICK_MICRO for ticks in (150 - 40, 160 - 40, 1)]
    assert [rounds.locked(seller) for seller in rounds.sellers[:3]] == expected
    assert rounds.market.call("round", "entryOf", rounds.id(2))[1] == 1


def test_offers_are_checked(rounds):
    rounds.open()
    market, seller = rounds.market, rounds.sellers[0]
    other = rounds.sellers[1]

    def offers(word, sender=seller):
        market.transact(sender, "round", "offer", rounds.number, word)

    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        offers(rounds.entry(seller, 500, 40), market.outsider)
    for word in (rounds.entry(other, 500, 40), rounds.entry(seller, 500, 40) | 1 << 96):
        with market.reverts(f"Round_InvalidRecord: {word}"):
            offers(word)
    with market.reverts("Round_InvalidWindow: 2, 1, 3"):
        offers(rounds.entry(seller, 500, 40, first=2, last=1))
    with market.reverts("Round_InvalidWindow: 0, 3, 3"):
        offers(rounds.entry(seller, 500, 40, last=3))
    with market.reverts("Round_UnknownFeeder: 2, 2"):
        offers(rounds.entry(seller, 500, 40, feeder=2))
    with market.reverts("Round_TickOutOfRange: 192, 191"):
        offers(rounds.entry(seller, 500, 192))
    for quantity in (49, 2**28):
        with market.reverts(f"Round_QuantityOutOfRange: {quantity}, 50, {2**28 - 1}"):
            offers(rounds.entry(seller, quantity, 40))
    lock = (2**28 - 1) * 160 * TICK_MICRO
    with market.reverts(f"Round_LockOutOfRange: {lock}, 100, {2**36 - 1}"):
        offers(rounds.entry(seller, 2**28 - 1, 0))
    poor = market.participants[11]
    with market.reverts(f"Venue_InsufficientMargin: {poor.id}, 1000, 0"):
        offers(rounds.entry(poor, 500, 159), poor)
    market.transact(market.supervisor, "house", "setSuspended", seller.id, True)
    with market.reverts(f"Round_Suspended: {seller.id}, 1"):
        offers(rounds.entry(seller, 500, 40))


def test_a_participant_makes_eight_offers_a_round(rounds):
    rounds.open()
    seller = rounds.sellers[0]
    for _ in range(8):
        rounds.offer(seller, 50, 100)
    assert rounds.market.call("round", "offersOf", 1, seller.id) == 8
    with rounds.market.reverts(f"Round_TooManyOffers: {seller.id}, 8"):
        rounds.offer(seller, 50, 100)


# Cancels


def test_a_cancelled_entry_returns_its_lock(rounds):
    rounds.open()
    index = rounds.request(rounds.consumers[0], 500, 40)
    outcome = rounds.market.transact(rounds.consumers[0], "round", "cancel", rounds.id(index))
    assert outcome.events("EntryClosed") == [(rounds.id(index) | 500 << 48,)]
    assert rounds.locked(rounds.consumers[0]) == 0
    assert rounds.market.call("round", "entryOf", rounds.id(index)) == (0,) * 8


def test_cancels_are_checked(rounds):
    rounds.open()
    market, seller = rounds.market, rounds.sellers[0]
    index = rounds.offer(seller, 500, 40)

    def cancels(entry_id, sender=seller):
        market.transact(sender, "round", "cancel", entry_id)

    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        cancels(rounds.id(index), market.outsider)
    with market.reverts("Round_Unknown: 2"):
        cancels(2 << 16)
    with market.reverts("Round_Unknown: 0"):
        cancels(1 << 48 | rounds.id(index))
    with market.reverts(f"Round_NoEntry: {rounds.id(1)}, 255"):
        cancels(rounds.id(1))
    with market.reverts(f"Round_NotOwner: {rounds.id(0)}, {seller.id}, {rounds.solver.id}"):
        cancels(rounds.id(0), rounds.solver)
    rounds.to_submission()
    with market.reverts_named("Round_OutsidePhase"):
        cancels(rounds.id(index))


def test_a_round_without_allocation_ends_when_submission_does(rounds):
    rounds.open()
    index = rounds.offer(rounds.sellers[0], 500, 40)
    rounds.to_submission()
    with rounds.market.reverts("Round_NotClosed: 1"):
        rounds.release(index)
    rounds.to_application()
    assert rounds.state[0] == CLOSED
    outcome = rounds.release(index, index, 7)
    assert outcome.events("EntryClosed") == [(rounds.id(index) | 500 << 48,)]
    assert rounds.margin(rounds.sellers[0]) == MARGIN_MICRO


@pytest.mark.parametrize("number", [0, 2])
def test_only_entries_of_rounds_are_released(rounds, number):
    rounds.open()
    with rounds.market.reverts(f"Round_Unknown: {number}"):
        rounds.market.transact(rounds.solver, "round", "release", [number << 16])


def test_an_entry_that_locks_less_than_the_least_is_refused(rounds):
    """Without fees a request at a price of nothing locks nothing."""
    market = rounds.market
    free = market.open_frame(rounds.first + 3, venue="round", grid_fee_ticks=0, platform_fee_ticks=0)
    rounds.open(first_frame=free, frames=1)
    rounds.name(rounds.consumers[0], rounds.exchange, last=free)
    word = rounds.entry(rounds.consumers[0], 50, 0, last=0)
    done = rounds.send_list(word)
    assert done.events("RequestSkipped") == [(rounds.number, rounds.exchange.id, word, 10)]
    rounds.request(rounds.consumers[0], 50, 1, last=0)
    assert rounds.locked(rounds.consumers[0]) == 50 * 1 * 2
