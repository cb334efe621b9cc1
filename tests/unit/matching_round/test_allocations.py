"""`submit`: what is verified of an allocation, and which one wins.

Welfare of the collected round: request 0 (limit 60) with offer 2 (limit 20) is worth 40 a Wh, with offer 3
(limit 30) 30 a Wh; request 1 (limit 40) with offer 2 is worth 20 a Wh.
"""

import pytest

from voltberg.reference.round_words import commitment_of, pack_feeder_limit

SUBMITTING, APPLYING = 2, 3


def test_an_allocation_becomes_the_best(collected):
    trades = (collected.trade(0, 2, 45, 800), collected.trade(0, 3, 60, 200, frame=1))
    score = 800 * 40 + 200 * 30
    outcome = collected.submit(score, *trades)
    commitment = commitment_of(trades)
    assert outcome.events("AllocationAccepted") == [(1, collected.solver.id, score, 2, commitment)]
    assert collected.state == (SUBMITTING, 4, score, collected.solver.id, commitment)
    # Nothing else has changed.
    assert collected.left(0) == 1_000
    assert collected.position(collected.consumers[0]) == (0, 0, 0, 0, 0)
    collected.to_application()
    assert collected.state[0] == APPLYING


def test_energy_is_the_objective_when_the_round_says_so(rounds):
    rounds.open(objective=1)
    rounds.request(rounds.consumers[0], 1_000, 60)
    rounds.offer(rounds.sellers[0], 800, 60)
    rounds.to_submission()
    rounds.submit(800, rounds.trade(0, 1, 60, 800))
    assert rounds.state[2] == 800


def test_the_better_one_wins_and_of_equal_ones_the_earliest(collected):
    worse = collected.trade(0, 2, 45, 500)
    collected.submit(20_000, worse)
    with collected.market.reverts("Round_NotBetter: 1, 20000, 20000"):
        collected.submit(20_000, collected.trade(0, 2, 50, 500), sender=collected.other_solver)
    assert collected.state[3] == collected.solver.id
    collected.submit(20_040, collected.trade(0, 2, 50, 501), sender=collected.other_solver)
    assert collected.state[2:4] == (20_040, collected.other_solver.id)


def test_an_empty_allocation_is_no_better_than_none(collected):
    with collected.market.reverts("Round_NotBetter: 1, 0, 0"):
        collected.submit(0)
    with collected.market.reverts("Round_WrongScore: 1, 1, 0"):
        collected.submit(1)


def test_only_participants_submit_and_only_in_time(collected):
    market = collected.market
    trade = collected.trade(0, 2, 45, 500)
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        collected.submit(20_000, trade, sender=market.outsider)
    collected.number = 9
    with market.reverts("Round_Unknown: 9"):
        collected.submit(20_000, trade)
    collected.number = 1
    opens, closes = collected.collection_ends, collected.submission_ends
    collected.to_application()
    with market.reverts(f"Round_OutsidePhase: 1, {opens}, {closes}, {closes}"):
        collected.submit(20_000, trade)


def test_nobody_submits_while_the_round_collects(rounds):
    rounds.open()
    now, opens, closes = rounds.market.now, rounds.collection_ends, rounds.submission_ends
    with rounds.market.reverts(f"Round_OutsidePhase: 1, {opens}, {closes}, {now}"):
        rounds.submit(1)


def test_an_inflated_objective_is_refused(collected):
    with collected.market.reverts("Round_WrongScore: 1, 20001, 20000"):
        collected.submit(20_001, collected.trade(0, 2, 45, 500))
    with collected.market.reverts("Round_WrongScore: 1, 19999, 20000"):
        collected.submit(19_999, collected.trade(0, 2, 45, 500))


def test_trade_words_mean_something(collected):
    good = collected.trade(0, 2, 45, 500)
    for word in (good | 1 << 80, collected.trade(0, 2, 45, 0), collected.trade(0, 2, 45, 500, frame=3)):
        with collected.market.reverts(f"Round_InvalidRecord: {word}"):
            collected.submit(20_000, word)


def test_trades_name_standing_entries_of_their_side(collected):
    for request, offer, index, side in ((2, 2, 2, 0), (4, 2, 4, 0), (0, 1, 1, 1), (0, 65_535, 65_535, 1)):
        with collected.market.reverts(f"Round_NoEntry: {collected.id(index)}, {side}"):
            collected.submit(20_000, collected.trade(request, offer, 45, 500))


def test_a_cancelled_entry_trades_no_more(rounds):
    rounds.open()
    rounds.request(rounds.consumers[0], 1_000, 60)
    rounds.offer(rounds.sellers[0], 800, 20)
    rounds.market.transact(rounds.sellers[0], "round", "cancel", rounds.id(1))
    rounds.to_submission()
    with rounds.market.reverts(f"Round_NoEntry: {rounds.id(1)}, 1"):
        rounds.submit(20_000, rounds.trade(0, 1, 45, 500))


def test_nobody_trades_with_itself(rounds):
    rounds.open()
    consumer = rounds.consumers[0]
    rounds.request(consumer, 1_000, 60)
    rounds.offer(consumer, 800, 20)
    rounds.to_submission()
    trade = rounds.trade(0, 1, 45, 500)
    with rounds.market.reverts(f"Round_SelfTrade: {trade}, {consumer.id}"):
        rounds.submit(20_000, trade)


def test_trades_stay_in_both_windows(collected):
    late = collected.trade(1, 2, 30, 500, frame=1)
    with collected.market.reverts(f"Round_OutsideWindow: {late}, {collected.id(1)}, 0, 0"):
        collected.submit(10_000, late)
    early = collected.trade(0, 3, 45, 500)
    with collected.market.reverts(f"Round_OutsideWindow: {early}, {collected.id(3)}, 1, 2"):
        collected.submit(15_000, early)


