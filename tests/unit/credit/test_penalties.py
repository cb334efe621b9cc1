"""RET penalty lists (Liang 2024, eqs 4.1-4.4), bounded to eight entries, and where they act."""

import pytest

EXCHANGE = 4


def packed(*entries):
    """A list word: entries from the lowest bit, their count at bit 128."""
    return sum(entry << 16 * index for index, entry in enumerate(entries)) | len(entries) << 128


def test_cuts_demand_when_supply_was_not_taken(market, desk):
    # Eq. 4.1: pct = 600 / 1,000; below 1 - 0.2, so 0.6 + 0.2 enters; eq. 4.2: 0.8, then 0.8 x 0.2.
    user = desk.user
    outcome = desk.supply(user, 1_000, 600)
    assert outcome.events("PenaltyChanged") == [(user.id, False, packed(8_000), 8_000)]
    outcome = desk.supply(user, 1_000, 0)
    assert outcome.events("PenaltyChanged") == [(user.id, False, packed(8_000, 2_000), 1_600)]
    assert desk.penalties(user) == [8_000, 2_000]
    assert market.call("credit", "demandFactorBps", user.id) == 1_600


def test_removes_the_newest_entry_when_a_round_is_fulfilled(market, desk):
    user = desk.user
    desk.supply(user, 1_000, 600)
    desk.supply(user, 1_000, 0)
    outcome = desk.supply(user, 1_000, 1_000)
    assert outcome.events("PenaltyChanged") == [(user.id, False, packed(8_000), 8_000)]
    outcome = desk.supply(user, 1_000, 900)
    assert outcome.events("PenaltyChanged") == [(user.id, False, 0, 10_000)]
    assert desk.supply(user, 1_000, 1_000).events("PenaltyChanged") == [], "nothing left to remove"
    assert desk.penalties(user) == []


def test_draws_the_line_at_one_minus_risk_when_rounding_down(market, desk):
    assert desk.supply(desk.user, 1_000, 800).events("PenaltyChanged") == []
    # 79.999 % rounds down to 79.99 %.
    outcome = desk.supply(desk.user, 100_000, 79_999)
    assert outcome.events("PenaltyChanged") == [(desk.user.id, False, packed(9_999), 9_999)]


def test_keeps_eight_entries_when_more_rounds_fail(market, desk):
    # The printed lists grow without bound: their product could never be paid for in gas.
    for round_number in range(11):
        desk.supply(desk.user, 100, 70 - round_number)
    kept = [9_000 - 100 * round_number for round_number in range(3, 11)]
    assert desk.penalties(desk.user) == kept
    factor = 10_000
    for entry in kept:
        factor = factor * entry // 10_000
    assert market.call("credit", "demandFactorBps", desk.user.id) == factor
    for left in range(7, -1, -1):
        desk.supply(desk.user, 100, 100)
        assert desk.penalties(desk.user) == kept[:left]


def test_rounds_the_product_down_step_by_step_when_entries_multiply(math):
    # 0.3333 x 0.3333 = 0.11108889 -> 0.1110; x 0.3333 = 0.036996... -> 0.0369.
    word, factor = math.penalties([10_000] * 3, [1_333] * 3, 2_000)
    assert (word, factor) == (packed(3_333, 3_333, 3_333), 369)


def test_allows_entries_of_zero_when_there_is_no_risk_margin(math):
    word, factor = math.penalties([1], [0], 0)
    assert (word, factor) == (packed(0), 0)
    word, factor = math.penalties([1, 5], [0, 5], 0)
    assert (word, factor) == (0, 10_000)


