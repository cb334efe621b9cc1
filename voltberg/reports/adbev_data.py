"""A finished AdBEV run as it lies in its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voltberg.experiments.run_folder import RUN_NAME, SUMMARY_NAME
from voltberg.reports.run_data import ReportError, read_object, read_table

COMMAND: Final = "adbev"
NEEDED_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "results": ("seed", "method", "pfl_w", "unserved_wh", "frames_above_limit", "peak_w"),
    "timings": ("seed", "method", "seconds"),
    "frames": ("method", "frame", "start", "base_w", "ev_w", "total_w"),
    "prices": ("frame", "start", "demand_wh", "between_evs_wh", "price_pence"),
    "online": ("frame", "measured_pct", "model_pct"),
    "sweep": ("evs", "seed", "method", "pfl_w"),
    "growth": ("evs", "method", "seconds"),
    "gas_model": ("peers", "adbev_gas", "ga_weak_gas", "ga_converged_gas"),
    "chain_fills": (
        "method", "venue", "day", "fills", "between_evs_wh", "from_grid_wh", "to_grid_wh", "scheduled_wh",
        "entries_differing", "pfl_w",
    ),
    "chain_goals": ("venue", "day", "operation", "transactions", "count", "gas_each", "goal", "held", "why"),
    "chain_gas": ("method", "venue", "day", "orders", "gas_per_order"),
    "gas_measured": ("method", "day", "peers", "place_gas", "clear_gas", "settle_gas"),
}  # fmt: skip
"""Columns that the report reads, by table."""
FLOW_COLUMNS: Final = ("apparent_va", "losses_w", "voltage_min_pu", "line_loading_pct", "substation_above")


@dataclass(frozen=True, slots=True)
class AdbevData:
    """What an AdBEV run left in its folder.

    Parameters
    ----------
    run, summary : dict
        ``run.json`` and ``summary.json``.
    results, timings, frames, prices, online, sweep, growth, gas_model : DataFrame
        The tables; ``docs/adbev.md`` describes every column.
    chain_fills, chain_goals, chain_gas, gas_measured : DataFrame
        Those of the contracts; empty if nothing was placed on them.
    """

    run: dict[str, Any]
    summary: dict[str, Any]
    results: pd.DataFrame
    timings: pd.DataFrame
    frames: pd.DataFrame
    prices: pd.DataFrame
    online: pd.DataFrame
    sweep: pd.DataFrame
    growth: pd.DataFrame
    gas_model: pd.DataFrame
    chain_fills: pd.DataFrame
    chain_goals: pd.DataFrame
    chain_gas: pd.DataFrame
    gas_measured: pd.DataFrame

    @property
    def on_chain(self) -> bool:
        """Whether orders were placed on the contracts."""
        return len(self.chain_gas) > 0

    @property
    def has_flow(self) -> bool:
        """Whether the run made power flows."""
        return set(FLOW_COLUMNS) <= set(self.frames.columns)

    @property
    def methods(self) -> list[str]:
        """Names of the methods that ran, in the run's order."""
        return list(self.results["method"].unique())

    def label(self, method: str) -> str:
        """Name a method for people.

        Parameters
        ----------
        method : str
            Its name.

        Returns
        -------
        str
            Its label.
        """
        return str(self.run["methods"][method]["label"])


def is_adbev_run(folder: Path) -> bool:
    """Say whether a folder holds an AdBEV run.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    bool
        False also where there is no run that can be read.
    """
    try:
        content = json.loads((folder / RUN_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("command") == COMMAND


def load_adbev_run(folder: Path) -> AdbevData:
    """Read a finished AdBEV run.

    Parameters
    ----------
    folder : Path
        Its output folder.

    Returns
    -------
    AdbevData
        What lies there.

    Raises
    ------
    ReportError
        If a file is missing, cannot be read, or lacks a column.
    """
    run = read_object(folder / RUN_NAME)
    if run.get("command") != COMMAND:
        raise ReportError(
            f"{folder / RUN_NAME} is of no AdBEV run: expected what `voltberg run adbev` writes"
        )
    summary = read_object(folder / SUMMARY_NAME)
    tables = {
        name: read_table(folder / f"{name}.parquet", columns) for name, columns in NEEDED_COLUMNS.items()
    }
    return AdbevData(run=run, summary=summary, **tables)
