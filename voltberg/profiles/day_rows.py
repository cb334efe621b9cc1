"""The rows of one day of household series, and the checks that they are a gapless grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar, zone
from voltberg.profiles.errors import ProfileError
from voltberg.profiles.table import Table
from voltberg.units import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class DayRows:
    """Rows near one calendar, ordered by series and time.

    Parameters
    ----------
    table : Table
        The file, for its path.
    series : ndarray of int64, shape (n,)
        Number of the series that each row belongs to.
    unix_s : ndarray of int64, shape (n,)
        Start of each interval, unix time [s].
    value : ndarray of float64, shape (n,)
        Value of each interval in the file's unit.
    rows : ndarray of int64, shape (n,)
        Row numbers in the file.
    """

    table: Table
    series: NDArray[np.int64]
    unix_s: NDArray[np.int64]
    value: NDArray[np.float64]
    rows: NDArray[np.int64]

    def fault(self, position: int, reason: str) -> ProfileError:
        """Make the error for one of the rows.

        Parameters
        ----------
        position : int
            Position of the row here.
        reason : str
            What is wrong with it.

        Returns
        -------
        ProfileError
            To be raised.
        """
        return ProfileError(self.table.path, int(self.rows[position]), reason)

    def step_s(self, calendar: FrameCalendar) -> int:
        """Find the length of the intervals.

        Parameters
        ----------
        calendar : FrameCalendar
            Quoted in errors.

        Returns
        -------
        int
            The commonest distance between rows of one series [s].

        Raises
        ------
        ProfileError
            If no series has two rows, or the intervals are longer than an hour.
        """
        step = np.diff(self.unix_s)[np.diff(self.series) == 0]
        positive = step[step > 0]
        if not positive.size:
            raise self.fault(
                0, f"gap: a single row is no series, expected rows for all of {calendar.describe()}"
            )
        values, counts = np.unique(positive, return_counts=True)
        usual = int(values[np.argmax(counts)])
        if usual > SECONDS_PER_HOUR:
            raise self.fault(0, f"the intervals are {usual} s long, expected at most {SECONDS_PER_HOUR} s")
        return usual

    def within(self, calendar: FrameCalendar, step_s: int) -> DayRows:
        """Keep the intervals that overlap a calendar.

        Parameters
        ----------
        calendar : FrameCalendar
            The frames.
        step_s : int
            Length of an interval [s].

        Returns
        -------
        DayRows
            The overlapping rows.
        """
        keep = (self.unix_s + step_s > calendar.start_utc) & (self.unix_s < calendar.end_utc)
        return DayRows(self.table, self.series[keep], self.unix_s[keep], self.value[keep], self.rows[keep])


def check_grid(picked: DayRows, ids: tuple[str, ...], calendar: FrameCalendar, step_s: int) -> None:
    """Refuse duplicates, gaps and rows off the grid.

    Parameters
    ----------
    picked : DayRows
        The rows that overlap the calendar.
    ids : tuple of str
        Names of the series.
    calendar : FrameCalendar
        What the rows must cover.
    step_s : int
        Length of an interval [s].

    Raises
    ------
    ProfileError
        If two rows of a series are not one interval apart, or a series does not cover the calendar on the
        common grid.
    """
    same = np.diff(picked.series) == 0
    wrong = np.flatnonzero(same & (np.diff(picked.unix_s) != step_s))
    if wrong.size:
        raise _step_fault(picked, ids, calendar, step_s, int(wrong[0]))
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    ends = np.concatenate([starts[1:], [len(picked.series)]]) - 1
    late = starts[picked.unix_s[starts] > calendar.start_utc]
    if late.size:
        raise _cover_fault(picked, ids, calendar, int(late[0]), "starts", int(picked.unix_s[late[0]]))
    early = ends[picked.unix_s[ends] + step_s < calendar.end_utc]
    if early.size:
        raise _cover_fault(
            picked, ids, calendar, int(early[0]), "ends", int(picked.unix_s[early[0]]) + step_s
        )
    odd = starts[picked.unix_s[starts] != picked.unix_s[0]]
    if odd.size:
        first = int(odd[0])
        name, at = ids[int(picked.series[first])], _shown(int(picked.unix_s[first]), calendar)
        raise picked.fault(
            first, f"irregular: {name} starts at {at}, off the grid of {ids[int(picked.series[0])]}"
        )


def _step_fault(
    picked: DayRows, ids: tuple[str, ...], calendar: FrameCalendar, step_s: int, position: int
) -> ProfileError:
    at = _shown(int(picked.unix_s[position + 1]), calendar)
    name = ids[int(picked.series[position])]
    step = int(picked.unix_s[position + 1] - picked.unix_s[position])
    if step == 0:
        earlier, later = sorted((int(picked.rows[position]), int(picked.rows[position + 1])))
        return ProfileError(
            picked.table.path, later, f"duplicate: {name} at {at} is already in row {earlier}"
        )
    if step % step_s:
        reason = f"irregular: {name} at {at} comes {step} s after the row before it, expected {step_s} s"
        return picked.fault(position + 1, reason)
    missing = step // step_s - 1
    return picked.fault(
        position + 1, f"gap: {missing} interval(s) of {step_s} s missing before {at} for {name}"
    )


def _cover_fault(
    picked: DayRows, ids: tuple[str, ...], calendar: FrameCalendar, position: int, verb: str, unix_s: int
) -> ProfileError:
    name = ids[int(picked.series[position])]
    reason = f"gap: {name} {verb} at {_shown(unix_s, calendar)} and does not cover {calendar.describe()}"
    return picked.fault(position, reason)


def _shown(unix_s: int, calendar: FrameCalendar) -> str:
    return datetime.fromtimestamp(unix_s, tz=zone(calendar.time_zone)).isoformat(sep=" ", timespec="minutes")
