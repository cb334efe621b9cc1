"""From a schedule to orders, and from fills back to the schedule."""

from dataclasses import replace

import numpy as np
import pytest

from voltberg.models import RoleId, Side, Trade
from voltberg.scheduling.adbev_literal import LiteralScheduler
from voltberg.scheduling.fluid import FluidScheduler
from voltberg.scheduling.grid_prices import GRID_ASK_TICK, GRID_BID_TICK
from voltberg.scheduling.none import NoScheduler
from voltberg.scheduling.xiao import xiao_problem
from voltberg.simulation.ev_day import DAYS, replayed_days
from voltberg.simulation.ev_fills import fill_differences, fills_of
from voltberg.simulation.ev_market import configuration_of
from voltberg.simulation.ev_orders import ScheduledOrders

MOST_WH = 250_000
NOBODY = np.zeros(30, dtype=np.int64)


def scheduled(method):
    day = xiao_problem(np.random.default_rng(3), evs=30, windows_per_ev=1)
    return method.schedule(day, np.random.default_rng(4))


@pytest.fixture(scope="module")
def literal():
    return scheduled(LiteralScheduler())


@pytest.fixture(scope="module")
def fluid():
    return scheduled(FluidScheduler())


def test_an_order_shows_its_slice_of_what_is_left_of_it(literal):
    orders, trace, problem = ScheduledOrders(literal, MOST_WH), literal.market, literal.problem
    icebergs = 0
    for frame in range(problem.frames):
        at = orders.at_limits(frame)
        assert [order.ev for order in at] == [
            ev for ev in trace.arrival.tolist() if trace.shown_wh[ev, frame]
        ]
        for order in at:
            shown_wh = trace.shown_wh[order.ev, frame]
            whole_wh = problem.need_wh[order.ev] + problem.surplus_wh[order.ev]
            left_wh = whole_wh - abs(literal.energy_wh[order.ev, :frame].sum())
            assert order.side == (Side.BID if shown_wh > 0 else Side.ASK)
            assert order.tick == trace.tick[order.ev, frame]
            assert order.quantity_wh == min(left_wh, 32 * abs(shown_wh))
            assert (order.peak_wh or order.quantity_wh) == abs(shown_wh)
            icebergs += order.peak_wh > 0
        plenty = np.full(problem.evs, 10**6)
        shown = {order.ev: order.quantity_wh for order in orders.slices_at_limits(frame, plenty)}
        assert shown == {order.ev: order.peak_wh or order.quantity_wh for order in at}
    assert icebergs > 50
    few = orders.slices_at_limits(0, np.where(np.arange(problem.evs) % 2, 7, 0))
    assert {order.ev for order in few} == {order.ev for order in orders.at_limits(0) if order.ev % 2}
    assert all(order.quantity_wh == 7 for order in few)


def test_where_evs_meet_first_only_what_buyers_lack_meets_the_grid(literal):
    orders, trace = ScheduledOrders(literal, MOST_WH), literal.market
    assert orders.evs_meet_first
    rests = 0
    for frame in range(48):
        *rest, offer = orders.at_grid_prices(frame, np.maximum(trace.matched_wh[:, frame], 0))
        assert (offer.ev, offer.side, offer.tick) == (None, Side.ASK, GRID_ASK_TICK)
        assert offer.quantity_wh == literal.problem.import_room_wh(frame)
        for order in rest:
            missing_wh = trace.shown_wh[order.ev, frame] - trace.matched_wh[order.ev, frame]
            assert (order.side, order.peak_wh or order.quantity_wh) == (Side.BID, missing_wh)
            assert order.tick >= GRID_ASK_TICK
        rests += len(rest)
    assert rests > 10


def test_where_the_grid_takes_everybody_and_the_grid_meet_at_once(fluid):
    orders = ScheduledOrders(fluid, MOST_WH)
    assert not orders.evs_meet_first
    *evs, offer, bid = orders.at_grid_prices(20, NOBODY)
    assert {order.ev for order in evs} == set(np.flatnonzero(fluid.market.shown_wh[:, 20]).tolist())
    assert (offer.side, offer.tick, bid.side, bid.tick) == (Side.ASK, GRID_ASK_TICK, Side.BID, GRID_BID_TICK)
    load_wh = fluid.problem.base_w[20] // 2
    assert (offer.quantity_wh, bid.quantity_wh) == (125_000 - load_wh, 125_000 + load_wh)


