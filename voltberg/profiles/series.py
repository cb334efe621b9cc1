"""Readers of household load and PV generation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar, zone
from voltberg.profiles.day_rows import DayRows, check_grid
from voltberg.profiles.errors import ProfileError
from voltberg.profiles.resample import to_frames_half_up_wh
from voltberg.profiles.table import Table, read_table
from voltberg.profiles.timestamps import Times, check_offsets, parse_times, to_unix
from voltberg.units import MICRO, MILLI, MILLIJOULE_PER_WH, W_PER_KW, WH_PER_KWH

KEY_COLUMNS = ("household_id", "timestamp")
UNITS = ("kw", "w", "kwh", "wh")
MAX_HOUSEHOLD_W = 100 * W_PER_KW
"""No household draws or feeds in more on a low-voltage feeder: above it the unit is wrong."""
MIN_FILE_PEAK_W = 5
"""If no household of a file ever reaches this mean power, the values are kW or kWh in a column of W or Wh."""


@dataclass(frozen=True, slots=True)
class HouseholdSeries:
    """Energy per household and frame.

    Parameters
    ----------
    calendar : FrameCalendar
        The frames.
    household_ids : tuple of str
        One identifier a row.
    energy_wh : ndarray of int64, shape (households, frames)
        Energy in each frame [Wh], not negative.
    """

    calendar: FrameCalendar
    household_ids: tuple[str, ...]
    energy_wh: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SeriesFile:
    """A parsed file of load or PV, before one of its days is chosen.

    Parameters
    ----------
    kind : str
        ``"load"`` or ``"pv"``.
    table : Table
        The rows.
    times : Times
        Start of each interval.
    ids : tuple of str
        The series in order of appearance.
    series : ndarray of int64, shape (n,)
        Position in ``ids`` of each row.
    unit : str
        ``"kw"``, ``"w"``, ``"kwh"`` or ``"wh"``.
    value : ndarray of float64, shape (n,)
        Mean power or energy of each interval [unit], not negative.
    """

    kind: str
    table: Table
    times: Times
    ids: tuple[str, ...]
    series: NDArray[np.int64]
    unit: str
    value: NDArray[np.float64]

    def first_day(self, time_zone: str) -> date:
        """Give the first date that is as full as the dates of this file usually are.

        Parameters
        ----------
        time_zone : str
            Zone for times that carry a UTC offset; other times are taken as they stand.

        Returns
        -------
        date
            A date on which at least one series has the file's usual number of rows a day.
        """
        wall = self.times.wall
        if self.times.aware:
            wall = self.times.utc.tz_localize("UTC").tz_convert(zone(time_zone)).tz_localize(None)
        day = wall.normalize()
        rows = pd.Series(1, index=pd.MultiIndex.from_arrays([self.series, day])).groupby(level=[0, 1]).size()
        usual = int(rows.mode().max())
        full = rows[rows >= usual].index.get_level_values(1)
        return pd.Timestamp(full.min()).date()

    def on(self, calendar: FrameCalendar) -> HouseholdSeries:
        """Give the energy per frame of one calendar.

        Parameters
        ----------
        calendar : FrameCalendar
            The frames wanted.

        Returns
        -------
        HouseholdSeries
            All series that have rows in the calendar.

        Raises
        ------
        ProfileError
            If there are no rows, gaps, duplicates, times off the file's own grid, or values of the wrong
            magnitude.
        """
        check_offsets(self.table, self.times, calendar)
        near = self._near(calendar)
        if not near.any():
            first, last = self.times.wall.min(), self.times.wall.max()
            reason = f"no {self.kind} rows on {calendar.describe()}; the file has {first} to {last}"
            raise ProfileError(self.table.path, None, reason)
        table, series = self.table.where(near), self.series[near]
        times = Times(self.times.aware, self.times.utc[near], self.times.wall[near])
        unix_s = to_unix(table, times, calendar, series)
        order = np.lexsort((unix_s, series))
        picked = DayRows(table, series[order], unix_s[order], self.value[near][order], table.rows[order])
        return self._framed(picked, calendar)

    def _near(self, calendar: FrameCalendar) -> NDArray[np.bool_]:
        stamps = self.times.utc if self.times.aware else self.times.wall
        tz = zone("UTC" if self.times.aware else calendar.time_zone)
        hour = timedelta(hours=1)
        start = pd.Timestamp(datetime.fromtimestamp(calendar.start_utc, tz=tz).replace(tzinfo=None)) - hour
        end = pd.Timestamp(datetime.fromtimestamp(calendar.end_utc, tz=tz).replace(tzinfo=None))
        return np.asarray(stamps > start) & np.asarray(stamps < end)

    def _framed(self, picked: DayRows, calendar: FrameCalendar) -> HouseholdSeries:
        step_s = picked.step_s(calendar)
        picked = picked.within(calendar, step_s)
        check_grid(picked, self.ids, calendar, step_s)
        energy_mj = _energy_mj(picked.value, self.unit, step_s)
        self._check_magnitude(picked, energy_mj, step_s)
        present = np.unique(picked.series)
        matrix = energy_mj.reshape(len(present), -1)
        energy_wh = to_frames_half_up_wh(matrix, int(picked.unix_s[0]), step_s, calendar)
        energy_wh.setflags(write=False)
        return HouseholdSeries(calendar, tuple(self.ids[i] for i in present), energy_wh)

    def _check_magnitude(self, picked: DayRows, energy_mj: NDArray[np.int64], step_s: int) -> None:
        mean_w = energy_mj / (MILLI * step_s)
        high = int(np.argmax(mean_w))
        if mean_w[high] > MAX_HOUSEHOLD_W:
            found = (
                f"{picked.value[high]:g} {self.unit} in {step_s} s is {mean_w[high]:,.0f} W for one household"
            )
            hint = "(W or Wh in a column of kW or kWh?)"
            reason = f"wrong unit by magnitude: {found}, more than {MAX_HOUSEHOLD_W:,} W {hint}"
            raise ProfileError(self.table.path, int(picked.rows[high]), reason)
        idle_pv = self.kind == "pv" and mean_w[high] == 0
        if mean_w[high] < MIN_FILE_PEAK_W and not idle_pv:
            reason = (
                f"wrong unit by magnitude: the highest of all values, {picked.value[high]:g} {self.unit}, is "
                f"{mean_w[high]:.3g} W, less than {MIN_FILE_PEAK_W} W (kW or kWh in a column of W or Wh?)"
            )
            raise ProfileError(self.table.path, int(picked.rows[high]), reason)


def _energy_mj(value: NDArray[np.float64], unit: str, step_s: int) -> NDArray[np.int64]:
    # powers are rounded once, to 1 mW, so that all that follows is exact in integers
    scale = {"kw": MICRO, "w": MILLI, "kwh": WH_PER_KWH * MILLIJOULE_PER_WH, "wh": MILLIJOULE_PER_WH}[unit]
    rounded = np.rint(value * scale).astype(np.int64)
    energy: NDArray[np.int64] = rounded * step_s if unit in ("kw", "w") else rounded
    return energy


def open_series(path: Path | str, kind: str) -> SeriesFile:
    """Read and check a file of load or PV.

    Parameters
    ----------
    path : Path or str
        The file; its columns are described in ``docs/profiles.md``.
    kind : str
        ``"load"`` or ``"pv"``.

    Returns
    -------
    SeriesFile
        The rows, of which a day can be chosen.

    Raises
    ------
    ProfileError
        If the file breaks the schema.
    ValueError
        If the kind is unknown.
    """
    if kind not in ("load", "pv"):
        msg = f"kind is {kind!r}, expected 'load' or 'pv'"
        raise ValueError(msg)
    other = "pv" if kind == "load" else "load"
    own = [*UNITS, *(f"{kind}_{unit}" for unit in UNITS)]
    table = read_table(path, KEY_COLUMNS, [*own, *(f"{other}_{unit}" for unit in UNITS)])
    present = [name for name in own if name in table.frame]
    if len(present) != 1:
        expected = f"expected exactly one of {', '.join(own)}"
        what = "no column holds the values" if not present else f"columns {present} all hold values"
        raise ProfileError(table.path, None, f"{what}: {expected}")
    column = present[0]
    value = table.numbers(column)
    table.reject_first(value < 0, f"negative {kind}: {column} is {{value}}, expected 0 or more", column)
    codes, ids = pd.factorize(table.text("household_id"))
    times = parse_times(table, "timestamp")
    return SeriesFile(
        kind, table, times, tuple(ids), codes.astype(np.int64), column.rpartition("_")[2], value
    )


def read_load(path: Path | str, calendar: FrameCalendar) -> HouseholdSeries:
    """Read the load of households on the frames of a calendar.

    Parameters
    ----------
    path : Path or str
        A CSV or Parquet file with ``household_id``, ``timestamp`` (start of the interval) and one of ``kw``,
        ``w``, ``kwh``, ``wh`` (or the same with ``load_`` before it).
    calendar : FrameCalendar
        The frames; its zone is that of times without a UTC offset.

    Returns
    -------
    HouseholdSeries
        Consumption [Wh].

    Raises
    ------
    ProfileError
        If the file breaks the schema; row and reason are named.
    """
    return open_series(path, "load").on(calendar)


def read_pv(path: Path | str, calendar: FrameCalendar) -> HouseholdSeries:
    """Read PV generation on the frames of a calendar.

    Parameters
    ----------
    path : Path or str
        As for `read_load`, with ``pv_`` before the unit if need be.
    calendar : FrameCalendar
        The frames; its zone is that of times without a UTC offset.

    Returns
    -------
    HouseholdSeries
        Generation [Wh].

    Raises
    ------
    ProfileError
        If the file breaks the schema; row and reason are named.
    """
    return open_series(path, "pv").on(calendar)
