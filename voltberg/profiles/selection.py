"""Choose a source, market or date where the user named none: the documented rule of ``select="auto"``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from voltberg.profiles import sessions, tariff
from voltberg.profiles.calendar import FrameCalendar
from voltberg.profiles.errors import ProfileError
from voltberg.profiles.table import read_table
from voltberg.profiles.timestamps import parse_times


def _same_season(day: pd.DatetimeIndex, wanted: date) -> pd.Series:
    return pd.Series(np.asarray((day.month == wanted.month) & (day.day == wanted.day), dtype=bool))


def choose_sessions(path: Path | str, calendar: FrameCalendar, source: str | None) -> tuple[str | None, date]:
    """Choose the source and date whose sessions are laid on a day.

    Among the dates with the calendar's month and day: the calendar's own date if the file has it, else the
    source and date with the most sessions; ties go to the source that comes first by name, then to the
    earlier date.

    Parameters
    ----------
    path : Path or str
        A file of sessions.
    calendar : FrameCalendar
        The replayed day.
    source : str or None
        A source that the user named already.

    Returns
    -------
    source : str or None
        The source; None if the file has no such column.
    session_date : date
        The date.

    Raises
    ------
    ProfileError
        If the file has no session on such a date.
    """
    table = read_table(path, sessions.REQUIRED, sessions.OPTIONAL)
    wall = parse_times(table, "arrival").wall.normalize()
    rows = pd.DataFrame({"source": [name or "" for name in table.optional_text("source")], "day": wall})
    if source == sessions.ALL_SOURCES:
        rows["source"] = source
    elif source is not None:
        rows = rows[rows["source"] == source]
    own = rows[rows["day"] == pd.Timestamp(calendar.day)]
    rows = own if len(own) else rows[_same_season(pd.DatetimeIndex(rows["day"]), calendar.day).to_numpy()]
    if not len(rows):
        reason = f"no session arrives on a {calendar.day:%d %B} of any year: name a session date"
        raise ProfileError(table.path, None, reason)
    counts = rows.groupby(["source", "day"]).size().reset_index(name="sessions")
    best = counts.sort_values(["sessions", "source", "day"], ascending=[False, True, True]).iloc[0]
    return (str(best["source"]) or None), pd.Timestamp(best["day"]).date()


def choose_tariff(path: Path | str, calendar: FrameCalendar, market: str | None) -> tuple[str | None, date]:
    """Choose the market and date whose prices are laid on a day.

    Markets are tried in the order of the file, those with both grid and retailer prices first; of each, the
    calendar's own date, then the earliest date with the same month and day.

    Parameters
    ----------
    path : Path or str
        A file of tariffs.
    calendar : FrameCalendar
        The replayed day.
    market : str or None
        A market that the user named already.

    Returns
    -------
    market : str or None
        The market; None if the file has no such column.
    tariff_date : date
        The date.

    Raises
    ------
    ProfileError
        If no market has such a date.
    """
    table = read_table(path, tariff.REQUIRED, tariff.OPTIONAL)
    times = parse_times(table, "timestamp")
    retailer = table.optional_text("retailer_price")
    rows = pd.DataFrame(
        {
            "market": [name or "" for name in table.optional_text("market")],
            "day": times.wall.normalize(),
            "one_supplier": [value is None or value in ("nan", "NaN", "<NA>") for value in retailer],
            "order": np.arange(len(retailer)),
        }
    )
    if market is not None:
        rows = rows[rows["market"] == market]
    rows = rows[_same_season(pd.DatetimeIndex(rows["day"]), calendar.day).to_numpy()]
    if not len(rows):
        reason = f"no price on a {calendar.day:%d %B} of any year: name a tariff date"
        raise ProfileError(table.path, None, reason)
    rows["other_date"] = rows["day"] != pd.Timestamp(calendar.day)
    best = rows.sort_values(["one_supplier", "other_date", "order"], kind="stable").iloc[0]
    return (str(best["market"]) or None), pd.Timestamp(best["day"]).date()