def test_the_grid_cuts_an_offer_that_is_too_large_for_one_order_and_offers_nothing_without_room(fluid):
    parts = ScheduledOrders(fluid, 50_000).of_grid(0)
    for side, room_wh in (
        (Side.ASK, fluid.problem.import_room_wh(0)),
        (Side.BID, fluid.problem.export_room_wh(0)),
    ):
        quantities = [order.quantity_wh for order in parts if order.side is side]
        assert sum(quantities) == room_wh
        assert max(quantities) == 50_000
    crowded = replace(fluid.problem, base_w=fluid.problem.base_w + 250_000)
    full = replace(fluid, problem=crowded)
    assert [order.side for order in ScheduledOrders(full, MOST_WH).of_grid(0)] == [Side.BID, Side.BID]


def test_a_schedule_without_orders_cannot_be_placed():
    with pytest.raises(ValueError, match="no orders"):
        ScheduledOrders(scheduled(NoScheduler()), MOST_WH)


def trades_of(schedule, first_frame):
    """Trades that would give the schedule: each buyer with the grid, each seller with it."""
    ids = range(7, 37)
    trades = []
    for ev, position in np.argwhere(schedule.energy_wh).tolist():
        wh = int(schedule.energy_wh[ev, position])
        pair = (ids[ev], RoleId.GRID) if wh > 0 else (RoleId.GRID, ids[ev])
        trades.append(Trade(first_frame + position, *pair, abs(wh), 96))
    return trades, ids


def test_one_wh_more_is_named_by_frame_and_ev(fluid):
    trades, ids = trades_of(fluid, 1_000)
    grid_only = replace(
        fluid, market=replace(fluid.market, matched_wh=0 * fluid.energy_wh, grid_wh=fluid.energy_wh)
    )
    fills = fills_of(trades, 1_000, fluid.energy_wh.shape, ids)
    assert fill_differences(grid_only, fills) == []

    ev, frame = map(int, np.argwhere(fluid.energy_wh > 0)[5])
    wh = int(fluid.energy_wh[ev, frame])
    more = fills_of([*trades, Trade(1_000 + frame, ids[ev], RoleId.GRID, 1, 96)], 1_000, (30, 48), ids)
    assert fill_differences(grid_only, more) == [
        f"frame {frame}, EV {ev}, {what}: the fills are {wh + 1} Wh, the schedule is {wh} Wh"
        for what in ("with the grid", "in all")
    ]
    # other days' trades do not count, trades between EVs do not count as the grid's
    assert fills_of(trades, 2_000, (30, 48), ids).energy_wh.sum() == 0
    swapped = fills_of([Trade(1_000, ids[0], ids[1], 5, 96)], 1_000, (30, 48), ids)
    assert (swapped.between_wh[:2, 0].tolist(), swapped.grid_wh.any()) == ([5, -5], False)
    with pytest.raises(ValueError, match="participant 3 traded"):
        fills_of([Trade(1_000, 3, ids[0], 1, 96)], 1_000, (30, 48), ids)
    with pytest.raises(ValueError, match="no orders"):
        fill_differences(scheduled(NoScheduler()), fills)


def test_days_follow_each_other():
    assert [day.first_frame for day in replayed_days(1_000, 48, DAYS)] == [1_000, 1_048]
    assert [day.first_frame for day in replayed_days(1_000, 50, DAYS[:1])] == [1_000]


def test_two_auctions_fit_between_an_order_and_its_delivery():
    neighbours, grid = (configuration_of(1_800, leads, 48).settlement for leads in ((40, 30), (20, 10)))
    assert neighbours.gate_closure_lead_seconds - 240 > grid.gate_closure_lead_seconds
    assert configuration_of(1_800, (20, 10), 48).auction.slices_per_frame == 1
    with pytest.raises(ValueError, match="frames have 300 s"):
        configuration_of(300, (20, 10), 96)
    with pytest.raises(ValueError, match="ring_frames is 15, expected at least 16"):
        configuration_of(1_800, (20, 10), 15)
