"""Ganache: the default local chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from voltberg.chain.accounts import DEFAULT_BALANCE_ETHER
from voltberg.chain.engine import CHAIN_ID, NODE_GAS_LIMIT, EngineError, Receipt
from voltberg.chain.node import NodeEngine
from voltberg.chain.node_process import HOST, find_in_node_modules, find_program
from voltberg.chain.receipts import receipt_of_rpc
from voltberg.chain.signing import SignedTransaction

_OBSERVER: Final = Path(__file__).with_name("ganache_observer.js")
_RECEIPT_BATCH: Final = 250
_NEVER_SECONDS: Final = 1_000_000
"""Block time that stands for mining only when told to; Ganache's timer takes no more than 2**31 ms."""
_MARK: Final = b"\x01"


class GanacheEngine(NodeEngine):
    """Ganache as a child process.

    Parameters
    ----------
    database : Path or None, optional
        Folder that keeps the chain beyond the process, even one that was killed; a chain in it goes on. None
        for a chain that ends with the process.
    **options : Any
        Those of ``NodeEngine``.
    """

    name = "ganache"

    def __init__(self, database: Path | None = None, **options: Any) -> None:
        self._database = None if database is None else database.resolve()
        super().__init__(**options)
        if self._database is not None:
            self._take_over()

    def _take_over(self) -> None:
        """Go on from the chain that the database holds."""
        latest = self._ask(lambda: self._rpc.call("eth_getBlockByNumber", "latest", False))
        self._number, self._time = int(latest["number"], 16), int(latest["timestamp"], 16)
        accounts = list(self._signer.nonces)
        if self._number:
            queries = [[account, "latest"] for account in accounts]
            counts = self._ask(lambda: self._rpc.batch("eth_getTransactionCount", queries))
            self._signer.nonces = {a: int(count, 16) for a, count in zip(accounts, counts, strict=True)}

    def mined_block(self, number: int) -> list[Receipt]:
        """Read a block of the database again.

        Parameters
        ----------
        number : int
            Its number.

        Returns
        -------
        list of Receipt
            Of its transactions, in order; the seconds are unknown and 0.

        Raises
        ------
        EngineError
            If there is no such block.
        """
        block = self._ask(lambda: self._rpc.call("eth_getBlockByNumber", hex(number), True))
        if block is None:
            raise EngineError(f"ganache has no block {number}; its latest is {self._number}")
        hashes = [[transaction["hash"]] for transaction in block["transactions"]]
        raws = self._ask(lambda: self._rpc.batch("eth_getTransactionReceipt", hashes)) if hashes else []
        for raw in raws:
            if raw["status"] == "0x0":
                raw["output"] = self._ask(partial(self._traced_revert_data, raw["transactionHash"]))
        return [
            receipt_of_rpc(raw, len(transaction["input"]) // 2 - 1, 0.0)
            for raw, transaction in zip(raws, block["transactions"], strict=True)
        ]

    def _command(
        self, mnemonic: str, accounts: int, genesis_timestamp: int
    ) -> Callable[[int], Sequence[str]]:
        node = find_program("node")
        ganache = find_in_node_modules("ganache/dist/node/cli.js", None, "ganache")
        start = datetime.fromtimestamp(genesis_timestamp, UTC).isoformat()
        self._read_to = 0
        options = {
            "server.host": HOST,
            "chain.hardfork": "shanghai",
            "chain.chainId": CHAIN_ID,
            "chain.networkId": CHAIN_ID,
            "chain.time": start,
            "miner.blockGasLimit": NODE_GAS_LIMIT,
            "miner.blockTime": _NEVER_SECONDS,
            # In the process's own folder: Ganache's default leaves its files behind when it is killed.
            "database.dbPath": self._database or "database",
            "wallet.mnemonic": mnemonic,
            "wallet.totalAccounts": accounts,
            "wallet.defaultBalance": DEFAULT_BALANCE_ETHER,
        }
        arguments = [f"--{key}={value}" for key, value in options.items()]

        def command(port: int) -> Sequence[str]:
            fixed = [
                node,
                "--require",
                str(_OBSERVER),
                str(ganache),
                "--logging.quiet",
                f"--server.port={port}",
            ]
            return fixed + arguments

        return command

    def _mine(self, signed: Sequence[SignedTransaction], timestamp: int, number: int) -> list[dict[str, Any]]:
        self._send(signed)
        self._observations()  # of calls made since the last block
        self._rpc.call("evm_mine", timestamp)
        outcomes = self._observations()
        hashes = [[item.hash] for item in signed]
        raws: list[Any] = []
        for start in range(0, len(hashes), _RECEIPT_BATCH):
            raws += self._rpc.batch("eth_getTransactionReceipt", hashes[start : start + _RECEIPT_BATCH])
        receipts = self._checked(raws, signed, number)
        for index, receipt in enumerate(receipts):
            if receipt["status"] == "0x0":
                observed = outcomes[index] if len(outcomes) == len(receipts) else b""
                receipt["output"] = self._revert_data(observed, receipt["transactionHash"])
        return receipts

    def _observations(self) -> list[bytes]:
        """Read what the observer has written since the last time: one item for each transaction or call."""
        with self.process.output_path.open("rb") as output:
            output.seek(self._read_to)
            text = output.read()
        self._read_to += len(text)
        return [line[1:] for line in text.split(b"\n") if line.startswith(_MARK)]

    def _revert_data(self, observed: bytes, transaction_hash: str) -> bytes:
        if observed.startswith(b"r"):
            return bytes.fromhex(observed[1:].decode())
        if observed == b"h":
            return b""
        # Somebody else called the node meanwhile: the slow way, which runs the block again, is exact as well.
        return self._traced_revert_data(transaction_hash)

    def _traced_revert_data(self, transaction_hash: str) -> bytes:
        options = {"disableStorage": True}
        trace = self._rpc.call("debug_traceTransaction", transaction_hash, options)
        return revert_data_of_trace(trace)


def revert_data_of_trace(trace: dict[str, Any]) -> bytes:
    """Read the revert data out of a step-by-step trace of a failed transaction.

    Parameters
    ----------
    trace : dict
        Result of ``debug_traceTransaction`` without a tracer, with stack and memory.

    Returns
    -------
    bytes
        What the outermost REVERT gave back; empty if the transaction halted otherwise.
    """
    steps = trace.get("structLogs") or []
    if not steps or steps[-1]["op"] != "REVERT" or int(steps[-1]["depth"]) != 1:
        return b""
    last = steps[-1]
    length, offset = (int(word, 16) for word in last["stack"][-2:])
    memory = bytes.fromhex("".join(last["memory"]))
    # Memory that REVERT itself expands isn't in the trace yet: it is zero.
    needed = offset + length
    return memory.ljust(needed, b"\0")[offset:needed] if length else b""
