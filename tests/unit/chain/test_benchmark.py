"""A bare loop does the same work as an engine, and leaves it where it was."""

import pytest

from voltberg.chain.benchmark import run_bare
from voltberg.chain.engine import EngineError, Transaction, open_engine


def test_bare_loop_does_the_work_and_takes_it_back(engine, probe, deployed):
    accounts = engine.accounts
    batch = [Transaction(sender, deployed, probe.data("record"), 100_000) for sender in accounts[:10]]
    batch.append(Transaction(accounts[10], deployed, b"\xff" * 4, 100_000))
    submissions = [(batch, engine.timestamp + k) for k in (1, 9)]
    before = (engine.block_number, engine.timestamp)
    for batch_size in (1, 4, 100):
        bare = run_bare(engine, submissions, batch_size)
        assert bare.seconds > 0
        assert bare.statuses == (1,) * 10 + (0,) + (1,) * 10 + (0,)
    assert (engine.block_number, engine.timestamp) == before
    assert engine.call(deployed, probe.data("count")) == bytes(32)
    receipts = [receipt for submission in submissions for receipt in engine.send_block(*submission)]
    assert tuple(item.status for item in receipts) == bare.statuses, "nonces and state are those of before"


@pytest.mark.parametrize("name", ["ganache", "anvil"])
def test_refused_transactions_do_not_pass_for_fast_ones(name):
    with open_engine(name, account_count=2) as engine:
        poor = Transaction(engine.accounts[0], engine.accounts[1], b"", 21_000, 10**30)
        with pytest.raises(EngineError, match=f"{name} refused 1 requests of a bare loop: .*nsufficient"):
            run_bare(engine, [([poor], engine.timestamp + 5)], 10)


def test_batch_must_hold_something(engine):
    with pytest.raises(ValueError, match="a batch of 0 transactions"):
        run_bare(engine, [], 0)


def test_foreign_engine_is_refused():
    class Foreign:
        name = "rpc"

    with pytest.raises(EngineError, match="engine rpc is not local"):
        run_bare(Foreign(), [], 1)
