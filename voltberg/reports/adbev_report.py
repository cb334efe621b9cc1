"""The report of an AdBEV run: one HTML file, drawn from its tables, needing no network."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plotly.offline import get_plotlyjs

from voltberg.reports.adbev_chain import (
    DAYS,
    VENUE_NAMES,
    chain_checks,
    chain_tiles,
    fill_rows,
    goal_rows,
)
from voltberg.reports.adbev_data import AdbevData, load_adbev_run
from voltberg.reports.adbev_figures import adbev_figures
from voltberg.reports.formatting import grouped, short
from voltberg.reports.headline import Check, Tile
from voltberg.reports.page import page, write_page

MARKET_METHODS: Final = ("fluid", "level", "lp")
"""Those that must serve everybody within the limit."""
INPUT_NAMES: Final = {
    "paper": "The paper's synthetic day",
    "sample": "The shipped sample",
    "files": "A day from files",
}
OPTION_OF_INPUT: Final = {
    "load": "--load",
    "pv": "--pv",
    "sessions": "--sessions",
    "tariff": "--tariff",
    "day": "--day",
    "time_zone": "--time-zone",
    "session_date": "--session-date",
    "session_source": "--session-source",
    "market": "--market",
    "households": "--households",
    "season": "--season",
}


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method in the report's table; what was not computed is None.

    Parameters
    ----------
    label, note : str
        Its name, and what it is.
    pfl_mw, reduction_pct, reduction_min_pct, reduction_max_pct : float or None
        Mean fluctuation, and its reduction against no schedule: mean, least and most over the seeds.
    unserved_kwh, frames_above : float or None
        Sums over the seeds.
    kva, voltage_pu : float or None
        Highest apparent power and lowest voltage of the first seed's power flow.
    seconds : float
        Mean time a seed takes.
    """

    label: str
    note: str
    pfl_mw: float | None
    reduction_pct: float | None
    reduction_min_pct: float | None
    reduction_max_pct: float | None
    unserved_kwh: float | None
    frames_above: float | None
    kva: float | None
    voltage_pu: float | None
    seconds: float


def write_adbev_report(folder: Path) -> Path:
    """Write ``report.html`` beside the tables of a finished AdBEV run.

    Parameters
    ----------
    folder : Path
        Output folder of the run.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ReportError
        If the folder holds no finished AdBEV run that can be read.
    """
    return write_page(folder, render_adbev_report(load_adbev_run(folder)))


def render_adbev_report(data: AdbevData) -> str:
    """Render the report of a run.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    str
        A whole HTML page.
    """
    return page("adbev.html.j2").render(
        title=INPUT_NAMES[data.run["settings"]["input"]],
        run=data.run,
        summary=data.summary,
        checks=[*adbev_checks(data), *chain_checks(data)],
        tiles=[*adbev_tiles(data), *chain_tiles(data)],
        days=DAYS,
        fill_rows=fill_rows(data),
        goals={name: goal_rows(data, venue) for venue, name in VENUE_NAMES.items()} if data.on_chain else {},
        rows=method_rows(data),
        has_flow=data.has_flow,
        figures={figure.name: figure for figure in adbev_figures(data)},
        command=adbev_command(data.run),
        plotly_js=get_plotlyjs(),
    )


def adbev_checks(data: AdbevData) -> list[Check]:
    """Say what must hold whatever the day.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    list of Check
        Every EV is served within the limit, and nothing is flatter than the optimum.
    """
    summary = data.summary
    unserved = [summary[f"unserved_{name}_kwh"] for name in MARKET_METHODS]
    above = [summary[f"frames_above_limit_{name}"] for name in MARKET_METHODS]
    served = all(value == 0 for value in unserved)
    within = all(value == 0 for value in above)
    wide = data.results.pivot(index="seed", columns="method", values="pfl_w")
    served_methods = [
        name
        for name in wide.columns
        if name != "lp" and not summary[f"unserved_{name}_kwh"] and not summary[f"frames_above_limit_{name}"]
    ]
    best = wide[served_methods].min(axis=1)
    # whole Wh cost the optimum a few W a frame
    slack_w = 4 * data.run["day"]["frames"] * data.run["day"]["evs"]
    lowest = bool(wide["lp"].notna().all() and (wide["lp"] <= best + slack_w).all())
    return [
        Check(served, f"{_sum(unserved)} kWh unserved by fluid, level and the optimum"),
        Check(within, f"{_sum(above)} frames above {short(data.run['day']['limit_kw'])} kW under them"),
        Check(lowest, "no method that serves everybody within the limit beats the optimum"),
    ]


def _sum(values: list[float | None]) -> str:
    return "unknown" if None in values else short(sum(value or 0 for value in values))


def adbev_tiles(data: AdbevData) -> list[Tile]:
    """Give the figures that one looks for first.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    list of Tile
        Fluctuation without a schedule, and what each method takes off it.
    """
    summary, seeds = data.summary, data.summary["seeds"]
    none = Tile(
        "No schedule", short(summary["pfl_none_mw"]), "MW", "power fluctuation, mean over the seeds", "ev"
    )
    made = [none]
    for name, colour in (
        ("ga_converged", "storage"),
        ("literal", "pv"),
        ("fluid", "neighbours"),
        ("level", "grid"),
        ("lp", "grid"),
    ):
        value = summary[f"reduction_{name}_pct"]
        if value is None:
            made.append(Tile(data.label(name), "none", "", "no schedule within the limit", colour))
            continue
        low, high = summary[f"reduction_{name}_min_pct"], summary[f"reduction_{name}_max_pct"]
        spread = f"less than without; {short(low)} to {short(high)} % by seed"
        if name == "fluid":
            spread = f"beats the converged GA on {summary['fluid_beats_ga_converged_seeds']} of {seeds} seeds"
        made.append(Tile(data.label(name), grouped(value, 1), "%", spread, colour))
    return made


def method_rows(data: AdbevData) -> list[MethodRow]:
    """Tabulate the methods.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    list of MethodRow
        In the run's order.
    """
    summary = data.summary
    return [
        MethodRow(
            label=data.label(name),
            note=data.run["methods"][name]["note"],
            pfl_mw=summary[f"pfl_{name}_mw"],
            reduction_pct=summary.get(f"reduction_{name}_pct"),
            reduction_min_pct=summary.get(f"reduction_{name}_min_pct"),
            reduction_max_pct=summary.get(f"reduction_{name}_max_pct"),
            unserved_kwh=summary[f"unserved_{name}_kwh"],
            frames_above=summary[f"frames_above_limit_{name}"],
            kva=summary.get(f"apparent_max_{name}_kva"),
            voltage_pu=summary.get(f"voltage_min_{name}_pu"),
            seconds=summary[f"{name}_seconds"],
        )
        for name in data.methods
    ]


def adbev_command(run: dict[str, Any]) -> str:
    """Write the command that makes the run again.

    Parameters
    ----------
    run : dict
        Its ``run.json``.

    Returns
    -------
    str
        A command line.
    """
    settings = run["settings"]
    words = ["voltberg", "run", "adbev", "--input", settings["input"], "--seeds", str(settings["seeds"])]
    words += ["--first-seed", str(settings["first_seed"])]
    words += ["--engine", settings["engine"]] if settings["on_chain"] else ["--off-chain"]
    if settings["input"] == "paper":
        words += ["--windows", settings["windows"]]
        return shlex.join(words)
    for name, option in OPTION_OF_INPUT.items():
        value = settings["inputs"][name]
        if value is not None and (name == "season") == (settings["input"] == "sample"):
            words += [option, str(value)]
    return shlex.join(words)
