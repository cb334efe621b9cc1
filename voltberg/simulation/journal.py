"""A run's memory on disk: one line a finished block, so that a killed run knows how far it got."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from voltberg.simulation.ledger import Execution

JOURNAL_NAME: Final = "journal.jsonl"
_BYTES: Final = "bytes"


class JournalError(ValueError):
    """A journal does not belong to the run that reads it, or cannot be written."""


class Journal:
    """Appends finished blocks to a file and reads them back.

    Parameters
    ----------
    folder : Path
        Output folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_NAME

    def append(self, executions: list[Execution]) -> None:
        """Write one block; what is written survives a kill.

        Parameters
        ----------
        executions : list of Execution
            What became of the block's calls.

        Raises
        ------
        JournalError
            If the disk is full or the file cannot be written.
        """
        row = [
            [e.block_number, e.gas_used, e.calldata_bytes, e.error, e.logs, round(e.seconds, 9)]
            for e in executions
        ]
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, separators=(",", ":"), default=_bytes_as_hex) + "\n")
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be written: {error.strerror}; what it holds is whole up to the last "
                "block, go on with --resume when there is room"
            ) from error

    def blocks(self) -> Iterator[list[Execution]]:
        """Read the finished blocks; a last line that a kill cut off does not count.

        Yields
        ------
        list of Execution
            What became of a block's calls.
        """
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                if not line.endswith("\n"):
                    return
                yield [_execution(row) for row in json.loads(line)]

    def trim(self, blocks: int) -> None:
        """Keep the first blocks only, and with them drop a line that a kill cut off.

        Parameters
        ----------
        blocks : int
            How many to keep.
        """
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            for _ in range(blocks):
                file.readline()
            file.truncate(file.tell())


def _execution(row: list[Any]) -> Execution:
    block_number, gas_used, calldata_bytes, error, logs, seconds = row
    entries = tuple((contract, event, _as_tuple(args)) for contract, event, args in logs)
    return Execution(block_number, gas_used, calldata_bytes, error, entries, seconds)


def _bytes_as_hex(value: bytes) -> dict[str, str]:
    return {_BYTES: value.hex()}


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        return bytes.fromhex(value[_BYTES])
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value