def test_takes_the_largest_records_when_words_are_full(math):
    largest = 2**40 - 1
    word, factor = math.penalties([largest], [largest // 2], 1)
    assert (word, factor) == (packed(5_000), 5_000)


def test_reaches_the_book_when_a_consumers_factor_changes(market, desk):
    assert desk.factor_at_book(desk.user) == 10_000
    desk.supply(desk.user, 1_000, 600)
    assert desk.factor_at_book(desk.user) == 8_000
    desk.supply(desk.user, 1_000, 1_000)
    assert desk.factor_at_book(desk.user) == 10_000


def test_cuts_the_next_buy_when_a_consumer_is_penalised(market, desk):
    frame = market.open_frame()
    desk.supply(desk.user, 1_000, 600)
    request = market.call("book", "packRequest", frame, 0, 100, 1_000, 0, 0, 0, 10)
    order_id = market.transact(desk.user, "book", "place", request).returned[0]
    assert market.call("book", "orderOf", order_id)[1] == 800


def test_asks_the_book_nothing_when_the_factor_stays(market, desk):
    market.transact(market.supervisor, "credit", "setRiskParameters", 0, 0)
    _, second, third = (desk.supply(desk.user, 1_000, 0) for _ in range(3))
    # The factor is 0 from the first entry on; the first also writes the list's first word.
    assert second.events("PenaltyChanged") == [(desk.user.id, False, packed(0, 0), 0)]
    assert abs(second.gas_used - third.gas_used) < 1_000
    pushed = desk.supply(desk.other_user, 1_000, 0)
    assert pushed.gas_used > second.gas_used + 17_000


def test_cuts_the_quota_not_the_demand_when_an_exchange_fails(market, desk):
    # Eqs 4.3 and 4.4: 6 of 10 selected requests were fulfilled; floor(7 x 0.8) = 5 requests may come next.
    exchange = market.register(EXCHANGE)
    outcome = desk.supply(exchange, 10, 6, exchange=True)
    assert outcome.events("PenaltyChanged") == [(exchange.id, True, packed(8_000), 8_000)]
    assert market.call("credit", "requestQuota", exchange.id, 7) == 5
    assert market.call("credit", "demandFactorBps", exchange.id) == 10_000
    assert desk.factor_at_book(exchange) == 10_000
    assert desk.penalties(exchange, exchange=True) == [8_000]
    assert desk.penalties(exchange) == []


def test_quota_is_exact_when_requests_are_many(market, desk):
    exchange = market.register(EXCHANGE)
    desk.supply(exchange, 10_000, 1_333, exchange=True)
    largest = 2**256 - 1
    for requests in (0, 1, 3, 10_001, largest):
        assert market.call("credit", "requestQuota", exchange.id, requests) == requests * 3_333 // 10_000
    assert market.call("credit", "requestQuota", desk.user.id, largest) == largest


def test_uses_each_lists_own_risk_when_they_differ(market, desk):
    exchange = market.register(EXCHANGE)
    market.transact(market.supervisor, "credit", "setRiskParameters", 1_000, 4_000)
    desk.supply(desk.user, 10, 7)
    desk.supply(exchange, 10, 7, exchange=True)
    desk.supply(exchange, 10, 7)
    assert desk.penalties(desk.user) == [8_000]
    assert desk.penalties(exchange, exchange=True) == []
    assert desk.penalties(exchange) == [8_000]


def test_changes_nothing_when_nothing_was_due(market, desk):
    assert desk.supply(desk.user, 0, 0).events("PenaltyChanged") == []
    desk.supply(desk.user, 1_000, 0)
    assert desk.supply(desk.user, 0, 0).events("PenaltyChanged") == []
    assert desk.penalties(desk.user) == [2_000]


def test_refuses_records_when_one_is_bad(market, desk):
    user = desk.user.id
    good = user | 1_000 << 32
    for bad in (
        0,
        999 | 10 << 32,
        user | 10 << 32 | 11 << 72,
        user | 1 << 72,
        user | 10 << 32 | 1 << 112,  # no exchange
        user | 10 << 32 | 2 << 112,
        user | 10 << 32 | 1 << 120,
        user | 10 << 32 | 1 << 255,
    ):
        with market.reverts(f"Credit_InvalidRecord: {bad}"):
            market.transact(market.meter, "credit", "recordSupply", [good, bad])
    assert desk.penalties(desk.user) == []
    assert desk.factor_at_book(desk.user) == 10_000


@pytest.mark.parametrize("count", [1, 8])
def test_costs_stay_bounded_when_the_list_is_full(market, desk, count):
    for _ in range(count):
        desk.supply(desk.user, 1_000, 500)
    # Two cold words at each of the three trading venues.
    assert desk.supply(desk.user, 1_000, 500).gas_used < 100_000
