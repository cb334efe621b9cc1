"""An engine's own limit: a bare loop that hands it ready-made transactions and fetches no receipts.

The loop shares nothing with the engines' own code but the signed bytes. A node gets JSON texts that were
written before the clock started; the in-process engine gets ``message_call`` after ``message_call`` on pyrevm
itself. What became of the transactions is read after the clock has stopped, so that a loop whose transactions
were refused cannot pass for a fast one.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from voltberg.chain.engine import Engine, EngineError, Transaction
from voltberg.chain.in_process import InProcessEngine
from voltberg.chain.node import NodeEngine
from voltberg.chain.signing import SignedTransaction

Submission = tuple[Sequence[Transaction], int]
"""Transactions and the time of their first block, as for ``Engine.submit_block``."""
_TIMEOUT_SECONDS: Final = 600.0
_RECEIPT_BATCH: Final = 250


@dataclass(frozen=True, slots=True)
class BareRun:
    """What a bare loop took.

    Attributes
    ----------
    seconds : float
        Wall time from the first transaction's sending to the last block's end [s].
    statuses : tuple of int
        1 for each transaction that succeeded, 0 for each that failed, in order.
    """

    seconds: float
    statuses: tuple[int, ...]


def run_bare(
    engine: Engine | NodeEngine | InProcessEngine, submissions: Sequence[Submission], batch_size: int
) -> BareRun:
    """Run submissions in a bare loop on a local engine, and go back to where it was.

    Parameters
    ----------
    engine : Engine
        A local engine, in the state that the submissions need.
    submissions : Sequence[Submission]
        What to run; times go up.
    batch_size : int
        Most transactions in one request; means nothing to the in-process engine.

    Returns
    -------
    BareRun
        Time and statuses.

    Raises
    ------
    EngineError
        If the engine is not a local one, or a node refuses a request.
    ValueError
        If the batch size is not positive.
    """
    if batch_size < 1:
        raise ValueError(f"a batch of {batch_size} transactions cannot be sent, expected at least 1")
    if isinstance(engine, InProcessEngine):
        return _run_in_process(engine, submissions)
    if isinstance(engine, NodeEngine):
        return _run_on_node(engine, submissions, batch_size)
    raise EngineError(f"engine {engine.name} is not local: nothing can be run twice on it")


def _run_in_process(engine: InProcessEngine, submissions: Sequence[Submission]) -> BareRun:
    """Time pyrevm's plain loop: outcomes are right, gas is not (see ``evm_state``), so nothing is faster."""
    before = engine.snapshot()
    evm, state = engine.state.evm, engine.state
    blocks = [
        [(item.sender, item.to, item.data, item.value_wei, item.gas_limit) for item in transactions]
        for transactions, _ in submissions
    ]
    statuses: list[int] = []
    checkpoint = evm.snapshot()
    started = time.perf_counter()
    for number, (block, (_, timestamp)) in enumerate(
        zip(blocks, submissions, strict=True), engine.block_number + 1
    ):
        state.set_block(number, timestamp)
        for sender, to, data, value_wei, gas_limit in block:
            try:
                if to is None:
                    evm.deploy(sender, data, value_wei, gas_limit)
                else:
                    evm.message_call(sender, to, data, value_wei, gas_limit)
            except RuntimeError:
                statuses.append(0)
            else:
                statuses.append(1)
    seconds = time.perf_counter() - started
    evm.revert(checkpoint)
    engine.revert(before)
    return BareRun(seconds, tuple(statuses))


def _run_on_node(engine: NodeEngine, submissions: Sequence[Submission], batch_size: int) -> BareRun:
    before = engine.snapshot()
    blocks = [
        (block, timestamp + index)
        for transactions, timestamp in submissions
        for index, block in enumerate(engine.sign(transactions).blocks)
    ]
    bodies = [body for block, timestamp in blocks for body in _bodies(block, timestamp, batch_size)]
    address = urlsplit(engine.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.connect()
        started = time.perf_counter()
        answers = [_post(connection, body) for body in bodies]
        seconds = time.perf_counter() - started
        refusals = [answer for answer in answers if b'"error"' in answer]
        if refusals:
            raise EngineError(
                f"{engine.name} refused {len(refusals)} requests of a bare loop: {refusals[0][:200]!r}"
            )
        hashes = [item.hash for block, _ in blocks for item in block]
        return BareRun(seconds, tuple(_statuses(connection, hashes)))
    finally:
        connection.close()
        engine.revert(before)


def _post(connection: http.client.HTTPConnection, body: bytes) -> bytes:
    connection.request("POST", "/", body, {"Content-Type": "application/json"})
    return connection.getresponse().read()


def _bodies(block: Sequence[SignedTransaction], timestamp: int, batch_size: int) -> list[bytes]:
    chunks = [block[start : start + batch_size] for start in range(0, len(block), batch_size)]
    requests: list[Any] = [
        [_request("eth_sendRawTransaction", "0x" + item.raw.hex()) for item in chunk] for chunk in chunks
    ]
    requests.append(_request("evm_mine", timestamp))
    return [_json(request) for request in requests]


def _statuses(connection: http.client.HTTPConnection, hashes: Sequence[str]) -> list[int]:
    statuses = []
    for start in range(0, len(hashes), _RECEIPT_BATCH):
        chunk = hashes[start : start + _RECEIPT_BATCH]
        requests = [_request("eth_getTransactionReceipt", item, index) for index, item in enumerate(chunk)]
        answers = json.loads(_post(connection, _json(requests)))
        for answer in sorted(answers, key=lambda item: int(item["id"])):
            if not answer.get("result"):
                raise EngineError(f"a bare loop's transaction {chunk[answer['id']]} was not mined")
            statuses.append(int(answer["result"]["status"], 16))
    return statuses


def _request(method: str, parameter: str | int, request_id: int = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": [parameter]}


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
