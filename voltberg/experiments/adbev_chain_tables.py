"""The part of an AdBEV run that is on the contracts: every market method at both venues, and its tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from voltberg.chain.artifacts import Artifacts
from voltberg.experiments.adbev_chain import ChainRun, run_on_chain
from voltberg.experiments.adbev_gas import PARTS, DayGas, gas_of_day, operations_table, together
from voltberg.experiments.adbev_inputs import paper_day
from voltberg.experiments.adbev_methods import FLUID, LEVEL, LEVEL_FORECAST, LITERAL, schedulers
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.experiments.adbev_tables import MethodRun
from voltberg.scheduling.problem import Schedule, fluctuation_w
from voltberg.simulation.ev_day import DAYS
from voltberg.simulation.ev_market import VenueName

Report = Callable[[str, int, int], None]
ON_CHAIN: Final = (LITERAL, FLUID, LEVEL, LEVEL_FORECAST)
"""Methods whose prices cross, as the contracts' do."""
MEASURED: Final = (LITERAL, FLUID)
"""Those whose gas is measured by number of EVs."""

_GAS: Final = ("orders", *PARTS, "gas_per_order")
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "chain_fills": (
        "method", "venue", "day", "fills", "between_evs_wh", "from_grid_wh", "to_grid_wh", "scheduled_wh",
        "entries_differing", "differing_wh", "pfl_w",
    ),
    "chain_operations": (
        "method", "venue", "day", "operation", "transactions", "count", "gas", "gas_each", "gas_most", "goal",
        "held",
    ),
    "chain_goals": (
        "venue", "day", "operation", "transactions", "count", "gas", "gas_each", "gas_most", "goal", "held",
        "why",
    ),
    "chain_gas": ("method", "venue", "day", *_GAS),
    "gas_measured": ("method", "day", "peers", *_GAS),
}  # fmt: skip
"""Columns of each table."""


@dataclass(frozen=True, slots=True)
class ChainTables:
    """Tables of what was done on the contracts; empty ones where nothing was.

    Parameters
    ----------
    chain_fills : DataFrame
        One row a method, venue and day: fills beside the schedule.
    chain_operations : DataFrame
        One row a method, venue, day and operation: gas beside its goal.
    chain_goals : DataFrame
        The same with the methods together, and why a goal is missed.
    chain_gas : DataFrame
        One row a method, venue and day: gas of the day by part.
    gas_measured : DataFrame
        One row a method, day and number of EVs: gas of a day at the auction.
    """

    chain_fills: pd.DataFrame
    chain_operations: pd.DataFrame
    chain_goals: pd.DataFrame
    chain_gas: pd.DataFrame
    gas_measured: pd.DataFrame

    @classmethod
    def empty(cls) -> ChainTables:
        """Make the tables of a run without a chain."""
        return cls(*(pd.DataFrame(columns=list(COLUMNS[table.name])) for table in fields(cls)))


@dataclass(frozen=True, slots=True)
class ChainResult:
    """What the contracts made of a run's schedules.

    Parameters
    ----------
    tables : ChainTables
        Its tables.
    transactions : int
        All that were sent.
    faults : tuple of str
        What is wrong, a sentence each: fills of an auction that are not the schedule, answers that are not
        the twin's, failures, what was created, lost or owed.
    """

    tables: ChainTables
    transactions: int
    faults: tuple[str, ...]


def chain_result(
    settings: AdbevSettings, runs: list[MethodRun], artifacts: Artifacts, report: Report
) -> ChainResult:
    """Trade the first seed's schedules on the contracts.

    Parameters
    ----------
    settings : AdbevSettings
        The run's.
    runs : list of MethodRun
        The first seed's methods.
    artifacts : Artifacts
        The compiled contracts.
    report : callable
        Told the phase, how much of it is done and of how much.

    Returns
    -------
    ChainResult
        Tables and faults.
    """
    made = _Made([], [], [], [], [], 0)
    schedules = {run.method: run.schedule for run in runs if run.method in ON_CHAIN and run.schedule}
    for method, schedule in schedules.items():
        for venue in get_args(VenueName):
            replayed = _replayed(settings, f"{method}, {venue}", schedule, venue, DAYS, artifacts, report)
            made.add(method, replayed)
    for method in MEASURED:
        for evs in settings.chain_peers:
            day = paper_day(settings.first_seed, evs=evs, homes=evs, windows_per_ev=settings.windows_per_ev)
            rng = np.random.default_rng([settings.first_seed, 1])
            schedule = schedulers(None)[method].schedule(day.problem, rng)
            replayed = _replayed(
                settings, f"{method}, {evs} EVs", schedule, "auction", DAYS, artifacts, report
            )
            made.measure(method, evs, replayed)
    return made.result()


