"""A finished run as it lies in its folder: what it recorded, its figures, its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voltberg.experiments.run_folder import RUN_NAME, SUMMARY_NAME

NEEDED_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "transactions": (
        "transaction",
        "frame",
        "operation",
        "contract",
        "gas_used",
        "calldata_bytes",
        "status",
        "revert_reason",
        "predicted_revert_reason",
        "as_predicted",
    ),
    "orders": ("transaction", "frame", "side", "fate", "reason", "peak_wh", "slices_replenished", "gas_used"),
    "trades": ("transaction", "frame", "energy_wh", "price_micro_per_kwh"),
    "depth": ("frame", "side", "tick", "orders", "displayed_wh", "hidden_wh"),
    "positions": ("frame", "participant_id", "shortfall_wh", "rating"),
    "storage": ("frame", "booking_id", "in_wh", "out_wh", "stored_wh"),
    "credit": ("participant_id", "rated_frames", "score_wad", "status", "penalties"),
    "stations": ("participant_id", "site", "evaluation_wad", "evaluations", "endorsements"),
    "frames": (
        "frame",
        "start_utc",
        "load_wh",
        "pv_wh",
        "ev_wh",
        "storage_in_wh",
        "storage_out_wh",
        "traded_wh",
        "mean_price_micro_per_kwh",
        "shortfall_wh",
        "grid_price_micro_per_kwh",
        "retailer_price_micro_per_kwh",
        "feed_in_price_micro_per_kwh",
        "bid_displayed_wh",
        "bid_hidden_wh",
        "ask_displayed_wh",
        "ask_hidden_wh",
        "grid_import_wh",
        "grid_export_wh",
        "transformer_without_storage_w",
        "transformer_w",
    ),
}
"""Columns that the report reads, by table."""
NEEDED_FIGURES: Final = (
    "venue",
    "engine",
    "seconds",
    "transactions",
    "transactions_per_second",
    "transactions_failed",
    "transactions_unexplained",
    "state_differences",
    "gas_total",
    "money_residual_micro",
    "energy_residual_wh",
    "households",
    "households_trading",
    "orders",
    "trades",
    "icebergs",
    "iceberg_slices_replenished",
    "load_energy_wh",
    "ev_energy_wh",
    "pv_energy_wh",
    "p2p_energy_wh",
    "storage_energy_wh",
    "unserved_energy_wh",
    "grid_energy_wh",
    "grid_export_wh",
    "shortfall_energy_wh",
    "self_consumption_household_pct",
    "self_consumption_community_pct",
    "transformer_peak_kw",
    "transformer_peak_without_storage_kw",
    "gas_per_kwh_traded",
    "gas_per_household_day",
    "price_p2p_mean_per_kwh",
    "price_consumer_mean_per_kwh",
    "price_grid_only_mean_per_kwh",
    "revenue_sellers",
    "revenue_grid",
    "revenue_retailer",
    "revenue_platform",
    "revenue_storage_operator",
)
"""Figures of ``summary.json`` that the report shows."""


class ReportError(ValueError):
    """A folder holds no run that can be reported; the message names the file."""


@dataclass(frozen=True, slots=True)
class RunData:
    """What a run left in its folder.

    Parameters
    ----------
    folder : Path
        The folder.
    run : dict
        ``run.json``: inputs, settings, versions, addresses.
    summary : dict
        ``summary.json``: the figures.
    transactions, orders, trades, depth, positions, storage, credit, stations, frames : DataFrame
        The tables; ``docs/results.md`` describes every column.
    """

    folder: Path
    run: dict[str, Any]
    summary: dict[str, Any]
    transactions: pd.DataFrame
    orders: pd.DataFrame
    trades: pd.DataFrame
    depth: pd.DataFrame
    positions: pd.DataFrame
    storage: pd.DataFrame
    credit: pd.DataFrame
    stations: pd.DataFrame
    frames: pd.DataFrame


def load_run(folder: Path) -> RunData:
    """Read a finished run.

    Parameters
    ----------
    folder : Path
        Its output folder.

    Returns
    -------
    RunData
        What lies there.

    Raises
    ------
    ReportError
        If a file is missing, cannot be read, or lacks a column or figure.
    """
    if not folder.is_dir():
        raise ReportError(f"{folder} is no folder: expected the output folder of a run")
    run = read_object(folder / RUN_NAME)
    for key in ("engine", "settings", "day", "inputs", "versions"):
        if key not in run:
            raise ReportError(f"{folder / RUN_NAME} has no {key!r}: expected what `voltberg replay` writes")
    summary_path = folder / SUMMARY_NAME
    if not summary_path.exists():
        raise ReportError(
            f"{summary_path} is missing: the run has not ended; "
            f"go on with `voltberg replay --resume --out {folder}`"
        )
    summary = read_object(summary_path)
    missing = [name for name in NEEDED_FIGURES if name not in summary]
    if missing:
        raise ReportError(f"{summary_path} lacks {', '.join(missing)}")
    tables = {
        name: read_table(folder / f"{name}.parquet", columns) for name, columns in NEEDED_COLUMNS.items()
    }
    return RunData(folder=folder, run=run, summary=summary, **tables)


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object that a run wrote.

    Parameters
    ----------
    path : Path
        Its file.

    Returns
    -------
    dict
        The object.

    Raises
    ------
    ReportError
        If the file is missing, cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ReportError(f"{path} is missing: {path.parent} holds no run") from error
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ReportError(f"{path} holds {type(content).__name__}, expected an object")
    return content


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table that a run wrote.

    Parameters
    ----------
    path : Path
        Its Parquet file.
    columns : tuple of str
        Columns that it must have.

    Returns
    -------
    DataFrame
        The table.

    Raises
    ------
    ReportError
        If the file is missing, cannot be read, or lacks a column.
    """
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise ReportError(f"{path} is missing: the run's tables are not complete") from error
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} cannot be read as Parquet: {error}") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ReportError(f"{path} lacks the columns {', '.join(missing)}")
    return table
