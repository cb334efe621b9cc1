"""The benchmark runs the same work twice and leaves the engine where it was."""

import pytest

from voltberg.chain.benchmark import measure_engine
from voltberg.chain.engine import EngineError, Transaction


def test_measuring_changes_nothing(engine, probe, deployed):
    accounts = engine.accounts
    batch = [Transaction(sender, deployed, probe.data("record"), 100_000) for sender in accounts[:10]]
    submissions = [
        (batch, engine.timestamp + k)
        for k in (1, 9)
    ]  # fmt: skip
    before = (engine.block_number, engine.timestamp)
    speed = measure_engine(engine, submissions, (4, 10))
    assert (speed.engine, speed.transactions) == (engine.name, 20)
    assert min(speed.engine_per_second, speed.bare_per_second, speed.bare_with_receipts_per_second) > 0
    assert speed.share == speed.engine_per_second / speed.bare_per_second
    assert (engine.block_number, engine.timestamp) == before
    assert engine.call(deployed, probe.data("count")) == bytes(32)
    receipts = engine.send_block(*submissions[0])
    assert [item.status for item in receipts] == [1] * 10, "nonces and state are those of before"


def test_foreign_engine_is_refused():
    class Foreign:
        name = "rpc"

    with pytest.raises(EngineError, match="engine rpc is not local"):
        measure_engine(Foreign(), [])
