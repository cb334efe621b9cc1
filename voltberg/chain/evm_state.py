"""World state over pyrevm: single transactions with a node's exact gas, and an undo log.

A plain loop of ``message_call`` is wrong: its journal is never finalised, so slots stay warm and refunds
stale. Here each transaction runs inside a snapshot, its changes are read from the journal, the snapshot is
taken back (everything is cold again), and the changes are written to the database underneath.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from eth_hash.auto import keccak
from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env, ExecutionResult

from voltberg.chain.engine import NODE_GAS_LIMIT, EngineError, Log
from voltberg.chain.evm_journal import TouchedAccount, read_journal

EMPTY_CODE_HASH: Final = keccak(b"")
_SPEC: Final = "Shanghai"
"""Exactly so: pyrevm takes any other spelling for the newest hardfork."""
_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")


@dataclass(slots=True)
class AccountState:
    """What the database underneath holds of an account.

    Attributes
    ----------
    balance_wei : int
        Balance [wei].
    nonce : int
        Nonce.
    code_hash : bytes
        Keccak of its code.
    """

    balance_wei: int = 0
    nonce: int = 0
    code_hash: bytes = EMPTY_CODE_HASH


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one transaction did.

    Attributes
    ----------
    status : int
        1 if it succeeded, 0 if it failed.
    gas_used : int
        Gas charged, refund taken off.
    logs : tuple[Log, ...]
        Events in order.
    output : bytes
        Revert data if it failed; return data of a successful call.
    created : str or None
        Address of a deployed contract.
    """

    status: int
    gas_used: int
    logs: tuple[Log, ...]
    output: bytes
    created: str | None


