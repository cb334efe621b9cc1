"""The same transactions do the same on every local engine."""

import random

import pytest
from eth_hash.auto import keccak

from voltberg.chain.engine import (
    BLOCK_GAS_LIMIT,
    CHAIN_ID,
    GENESIS_TIMESTAMP,
    Call,
    CallFailed,
    Engine,
    EngineError,
    Transaction,
    open_engine,
)

START = GENESIS_TIMESTAMP + 10
RECEIVER = "0x" + "77" * 20


def script(probe, accounts, target) -> list[Transaction]:
    """One of each thing that a transaction can do or fail at."""
    calls = [
        ("write", 1, 5, 9),
        ("write", 1, 5, 0),  # refunds beyond the cap of one fifth
        ("write", 1, 1, 0),  # nothing changes
        ("record",),
        ("refuse", 7),
        ("refuseWithText",),
        ("refuseSilently",),
        ("overflow", 1),
        ("burn",),
        ("invalid",),
        ("tryRefuse", 3),
        ("create", 77),
        ("writeChild", 4, 8),
        ("destroyChild",),
        ("create2", 5, 6),
        ("writeChild", 4, 9),
        ("destroyChild",),
        ("create2", 5, 6),  # the same address again, with empty storage
        ("create2", 5, 6),  # collides: fails
        ("writeChild", 9, 1),
        ("stamp",),
        ("pay", int(RECEIVER, 16), 3),  # nothing to pay with: fails
    ]
    transactions = [
        Transaction(accounts[i % len(accounts)], target, probe.data(*call), 300_000)
        for i, call in enumerate(calls)
    ]
    failing_init = bytes.fromhex("63deadbeef5f526004601cfd")  # reverts with 0xdeadbeef
    return [
        *transactions,
        Transaction(accounts[3], target, b"", 100_000, value_wei=50),
        Transaction(accounts[4], target, probe.data("pay", int(RECEIVER, 16), 30), 100_000),
        Transaction(accounts[5], target, b"\x01", 100_000),  # no such function
        Transaction(accounts[6], RECEIVER, b"\x01\x02\x00", 21_036, value_wei=1),
        Transaction(accounts[7], "0x" + "00" * 19 + "04", b"identity", 30_000),
        Transaction(accounts[8], None, failing_init, 100_000),
        Transaction(accounts[8], None, probe.init_code, 200_000),  # out of gas while storing the code
        Transaction(accounts[8], None, probe.init_code, 3_000_000),  # its nonce counts the failures
        Transaction(
            accounts[9], None, bytes.fromhex("60ef60005360016000f3"), 100_000
        ),  # EIP-3541: starts 0xef
        Transaction(accounts[9], target, probe.data("refuse", 1), 21_500),  # out of gas on the way
        Transaction(accounts[0].upper().replace("0X", "0x"), target, probe.data("write", 3, 2, 1), 100_000),
    ]


def transcript(engine: Engine, probe) -> dict[str, object]:
    """Everything that can be seen of the script's run."""
    accounts = engine.accounts
    deployment = engine.send_block([Transaction(accounts[0], None, probe.init_code, 3_000_000)], START)
    target = deployment[0].contract_address
    receipts = engine.send_block(script(probe, accounts, target), START + 20)
    rng = random.Random(20)
    fuzz = [random_transaction(rng, probe, accounts, target) for _ in range(120)]
    return {
        "genesis": (engine.chain_id, accounts),
        "deployment": deployment,
        "receipts": receipts,
        "fuzz": engine.send_block(fuzz, START + 40),
        "empty": engine.send_block([], START + 60),
        "funded": engine.fund([RECEIVER, "0x" + "78" * 20], 5),
        "balances": [engine.balance(address) for address in (target, RECEIVER, "0x" + "78" * 20)],
        "code": [engine.get_code(target), engine.get_code(RECEIVER)],
        "values": engine.call_many([Call(target, probe.data("valueOf", i)) for i in range(30)]),
        "child": [attempt(engine, target, probe.data("readChild", slot)) for slot in (4, 9)],
        "block": (engine.block_number, engine.timestamp, engine.call(target, probe.data("blockInfo"))),
        "later": engine.call(target, probe.data("blockInfo"), timestamp=START + 999),
        "after": (engine.block_number, engine.timestamp),
    }


def attempt(engine: Engine, target: str, data: bytes) -> tuple[str, bytes]:
    """What a call gives back, whichever way it ends: there may be no child to ask."""
    try:
        return "returned", engine.call(target, data)
    except CallFailed as error:
        return "failed", error.data


