"""The plots of an AdBEV run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from voltberg.reports.adbev_data import AdbevData
from voltberg.reports.figures import COLOURS, Figure, FrameAxis, Trace, bars, layout, line
from voltberg.units import MICRO, W_PER_KW

KW: Final = "%{y:,.1f} kW"
HOURS_BETWEEN_LABELS: Final = 4
STYLES: Final[dict[str, dict[str, Any]]] = {
    "none": {"colour": "ev"},
    "ga_weak": {"colour": "load", "line": {"dash": "dot"}},
    "ga_converged": {"colour": "storage"},
    "literal": {"colour": "pv"},
    "literal_any": {"colour": "pv", "line": {"dash": "dot"}},
    "fluid": {"colour": "neighbours"},
    "level": {"colour": "grid"},
    "level_forecast": {"colour": "grid", "line": {"dash": "dot"}},
    "lp": {"colour": "load", "line": {"dash": "dash"}},
}
"""Colour and dash of each method, the same in every plot."""
PUBLISHED_MW: Final = (("none", 1.15), ("GA", 0.85), ("AdBEV", 0.63))
"""Section 4 of the paper, and its unit as only MW fits."""


def day_axis(data: AdbevData) -> FrameAxis:
    """Make the axis of the run's day.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    FrameAxis
        Its frames by their starts.
    """
    first = data.frames[data.frames["method"] == data.frames["method"].iloc[0]]
    return _clock(first["start"].tolist())


def _clock(labels: list[str]) -> FrameAxis:
    ticks = [
        label for label in labels if label.endswith(":00") and int(label[:2]) % HOURS_BETWEEN_LABELS == 0
    ]
    return FrameAxis(labels, ticks)


def load_plot(data: AdbevData, axis: FrameAxis, name: str, methods: Sequence[str]) -> Figure:
    """Show the transformer's load by frame under some methods (Figs 6 and 7).

    Parameters
    ----------
    data : AdbevData
        The run.
    axis : FrameAxis
        Its frames.
    name : str
        ``before`` or ``after``.
    methods : sequence of str
        Whose load to draw.

    Returns
    -------
    Figure
        Homes as an area, each method as a line, the limit across.
    """
    frames = data.frames
    base = frames.drop_duplicates("frame")["base_w"] / W_PER_KW
    area = {"fill": "tozeroy", "fillcolor": "rgba(148,163,179,0.22)"}
    traces = [line("homes", axis.labels, base, "faint", KW, **area)]
    for method in methods:
        total = frames.loc[frames["method"] == method, "total_w"] / W_PER_KW
        if len(total):
            traces.append(method_line(data, method, axis.labels, total, KW))
    limit_kw = data.run["day"]["limit_kw"]
    traces.append(
        line(
            "limit", axis.labels, [limit_kw] * len(axis.labels), "alarm", KW, line={"width": 1, "dash": "dot"}
        )
    )
    title, note = {
        "before": (
            "Load without a schedule, and with a genetic algorithm",
            "As the paper's Fig. 6: active power of homes and EVs, of the first seed.",
        ),
        "after": (
            "Load with the market, and the exact optimum",
            "As the paper's Fig. 7: AdBEV as printed, our two methods, and the least that any can reach.",
        ),
    }[name]
    return Figure(f"load-{name}", title, note, traces, layout(axis.layout(), titled("kW")), wide=True)


def spread_plot(data: AdbevData) -> Figure:
    """Show the fluctuation of each method with its spread over the seeds.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    Figure
        A box a method, every seed a point; the published figures across.
    """
    traces: list[Trace] = []
    for method in reversed(data.methods):
        values = data.results.loc[data.results["method"] == method, "pfl_w"].dropna() / MICRO
        colour = COLOURS[STYLES[method]["colour"]]
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "name": data.label(method),
                "x": [round(float(value), 6) for value in values],
                "y": [data.label(method)] * len(values),
                "boxpoints": "all",
                "jitter": 0.5,
                "pointpos": 0,
                "marker": {"color": colour, "size": 4, "opacity": 0.6},
                "line": {"color": colour, "width": 1.5},
                "fillcolor": "rgba(0,0,0,0)",
                "hovertemplate": "%{x:.3f} MW<extra></extra>",
                "showlegend": False,
            }
        )
    shapes, notes = _published() if data.run["settings"]["input"] == "paper" else ([], [])
    x = {"title": {"text": "MW"}, "rangemode": "tozero", "fixedrange": True, "gridcolor": "#e4e8ec"}
    told = layout(x, {"gridcolor": "rgba(0,0,0,0)"}, hovermode="closest", shapes=shapes, annotations=notes)
    told["margin"] = {"l": 8, "r": 16, "t": 24, "b": 8}
    published = " Dotted: what the paper prints, 1.15, 0.85 and 0.63 [F]." if shapes else ""
    note = f"Sum of |P(t) - P(t-1)| over the day, one point a seed.{published} Less is flatter."
    return Figure("spread", "Power fluctuation by method", note, traces, told, 400, wide=True)


def _published() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    shapes = [
        {
            "type": "line",
            "x0": value,
            "x1": value,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": COLOURS["alarm"], "width": 1, "dash": "dot"},
        }
        for _, value in PUBLISHED_MW
    ]
    notes = [
        {
            "x": value,
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "text": name,
            "showarrow": False,
        }
        for name, value in PUBLISHED_MW
    ]
    return shapes, notes


def price_plot(data: AdbevData, axis: FrameAxis) -> Figure:
    """Show price and demand by frame under AdBEV as printed (Fig. 5).

    Parameters
    ----------
    data : AdbevData
        The run.
    axis : FrameAxis
        Its frames.

    Returns
    -------
    Figure
        Energy as bars, the mean price as a line on the right.
    """
    prices, labels = data.prices, axis.labels
    kwh = "%{y:,.1f} kWh"
    between = prices["between_evs_wh"] / W_PER_KW
    traces = [
        bars("from other EVs", labels, between, "neighbours", kwh),
        bars("from the grid", labels, prices["demand_wh"] / W_PER_KW - between, "grid", kwh),
        line("mean price", labels, prices["price_pence"], "ev", "%{y:.1f} p/kWh", yaxis="y2"),
    ]
    right = {
        "title": {"text": "pence per kWh"},
        "overlaying": "y",
        "side": "right",
        "automargin": True,
        "fixedrange": True,
        "showgrid": False,
        "range": [0, 32],
        "dtick": 10,
    }
    told = layout(axis.layout(), titled("kWh"), barmode="stack", yaxis2=right)
    note = (
        "As the paper's Fig. 5: what EVs bought in each frame under AdBEV at crossing prices, and their mean "
        "limit price."
    )
    return Figure("price", "Price and demand", note, traces, told)


def online_plot(data: AdbevData) -> Figure:
    """Show the stay-online model beside the sessions that it is fitted to (3)-(5).

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    Figure
        The two shares by frame from midnight on.
    """
    model = data.run["online_model"]
    frames = len(data.online)
    minutes = data.run["day"]["frame_seconds"] // 60
    labels = [f"{frame * minutes // 60:02}:{frame * minutes % 60:02}" for frame in range(frames)]
    axis = _clock(labels)
    percent = "%{y:.1f} %"
    traces = [
        bars("sessions", labels, data.online["measured_pct"], "faint", percent),
        line("sum of sines", labels, data.online["model_pct"], "accent", percent),
    ]
    used = "" if data.run["settings"]["windows"] == "drawn" else " Not used by this run's schedules."
    note = (
        f"{model['order']} sines, fitted by least squares: they miss {model['rms_residual_pct']:.1f} "
        f"percentage points (root mean square).{used}"
    )
    return Figure("online", "EVs online by frame", note, traces, layout(axis.layout(), titled("%")))


def method_line(
    data: AdbevData, method: str, x: Sequence[Any], y: pd.Series, hover: str, **more: Any
) -> Trace:
    """Draw a method's values in its colour.

    Parameters
    ----------
    data : AdbevData
        The run, which names the method.
    method : str
        Its name.
    x : sequence
        Positions.
    y : Series
        Values; what is not finite leaves a gap.
    hover : str
        Plotly's format of a value and its unit.
    **more : Any
        Whatever else a line takes.

    Returns
    -------
    dict
        Plotly's trace.
    """
    style = dict(STYLES[method])
    colour = style.pop("colour")
    values = [float(value) if np.isfinite(value) else float("nan") for value in y]
    return line(data.label(method), x, values, colour, hover, **style, **more)


def titled(unit: str) -> dict[str, Any]:
    """Make a vertical axis.

    Parameters
    ----------
    unit : str
        Its title.

    Returns
    -------
    dict
        Plotly's axis.
    """
    return {"title": {"text": unit}}
