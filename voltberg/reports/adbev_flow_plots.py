"""The plots of an AdBEV run's power flows."""

from __future__ import annotations

from voltberg.reports.adbev_data import AdbevData
from voltberg.reports.adbev_plots import KW, method_line, titled
from voltberg.reports.figures import Figure, FrameAxis, layout, line
from voltberg.units import W_PER_KW


def substation_plot(data: AdbevData, axis: FrameAxis) -> Figure:
    """Show apparent power at the transformer by power flow, with the plain sum beside it (8).

    Parameters
    ----------
    data : AdbevData
        The run.
    axis : FrameAxis
        Its frames.

    Returns
    -------
    Figure
        Two lines each without a schedule and with `fluid`, and the rating.
    """
    traces = []
    for method in ("none", "fluid"):
        rows = data.frames[data.frames["method"] == method]
        traces.append(method_line(data, method, axis.labels, rows["apparent_va"] / W_PER_KW, "%{y:,.1f} kVA"))
        plain = method_line(data, method, axis.labels, rows["total_w"] / W_PER_KW, KW)
        plain["name"] += ", plain sum"
        plain["line"] = {**plain["line"], "width": 1, "dash": "dot"}
        traces.append(plain)
    rating = data.run["day"]["transformer_kva"]
    rated = [rating] * len(axis.labels)
    traces.append(
        line("rating", axis.labels, rated, "alarm", "%{y:,.0f} kVA", line={"width": 1, "dash": "dot"})
    )
    note = (
        "Apparent power at the medium voltage, losses and power factor included; dotted the plain sum of "
        "active powers."
    )
    return Figure("substation", "At the substation", note, traces, layout(axis.layout(), titled("kVA")))


def voltage_plot(data: AdbevData, axis: FrameAxis) -> Figure:
    """Show the lowest voltage of the feeder by frame (9).

    Parameters
    ----------
    data : AdbevData
        The run.
    axis : FrameAxis
        Its frames.

    Returns
    -------
    Figure
        A line a method, and the lower edge of the band.
    """
    traces = []
    for method in ("none", "literal", "fluid", "lp"):
        rows = data.frames[data.frames["method"] == method]
        if len(rows):
            traces.append(method_line(data, method, axis.labels, rows["voltage_min_pu"], "%{y:.3f}"))
    lowest = [0.9] * len(axis.labels)
    traces.append(
        line("EN 50160", axis.labels, lowest, "alarm", "%{y:.2f}", line={"width": 1, "dash": "dot"})
    )
    note = "Lowest voltage of any bus, by the rated one; the medium voltage is held at 1."
    return Figure("voltage", "Voltage", note, traces, layout(axis.layout(), titled("of rated voltage")))
