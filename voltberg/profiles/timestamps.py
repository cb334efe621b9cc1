"""Turn a column of times, with or without UTC offsets, into unix seconds of one calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar, zone
from voltberg.profiles.table import Table

AWARE_PATTERN = r"[T ]\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?\s*(?:Z|z|UTC|[+-]\d\d(?::?\d\d)?)$"
OFFSET_PATTERN = r"(Z|z|UTC|[+-]\d\d(?::?\d\d)?)$"
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times before a zone is laid on it.

    Parameters
    ----------
    aware : bool
        Whether the file gave UTC offsets.
    utc : DatetimeIndex
        Instants (naive UTC) if ``aware``; else what the file's clock showed.
    wall : DatetimeIndex
        What the file's clock showed.
    """

    aware: bool
    utc: pd.DatetimeIndex
    wall: pd.DatetimeIndex


def wall_ns(stamps: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Count the nanoseconds since 1970 of naive times.

    Parameters
    ----------
    stamps : DatetimeIndex
        Times without a zone.

    Returns
    -------
    ndarray of int64, shape (n,)
        Nanoseconds.
    """
    return stamps.to_numpy().astype("datetime64[ns]").astype(np.int64)


def parse_times(table: Table, column: str) -> Times:
    """Parse a column of times.

    Parameters
    ----------
    table : Table
        The file.
    column : str
        The column: ISO 8601 text, or Parquet timestamps.

    Returns
    -------
    Times
        The times, all with UTC offsets or all without.

    Raises
    ------
    ProfileError
        If a cell is blank or no time, or if times with and without an offset are mixed.
    """
    raw = table.frame[column]
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        table.reject_first(raw.isna().to_numpy(bool), f"{column} is blank, expected a time")
        instants = pd.DatetimeIndex(raw.dt.tz_convert("UTC").dt.tz_localize(None))
        return Times(True, instants, pd.DatetimeIndex(raw.dt.tz_localize(None)))
    if pd.api.types.is_datetime64_any_dtype(raw.dtype):
        table.reject_first(raw.isna().to_numpy(bool), f"{column} is blank, expected a time")
        return Times(False, pd.DatetimeIndex(raw), pd.DatetimeIndex(raw))
    text = table.text(column)
    aware = text.str.contains(AWARE_PATTERN, regex=True).to_numpy(bool)
    if aware.any() and not aware.all():
        odd = ~aware if aware[0] else aware
        table.reject_first(odd, f"mixed time zones: {column} {{value}} {_lack(aware[0])}", column)
    instants = pd.DatetimeIndex(
        pd.to_datetime(text, format="ISO8601", errors="coerce", utc=bool(aware.any()))
    )
    table.reject_first(
        np.asarray(instants.isna(), dtype=bool),
        f"{column} is {{value}}, which is not an ISO 8601 time",
        column,
    )
    if not aware.any():
        return Times(False, instants, instants)
    stripped = text.str.replace(OFFSET_PATTERN, "", regex=True).str.strip()
    wall = pd.DatetimeIndex(pd.to_datetime(stripped, format="ISO8601"))
    return Times(True, instants.tz_convert("UTC").tz_localize(None), wall)


def _lack(first_is_aware: bool) -> str:
    lacking = "has no UTC offset and the rows before it have one"
    return lacking if first_is_aware else "has a UTC offset and the rows before it have none"


def to_unix(
    table: Table, times: Times, calendar: FrameCalendar, series: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Lay the calendar's zone on times.

    Times without an offset are read in the calendar's zone. In the hour that a clock change repeats, the
    first of two equal readings of a series is the earlier instant.

    Parameters
    ----------
    table : Table
        The rows.
    times : Times
        Their times.
    calendar : FrameCalendar
        Gives the zone and is quoted in errors.
    series : ndarray of int64, shape (n,)
        Number of the series (household) that each row belongs to.

    Returns
    -------
    ndarray of int64, shape (n,)
        Unix times [s].

    Raises
    ------
    ProfileError
        If a time does not exist in the zone, cannot be told from its double, is not a whole second, or the
        offsets belong to no single zone.
    """
    if times.aware:
        check_offsets(table, times, calendar)
        stamps = times.utc
    else:
        stamps = _localized(table, times.wall, calendar, series)
    nanoseconds = wall_ns(stamps)
    table.reject_first(nanoseconds % SECOND_NS != 0, "the time is not a whole second")
    seconds: NDArray[np.int64] = nanoseconds // SECOND_NS
    return seconds


def check_offsets(table: Table, times: Times, calendar: FrameCalendar) -> None:
    """Refuse UTC offsets that are neither all the same nor those of the calendar's zone.

    Parameters
    ----------
    table : Table
        The rows.
    times : Times
        Their times.
    calendar : FrameCalendar
        Gives the zone.

    Raises
    ------
    ProfileError
        If the offsets belong to no single zone.
    """
    offset_s = (wall_ns(times.wall) - wall_ns(times.utc)) // SECOND_NS
    if not offset_s.size or (offset_s == offset_s[0]).all():
        return
    local = times.utc.tz_localize(UTC).tz_convert(zone(calendar.time_zone)).tz_localize(None)
    expected_s = (wall_ns(local) - wall_ns(times.utc)) // SECOND_NS
    bad = offset_s != expected_s
    first = int(np.argmax(bad))
    table.reject_first(
        bad,
        f"mixed time zones: the UTC offset is {offset_s[first] / 3600:+g} h where {calendar.time_zone} has "
        f"{expected_s[first] / 3600:+g} h, and the file's offsets are not one and the same either",
    )


def _localized(
    table: Table, wall: pd.DatetimeIndex, calendar: FrameCalendar, series: NDArray[np.int64]
) -> pd.DatetimeIndex:
    tz = zone(calendar.time_zone)
    day = f"this day is {calendar.describe()}"
    exists = wall.tz_localize(tz, nonexistent="NaT", ambiguous=np.ones(len(wall), dtype=bool))
    missing = np.asarray(exists.isna(), dtype=bool)
    if missing.any():
        shown = wall[int(np.argmax(missing))]
        table.reject_first(
            missing, f"{shown} does not exist in {calendar.time_zone} (the clocks go forward): {day}"
        )
    late = wall.tz_localize(tz, ambiguous=np.zeros(len(wall), dtype=bool))
    ambiguous = np.asarray(exists != late, dtype=bool)
    if not ambiguous.any():
        return _as_utc(exists)
    pairs = pd.DataFrame({"series": series, "wall": wall})
    order = pairs.groupby(["series", "wall"], sort=False).cumcount().to_numpy()
    count = pairs.groupby(["series", "wall"], sort=False)["wall"].transform("size").to_numpy()
    shown = wall[int(np.argmax(ambiguous))]
    table.reject_first(
        ambiguous & (count != 2),
        f"{shown} is ambiguous in {calendar.time_zone} (the clocks go back and show it twice): "
        f"give UTC offsets, or both hours in order; {day}",
    )
    return _as_utc(wall.tz_localize(tz, ambiguous=~(ambiguous & (order == 1))))


def _as_utc(aware: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return aware.tz_convert("UTC").tz_localize(None)
