"""Every operation costs the same on Ganache as in process; test_document.py compares with anvil."""

from pathlib import Path

from voltberg.chain.compile import compile_contracts
from voltberg.experiments.gas.matrix import read_snapshot, stage_on
from voltberg.experiments.gas.registry import MARKET, all_scenarios

ROOT = Path(__file__).resolve().parents[2]
# Thousands of orders, and Ganache takes minutes: what is measured in it is a placement, as elsewhere.
LARGE = {"place_depth_spread", "frame_clear_1000", "frame_clear_1000_deep"}


def test_ganache_agrees_on_every_operation():
    committed = read_snapshot(ROOT, MARKET)["gas"]
    chosen = [item for item in all_scenarios() if item.file == MARKET and not LARGE & set(item.names)]
    found: dict[str, int] = {}
    with stage_on("ganache", compile_contracts(ROOT)) as stage:
        for item in chosen:
            found.update(item.measure(stage))
    assert found == {name: committed[name] for item in chosen for name in item.names}
    assert set(committed) - set(found) <= LARGE
