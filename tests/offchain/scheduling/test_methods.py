"""The market's frame and day against the auction's twin, and what each method must keep to."""

import numpy as np
import pytest

from tests.offchain.scheduling.days import random_day
from voltberg.models import Side
from voltberg.reference.auction_clearing import clear_frame
from voltberg.reference.auction_words import AuctionOrder, pack_auction_order
from voltberg.scheduling.adbev_literal import LiteralScheduler
from voltberg.scheduling.comparison import compare, paper_methods
from voltberg.scheduling.fluid import FluidScheduler
from voltberg.scheduling.frame_market import RANK_RULES, FrameMarket, fill_in_order
from voltberg.scheduling.genetic import GeneticScheduler
from voltberg.scheduling.level import LevelScheduler
from voltberg.scheduling.linear_program import InfeasibleError
from voltberg.scheduling.orders import OpenOrders, OrderTerms, draw_terms
from voltberg.scheduling.problem import ChargingProblem
from voltberg.scheduling.xiao import expected_problem, xiao_problem

MARKETS = [
    LiteralScheduler(),
    LiteralScheduler(prices_cross=False),
    FluidScheduler(),
    FluidScheduler(steady=False),
    LevelScheduler(),
]
METHODS = paper_methods()


def rng(seed=0):
    return np.random.default_rng(seed)


def terms_of(ticks, arrival):
    return OrderTerms(np.array(ticks)[:, None], np.array(arrival), np.zeros(len(ticks), dtype=bool))


def by_the_auction(trace, frame, left_wh=None):
    """Energy that the twin of the contract matches in a frame, by EV, from the same orders [Wh].

    With what is left of the orders, each is placed whole and shows its slice, one a frame.
    """
    placed = [int(ev) for ev in trace.arrival if trace.shown_wh[ev, frame]]
    words = []
    for ev in placed:
        shown_wh, tick = int(trace.shown_wh[ev, frame]), int(trace.tick[ev, frame])
        side = Side.BID if shown_wh > 0 else Side.ASK
        lock = tick if side == Side.BID else 191 - tick
        quantity_wh, peak_wh = abs(shown_wh), 0
        if left_wh is not None and left_wh[ev] > quantity_wh:
            quantity_wh, peak_wh = int(left_wh[ev]), quantity_wh
        words.append(pack_auction_order(AuctionOrder(ev + 1, quantity_wh, peak_wh, tick, lock, 0, side)))
    moved_wh = np.zeros(len(trace.arrival), dtype=np.int64)
    rules = RANK_RULES if left_wh is None else RANK_RULES._replace(slices_per_frame=1)
    for fill in clear_frame(1_000, words, (), rules, 0, 2).fills:
        moved_wh[placed[fill.buyer_position]] += fill.energy_wh
        moved_wh[placed[fill.seller_position]] -= fill.energy_wh
    return moved_wh


def test_what_the_market_matches_is_what_the_auction_matches():
    day = xiao_problem(rng(8), windows_per_ev=1)
    schedule = LiteralScheduler().schedule(day, rng(9))
    trace, traded = schedule.market, 0
    left_wh = day.need_wh + day.surplus_wh
    for frame in range(48):
        matched_wh = trace.matched_wh[:, frame].tolist()
        assert matched_wh == by_the_auction(trace, frame).tolist(), frame
        assert matched_wh == by_the_auction(trace, frame, left_wh).tolist(), frame
        left_wh = left_wh - np.abs(schedule.energy_wh[:, frame])
        traded += sum(map(abs, matched_wh))
    assert traded > 0


def test_rank_weighs_price_ten_times_time():
    # EVs 0 to 11 bid one tick less each and arrive in reverse: f = 10 rank(price) + rank(time)
    ticks, arrival = [*range(100, 88, -1), 90], [*range(11, -1, -1), 12]
    market = FrameMarket(0, terms_of(ticks, arrival), np.full(13, 5), np.arange(13) != 12)
    time_rank = {ev: place for place, ev in enumerate(arrival[:12])}
    expected = sorted(range(12), key=lambda ev: (10 * ev + time_rank[ev], ev))
    assert market.by_priority(Side.BID) == expected
    assert market.by_priority(Side.ASK) == [12]
    # a tick decides against nine places in the queue, not against eleven
    assert expected[:2] == [0, 1]
    late = FrameMarket(0, terms_of([91] + [90] * 11, [*range(1, 12), 0]), np.full(12, 5), np.arange(12) < 12)
    assert late.by_priority(Side.BID)[:3] == [1, 0, 2]


