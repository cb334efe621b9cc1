"""Reader of EV charging sessions, and the rule that lays another date's sessions on the replayed day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar, zone
from voltberg.profiles.errors import ProfileError
from voltberg.profiles.ev_session import EvSession
from voltberg.profiles.table import Table, read_table
from voltberg.profiles.timestamps import SECOND_NS, Times, parse_times, to_unix, wall_ns
from voltberg.units import (
    PERCENT,
    SECONDS_PER_HOUR,
    W_PER_KW,
    WH_PER_KWH,
    kw_to_w_half_even,
    kwh_to_wh_half_even,
    power_up_w,
)

REQUIRED = ("session_id", "arrival", "departure", "energy_kwh")
OPTIONAL = (
    "source",
    "ev_id",
    "household_id",
    "site",
    "max_kw",
    "max_kw_est",
    "battery_kwh",
    "battery_kwh_est",
    "soc_in_pct",
    "soc_in_pct_est",
    "requested_kwh",
)
ALL_SOURCES = "*"
"""Takes the sessions of every source of a file whose sources share one clock."""
DEFAULT_MAX_POWER_W = 11 * W_PER_KW
"""Charger power of a session whose file says none (three-phase 16 A); raised to what its energy needs."""
MAX_POWER_W = 150 * W_PER_KW
"""No session on a low-voltage feeder charges faster on average."""
MAX_ENERGY_KWH = 300
"""No passenger car takes more in one session: above it the unit is wrong."""


def read_sessions(
    path: Path | str,
    calendar: FrameCalendar,
    *,
    source: str | None = None,
    session_date: date | None = None,
    limit: int | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[EvSession, ...]:
    """Read the EV sessions that begin on one date and lay them on a calendar.

    A session belongs to the date on which it arrives, by the file's own clock. If ``session_date`` is
    another date than the calendar's, each session keeps the wall-clock time of its arrival and its length.

    Parameters
    ----------
    path : Path or str
        A CSV or Parquet file; its columns are described in ``docs/profiles.md``.
    calendar : FrameCalendar
        The replayed day; its zone is that of times without a UTC offset.
    source : str or None
        Take only sessions of this source, or of all with ``"*"``; needed if the file has several.
    session_date : date or None
        The date whose sessions are taken; None for the calendar's own.
    limit : int or None
        Draw this many of them without replacement.
    rng : numpy.random.Generator or None
        Draws; needed with ``limit``.

    Returns
    -------
    tuple of EvSession
        By arrival, then identifier.

    Raises
    ------
    ProfileError
        If the file breaks the schema, or has no session on that date.
    ValueError
        If ``limit`` comes without ``rng`` or is negative.
    """
    if limit is not None and (rng is None or limit < 0):
        msg = f"limit is {limit}: expected 0 or more, and a generator to draw with"
        raise ValueError(msg)
    table = _of_source(read_table(path, REQUIRED, OPTIONAL), source)
    arrival, departure = parse_times(table, "arrival"), parse_times(table, "departure")
    wanted = session_date or calendar.day
    chosen = _chosen_rows(table, arrival, wanted)
    day = _Day(table.where(chosen), _pick(arrival, chosen), _pick(departure, chosen))
    sessions = sorted(day.sessions(calendar, wanted), key=lambda s: (s.arrival_utc, s.session_id))
    if limit is not None and rng is not None and limit < len(sessions):
        drawn = np.sort(rng.choice(len(sessions), size=limit, replace=False))
        sessions = [sessions[int(i)] for i in drawn]
    return tuple(sessions)


def _of_source(table: Table, source: str | None) -> Table:
    sources = table.optional_text("source")
    names = sorted({name or "" for name in sources})
    if source is None:
        if len(names) > 1:
            raise ProfileError(
                table.path,
                None,
                f"the file has sessions of several sources, choose one or {ALL_SOURCES!r}: {names}",
            )
        return table
    if source == ALL_SOURCES:
        return table
    if source not in names:
        raise ProfileError(table.path, None, f"session source {source!r} is unknown, the file has {names}")
    return table.where(np.array([name == source for name in sources], dtype=bool))


def _chosen_rows(table: Table, arrival: Times, wanted: date) -> NDArray[np.bool_]:
    chosen = np.asarray(arrival.wall.normalize() == pd.Timestamp(wanted), dtype=bool)
    if not chosen.any():
        first, last = arrival.wall.min().date(), arrival.wall.max().date()
        span = f"the file has {first} to {last}"
        reason = f"no session arrives on {wanted}; {span}: name one of its dates as session date"
        raise ProfileError(table.path, None, reason)
    return chosen


def _pick(times: Times, chosen: NDArray[np.bool_]) -> Times:
    return Times(times.aware, times.utc[chosen], times.wall[chosen])


@dataclass(frozen=True, slots=True)
class _Day:
    """The rows of one date."""

    table: Table
    arrival: Times
    departure: Times

    def sessions(self, calendar: FrameCalendar, wanted: date) -> list[EvSession]:
        table = self.table
        ids = table.text("session_id")
        table.reject_first(ids.duplicated().to_numpy(bool), "duplicate session {value}", "session_id")
        energy = self._energies()
        arrival_s, length_s = self._spans(calendar, wanted)
        mean_w = energy * WH_PER_KWH * SECONDS_PER_HOUR / length_s
        impossible = "energy impossible for its window: {value} kWh need over"
        reason = f"{impossible} {MAX_POWER_W // W_PER_KW} kW throughout"
        table.reject_first(mean_w > MAX_POWER_W, reason, "energy_kwh")
        limit_kw, limit_is_estimate = self._either("max_kw")
        battery_kwh, _ = self._either("battery_kwh")
        soc_pct, _ = self._either("soc_in_pct")
        if not limit_is_estimate:
            table.reject_first(
                np.nan_to_num(mean_w, nan=0.0) > 1.001 * np.nan_to_num(limit_kw * W_PER_KW, nan=np.inf),
                f"{impossible} max_kw throughout",
                "energy_kwh",
            )
        table.reject_first(soc_pct > PERCENT, "state of charge on arrival is above 100 %")
        names = zip(
            ids,
            table.optional_text("source"),
            table.optional_text("site"),
            table.optional_text("ev_id"),
            table.optional_text("household_id"),
            strict=True,
        )
        return [
            _session(
                name, int(arrival_s[i]), int(length_s[i]), energy[i], limit_kw[i], battery_kwh[i], soc_pct[i]
            )
            for i, name in enumerate(names)
        ]

    def _energies(self) -> NDArray[np.float64]:
        energy = self.table.numbers("energy_kwh")
        self.table.reject_first(energy <= 0, "energy_kwh is {value}, expected more than 0", "energy_kwh")
        reason = f"wrong unit by magnitude: energy_kwh is {{value}}, more than {MAX_ENERGY_KWH} kWh (Wh?)"
        self.table.reject_first(energy > MAX_ENERGY_KWH, reason, "energy_kwh")
        return energy

    def _spans(self, calendar: FrameCalendar, wanted: date) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        alone = np.arange(len(self.table.frame), dtype=np.int64)
        if self.arrival.aware != self.departure.aware:
            raise ProfileError(
                self.table.path, None, "mixed time zones: arrival or departure alone has UTC offsets"
            )
        if wanted == calendar.day:
            arrival_s = to_unix(self.table, self.arrival, calendar, alone)
            length_s = to_unix(self.table, self.departure, calendar, alone) - arrival_s
        else:
            arrival_s = _on_other_day(self.arrival.wall, calendar)
            length_ns = wall_ns(self.departure.utc) - wall_ns(self.arrival.utc)
            length_s = length_ns // SECOND_NS
        self.table.reject_first(length_s <= 0, "departure {value} is not after arrival", "departure")
        return arrival_s, length_s

    def _either(self, column: str) -> tuple[NDArray[np.float64], bool]:
        """Give a measured column, else its estimate, else NaN; and whether it is no measurement."""
        for name, estimate in ((column, False), (f"{column}_est", True)):
            if name in self.table.frame:
                value = self.table.numbers(name, blank_allowed=True)
                self.table.reject_first(value < 0, f"{name} is {{value}}, expected 0 or more", name)
                return value, estimate
        return np.full(len(self.table.frame), np.nan), True


def _on_other_day(wall: pd.DatetimeIndex, calendar: FrameCalendar) -> NDArray[np.int64]:
    tz = zone(calendar.time_zone)
    midnight = datetime(calendar.day.year, calendar.day.month, calendar.day.day)  # noqa: DTZ001 (wall clock)
    moved = pd.Timestamp(midnight) + (wall - wall.normalize())
    # a reading that the clock change skips moves on by the hour; one that it shows twice is the earlier
    aware = moved.tz_localize(tz, nonexistent=timedelta(hours=1), ambiguous=np.ones(len(wall), dtype=bool))
    unix_s: NDArray[np.int64] = wall_ns(aware.tz_convert("UTC").tz_localize(None)) // SECOND_NS
    return unix_s


def _session(
    name: tuple[str, str | None, str | None, str | None, str | None],
    arrival_s: int,
    length_s: int,
    energy_kwh: float,
    limit_kw: float,
    battery_kwh: float,
    soc_pct: float,
) -> EvSession:
    session_id, source, site, ev_id, household_id = name
    energy_wh = max(1, kwh_to_wh_half_even(energy_kwh))
    limit_w = DEFAULT_MAX_POWER_W if np.isnan(limit_kw) else kw_to_w_half_even(limit_kw)
    battery_wh = None if np.isnan(battery_kwh) else kwh_to_wh_half_even(battery_kwh)
    known = battery_wh is not None and not np.isnan(soc_pct)
    return EvSession(
        session_id=session_id,
        source=source or "",
        site=site or "",
        ev_id=ev_id,
        household_id=household_id,
        arrival_utc=arrival_s,
        departure_utc=arrival_s + length_s,
        energy_wh=energy_wh,
        max_power_w=max(limit_w, power_up_w(energy_wh, length_s)),
        battery_wh=battery_wh,
        initial_wh=int((battery_wh or 0) * soc_pct // PERCENT) if known else None,
    )
