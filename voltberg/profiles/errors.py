"""The one exception of the readers: which file, which row, and why."""

from __future__ import annotations

from pathlib import Path


class ProfileError(ValueError):
    """An input file breaks the documented schema.

    Parameters
    ----------
    path : Path or str
        The file.
    row : int or None
        Line of a CSV file (its header is line 1) or record of a Parquet file (the first is record 1); None
        if the whole file is meant.
    reason : str
        What was found and what was expected.

    Attributes
    ----------
    path : Path
        The file.
    row : int or None
        The row, as above.
    reason : str
        The reason, as above.
    """

    def __init__(self, path: Path | str, row: int | None, reason: str) -> None:
        self.path = Path(path)
        self.row = row
        self.reason = reason
        place = f"{self.path}" if row is None else f"{self.path}, row {row}"
        super().__init__(f"{place}: {reason}")


class CalendarError(ValueError):
    """A day and a frame length that do not fit each other."""
