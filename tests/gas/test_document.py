"""docs/gas.md tells what the snapshots hold, and the breakdown explains every unit of gas."""

from pathlib import Path

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import EngineError
from voltberg.chain.gas_trace import KINDS, Trace, kind_of, own_costs, sort_gas
from voltberg.experiments.gas.breakdown import MOST_GAS, measure_breakdown, read_breakdown
from voltberg.experiments.gas.document import PAGE, rendered
from voltberg.experiments.gas.limits import KNOWN_MISSES, LIMITS
from voltberg.experiments.gas.matrix import read_snapshot
from voltberg.experiments.gas.peers import read_peers
from voltberg.experiments.gas.registry import MARKET

ROOT = Path(__file__).resolve().parents[2]
STORAGE = ("cold reads", "warm reads", "new slots", "changed slots", "rewrites")


@pytest.fixture(scope="module")
def gas():
    return read_snapshot(ROOT, MARKET)["gas"]


def test_page_is_written_from_the_snapshots():
    assert (ROOT / PAGE).read_text() == rendered(ROOT), "make gas ARGS=--write"


def test_page_tells_every_known_miss(gas):
    text = (ROOT / PAGE).read_text()
    for name, reason in KNOWN_MISSES.items():
        assert f"`{name}`: {gas[name]:,} of {LIMITS[name]:,}" in text
        assert reason in text


def test_traces_explain_every_figure_that_is_one_transaction(gas):
    measured = measure_breakdown(compile_contracts(ROOT))
    assert measured == read_breakdown(ROOT), "make gas ARGS=--write"
    assert {name: sum(parts.values()) for name, parts in measured.kinds.items()} == {
        name: gas[name] for name in measured.kinds
    }
    derived = ("_each", "_marginal", "_extra", "_spread", "_first_touch", "_per_fill", "all_in_100")
    whole = {name for name in gas if not name.endswith(derived) and gas[name] <= MOST_GAS}
    assert set(measured.kinds) == set(measured.slots) == whole
    assert all(tuple(parts) == tuple(KINDS) for parts in measured.kinds.values())
    for name, variables in measured.slots.items():
        for kind in STORAGE:
            spent = sum(parts.get(kind, 0) for parts in variables.values())
            assert spent == measured.kinds[name][kind], (name, kind)


def test_peers_stand_beside_figures_of_ours(gas):
    peers = read_peers()
    assert set(peers.gas) <= set(gas) | set(LIMITS)
    assert {name for row in peers.gas.values() for name in row} == set(peers.names)


def step(op, gas, cost, depth):
    return {"op": op, "gas": gas, "gasCost": cost, "depth": depth}


def trace(gas_used):
    return Trace(TRACE, "0x", b"\0\1", gas_used)


# A call whose cost field holds the gas that it hands on, as nodes tell it; the callee calls another in turn.
TRACE = [
    step("PUSH1", 1_000, 3, 1),
    step("CALL", 997, 900, 1),
    step("SLOAD", 800, 2_100, 2),
    step("STATICCALL", 700, 600, 2),
    step("MLOAD", 600, 6, 3),
    step("RETURN", 594, 9, 3),
    step("RETURN", 485, 5, 2),
    step("STOP", 380, 0, 1),
]


def test_own_costs_leave_out_what_called_contracts_used():
    # STATICCALL: 700 - 485 less the 15 of its callee. CALL: 997 - 380 less 800 - 480 of its callee.
    assert own_costs(TRACE) == [3, 297, 100, 200, 6, 9, 5, 0]
    assert sum(own_costs(TRACE)) == 1_000 - 380


@pytest.mark.parametrize(
    ("op", "gas", "kind"),
    [
        ("SLOAD", 2_100, "cold reads"),
        ("SLOAD", 100, "warm reads"),
        ("SSTORE", 22_100, "new slots"),
        ("SSTORE", 20_000, "new slots"),
        ("SSTORE", 5_000, "changed slots"),
        ("SSTORE", 2_900, "changed slots"),
        ("SSTORE", 100, "rewrites"),
        ("SSTORE", 2_200, "rewrites"),
        ("LOG1", 1_006, "logs"),
        ("KECCAK256", 42, "keccak"),
        ("MSTORE", 3, "memory"),
        ("DELEGATECALL", 2_600, "calls"),
        ("ADD", 3, "compute"),
    ],
)
def test_instructions_are_sorted_by_what_they_cost(op, gas, kind):
    assert kind_of(op, gas) == kind


def test_a_trace_that_does_not_explain_the_receipt_is_refused():
    parts = sort_gas(trace(21_640))
    assert parts["calldata"] == 20
    assert parts["refund"] == 0
    assert sum(sort_gas(trace(21_600)).values()) == 21_600
    with pytest.raises(EngineError, match="a trace of 21640 gas does not explain 21641"):
        sort_gas(trace(21_641))
    with pytest.raises(EngineError, match="does not explain 17311"):
        sort_gas(trace(17_311))
