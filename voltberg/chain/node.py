"""What Ganache and anvil have in common: blocks on demand, at given times, of signed transactions."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from voltberg.chain.accounts import (
    DEFAULT_ACCOUNT_COUNT,
    TEST_MNEMONIC,
    accounts_of_mnemonic,
)
from voltberg.chain.blocks import (
    MAX_INIT_CODE_BYTES,
    check_timestamp,
    check_transactions,
    split_into_blocks,
)
from voltberg.chain.engine import (
    CHAIN_ID,
    GENESIS_TIMESTAMP,
    ZERO_ADDRESS,
    Call,
    EngineError,
    Receipt,
    Transaction,
)
from voltberg.chain.json_rpc import ConnectionLost, JsonRpcClient, RpcError
from voltberg.chain.node_process import NodeProcess
from voltberg.chain.receipts import fund_transactions, receipt_of_rpc
from voltberg.chain.rpc_reads import RpcReads, send_raw
from voltberg.chain.signing import SignedTransaction, Signer

SEND_BATCH: Final = 250
"""Transactions in one HTTP request; anvil takes no more than 2 MB at once, and more gains nothing."""
CALL_BATCH: Final = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignedBlocks:
    """Signed transactions, cut into blocks.

    Attributes
    ----------
    blocks : tuple[list[SignedTransaction], ...]
        Each is mined as one block.
    generation : int
        How often the engine had been reverted when they were signed.
    """

    blocks: tuple[list[SignedTransaction], ...]
    generation: int

    def __len__(self) -> int:
        """Count the transactions."""
        return sum(map(len, self.blocks))


@dataclass(frozen=True, slots=True)
class PendingBlocks:
    """Blocks under way.

    Attributes
    ----------
    futures : tuple[Future[list[Receipt]], ...]
        One for each block, in order.
    transactions : int
        How many there are in all.
    """

    futures: tuple[Future[list[Receipt]], ...]
    transactions: int


class NodeEngine(RpcReads):
    """A local node: the test accounts funded at genesis, blocks on demand, one thread that talks to it.

    Everything that reaches the node goes through that thread in the order in which it was asked for, so
    reads see what was submitted before them, while the caller signs and computes in the meantime.

    Parameters
    ----------
    account_count : int, optional
        Number of accounts of the test mnemonic that can send; one more, unlisted, pays for ``fund``.
    mnemonic : str, optional
        Where the keys come from.
    port : int, optional
        Port to listen on; by default a free one.
    genesis_timestamp : int, optional
        Time of block 0 [unix s].

    Raises
    ------
    EngineError
        If the node is not installed or does not start.
    """

    name: str
    _call_batch = CALL_BATCH
    _max_init_code_bytes: int = MAX_INIT_CODE_BYTES

    def __init__(
        self,
        account_count: int = DEFAULT_ACCOUNT_COUNT,
        mnemonic: str = TEST_MNEMONIC,
        port: int | None = None,
        genesis_timestamp: int = GENESIS_TIMESTAMP,
    ) -> None:
        keys = accounts_of_mnemonic(mnemonic, account_count + 1)
        self.chain_id = CHAIN_ID
        self.accounts = tuple(account.address for account in keys[:-1])
        self._faucet = keys[-1].address
        self._senders = frozenset((*self.accounts, self._faucet))
        self._signer = Signer(keys, CHAIN_ID)
        self._generation = 0
        self._broken: str | None = None
        self._number, self._time = 0, genesis_timestamp
        self._snapshots: dict[int, tuple[str, int, int, dict[str, int]]] = {}
        self._snapshot_count = 0
        command = self._command(mnemonic, account_count + 1, genesis_timestamp)
        self.process = NodeProcess(self.name, command, port)
        self.url = self.process.url
        self._rpc = JsonRpcClient(self.url)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"voltberg-{self.name}")

    @abstractmethod
    def _command(
        self, mnemonic: str, accounts: int, genesis_timestamp: int
    ) -> Callable[[int], Sequence[str]]:
        """Give the command line for a port."""

    @abstractmethod
    def _mine(self, signed: Sequence[SignedTransaction], timestamp: int, number: int) -> list[dict[str, Any]]:
        """Mine a block; give its raw receipts, each failed one with its revert data under ``output``."""

    @property
    def block_number(self) -> int:
        """Number of the latest block, submitted ones included."""
        return self._number

    @property
    def timestamp(self) -> int:
        """Time of the latest block, submitted ones included [unix s]."""
        return self._time

    def sign(self, transactions: Sequence[Transaction]) -> SignedBlocks:
        """Sign transactions ahead, cut into blocks; see ``Engine.sign``."""
        check_transactions(transactions, self._senders, self._max_init_code_bytes)
        blocks = tuple(self._signer.sign_block(block) for block in split_into_blocks(transactions))
        return SignedBlocks(blocks, self._generation)

    def submit_block(
        self, transactions: Sequence[Transaction] | SignedBlocks, timestamp: int
    ) -> PendingBlocks:
        """Sign and send without waiting: the node works on a block while the next one is being signed."""
        check_timestamp(timestamp, self._time)
        if not isinstance(transactions, SignedBlocks):
            check_transactions(transactions, self._senders, self._max_init_code_bytes)
            futures = tuple(
                self._queue(self._signer.sign_block(block), timestamp + index)
                for index, block in enumerate(split_into_blocks(transactions))
            )
            return PendingBlocks(futures, len(transactions))
        if transactions.generation != self._generation:
            raise EngineError(
                "this batch was signed before a revert, its nonces are no longer right: sign again"
            )
        futures = tuple(self._queue(block, timestamp + i) for i, block in enumerate(transactions.blocks))
        return PendingBlocks(futures, len(transactions))

    def _queue(self, signed: list[SignedTransaction], timestamp: int) -> Future[list[Receipt]]:
        self._number, self._time = self._number + 1, timestamp
        return self._worker.submit(self._run_block, signed, timestamp, self._number)

    def _run_block(self, signed: list[SignedTransaction], timestamp: int, number: int) -> list[Receipt]:
        if self._broken:
            raise EngineError(self._broken)
        started = time.perf_counter()
        try:
            raws = self._mine(signed, timestamp, number)
        except (ConnectionLost, RpcError, EngineError) as error:
            self._broken = self._explain(error, f"in block {number}")
            raise EngineError(self._broken) from error
        each = (time.perf_counter() - started) / max(1, len(signed))
        return [
            receipt_of_rpc(raw, item.calldata_bytes, each) for raw, item in zip(raws, signed, strict=True)
        ]

    def _send(self, signed: Sequence[SignedTransaction]) -> None:
        send_raw(self._rpc, signed, SEND_BATCH)

    def _checked(
        self, raws: Sequence[Any], signed: Sequence[SignedTransaction], number: int
    ) -> list[dict[str, Any]]:
        """Make sure that the block holds exactly these transactions in this order."""
        if len(raws) != len(signed):
            raise EngineError(f"the block holds {len(raws)} transactions instead of {len(signed)}")
        for index, (raw, item) in enumerate(zip(raws, signed, strict=True)):
            if not isinstance(raw, dict):
                raise EngineError(f"transaction {index} of {len(signed)} was not mined: {raw}")
            place = (int(raw["blockNumber"], 16), int(raw["transactionIndex"], 16))
            if raw["transactionHash"] != item.hash or place != (number, index):
                raise EngineError(
                    f"transaction {index} of block {number} was mined as number {place[1]} of {place[0]}"
                )
        return list(raws)

    def _explain(self, error: Exception, where: str) -> str:
        state = f"; {self.process.state()}" if isinstance(error, ConnectionLost) else ""
        return f"{self.name} failed {where}: {error}{state}"

    def collect(self, handle: PendingBlocks) -> list[Receipt]:
        """Wait for a submission; an ``EngineError`` carries the receipts known by then."""
        receipts: list[Receipt] = []
        for future in handle.futures:
            try:
                receipts += future.result()
            except EngineError as error:
                known = f"{len(receipts)} of the {handle.transactions} receipts of this submission are known"
                raise EngineError(f"{error} ({known})", receipts) from error
        return receipts

    def send_block(self, transactions: Sequence[Transaction] | SignedBlocks, timestamp: int) -> list[Receipt]:
        """Submit and collect."""
        return self.collect(self.submit_block(transactions, timestamp))

    def _ask(self, question: Callable[[], T]) -> T:
        """Run something on the thread that owns the connection, after everything submitted before."""

        def guarded() -> T:
            if self._broken:
                raise EngineError(self._broken)
            try:
                return question()
            except ConnectionLost as error:
                self._broken = self._explain(error, f"after block {self._number}")
                raise EngineError(self._broken) from error
            except RpcError as error:
                raise EngineError(f"{self.name}: {error}") from error

        return self._worker.submit(guarded).result()

    def call(
        self, to: str, data: bytes, *, sender: str = ZERO_ADDRESS, timestamp: int | None = None
    ) -> bytes:
        """Run a read-only call; for a ``timestamp``, on a block added first and taken back afterwards."""
        if timestamp is None:
            return self.call_many([Call(to, data, sender)])[0]
        snapshot_id = self.snapshot()
        try:
            self.send_block([], timestamp)
            return self.call_many([Call(to, data, sender)])[0]
        finally:
            self.revert(snapshot_id)

    def snapshot(self) -> int:
        """Remember the present state."""
        name = self._ask(lambda: self._rpc.call("evm_snapshot"))
        self._snapshot_count += 1
        self._snapshots[self._snapshot_count] = (name, self._number, self._time, dict(self._signer.nonces))
        return self._snapshot_count

    def revert(self, snapshot_id: int) -> None:
        """Go back to a snapshot, which also clears the fault left by a transaction that the node refused."""
        if snapshot_id not in self._snapshots:
            raise EngineError(f"there is no snapshot {snapshot_id}; open ones: {sorted(self._snapshots)}")
        name, number, timestamp, nonces = self._snapshots[snapshot_id]
        # What is still in flight must end first; only then is the fault it may leave the last one.
        self._worker.submit(lambda: None).result()
        self._broken = None
        if not self._ask(lambda: self._rpc.call("evm_revert", name)):
            raise EngineError(f"{self.name} no longer knows snapshot {snapshot_id}")
        self._snapshots = {key: value for key, value in self._snapshots.items() if key < snapshot_id}
        self._number, self._time = number, timestamp
        self._signer.nonces = nonces
        self._generation += 1

    def fund(self, addresses: Sequence[str], amount_wei: int) -> list[Receipt]:
        """Send each address ether from an account kept for that [wei]."""
        return self.send_block(fund_transactions(self._faucet, addresses, amount_wei), self._time + 1)

    def close(self) -> None:
        """Stop the node, and with it whatever it was still doing. Idempotent."""
        self.process.stop()
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._rpc.close()
