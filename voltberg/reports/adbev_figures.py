"""The plots of an AdBEV run over numbers of EVs and peers, and the list of all its plots."""

from __future__ import annotations

from typing import Any

from voltberg.reports.adbev_data import AdbevData
from voltberg.reports.adbev_flow_plots import substation_plot, voltage_plot
from voltberg.reports.adbev_plots import (
    day_axis,
    load_plot,
    method_line,
    online_plot,
    price_plot,
    spread_plot,
)
from voltberg.reports.figures import Figure, Trace, layout, line
from voltberg.units import MICRO


def adbev_figures(data: AdbevData) -> list[Figure]:
    """Draw all plots that the run has data for.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    list of Figure
        In the order of the page.
    """
    axis = day_axis(data)
    figures = [
        load_plot(data, axis, "before", ("none", "ga_weak", "ga_converged")),
        load_plot(data, axis, "after", ("literal", "fluid", "level", "lp")),
        spread_plot(data),
        price_plot(data, axis),
        online_plot(data),
    ]
    if data.has_flow:
        figures += [substation_plot(data, axis), voltage_plot(data, axis)]
    if len(data.sweep):
        figures.append(sweep_plot(data))
    if len(data.growth):
        figures.append(growth_plot(data))
    return [*figures, gas_model_plot(data)]


def sweep_plot(data: AdbevData) -> Figure:
    """Show the fluctuation by number of EVs.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    Figure
        A line a method, means over the sweep's seeds.
    """
    mean = data.sweep.groupby(["method", "evs"], sort=False)["pfl_w"].mean() / MICRO
    traces = []
    for method in data.sweep["method"].unique():
        values = mean[method]
        traces.append(
            method_line(data, method, values.index.tolist(), values, "%{y:.3f} MW", mode="lines+markers")
        )
    note = "Behind the paper's homes and transformer, means over seeds. The paper expects a straight line."
    x = {"title": {"text": "EVs"}, "showgrid": False, "fixedrange": True}
    return Figure("sweep", "More EVs", note, traces, layout(x, {"title": {"text": "MW"}}))


def growth_plot(data: AdbevData) -> Figure:
    """Show the seconds of each method by number of EVs.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    Figure
        A line a method, both axes logarithmic.
    """
    traces = []
    for method in data.growth["method"].unique():
        rows = data.growth[data.growth["method"] == method]
        traces.append(
            method_line(
                data, method, rows["evs"].tolist(), rows["seconds"], "%{y:.3f} s", mode="lines+markers"
            )
        )
    evs = sorted(data.growth["evs"].unique().tolist())
    note = "Homes and transformer grow with the EVs. On one machine; both axes are logarithmic."
    return Figure("growth", "Time", note, traces, _logarithmic(evs, "EVs", "seconds"))


def gas_model_plot(data: AdbevData) -> Figure:
    """Show the opcode model of Fig. 8, and what the contracts really take.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    Figure
        Gas of a day by number of peers, both axes logarithmic.
    """
    model = data.gas_model
    genetic = data.run["genetic"]
    size = genetic["population"]
    named = (
        ("AdBEV, modelled", "adbev_gas", "faint"),
        (f"GA, {size} x {genetic['weak_generations']}, modelled", "ga_weak_gas", "load"),
        (f"GA, {size} x {genetic['converged_generations']}, modelled", "ga_converged_gas", "storage"),
    )
    gas = "%{y:,.0f} gas"
    peers = model["peers"].tolist()
    traces = [
        line(name, peers, model[column], colour, gas, mode="lines+markers") for name, column, colour in named
    ]
    traces += _measured(data)
    measured = (
        " Measured: placing, clearing and settling a day's orders on the contracts, storage, calldata and "
        "money included."
        if data.on_chain
        else ""
    )
    note = (
        "As the paper's Fig. 8 [F]. Modelled: computation only, a day of 48 frames, by our count of opcodes; "
        f"the paper prints no counts and no budget.{measured} Nobody would run a genetic algorithm on chain."
    )
    title = "Gas, modelled and measured" if data.on_chain else "Modelled gas"
    return Figure("gas-model", title, note, traces, _logarithmic(peers, "peers", "gas of a day"))


def _measured(data: AdbevData) -> list[Trace]:
    """Draw the measured gas of the second day's orders by number of EVs."""
    rows = data.gas_measured[data.gas_measured["day"] == "second_day"]
    traces = []
    for method in rows["method"].unique():
        mine = rows[rows["method"] == method]
        gas = mine[["place_gas", "clear_gas", "settle_gas"]].sum(axis=1)
        trace = method_line(data, method, mine["peers"].tolist(), gas, "%{y:,.0f} gas", mode="lines+markers")
        trace["name"] += ", measured"
        trace["line"] = {**trace["line"], "width": 3}
        traces.append(trace)
    return traces


def _logarithmic(ticks: list[int], x_title: str, y_title: str) -> dict[str, Any]:
    x = {"type": "log", "title": {"text": x_title}, "tickvals": ticks, "showgrid": False, "fixedrange": True}
    return layout(x, {"type": "log", "title": {"text": y_title}, "dtick": 1, "exponentformat": "power"})
