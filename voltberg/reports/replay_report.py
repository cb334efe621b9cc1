"""The report of a replayed day: one HTML file, drawn from its run's tables, needing no network."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from plotly.offline import get_plotlyjs

from voltberg.reports import day_plots, market_plots
from voltberg.reports.figures import Figure, FrameAxis
from voltberg.reports.headline import day_tiles, transformer_rating_kva, verdict
from voltberg.reports.page import page, write_page
from voltberg.reports.reproduction import command_line, settings_differ
from voltberg.reports.run_data import RunData, load_run
from voltberg.reports.statistics import (
    GasPrice,
    failures,
    gas_by_fills,
    gas_by_operation,
    gas_per_fill,
    order_endings,
)
from voltberg.reports.venues import venue_name, venue_rows
from voltberg.units import WAD

EXPLANATIONS: Final = {
    "OrderBook_WouldTrade": "a post-only order that would have traded at once",
    "OrderBook_Suspended": "suspended from trading, by its credit score or the supervisor",
    "OrderBook_QuantityBelowMinimum": "smaller than the smallest order; a penalty may have cut it",
    "OrderBook_NotFilled": "fill-or-kill, and not enough in the book",
    "OrderBook_GateClosed": "after gate closure",
    "Storage_CapacityExceeded": "the shared storage is fully booked",
    "Storage_ChargePowerExceeded": "the charging power is fully booked",
    "Storage_DischargePowerExceeded": "the discharging power is fully booked",
    "Auction_Suspended": "suspended from trading, by its credit score or the supervisor",
    "Auction_QuantityOutOfRange": "smaller than the smallest order; a penalty may have cut it",
    "Auction_GateClosed": "after gate closure",
    "Auction_LockBelowMinimum": "too little money at stake for an order",
    "Venue_InsufficientMargin": "not enough margin at the venue",
    "gate closure": "not filled when the gate closed",
    "cancelled by owner": "taken back by its owner",
    "IOC": "immediate-or-cancel: what did not trade at once is returned",
    "self-trade": "next in line was an order of the same owner",
    "maxFills reached": "stopped after the most fills that the order allowed",
}


def write_report(folder: Path, gas_price: GasPrice | None = None, beside: Path | None = None) -> Path:
    """Write ``report.html`` beside the tables of a finished run.

    Parameters
    ----------
    folder : Path
        Output folder of the run.
    gas_price : GasPrice or None
        What gas is taken to cost; None for the stated default.
    beside : Path or None
        Output folder of the same day at the other venue, to set side by side.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ReportError
        If a folder holds no finished run that can be read, or the two runs are not of one day.
    """
    text = render_report(
        load_run(folder), gas_price or GasPrice(), None if beside is None else load_run(beside)
    )
    return write_page(folder, text)


def render_report(data: RunData, gas_price: GasPrice, beside: RunData | None = None) -> str:
    """Render the report of a run.

    Parameters
    ----------
    data : RunData
        The run.
    gas_price : GasPrice
        What gas is taken to cost.
    beside : RunData or None
        The same day at the other venue.

    Returns
    -------
    str
        A whole HTML page.
    """
    summary = data.summary
    gas = gas_by_operation(
        data.transactions,
        gas_price,
        traded_wh=summary["p2p_energy_wh"],
        households=summary["households"],
    )
    rating_kva = transformer_rating_kva(data.run)
    return page("report.html.j2").render(
        data=data,
        summary=summary,
        run=data.run,
        date=_local_date(data.run),
        checks=verdict(summary),
        tiles=day_tiles(summary, rating_kva),
        figures={figure.name: figure for figure in _figures(data, gas, rating_kva)},
        venue=venue_name(data),
        beside=None if beside is None else venue_name(beside),
        venue_rows=[] if beside is None else venue_rows(data, beside),
        gas=gas.to_dict("records"),
        gas_price=gas_price,
        endings=order_endings(data.orders).to_dict("records"),
        failures=failures(data.transactions).to_dict("records"),
        explanations=EXPLANATIONS,
        stations=data.stations.to_dict("records"),
        wad=WAD,
        command=command_line(data.run),
        settings_differ=settings_differ(data.run),
        plotly_js=get_plotlyjs(),
    )


def _local_date(run: dict[str, Any]) -> str:
    calendar = run["day"]["calendar"]
    start = datetime.fromtimestamp(calendar["start_utc"], tz=UTC).astimezone(ZoneInfo(calendar["time_zone"]))
    return f"{start:%A}, {start.day} {start:%B %Y}"


def _figures(data: RunData, gas: pd.DataFrame, rating_kva: float | None) -> list[Figure]:
    axis = FrameAxis.of(data.frames["start_utc"], data.run["day"]["calendar"]["time_zone"])
    by_fills = gas_by_fills(data.orders, data.trades, data.transactions)
    gas_figure = market_plots.gas_plot(gas)
    return [
        day_plots.energy_plot(data, axis),
        day_plots.price_plot(data, axis),
        gas_figure,
        market_plots.fills_plot(by_fills, gas_per_fill(by_fills), gas_figure.height_px),
        market_plots.fates_plot(data),
        day_plots.depth_plot(data, axis),
        day_plots.transformer_plot(data, axis, rating_kva),
        day_plots.storage_plot(data, axis),
        market_plots.score_plot(data),
    ]
