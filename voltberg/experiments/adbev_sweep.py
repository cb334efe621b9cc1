"""How the AdBEV methods grow with the number of EVs: in fluctuation and in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from voltberg.experiments.adbev_inputs import paper_day
from voltberg.experiments.adbev_methods import FLUID, GA_CONVERGED, LEVEL, LITERAL, LP, NONE, schedulers
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.scheduling.linear_program import InfeasibleError

SWEPT: Final = (NONE, LITERAL, FLUID, LEVEL, LP)
TIMED: Final = (GA_CONVERGED, LITERAL, FLUID, LEVEL, LP)
REPEATS: Final = 3
"""The shortest of so many times is kept: a busy machine only adds."""


def sweep_table(settings: AdbevSettings, report: Callable[[str, int, int], None]) -> pd.DataFrame:
    """Vary the number of EVs behind the paper's homes and transformer.

    Parameters
    ----------
    settings : AdbevSettings
        Numbers of EVs, and seeds.
    report : callable
        Told the phase, how much of it is done and of how much.

    Returns
    -------
    DataFrame
        ``evs``, ``seed``, ``method``, ``pfl_w``; no row where there is no schedule within the limit.
    """
    rows = []
    for done, evs in enumerate(settings.sweep_evs):
        report("sweep of EVs", done, len(settings.sweep_evs))
        for seed in range(settings.first_seed, settings.first_seed + settings.sweep_seeds):
            day = paper_day(seed, evs=evs, windows_per_ev=settings.windows_per_ev)
            methods = schedulers(None)
            for name in SWEPT:
                try:
                    made = methods[name].schedule(day.problem, np.random.default_rng([seed, 1]))
                except InfeasibleError:
                    continue
                rows.append({"evs": evs, "seed": seed, "method": name, "pfl_w": made.fluctuation_w})
    if settings.sweep_evs:
        report("sweep of EVs", len(settings.sweep_evs), len(settings.sweep_evs))
    return pd.DataFrame(rows, columns=["evs", "seed", "method", "pfl_w"])


def timing_table(settings: AdbevSettings, report: Callable[[str, int, int], None]) -> pd.DataFrame:
    """Time the methods on days whose homes and transformer grow with the EVs.

    Parameters
    ----------
    settings : AdbevSettings
        Numbers of EVs.
    report : callable
        Told the phase, how much of it is done and of how much.

    Returns
    -------
    DataFrame
        ``evs``, ``method``, ``seconds``, the shortest of a few.
    """
    rows = []
    for done, evs in enumerate(settings.timed_evs):
        report("time by number of EVs", done, len(settings.timed_evs))
        seed = settings.first_seed
        day = paper_day(seed, evs=evs, homes=evs, windows_per_ev=settings.windows_per_ev)
        methods = schedulers(None)
        for name in TIMED:
            taken = []
            for _ in range(REPEATS):
                begun = time.perf_counter()
                methods[name].schedule(day.problem, np.random.default_rng([seed, 1]))
                taken.append(time.perf_counter() - begun)
            rows.append({"evs": evs, "method": name, "seconds": min(taken)})
    if settings.timed_evs:
        report("time by number of EVs", len(settings.timed_evs), len(settings.timed_evs))
    return pd.DataFrame(rows, columns=["evs", "method", "seconds"])
