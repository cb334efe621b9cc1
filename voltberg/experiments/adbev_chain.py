"""Trading AdBEV schedules on the contracts: deploy, replay on some days, compare with twin and schedule."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from voltberg.chain.artifacts import Artifacts
from voltberg.chain.deploy import RoleAccounts, deploy_market
from voltberg.chain.engine import Engine, open_engine
from voltberg.chain.ledger import ChainLedger
from voltberg.configuration import MarketConfiguration
from voltberg.experiments.replay_run import LOCAL_ENGINES, ROLE_ACCOUNTS, cast_of
from voltberg.reference.market import ReferenceMarket
from voltberg.scheduling.grid_prices import GRID_ASK_TICK
from voltberg.scheduling.problem import Schedule
from voltberg.simulation.ev_day import DAYS, GRID, MOST_EVS, NEIGHBOURS, EvDay, replayed_days
from voltberg.simulation.ev_fills import EvFills, fill_differences, fills_of
from voltberg.simulation.ev_market import (
    GRID_LEADS,
    NEIGHBOURS_LEADS,
    EvMarket,
    VenueName,
    configuration_of,
)
from voltberg.simulation.ledger import Step
from voltberg.simulation.replay import differences, steps_of

FIRST_DAY_BEGINS: Final = 1_767_247_200
"""2026-01-01T06:00:00Z: the day of Xiao & Hou begins at six."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ChainRun:
    """What became of a schedule on the contracts.

    Parameters
    ----------
    venue : str
        ``auction`` or ``book``.
    day : EvDay
        What was planned, with the twins.
    steps : dict of str to list of Step
        All transactions, by market.
    fills : dict of str to EvFills
        What each day's logs say was traded, by name of the day.
    fill_differences : tuple of str
        Where fills and schedule differ, a sentence each; none are expected at the auction.
    unexplained : tuple of str
        Transactions that did something else than the twin predicted.
    state_differences : tuple of str
        Public values in which contracts and twin differ.
    failed : tuple of str
        Transactions that failed, whoever predicted it; none are expected.
    shortfall_wh : int
        What sellers owed and did not deliver [Wh].
    money_residual_micro, energy_residual_wh : int
        What was created or lost in all markets [micro], [Wh].
    """

    venue: VenueName
    day: EvDay
    steps: dict[str, list[Step]]
    fills: dict[str, EvFills]
    fill_differences: tuple[str, ...]
    unexplained: tuple[str, ...]
    state_differences: tuple[str, ...]
    failed: tuple[str, ...]
    shortfall_wh: int
    money_residual_micro: int
    energy_residual_wh: int

    @property
    def faults(self) -> list[str]:
        """What is wrong at any venue: contracts against twin, failures, what was created, lost or owed."""
        counted = (
            (self.shortfall_wh, "Wh were sold and not delivered"),
            (self.money_residual_micro, "micro-units of money are left over"),
            (self.energy_residual_wh, "Wh are left over"),
        )
        told = [f"{amount} {what}" for amount, what in counted if amount]
        return [*self.unexplained, *self.failed, *self.state_differences, *told]


