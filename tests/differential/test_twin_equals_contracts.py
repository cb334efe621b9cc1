"""The twin predicts the contracts exactly: status, error, return value and events of every call, and at
checkpoints every public value, for random sequences over all contracts."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.differential.pair import ACCOUNTS, Pair, run_actions
from voltberg.chain.engine import open_engine
from voltberg.configuration import (
    BookTerms,
    CreditTerms,
    MarketConfiguration,
    RatingPolicy,
    SettlementTerms,
    StorageTerms,
)
from voltberg.experiments.fuzz.actions import Actions
from voltberg.models import Side
from voltberg.reference.market import Call
from voltberg.reference.words import pack_request, pack_tariff

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)

USUAL = MarketConfiguration()
STRICT = MarketConfiguration(
    settlement=SettlementTerms(
        frame_seconds=900,
        tick_micro_per_wh=7,
        gate_closure_lead_seconds=300,
        refusal_lead_seconds=0,
        metering_window_seconds=1800,
    ),
    rating=RatingPolicy(
        tolerance_bps=0, minimum_rated_wh=0, binding_frames=2, probation_frames=1, threshold_bps=5_000
    ),
    book=BookTerms(minimum_quantity_wh=1, minimum_lock_micro=0),
    storage=StorageTerms(
        capacity_wh=61_000,
        charge_w=23_456,
        discharge_w=7_654,
        efficiency_bps=8_137,
        movement_micro_per_wh=0,
        charge_cost_micro_per_wh=3,
    ),
    credit=CreditTerms(consumer_risk_bps=1, exchange_risk_bps=9_999, alpha_wad=2 * 10**18),
)
STEPS = 2_500
CHECKPOINT_EVERY = 250


def run(configuration, seed, margin_micro=10**9, scale=1):
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        pair = Pair(engine, configuration, margin_micro)
        run_actions(pair, Random(seed), STEPS, CHECKPOINT_EVERY, scale)
    return pair


@pytest.mark.parametrize("seed", range(6))
def test_every_value_is_equal_when_calls_are_random(seed):
    pair = run(USUAL, seed)
    succeeded = sum(pair.successes.values())
    assert succeeded > STEPS // 2, (pair.successes, pair.errors)
    for operation in ("book.place", "house.reportDelivery", "storage.move", "credit.evaluate"):
        assert pair.successes[operation] > 0, pair.successes


@pytest.mark.parametrize("seed", range(2))
def test_every_value_is_equal_when_terms_are_unusual(seed):
    # Little money: locks, margins and balances run short all the time.
    run(STRICT, seed, margin_micro=3 * 10**6)


@pytest.fixture(scope="module")
def engine():
    with open_engine("evm", account_count=ACCOUNTS) as found:
        yield found


def test_every_value_is_equal_when_positions_overflow():
    terms = SettlementTerms(tick_micro_per_wh=65_535)
    pair = run(MarketConfiguration(settlement=terms), 0, margin_micro=2**88, scale=10**6)
    assert pair.errors["OrderBook_PositionOverflow"] > 0, pair.errors


def test_every_value_is_equal_when_a_level_trades_more_than_its_word_holds(engine):
    pair = Pair(engine, USUAL, margin_micro=10**13)
    first, second, third, buyer = pair.cast.participants[:4]
    frame = engine.timestamp // 1800 + 3
    most = 2**32 - 1

    def send(sender, contract, function, *args):
        return pair.step(Call(contract, function, args, sender, pair.engine.timestamp + 1))

    tariff = pack_tariff(150, 150, 140, 3, 2)
    send(pair.cast.operator, "house", "openFrames", pair.twin.address_of("book"), frame, [tariff])
    for seller in (first, second, third):
        assert send(seller, "book", "place", pack_request(frame, Side.ASK, 149, most)).status
    assert send(buyer, "book", "place", pack_request(frame, Side.BID, 149, most)).status
    refused = send(buyer, "book", "place", pack_request(frame, Side.BID, 149, most))
    assert refused.error == f"OrderBook_FrameOverflow: {frame}, {2 * most}"
    pair.checkpoint()


@settings(max_examples=20, suppress_health_check=HealthCheck.all())
@given(draw=st.randoms(use_true_random=False))
def test_every_value_is_equal_when_hypothesis_draws(engine, draw):
    snapshot = engine.snapshot()
    try:
        pair = Pair(engine, USUAL)
        actions = Actions(pair.twin, pair.cast, draw, jump_of_100=25)
        actions.now = engine.timestamp + 1
        for _ in range(30):
            pair.step(actions.next_call())
        pair.checkpoint()
    finally:
        engine.revert(snapshot)
