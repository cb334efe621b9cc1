"""A day's problem: the power fluctuation level, what is refused, what a schedule is measured by."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg.scheduling.none import NoScheduler
from voltberg.scheduling.problem import ChargingProblem, Schedule, fluctuation_w


def two_evs(**changes):
    day = ChargingProblem(
        base_w=np.array([100, 200, 400]),
        battery_wh=np.array([1_000, 1_000]),
        initial_wh=np.array([200, 900]),
        target_wh=np.array([500, 500]),
        rate_w=np.array([401, 400]),
        connected=np.array([[True, True, True], [False, True, True]]),
        limit_w=1_000,
    )
    return replace(day, **changes)


def test_fluctuation_counts_the_step_from_the_last_frame_to_the_first():
    assert fluctuation_w(np.array([100, 200, 400])) == 100 + 200 + 300
    assert fluctuation_w(np.array([[5, 5, 5], [0, 7, 0]])).tolist() == [0, 14]


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=48))
def test_fluctuation_is_at_least_twice_the_range_and_no_rotation_changes_it(profile):
    power_w = np.array(profile)
    assert fluctuation_w(power_w) >= 2 * (max(profile) - min(profile))
    assert fluctuation_w(power_w) == fluctuation_w(np.roll(power_w, 3))
    assert fluctuation_w(np.sort(power_w)) == 2 * (max(profile) - min(profile))


def test_without_a_schedule_an_ev_charges_at_once_at_its_rate_rounded_down():
    day = two_evs()
    schedule = NoScheduler().schedule(day, np.random.default_rng(0))
    assert schedule.energy_wh.tolist() == [[200, 100, 0], [0, 0, 0]]
    assert schedule.total_w.tolist() == [100 + 400, 200 + 200, 400]
    assert schedule.fluctuation_w == 100 + 0 + 100
    assert (schedule.unserved_wh, schedule.frames_above_limit) == (0, 0)


def test_limit_counts_in_both_directions_and_what_is_not_charged_is_unserved():
    day = two_evs(limit_w=250)
    schedule = Schedule(day, np.array([[200, 0, 0], [0, -200, -200]]))
    assert schedule.total_w.tolist() == [500, -200, 0]
    assert schedule.power_w.tolist() == [[400, 0, 0], [0, -400, -400]]
    assert schedule.frames_above_limit == 1
    assert replace(schedule, problem=two_evs(limit_w=199)).frames_above_limit == 2
    assert schedule.unserved_wh == 100


@pytest.mark.parametrize(
    "energy_wh",
    [
        [[201, 0, 0], [0, 0, 0]],  # faster than the rate
        [[0, 0, 0], [-1, 0, 0]],  # not connected
        [[100, 200, 1], [0, 0, 0]],  # more than it needs
        [[-1, 200, 100], [0, 0, 0]],  # a buyer that sells
        [[0, 0, 0], [0, 1, -2]],  # a seller that buys
        [[0, 0, 0], [0, -200, -201]],  # more than it has too much
    ],
)
def test_a_schedule_that_an_ev_cannot_follow_is_refused(energy_wh):
    with pytest.raises(ValueError, match="cannot move"):
        Schedule(two_evs(), np.array(energy_wh))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_seconds": 1_700}, "frame_seconds is 1700"),
        ({"limit_w": 0}, "limit_w is 0"),
        ({"connected": np.ones((2, 2), dtype=bool)}, r"shape \(2, 2\), expected \(2, 3\)"),
        ({"initial_wh": np.array([200, 1_001])}, "initial_wh must hold 2 values"),
        ({"rate_w": np.array([-1, 5])}, "rate_w must hold 2 values"),
        ({"target_wh": np.array([5])}, "target_wh must hold 2 values"),
        ({"rate_w": np.array([199, 400])}, "EV 0 needs 300 Wh, its connection allows 297"),
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        two_evs(**changes)