def random_transaction(rng: random.Random, probe, accounts, target) -> Transaction:
    """A call with parameters and gas limits around what it needs."""
    call = rng.choice(
        [
            ("write", rng.randrange(20), rng.randrange(6), rng.choice([0, 0, 1, 2**256 - 1])),
            ("tryRefuse", rng.randrange(9)),
            ("refuse", rng.randrange(9)),
            ("record",),
            ("create", rng.randrange(4)),
            ("writeChild", rng.randrange(4), rng.randrange(2)),
            ("destroyChild",),
            ("create2", rng.randrange(2), 1),
        ]
    )
    gas = rng.choice([30_000, 60_000, 150_000, 400_000])
    return Transaction(rng.choice(accounts), target, probe.data(*call), gas)


@pytest.fixture(scope="module")
def transcripts(probe):
    """What each engine made of the script."""
    result = {}
    for name in ("ganache", "anvil", "evm"):
        with open_engine(name, account_count=12) as engine:
            result[name] = transcript(engine, probe)
    return result


@pytest.mark.parametrize("name", ["ganache", "evm"])
@pytest.mark.parametrize(
    "part",
    [
        "genesis",
        "deployment",
        "empty",
        "funded",
        "balances",
        "code",
        "values",
        "child",
        "block",
        "later",
        "after",
    ],
)
def test_engine_agrees_with_anvil(transcripts, name, part):
    assert transcripts[name][part] == transcripts["anvil"][part]


@pytest.mark.parametrize("name", ["ganache", "evm"])
@pytest.mark.parametrize("part", ["receipts", "fuzz"])
def test_receipts_agree_with_anvil(transcripts, name, part):
    expected = transcripts["anvil"][part]
    different = [
        (index, ours, theirs)
        for index, (ours, theirs) in enumerate(zip(transcripts[name][part], expected, strict=True))
        if ours != theirs
    ]
    assert different == []


def test_script_covers_every_outcome(transcripts, probe):
    receipts = transcripts["evm"]["receipts"]
    assert {receipt.status for receipt in receipts} == {0, 1}
    assert sum(len(receipt.logs) for receipt in receipts) > 10
    refused = receipts[4]
    sender = bytes.fromhex(transcripts["evm"]["genesis"][1][4][2:])
    selector = keccak(b"EngineProbe_Refused(address,uint256)")[:4]
    assert refused.output == selector + sender.rjust(32, b"\0") + (7).to_bytes(32, "big")
    assert receipts[8].gas_used == 300_000, "burn uses up its limit"
    assert receipts[8].output == b""
    assert any(receipt.output == bytes.fromhex("deadbeef") for receipt in receipts)
    assert sum(receipt.contract_address is not None for receipt in receipts) == 1
    statuses = [receipt.status for receipt in transcripts["evm"]["fuzz"]]
    assert 20 < sum(statuses) < 110


def test_block_time_and_number_are_the_ones_asked_for(transcripts):
    number, timestamp, seen = transcripts["anvil"]["block"]
    assert seen == b"".join(word.to_bytes(32, "big") for word in (number, timestamp, CHAIN_ID))
    later = transcripts["anvil"]["later"]
    assert later == b"".join(word.to_bytes(32, "big") for word in (number + 1, START + 999, CHAIN_ID))
    assert transcripts["anvil"]["after"] == (number, timestamp)


def test_transactions_run_in_the_order_given(engine, probe, deployed):
    """Two hundred transactions of forty senders, in an order that favours nobody's nonce or address."""
    rng = random.Random(200)
    senders = [rng.choice(engine.accounts) for _ in range(200)]
    receipts = engine.send_block(
        [Transaction(sender, deployed, probe.data("record"), 100_000) for sender in senders], START + 5
    )
    recorded = engine.call_many([Call(deployed, probe.data("callers", i)) for i in range(200)])
    assert [receipt.status for receipt in receipts] == [1] * 200
    assert ["0x" + word[12:].hex() for word in recorded] == senders
    assert {receipt.block_number for receipt in receipts} == {2}


def test_long_submission_becomes_blocks_a_second_apart(engine, probe, deployed):
    third = BLOCK_GAS_LIMIT // 3
    batch = [Transaction(engine.accounts[i], deployed, probe.data("stamp"), third) for i in range(7)]
    receipts = engine.send_block(batch, START + 100)
    assert [receipt.block_number for receipt in receipts] == [2, 2, 2, 3, 3, 3, 4]
    stamp, number = engine.call_many([Call(deployed, probe.data("valueOf", slot)) for slot in (3, 4)])
    assert int.from_bytes(stamp, "big") == engine.timestamp == START + 102
    assert int.from_bytes(number, "big") == engine.block_number == 4


