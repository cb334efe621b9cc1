"""Any Ethereum JSON-RPC endpoint: somebody else decides when blocks are made and what they hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeVar

from voltberg.chain.accounts import account_of_key
from voltberg.chain.blocks import check_transactions
from voltberg.chain.engine import ZERO_ADDRESS, Call, EngineError, Receipt, Transaction
from voltberg.chain.ganache import revert_data_of_trace
from voltberg.chain.json_rpc import ConnectionLost, JsonRpcClient, RpcError
from voltberg.chain.receipts import fund_transactions, receipt_of_rpc
from voltberg.chain.rpc_reads import RpcReads, send_raw
from voltberg.chain.signing import SignedTransaction, Signer

PRICE_PERCENT: Final = 150
"""What is offered, of the gas price that the endpoint suggested or of the base fee, if that is higher [%]:
room for a base fee that rises meanwhile."""
_BATCH: Final = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignedRuns:
    """Signed transactions, cut where the sender changes.

    Attributes
    ----------
    runs : tuple[list[SignedTransaction], ...]
        Each is sent once all before it are mined.
    """

    runs: tuple[list[SignedTransaction], ...]

    def __len__(self) -> int:
        """Count the transactions."""
        return sum(map(len, self.runs))


class RpcEngine(RpcReads):
    """A chain behind a URL.

    Blocks come when the chain makes them, so ``timestamp`` means *not before*: transactions are sent once the
    chain's latest block or the clock has reached it. One sender's transactions are ordered by their nonces;
    where the sender changes, the ones before are waited for, unless ``strict_order`` is off: then all are
    sent at once with falling prices, which most chains honour and none promises. There are no snapshots.

    Parameters
    ----------
    url : str
        Endpoint, ``http://`` or ``https://``.
    keys : Sequence[bytes], optional
        Private keys of ``accounts``, in that order; none makes a read-only engine.
    chain_id : int, optional
        Chain id expected; by default whatever the endpoint says.
    strict_order : bool, optional
        Whether to wait at each change of sender.
    poll_seconds : float, optional
        Time between two looks for receipts [s].
    mining_seconds : float, optional
        Longest wait for a receipt [s].
    wait_seconds : float, optional
        Longest wait for ``timestamp`` to come [s].

    Raises
    ------
    EngineError
        If the endpoint does not answer, is of another chain, or a key is not valid.
    """

    name = "rpc"
    _call_batch = _BATCH

    def __init__(
        self,
        url: str,
        keys: Sequence[bytes] = (),
        chain_id: int | None = None,
        strict_order: bool = True,
        poll_seconds: float = 0.5,
        mining_seconds: float = 300.0,
        wait_seconds: float = 3600.0,
    ) -> None:
        accounts = [account_of_key(key) for key in keys]
        self.accounts = tuple(account.address for account in accounts)
        self._strict_order = strict_order
        self._poll_seconds = poll_seconds
        self._mining_seconds = mining_seconds
        self._wait_seconds = wait_seconds
        try:
            self._rpc = JsonRpcClient(url)
            self.chain_id = int(self._rpc.call("eth_chainId"), 16)
            nonces = self._rpc.batch("eth_getTransactionCount", [[item, "pending"] for item in self.accounts])
        except (ConnectionLost, RpcError) as error:
            raise EngineError(f"rpc cannot be used: {error}") from error
        if chain_id is not None and chain_id != self.chain_id:
            self._rpc.close()
            raise EngineError(f"the endpoint is of chain {self.chain_id}; expected chain {chain_id}")
        self._signer = Signer(accounts, self.chain_id)
        for address, nonce in zip(self.accounts, nonces, strict=True):
            if isinstance(nonce, RpcError):
                raise EngineError(f"rpc gives no nonce of {address}: {nonce}")
            self._signer.nonces[address] = int(nonce, 16)
        self._suggested_wei: int | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voltberg-rpc")

    def _ask(self, question: Callable[[], T]) -> T:
        """Run something on the thread that owns the connection, after everything submitted before."""
        try:
            return self._worker.submit(question).result()
        except (ConnectionLost, RpcError) as error:
            raise EngineError(f"rpc: {error}") from error

    def _latest(self) -> dict[str, Any]:
        block: dict[str, Any] = self._rpc.call("eth_getBlockByNumber", "latest", False)
        return block

    @property
    def block_number(self) -> int:
        """Number of the latest block."""
        return int(self._ask(self._latest)["number"], 16)

    @property
    def timestamp(self) -> int:
        """Time of the latest block [unix s]."""
        return int(self._ask(self._latest)["timestamp"], 16)

    def sign(self, transactions: Sequence[Transaction]) -> SignedRuns:
        """Sign transactions at the price of the moment; see ``Engine.sign``."""
        check_transactions(transactions, self.accounts)
        if not transactions:
            return SignedRuns(())
        signed = self._signer.sign_block(transactions, self._offer_wei() * PRICE_PERCENT // 100 + 1)
        if not self._strict_order:
            return SignedRuns((signed,))
        runs = groupby(zip(transactions, signed, strict=True), key=lambda pair: pair[0].sender.lower())
        return SignedRuns(tuple([item for _, item in run] for _, run in runs))

    def _offer_wei(self) -> int:
        """Tell the base of what is offered: the first suggestion, or the base fee once that is higher.

        A suggestion asked for later would be made from this engine's own offers, and on a quiet chain rise
        with every transaction.
        """
        if self._suggested_wei is None:
            self._suggested_wei = int(self._ask(lambda: self._rpc.call("eth_gasPrice")), 16)
        base_fee_wei = int(self._ask(self._latest).get("baseFeePerGas", "0x0"), 16)
        return max(self._suggested_wei, base_fee_wei)

    def submit_block(
        self, transactions: Sequence[Transaction] | SignedRuns, timestamp: int
    ) -> Future[list[Receipt]]:
        """Send in the background; the class says what time and order mean here."""
        batch = transactions if isinstance(transactions, SignedRuns) else self.sign(transactions)
        return self._worker.submit(self._send_runs, batch, timestamp)

    def collect(self, handle: Future[list[Receipt]]) -> list[Receipt]:
        """Wait for a submission; an ``EngineError`` carries the receipts known by then."""
        return handle.result()

    def send_block(self, transactions: Sequence[Transaction] | SignedRuns, timestamp: int) -> list[Receipt]:
        """Submit and collect."""
        return self.collect(self.submit_block(transactions, timestamp))

    def _send_runs(self, batch: SignedRuns, timestamp: int) -> list[Receipt]:
        receipts: list[Receipt] = []
        try:
            self._wait_for(timestamp)
            for run in batch.runs:
                receipts += self._send_run(run)
        except (ConnectionLost, RpcError, EngineError) as error:
            # The chain knows which nonces were used; ours may be ahead of them now.
            self._forget_nonces()
            known = f"{len(receipts)} of the {len(batch)} receipts of this submission are known"
            raise EngineError(f"rpc failed: {error} ({known})", receipts) from error
        return receipts

    def _forget_nonces(self) -> None:
        for address in self.accounts:
            try:
                self._signer.nonces[address] = int(
                    self._rpc.call("eth_getTransactionCount", address, "pending"), 16
                )
            except (ConnectionLost, RpcError):
                return

    def _wait_for(self, timestamp: int) -> None:
        remaining = timestamp - max(time.time(), int(self._latest()["timestamp"], 16))
        if remaining > self._wait_seconds:
            raise EngineError(
                f"block time {timestamp} is {remaining:.0f} s ahead; "
                f"at most {self._wait_seconds:.0f} s are waited for"
            )
        while timestamp > max(time.time(), int(self._latest()["timestamp"], 16)):
            time.sleep(self._poll_seconds)

    def _send_run(self, run: Sequence[SignedTransaction]) -> list[Receipt]:
        started = time.perf_counter()
        send_raw(self._rpc, run, _BATCH)
        raws: list[dict[str, Any]] = []
        for start in range(0, len(run), _BATCH):
            raws += self._wait_for_receipts([item.hash for item in run[start : start + _BATCH]])
        for raw in raws:
            if raw["status"] == "0x0":
                raw["output"] = self._revert_data(raw)
        each = (time.perf_counter() - started) / len(run)
        return [receipt_of_rpc(raw, item.calldata_bytes, each) for raw, item in zip(raws, run, strict=True)]

    def _wait_for_receipts(self, hashes: Sequence[str]) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + self._mining_seconds
        while True:
            missing = [item for item in hashes if item not in found]
            answers = self._rpc.batch("eth_getTransactionReceipt", [[item] for item in missing])
            found |= {
                item: answer
                for item, answer in zip(missing, answers, strict=True)
                if isinstance(answer, dict) and answer.get("blockNumber")
            }
            if len(found) == len(hashes):
                return [found[item] for item in hashes]
            if time.monotonic() > deadline:
                raise EngineError(
                    f"{len(hashes) - len(found)} of {len(hashes)} transactions were not mined "
                    f"within {self._mining_seconds:.0f} s"
                )
            time.sleep(self._poll_seconds)

    def _revert_data(self, raw: dict[str, Any]) -> bytes:
        """Ask for a trace; where there is none, for a call on the block before; else nothing is known."""
        try:
            trace = self._rpc.call("debug_traceTransaction", raw["transactionHash"], {"tracer": "callTracer"})
            if "structLogs" in trace:
                return revert_data_of_trace(trace)
            return bytes.fromhex(trace.get("output", "0x")[2:])
        except RpcError:
            pass
        try:
            sent = self._rpc.call("eth_getTransactionByHash", raw["transactionHash"])
            fields = {key: sent.get(key) for key in ("from", "to", "value", "gas")} | {"data": sent["input"]}
            request = {key: value for key, value in fields.items() if value is not None}
            self._rpc.call("eth_call", request, hex(int(raw["blockNumber"], 16) - 1))
        except RpcError as error:
            return error.data
        return b""

    def call(
        self, to: str, data: bytes, *, sender: str = ZERO_ADDRESS, timestamp: int | None = None
    ) -> bytes:
        """Run a read-only call on the latest block; another ``timestamp`` is refused."""
        if timestamp is not None:
            raise EngineError(f"rpc cannot call at time {timestamp}: only the chain makes its blocks")
        return self.call_many([Call(to, data, sender)])[0]

    def snapshot(self) -> int:
        """Refuse: a foreign chain does not go back."""
        raise EngineError("rpc has no snapshots: only local engines can go back")

    def revert(self, snapshot_id: int) -> None:
        """Refuse: a foreign chain does not go back."""
        raise EngineError(f"rpc cannot revert to {snapshot_id}: only local engines can go back")

    def fund(self, addresses: Sequence[str], amount_wei: int) -> list[Receipt]:
        """Send each address ether from the first account [wei]."""
        if not self.accounts:
            raise EngineError("rpc has no keys to pay from")
        return self.send_block(fund_transactions(self.accounts[0], addresses, amount_wei), 0)

    def close(self) -> None:
        """Wait for what is under way and close the connection. Idempotent."""
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._rpc.close()
