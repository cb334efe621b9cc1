"""Read a CSV or Parquet file into a table whose columns are known and whose numbers are numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voltberg.profiles.errors import ProfileError

PARQUET_SUFFIXES = (".parquet", ".pq")
CSV_SUFFIXES = (".csv", ".csv.gz")
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows, with what is needed to name one of them in an error.

    Parameters
    ----------
    path : Path
        The file.
    frame : DataFrame
        Its rows; text columns as strings, or as typed by Parquet.
    rows : ndarray of int64, shape (n,)
        Row number of each row as a user counts them (see `ProfileError`).
    """

    path: Path
    frame: pd.DataFrame
    rows: NDArray[np.int64]

    def where(self, keep: NDArray[np.bool_]) -> Table:
        """Keep some of the rows.

        Parameters
        ----------
        keep : ndarray of bool, shape (n,)
            Which rows to keep.

        Returns
        -------
        Table
            The kept rows with their row numbers.
        """
        return Table(self.path, self.frame.loc[keep].reset_index(drop=True), self.rows[keep])

    def reject_first(self, bad: NDArray[np.bool_], reason: str, column: str | None = None) -> None:
        """Raise for the first bad row, if there is one.

        Parameters
        ----------
        bad : ndarray of bool, shape (n,)
            Which rows are bad.
        reason : str
            Why; ``{value}`` stands for the value in ``column``.
        column : str or None
            The column to quote.

        Raises
        ------
        ProfileError
            If any row is bad.
        """
        positions = np.flatnonzero(bad)
        if positions.size:
            first = int(positions[0])
            value = "" if column is None else self.frame[column].iloc[first]
            raise ProfileError(self.path, int(self.rows[first]), reason.replace("{value}", repr(value)))

    def text(self, column: str) -> pd.Series:
        """Give a column of identifiers, none of them empty.

        Parameters
        ----------
        column : str
            The column.

        Returns
        -------
        Series of str
            The identifiers without surrounding blanks.

        Raises
        ------
        ProfileError
            If one is empty.
        """
        stripped = self.frame[column].astype("string").fillna("").str.strip()
        self.reject_first((stripped == "").to_numpy(bool), f"{column} is empty")
        return stripped.astype(str)

    def optional_text(self, column: str) -> list[str | None]:
        """Give a column of identifiers that may be empty or missing altogether.

        Parameters
        ----------
        column : str
            The column.

        Returns
        -------
        list of (str or None)
            One entry a row.
        """
        if column not in self.frame:
            return [None] * len(self.frame)
        stripped = self.frame[column].astype("string").fillna("").str.strip()
        return [value or None for value in stripped.astype(str)]

    def numbers(self, column: str, *, blank_allowed: bool = False) -> NDArray[np.float64]:
        """Give a column of finite numbers.

        Parameters
        ----------
        column : str
            The column.
        blank_allowed : bool
            Whether an empty cell means "not known" (NaN) instead of being an error.

        Returns
        -------
        ndarray of float64, shape (n,)
            The numbers.

        Raises
        ------
        ProfileError
            If a cell is empty though it may not be, not a number, or not finite.
        """
        raw = self.frame[column]
        if raw.dtype == object or pd.api.types.is_string_dtype(raw.dtype):
            raw = raw.astype("string").fillna("").str.strip()
            blank = (raw == "").to_numpy(bool)
            value = pd.to_numeric(raw, errors="coerce").to_numpy(np.float64, na_value=np.nan)
            named_nan = raw.str.lower().isin(["nan", "null", "none", "na", "n/a"]).to_numpy(bool)
        else:
            if pd.api.types.is_bool_dtype(raw.dtype) or not pd.api.types.is_numeric_dtype(raw.dtype):
                raise ProfileError(self.path, None, f"{column} has type {raw.dtype}, expected numbers")
            value = raw.to_numpy(np.float64, na_value=np.nan)
            blank = np.isnan(value)
            named_nan = np.zeros(len(value), dtype=bool)
        self.reject_first(named_nan, f"{column} is {{value}} (NaN), expected a number", column)
        if not blank_allowed:
            self.reject_first(blank, f"{column} is blank (NaN), expected a number")
        self.reject_first(np.isinf(value), f"{column} is {{value}}, expected a finite number", column)
        hint = ""
        if raw.dtype == "string" and raw.str.contains(",", regex=False).any():
            hint = " (a decimal comma? use a point)"
        self.reject_first(
            np.isnan(value) & ~blank, f"{column} is {{value}}, which is not a number{hint}", column
        )
        return value