def test_batches_signed_ahead_run_as_signed(engine, probe, deployed):
    batches = [
        engine.sign([Transaction(engine.accounts[i], deployed, probe.data("record"), 100_000)] * 3)
        for i in (5, 2)
    ]
    handles = [engine.submit_block(batch, START + 5 + i) for i, batch in enumerate(batches)]
    receipts = [receipt for handle in handles for receipt in engine.collect(handle)]
    assert [len(batch) for batch in batches] == [3, 3]
    assert [receipt.status for receipt in receipts] == [1] * 6
    recorded = engine.call_many([Call(deployed, probe.data("callers", i)) for i in range(6)])
    expected = [engine.accounts[5]] * 3 + [engine.accounts[2]] * 3
    assert ["0x" + word[12:].hex() for word in recorded] == expected


def test_revert_brings_everything_back(engine, probe, deployed):
    sender = engine.accounts[0]
    batch = [
        Transaction(sender, deployed, probe.data(*call), 300_000)
        for call in [("write", 1, 4, 9), ("create", 3), ("record",), ("destroyChild",), ("refuse", 1)]
    ]
    engine.send_block([Transaction(sender, deployed, probe.data("write", 1, 2, 5), 300_000)], START + 5)
    outer = engine.snapshot()
    first = engine.send_block(batch, START + 10)
    inner = engine.snapshot()
    engine.send_block([Transaction(sender, deployed, probe.data("write", 1, 4, 1), 300_000)], START + 11)
    engine.revert(inner)
    assert engine.call(deployed, probe.data("valueOf", 1)) == (9).to_bytes(32, "big")
    engine.revert(outer)
    assert (engine.block_number, engine.timestamp) == (2, START + 5)
    values = engine.call_many([Call(deployed, probe.data("valueOf", slot)) for slot in (1, 3)])
    assert [int.from_bytes(value, "big") for value in values] == [5, 0]
    with pytest.raises(EngineError, match=f"no snapshot {inner}"):
        engine.revert(inner)
    assert engine.send_block(batch, START + 10) == first


def test_failed_call_carries_its_revert_data(engine, probe, deployed):
    with pytest.raises(CallFailed, match="call 1 to 0x") as refused:
        engine.call_many(
            [Call(deployed, probe.data("count")), Call(deployed, probe.data("refuse", 5), engine.accounts[1])]
        )
    assert refused.value.data[-32:] == (5).to_bytes(32, "big")
    assert refused.value.data[16:36] == bytes.fromhex(engine.accounts[1][2:])
    assert engine.call(deployed, probe.data("count")) == bytes(32)


UNSENDABLE = [
    ({"sender": RECEIVER}, "no key for sender 0x77"),
    ({"to": "0x12"}, "recipient '0x12' is no address"),
    ({"gas_limit": 21_000, "data": b"\x01"}, "gas limit 21000 is below the intrinsic 21016"),
    ({"gas_limit": BLOCK_GAS_LIMIT + 1}, "gas limit 30000001 exceeds a block's 30000000"),
    ({"value_wei": -1}, "value -1 wei is negative"),
    (
        {"to": None, "data": b"\x5b" * 49_153, "gas_limit": 10_000_000},
        "init code of 49153 bytes exceeds 49152",
    ),
]


def test_engine_refuses_what_no_chain_takes(engine):
    good = Transaction(engine.accounts[0], RECEIVER, b"", 21_000)
    for change, message in UNSENDABLE:
        fields = {"sender": engine.accounts[0], "to": RECEIVER, "data": b"", "gas_limit": 50_000} | change
        with pytest.raises(EngineError, match=f"transaction 1 of 2 cannot be sent: {message}"):
            engine.send_block([good, Transaction(**fields)], START)
    assert engine.block_number == 0
    assert engine.send_block([good], START)[0].status == 1, "the nonce is still right"


def test_time_must_go_up(engine):
    engine.send_block([], START)
    with pytest.raises(
        EngineError, match=f"block time {START} does not lie after the latest block's {START}"
    ):
        engine.send_block([], START)


def test_unpayable_value_stops_the_engine_until_reverted(engine):
    rich = engine.balance(engine.accounts[1])
    before = engine.snapshot()
    with pytest.raises(EngineError):
        engine.send_block([Transaction(engine.accounts[1], RECEIVER, b"", 21_000, value_wei=rich + 1)], START)
    engine.revert(before)
    paid = engine.send_block([Transaction(engine.accounts[1], RECEIVER, b"", 21_000, value_wei=1)], START)
    assert paid[0].status == 1
    assert engine.balance(RECEIVER) == 1
