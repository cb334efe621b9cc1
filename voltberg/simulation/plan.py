"""What a replay sends to a ledger: calls in blocks, each with the outcome that the exact twin predicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

GAS_LIMITS: Final[dict[str, int]] = {
    "register": 10_000_000,
    "open_frames": 1_000_000,
    "place": 600_000,
    "release": 6_000_000,
    "clear": 12_000_000,
    "release_records": 4_000_000,
    "report_delivery": 6_000_000,
    "settle_unmetered": 6_000_000,
    "finalise": 2_000_000,
    "storage_book": 3_000_000,
    "storage_move": 6_000_000,
    "record_supply": 8_000_000,
    "attest_sessions": 4_000_000,
}
"""Most gas that a transaction of an operation may use; the others get ``DEFAULT_GAS_LIMIT``."""
LogEntry = tuple[str, str, tuple[Any, ...]]
"""Contract, event and its values, indexed ones included."""
DEFAULT_GAS_LIMIT: Final = 300_000
RECORDS_PER_CALL: Final = 100
"""Records of a meter's batch: far from the block gas limit, and one record gets no cheaper from here on."""
BLOCK_GAS_LIMIT: Final = 30_000_000
"""Most gas that the calls of one block may ask for together, as on the main network."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One transaction of a replay.

    Parameters
    ----------
    frame : int
        Frame that it is about, on the global grid.
    operation : str
        What it does, in the words of the gas table: ``place``, ``cancel``, ``deposit`` ...
    contract, function : str
        What it calls.
    args : tuple
        Arguments.
    sender : str
        Address that signs.
    error : str
        Error that the twin predicts, ``"Name: a, b"``; empty for success.
    logs : tuple of LogEntry
        Events that it predicts.
    """

    frame: int
    operation: str
    contract: str
    function: str
    args: tuple[Any, ...]
    sender: str
    error: str = ""
    logs: tuple[LogEntry, ...] = ()

    @property
    def gas_limit(self) -> int:
        """Most gas that the transaction may use."""
        return GAS_LIMITS.get(self.operation, DEFAULT_GAS_LIMIT)


@dataclass(frozen=True, slots=True)
class Block:
    """Calls that run at one time, in this order.

    Parameters
    ----------
    timestamp : int
        Unix time [s].
    calls : tuple of PlannedCall
        The calls.
    """

    timestamp: int
    calls: tuple[PlannedCall, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """The addresses that act in a replay.

    Parameters
    ----------
    supervisor, grid, retailer, platform, storage_operator, operator, meter : str
        The roles of the market.
    stations : tuple of str
        One account a charging site.
    households : tuple of str
        One account a household.
    """

    supervisor: str
    grid: str
    retailer: str
    platform: str
    storage_operator: str
    operator: str
    meter: str
    stations: tuple[str, ...]
    households: tuple[str, ...]

    ROLE_NAMES = ("supervisor", "grid", "retailer", "platform", "storage_operator", "operator", "meter")

    def name_of(self) -> dict[str, str]:
        """Give the name of each address: its role, ``station 1`` ..., ``household 1`` ...

        Returns
        -------
        dict of str to str
            Name by address.
        """
        names = {getattr(self, role): role for role in self.ROLE_NAMES}
        names.update({address: f"station {number}" for number, address in enumerate(self.stations, start=1)})
        names.update(
            {address: f"household {number}" for number, address in enumerate(self.households, start=1)}
        )
        return names


def batches(records: list[int]) -> Iterator[list[int]]:
    """Cut a meter's records into calls.

    Parameters
    ----------
    records : list of int
        Packed records.

    Yields
    ------
    list of int
        At most ``RECORDS_PER_CALL`` of them.
    """
    for first in range(0, len(records), RECORDS_PER_CALL):
        yield records[first : first + RECORDS_PER_CALL]
