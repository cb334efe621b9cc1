"""Load and PV: resampling keeps the energy, every accepted form of a file gives the same day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg.profiles import FrameCalendar, read_load, read_pv
from voltberg.profiles.resample import to_frames_half_up_wh
from voltberg.profiles.series import open_series

DAY = date(2024, 2, 6)
CALENDAR = FrameCalendar.for_day(DAY, "Europe/London")
MJ_PER_WH = 3_600_000


def exact_frame_wh(
    energy_mj: list[int], start: int, step: int, calendar: FrameCalendar, frame: int
) -> Fraction:
    """The slow way: overlap every interval with the frame, in fractions."""
    low, high = (int(edge) for edge in calendar.edges_utc()[frame : frame + 2])
    total = Fraction(0)
    for i, energy in enumerate(energy_mj):
        overlap = min(high, start + (i + 1) * step) - max(low, start + i * step)
        total += Fraction(energy * max(overlap, 0), step)
    return total / MJ_PER_WH


@given(
    data=st.data(), step=st.sampled_from([300, 900, 1800, 3600]), frame_s=st.sampled_from([900, 1800, 3600])
)
def test_resampling_keeps_the_energy_to_the_wh(data: st.DataObject, step: int, frame_s: int) -> None:
    calendar = FrameCalendar(7200, frame_s, 14_400 // frame_s, "UTC")
    count = 14_400 // step
    energy_mj = data.draw(st.lists(st.integers(0, 10**12), min_size=count, max_size=count))

    frames = to_frames_half_up_wh(np.array([energy_mj]), 7200, step, calendar)[0]

    total = Fraction(sum(energy_mj), MJ_PER_WH)
    assert abs(int(frames.sum()) - total) <= Fraction(1, 2)
    assert (frames >= 0).all()
    for frame, found in enumerate(frames):
        assert abs(int(found) - exact_frame_wh(energy_mj, 7200, step, calendar, frame)) <= 1


def test_resampling_off_the_grid_and_what_is_not_covered() -> None:
    calendar = FrameCalendar(7200, 1800, 4, "UTC")
    energy = np.full((2, 5), 6 * MJ_PER_WH)

    frames = to_frames_half_up_wh(energy, 7200 - 600, 1800, calendar)

    assert frames.tolist() == [[6, 6, 6, 6]] * 2
    with pytest.raises(ValueError, match="do not cover"):
        to_frames_half_up_wh(energy, 7201, 1800, calendar)


def write_load(path: Path, column: str, per_half_hour_wh: np.ndarray, divisor: float) -> Path:
    stamps = pd.date_range("2024-02-06", periods=48, freq="30min")
    frames = [
        pd.DataFrame(
            {"household_id": name, "timestamp": stamps.astype(str), column: (row / divisor).round(9)}
        )
        for name, row in zip(("A", "B"), per_half_hour_wh, strict=True)
    ]
    pd.concat(frames).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("column", "divisor"),
    [("kw", 500), ("w", 0.5), ("kwh", 1000), ("wh", 1), ("load_kw", 500), ("load_wh", 1)],
)
def test_every_unit_gives_the_same_wh(column: str, divisor: float, tmp_path: Path) -> None:
    energy_wh = np.random.default_rng(1).integers(20, 3000, size=(2, 48))

    series = read_load(write_load(tmp_path / "load.csv", column, energy_wh, divisor), CALENDAR)

    assert series.household_ids == ("A", "B")
    np.testing.assert_array_equal(series.energy_wh, energy_wh)


def test_an_hourly_file_is_spread_evenly_over_half_hours(tmp_path: Path) -> None:
    lines = [f"A,2024-02-06T{hour:02d}:00,{hour + 0.001}" for hour in range(24)]
    path = tmp_path / "load.csv"
    path.write_text("household_id,timestamp,kwh\n" + "\n".join(lines), encoding="utf-8")

    energy = read_load(path, CALENDAR).energy_wh[0]

    assert energy.sum() == sum(hour * 1000 + 1 for hour in range(24))
    assert np.abs(energy[::2] - energy[1::2]).max() <= 1


def file_of_day(day: date, zone_name: str, style: str) -> str:
    """A day of 30-minute rows, in UTC, in the wall clock of the zone with its offsets, or without them."""
    calendar = FrameCalendar.for_day(day, zone_name)
    lines = ["household_id,timestamp,wh"]
    for i in range(calendar.frames):
        stamp = datetime.fromtimestamp(calendar.start_utc + 1800 * i, tz=ZoneInfo("UTC"))
        local = stamp.astimezone(ZoneInfo(zone_name))
        shown = {
            "utc": stamp.isoformat(),
            "offsets": local.isoformat(),
            "wall": local.replace(tzinfo=None).isoformat(),
        }
        lines.append(f"A,{shown[style]},{100 + i}")
    return "\n".join(lines)


@pytest.mark.parametrize("style", ["utc", "offsets", "wall"])
@pytest.mark.parametrize(
    "day", [date(2024, 2, 6), date(2024, 3, 31), date(2024, 10, 27)], ids=["ordinary", "23-hours", "25-hours"]
)
def test_clock_changes_are_read_right_in_every_style(day: date, style: str, tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text(file_of_day(day, "Europe/London", style), encoding="utf-8")
    calendar = FrameCalendar.for_day(day, "Europe/London")

    energy = read_load(path, calendar).energy_wh[0]

    assert energy.tolist() == [100 + i for i in range(calendar.frames)]


def test_parquet_with_a_zone_is_read_like_csv(tmp_path: Path) -> None:
    stamps = pd.date_range("2024-10-27", periods=50, freq="30min", tz="Europe/London")
    table = pd.DataFrame({"household_id": "A", "timestamp": stamps, "pv_w": np.arange(50) * 20.0})
    table.to_parquet(tmp_path / "pv.parquet")

    energy = read_pv(
        tmp_path / "pv.parquet", FrameCalendar.for_day(date(2024, 10, 27), "Europe/London")
    ).energy_wh[0]

    assert energy.tolist() == [10 * i for i in range(50)]


def test_rows_may_come_in_any_order_and_households_may_lack_the_day(tmp_path: Path) -> None:
    lines = [f"A,{datetime(2024, 2, 6) + timedelta(minutes=30 * i)},{i + 1}" for i in range(48)]  # noqa: DTZ001
    lines += [f"B,{datetime(2024, 2, 9) + timedelta(minutes=30 * i)},{i + 1}" for i in range(48)]  # noqa: DTZ001
    shuffled = np.random.default_rng(3).permutation(lines)
    path = tmp_path / "load.csv"
    path.write_text("household_id,timestamp,wh\n" + "\n".join(shuffled) + "\n\n", encoding="utf-8")

    series = read_load(path, CALENDAR)

    assert series.household_ids == ("A",)
    assert series.energy_wh[0].tolist() == list(range(1, 49))
    assert open_series(path, "load").first_day("UTC") == DAY


def test_the_first_full_day_is_found_past_a_stray_hour(tmp_path: Path) -> None:
    stamps = pd.date_range("2016-07-31 23:00", periods=1 + 3 * 24, freq="h")
    pd.DataFrame({"household_id": "A", "timestamp": stamps, "load_kw": 0.3, "pv_kw": 0.0}).to_parquet(
        tmp_path / "both.parquet"
    )

    assert open_series(tmp_path / "both.parquet", "load").first_day("UTC") == date(2016, 8, 1)


def test_a_day_without_any_sun_is_no_wrong_unit(tmp_path: Path) -> None:
    path = write_load(tmp_path / "pv.csv", "kw", np.zeros((2, 48)), 1)

    assert read_pv(path, CALENDAR).energy_wh.sum() == 0


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind is 'wind'"):
        open_series(tmp_path / "wind.csv", "wind")
