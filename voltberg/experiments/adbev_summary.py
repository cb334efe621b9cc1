"""The figures of an AdBEV run, from its tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from voltberg.experiments.adbev_methods import FLUID, GA_CONVERGED, LEVEL, LP, METHODS, NONE
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.units import MICRO, PERCENT, WH_PER_KWH


def summarise(
    settings: AdbevSettings,
    results: pd.DataFrame,
    timings: pd.DataFrame,
    frames: pd.DataFrame,
    notes: dict[str, float],
) -> dict[str, Any]:
    """Compute ``summary.json``.

    Parameters
    ----------
    settings : AdbevSettings
        The run's.
    results : DataFrame
        What each method reached on each seed.
    timings : DataFrame
        How long it took.
    frames : DataFrame
        The first seed's frames.
    notes : dict of str to float
        What laying sessions on frames left out.

    Returns
    -------
    dict
        Figures by name. Fluctuations and reductions are means over the seeds, unserved energy and frames
        above the limit sums over them; a method that has no schedule on a seed has None.
    """
    summary: dict[str, Any] = {"command": "adbev", "input": settings.input, "seeds": settings.seeds, **notes}
    fluctuation = results.pivot(index="seed", columns="method", values="pfl_w")
    seconds = timings.groupby("method")["seconds"].mean()
    for method in METHODS:
        name = method.name
        if name not in fluctuation:
            continue
        rows = results[results["method"] == name]
        whole = bool(rows["pfl_w"].notna().all())
        mine, none = fluctuation[name], fluctuation[NONE]
        summary[f"pfl_{name}_mw"] = _mean(mine / MICRO, whole)
        if name != NONE:
            reduction = PERCENT * (1 - mine / none)
            summary[f"reduction_{name}_pct"] = _mean(reduction, whole)
            summary[f"reduction_{name}_min_pct"] = float(reduction.min()) if whole else None
            summary[f"reduction_{name}_max_pct"] = float(reduction.max()) if whole else None
        summary[f"unserved_{name}_kwh"] = float(rows["unserved_wh"].sum()) / WH_PER_KWH if whole else None
        summary[f"frames_above_limit_{name}"] = int(rows["frames_above_limit"].sum()) if whole else None
        summary[f"{name}_seconds"] = float(seconds[name])
    better = (fluctuation[FLUID] < fluctuation[GA_CONVERGED]).fillna(value=False)
    summary["fluid_beats_ga_converged_seeds"] = int(better.sum())
    over = (fluctuation[LEVEL] / fluctuation[LP]).dropna()
    summary["level_over_lp_max"] = float(over.max()) if len(over) else None
    summary["ga_converged_over_lp_seconds"] = float(seconds[GA_CONVERGED] / seconds[LP])
    return summary | _network(frames)


def _mean(values: pd.Series, whole: bool) -> float | None:
    return float(values.mean()) if whole else None


def _network(frames: pd.DataFrame) -> dict[str, Any]:
    """Summarise the power flow of the first seed."""
    if "apparent_va" not in frames:
        return {}
    found: dict[str, Any] = {}
    for name, rows in frames.groupby("method", sort=False):
        found[f"frames_above_kva_{name}"] = int(rows["substation_above"].sum())
        found[f"frames_outside_voltage_{name}"] = int(rows["voltage_outside"].sum())
        found[f"frames_line_overloaded_{name}"] = int(rows["line_above"].sum())
        found[f"apparent_max_{name}_kva"] = int(rows["apparent_va"].max()) / WH_PER_KWH
        found[f"voltage_min_{name}_pu"] = float(rows["voltage_min_pu"].min())
    return found