def read_table(path: Path | str, required: Iterable[str], optional: Iterable[str]) -> Table:
    """Read a file and check its columns.

    Parameters
    ----------
    path : Path or str
        A ``.csv``, ``.csv.gz``, ``.parquet`` or ``.pq`` file.
    required : iterable of str
        Columns that must be there.
    optional : iterable of str
        Columns that may be there; any other one is refused.

    Returns
    -------
    Table
        The rows; cells of a CSV file are text.

    Raises
    ------
    ProfileError
        If the file is missing, unreadable, empty, of another kind, or its columns are not those expected.
    """
    path = Path(path)
    if not path.is_file():
        raise ProfileError(path, None, "there is no such file")
    name = path.name.lower()
    if name.endswith(PARQUET_SUFFIXES):
        frame, first_row = _read_parquet(path), 1
    elif name.endswith(CSV_SUFFIXES):
        frame, first_row = _read_csv(path), 2
    else:
        raise ProfileError(path, None, f"file type {path.suffix!r} is unknown, expected .csv or .parquet")
    _check_columns(path, list(frame.columns), list(required), list(optional))
    rows = np.arange(first_row, first_row + len(frame), dtype=np.int64)
    table = Table(path, frame, rows)
    if first_row == 2:
        table = _without_trailing_blanks(table)
    if not len(table.frame):
        raise ProfileError(path, None, "the file has a header and no rows")
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            index_col=False,
        )
    except pd.errors.EmptyDataError as error:
        raise ProfileError(path, None, "the file is empty") from error
    except pd.errors.ParserError as error:
        raise ProfileError(
            path, _row_in_parser_message(str(error)), f"not a well-formed CSV: {error}"
        ) from error
    except UnicodeDecodeError as error:
        raise ProfileError(path, None, f"the file is not UTF-8 text: {error}") from error
    except (OSError, EOFError) as error:
        raise ProfileError(path, None, f"the file can't be read: {error}") from error
    frame.columns = frame.columns.str.removeprefix(BOM).str.strip()
    # a short line leaves missing cells behind: the same as blank ones
    return frame.fillna("")


def _row_in_parser_message(message: str) -> int | None:
    words = message.replace(",", " ").split()
    after_line = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "line"]
    return int(after_line[0]) if after_line and after_line[0].isdigit() else None


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path).reset_index(drop=True)
    except Exception as error:  # pyarrow raises many unrelated types for damaged files
        raise ProfileError(path, None, f"the Parquet file can't be read: {error}") from error


def _check_columns(path: Path, found: list[str], required: list[str], optional: list[str]) -> None:
    # pandas names the second of two equal columns "kw.1"
    originals = [name.rpartition(".")[0] if name.rpartition(".")[0] in found else name for name in found]
    repeated = sorted({name for name in originals if originals.count(name) > 1})
    if repeated:
        raise ProfileError(path, None, f"column {repeated[0]!r} appears more than once")
    missing = [name for name in required if name not in found]
    if missing:
        split_by = next((mark for mark in ";\t|" if len(found) == 1 and mark in found[0]), None)
        hint = f"; the cells seem to be separated by {split_by!r}, expected ','" if split_by else ""
        raise ProfileError(path, None, f"column {missing[0]!r} is missing, found {found}{hint}")
    unknown = [name for name in found if name not in required and name not in optional]
    if unknown:
        known = ", ".join([*required, *optional])
        raise ProfileError(path, None, f"column {unknown[0]!r} is unknown, the schema has: {known}")


def _without_trailing_blanks(table: Table) -> Table:
    filled = np.flatnonzero((table.frame != "").any(axis=1).to_numpy(bool))
    last = int(filled[-1]) + 1 if filled.size else 0
    keep = np.arange(len(table.frame)) < last
    kept = table.where(keep)
    kept.reject_first((kept.frame == "").all(axis=1).to_numpy(bool), "the row is blank")
    return kept
