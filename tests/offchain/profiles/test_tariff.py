"""Tariffs: prices per frame, missing suppliers, other dates, whole ticks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg.profiles import FrameCalendar, Tariff, read_tariff
from voltberg.profiles.selection import choose_tariff

CALENDAR = FrameCalendar.for_day(date(2024, 2, 6), "Europe/Berlin")


def write(path: Path, days: list[date], markets: dict[str, str], step_minutes: int = 60) -> Path:
    lines = ["market,timestamp,grid_price,retailer_price,currency"]
    for market, retailer in markets.items():
        for day in days:
            for i in range(24 * 60 // step_minutes):
                clock = timedelta(minutes=i * step_minutes)
                lines.append(f"{market},{day}T{str(clock).zfill(8)},{0.1 + i / 1000:.3f},{retailer},EUR")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_hourly_prices_hold_for_both_half_hours(tmp_path: Path) -> None:
    tariff = read_tariff(write(tmp_path / "t.csv", [CALENDAR.day], {"m": "0.15"}), CALENDAR)

    assert tariff.grid_micro_per_kwh.tolist() == [100_000 + 1000 * (frame // 2) for frame in range(48)]
    assert (tariff.retailer_micro_per_kwh == 150_000).all()
    assert (tariff.market, tariff.currency) == ("m", "EUR")
    assert tariff.supply_micro_per_kwh().max() == 123_000


def test_quarter_hours_are_averaged_within_a_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [CALENDAR.day], {"m": "0.15"}, 15)

    grid = read_tariff(path, CALENDAR).grid_micro_per_kwh

    assert grid.tolist() == [100_000 + 1000 * (2 * frame) + 500 for frame in range(48)]


def test_a_market_without_retailer_or_feed_in_says_so_in_its_prices(tmp_path: Path) -> None:
    tariff = read_tariff(write(tmp_path / "t.csv", [CALENDAR.day], {"m": ""}), CALENDAR)

    np.testing.assert_array_equal(tariff.retailer_micro_per_kwh, tariff.grid_micro_per_kwh)
    assert not tariff.feed_in_micro_per_kwh.any()


def test_negative_prices_are_legal(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [f"2024-02-06T{hour:02d}:00,-0.5,0.1,-0.0005" for hour in range(24)]
    path.write_text(
        "timestamp,grid_price,retailer_price,feed_in_price\n" + "\n".join(lines), encoding="utf-8"
    )

    tariff = read_tariff(path, CALENDAR)

    assert (tariff.grid_micro_per_kwh == -500_000).all()
    assert (tariff.feed_in_micro_per_kwh == -500).all()


def test_prices_of_another_date_are_laid_frame_by_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [date(2023, 7, 1)], {"m": "0.15"})

    tariff = read_tariff(path, CALENDAR, tariff_date=date(2023, 7, 1))

    assert tariff.calendar == CALENDAR
    assert tariff.grid_micro_per_kwh[[0, 47]].tolist() == [100_000, 123_000]


def test_the_automatic_choice_prefers_two_suppliers_then_the_own_date(tmp_path: Path) -> None:
    days = [date(2023, 2, 6), CALENDAR.day]
    path = write(tmp_path / "t.csv", days, {"grid-only": "", "both": "0.15"})

    assert choose_tariff(path, CALENDAR, None) == ("both", CALENDAR.day)
    assert choose_tariff(path, CALENDAR, "grid-only") == ("grid-only", CALENDAR.day)
    other_year = FrameCalendar.for_day(date(2020, 2, 6), "Europe/Berlin")
    assert choose_tariff(path, other_year, None) == ("both", date(2023, 2, 6))
    with pytest.raises(ValueError, match="no price on a 07 February of any year"):
        choose_tariff(path, FrameCalendar.for_day(date(2024, 2, 7)), None)


@given(
    prices=st.lists(st.integers(-(10**6), 10**6), min_size=4, max_size=4),
    tick=st.sampled_from([1000, 2000, 3000]),
)
def test_whole_ticks_are_the_nearest_ones(prices: list[int], tick: int) -> None:
    calendar = FrameCalendar(0, 1800, 4, "UTC")
    column = np.array(prices, dtype=np.int64)

    rounded = Tariff(calendar, "m", "EUR", column, column, column).whole_ticks_half_even(tick)

    assert rounded.grid_micro_per_kwh.tolist() == [round(price / tick) * tick for price in prices]
    assert column.tolist() == prices


def test_a_tick_of_nothing_is_refused() -> None:
    column = np.zeros(4, dtype=np.int64)
    with pytest.raises(ValueError, match="tick is 0"):
        Tariff(FrameCalendar(0, 1800, 4, "UTC"), "m", "", column, column, column).whole_ticks_half_even(0)