def _replayed(
    settings: AdbevSettings,
    what: str,
    schedule: Schedule,
    venue: VenueName,
    days: tuple[str, ...],
    artifacts: Artifacts,
    report: Report,
) -> ChainRun:
    def progress(done: int, whole: int) -> None:
        report(f"on the contracts: {what.replace(',', '')}", done, whole)

    return run_on_chain(schedule, venue, days, settings.engine, artifacts, progress)


@dataclass(slots=True)
class _Made:
    """Rows and faults as they come."""

    fills: list[dict[str, Any]]
    operations: list[pd.DataFrame]
    gas: list[dict[str, Any]]
    measured: list[dict[str, Any]]
    faults: list[str]
    transactions: int

    def add(self, method: str, run: ChainRun) -> None:
        self._check(method, run)
        self.operations.append(operations_table(method, run))
        for replayed in run.day.days:
            day = gas_of_day(run, replayed.name)
            key = {"method": method, "venue": run.venue, "day": replayed.name}
            self.gas.append({**key, **_gas_row(day)})
            self.fills.append({**key, "fills": day.fills, **_fills_row(run, replayed.name)})

    def measure(self, method: str, evs: int, run: ChainRun) -> None:
        self._check(f"{method} with {evs} EVs", run)
        for replayed in run.day.days:
            row = {"method": method, "day": replayed.name, "peers": evs}
            self.measured.append({**row, **_gas_row(gas_of_day(run, replayed.name))})

    def _check(self, method: str, run: ChainRun) -> None:
        told = run.faults
        if run.venue == "auction":
            told += run.fill_differences
        self.faults += [f"{method}, {run.venue}: {fault}" for fault in told]
        self.transactions += sum(map(len, run.steps.values()))

    def result(self) -> ChainResult:
        rows: dict[str, Any] = {
            "chain_fills": self.fills,
            "chain_gas": self.gas,
            "gas_measured": self.measured,
        }
        tables = {name: pd.DataFrame(found, columns=list(COLUMNS[name])) for name, found in rows.items()}
        operations = ChainTables.empty().chain_operations
        if self.operations:
            operations = pd.concat(self.operations, ignore_index=True)
        tables["chain_operations"] = operations.astype({"goal": "Int64", "held": "boolean"})
        tables["chain_goals"] = together(tables["chain_operations"])
        return ChainResult(ChainTables(**tables), self.transactions, tuple(self.faults))


def _gas_row(day: DayGas) -> dict[str, Any]:
    parts = {column: sum(day.by_part[name] for name in names) for column, names in PARTS.items()}
    return {"orders": day.orders, **parts, "gas_per_order": day.per_order}


def _fills_row(run: ChainRun, day: str) -> dict[str, Any]:
    traded, schedule = run.fills[day], run.day.schedule
    missing_wh = traded.energy_wh - schedule.energy_wh
    return {
        "between_evs_wh": int(np.maximum(traded.between_wh, 0).sum()),
        "from_grid_wh": int(np.maximum(traded.grid_wh, 0).sum()),
        "to_grid_wh": int(np.maximum(-traded.grid_wh, 0).sum()),
        "scheduled_wh": int(np.maximum(schedule.energy_wh, 0).sum()),
        "entries_differing": int((missing_wh != 0).sum()),
        "differing_wh": int(np.abs(missing_wh).sum()),
        "pfl_w": int(fluctuation_w(schedule.problem.total_w(traded.energy_wh))),
    }
