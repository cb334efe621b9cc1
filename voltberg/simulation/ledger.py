"""What a replay asks of whatever executes its calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from voltberg.simulation.plan import Block, LogEntry, PlannedCall

View = tuple[str, str, tuple[Any, ...]]
"""Contract, view function and its arguments."""
FinalState = dict[View, Any]
"""Values of public views at the end, as the ledger gave them, by contract, function and arguments."""


class LedgerError(RuntimeError):
    """The ledger cannot go on; the message says how far it got."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What the ledger says became of one call.

    Parameters
    ----------
    block_number : int
        Block that holds it.
    gas_used : int
        Gas.
    calldata_bytes : int
        Length of the calldata [bytes].
    error : str
        Why it failed, ``"Name: a, b"``; empty if it succeeded.
    logs : tuple of LogEntry
        The market's events.
    seconds : float
        Its share of the wall time of its block [s].
    """

    block_number: int
    gas_used: int
    calldata_bytes: int
    error: str
    logs: tuple[LogEntry, ...]
    seconds: float

    @property
    def same_but_time(self) -> tuple[int, int, int, str, tuple[LogEntry, ...]]:
        """Everything that two runs with one seed must share."""
        return self.block_number, self.gas_used, self.calldata_bytes, self.error, self.logs


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of a replay: what was planned and what the ledger did.

    Parameters
    ----------
    timestamp : int
        Block time [unix s].
    planned : PlannedCall
        The call and the twin's prediction.
    execution : Execution
        What the ledger says.
    """

    timestamp: int
    planned: PlannedCall
    execution: Execution

    @property
    def explained(self) -> bool:
        """Whether the ledger did what the twin predicted: the same error, or success with the same events."""
        return self.execution.error == self.planned.error and self.execution.logs == self.planned.logs


@dataclass(frozen=True, slots=True)
class PreparedBlock:
    """A block ready to be sent.

    Parameters
    ----------
    timestamp : int
        Unix time [s].
    transactions : object
        Whatever the ledger made of its calls.
    """

    timestamp: int
    transactions: Any


class Ledger(Protocol):
    """Executes blocks of calls; at most one block is in flight."""

    def prepare(self, block: Block) -> PreparedBlock:
        """Encode and sign a block ahead; blocks are submitted in the order in which they were prepared."""
        ...

    def submit(self, prepared: PreparedBlock) -> None:
        """Start a prepared block and return at once where the ledger can."""
        ...

    def collect(self) -> list[Execution]:
        """Wait for the block in flight and tell what became of its calls, in their order."""
        ...

    def read(self, views: Sequence[View]) -> list[Any]:
        """Read views on the latest block."""
        ...
