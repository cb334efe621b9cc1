"""`finalise`, `release`, refusals and settlement: what becomes of the winner and of everybody's money."""

import pytest

from tests.unit.matching_round.conftest import CLOSED, MARGIN_MICRO
from voltberg.reference.round_words import NO_COMMITMENT, chunks_of, link
from voltberg.reference.words import pack_reading, pack_refusal

TICK_MICRO = 2


@pytest.fixture
def won(collected):
    """Request 0 gets 800 Wh of offer 2 at 45 in frame 0 and 200 Wh of offer 3 at 50 in frame 2."""
    collected.trades = (collected.trade(0, 2, 45, 800), collected.trade(0, 3, 50, 200, frame=2))
    collected.submit(800 * 40 + 200 * 30, *collected.trades)
    collected.to_application()
    return collected


def test_trades_become_positions_and_the_rest_of_the_lock_comes_back(won):
    (outcome,) = won.apply(won.trades)
    assert outcome.events("TradesApplied") == [(1, won.trades)]
    assert outcome.events("RoundFinalised") == [(1, won.solver.id, 38_000)]
    buyer, seller, late = won.consumers[0], *won.sellers[:2]
    assert won.position(buyer) == (800, 0, 800 * 45 * TICK_MICRO, 0, 0)
    assert won.position(buyer, 2) == (200, 0, 200 * 50 * TICK_MICRO, 0, 0)
    # Offer 2 may enter the last frame with its cap of 160, so it locked 140 ticks a Wh.
    assert won.position(seller) == (0, 800, 0, 800 * 45 * TICK_MICRO, 800 * 140 * TICK_MICRO)
    assert won.position(late, 2) == (0, 200, 0, 200 * 50 * TICK_MICRO, 200 * 130 * TICK_MICRO)
    assert won.locked(buyer) == (800 * (45 + 5) + 200 * (50 + 7)) * TICK_MICRO
    assert won.state[0] == CLOSED
    frames = [won.market.call("round", "frameOf", won.first + i)[4] for i in range(3)]
    assert frames == [800, 0, 200]


def test_what_was_not_matched_is_released_by_anyone(won):
    with won.market.reverts("Round_NotClosed: 1"):
        won.release(1)
    won.apply(won.trades)
    outcome = won.release(0, 1, 2, 3)
    # Requests 0 and offer 2 are used up.
    assert outcome.events("EntryClosed") == [(won.id(1) | 500 << 48,), (won.id(3) | 700 << 48,)]
    assert won.margin(won.consumers[1]) == MARGIN_MICRO
    assert won.locked(won.sellers[1]) == 200 * 130 * TICK_MICRO
    assert won.release(1, 3).logs == []


def test_only_the_committed_trades_are_applied(won):
    market = won.market
    first, second = won.trades
    expected = won.state[4]
    tampered = [
        ([first], NO_COMMITMENT),
        ([second, first], NO_COMMITMENT),
        ([first, second + (1 << 40)], NO_COMMITMENT),
        ([first, second], link([first], NO_COMMITMENT)),
        ([], expected),
    ]
    for trades, rest in tampered:
        with market.reverts(f"Round_WrongAllocation: 1, {expected}, {link(trades, rest)}"):
            market.transact(won.solver, "round", "finalise", 1, trades, rest)
    assert won.state[4] == expected


def test_an_earlier_best_allocation_is_not_applied(collected):
    stale, best = collected.trade(0, 2, 45, 500), collected.trade(0, 2, 45, 501)
    collected.submit(500 * 40, stale)
    collected.submit(501 * 40, best, sender=collected.other_solver)
    collected.to_application()
    with collected.market.reverts_named("Round_WrongAllocation"):
        collected.apply([stale])
    collected.apply([best])
    assert collected.position(collected.sellers[0])[1] == 501


def test_application_has_its_time_and_happens_once(won):
    market = won.market
    won.number = 5
    with market.reverts("Round_Unknown: 5"):
        won.apply(won.trades)
    won.number = 1
    won.apply(won.trades)
    with market.reverts("Round_NothingToApply: 1"):
        won.apply(won.trades)
    won.to_end()
    opens, closes = won.submission_ends, won.application_ends
    with market.reverts(f"Round_OutsidePhase: 1, {opens}, {closes}, {closes}"):
        won.apply(won.trades)


def test_a_winner_is_not_applied_before_submission_ends(collected):
    trade = collected.trade(0, 2, 45, 500)
    collected.submit(20_000, trade)
    with collected.market.reverts_named("Round_OutsidePhase"):
        collected.apply([trade])


def test_a_winner_that_nobody_supplies_freezes_nothing(won):
    won.to_end()
    assert won.state[0] == CLOSED
    won.release(0, 1, 2, 3)
    for actor in (*won.consumers[:2], *won.sellers[:2]):
        assert won.margin(actor) == MARGIN_MICRO
        won.market.transact(actor, "round", "withdrawMargin", MARGIN_MICRO)


def test_large_allocations_are_applied_chunk_by_chunk(collected):
    trades = [collected.trade(0, 2, 45, 5)] * 130 + [collected.trade(1, 2, 25, 7)]
    collected.submit(130 * 5 * 40 + 7 * 20, *trades)
    collected.to_application()
    chunks = chunks_of(trades)
    assert [len(chunk.trades) for chunk in chunks] == [64, 64, 3]
    with collected.market.reverts_named("Round_WrongAllocation"):
        collected.market.transact(
            collected.solver, "round", "finalise", 1, list(chunks[1].trades), chunks[1].rest
        )
    outcomes = collected.apply(trades)
    assert [len(outcome.events("RoundFinalised")) for outcome in outcomes] == [0, 0, 1]
    assert collected.position(collected.sellers[0])[1] == 657
    assert collected.left(2) == 800 - 657


