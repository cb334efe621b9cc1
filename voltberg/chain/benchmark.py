"""How fast an engine is, against a bare loop that sends the same signed bytes to the same node.

Both start from the same snapshot and run the same blocks at the same times. Signing is timed for the engine,
which has to do it, and not for the bare loop, which is the node's own limit.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from voltberg.chain.engine import Engine, EngineError, Transaction
from voltberg.chain.in_process import InProcessEngine
from voltberg.chain.node import NodeEngine
from voltberg.chain.signing import SignedTransaction

Submission = tuple[Sequence[Transaction], int]
"""Transactions and the time of their first block, as for ``Engine.submit_block``."""
BATCH_SIZES: Final = (100, 250, 500)
_TIMEOUT_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class EngineSpeed:
    """What was measured.

    Attributes
    ----------
    engine : str
        Name of the engine.
    transactions : int
        How many were sent, each time.
    engine_per_second : float
        Through the engine's interface, with signing, receipts and revert data [1/s].
    bare_per_second : float
        Bare loop without receipts, at its best batch size [1/s].
    bare_with_receipts_per_second : float
        Bare loop with raw receipts fetched in batches, at the same batch size [1/s].
    batch_size : int
        Best number of transactions in one request.
    """

    engine: str
    transactions: int
    engine_per_second: float
    bare_per_second: float
    bare_with_receipts_per_second: float
    batch_size: int

    @property
    def share(self) -> float:
        """Part of the node's limit that the engine reaches, receipts counted on the engine's side only."""
        return self.engine_per_second / self.bare_per_second


def measure_engine(
    engine: Engine | NodeEngine | InProcessEngine,
    submissions: Sequence[Submission],
    batch_sizes: Sequence[int] = BATCH_SIZES,
) -> EngineSpeed:
    """Run the same submissions through a local engine and through a bare loop, and go back to where it was.

    Parameters
    ----------
    engine : Engine
        A local engine, in the state that the submissions need.
    submissions : Sequence[Submission]
        What to run; times go up.
    batch_sizes : Sequence[int], optional
        Batch sizes that the bare loop tries.

    Returns
    -------
    EngineSpeed
        Rates.

    Raises
    ------
    EngineError
        If the engine is not a local one.
    """
    if not isinstance(engine, NodeEngine | InProcessEngine):
        raise EngineError(f"engine {engine.name} is not local: nothing can be run twice on it")
    count = sum(len(transactions) for transactions, _ in submissions)
    through = count / engine_seconds(cast(Engine, engine), submissions)
    if isinstance(engine, InProcessEngine):
        bare = count / bare_in_process_seconds(engine, submissions)
        return EngineSpeed(engine.name, count, through, bare, bare, 1)
    seconds, batch_size = min(
        (bare_node_seconds(engine, submissions, size, with_receipts=False), size) for size in batch_sizes
    )
    with_receipts = bare_node_seconds(engine, submissions, batch_size, with_receipts=True)
    return EngineSpeed(engine.name, count, through, count / seconds, count / with_receipts, batch_size)


def engine_seconds(engine: Engine, submissions: Sequence[Submission]) -> float:
    """Time submissions through the engine, the next one submitted before the last one is collected.

    Parameters
    ----------
    engine : Engine
        A local engine; it is reverted afterwards.
    submissions : Sequence[Submission]
        What to run.

    Returns
    -------
    float
        Wall time [s].
    """
    before = engine.snapshot()
    started = time.perf_counter()
    pending = None
    for transactions, timestamp in submissions:
        handle = engine.submit_block(transactions, timestamp)
        if pending is not None:
            engine.collect(pending)
        pending = handle
    if pending is not None:
        engine.collect(pending)
    seconds = time.perf_counter() - started
    engine.revert(before)
    return seconds


def bare_in_process_seconds(engine: InProcessEngine, submissions: Sequence[Submission]) -> float:
    """Time the state transitions alone, without blocks, checks and receipts.

    Parameters
    ----------
    engine : InProcessEngine
        Engine; it is reverted afterwards.
    submissions : Sequence[Submission]
        What to run.

    Returns
    -------
    float
        Wall time [s].
    """
    before = engine.snapshot()
    state = engine.state
    number = engine.block_number
    seconds = 0.0
    for transactions, timestamp in submissions:
        number += 1
        state.set_block(number, timestamp)
        items = [
            (t.sender.lower(), t.to and t.to.lower(), t.data, t.gas_limit, t.value_wei) for t in transactions
        ]
        started = time.perf_counter()
        for item in items:
            state.execute(*item)
        seconds += time.perf_counter() - started
    engine.revert(before)
    return seconds


def bare_node_seconds(
    engine: NodeEngine, submissions: Sequence[Submission], batch_size: int, *, with_receipts: bool
) -> float:
    """Time a loop that posts ready-made requests to the node and reads the answers without looking at them.

    Parameters
    ----------
    engine : NodeEngine
        Engine whose node is used; it is reverted afterwards.
    submissions : Sequence[Submission]
        What to run.
    batch_size : int
        Transactions in one request.
    with_receipts : bool
        Whether to fetch the receipts, in batches of the same size.

    Returns
    -------
    float
        Wall time [s].
    """
    before = engine.snapshot()
    bodies: list[bytes] = []
    for transactions, timestamp in submissions:
        for index, block in enumerate(engine.sign(transactions).blocks):
            bodies += _bodies(block, timestamp + index, batch_size, with_receipts=with_receipts)
    address = urlsplit(engine.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_TIMEOUT_SECONDS)
    headers = {"Content-Type": "application/json"}
    started = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/", body, headers)
        connection.getresponse().read()
    seconds = time.perf_counter() - started
    connection.close()
    engine.revert(before)
    return seconds


def _bodies(
    block: Sequence[SignedTransaction], timestamp: int, batch_size: int, *, with_receipts: bool
) -> list[bytes]:
    chunks = [block[start : start + batch_size] for start in range(0, len(block), batch_size)]
    requests: list[object] = [
        [_request("eth_sendRawTransaction", "0x" + item.raw.hex()) for item in chunk] for chunk in chunks
    ]
    requests.append(_request("evm_mine", timestamp))
    if with_receipts:
        requests += [[_request("eth_getTransactionReceipt", item.hash) for item in chunk] for chunk in chunks]
    return [json.dumps(request, separators=(",", ":")).encode() for request in requests]


def _request(method: str, parameter: str | int) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": [parameter]}
