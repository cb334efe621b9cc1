"""A day from a user's files; and the real days of the shared data, where they are present."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voltberg.profiles import (
    DayConfig,
    DayProfile,
    FrameCalendar,
    ProfileError,
    PvSite,
    load_day,
    read_tariff,
)
from voltberg.profiles.sample import sample_config

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"
NEEDED = ("load_halfhourly.csv", "pv_halfhourly.csv", "ev_sessions.csv", "prices.csv")
JANUARY, JUNE = date(2014, 1, 15), date(2013, 6, 15)


@pytest.fixture
def shared() -> Path:
    lacking = [name for name in NEEDED if not (SHARED / name).is_file()]
    if lacking:
        pytest.skip(f"the shared data beside the project lacks {lacking}")
    return SHARED


def british(shared: Path, day: date, **options: object) -> DayConfig:
    return DayConfig(
        load=shared / "load_halfhourly.csv",
        pv=shared / "pv_halfhourly.csv",
        sessions=shared / "ev_sessions.csv",
        tariff=shared / "prices.csv",
        day=day,
        time_zone="Europe/London",
        **options,
    )


def same(a: DayProfile, b: DayProfile) -> bool:
    return (
        np.array_equal(a.load_wh, b.load_wh)
        and np.array_equal(a.pv_wh, b.pv_wh)
        and a.sessions == b.sessions
        and a.provenance == b.provenance
    )


@pytest.mark.parametrize(
    ("day", "homes", "systems"), [(JANUARY, 120, 32), (JUNE, 116, 29)], ids=["january", "june"]
)
def test_the_british_days_are_read_to_the_wh(shared: Path, day: date, homes: int, systems: int) -> None:
    named = {"session_source": "norway_residential", "session_date": date(2020, 1, 15)}
    profile = load_day(
        british(shared, day, market="GB_2018_LOCAL", tariff_date=day.replace(year=2018), **named)
    )

    table = pd.read_csv(shared / "load_halfhourly.csv")
    table = table[table["timestamp"].str.startswith(day.isoformat())]
    exact_wh = table.groupby("household_id", sort=False)["kw"].sum() * 500
    assert profile.load_wh.shape == (homes, 48)
    assert np.abs(profile.load_wh.sum(axis=1) - exact_wh.to_numpy()).max() <= 0.5 + 1e-6
    assert len(np.unique(profile.pv_wh, axis=0)) == systems
    assert len(profile.sessions) == 113
    assert all(calendar_holds(profile, session.arrival_utc) for session in profile.sessions)
    assert (profile.tariff.market, profile.tariff.currency) == ("GB_2018_LOCAL", "GBP")
    drawn = {entry.item for entry in profile.provenance if entry.status == "drawn"}
    assert drawn == {"pv owners", "session owners"}


def calendar_holds(profile: DayProfile, unix_s: int) -> bool:
    return 0 <= profile.calendar.position_of(unix_s) < profile.calendar.frames


def test_norwegian_sessions_keep_their_energy(shared: Path) -> None:
    profile = load_day(
        british(
            shared,
            JANUARY,
            market="GB_2018_LOCAL",
            tariff_date=date(2018, 1, 15),
            session_source="norway_residential",
            session_date=date(2020, 1, 15),
        )
    )
    table = pd.read_csv(shared / "ev_sessions.csv", dtype={"site": str})
    chosen = table[(table["source"] == "norway_residential") & table["arrival"].str.startswith("2020-01-15")]

    assert sum(session.energy_wh for session in profile.sessions) == round(chosen["energy_kwh"].sum() * 1000)
    lengths = pd.to_datetime(chosen["departure"]) - pd.to_datetime(chosen["arrival"])
    found = sorted(session.departure_utc - session.arrival_utc for session in profile.sessions)
    assert found == sorted(int(length.total_seconds()) for length in lengths)


def test_the_four_files_alone_are_enough_when_the_choice_is_automatic(shared: Path) -> None:
    config = british(shared, JANUARY, select="auto", households=100)

    profile = load_day(config)

    assert len(profile.household_ids) == 100
    assert profile.tariff.market == "GB_2018_LOCAL"
    assert {session.source for session in profile.sessions} == {"norway_residential"}
    notes = " ".join(entry.note for entry in profile.provenance)
    assert "arrive on 2020-01-15" in notes
    assert "GB_2018_LOCAL of 2018-01-15" in notes
    assert same(profile, load_day(config))


def test_without_it_every_choice_must_be_named(shared: Path) -> None:
    with pytest.raises(ProfileError, match="several sources, choose one"):
        load_day(british(shared, JANUARY))
    with pytest.raises(ProfileError, match="no session arrives on 2014-01-15"):
        load_day(british(shared, JANUARY, session_source="norway_residential"))
    sessions = {"session_source": "norway_residential", "session_date": date(2020, 1, 15)}
    with pytest.raises(ProfileError, match="several markets, choose one"):
        load_day(british(shared, JANUARY, **sessions))


def test_the_defective_clock_change_day_of_the_british_prices_is_refused(shared: Path) -> None:
    calendar = FrameCalendar.for_day(date(2018, 3, 25), "Europe/London")
    assert calendar.frames == 46
    with pytest.raises(ProfileError, match="2018-03-25 01:00:00 does not exist in Europe/London"):
        read_tariff(shared / "prices.csv", calendar, market="GB_2018_LOCAL")


def test_a_parquet_file_with_load_and_pv_serves_for_both(shared: Path) -> None:
    path = shared / "load_pv_hourly_citylearn.parquet"
    if not path.is_file():
        pytest.skip(f"the shared data beside the project lacks {path.name}")
    config = DayConfig(
        load=path,
        pv=path,
        tariff=shared / "prices.csv",
        market="US_SCE_TOU_2016",
        day=date(2017, 6, 20),
        time_zone="America/Los_Angeles",
    )

    profile = load_day(config)

    assert profile.load_wh.shape == (17, 48)
    assert profile.pv_wh.sum() > 0
    assert not any(entry.status == "drawn" for entry in profile.provenance)


def test_seeds_change_only_what_is_drawn() -> None:
    config = replace(
        sample_config("summer"), pv=None, pv_site=PvSite(34.1, -117.4), pv_households=6, households=20
    )
    first, again, other = load_day(config), load_day(config), load_day(replace(config, seed=1))

    assert same(first, again)
    assert not np.array_equal(first.pv_wh, other.pv_wh)
    np.testing.assert_array_equal(first.load_wh, other.load_wh)
    assert first.sessions == other.sessions
    assert ((first.pv_wh.sum(axis=1) > 0).sum(), (other.pv_wh.sum(axis=1) > 0).sum()) == (6, 6)
    assert [entry.status for entry in first.provenance if entry.item == "pv"] == ["modelled"]


def test_parts_that_are_left_out_are_said_to_be_absent() -> None:
    profile = load_day(replace(sample_config("winter"), pv=None, sessions=None, feeder=None, day=None))

    assert profile.calendar.day == date(2017, 1, 17)
    assert profile.pv_wh.sum() == 0
    assert (profile.sessions, profile.feeder) == ((), None)
    assert [e.item for e in profile.provenance if e.status == "absent"] == ["pv", "sessions"]
    np.testing.assert_array_equal(profile.net_wh(), profile.load_wh)


def test_hourly_frames_hold_the_same_energy() -> None:
    half_hours, hours = (load_day(replace(sample_config("winter"), frame_seconds=s)) for s in (1800, 3600))

    assert hours.calendar.frames == 24
    np.testing.assert_array_equal(hours.load_wh.sum(axis=1), half_hours.load_wh.sum(axis=1))
    np.testing.assert_array_equal(hours.load_wh[:, 0], half_hours.load_wh[:, :2].sum(axis=1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"households": 0}, "households is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"select": "guess"}, "select is 'guess'"),
        ({"pv_site": PvSite(0.0, 0.0)}, "PV is both read from"),
    ],
)
def test_impossible_configurations_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(sample_config("winter"), **change)


def test_more_households_than_the_file_has_are_refused() -> None:
    with pytest.raises(ProfileError, match="101 households were asked for and the file has 100"):
        load_day(replace(sample_config("winter"), households=101))


def test_parts_that_do_not_fit_are_refused() -> None:
    profile = load_day(sample_config("winter", 3))
    with pytest.raises(
        ValueError, match=r"pv_wh is int64 of shape \(2, 48\), expected int64 >= 0 of shape \(3, 48\)"
    ):
        replace(profile, pv_wh=profile.pv_wh[:2])
    with pytest.raises(ValueError, match="who are no households of the day"):
        replace(profile, sessions=(profile.sessions[0].owned_by("nobody"),))
    with pytest.raises(ValueError, match="the tariff is for 2017-06-20"):
        replace(profile, tariff=load_day(sample_config("summer", 3)).tariff)
