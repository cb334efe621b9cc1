"""Reader of tariffs: what grid and retailer ask per kWh, and what surplus earns without a market."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar
from voltberg.profiles.day_rows import DayRows, check_grid
from voltberg.profiles.errors import ProfileError
from voltberg.profiles.table import Table, read_table
from voltberg.profiles.timestamps import parse_times, to_unix
from voltberg.units import MICRO

REQUIRED = ("timestamp", "grid_price")
OPTIONAL = ("market", "retailer_price", "feed_in_price", "currency")
MAX_PRICE = 20
"""No price of energy in a major currency passes this many units per kWh: above it the unit is wrong."""
MAX_MEDIAN_PRICE = 3
"""No day's median price does so either; per-MWh and most per-kWh-in-cents columns do."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices per frame; negative ones are legal here.

    Parameters
    ----------
    calendar : FrameCalendar
        The frames.
    market : str
        Name of the market or tariff, ``""`` if the file does not say.
    currency : str
        Currency of the file; one unit of it is taken as one settlement token.
    grid_micro_per_kwh : ndarray of int64, shape (frames,)
        Price at which the grid supplies [micro per kWh].
    retailer_micro_per_kwh : ndarray of int64, shape (frames,)
        Price at which the retailer supplies [micro per kWh].
    feed_in_micro_per_kwh : ndarray of int64, shape (frames,)
        What surplus earns outside the market [micro per kWh].
    """

    calendar: FrameCalendar
    market: str
    currency: str
    grid_micro_per_kwh: NDArray[np.int64]
    retailer_micro_per_kwh: NDArray[np.int64]
    feed_in_micro_per_kwh: NDArray[np.int64]

    def supply_micro_per_kwh(self) -> NDArray[np.int64]:
        """Give the price of the cheaper supplier.

        Returns
        -------
        ndarray of int64, shape (frames,)
            The lower of grid and retailer [micro per kWh].
        """
        return np.minimum(self.grid_micro_per_kwh, self.retailer_micro_per_kwh)

    def whole_ticks_half_even(self, tick_micro_per_kwh: int) -> Tariff:
        """Round every price to a whole number of ticks, ties to the even one.

        Parameters
        ----------
        tick_micro_per_kwh : int
            The tick [micro per kWh], positive.

        Returns
        -------
        Tariff
            The rounded tariff.

        Raises
        ------
        ValueError
            If the tick is not positive.
        """
        if tick_micro_per_kwh <= 0:
            msg = f"tick is {tick_micro_per_kwh} micro per kWh, expected a positive integer"
            raise ValueError(msg)

        def rounded(price: NDArray[np.int64]) -> NDArray[np.int64]:
            ticks, rest = np.divmod(price, tick_micro_per_kwh)
            twice = 2 * rest
            ticks += (twice > tick_micro_per_kwh) | ((twice == tick_micro_per_kwh) & (ticks % 2 == 1))
            return ticks * tick_micro_per_kwh

        return replace(
            self,
            grid_micro_per_kwh=rounded(self.grid_micro_per_kwh),
            retailer_micro_per_kwh=rounded(self.retailer_micro_per_kwh),
            feed_in_micro_per_kwh=rounded(self.feed_in_micro_per_kwh),
        )


def read_tariff(
    path: Path | str, calendar: FrameCalendar, *, market: str | None = None, tariff_date: date | None = None
) -> Tariff:
    """Read the prices of one market on the frames of a calendar.

    Parameters
    ----------
    path : Path or str
        A CSV or Parquet file; its columns are described in ``docs/profiles.md``.
    calendar : FrameCalendar
        The frames; its zone is that of times without a UTC offset.
    market : str or None
        The market; needed if the file has several.
    tariff_date : date or None
        Take the prices of this date, frame by frame, instead of the calendar's own.

    Returns
    -------
    Tariff
        The prices.

    Raises
    ------
    ProfileError
        If the file breaks the schema, does not know the market, or has gaps on the date.
    """
    table = read_table(path, REQUIRED, OPTIONAL)
    table, name = _of_market(table, market)
    source_day = _source_calendar(table, calendar, tariff_date)
    times = parse_times(table, "timestamp")
    stamps = times.utc if times.aware else times.wall
    around = pd.Timestamp(source_day.day)
    near = np.asarray(
        (stamps >= around - timedelta(days=2)) & (stamps < around + timedelta(days=3)), dtype=bool
    )
    if not times.aware:
        near = np.asarray(stamps.normalize() == around, dtype=bool)
    if not near.any():
        shown = f"the file has {stamps.min().date()} to {stamps.max().date()}"
        raise ProfileError(
            table.path, None, f"no price of {name or 'the market'} on {source_day.day}; {shown}"
        )
    table = table.where(near)
    zeros = np.zeros(len(table.frame), dtype=np.int64)
    picked_times = type(times)(times.aware, times.utc[near], times.wall[near])
    unix_s = to_unix(table, picked_times, source_day, zeros)
    order = np.argsort(unix_s, kind="stable")
    ordered = Table(table.path, table.frame.iloc[order].reset_index(drop=True), table.rows[order])
    return _priced(ordered, unix_s[order], source_day, calendar, name)


def _of_market(table: Table, market: str | None) -> tuple[Table, str]:
    column = table.optional_text("market")
    names = list(dict.fromkeys(name or "" for name in column))
    if market is None:
        if len(names) > 1:
            raise ProfileError(table.path, None, f"the file has several markets, choose one: {names}")
        return table, names[0]
    if market not in names:
        raise ProfileError(table.path, None, f"market {market!r} is unknown, the file has {names}")
    return table.where(np.array([name == market for name in column], dtype=bool)), market


def _source_calendar(table: Table, calendar: FrameCalendar, tariff_date: date | None) -> FrameCalendar:
    if tariff_date is None or tariff_date == calendar.day:
        return calendar
    other = FrameCalendar.for_day(tariff_date, calendar.time_zone, calendar.frame_seconds)
    if other.frames != calendar.frames:
        reason = (
            f"the tariff's day {tariff_date} has {other.frames} frames, the replayed day {calendar.frames}: "
            "a clock change can't be mapped onto a day without it"
        )
        raise ProfileError(table.path, None, reason)
    return other


def _priced(
    table: Table, unix_s: NDArray[np.int64], source_day: FrameCalendar, calendar: FrameCalendar, name: str
) -> Tariff:
    rows = DayRows(table, np.zeros(len(unix_s), dtype=np.int64), unix_s, np.zeros(len(unix_s)), table.rows)
    step_s = rows.step_s(source_day)
    keep = (unix_s + step_s > source_day.start_utc) & (unix_s < source_day.end_utc)
    inside = table.where(keep)
    check_grid(rows.within(source_day, step_s), (name or "tariff",), source_day, step_s)
    currencies = sorted({value or "" for value in inside.optional_text("currency")})
    if len(currencies) > 1:
        raise ProfileError(table.path, None, f"{name or 'the tariff'} mixes currencies: {currencies}")
    start = unix_s[keep]
    grid = _prices(inside, "grid_price", start, step_s, source_day)
    retailer = _prices(inside, "retailer_price", start, step_s, source_day)
    feed_in = _prices(inside, "feed_in_price", start, step_s, source_day)
    if grid is None:
        raise ProfileError(table.path, int(inside.rows[0]), "grid_price is blank on the whole day")
    nothing = np.zeros(calendar.frames, dtype=np.int64)
    return Tariff(
        calendar,
        name,
        currencies[0],
        grid,
        grid if retailer is None else retailer,
        nothing if feed_in is None else feed_in,
    )


def _prices(
    table: Table, column: str, start_s: NDArray[np.int64], step_s: int, calendar: FrameCalendar
) -> NDArray[np.int64] | None:
    """Give a column's prices per frame; None if the column is missing or blank all day."""
    if column not in table.frame:
        return None
    price = table.numbers(column, blank_allowed=True)
    if np.isnan(price).all():
        return None
    table.reject_first(np.isnan(price), f"gap: {column} is blank and other rows of the day have it")
    reason = f"wrong unit by magnitude: {column} is {{value}} per kWh (per MWh, or in cents or pence?)"
    table.reject_first(np.abs(price) > MAX_PRICE, reason, column)
    if np.median(np.abs(price)) > MAX_MEDIAN_PRICE:
        raise ProfileError(
            table.path, int(table.rows[0]), f"{reason.replace('{value}', f'{price[0]:g}')}, all day"
        )
    micro = np.rint(price * MICRO).astype(np.int64)
    edges = calendar.edges_utc()
    # the price of a frame is the time-weighted mean of the prices in it, half to even
    running = np.concatenate([[0], np.cumsum(micro * step_s)])
    position, within_s = np.divmod(edges - start_s[0], step_s)
    at_edges = running[position] + np.append(micro, 0)[position] * within_s
    weighted = np.diff(at_edges)
    quotient, rest = np.divmod(weighted, calendar.frame_seconds)
    twice = 2 * rest
    quotient += (twice > calendar.frame_seconds) | ((twice == calendar.frame_seconds) & (quotient % 2 == 1))
    quotient.setflags(write=False)
    result: NDArray[np.int64] = quotient
    return result