@pytest.mark.parametrize("tick", [19, 61])
def test_prices_stay_within_both_limits(collected, tick):
    trade = collected.trade(0, 2, tick, 500)
    with collected.market.reverts(f"Round_PriceOutsideLimits: {trade}, 20, 60"):
        collected.submit(20_000, trade)


def test_limits_that_do_not_cross_do_not_trade(collected):
    # Request 1 has frame 0 only, so that only offer 2 remains; its limit is reached at 20, not below.
    collected.submit(500 * 20, collected.trade(1, 2, 20, 500))
    trade = collected.trade(1, 2, 41, 500)
    with collected.market.reverts(f"Round_PriceOutsideLimits: {trade}, 20, 40"):
        collected.submit(20_000, trade)


def test_no_entry_gives_more_than_it_has(collected):
    over = collected.trade(0, 2, 45, 801)
    with collected.market.reverts(f"Round_QuantityExceeded: {over}, {collected.id(2)}, 800"):
        collected.submit(801 * 40, over)
    first, second = collected.trade(0, 2, 45, 700), collected.trade(0, 3, 45, 301, frame=2)
    with collected.market.reverts(f"Round_QuantityExceeded: {second}, {collected.id(0)}, 300"):
        collected.submit(700 * 40 + 301 * 30, first, second)
    again = collected.trade(1, 2, 30, 101)
    with collected.market.reverts(f"Round_QuantityExceeded: {again}, {collected.id(2)}, 100"):
        collected.submit(700 * 40 + 101 * 20, first, again)


def feeder_round(rounds, limits, **terms):
    """Request 0 and offer 1 on feeders 0 and 1, offer 2 of another seller on feeder 0."""
    rounds.open(limits=[pack_feeder_limit(*limit) for limit in limits], **terms)
    rounds.request(rounds.consumers[0], 1_000, 60)
    rounds.offer(rounds.sellers[0], 1_000, 20, feeder=1)
    rounds.offer(rounds.sellers[1], 1_000, 20, feeder=0)
    rounds.to_submission()


def test_feeders_import_up_to_their_limit_per_frame(rounds):
    feeder_round(rounds, [(400, 0), (0, 1_000)])
    with rounds.market.reverts(f"Round_FeederOverloaded: {rounds.first}, 0, False, 401, 400"):
        rounds.submit(401 * 40, rounds.trade(0, 1, 40, 401))
    # Another frame has its own limit, and sales on the same feeder do not come in over it.
    rounds.submit(
        40_000, rounds.trade(0, 1, 40, 400), rounds.trade(0, 1, 40, 400, frame=2), rounds.trade(0, 2, 40, 200)
    )


def test_feeders_export_up_to_their_limit_per_frame(rounds):
    feeder_round(rounds, [(1_000, 0), (0, 300)])
    frame = rounds.first + 1
    with rounds.market.reverts(f"Round_FeederOverloaded: {frame}, 1, True, 301, 300"):
        rounds.submit(301 * 40, rounds.trade(0, 1, 40, 301, frame=1))
    rounds.submit(300 * 40, rounds.trade(0, 1, 40, 300, frame=1))


def test_limits_hold_after_every_chunk(rounds):
    """Refuse what exceeds a feeder at the end of a chunk, though the sum is within its limit."""
    rounds.open(limits=[pack_feeder_limit(0, 0), pack_feeder_limit(10**6, 10**6)], objective=1)
    rounds.request(rounds.consumers[0], 1_000, 60, feeder=0)
    rounds.request(rounds.consumers[1], 1_000, 60, feeder=1)
    rounds.offer(rounds.sellers[0], 1_000, 20, feeder=1)
    rounds.offer(rounds.sellers[1], 1_000, 20, feeder=0)
    rounds.to_submission()
    # Feeder 0 buys from feeder 1 with the first pair and sells to it with the second.
    buys, sells = [rounds.trade(0, 2, 40, 1)] * 40, [rounds.trade(1, 3, 40, 1)] * 40
    with rounds.market.reverts(f"Round_FeederOverloaded: {rounds.first}, 0, False, 16, 0"):
        rounds.submit(80, *buys, *sells)
    mixed = [trade for pair in zip(buys, sells, strict=True) for trade in pair]
    rounds.submit(80, *mixed)


def test_the_storage_charges_and_discharges_within_its_limits(rounds):
    storage = rounds.storage
    rounds.open(storage_id=storage.id, charge_wh=100, discharge_wh=200)
    rounds.request(rounds.consumers[0], 1_000, 60)
    rounds.request(storage, 1_000, 60)
    rounds.offer(rounds.sellers[0], 1_000, 20)
    rounds.offer(storage, 1_000, 20)
    rounds.to_submission()
    with rounds.market.reverts(f"Round_StorageOverloaded: {rounds.first}, False, 101, 100"):
        rounds.submit(101 * 40, rounds.trade(1, 2, 40, 101))
    with rounds.market.reverts(f"Round_StorageOverloaded: {rounds.first + 2}, True, 201, 200"):
        rounds.submit(201 * 40, rounds.trade(0, 3, 40, 201, frame=2))
    rounds.submit(300 * 40, rounds.trade(1, 2, 40, 100), rounds.trade(0, 3, 40, 200))


def test_a_refused_submission_costs_its_sender_only(collected):
    collected.submit(20_000, collected.trade(0, 2, 45, 500))
    before = collected.state
    with collected.market.reverts_named("Round_QuantityExceeded"):
        collected.submit(900 * 40, collected.trade(0, 2, 45, 900), sender=collected.other_solver)
    assert collected.state == before
    assert collected.margin(collected.consumers[0]) > 0
