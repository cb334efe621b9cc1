"""Xiao & Hou 2022, sections 2 to 4.

Marks: [P] follows from what the paper publishes, [X] exact, by an independent way, [F] inputs had to be
chosen, so that only sign and order can be held to. The paper publishes P_PFL of 1.15 (no schedule), 0.85 (GA,
-26.1 %) and 0.63 (AdBEV, -45.2 %), no unit and no data; no set-up found gives all three.
"""

import statistics
import time

import numpy as np
import pytest

from voltberg.models import Side
from voltberg.scheduling.comparison import compare, paper_methods
from voltberg.scheduling.frame_market import RANK_RULES, FrameMarket
from voltberg.scheduling.genetic import GeneticScheduler
from voltberg.scheduling.linear_program import LinearProgramScheduler, optimal_plan
from voltberg.scheduling.orders import TICKS_PER_PENNY, OrderTerms, draw_terms
from voltberg.scheduling.problem import fluctuation_w
from voltberg.scheduling.xiao import WINDOWS, expected_problem, winter_base_w, xiao_problem

SEEDS = range(6)
W_PER_MW = 10**6


@pytest.fixture(scope="module")
def days():
    return compare(SEEDS, xiao_problem, paper_methods(expected_problem()))


def reduction(days, name):
    return statistics.mean(day[name].reduction_pct for day in days)


def level_mw(days, name):
    return statistics.mean(day[name].schedule.fluctuation_w / W_PER_MW for day in days)


def test_set_up_is_the_published_one():  # [P]
    day = xiao_problem(np.random.default_rng(0))
    assert (day.evs, day.frames, day.frame_seconds, day.limit_w) == (100, 48, 1_800, 250_000)
    kinds = {(60_000, 43_000): 20, (8_800, 3_000): 80}
    pairs = list(zip(day.battery_wh.tolist(), day.rate_w.tolist(), strict=True))
    assert {pair: pairs.count(pair) for pair in pairs} == kinds
    assert (2 * day.target_wh == day.battery_wh).all()
    clock = [[(12 + frame) % 48 / 2 for frame in window] for window in WINDOWS]
    assert clock == [[6.0, 18.0], [18.5, 5.5]]
    soc = xiao_problem(np.random.default_rng(1), evs=4_000)
    assert (soc.initial_wh / soc.battery_wh).mean() == pytest.approx(0.5, abs=0.02)
    alone = xiao_problem(np.random.default_rng(1), windows_per_ev=1)
    assert alone.connected.any(axis=1).all()
    assert alone.connected[:, :25].any(axis=1).sum() == 50


def test_table_1_is_served_by_price():  # [P]: its rows, against the words above them
    pence = np.array([13, 12, 11, 17, 15, 14])
    shown_wh = np.array([1_070, 2_000, 535, 2_000, 220, 900])
    terms = OrderTerms(
        TICKS_PER_PENNY * pence[:, None], np.array([5, 2, 0, 4, 1, 3]), np.zeros(6, dtype=bool)
    )
    market = FrameMarket(0, terms, shown_wh, np.arange(6) < 3)
    assert [int(pence[ev]) for ev in market.by_priority(Side.BID)] == [13, 12, 11]
    assert [int(pence[ev]) for ev in market.by_priority(Side.ASK)] == [14, 15, 17]
    assert RANK_RULES.alpha == 10 * RANK_RULES.beta
    assert not market.matched_wh(prices_cross=True).any()
    # as printed the rows do not cross: any buy meeting any sell moves what the smaller side has
    assert market.matched_wh(prices_cross=False)[:3].sum() == min(shown_wh[:3].sum(), shown_wh[3:].sum())


def test_prices_stay_between_ten_and_thirty_pence():  # [P]
    ticks = draw_terms(xiao_problem(np.random.default_rng(0)), np.random.default_rng(1)).tick
    assert ticks.min() >= 10 * TICKS_PER_PENNY
    assert ticks.max() <= 30 * TICKS_PER_PENNY


def test_only_megawatts_fit_the_published_level():  # [X]
    # 1.15 kW would mean a transformer whose load never changes by more than 0.575 kW all day
    base_w = winter_base_w()
    assert fluctuation_w(base_w) >= 2 * (base_w.max() - base_w.min())
    assert fluctuation_w(base_w) / W_PER_MW == pytest.approx(0.19, abs=0.02)


def test_no_schedule_gets_below_the_two_frames_without_evs(days):  # [X]
    base_w = winter_base_w()
    idle_w = base_w[~xiao_problem(np.random.default_rng(0)).connected.any(axis=0)]
    bound_w = 2 * (idle_w.max() - idle_w.min())
    assert len(idle_w) == 2
    for day in days:
        problem = day["lp"].schedule.problem
        assert optimal_plan(problem).fluctuation_w == pytest.approx(bound_w, abs=0.1)
        assert all(method.schedule.fluctuation_w >= bound_w for method in day.values())


def test_everyone_is_served_within_the_limit(days):  # [X]
    for day in days:
        for name, method in day.items():
            assert method.schedule.unserved_wh == 0, name
            assert method.schedule.frames_above_limit == 0 or name == "none"


def test_published_order_none_ga_adbev(days):  # [F]
    assert level_mw(days, "none") > level_mw(days, "ga_weak") > level_mw(days, "literal")
    # the published GA is a weak one: a converged GA beats the literal method
    assert level_mw(days, "ga_converged") < level_mw(days, "literal_any")
    # without a schedule the fast EVs plug in at once: above the limit, as the paper shows it, on some days
    assert any(day["none"].schedule.frames_above_limit for day in days)


def test_reductions(days):  # [F]
    assert reduction(days, "literal") >= 33
    assert reduction(days, "literal_any") >= 47
    assert reduction(days, "literal_any") > reduction(days, "literal")
    assert reduction(days, "fluid_even") >= 68
    assert reduction(days, "fluid") >= 68
    assert reduction(days, "level") >= 78
    assert reduction(days, "level_forecast") >= 75
    for day in days:
        level, best = (day[name].schedule.fluctuation_w for name in ("level", "lp"))
        assert level <= 1.15 * best
    beaten = [
        day["fluid"].schedule.fluctuation_w < day["ga_converged"].schedule.fluctuation_w for day in days
    ]
    assert sum(beaten) >= 5


def test_the_exact_optimum_is_faster_than_the_converged_search():
    orders = xiao_problem(np.random.default_rng(5), evs=200, limit_w=500_000)
    seconds = {}
    for method in (LinearProgramScheduler(), GeneticScheduler()):
        times = []
        for _ in range(3):
            began = time.perf_counter()
            method.schedule(orders, np.random.default_rng(6))
            times.append(time.perf_counter() - began)
        seconds[type(method).__name__] = min(times)
    assert seconds["LinearProgramScheduler"] < 1
    assert seconds["GeneticScheduler"] > 10 * seconds["LinearProgramScheduler"]


def test_two_thousand_evs():
    methods = {name: method for name, method in paper_methods().items() if name in ("none", "fluid", "lp")}
    (day,) = compare([1], lambda rng: xiao_problem(rng, evs=2_000, limit_w=5_000_000), methods)
    assert sum(method.seconds for method in day.values()) < 60
    assert day["lp"].schedule.fluctuation_w <= day["fluid"].schedule.fluctuation_w
