"""The campaign's generator through Brownie: the whole market, call by call, on the node that is connected."""

from random import Random

import pytest
from brownie.test import strategy

from tests.brownie.brownie_pair import BrownieMarket
from voltberg.experiments.fuzz.actions import Actions
from voltberg.experiments.fuzz.case import case_of, names_of, read_case, write_case
from voltberg.experiments.fuzz.setups import USUAL

VIEWS_COMPARED = 12


@pytest.fixture(scope="module")
def market():
    return BrownieMarket(USUAL)


def test_a_saved_case_runs_on_the_node(market, tmp_path, fn_isolation):
    market.forget()
    actions, calls = Actions(market.twin, market.cast, Random(1)), []
    names = names_of(market.cast, market.addresses)
    for _ in range(25):
        calls.append(actions.next_call())
        assert market.twin.apply(calls[-1]) is not None
    write_case(tmp_path / "case.json", case_of(USUAL, calls, names, {}, "none"))
    market.forget()
    case = read_case(tmp_path / "case.json")
    results = [market.step(call)[0].status for call in case.calls_on(market.cast, market.addresses)]
    assert any(results)
    assert market.checkpoint() > 100


class WholeMarket:
    """Every rule sends one call; contracts and twin must agree on status, error and events."""

    st_seed = strategy("uint64")

    def __init__(cls, market):
        cls.market = market
        cls.succeeded = 0

    def setup(self):
        market = self.market
        market.forget()
        self.actions = Actions(market.twin, market.cast, None, jump_of_100=25)
        self.draw = Random(0)

    def rule_call(self, st_seed):
        self.actions.draw = self.draw = Random(st_seed)
        expected, sent = self.market.step(self.actions.next_call())
        self.actions.now = max(self.actions.now, sent.timestamp)
        type(self).succeeded += expected.status

    def invariant_views_agree(self):
        self.market.checkpoint(self.draw, VIEWS_COMPARED)

    def teardown_final(cls):
        assert cls.succeeded > 0, "no call ever succeeded: the machine tests nothing"


def test_state_machine_drives_the_whole_market(market, state_machine):
    state_machine(WholeMarket, market, settings={"max_examples": 6, "stateful_step_count": 20})