def test_what_is_left_of_a_half_applied_round_is_released(collected):
    trades = [collected.trade(0, 2, 45, 5)] * 70
    collected.submit(70 * 5 * 40, *trades)
    collected.to_application()
    chunk = chunks_of(trades)[0]
    collected.market.transact(collected.solver, "round", "finalise", 1, list(chunk.trades), chunk.rest)
    with collected.market.reverts("Round_NotClosed: 1"):
        collected.release(0)
    collected.to_end()
    collected.release(0, 2)
    assert collected.locked(collected.consumers[0]) == 320 * (45 + 5) * TICK_MICRO
    assert collected.locked(collected.sellers[0]) == 320 * 140 * TICK_MICRO


# Settlement


def test_the_house_settles_a_round_as_any_venue(won):
    """Delivered in full: the seller gets value and lock, grid and platform fees, and nothing is left."""
    won.apply(won.trades)
    won.release(0, 1, 2, 3)
    market, buyer, seller = won.market, won.consumers[0], won.sellers[0]
    house = market.address("round")
    balance = market.call("house", "accountOf", seller.id)[0]
    market.travel_to(market.end_of(won.first))
    readings = [pack_reading(seller.id, 800), pack_reading(buyer.id, 0)]
    market.transact(market.meter, "house", "reportDelivery", won.first, readings)
    market.transact(market.outsider, "house", "finaliseFrame", won.first)
    paid = market.call("house", "accountOf", seller.id)[0] - balance
    assert paid == 800 * (45 + 140) * TICK_MICRO
    market.travel_to(market.metering_deadline_of(won.first + 2))
    market.transact(market.outsider, "house", "settleUnmetered", won.first + 2, [won.sellers[1].id])
    for frame in (won.first + 1, won.first + 2):
        market.transact(market.outsider, "house", "finaliseFrame", frame)
    actors = (*won.consumers, *won.sellers, won.storage)
    assert market.call("house", "heldByVenue", house) == sum(won.margin(actor) for actor in actors)


def test_positions_are_words_for_the_house(won):
    won.apply(won.trades)
    ids = [won.consumers[0].id, won.sellers[0].id, won.solver.id]
    words = won.market.call("round", "positionsOf", won.first, ids)
    assert words[0] & 2**40 - 1 == 800
    assert words[1] >> 40 & 2**40 - 1 == 800
    assert words[2] == 0
    assert {word >> 240 for word in words[:2]} == {(won.first // 512 + 1) % 2**16}


# Refusals


def test_refused_trades_leave_both_positions(won):
    won.apply(won.trades)
    market, buyer, seller = won.market, won.consumers[0], won.sellers[0]
    before = won.margin(buyer)
    entry = pack_refusal(buyer.id, seller.id, 300, 45)
    outcome = market.transact(market.operator, "round", "refuseTrades", won.first, [entry])
    assert outcome.events("TradeRefused") == [(won.first, buyer.id, seller.id, 300, 45)]
    assert won.margin(buyer) - before == 300 * (45 + 5) * TICK_MICRO
    assert won.position(seller)[1] == 500
    rest = pack_refusal(buyer.id, seller.id, 500, 45)
    market.transact(market.operator, "round", "refuseTrades", won.first, [rest])
    # Nothing sold is left, so the lock comes back at once.
    assert won.position(seller) == (0, 0, 0, 0, 0)
    assert won.locked(seller) == 0
    assert market.call("round", "frameOf", won.first)[4] == 0


def test_refusals_are_checked(won):
    won.apply(won.trades)
    market, buyer, seller = won.market, won.consumers[0], won.sellers[0]

    def refuse(entry, frame=won.first, sender=market.operator):
        market.transact(sender, "round", "refuseTrades", frame, [entry])

    good = pack_refusal(buyer.id, seller.id, 300, 45)
    with market.reverts(f"Venue_MissingRole: {buyer.address}, 16"):
        refuse(good, sender=buyer)
    with market.reverts("Round_FrameNotOpen: 5"):
        refuse(good, frame=5)
    for numbers in (
        (buyer.id, seller.id, 801, 45),
        (buyer.id, seller.id, 0, 45),
        (buyer.id, seller.id, 300, 46 * 3),
    ):
        listed = ", ".join(map(str, (won.first, *numbers)))
        with market.reverts(f"Venue_InvalidRefusal: {listed}"):
            refuse(pack_refusal(*numbers))
    for pair in ((buyer.id, buyer.id), (seller.id, buyer.id)):
        with market.reverts_named("Venue_InvalidRefusal"):
            refuse(pack_refusal(*pair, 300, 45))
    with market.reverts(f"Venue_InvalidRefusal: {won.first}, {buyer.id}, {seller.id}, 300, {45 | 1 << 8}"):
        refuse(good | 1 << 104)
    won.to_end()
    opens, closes = won.collection_ends, won.application_ends
    with market.reverts(f"Venue_OutsideRefusalWindow: {won.first}, {opens}, {closes}, {closes}"):
        refuse(good)


def test_a_trade_at_the_request_s_limit_and_highest_fees_returns_nothing(collected):
    """M3.1: there is no improvement; what was locked is what is paid."""
    before = collected.margin(collected.consumers[1])
    trades = [collected.trade(1, 2, 40, 500)]
    collected.submit(500 * 20, *trades)
    collected.to_application()
    collected.apply(trades)
    assert collected.margin(collected.consumers[1]) == before
    assert collected.position(collected.consumers[1])[:3] == (500, 0, 500 * 40 * 2)
