"""All AdBEV methods on the same days: schedules, figures, power flows, tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from voltberg.experiments.adbev_gas_model import GeneticBudget, gas_model
from voltberg.experiments.adbev_inputs import AdbevDay, AdbevInput, read_input
from voltberg.experiments.adbev_methods import BY_NAME, LITERAL, schedulers
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.experiments.adbev_summary import summarise
from voltberg.experiments.adbev_sweep import sweep_table, timing_table
from voltberg.experiments.replay_run import versions
from voltberg.experiments.run_folder import RUN_NAME, SUMMARY_NAME, write_json
from voltberg.grid import FeederPowerFlow, GridLimits, check_limits, place_on_buses
from voltberg.scheduling.linear_program import InfeasibleError
from voltberg.scheduling.orders import TICKS_PER_PENNY
from voltberg.scheduling.problem import Schedule
from voltberg.units import MICRO, W_PER_KW

COMMAND: Final = "adbev"
VOLTAGE_DIGITS: Final = 6
LOADING_DIGITS: Final = 3
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class AdbevTables:
    """The tables of a run, as they are written.

    Parameters
    ----------
    results : DataFrame
        One row a seed and method.
    timings : DataFrame
        Seconds of each, the one table that two runs do not share.
    frames : DataFrame
        The first seed's load, one row a method and frame, with the power flow if there is one.
    prices : DataFrame
        The first seed's prices and energy under `literal`, one row a frame.
    online : DataFrame
        The stay-online model beside the share it is fitted to, one row a frame.
    sweep : DataFrame
        Fluctuation by number of EVs.
    growth : DataFrame
        Seconds by number of EVs.
    gas_model : DataFrame
        The opcode model.
    """

    results: pd.DataFrame
    timings: pd.DataFrame
    frames: pd.DataFrame
    prices: pd.DataFrame
    online: pd.DataFrame
    sweep: pd.DataFrame
    growth: pd.DataFrame
    gas_model: pd.DataFrame

    def write(self, folder: Path) -> None:
        """Write each table as Parquet and CSV.

        Parameters
        ----------
        folder : Path
            Where to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.__slots__:
            table: pd.DataFrame = getattr(self, name)
            table.to_parquet(folder / f"{name}.parquet", index=False)
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


@dataclass(frozen=True, slots=True)
class AdbevResult:
    """A finished run.

    Parameters
    ----------
    folder : Path
        Where it lies.
    summary : dict
        Contents of ``summary.json``.
    tables : AdbevTables
        Its tables.
    """

    folder: Path
    summary: dict[str, Any]
    tables: AdbevTables


@dataclass(frozen=True, slots=True)
class MethodRun:
    """What a method made of a day.

    Parameters
    ----------
    seed : int
        Of the day and the draws.
    method : str
        Its name.
    schedule : Schedule or None
        None if there is no schedule within the transformer's limit.
    seconds : float
        How long it took [s].
    """

    seed: int
    method: str
    schedule: Schedule | None
    seconds: float


def run_adbev(settings: AdbevSettings, folder: Path, report: Report) -> AdbevResult:
    """Run all methods on all seeds and write the folder.

    Parameters
    ----------
    settings : AdbevSettings
        The run's.
    folder : Path
        Where to write.
    report : callable
        Told the phase, how much of it is done and of how much.

    Returns
    -------
    AdbevResult
        What was found.

    Raises
    ------
    ValueError
        If an input is wrong.
    """
    source = read_input(settings)
    first = source.day(settings.first_seed)
    write_json(folder / RUN_NAME, _run_record(settings, source, first))
    runs: list[MethodRun] = []
    for done in range(settings.seeds):
        report("methods on each seed", done, settings.seeds)
        seed = settings.first_seed + done
        runs += run_methods(settings, first if done == 0 else source.day(seed), seed)
    report("methods on each seed", settings.seeds, settings.seeds)
    tables = _tables(settings, source, first, runs, report)
    tables.write(folder)
    summary = summarise(settings, tables.results, tables.timings, tables.frames, source.notes)
    write_json(folder / SUMMARY_NAME, summary)
    return AdbevResult(folder, summary, tables)


def run_methods(settings: AdbevSettings, day: AdbevDay, seed: int) -> list[MethodRun]:
    """Run every method on a day, all with the same random numbers.

    Parameters
    ----------
    settings : AdbevSettings
        Budgets.
    day : AdbevDay
        The day.
    seed : int
        Of the draws.

    Returns
    -------
    list of MethodRun
        One a method.
    """
    runs = []
    for name, scheduler in schedulers(settings, day.forecast).items():
        rng = np.random.default_rng([seed, 1])
        begun = time.perf_counter()
        try:
            schedule: Schedule | None = scheduler.schedule(day.problem, rng)
        except InfeasibleError:
            schedule = None
        runs.append(MethodRun(seed, name, schedule, time.perf_counter() - begun))
    return runs


