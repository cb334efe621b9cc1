"""The plots of orders, gas and credit."""

from __future__ import annotations

import math

import pandas as pd

from voltberg.reports.figures import COLOURS, Figure, bars, layout
from voltberg.reports.formatting import grouped
from voltberg.reports.run_data import RunData
from voltberg.reports.statistics import order_fates, score_histogram
from voltberg.units import BPS


def fates_plot(data: RunData) -> Figure:
    """Show what became of the orders.

    Parameters
    ----------
    data : RunData
        The run.

    Returns
    -------
    Figure
        Bars by fate, bids and asks side by side.
    """
    fates = order_fates(data.orders)
    traces = [
        bars(f"{side}s", fates.index.tolist(), fates[side], colour, "%{y:,} orders")
        for side, colour in (("bid", "grid"), ("ask", "pv"))
    ]
    return Figure(
        "fates",
        "What became of the orders",
        "Orders by fate. Rested: stood in the book untouched until the gate closed or the owner cancelled.",
        traces,
        layout({"fixedrange": True}, {"tickformat": ","}, barmode="stack", bargap=0.35),
    )


def gas_plot(by_operation: pd.DataFrame) -> Figure:
    """Show the spread of every operation's gas.

    Parameters
    ----------
    by_operation : DataFrame
        Of :func:`voltberg.reports.statistics.gas_by_operation`.

    Returns
    -------
    Figure
        Range, median and 95th percentile on a logarithmic axis.
    """
    table = by_operation.sort_values("median")
    names = table["operation"].tolist()
    spans = [
        value for low, high in zip(table["min"], table["max"], strict=True) for value in (low, high, None)
    ]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "min to max",
            "x": [None if value is None else int(value) for value in spans],
            "y": [entry for name in names for entry in (name, name, None)],
            "line": {"color": COLOURS["faint"], "width": 5},
            "hoverinfo": "skip",
        },
        *(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label,
                "x": [round(float(value)) for value in table[column]],
                "y": names,
                "customdata": table["count"].tolist(),
                "marker": {
                    "color": COLOURS[colour],
                    "size": size,
                    "symbol": symbol,
                    "line": {"width": 2, "color": COLOURS[colour]},
                },
                "hovertemplate": "%{y}: %{x:,} gas, of %{customdata:,}<extra>" + label + "</extra>",
            }
            for label, column, colour, size, symbol in (
                ("median", "median", "accent", 9, "circle"),
                ("95th percentile", "p95", "ev", 9, "line-ns"),
            )
        ),
    ]
    axis = {"type": "log", "fixedrange": True, "gridcolor": "#e4e8ec", "dtick": 1, "tickformat": ".0s"}
    return Figure(
        "gas",
        "Gas per operation",
        "Of one transaction, logarithmic. Some do many records at once, such as register and release.",
        traces,
        layout(axis, {"type": "category", "showgrid": False}, hovermode="closest"),
        height_px=max(320, 24 * len(names) + 70),
    )


def fills_plot(by_fills: pd.DataFrame, slope: float, height_px: int) -> Figure:
    """Show the gas of placing an order against the fills that it made.

    Parameters
    ----------
    by_fills : DataFrame
        Of :func:`voltberg.reports.statistics.gas_by_fills`.
    slope : float
        Gas per further fill, NaN if unknown.
    height_px : int
        Height on the page.

    Returns
    -------
    Figure
        Median with the range as bars.
    """
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "median, min to max",
        "x": by_fills["fills"].tolist(),
        "y": by_fills["median"].tolist(),
        "customdata": by_fills[["count", "min", "max"]].to_numpy().tolist(),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": (by_fills["max"] - by_fills["median"]).tolist(),
            "arrayminus": (by_fills["median"] - by_fills["min"]).tolist(),
            "color": COLOURS["faint"],
            "thickness": 2,
        },
        "line": {"color": COLOURS["accent"], "width": 2},
        "marker": {"size": 8, "color": COLOURS["accent"]},
        "hovertemplate": "median %{y:,.0f}, %{customdata[1]:,} to %{customdata[2]:,}<br>"
        "%{customdata[0]:,} orders<extra></extra>",
    }
    note = "Gas of place by the number of fills in it; points are medians, bars run from least to most."
    if not math.isnan(slope):
        note += f" A further fill adds about {grouped(slope)} gas."
    axis = {"dtick": 1, "fixedrange": True, "showgrid": False, "title": {"text": "fills"}}
    shape = layout(axis, {"rangemode": "tozero", "tickformat": "~s"}, showlegend=False)
    return Figure("fills", "Gas against number of fills", note, [trace], shape, height_px)


def score_plot(data: RunData) -> Figure:
    """Show the distribution of credit scores.

    Parameters
    ----------
    data : RunData
        The run.

    Returns
    -------
    Figure
        Histogram with the threshold.
    """
    centres, counts = score_histogram(data.credit)
    threshold = data.run["settings"]["market"]["rating"]["threshold_bps"] / BPS
    unrated = int((data.credit["rated_frames"] == 0).sum())
    suspended = int((data.credit["status"] != 0).sum())
    edge = {"type": "line", "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "yref": "paper"}
    return Figure(
        "scores",
        "Credit scores",
        f"Households; {unrated} unrated, {suspended} suspended. Dashed: the threshold, {threshold:g}.",
        [bars("households", centres, counts, "accent", "%{y} households", width=0.092)],
        layout(
            {"range": [-1.02, 1.02], "fixedrange": True, "dtick": 0.5, "title": {"text": "score"}},
            {},
            shapes=[{**edge, "line": {"color": COLOURS["alarm"], "width": 1.4, "dash": "dash"}}],
            showlegend=False,
        ),
    )
