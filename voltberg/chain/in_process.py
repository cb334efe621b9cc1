"""The in-process engine: the EVM itself, without a node, signatures or fees."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from voltberg.chain.accounts import (
    DEFAULT_ACCOUNT_COUNT,
    DEFAULT_BALANCE_ETHER,
    TEST_MNEMONIC,
    WEI_PER_ETHER,
    accounts_of_mnemonic,
)
from voltberg.chain.blocks import (
    check_timestamp,
    check_transactions,
    normalize_address,
    split_into_blocks,
)
from voltberg.chain.engine import (
    CHAIN_ID,
    GENESIS_TIMESTAMP,
    ZERO_ADDRESS,
    Call,
    CallFailed,
    EngineError,
    Receipt,
    Transaction,
)
from voltberg.chain.receipts import CALL_GAS_LIMIT, fund_transactions

_PYTHON_BELOW: Final = (3, 13)


@dataclass(frozen=True, slots=True)
class UnsignedBatch:
    """Transactions as they are: nothing is signed in process.

    Attributes
    ----------
    transactions : tuple[Transaction, ...]
        In order.
    """

    transactions: tuple[Transaction, ...]

    def __len__(self) -> int:
        """Count the transactions."""
        return len(self.transactions)


@dataclass(frozen=True, slots=True)
class FinishedBlocks:
    """A submission that has run already, or failed.

    Attributes
    ----------
    receipts : tuple[Receipt, ...]
        In order.
    error : EngineError or None
        Why it stopped, if it did.
    """

    receipts: tuple[Receipt, ...]
    error: EngineError | None


class InProcessEngine:
    """pyrevm with a node's blocks, accounts and receipts; submissions run at once.

    Parameters
    ----------
    account_count : int, optional
        Number of accounts of the test mnemonic that can send; one more, unlisted, pays for ``fund``.
    mnemonic : str, optional
        Where the addresses come from.
    genesis_timestamp : int, optional
        Time of block 0 [unix s].

    Raises
    ------
    EngineError
        If this Python has no pyrevm.
    """

    name = "evm"

    def __init__(
        self,
        account_count: int = DEFAULT_ACCOUNT_COUNT,
        mnemonic: str = TEST_MNEMONIC,
        genesis_timestamp: int = GENESIS_TIMESTAMP,
    ) -> None:
        if sys.version_info >= _PYTHON_BELOW:
            raise EngineError(
                f"the in-process engine needs Python 3.11 or 3.12 (pyrevm 0.3.7 has no wheels for "
                f"{sys.version_info.major}.{sys.version_info.minor}); the engines ganache, anvil and rpc work"
            )
        try:
            from voltberg.chain.evm_state import AccountState, EvmState
        except ImportError as error:
            raise EngineError(
                f"the in-process engine needs pyrevm 0.3.7, which cannot be imported: {error}"
            ) from error
        keys = accounts_of_mnemonic(mnemonic, account_count + 1)
        self.chain_id = CHAIN_ID
        self.accounts = tuple(account.address for account in keys[:-1])
        self._faucet = keys[-1].address
        self._senders = frozenset((*self.accounts, self._faucet))
        self.state = EvmState(CHAIN_ID)
        for address in self._senders:
            self.state.put_account(address, AccountState(DEFAULT_BALANCE_ETHER * WEI_PER_ETHER))
        self._number, self._time = 0, genesis_timestamp
        self.state.set_block(self._number, self._time)
        self._snapshots: dict[int, tuple[int, int, int]] = {}
        self._snapshot_count = 0

    @property
    def block_number(self) -> int:
        """Number of the latest block."""
        return self._number

    @property
    def timestamp(self) -> int:
        """Time of the latest block [unix s]."""
        return self._time

    def sign(self, transactions: Sequence[Transaction]) -> UnsignedBatch:
        """Check transactions ahead; see ``Engine.sign``."""
        check_transactions(transactions, self._senders)
        return UnsignedBatch(tuple(transactions))

    def submit_block(
        self, transactions: Sequence[Transaction] | UnsignedBatch, timestamp: int
    ) -> FinishedBlocks:
        """Run transactions at once; see ``Engine.submit_block``."""
        check_timestamp(timestamp, self._time)
        if isinstance(transactions, UnsignedBatch):
            transactions = transactions.transactions
        else:
            check_transactions(transactions, self._senders)
        receipts: list[Receipt] = []
        try:
            for index, block in enumerate(split_into_blocks(transactions)):
                receipts += self._run_block(block, timestamp + index)
        except EngineError as error:
            return FinishedBlocks(tuple(receipts), error)
        return FinishedBlocks(tuple(receipts), None)

    def _run_block(self, block: Sequence[Transaction], timestamp: int) -> list[Receipt]:
        started = time.perf_counter()
        self._number, self._time = self._number + 1, timestamp
        self.state.set_block(self._number, timestamp)
        outcomes = [
            self.state.execute(
                item.sender.lower(),
                None if item.to is None else item.to.lower(),
                item.data,
                item.gas_limit,
                item.value_wei,
            )
            for item in block
        ]
        each = (time.perf_counter() - started) / max(1, len(block))
        return [
            Receipt(
                outcome.status,
                outcome.gas_used,
                outcome.logs,
                outcome.created,
                self._number,
                b"" if outcome.status else outcome.output,
                len(item.data),
                each,
            )
            for item, outcome in zip(block, outcomes, strict=True)
        ]

    def collect(self, handle: FinishedBlocks) -> list[Receipt]:
        """Hand over the receipts; see ``Engine.collect``."""
        if handle.error is not None:
            known = f" ({len(handle.receipts)} receipts of this submission are known)"
            raise EngineError(f"{handle.error}{known}", handle.receipts) from handle.error
        return list(handle.receipts)

    def send_block(
        self, transactions: Sequence[Transaction] | UnsignedBatch, timestamp: int
    ) -> list[Receipt]:
        """Submit and collect."""
        return self.collect(self.submit_block(transactions, timestamp))

    def call(
        self, to: str, data: bytes, *, sender: str = ZERO_ADDRESS, timestamp: int | None = None
    ) -> bytes:
        """Run a read-only call; see ``Engine.call``."""
        if timestamp is None:
            return self.call_many([Call(to, data, sender)])[0]
        check_timestamp(timestamp, self._time)
        self.state.set_block(self._number + 1, timestamp)
        try:
            return self.call_many([Call(to, data, sender)])[0]
        finally:
            self.state.set_block(self._number, self._time)

    def call_many(self, calls: Sequence[Call]) -> list[bytes]:
        """Run read-only calls; ``CallFailed`` at the first that fails."""
        results: list[bytes] = []
        for index, call in enumerate(calls):
            outcome = self.state.view(
                normalize_address(call.sender), normalize_address(call.to), call.data, CALL_GAS_LIMIT
            )
            if not outcome.status:
                kind = "reverted" if outcome.output or outcome.gas_used < CALL_GAS_LIMIT else "halted"
                raise CallFailed(f"call {index} to {call.to} failed: {kind}", outcome.output)
            results.append(outcome.output)
        return results

    def get_code(self, address: str) -> bytes:
        """Return the code at an address, empty if none."""
        return self.state.code(normalize_address(address))

    def balance(self, address: str) -> int:
        """Return an account's ether [wei]."""
        return self.state.account(normalize_address(address)).balance_wei

    def nonce(self, address: str) -> int:
        """Return the nonce of an account's next transaction."""
        return self.state.account(normalize_address(address)).nonce

    def snapshot(self) -> int:
        """Remember the present state."""
        self._snapshot_count += 1
        self._snapshots[self._snapshot_count] = (self.state.mark(), self._number, self._time)
        return self._snapshot_count

    def revert(self, snapshot_id: int) -> None:
        """Go back to a snapshot; see ``Engine.revert``."""
        if snapshot_id not in self._snapshots:
            raise EngineError(f"there is no snapshot {snapshot_id}; open ones: {sorted(self._snapshots)}")
        mark, number, timestamp = self._snapshots[snapshot_id]
        self._snapshots = {key: value for key, value in self._snapshots.items() if key < snapshot_id}
        self.state.undo_to(mark, recording=bool(self._snapshots))
        self._number, self._time = number, timestamp
        self.state.set_block(number, timestamp)

    def fund(self, addresses: Sequence[str], amount_wei: int) -> list[Receipt]:
        """Send each address ether from an account kept for that [wei]."""
        return self.send_block(fund_transactions(self._faucet, addresses, amount_wei), self._time + 1)

    def close(self) -> None:
        """Do nothing: there is no process to stop."""

    def __enter__(self) -> Self:
        """Return the engine itself."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the engine."""
        self.close()