class EvmState:
    """Accounts and storage of one chain.

    Parameters
    ----------
    chain_id : int
        Chain id that contracts see.
    """

    def __init__(self, chain_id: int) -> None:
        self._evm = EVM(env=Env(cfg=CfgEnv(chain_id=chain_id)), spec_id=_SPEC)
        self._accounts: dict[str, AccountState] = {}
        self._storage: dict[str, dict[int, int]] = {}
        self._code: dict[bytes, bytes] = {}
        self._callees: dict[str | None, frozenset[str]] = {}
        self._undo: list[tuple[str, int | None, AccountState | int]] = []
        self._recording = False

    @property
    def evm(self) -> EVM:
        """The EVM itself, for measurements: whoever uses it takes back what it did."""
        return self._evm

    def set_block(self, number: int, timestamp: int) -> None:
        """Set the block that transactions and calls see.

        Parameters
        ----------
        number : int
            Block number.
        timestamp : int
            Block time [unix s].
        """
        self._evm.set_block_env(BlockEnv(number=number, timestamp=timestamp, gas_limit=NODE_GAS_LIMIT))

    def account(self, address: str) -> AccountState:
        """Return an account; an empty one if nothing is there.

        Parameters
        ----------
        address : str
            Lower-case hex.

        Returns
        -------
        AccountState
            Not to be changed.
        """
        return self._accounts.get(address) or AccountState()

    def code(self, address: str) -> bytes:
        """Return an account's code.

        Parameters
        ----------
        address : str
            Lower-case hex.

        Returns
        -------
        bytes
            Runtime code, empty if none.
        """
        return self._code.get(self.account(address).code_hash, b"")

    def put_account(self, address: str, state: AccountState, code: bytes | None = None) -> None:
        """Write an account to the database.

        Parameters
        ----------
        address : str
            Lower-case hex.
        state : AccountState
            What it becomes.
        code : bytes, optional
            Its code, if the database may not know the code hash yet.
        """
        if self._recording:
            self._undo.append((address, None, self._accounts.get(address) or AccountState()))
        self._accounts[address] = state
        self._write_account(address, state, code)

    def _write_account(self, address: str, state: AccountState, code: bytes | None = None) -> None:
        if code:
            self._code[state.code_hash] = code
            self._insert(address, state, code)
        # Without the code, which the database finds by its hash: less to copy at every change.
        self._insert(address, state, None)

    def _insert(self, address: str, state: AccountState, code: bytes | None) -> None:
        # The stubs of 0.3.7 leave the balance out; the class takes it.
        info = AccountInfo(  # type: ignore[call-arg]
            balance=state.balance_wei, nonce=state.nonce, code_hash=state.code_hash, code=code
        )
        self._evm.insert_account_info(address, info)

    def _put_storage(self, address: str, changes: dict[int, int]) -> None:
        known = self._storage.setdefault(address, {})
        if self._recording:
            self._undo += [(address, slot, known.get(slot, 0)) for slot in changes]
        known.update(changes)
        self._write_storage(address, changes)

    def _write_storage(self, address: str, changes: dict[int, int]) -> None:
        evm = self._evm
        for slot, value in changes.items():
            # The insert loads the account, which makes it warm and would keep the next insert out of the
            # database: the load is taken back after each, the value stays.
            checkpoint = evm.snapshot()
            evm.insert_account_storage(address, slot, value)
            evm.revert(checkpoint)

    def _run(self, sender: str, to: str | None, data: bytes, gas: int, value_wei: int) -> Outcome:
        evm = self._evm
        created = None
        try:
            if to is None:
                created = evm.deploy(sender, data, value_wei, gas).lower()
                output = b""
            else:
                output = evm.message_call(sender, to, data, value_wei, gas)
        except RuntimeError as error:
            text = str(error)
            if text.startswith("Revert"):
                found = _OUTPUT.search(text)
                return Outcome(
                    0, self._result().gas_used, (), bytes.fromhex(found[1]) if found else b"", None
                )
            if text.startswith("Halt"):
                return Outcome(0, self._result().gas_used, (), b"", None)
            raise EngineError(f"evm refused the transaction of {sender}: {text[:200]}") from error
        result = self._result()
        logs = tuple(
            Log(
                log.address.lower(),
                tuple(bytes.fromhex(topic[2:]) for topic in log.topics),
                bytes(log.data[1]),
            )
            for log in result.logs
        )
        return Outcome(1, result.gas_used, logs, bytes(output), created)

    def _result(self) -> ExecutionResult:
        result = self._evm.result
        if result is None:
            raise EngineError("pyrevm gives no result of a transaction that it ran")
        return result

    def execute(self, sender: str, to: str | None, data: bytes, gas: int, value_wei: int) -> Outcome:
        """Run one transaction for good.

        Parameters
        ----------
        sender : str
            Who sends it, lower-case hex.
        to : str or None
            Whom it calls, lower-case hex; None deploys ``data``.
        data : bytes
            Calldata or init code.
        gas : int
            Gas limit.
        value_wei : int
            Ether sent with it [wei].

        Returns
        -------
        Outcome
            Status, gas, events, revert data.

        Raises
        ------
        EngineError
            If no chain would take the transaction, for example because the sender cannot pay the value.
        """
        checkpoint = self._evm.snapshot()
        try:
            outcome = self._run(sender, to, data, gas, value_wei)
            changes = self._changes(to) if outcome.status else []
        finally:
            self._evm.revert(checkpoint)
        nonce = self.account(sender).nonce + 1
        for touched in changes:
            self._apply(touched)
        # A call never raises the sender's nonce here, and a failed deployment loses the rise with its
        # journal.
        now = self.account(sender)
        if now.nonce != nonce:
            self.put_account(sender, AccountState(now.balance_wei, nonce, now.code_hash))
        return outcome

    def _changes(self, to: str | None) -> list[TouchedAccount]:
        """Read what the transaction that has just run did, without the code of contracts that are known.

        The journal's text holds the code of every contract called, which is nearly all of it. Contracts that
        calls of ``to`` have reached before are therefore given the same account again, without code; one that
        is missing here costs time and nothing else.
        """
        evm = self._evm
        callees = self._callees.get(to, frozenset())
        for address in callees:
            info = evm.basic(address)
            if info.code_hash == self._accounts[address].code_hash:
                bare = AccountInfo(  # type: ignore[call-arg]
                    balance=info.balance, nonce=info.nonce, code_hash=info.code_hash
                )
                evm.insert_account_info(address, bare)
        changes = list(read_journal(evm.journal_str))
        if found := {item.address for item in changes if item.code_hash in self._code} - callees:
            self._callees[to] = callees | found
        return changes

    def _apply(self, touched: TouchedAccount) -> None:
        address = touched.address
        if touched.destroyed:
            self._clear(address)
            return
        if touched.created and self._storage.get(address):
            self._put_storage(address, dict.fromkeys(self._storage[address], 0))
        before = self.account(address)
        after = AccountState(touched.balance_wei, touched.nonce, touched.code_hash)
        if after != before:
            self.put_account(address, after, touched.code)
        if touched.storage:
            self._put_storage(address, {slot: value for slot, (_, value) in touched.storage.items()})

    def _clear(self, address: str) -> None:
        """Delete an account that destroyed itself: balance, nonce, code and every slot (shanghai's rule)."""
        self.put_account(address, AccountState())
        held = {slot: 0 for slot, value in self._storage.get(address, {}).items() if value}
        if held:
            self._put_storage(address, held)

    def view(self, sender: str, to: str, data: bytes, gas: int) -> Outcome:
        """Run a call and take back whatever it did.

        Parameters
        ----------
        sender : str
            ``msg.sender``, lower-case hex.
        to : str
            Contract, lower-case hex.
        data : bytes
            Calldata.
        gas : int
            Gas limit.

        Returns
        -------
        Outcome
            With the return data, or the revert data, as ``output``.
        """
        checkpoint = self._evm.snapshot()
        try:
            return self._run(sender, to, data, gas, 0)
        finally:
            self._evm.revert(checkpoint)

    def mark(self) -> int:
        """Start, or go on, recording what changes.

        Returns
        -------
        int
            A point that ``undo_to`` can go back to.
        """
        self._recording = True
        return len(self._undo)

    def undo_to(self, mark: int, *, recording: bool) -> None:
        """Take back every change since a mark, the latest first.

        Parameters
        ----------
        mark : int
            From ``mark``.
        recording : bool
            Whether earlier marks are still wanted.
        """
        while len(self._undo) > mark:
            address, slot, old = self._undo.pop()
            if isinstance(old, AccountState):
                self._accounts[address] = old
                self._write_account(address, old)
            elif slot is not None:
                self._storage[address][slot] = old
                self._write_storage(address, {slot: old})
        self._recording = recording