def test_orders_meet_at_crossing_prices_or_at_any():
    terms = terms_of([60, 80, 70, 90], [0, 1, 2, 3])  # buyers 0 and 1, sellers 2 and 3
    market = FrameMarket(0, terms, np.array([10, 20, 25, 30]), np.array([True, True, False, False]))
    assert market.matched_wh(prices_cross=True).tolist() == [0, 20, 20, 0]
    assert market.matched_wh(prices_cross=False).tolist() == [10, 20, 25, 5]


def test_filling_in_order_stops_inside_an_order():
    wanted = np.array([5, 7, 9])
    assert fill_in_order([2, 0, 1], wanted, 15).tolist() == [5, 1, 9]
    assert fill_in_order([2, 0, 1], wanted, -3).tolist() == [0, 0, 0]
    assert fill_in_order([], np.zeros(2, dtype=np.int64), 4).tolist() == [0, 0]


def test_terms_stay_in_the_papers_prices_and_halve_the_icebergs():
    day = xiao_problem(rng(1))
    terms = draw_terms(day, rng(2))
    assert terms.tick.min() >= 50
    assert terms.tick.max() <= 150
    assert terms.iceberg.sum() == 50
    assert sorted(terms.arrival.tolist()) == list(range(100))
    first = xiao_problem(rng(1), windows_per_ev=1).connected.argmax(axis=1)
    arrival = draw_terms(xiao_problem(rng(1), windows_per_ev=1), rng(2)).arrival
    assert (np.diff(first[arrival]) >= 0).all()


