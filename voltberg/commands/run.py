"""``voltberg run``: experiments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from voltberg.commands.shared import compiled, error_console, phase_progress, stating_errors, what_is_invalid

if TYPE_CHECKING:
    from voltberg.experiments.adbev_run import AdbevResult
    from voltberg.experiments.adbev_settings import AdbevSettings

FILE_HELP: Final = "Documented in docs/profiles.md."

app = typer.Typer(help="Run an experiment.", no_args_is_help=True)


@app.callback()
def run() -> None:
    """Run an experiment, and write its tables, figures and report."""


@app.command("adbev")
def adbev(
    input_: Annotated[
        str, typer.Option("--input", help="paper (synthetic), sample (shipped) or files (your own).")
    ] = "paper",
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="How many seeds.")] = 20,
    first_seed: Annotated[int, typer.Option(min=0, help="The first of them.")] = 1,
    windows: Annotated[
        str, typer.Option(help="When EVs of the paper's day are connected: paper or drawn (from sessions).")
    ] = "paper",
    season: Annotated[str, typer.Option(help="Day of the sample: winter or summer.")] = "winter",
    households: Annotated[int | None, typer.Option(min=2, max=1000, help="How many take part.")] = None,
    load: Annotated[Path | None, typer.Option(help=f"Household load of your own. {FILE_HELP}")] = None,
    pv: Annotated[Path | None, typer.Option(help=f"PV generation. {FILE_HELP}")] = None,
    sessions: Annotated[Path | None, typer.Option(help=f"EV sessions. {FILE_HELP}")] = None,
    tariff: Annotated[Path | None, typer.Option(help=f"Prices of grid and retailer. {FILE_HELP}")] = None,
    day: Annotated[str | None, typer.Option(help="Local day, YYYY-MM-DD.")] = None,
    time_zone: Annotated[str, typer.Option(help="IANA zone of times without an offset.")] = "UTC",
    session_date: Annotated[str | None, typer.Option(help="Take the sessions of this date.")] = None,
    session_source: Annotated[str | None, typer.Option(help="Take the sessions of this source.")] = None,
    market: Annotated[str | None, typer.Option(help="Take this market of the tariff file.")] = None,
    sweep: Annotated[bool, typer.Option(help="Vary the number of EVs: fluctuation, time, gas.")] = True,
    power_flow: Annotated[bool, typer.Option(help="Put the first seed through a power flow.")] = True,
    on_chain: Annotated[
        bool,
        typer.Option(
            "--on-chain/--off-chain",
            help="Place the first seed's orders on the contracts, hold fills against schedules, measure gas.",
        ),
    ] = True,
    engine: Annotated[
        str, typer.Option(help="Chain for --on-chain: evm (in-process, Python 3.11-3.12), ganache or anvil.")
    ] = "evm",
    out: Annotated[Path | None, typer.Option(help="Output folder; else a fresh one under runs/.")] = None,
    quiet: Annotated[bool, typer.Option(help="Print the folder only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of a table.")] = False,
) -> None:
    """Compare no schedule, genetic algorithms, AdBEV, fluid, level and the exact optimum on the same days.

    The market methods' orders of the first seed are also placed on the contracts: exit code 2 if their fills
    are not the schedule to the Wh, or the contracts answer otherwise than their exact twin.
    """
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.deploy import DeploymentError
    from voltberg.chain.engine import EngineError
    from voltberg.experiments.adbev_run import run_adbev
    from voltberg.experiments.run_folder import new_run_folder
    from voltberg.reports.adbev_report import write_adbev_report
    from voltberg.simulation.ledger import LedgerError

    console = Console(stderr=True, highlight=False, quiet=quiet)
    content: dict[str, Any] = {
        "input": input_,
        "seeds": seeds,
        "first_seed": first_seed,
        "windows": windows,
        "power_flow": power_flow,
        "on_chain": on_chain,
        "engine": engine,
        "inputs": {
            "season": season,
            "households": households,
            "load": load,
            "pv": pv,
            "sessions": sessions,
            "tariff": tariff,
            "day": day,
            "time_zone": time_zone,
            "session_date": session_date,
            "session_source": session_source,
            "market": market,
        },
    }
    if not sweep:
        content |= {"sweep_evs": (), "timed_evs": (), "chain_peers": ()}
    expected = (CompileError, DeploymentError, EngineError, LedgerError, OSError, ValueError)
    with stating_errors(*expected):
        settings = _settings(content)
        folder = new_run_folder(out, "adbev")
        artifacts = compiled(console) if settings.on_chain else None
        with phase_progress(console) as report:
            result = run_adbev(settings, folder, report, artifacts)
            report("writing the report", 0, 1)
            write_adbev_report(folder)
    _print(result, quiet=quiet, as_json=as_json)
    if result.faults:
        error_console().print(f"[bold red]the contracts disagree[/]: {'; '.join(result.faults[:3])}")
        raise typer.Exit(2)


def _settings(content: dict[str, Any]) -> AdbevSettings:
    from voltberg.experiments.adbev_settings import AdbevSettings

    try:
        return AdbevSettings.model_validate(content)
    except ValidationError as error:
        raise ValueError(what_is_invalid(error)) from error


def _print(result: AdbevResult, *, quiet: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result.summary, indent=2))
    elif not quiet:
        Console(highlight=False).print(_table(result))
        if len(result.tables.chain_goals):
            Console(highlight=False).print(_gas_table(result))
        typer.echo(result.summary["note"])
    typer.echo(result.folder)


def _table(result: AdbevResult) -> Table:
    from voltberg.experiments.adbev_methods import METHODS

    summary = result.summary
    table = Table(title=f"AdBEV, {summary['seeds']} seeds")
    table.add_column("method")
    for heading in ("P_PFL [MW]", "less [%]", "by seed [%]", "unserved [kWh]", "frames above", "seconds"):
        table.add_column(heading, justify="right")
    for method in METHODS:
        name = method.name
        if f"{name}_seconds" not in summary:
            continue
        least, most = (summary.get(f"reduction_{name}_{end}_pct") for end in ("min", "max"))
        table.add_row(
            method.label,
            _number(summary[f"pfl_{name}_mw"], 3),
            _number(summary.get(f"reduction_{name}_pct"), 1),
            "" if least is None else f"{least:.1f} to {most:.1f}",
            _number(summary[f"unserved_{name}_kwh"], 1),
            _number(summary[f"frames_above_limit_{name}"], 0),
            _number(summary[f"{name}_seconds"], 3),
        )
    return table


def _gas_table(result: AdbevResult) -> Table:
    from voltberg.experiments.adbev_gas import GOALS

    goals = result.tables.chain_goals
    goals = goals[goals["goal"].notna()]
    days = goals["day"].unique().tolist()
    table = Table(title=f"Gas on the contracts, {result.summary['fills_differing']} fills off schedule")
    table.add_column("operation")
    for heading in ("goal", *days):
        table.add_column(heading.replace("_", " "), justify="right")
    for operation in GOALS:
        rows = {row["day"]: row for row in goals[goals["operation"] == operation].to_dict("records")}
        if not rows:
            continue
        cells = [
            f"{rows[day]['gas_each']:,.0f}" + ("" if rows[day]["held"] else " [red]![/]")
            if day in rows
            else ""
            for day in days
        ]
        table.add_row(operation, f"{next(iter(rows.values()))['goal']:,}", *cells)
    return table


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