def run_on_chain(
    schedule: Schedule,
    venue: VenueName,
    days: tuple[str, ...],
    engine_name: str,
    artifacts: Artifacts,
    progress: Progress | None = None,
) -> ChainRun:
    """Trade, deliver and settle a schedule's orders on a fresh chain.

    Parameters
    ----------
    schedule : Schedule
        Made by a market.
    venue : str
        ``auction``, where EVs meet first in a market of their own if the grid does not take, or ``book``.
    days : tuple of str
        Days on which it is repeated: the first one, or both of `DAYS`.
    engine_name : str
        ``ganache``, ``anvil`` or ``evm``.
    artifacts : Artifacts
        The compiled contracts.
    progress : callable or None
        Told the frames done and how many there are.

    Returns
    -------
    ChainRun
        What came of it.

    Raises
    ------
    ValueError
        If the engine is none whose clock can be set, days are others, there are too many EVs, or frames are
        too short, or too many for a ring.
    """
    evs = schedule.problem.evs
    if evs > MOST_EVS:
        raise ValueError(f"there are {evs} EVs, on the contracts a day has at most {MOST_EVS}")
    if engine_name not in LOCAL_ENGINES:
        raise ValueError(f"engine is {engine_name!r}, expected one of {', '.join(LOCAL_ENGINES)}")
    if not days or days != DAYS[: len(days)]:
        raise ValueError(f"days are {', '.join(days)}, expected {DAYS[0]}, or {' and '.join(DAYS)}")
    problem = schedule.problem
    planned = replayed_days(FIRST_DAY_BEGINS // problem.frame_seconds, problem.frames, days)
    two = venue == "auction" and schedule.market is not None and not schedule.market.grid_takes
    leads = {NEIGHBOURS: NEIGHBOURS_LEADS, GRID: GRID_LEADS} if two else {GRID: GRID_LEADS}
    with ExitStack() as stack:
        engine = stack.enter_context(open_engine(engine_name, account_count=ROLE_ACCOUNTS + evs))
        markets, ledgers = {}, {}
        for name, lead in leads.items():
            # With a ring of one day the second day writes the slots that the first has written.
            configuration = configuration_of(problem.frame_seconds, lead, problem.frames)
            markets[name], ledgers[name] = _deployed(engine, artifacts, venue, configuration)
        day = EvDay(schedule, markets, planned)
        steps = _execute(day, ledgers, progress)
        state_differences = [
            difference for name in leads for difference in _state_differences(name, day, ledgers[name])
        ]
        return _conclude(venue, day, steps, state_differences)


def _deployed(
    engine: Engine, artifacts: Artifacts, venue: VenueName, configuration: MarketConfiguration
) -> tuple[EvMarket, ChainLedger]:
    cast = cast_of(engine, 0)
    roles = RoleAccounts(*engine.accounts[1:ROLE_ACCOUNTS])
    deployment = deploy_market(engine, artifacts, configuration, engine.accounts[0], roles, fresh=True)
    twin = ReferenceMarket(configuration, deployment.market.addresses, cast.supervisor)
    twin.wire(cast)
    return EvMarket(venue, twin, cast), ChainLedger(engine, deployment.market)


def _execute(day: EvDay, ledgers: dict[str, ChainLedger], progress: Progress | None) -> dict[str, list[Step]]:
    steps: dict[str, list[Step]] = {name: [] for name in ledgers}
    frames = day.frames
    place = {frame: number for number, frame in enumerate(frames)}
    for name, block in day.blocks():
        ledger = ledgers[name]
        ledger.submit(ledger.prepare(block))
        steps[name] += steps_of(block, ledger.collect())
        if progress is not None:
            progress(place.get(block.calls[-1].frame, 0), len(frames))
    return steps


def _state_differences(name: str, day: EvDay, ledger: ChainLedger) -> list[str]:
    market = day.markets[name]
    views = list(market.views(day.frames))
    final = dict(zip(views, ledger.read(views), strict=True))
    return [f"{name}: {difference}" for difference in differences(market.twin, final)]


def _conclude(
    venue: VenueName, day: EvDay, steps: dict[str, list[Step]], state_differences: list[str]
) -> ChainRun:
    trades = []
    for name, market in day.markets.items():
        follower = market.venue.follower()
        follower.follow(steps[name])
        trades += [placed.trade for placed in follower.trades]
    problem = day.schedule.problem
    shape, ids = (problem.evs, problem.frames), day.markets[GRID].ids
    fills = {replayed.name: fills_of(trades, replayed.first_frame, shape, ids) for replayed in day.days}
    differing = [
        f"{name}: {difference}"
        for name, traded in fills.items()
        for difference in fill_differences(day.schedule, traded)
    ]
    left_over = [market.twin.conservation() for market in day.markets.values()]
    every = [step for of_market in steps.values() for step in of_market]
    unexplained = [
        f"{step.planned.operation} in frame {step.planned.frame}: {step.execution.error or 'other events'}, "
        f"by the twin {step.planned.error or 'success'}"
        for step in every
        if not step.explained
    ]
    return ChainRun(
        venue=venue,
        day=day,
        steps=steps,
        fills=fills,
        fill_differences=tuple(differing),
        unexplained=tuple(unexplained),
        state_differences=tuple(state_differences),
        failed=tuple(
            f"{step.planned.operation} in frame {step.planned.frame}: {step.execution.error}"
            for step in every
            if step.execution.error
        ),
        shortfall_wh=sum(_shortfall_wh(market, steps[name]) for name, market in day.markets.items()),
        money_residual_micro=sum(abs(residual) for *money, _ in left_over for residual in money),
        energy_residual_wh=sum(energy_wh for *_, energy_wh in left_over),
    )


def _shortfall_wh(market: EvMarket, steps: list[Step]) -> int:
    """Give what the grid was paid to deliver in the place of sellers, by its price."""
    price_micro_per_wh = GRID_ASK_TICK * market.twin.house.tick_micro_per_wh()
    paid_micro = [
        args[4] for step in steps for _, event, args in step.execution.logs if event == "FrameFinalised"
    ]
    return sum(-(-micro // price_micro_per_wh) for micro in paid_micro)
