"""EV sessions become load per frame without losing a Wh."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg.profiles import EvSession, FrameCalendar
from voltberg.simulation.charging import charging_by_household_wh, even_charging_wh

CALENDAR = FrameCalendar.for_day(date(2017, 6, 20), "UTC")
START = CALENDAR.start_utc


def session(arrival_s: int, departure_s: int, energy_wh: int, household: str = "a") -> EvSession:
    return EvSession("s", "", "", None, household, START + arrival_s, START + departure_s, energy_wh, 150_000)


def test_spreads_evenly_over_whole_frames() -> None:
    charged = even_charging_wh(session(1800, 9000, 4000), CALENDAR)
    assert charged[:6].tolist() == [0, 1000, 1000, 1000, 1000, 0]


def test_weighs_frames_by_the_time_plugged_in() -> None:
    charged = even_charging_wh(session(900, 3600, 3000), CALENDAR)
    assert charged[:3].tolist() == [1000, 2000, 0]


@given(
    arrival_s=st.integers(0, 86_000),
    length_s=st.integers(60, 86_400),
    energy_wh=st.integers(1, 1_000),
)
def test_conserves_the_energy_inside_the_day(arrival_s: int, length_s: int, energy_wh: int) -> None:
    whole = session(arrival_s, arrival_s + length_s, energy_wh)
    inside = whole.within(CALENDAR)
    assert inside is not None
    charged = even_charging_wh(whole, CALENDAR)
    assert charged.sum() == inside.energy_wh
    assert (charged >= 0).all()


def test_session_outside_the_day_charges_nothing() -> None:
    assert not even_charging_wh(session(90_000, 93_600, 1000), CALENDAR).any()


def test_adds_up_by_household() -> None:
    sessions = [session(0, 1800, 500, "b"), session(0, 3600, 800, "b"), session(0, 1800, 300, "a")]
    charged = charging_by_household_wh(sessions, ("a", "b"), CALENDAR)
    assert charged[:, :2].tolist() == [[300, 0], [900, 400]]
    assert charged.dtype == np.int64


def test_refuses_a_session_of_a_stranger() -> None:
    with pytest.raises(ValueError, match="'c', expected one of the day's"):
        charging_by_household_wh([session(0, 1800, 500, "c")], ("a", "b"), CALENDAR)
