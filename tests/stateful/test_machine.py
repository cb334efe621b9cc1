"""Hypothesis drives the generator of the campaign: it picks the kinds of calls, and shrinks what fails."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import open_engine
from voltberg.experiments.fuzz.actions import Actions
from voltberg.experiments.fuzz.calls import CALLS
from voltberg.experiments.fuzz.invariants import broken_invariants
from voltberg.experiments.fuzz.pair import ACCOUNTS, Pair
from voltberg.experiments.fuzz.setups import HUGE, STRICT, USUAL

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)
SETTINGS = settings(
    max_examples=settings.default.max_examples // 4,
    stateful_step_count=40,
    suppress_health_check=HealthCheck.all(),
)


@pytest.fixture(scope="module")
def pairs(project_root):
    artifacts = compile_contracts(project_root)
    with open_engine("evm", account_count=ACCOUNTS) as usual, open_engine("evm", account_count=ACCOUNTS) as s:
        yield {"usual": Pair(usual, artifacts, USUAL), "strict": Pair(s, artifacts, STRICT)}


@pytest.mark.parametrize("setup", ["usual", "strict"])
def test_machine_finds_no_difference(pairs, setup):
    pair = pairs[setup]
    sent = []

    class Market(RuleBasedStateMachine):
        """Every rule is a kind of call; contracts, twin and invariants are compared after each."""

        @initialize()
        def begin(self):
            pair.restart()
            self.actions = Actions(pair.twin, pair.cast, None, jump_of_100=25)
            self.actions.now = pair.engine.timestamp + 1

        @rule(maker=st.sampled_from([maker for maker, _ in CALLS]), draw=st.randoms(use_true_random=False))
        def call(self, maker, draw):
            self.actions.draw = draw
            call = self.actions.call_by(maker)
            if call is not None:
                sent.append(pair.step(call).outcome.status)

        @invariant()
        def nothing_is_left_over(self):
            assert not broken_invariants(pair.twin)

        def teardown(self):
            pair.checkpoint()

    run_state_machine_as_test(Market, settings=SETTINGS)
    assert sent.count(True) > 50


def test_huge_amounts_are_reachable(project_root):
    """The set-up that overflows words can be deployed and used at all."""
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        pair = Pair(engine, compile_contracts(project_root), HUGE)
        assert pair.twin.book.margin_of(7) == 2 * HUGE.margin_micro
        assert pair.checkpoint() > 0
