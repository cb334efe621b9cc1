"""All AdBEV methods on the same days: schedules, figures, power flows, tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from voltberg.chain.artifacts import Artifacts
from voltberg.experiments.adbev_chain_summary import summarise_chain
from voltberg.experiments.adbev_chain_tables import ChainTables, chain_result
from voltberg.experiments.adbev_gas_model import GeneticBudget, gas_model
from voltberg.experiments.adbev_inputs import AdbevDay, AdbevInput, read_input
from voltberg.experiments.adbev_methods import BY_NAME, schedulers
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.experiments.adbev_summary import summarise
from voltberg.experiments.adbev_sweep import sweep_table, timing_table
from voltberg.experiments.adbev_tables import (
    AdbevTables,
    MethodRun,
    frames_table,
    online_table,
    prices_table,
    results_table,
)
from voltberg.experiments.replay_run import versions
from voltberg.experiments.run_folder import RUN_NAME, SUMMARY_NAME, write_json
from voltberg.grid import FeederPowerFlow
from voltberg.scheduling.genetic import CONVERGED_GENERATIONS, POPULATION, WEAK_GENERATIONS
from voltberg.scheduling.linear_program import InfeasibleError
from voltberg.scheduling.problem import Schedule
from voltberg.units import MICRO, W_PER_KW

COMMAND: Final = "adbev"
Report = Callable[[str, int, int], None]


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
    faults : tuple of str
        What is wrong on the contracts, a sentence each; none are expected.
    """

    folder: Path
    summary: dict[str, Any]
    tables: AdbevTables
    faults: tuple[str, ...]


def run_adbev(
    settings: AdbevSettings, folder: Path, report: Report, artifacts: Artifacts | None = None
) -> AdbevResult:
    """Run all methods on all seeds and write the folder.

    Parameters
    ----------
    settings : AdbevSettings
        The run's.
    folder : Path
        Where to write.
    report : callable
        Told the phase, how much of it is done and of how much.
    artifacts : Artifacts or None
        The compiled contracts; None if nothing is to be placed on them.

    Returns
    -------
    AdbevResult
        What was found.

    Raises
    ------
    ValueError
        If an input is wrong, or orders are to be placed and there are no contracts.
    """
    if settings.on_chain and artifacts is None:
        msg = "on_chain is set and no compiled contracts are given"
        raise ValueError(msg)
    source = read_input(settings)
    first = source.day(settings.first_seed)
    write_json(folder / RUN_NAME, _run_record(settings, source, first))
    runs: list[MethodRun] = []
    for done in range(settings.seeds):
        report("methods on each seed", done, settings.seeds)
        seed = settings.first_seed + done
        runs += run_methods(first if done == 0 else source.day(seed), seed)
    report("methods on each seed", settings.seeds, settings.seeds)
    mine = [run for run in runs if run.seed == settings.first_seed]
    chain = None if artifacts is None else chain_result(settings, mine, artifacts, report)
    tables = _tables(settings, source, first, runs, report, chain.tables if chain else ChainTables.empty())
    tables.write(folder)
    summary = summarise(settings, tables.results, tables.timings, tables.frames, source.notes)
    summary |= summarise_chain(settings, chain)
    write_json(folder / SUMMARY_NAME, summary)
    return AdbevResult(folder, summary, tables, chain.faults if chain else ())


def run_methods(day: AdbevDay, seed: int) -> list[MethodRun]:
    """Run every method on a day, all with the same random numbers.

    Parameters
    ----------
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
    for name, scheduler in schedulers(day.forecast).items():
        rng = np.random.default_rng([seed, 1])
        begun = time.perf_counter()
        try:
            schedule: Schedule | None = scheduler.schedule(day.problem, rng)
        except InfeasibleError:
            schedule = None
        runs.append(MethodRun(seed, name, schedule, time.perf_counter() - begun))
    return runs


def _tables(
    settings: AdbevSettings,
    source: AdbevInput,
    day: AdbevDay,
    runs: list[MethodRun],
    report: Report,
    chain: ChainTables,
) -> AdbevTables:
    first = [run for run in runs if run.seed == settings.first_seed]
    flow = FeederPowerFlow(source.feeder) if settings.power_flow else None
    frames = []
    for done, run in enumerate(first):
        report("power flow of the first seed", done, len(first))
        frames.append(frames_table(source, day, run, flow))
    report("power flow of the first seed", len(first), len(first))
    return AdbevTables(
        results=results_table(runs),
        timings=pd.DataFrame([{"seed": r.seed, "method": r.method, "seconds": r.seconds} for r in runs]),
        frames=pd.concat(frames, ignore_index=True),
        prices=prices_table(day, first),
        online=online_table(source),
        sweep=sweep_table(settings, report),
        growth=timing_table(settings, report),
        gas_model=gas_model(
            GeneticBudget(POPULATION, WEAK_GENERATIONS), GeneticBudget(POPULATION, CONVERGED_GENERATIONS)
        ),
        **{field.name: getattr(chain, field.name) for field in fields(chain)},
    )


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
        "genetic": {
            "population": POPULATION,
            "weak_generations": WEAK_GENERATIONS,
            "converged_generations": CONVERGED_GENERATIONS,
        },
        "methods": {name: asdict(method) for name, method in BY_NAME.items()},
    }