def _tables(
    settings: AdbevSettings, source: AdbevInput, day: AdbevDay, runs: list[MethodRun], report: Report
) -> AdbevTables:
    first = [run for run in runs if run.seed == settings.first_seed]
    flow = FeederPowerFlow(source.feeder) if settings.power_flow else None
    frames = []
    for done, run in enumerate(first):
        report("power flow of the first seed", done, len(first))
        frames.append(_frames(source, day, run, flow))
    report("power flow of the first seed", len(first), len(first))
    weak = GeneticBudget(settings.population, settings.weak_generations)
    converged = GeneticBudget(settings.population, settings.converged_generations)
    return AdbevTables(
        results=_results(runs),
        timings=pd.DataFrame([{"seed": r.seed, "method": r.method, "seconds": r.seconds} for r in runs]),
        frames=pd.concat(frames, ignore_index=True),
        prices=_prices(day, first),
        online=_online(source),
        sweep=sweep_table(settings, report),
        growth=timing_table(settings, report),
        gas_model=gas_model(weak, converged),
    )


def _results(runs: list[MethodRun]) -> pd.DataFrame:
    rows = []
    for run in runs:
        schedule = run.schedule
        rows.append(
            {
                "seed": run.seed,
                "method": run.method,
                "pfl_w": schedule.fluctuation_w if schedule else None,
                "unserved_wh": schedule.unserved_wh if schedule else None,
                "frames_above_limit": schedule.frames_above_limit if schedule else None,
                "peak_w": int(np.abs(schedule.total_w).max()) if schedule else None,
                "charged_wh": int(np.maximum(schedule.energy_wh, 0).sum()) if schedule else None,
                "discharged_wh": int(np.maximum(-schedule.energy_wh, 0).sum()) if schedule else None,
            }
        )
    whole = ["pfl_w", "unserved_wh", "frames_above_limit", "peak_w", "charged_wh", "discharged_wh"]
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))


def _frames(source: AdbevInput, day: AdbevDay, run: MethodRun, flow: FeederPowerFlow | None) -> pd.DataFrame:
    if run.schedule is None:
        return pd.DataFrame()
    problem = day.problem
    table = pd.DataFrame(
        {
            "method": run.method,
            "frame": np.arange(problem.frames),
            "start": day.labels,
            "base_w": problem.base_w,
            "ev_w": run.schedule.power_w.sum(axis=0),
            "total_w": run.schedule.total_w,
        }
    )
    if flow is None:
        return table
    loads = place_on_buses(source.feeder, day.homes_w, day.evs_at_homes_w(run.schedule.power_w))
    carried = flow.run(loads)
    broken = check_limits(carried, GridLimits.of(source.feeder))
    return table.assign(
        apparent_va=carried.apparent_va.round().astype(np.int64),
        losses_w=carried.losses_w.round().astype(np.int64),
        voltage_min_pu=carried.voltage_min_pu.round(VOLTAGE_DIGITS),
        voltage_max_pu=carried.voltage_max_pu.round(VOLTAGE_DIGITS),
        lowest_bus=carried.lowest_bus,
        line_loading_pct=carried.line_loading_pct.round(LOADING_DIGITS),
        plain_above=broken.plain,
        substation_above=broken.substation,
        voltage_outside=broken.voltage,
        line_above=broken.lines,
    )


def _prices(day: AdbevDay, runs: list[MethodRun]) -> pd.DataFrame:
    """Average the prices at which buyers under `literal` were served, weighted by energy (Fig. 5)."""
    schedule = next(run.schedule for run in runs if run.method == LITERAL)
    if schedule is None or schedule.market is None:
        return pd.DataFrame({"frame": [], "start": [], "demand_wh": [], "price_pence": []})
    market = schedule.market
    bought_wh = np.maximum(market.matched_wh + market.grid_wh, 0)
    total_wh = bought_wh.sum(axis=0)
    paid = (bought_wh * market.tick).sum(axis=0) / TICKS_PER_PENNY
    return pd.DataFrame(
        {
            "frame": np.arange(day.problem.frames),
            "start": day.labels,
            "demand_wh": total_wh,
            "between_evs_wh": np.maximum(market.matched_wh, 0).sum(axis=0),
            "price_pence": np.where(total_wh > 0, paid / np.maximum(total_wh, 1), np.nan),
        }
    )


def _online(source: AdbevInput) -> pd.DataFrame:
    model_pct = source.online.share_pct()
    frame = np.arange(len(model_pct))
    return pd.DataFrame({"frame": frame, "measured_pct": source.measured_share_pct, "model_pct": model_pct})


def _run_record(settings: AdbevSettings, source: AdbevInput, day: AdbevDay) -> dict[str, Any]:
    problem, model = day.problem, source.online
    return {
        "command": COMMAND,
        "settings": settings.model_dump(mode="json"),
        "inputs": [asdict(entry) for entry in source.provenance],
        "versions": versions(),
        "day": {
            "frames": problem.frames,
            "frame_seconds": problem.frame_seconds,
            "first_frame": day.labels[0],
            "homes": len(day.homes_w),
            "evs": problem.evs,
            "limit_kw": problem.limit_w / W_PER_KW,
            "feeder": source.feeder.source,
            "transformer_kva": source.feeder.transformer.sn_mva * MICRO / W_PER_KW,
        },
        "online_model": {
            "order": model.order,
            "rms_residual_pct": model.rms_residual_pct,
            "amplitude_pct": model.amplitude_pct.tolist(),
            "frequency": model.frequency.tolist(),
            "phase": model.phase.tolist(),
        },
        "methods": {name: asdict(method) for name, method in BY_NAME.items()},
    }
