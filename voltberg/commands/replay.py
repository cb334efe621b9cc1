"""``voltberg replay``: one real day on a chain, from profiles to a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voltberg.commands.shared import (
    compiled,
    error_console,
    phase_progress,
    read_mapping,
    stating_errors,
    what_is_invalid,
)

if TYPE_CHECKING:
    from voltberg.experiments.replay_run import ReplayResult
    from voltberg.simulation.settings import ReplaySettings

VENUES = ("book", "auction")
INPUT_HELP = "Documented in docs/profiles.md."
KPI_ROWS = (
    ("transactions", "transactions"),
    ("of them failed, as predicted", "transactions_failed"),
    ("failed without a prediction", "transactions_failed_unexplained"),
    ("public values that differ from the twin", "state_differences"),
    ("money residual [micro]", "money_residual_micro"),
    ("energy residual [Wh]", "energy_residual_wh"),
    ("households that traded", "households_trading"),
    ("iceberg slices replenished", "iceberg_slices_replenished"),
    ("energy between neighbours [Wh]", "p2p_energy_wh"),
    ("wanted from neighbours, not served [Wh]", "unserved_energy_wh"),
    ("energy from shared storage [Wh]", "storage_energy_wh"),
    ("energy from the grid [Wh]", "grid_energy_wh"),
    ("mean price to consumers [token/kWh]", "price_consumer_mean_per_kwh"),
    ("the same from the grid alone [token/kWh]", "price_grid_only_mean_per_kwh"),
    ("gas", "gas_total"),
    ("gas per kWh traded", "gas_per_kwh_traded"),
)


def replay(
    engine: Annotated[
        str, typer.Option(help="ganache, anvil or evm (in-process, Python 3.11-3.12).")
    ] = "ganache",
    venue: Annotated[
        str,
        typer.Option(help="book (continuous), auction (one clearing a frame), or both, set side by side."),
    ] = "book",
    season: Annotated[str, typer.Option(help="Day of the shipped sample: summer or winter.")] = "summer",
    households: Annotated[
        int | None, typer.Option(min=2, max=1000, help="How many take part; else all (the sample has 100).")
    ] = None,
    load: Annotated[Path | None, typer.Option(help=f"Household load of your own. {INPUT_HELP}")] = None,
    pv: Annotated[Path | None, typer.Option(help=f"PV generation. {INPUT_HELP}")] = None,
    sessions: Annotated[Path | None, typer.Option(help=f"EV sessions. {INPUT_HELP}")] = None,
    tariff: Annotated[Path | None, typer.Option(help=f"Prices of grid and retailer. {INPUT_HELP}")] = None,
    day: Annotated[str | None, typer.Option(help="Local day, YYYY-MM-DD; else the first full one.")] = None,
    time_zone: Annotated[str, typer.Option(help="IANA zone of times without an offset.")] = "UTC",
    session_date: Annotated[str | None, typer.Option(help="Take the sessions of this date.")] = None,
    session_source: Annotated[str | None, typer.Option(help="Take the sessions of this source.")] = None,
    market: Annotated[str | None, typer.Option(help="Take this market of the tariff file.")] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Your own strategy, module:Class (docs/strategies.md).")
    ] = None,
    deviation: Annotated[
        float | None, typer.Option(min=0, max=1, help="Metered against forecast, relative.")
    ] = None,
    configuration: Annotated[
        Path | None, typer.Option(help="JSON or YAML with any other setting of run.json.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every draw.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Output folder; else a fresh one under runs/.")] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on with the killed run in --out, or with the newest unfinished one.")
    ] = False,
    quiet: Annotated[bool, typer.Option(help="Print the folder only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of a table.")] = False,
) -> None:
    """Replay one real day: deploy, trade every frame, meter, settle, compare with the exact twin, report."""
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.deploy import DeploymentError
    from voltberg.chain.engine import EngineError
    from voltberg.experiments.replay_run import ReplayRun
    from voltberg.experiments.run_folder import new_run_folder
    from voltberg.reports.replay_report import write_report
    from voltberg.simulation.journal import JournalError
    from voltberg.simulation.ledger import LedgerError

    console = Console(stderr=True, highlight=False, quiet=quiet)
    expected = (CompileError, DeploymentError, EngineError, JournalError, LedgerError, OSError, ValueError)
    with stating_errors(*expected):
        if resume:
            folder, engine, settings = _resumed(out)
            console.print(f"resuming the run in {folder}")
            runs = [(folder, settings)]
        else:
            inputs = {
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
            }
            agents = {"strategy": strategy, "deviation": deviation}
            if venue == "both":
                out = new_run_folder(out, "replay")
                runs = [(out / name, _settings(configuration, seed, name, inputs, agents)) for name in VENUES]
            else:
                settings = _settings(configuration, seed, venue, inputs, agents)
                runs = [(new_run_folder(out, "replay"), settings)]
        results = []
        for folder, settings in runs:
            with phase_progress(console) as report:
                results.append(ReplayRun(settings, engine, compiled(console), folder, report).execute())
                report("writing the report", 0, 1)
                write_report(folder)
        if len(results) > 1:
            book, auction = (result.folder for result in results)
            write_report(book, beside=auction)
            write_report(auction, beside=book)
    _print(results, quiet=quiet, as_json=as_json)
    for result in results:
        if result.differences or result.summary["transactions_unexplained"]:
            error_console().print(
                f"[bold red]the chain and the twin disagree[/]: {'; '.join(result.differences[:3])}"
            )
            raise typer.Exit(2)


def _settings(
    configuration: Path | None, seed: int, venue: str, inputs: dict[str, Any], agents: dict[str, Any]
) -> ReplaySettings:
    from voltberg.simulation.settings import ReplaySettings

    content: dict[str, Any] = {} if configuration is None else read_mapping(configuration)
    content["seed"] = seed
    content["venue"] = venue
    content["inputs"] = {**content.get("inputs", {}), **inputs}
    given = {name: value for name, value in agents.items() if value is not None}
    content["agents"] = {**content.get("agents", {}), **given}
    try:
        return ReplaySettings.model_validate(content)
    except ValidationError as error:
        raise ValueError(what_is_invalid(error)) from error


def _resumed(out: Path | None) -> tuple[Path, str, ReplaySettings]:
    from voltberg.experiments.run_folder import newest_unfinished, read_run
    from voltberg.simulation.settings import ReplaySettings

    folder = out or newest_unfinished("replay")
    run = read_run(folder)
    return folder, run["engine"], ReplaySettings.model_validate(run["settings"])


def _print(results: list[ReplayResult], *, quiet: bool, as_json: bool) -> None:
    if as_json:
        summaries = [result.summary for result in results]
        typer.echo(json.dumps(summaries if len(summaries) > 1 else summaries[0], indent=2))
    elif not quiet:
        table = Table(title="One day", show_header=len(results) > 1)
        table.add_column()
        for result in results:
            table.add_column(str(result.summary["venue"]), justify="right")
        for label, name in KPI_ROWS:
            values = [result.summary[name] for result in results]
            table.add_row(escape(label), *(f"{v:,}" if isinstance(v, int | float) else v for v in values))
        Console(highlight=False).print(table)
    for result in results:
        typer.echo(result.folder)
