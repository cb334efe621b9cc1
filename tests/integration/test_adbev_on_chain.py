"""Schedules of EVs on the contracts: fills, deliveries, money and twin, call by call."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.experiments.adbev_chain import ChainRun, run_on_chain
from voltberg.reference.words import unpack_deliveries
from voltberg.scheduling.adbev_literal import LiteralScheduler
from voltberg.scheduling.fluid import FluidScheduler
from voltberg.scheduling.level import LevelScheduler
from voltberg.scheduling.linear_program import LinearProgramScheduler
from voltberg.scheduling.problem import Schedule
from voltberg.scheduling.xiao import xiao_problem
from voltberg.simulation.ev_day import DAYS, FIRST_DAY, SECOND_DAY

IN_PROCESS = "evm" if sys.version_info < (3, 13) else "anvil"
METHODS = {"literal": LiteralScheduler(), "fluid": FluidScheduler(), "level": LevelScheduler()}


@pytest.fixture(scope="module")
def artifacts(project_root):
    return compile_contracts(project_root)


def scheduled(method, evs=100, seed=8) -> Schedule:
    day = xiao_problem(np.random.default_rng([seed, 0]), evs=evs)
    return method.schedule(day, np.random.default_rng([seed, 1]))


def assert_sound(run: ChainRun) -> None:
    assert run.faults == []
    assert run.shortfall_wh == run.money_residual_micro == run.energy_residual_wh == 0
    assert all(step.explained for steps in run.steps.values() for step in steps)


@pytest.mark.parametrize("name", METHODS)
def test_the_papers_day_is_traded_as_it_is_scheduled(name, artifacts):
    # with this seed the transformer's limit holds the grid back under `literal`
    schedule = scheduled(METHODS[name])
    run = run_on_chain(schedule, "auction", DAYS, IN_PROCESS, artifacts)

    assert_sound(run)
    assert run.fill_differences == ()
    for fills in run.fills.values():
        assert (fills.energy_wh == schedule.energy_wh).all()
        assert (fills.between_wh == schedule.market.matched_wh).all()
        assert (fills.grid_wh == schedule.market.grid_wh).all()
    assert set(run.steps) == ({"neighbours", "grid"} if name == "literal" else {"grid"})
    if name == "literal":
        shown_wh = schedule.market.shown_wh
        assert ((shown_wh > 0) & (schedule.energy_wh < shown_wh)).any()


def test_all_that_is_sold_is_delivered_and_every_frame_becomes_final(artifacts):
    schedule = scheduled(FluidScheduler(), evs=16)
    run = run_on_chain(schedule, "auction", DAYS, IN_PROCESS, artifacts)

    assert_sound(run)
    first_frame, ids = run.day.days[0].first_frame, run.day.markets["grid"].ids
    delivered_wh = np.zeros_like(schedule.energy_wh)
    final = set()
    for step in run.steps["grid"]:
        for contract, event, args in step.execution.logs:
            if (contract, event) == ("house", "FrameFinalised"):
                final.add(args[0])
            if event == "DeliveriesSettled" and args[0] < first_frame + 48:
                for record in unpack_deliveries(args[1]):
                    if record.participant_id in ids:
                        row = ids.index(record.participant_id)
                        delivered_wh[row, args[0] - first_frame] += record.delivered_wh
    assert (delivered_wh == np.maximum(-schedule.energy_wh, 0)).all()
    assert delivered_wh.any()
    assert final == set(run.day.frames)
    assert len(final) == 2 * 48


def test_one_wh_in_the_schedule_is_found(artifacts):
    """The check can fail: a schedule with one entry changed does not agree with the fills of its orders."""
    schedule = scheduled(LiteralScheduler(), evs=12)
    ev, frame = map(int, np.argwhere(schedule.market.grid_wh > 0)[0])
    energy_wh, grid_wh = schedule.energy_wh.copy(), schedule.market.grid_wh.copy()
    energy_wh[ev, frame] -= 1
    grid_wh[ev, frame] -= 1
    wrong = replace(schedule, energy_wh=energy_wh, market=replace(schedule.market, grid_wh=grid_wh))
    run = run_on_chain(wrong, "auction", (FIRST_DAY,), IN_PROCESS, artifacts)

    traded_wh = int(schedule.energy_wh[ev, frame])
    assert run.fill_differences == tuple(
        f"first_day: frame {frame}, EV {ev}, {what}: the fills are {traded_wh} Wh, "
        f"the schedule is {traded_wh - 1} Wh"
        for what in ("with the grid", "in all")
    )
    # the grid delivers what the wrong schedule says, a Wh less than it sold
    assert run.shortfall_wh == 1
    assert run.faults == ["1 Wh were sold and not delivered"]


def test_a_seller_who_delivers_less_than_it_sold_is_found(artifacts):
    schedule = scheduled(FluidScheduler(), evs=12)
    ev, frame = map(int, np.argwhere(schedule.energy_wh < -10)[0])
    energy_wh = schedule.energy_wh.copy()
    energy_wh[ev, frame] += 7
    run = run_on_chain(replace(schedule, energy_wh=energy_wh), "auction", (FIRST_DAY,), IN_PROCESS, artifacts)

    assert any(f"frame {frame}, EV {ev}, in all" in difference for difference in run.fill_differences)
    assert run.shortfall_wh >= 7


@pytest.mark.parametrize("name", METHODS)
def test_at_the_book_the_same_orders_trade_in_another_way(name, artifacts):
    schedule = scheduled(METHODS[name], evs=40)
    run = run_on_chain(schedule, "book", DAYS, IN_PROCESS, artifacts)

    assert_sound(run)
    traded_wh = run.fills[SECOND_DAY].energy_wh
    assert Schedule(schedule.problem, traded_wh).frames_above_limit == 0  # refuses what no EV could do
    assert (traded_wh == run.fills[FIRST_DAY].energy_wh).all()
    assert (np.abs(traded_wh) <= np.abs(schedule.market.shown_wh)).all()
    assert (traded_wh * schedule.market.shown_wh >= 0).all()
    if schedule.market.grid_takes:
        # whoever is left trades with the grid: who with whom differs, how much does not
        assert (traded_wh == schedule.energy_wh).all()
    assert np.abs(traded_wh).sum() > 0


def test_what_cannot_be_replayed_is_refused(artifacts):
    schedule = scheduled(FluidScheduler(), evs=4)
    with pytest.raises(ValueError, match="engine is 'rpc'"):
        run_on_chain(schedule, "auction", (FIRST_DAY,), "rpc", artifacts)
    with pytest.raises(
        ValueError, match="days are second_day, expected first_day, or first_day and second_day"
    ):
        run_on_chain(schedule, "auction", (SECOND_DAY,), IN_PROCESS, artifacts)
    with pytest.raises(ValueError, match="1001 EVs, on the contracts a day has at most 1000"):
        run_on_chain(scheduled(FluidScheduler(), evs=1001), "auction", (FIRST_DAY,), IN_PROCESS, artifacts)
    optimum = scheduled(LinearProgramScheduler(), evs=4)
    with pytest.raises(ValueError, match="no orders"):
        run_on_chain(optimum, "auction", (FIRST_DAY,), IN_PROCESS, artifacts)


def test_another_engine_takes_the_same_gas_for_the_same_fills(artifacts):
    schedule = scheduled(LiteralScheduler(), evs=6)
    runs = [
        run_on_chain(schedule, "auction", (FIRST_DAY,), engine, artifacts) for engine in (IN_PROCESS, "anvil")
    ]
    for run in runs:
        assert_sound(run)
        assert run.fill_differences == ()
    gas = [[step.execution.gas_used for steps in run.steps.values() for step in steps] for run in runs]
    assert gas[0] == gas[1]
    assert len(gas[0]) > 300
