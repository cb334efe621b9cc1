"""EV sessions: which are taken, where they land on the replayed day, who owns them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from voltberg.profiles import EvSession, FrameCalendar, HouseholdSeries, read_sessions
from voltberg.profiles.pairing import pair_pv, pair_sessions
from voltberg.profiles.selection import choose_sessions

CALENDAR = FrameCalendar.for_day(date(2024, 2, 6), "Europe/London")
HEADER = "session_id,source,ev_id,arrival,departure,energy_kwh,max_kw_est,battery_kwh_est,soc_in_pct_est"
ROWS = [
    "late,home,car1,2024-02-06T22:00:00,2024-02-07T07:00:00,30.0,7.4,60,40",
    "early,home,car1,2024-02-06T06:30:00,2024-02-06T08:00:00,3.0,7.4,60,80",
    "work,work,,2024-02-06T09:00:00,2024-02-06T17:00:00,20.004,,,",
    "fast,home,car2,2024-02-06T12:00:00,2024-02-06T12:30:00,10.0,7.4,,50",
    "old1,home,car3,2023-02-06T18:00:00,2023-02-07T06:00:00,12.0,7.4,,",
    "old2,work,car4,2022-02-06T18:00:00,2022-02-07T06:00:00,12.0,7.4,,",
    "old3,work,car5,2022-02-06T19:00:00,2022-02-07T06:00:00,12.0,7.4,,",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "sessions.csv"
    file.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    return file


def by_id(sessions: tuple[EvSession, ...]) -> dict[str, EvSession]:
    return {session.session_id: session for session in sessions}


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_sessions_that_arrive_on_the_day_come_in_order_of_arrival(path: Path) -> None:
    sessions = read_sessions(path, CALENDAR, source="*")

    assert [session.session_id for session in sessions] == ["early", "work", "fast", "late"]
    assert [s.session_id for s in read_sessions(path, CALENDAR, source="work")] == ["work"]


def test_what_the_file_says_is_kept_in_integers(path: Path) -> None:
    late = by_id(read_sessions(path, CALENDAR, source="home"))["late"]

    assert (late.arrival_utc, late.departure_utc) == (unix("2024-02-06T22:00"), unix("2024-02-07T07:00"))
    assert (late.energy_wh, late.max_power_w, late.battery_wh, late.initial_wh) == (
        30_000,
        7400,
        60_000,
        24_000,
    )
    assert (late.ev_id, late.household_id, late.source) == ("car1", None, "home")


def test_what_the_file_leaves_out_is_not_made_up(path: Path) -> None:
    sessions = by_id(read_sessions(path, CALENDAR, source="*"))

    assert sessions["work"].max_power_w == 11_000
    assert (sessions["work"].battery_wh, sessions["work"].initial_wh, sessions["work"].ev_id) == (
        None,
        None,
        None,
    )
    assert sessions["fast"].initial_wh is None


def test_an_estimated_power_gives_way_to_the_energy_that_was_measured(path: Path) -> None:
    fast = by_id(read_sessions(path, CALENDAR, source="home"))["fast"]

    assert fast.max_power_w == 20_000


@pytest.mark.parametrize("day", [date(2024, 6, 4), date(2024, 3, 31), date(2024, 10, 27)])
def test_another_date_keeps_wall_clock_and_length(path: Path, day: date) -> None:
    calendar = FrameCalendar.for_day(day, "Europe/London")
    sessions = by_id(read_sessions(path, calendar, source="home", session_date=date(2024, 2, 6)))

    late = sessions["late"]
    hours_of_summer_time_at_22 = 0 if day == date(2024, 10, 27) else 1
    assert late.arrival_utc == unix(f"{day}T22:00") - 3600 * hours_of_summer_time_at_22
    assert late.departure_utc - late.arrival_utc == 9 * 3600


def test_a_drawn_limit_is_repeatable_and_keeps_the_order(path: Path) -> None:
    def draw(seed: int) -> list[str]:
        rng = np.random.default_rng(seed)
        return [s.session_id for s in read_sessions(path, CALENDAR, source="*", limit=2, rng=rng)]

    assert draw(5) == draw(5)
    assert len({tuple(draw(seed)) for seed in range(20)}) > 1
    everything = ["early", "work", "fast", "late"]
    assert all(draw(seed) == sorted(draw(seed), key=everything.index) for seed in range(20))
    with pytest.raises(ValueError, match="limit is 2"):
        read_sessions(path, CALENDAR, source="*", limit=2)


def test_a_session_is_cut_at_midnight_with_the_energy_that_still_fits(path: Path) -> None:
    sessions = by_id(read_sessions(path, CALENDAR, source="*"))

    cut = sessions["late"].within(CALENDAR)
    assert cut is not None
    assert (cut.departure_utc, cut.energy_wh) == (CALENDAR.end_utc, 14_800)
    assert sessions["work"].within(CALENDAR) == sessions["work"]
    assert sessions["early"].within(FrameCalendar.for_day(date(2024, 2, 7), "Europe/London")) is None


def test_the_automatic_choice_takes_the_own_date_else_the_fullest_of_the_season(path: Path) -> None:
    assert choose_sessions(path, CALENDAR, None) == ("home", date(2024, 2, 6))
    other_year = FrameCalendar.for_day(date(2021, 2, 6), "Europe/London")
    assert choose_sessions(path, other_year, "work") == ("work", date(2022, 2, 6))
    assert choose_sessions(path, other_year, "home") == ("home", date(2024, 2, 6))
    with pytest.raises(ValueError, match="no session arrives on a 05 March of any year"):
        choose_sessions(path, FrameCalendar.for_day(date(2024, 3, 5)), None)


def test_owners_are_drawn_one_car_each_and_named_owners_stay(path: Path) -> None:
    sessions = read_sessions(path, CALENDAR, source="*")
    named = (sessions[0].owned_by("H2"), sessions[1].owned_by("stranger"), *sessions[2:])
    households = ["H1", "H2", "H3"]

    owned, drawn = pair_sessions(named, households, np.random.default_rng(0))

    assert drawn
    assert [s.session_id for s in owned] == ["early", "fast", "late"]
    owners = {s.session_id: s.household_id for s in owned}
    assert owners["early"] == "H2"
    assert {owners["fast"], owners["late"]} == {"H1", "H3"}


def test_sessions_of_one_car_have_one_owner(path: Path) -> None:
    owned, _ = pair_sessions(
        read_sessions(path, CALENDAR, source="*"), ["a", "b", "c", "d"], np.random.default_rng(1)
    )
    owners = {s.session_id: s.household_id for s in owned}

    assert owners["early"] == owners["late"]
    assert len({owners["early"], owners["fast"], owners["work"]}) == 3


def pv(ids: tuple[str, ...]) -> HouseholdSeries:
    energy = np.arange(1, len(ids) + 1, dtype=np.int64)[:, np.newaxis] * np.ones(
        CALENDAR.frames, dtype=np.int64
    )
    return HouseholdSeries(CALENDAR, ids, energy)


def test_pv_with_households_names_is_paired_by_name() -> None:
    paired, drawn = pair_pv(pv(("H3", "H1", "other")), ["H1", "H2", "H3"], None, np.random.default_rng(0))

    assert not drawn
    assert paired[:, 0].tolist() == [2, 0, 1]


def test_other_pv_is_dealt_in_turn_to_drawn_households() -> None:
    households = [f"H{i}" for i in range(7)]

    paired, drawn = pair_pv(pv(("P1", "P2", "P3")), households, 5, np.random.default_rng(0))
    again, _ = pair_pv(pv(("P1", "P2", "P3")), households, 5, np.random.default_rng(0))

    assert drawn
    assert sorted(paired[:, 0].tolist()) == [0, 0, 1, 1, 2, 2, 3]
    np.testing.assert_array_equal(paired, again)
    with pytest.raises(ValueError, match="households with PV is 8, expected 0 to 7"):
        pair_pv(pv(("P1",)), households, 8, np.random.default_rng(0))
