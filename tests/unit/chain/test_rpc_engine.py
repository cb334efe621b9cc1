"""The engine for any endpoint, against anvil and Ganache mining by themselves."""

import dataclasses

import pytest

from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.engine import (
    CHAIN_ID,
    Call,
    CallFailed,
    EngineError,
    Transaction,
    open_engine,
)
from voltberg.chain.ganache import GanacheEngine
from voltberg.chain.local_node import start_local_node

KEYS = [account.key for account in accounts_of_mnemonic(TEST_MNEMONIC, 6)]
CALLS = [
    ("write", 1, 3, 9), ("record",), ("refuse", 4), ("burn",), ("record",), ("refuseWithText",), ("create", 5)
]  # fmt: skip


@pytest.fixture(scope="module", params=["anvil", "ganache"])
def url(request):
    """A node that makes a block for each transaction, as soon as it comes."""
    node = start_local_node(request.param, None, len(KEYS))
    yield node.url
    node.stop()


@pytest.fixture
def rpc(url):
    with open_engine("rpc", url=url, keys=KEYS, chain_id=CHAIN_ID, poll_seconds=0.01) as opened:
        yield opened


@pytest.fixture(scope="module")
def expected(probe):
    """The same on the in-process engine."""
    with open_engine("evm", account_count=6) as engine:
        return run(engine, probe)


def run(engine, probe):
    """Deploy and call; block numbers are the chain's own and left out."""
    time = engine.timestamp + 1
    init = [Transaction(engine.accounts[0], None, probe.init_code, 3_000_000)]
    target = engine.send_block(init, time)[0].contract_address
    batch = [
        Transaction(engine.accounts[i % 4], target, probe.data(*c), 300_000) for i, c in enumerate(CALLS)
    ]
    receipts = engine.send_block(batch, time + 1)
    callers = engine.call_many([Call(target, probe.data("callers", i)) for i in range(2)])
    bare = [dataclasses.replace(item, block_number=0, contract_address=None) for item in receipts]
    return [
        dataclasses.replace(item, logs=tuple((log.topics, log.data) for log in item.logs)) for item in bare
    ], callers


def test_receipts_and_order_are_those_of_the_local_engines(rpc, probe, expected):
    receipts, callers = run(rpc, probe)
    # The address of a created contract hangs on how much was deployed before: the last log differs.
    assert [item.status for item in receipts] == [item.status for item in expected[0]]
    assert receipts[:-1] == expected[0][:-1]
    assert receipts[-1].gas_used == expected[0][-1].gas_used
    assert callers == expected[1]


def test_reads_funds_and_failed_calls(rpc, probe):
    init = [Transaction(rpc.accounts[1], None, probe.init_code, 3_000_000)]
    target = rpc.send_block(init, 0)[0].contract_address
    assert len(rpc.get_code(target)) > 1000
    receiver = "0x" + rpc.block_number.to_bytes(20, "big").replace(b"\0", b"\x99").hex()
    assert rpc.fund([receiver], 12)[0].succeeded
    assert rpc.balance(receiver) == 12
    with pytest.raises(CallFailed) as refused:
        rpc.call(target, probe.data("refuse", 6))
    assert refused.value.data[-1] == 6
    assert rpc.send_block([], 0) == []


def test_what_a_foreign_chain_cannot_do_is_refused(rpc):
    for attempt in (
        rpc.snapshot,
        lambda: rpc.revert(1),
        lambda: rpc.call(rpc.accounts[0], b"", timestamp=5),
    ):
        with pytest.raises(EngineError, match="rpc"):
            attempt()


def test_time_far_ahead_is_not_waited_for(rpc):
    with pytest.raises(
        EngineError, match=r"is \d+ s ahead; at most 3600 s are waited for.*0 of the 1 receipts"
    ):
        rpc.send_block([Transaction(rpc.accounts[0], rpc.accounts[1], b"", 21_000)], 2**33)
    sent = rpc.send_block([Transaction(rpc.accounts[0], rpc.accounts[1], b"", 21_000)], 0)
    assert sent[0].status == 1, "the nonces are the chain's again"


def test_refused_transaction_stops_the_submission(rpc):
    rich = rpc.balance(rpc.accounts[2])
    good = Transaction(rpc.accounts[1], rpc.accounts[3], b"", 21_000)
    bad = Transaction(rpc.accounts[2], rpc.accounts[3], b"", 21_000, value_wei=rich + 1)
    with pytest.raises(EngineError, match=r"was refused.*1 of the 3 receipts") as stopped:
        rpc.send_block([good, bad, good], 0)
    assert [item.status for item in stopped.value.receipts] == [1]
    assert rpc.send_block([good], 0)[0].status == 1


def test_wrong_chain_and_missing_keys_are_refused(url):
    with pytest.raises(EngineError, match="the endpoint is of chain 1337; expected chain 5"):
        open_engine("rpc", url=url, chain_id=5)
    with open_engine("rpc", url=url) as reader:
        assert reader.accounts == ()
        assert reader.balance("0x" + "00" * 19 + "ff") == 0
        with pytest.raises(EngineError, match="no keys to pay from"):
            reader.fund(["0x" + "11" * 20], 1)


def test_silent_endpoint_is_named():
    with pytest.raises(EngineError, match=r"rpc cannot be used: http://127\.0\.0\.1:9 does not answer"):
        open_engine("rpc", url="http://127.0.0.1:9")


def test_ganache_revert_data_without_the_observer(probe, monkeypatch):
    """Where the observations do not fit the block, the traces give the same."""
    with GanacheEngine(account_count=2) as engine:
        init = [Transaction(engine.accounts[0], None, probe.init_code, 3_000_000)]
        target = engine.send_block(init, engine.timestamp + 1)[0].contract_address
        names = [
            ("refuse", 4),
            ("refuseWithText",),
            ("refuseSilently",),
            ("invalid",),
            ("burn",),
            ("record",),
        ]
        batch = [Transaction(engine.accounts[1], target, probe.data(*name), 100_000) for name in names]
        before = engine.snapshot()
        observed = engine.send_block(batch, engine.timestamp + 1)
        engine.revert(before)
        monkeypatch.setattr(engine, "_observations", list)
        assert engine.send_block(batch, engine.timestamp + 1) == observed
        assert [len(item.output) for item in observed] == [68, 100, 0, 0, 0, 0]


def test_what_is_offered_does_not_drive_the_price_up(rpc):
    """Counterexample: suggestions are made from the last offers; 1.5 of each is a thousandfold after 17."""
    payment = Transaction(rpc.accounts[4], rpc.accounts[5], b"", 21_000, value_wei=1)
    spent = []
    for _ in range(20):
        before = rpc.balance(payment.sender)
        assert rpc.send_block([payment], 0)[0].succeeded
        spent.append(before - rpc.balance(payment.sender) - payment.value_wei)
    assert max(spent) < 3 * spent[0]
