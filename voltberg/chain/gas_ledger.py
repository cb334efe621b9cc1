"""The gas ledger: one row for each transaction, kept as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import pandas as pd

from voltberg.chain.engine import Receipt

COLUMNS: Final = (
    "frame",
    "operation",
    "sender",
    "gas",
    "calldata_bytes",
    "status",
    "revert_reason",
    "block_number",
    "seconds",
)
_INTEGERS: Final = {"frame", "gas", "calldata_bytes", "status", "block_number"}


def _hex_reason(data: bytes) -> str:
    return "0x" + data.hex() if data else ""


class GasLedger:
    """Collects transactions as they come.

    Parameters
    ----------
    decode_error : Callable[[bytes], str], optional
        Makes a reason out of revert data; by default its hex. Called once for each different revert data.
    """

    def __init__(self, decode_error: Callable[[bytes], str] = _hex_reason) -> None:
        self._decode_error = decode_error
        self._reasons: dict[bytes, str] = {}
        self._columns: dict[str, list[int | float | str]] = {name: [] for name in COLUMNS}

    def __len__(self) -> int:
        """Count the transactions."""
        return len(self._columns["frame"])

    @property
    def gas_total(self) -> int:
        """Gas of all transactions, failed ones included."""
        return sum(int(gas) for gas in self._columns["gas"])

    def reason(self, receipt: Receipt) -> str:
        """Say why a transaction failed.

        Parameters
        ----------
        receipt : Receipt
            Receipt.

        Returns
        -------
        str
            Empty if it succeeded; ``halted`` if it ran out of gas or met an invalid instruction, or reverted
            with nothing to say.
        """
        if receipt.succeeded:
            return ""
        if not receipt.output:
            return "halted"
        known = self._reasons.get(receipt.output)
        if known is None:
            known = self._reasons[receipt.output] = self._decode_error(receipt.output)
        return known

    def add(self, frame: int, operation: str, sender: str, receipt: Receipt) -> None:
        """Add one transaction.

        Parameters
        ----------
        frame : int
            Delivery frame that it belongs to.
        operation : str
            What it did, for example ``book.place``.
        sender : str
            Who sent it.
        receipt : Receipt
            What became of it.
        """
        columns = self._columns
        columns["frame"].append(frame)
        columns["operation"].append(operation)
        columns["sender"].append(sender)
        columns["gas"].append(receipt.gas_used)
        columns["calldata_bytes"].append(receipt.calldata_bytes)
        columns["status"].append(receipt.status)
        columns["revert_reason"].append(self.reason(receipt))
        columns["block_number"].append(receipt.block_number)
        columns["seconds"].append(receipt.seconds)

    def extend(self, frame: int, operations: Iterable[tuple[str, str]], receipts: Sequence[Receipt]) -> None:
        """Add the transactions of one submission.

        Parameters
        ----------
        frame : int
            Delivery frame that they belong to.
        operations : Iterable[tuple[str, str]]
            Operation and sender of each.
        receipts : Sequence[Receipt]
            Receipts in the same order.

        Raises
        ------
        ValueError
            If there are more of the ones than of the others.
        """
        for (operation, sender), receipt in zip(operations, receipts, strict=True):
            self.add(frame, operation, sender, receipt)

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each transaction in the order in which they were added, columns ``COLUMNS``.
        """
        table = pd.DataFrame(self._columns, columns=list(COLUMNS))
        return table.astype(dict.fromkeys(_INTEGERS, "int64") | {"seconds": "float64"})
