"""The exact optimum: against a program with a variable for every EV and frame, and by brute force."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from tests.offchain.scheduling.days import random_day
from voltberg.scheduling import linear_program
from voltberg.scheduling.fleet import Fleet, round_profile_wh
from voltberg.scheduling.genetic import GeneticScheduler
from voltberg.scheduling.linear_program import InfeasibleError, LinearProgramScheduler, optimal_plan


def by_every_ev(day, limit_w):
    """The least fluctuation [W] by the plain program; None if there is no schedule."""
    evs, frames = day.connected.shape
    sign = np.where(day.need_wh > 0, 1, -1)
    width = evs * frames + 2 * frames
    net = np.zeros((frames, width))
    totals = np.zeros((evs, width))
    for ev, frame in product(range(evs), range(frames)):
        net[frame, ev * frames + frame] = sign[ev]
        totals[ev, ev * frames + frame] = 1
    base_wh = day.base_w / day.w_per_wh
    changes = net - np.roll(net, 1, axis=0)
    changes[:, evs * frames :] = np.hstack([-np.eye(frames), np.eye(frames)])
    buys, most = day.need_wh > 0, (day.connected * day.most_wh[:, None]).ravel()
    found = linprog(
        np.repeat([0.0, 1.0], [evs * frames, 2 * frames]),
        A_ub=np.vstack([totals[~buys], net, -net]),
        b_ub=np.concatenate(
            [day.surplus_wh[~buys], limit_w / day.w_per_wh - base_wh, limit_w / day.w_per_wh + base_wh]
        ),
        A_eq=np.vstack([totals[buys], changes]),
        b_eq=np.concatenate([day.need_wh[buys], np.roll(base_wh, 1) - base_wh]),
        bounds=[(0, high) for high in most] + [(0, None)] * (2 * frames),
        method="highs",
    )
    return None if found.x is None else found.fun * day.w_per_wh


@pytest.mark.parametrize("seed", range(25))
def test_optimum_equals_that_of_the_plain_program(seed):
    day = random_day(seed)
    plan = optimal_plan(day)
    assert plan.fluctuation_w == pytest.approx(by_every_ev(day, day.limit_w), abs=0.1)
    schedule = LinearProgramScheduler().schedule(day, np.random.default_rng(0))
    assert schedule.unserved_wh == 0
    # rounding is worth a few W of this
    assert schedule.fluctuation_w == pytest.approx(plan.fluctuation_w, abs=4 * day.frames)


def test_some_of_these_days_need_cuts():
    assert sum(optimal_plan(random_day(seed)).cuts for seed in range(25)) > 10


@pytest.mark.parametrize("rounds", [0, 1])
def test_both_programs_find_the_same_optimum(monkeypatch, rounds):
    days = [random_day(seed) for seed in range(12)]
    by_cuts = [optimal_plan(day).fluctuation_w for day in days]
    monkeypatch.setattr(linear_program, "MOST_ROUNDS", rounds)
    for day, fluctuation_w in zip(days, by_cuts, strict=True):
        assert optimal_plan(day).fluctuation_w == pytest.approx(fluctuation_w, abs=0.1)
        schedule = LinearProgramScheduler().schedule(day, np.random.default_rng(0))
        assert schedule.unserved_wh == 0
        assert schedule.fluctuation_w == pytest.approx(fluctuation_w, abs=4 * day.frames)
    with pytest.raises(InfeasibleError, match="within 100 W"):
        optimal_plan(random_day(0, limit_w=100))


@pytest.mark.parametrize("seed", range(6))
def test_the_limit_binds_and_holds(seed):
    day = random_day(seed, evs=4, frames=6)
    free_w = int(np.abs(LinearProgramScheduler().schedule(day, np.random.default_rng(0)).total_w).max())
    for limit_w in range(free_w, 0, -max(free_w // 8, 1)):
        tight = random_day(seed, evs=4, frames=6, limit_w=limit_w)
        # what rounding may add is kept free
        oracle_w = by_every_ev(tight, limit_w - tight.frames * tight.w_per_wh)
        if oracle_w is None:
            with pytest.raises(InfeasibleError, match=f"within {limit_w} W"):
                optimal_plan(tight)
            break
        schedule = LinearProgramScheduler().schedule(tight, np.random.default_rng(0))
        assert (schedule.frames_above_limit, schedule.unserved_wh) == (0, 0)
        assert optimal_plan(tight).fluctuation_w == pytest.approx(oracle_w, abs=0.1)
    else:
        pytest.fail("no limit was too low")


def test_no_genetic_schedule_is_better():
    for seed in range(5):
        day = random_day(seed, evs=10, frames=12)
        found = GeneticScheduler(generations=60).schedule(day, np.random.default_rng(seed))
        assert found.fluctuation_w >= optimal_plan(day).fluctuation_w - 0.1


@pytest.mark.parametrize("seed", range(10))
def test_a_fleet_shares_a_profile_exactly_if_no_set_of_frames_asks_too_much(seed):
    rng = np.random.default_rng(seed)
    fleet = Fleet(rng.integers(0, 30, 4), rng.integers(0, 12, (4, 5)) * (rng.random((4, 5)) < 0.7))
    followed = 0
    for _ in range(40):
        profile_wh = rng.integers(0, 16, 5) * (rng.random(5) < rng.random())
        excess = {
            chosen: profile_wh[np.array(chosen)].sum() - fleet.most_wh(np.array(chosen))
            for chosen in product((False, True), repeat=5)
        }
        share = fleet.share(profile_wh)
        assert (share.energy_wh <= fleet.able_wh).all()
        assert (share.energy_wh.sum(axis=1) <= fleet.energy_wh).all()
        assert profile_wh.sum() - share.energy_wh.sum() == max(excess.values())
        assert excess[tuple(share.tight.tolist())] == max(excess.values())
        followed += max(excess.values()) == 0
    assert 0 < followed < 40


def test_rounding_keeps_running_totals():
    rng = np.random.default_rng(3)
    for _ in range(50):
        profile_wh = rng.random(48) * rng.integers(1, 100)
        rounded = round_profile_wh(profile_wh)
        assert np.abs(np.cumsum(rounded) - np.cumsum(profile_wh)).max() <= 0.5 + 1e-5
        assert (np.abs(rounded - profile_wh) < 1 + 1e-5).all()


def test_a_profile_too_large_for_the_flow_is_refused():
    with pytest.raises(OverflowError, match="more than the 2147483647 Wh"):
        Fleet(np.array([2**31]), np.array([[2**31]])).share(np.array([2**31]))