def test_an_open_order_knows_its_pace_and_what_it_must_take():
    day = random_day(5)
    orders = OpenOrders.at_first(day)
    for frame in range(day.frames):
        able, forced, even = orders.able_wh(frame), orders.forced_wh(frame), orders.even_wh(frame)
        for ev in range(day.evs):
            plugged = day.connected[ev, frame:]
            left = int(orders.left_wh[ev])
            assert able[ev] == (min(left, day.most_wh[ev]) if plugged[0] else 0)
            later = int(plugged[1:].sum() * day.most_wh[ev])
            assert forced[ev] == (max(left - later, 0) if day.need_wh[ev] and plugged[0] else 0)
            assert even[ev] == (min(-(-left // int(plugged.sum())), able[ev]) if plugged[0] else 0)
            most = int(day.most_wh[ev])
            assert orders.slack_frames(frame)[ev] == int(plugged.sum()) - -(-left // most)
        orders.trade(np.maximum(forced, even // 2))
    assert (orders.left_wh[day.need_wh > 0] == 0).all()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_every_method_serves_all_and_repeats_itself(method, seed):
    day = random_day(seed)
    schedule = method.schedule(day, rng(seed))
    assert schedule.unserved_wh == 0
    assert schedule.frames_above_limit == 0
    assert (schedule.energy_wh == method.schedule(day, rng(seed)).energy_wh).all()


@pytest.mark.parametrize("method", MARKETS)
def test_a_markets_trace_adds_up(method):
    day = xiao_problem(rng(8), windows_per_ev=1)
    schedule = method.schedule(day, rng(9))
    trace = schedule.market
    assert (trace.matched_wh.sum(axis=0) == 0).all()
    assert (trace.matched_wh + trace.grid_wh == schedule.energy_wh).all()
    assert (np.abs(schedule.energy_wh) <= np.abs(trace.shown_wh)).all()
    if isinstance(method, LevelScheduler):
        # a plan's sum is reached from one side: buyers and sellers meet only where buyers must take at once
        assert not ((trace.shown_wh > 0).any(axis=0) & (trace.shown_wh < 0).any(axis=0)).any()
    else:
        assert np.abs(trace.matched_wh).sum() > 0
    if isinstance(method, LiteralScheduler):
        assert (trace.grid_wh >= 0).all()
    else:
        assert trace.grid_wh.min() < 0
        assert (schedule.energy_wh == trace.shown_wh).all()


def test_a_literal_iceberg_shows_four_kilowatts_until_it_would_miss_its_window():
    day = xiao_problem(rng(11))
    icebergs = draw_terms(day, rng(12)).iceberg
    trace = LiteralScheduler().schedule(day, rng(12)).market
    fast = day.rate_w > 4_000
    assert np.abs(trace.shown_wh[icebergs & fast]).max() == 2_000
    assert np.abs(trace.shown_wh[~icebergs & fast]).max() == 21_500
    # a fifth of the rate and one hour: the order has to show all of it
    brief = random_day(0, evs=1, frames=2)
    assert brief.evs == 1
    hasty = LiteralScheduler(peak_w=2)
    assert hasty.schedule(random_day(1), rng()).unserved_wh == 0


def test_the_transformers_limit_holds_back_the_grid():
    day = xiao_problem(rng(2), limit_w=110_000)
    unlimited = LiteralScheduler().schedule(xiao_problem(rng(2)), rng(3))
    assert unlimited.total_w.max() > 110_000
    held = LiteralScheduler().schedule(day, rng(3))
    assert held.frames_above_limit == 0
    assert held.total_w.max() > 109_000
    assert held.unserved_wh == 0


def test_level_follows_a_perfect_plan_and_corrects_a_forecast_of_the_homes():
    day = xiao_problem(rng(5))
    perfect = LevelScheduler().schedule(day, rng(6))
    best = METHODS["lp"].schedule(day, rng(0))
    assert perfect.fluctuation_w <= 1.15 * best.fluctuation_w
    forecast = LevelScheduler(expected_problem()).schedule(day, rng(6))
    assert best.fluctuation_w <= forecast.fluctuation_w + 200
    # the plan is one of the whole load: homes that draw otherwise than expected are made up for
    colder = expected_problem(day.base_w + 3_000)
    assert LevelScheduler(colder).schedule(day, rng(6)).fluctuation_w < 1.5 * best.fluctuation_w
    with pytest.raises(InfeasibleError):
        LevelScheduler(expected_problem(limit_w=60_000)).schedule(day, rng(6))


def test_level_serves_first_who_could_wait_the_shortest():
    # two buyers of equal need, one leaving early: the plan of 400 W throughout needs the hasty one first
    day = ChargingProblem(
        base_w=np.array([0, 0, 0, 0]),
        battery_wh=np.array([800, 800]),
        initial_wh=np.array([0, 0]),
        target_wh=np.array([400, 400]),
        rate_w=np.array([400, 400]),
        connected=np.array([[True, True, True, True], [True, True, False, False]]),
        limit_w=1_000,
    )
    for seed in range(4):  # whatever the prices
        schedule = LevelScheduler().schedule(day, rng(seed))
        assert schedule.total_w.tolist() == [400, 400, 400, 400]
        assert schedule.energy_wh.tolist() == [[0, 0, 200, 200], [200, 200, 0, 0]]


def test_more_generations_are_never_worse():
    day = xiao_problem(rng(1))
    levels = [
        GeneticScheduler(generations).schedule(day, rng(2)).fluctuation_w for generations in (0, 4, 20, 60)
    ]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < levels[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GeneticScheduler(generations=-1), "generations -1"),
        (lambda: GeneticScheduler(population=1), "population 1"),
        (lambda: FluidScheduler(fastest_pct=99), "fastest_pct is 99"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_comparing_less_changes_nothing_else():
    whole = compare([3], lambda r: xiao_problem(r, evs=20), paper_methods())
    part = compare([3], lambda r: xiao_problem(r, evs=20), {k: METHODS[k] for k in ("none", "fluid")})
    assert part[0]["fluid"].reduction_pct == whole[0]["fluid"].reduction_pct
    assert whole[0]["none"].reduction_pct == 0
    fluid, none = (whole[0][name].schedule.fluctuation_w for name in ("fluid", "none"))
    assert whole[0]["fluid"].reduction_pct == pytest.approx(100 * (none - fluid) / none)
