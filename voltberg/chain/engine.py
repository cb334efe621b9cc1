"""The one interface to a chain: what a transaction, a receipt and an engine are, and how to open an engine.

An engine runs transactions in the order given, in blocks whose number and time the caller decides. The local
engines (``ganache``, ``anvil``, ``evm``) start from the same genesis and the same keys, and give equal
receipts for equal transactions: status, gas, logs, revert data, contract addresses and block numbers.
``rpc`` is somebody else's chain.

What may differ between local engines, and so must not decide anything in a contract: ``block.basefee``,
``block.prevrandao``, ``blockhash``, ``tx.gasprice`` and the ether balance of an account that pays fees (the
in-process engine charges none).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Protocol, Self, cast, runtime_checkable

CHAIN_ID: Final = 1337
"""Chain id of every local engine."""
BLOCK_GAS_LIMIT: Final = 30_000_000
"""Most gas that the transactions of one block may ask for together."""
NODE_GAS_LIMIT: Final = 2 * BLOCK_GAS_LIMIT
"""Gas limit that local nodes are started with. Twice what a block ever holds: the base fee rises only when a
block
is more than half full, so it never rises and one gas price is good for a run of any length."""
GENESIS_TIMESTAMP: Final = 1_262_304_000
"""2010-01-01T00:00:00Z, before any day that can be replayed: block times only go up."""
ZERO_ADDRESS: Final = "0x" + "00" * 20


class EngineError(RuntimeError):
    """An engine cannot go on: the node died, refused a transaction, or was asked for what it cannot do.

    Parameters
    ----------
    message : str
        What happened, with the values that matter.
    receipts : Sequence[Receipt], optional
        Receipts of the submission that were known before it failed, in order: how far it got.
    """

    def __init__(self, message: str, receipts: Sequence[Receipt] = ()) -> None:
        super().__init__(message)
        self.receipts = tuple(receipts)


class CallFailed(EngineError):  # noqa: N818 - says what happened, as a caller reads it
    """A read-only call reverted or ran out of gas.

    Parameters
    ----------
    message : str
        Which call failed.
    data : bytes
        Revert data, empty if the call halted without any.
    """

    def __init__(self, message: str, data: bytes) -> None:
        super().__init__(message)
        self.data = data


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction, before signing: the engine adds nonce, gas price and chain id.

    Attributes
    ----------
    sender : str
        Address that signs, one of the engine's ``accounts``.
    to : str or None
        Contract or account called; None deploys ``data``.
    data : bytes
        Calldata or init code.
    gas_limit : int
        Most gas it may use.
    value_wei : int
        Ether sent with it [wei].
    """

    sender: str
    to: str | None
    data: bytes = b""
    gas_limit: int = 1_000_000
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class Log:
    """One event.

    Attributes
    ----------
    address : str
        Contract that emitted it, lower-case hex.
    topics : tuple[bytes, ...]
        Up to four words of 32 bytes, the first one the event's signature hash.
    data : bytes
        ABI-encoded fields that are not indexed.
    """

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one transaction. Two receipts are equal if the chain did the same; seconds do not count.

    Attributes
    ----------
    status : int
        1 if it succeeded, 0 if it failed.
    gas_used : int
        Gas charged, refund taken off.
    logs : tuple[Log, ...]
        Events in order; none if it failed.
    contract_address : str or None
        Address of a deployed contract, lower-case hex; None for calls and failed deployments.
    block_number : int
        Block that holds it.
    output : bytes
        Revert data if it failed; empty if it succeeded, ran out of gas, or the endpoint of ``rpc`` tells
        nothing.
    calldata_bytes : int
        Length of its calldata or init code [bytes].
    seconds : float
        Its share of the wall time of its block [s].
    """

    status: int
    gas_used: int
    logs: tuple[Log, ...]
    contract_address: str | None
    block_number: int
    output: bytes
    calldata_bytes: int
    seconds: float = field(compare=False, default=0.0)

    @property
    def succeeded(self) -> bool:
        """Whether the transaction took effect."""
        return self.status == 1


@dataclass(frozen=True, slots=True)
class Call:
    """One read-only call.

    Attributes
    ----------
    to : str
        Contract called.
    data : bytes
        Calldata.
    sender : str
        ``msg.sender`` that the contract sees.
    """

    to: str
    data: bytes
    sender: str = ZERO_ADDRESS


class SignedBatch(Protocol):
    """Transactions made ready ahead by ``Engine.sign``; opaque, and only good for the engine that made it."""

    def __len__(self) -> int:
        """Count the transactions."""
        ...


class BlockHandle(Protocol):
    """Work in flight, given by ``Engine.submit_block`` and taken by ``Engine.collect``."""


@runtime_checkable
class Engine(Protocol):
    """A chain that runs transactions; the docstrings say what every engine keeps to.

    Addresses are accepted in any case and returned in lower case. Calls and reads see the state after
    everything submitted before them.
    """

    name: str
    chain_id: int
    accounts: tuple[str, ...]

    @property
    def block_number(self) -> int:
        """Number of the latest block."""
        ...

    @property
    def timestamp(self) -> int:
        """Time of the latest block [unix s]."""
        ...

    def sign(self, transactions: Sequence[Transaction]) -> SignedBatch:
        """Make transactions ready for ``submit_block``.

        Batches must be submitted in the order in which they were signed.
        """
        ...

    def submit_block(self, transactions: Sequence[Transaction] | SignedBatch, timestamp: int) -> BlockHandle:
        """Start running transactions in the order given, and return at once where the engine can.

        They go into one block, or as many as ``BLOCK_GAS_LIMIT`` demands (see ``blocks.split_into_blocks``):
        the first at ``timestamp``, the next at ``timestamp + 1`` and so on. No transactions make one empty
        block. ``timestamp`` must lie after the latest block's.
        """
        ...

    def collect(self, handle: BlockHandle) -> list[Receipt]:
        """Wait for a submission and return its receipts in the order of its transactions."""
        ...

    def send_block(self, transactions: Sequence[Transaction] | SignedBatch, timestamp: int) -> list[Receipt]:
        """Submit and collect."""
        ...

    def call(
        self, to: str, data: bytes, *, sender: str = ZERO_ADDRESS, timestamp: int | None = None
    ) -> bytes:
        """Run a read-only call on the latest block, or as if a block at ``timestamp`` had been added to it.

        Raises ``CallFailed`` with the revert data if it fails.
        """
        ...

    def call_many(self, calls: Sequence[Call]) -> list[bytes]:
        """Run many read-only calls on the latest block, in one batch where the engine can."""
        ...

    def get_code(self, address: str) -> bytes:
        """Return the code at an address, empty if there is none."""
        ...

    def balance(self, address: str) -> int:
        """Return an account's ether [wei]."""
        ...

    def nonce(self, address: str) -> int:
        """Return the nonce of the next transaction of one of ``accounts``, submitted ones counted."""
        ...

    def snapshot(self) -> int:
        """Remember the present state; local engines only."""
        ...

    def revert(self, snapshot_id: int) -> None:
        """Go back to a snapshot, which is used up by it, as are all later ones; local engines only."""
        ...

    def fund(self, addresses: Sequence[str], amount_wei: int) -> list[Receipt]:
        """Send each address ``amount_wei`` of ether, in one more block [wei]."""
        ...

    def close(self) -> None:
        """Let go of everything; stops the engine's own process, if it has one. Idempotent."""
        ...

    def __enter__(self) -> Self:
        """Return the engine itself."""
        ...

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the engine."""
        ...


_ENGINES: Final[Mapping[str, tuple[str, str]]] = {
    "ganache": ("voltberg.chain.ganache", "GanacheEngine"),
    "anvil": ("voltberg.chain.anvil", "AnvilEngine"),
    "evm": ("voltberg.chain.in_process", "InProcessEngine"),
    "rpc": ("voltberg.chain.rpc", "RpcEngine"),
}
ENGINE_NAMES: Final = tuple(_ENGINES)


def open_engine(name: str, **options: Any) -> Engine:
    """Open an engine by name.

    Parameters
    ----------
    name : str
        ``ganache``, ``anvil``, ``evm`` (in-process) or ``rpc`` (any JSON-RPC endpoint).
    **options : Any
        Keyword arguments of the engine's class, for example ``account_count=300`` or ``url="http://..."``.

    Returns
    -------
    Engine
        The open engine; close it, or use it as a context manager.

    Raises
    ------
    EngineError
        If there is no such engine, or it cannot start.
    """
    if name not in _ENGINES:
        raise EngineError(f"no engine is called {name!r}; expected one of {', '.join(ENGINE_NAMES)}")
    module, class_name = _ENGINES[name]
    # Imported only when asked for: pyrevm has no wheels for every Python, and nodes need nothing of it.
    return cast(Engine, getattr(importlib.import_module(module), class_name)(**options))
