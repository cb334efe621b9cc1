"""The twin predicts the venue of rounds exactly, through random rounds and to the edges of its words."""

from collections import Counter
from random import Random

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import open_engine
from voltberg.configuration import AuctionTerms, MarketConfiguration, SettlementTerms
from voltberg.experiments.fuzz.actions import Actions
from voltberg.experiments.fuzz.pair import ACCOUNTS, FuzzSetup, Pair
from voltberg.experiments.fuzz.round_calls import ROUND_CALLS

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)
CALLS = 1_500
SETUPS = (
    FuzzSetup("usual", MarketConfiguration()),
    FuzzSetup("poor", MarketConfiguration(), margin_micro=200_000),
    FuzzSetup(
        "huge",
        MarketConfiguration(
            settlement=SettlementTerms(tick_micro_per_wh=65_535), auction=AuctionTerms(minimum_quantity_wh=1)
        ),
        margin_micro=2**60,
        scale=10**5,
    ),
)


@pytest.fixture(scope="module")
def artifacts(project_root):
    return compile_contracts(project_root)


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_value_is_equal_when_rounds_are_random(artifacts, setup, seed):
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        pair = Pair(engine, artifacts, setup)
        actions = Actions(pair.twin, pair.cast, Random(seed), jump_of_100=2, scale=setup.scale)
        makers = [maker for maker, weight in ROUND_CALLS for _ in range(weight)]
        done: Counter[str] = Counter()
        for number in range(CALLS):
            call = None
            while call is None:
                call = actions.call_by(actions.draw.choice(makers))
            outcome = pair.step(call).outcome
            done[call.function if outcome.status else outcome.error.split(":")[0]] += 1
            if number % 300 == 299:
                pair.checkpoint()
    if setup.name == "usual":
        for function in ("submit", "finalise", "release", "requestFor", "offer", "refuseTrades"):
            assert done[function] > 0, done
        assert done["reportDelivery"] + done["settleUnmetered"] > 0, done
        assert sum(done[name] for name in done if "_" not in name) > CALLS // 2, done
