"""``voltberg bench``: how much of each engine's own speed a whole replay reaches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from voltberg.commands.shared import compiled, stating_errors

if TYPE_CHECKING:
    from voltberg.experiments.bench_run import BenchResult

WHOLE_PCT = 100.0
SHARES = ("", "_lowest", "_highest")
"""Endings of the names under which the share of the limit stands in the summary."""


def bench(
    engines: Annotated[str, typer.Option(help="Which ones, separated by commas.")] = "ganache,anvil,evm",
    households: Annotated[
        int,
        typer.Option(
            min=2, max=1000, help="How many of the day take part: few, since Ganache takes minutes for all."
        ),
    ] = 20,
    repetitions: Annotated[
        int, typer.Option(min=1, help="How many turns each engine has, one after the other.")
    ] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every draw.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Output folder; else a fresh one under runs/.")] = None,
    quiet: Annotated[bool, typer.Option(help="Print the folder only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of a table.")] = False,
) -> None:
    """Measure transactions per second of a whole replay against each engine's own limit."""
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.deploy import DeploymentError
    from voltberg.chain.engine import EngineError
    from voltberg.experiments.bench_engine import BenchError
    from voltberg.experiments.bench_run import BenchRun, BenchSettings
    from voltberg.experiments.run_folder import new_run_folder
    from voltberg.simulation.ledger import LedgerError
    from voltberg.simulation.settings import InputSettings, ReplaySettings

    console = Console(stderr=True, highlight=False, quiet=quiet)
    expected = (BenchError, CompileError, DeploymentError, EngineError, LedgerError, OSError, ValueError)
    with stating_errors(*expected):
        settings = BenchSettings(
            replay=ReplaySettings(seed=seed, inputs=InputSettings(households=households)),
            engines=tuple(name.strip() for name in engines.split(",") if name.strip()),
            repetitions=repetitions,
        )
        folder = new_run_folder(out, "bench")
        artifacts = compiled(console)
        with _progress(console) as report:
            result = BenchRun(settings, artifacts, folder, report).execute()
    if as_json:
        typer.echo(json.dumps(result.summary, indent=2))
    elif not quiet:
        _print(result)
    typer.echo(result.folder)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description:<36}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task: TaskID = progress.add_task("starting", total=None)

        def report(phase: str, done: int, whole: int) -> None:
            progress.update(task, description=phase, completed=done, total=whole)

        yield report


def _print(result: BenchResult) -> None:
    from voltberg.experiments.bench_run import TARGET_EVM_OVER_GANACHE, TARGETS_PCT

    summary = result.summary
    table = Table(
        title=f"{summary['households']} households of the sample's day, {summary['transactions']:,} "
        f"transactions,\nmedians of {summary['repetitions']} turns"
    )
    table.add_column("engine")
    for name in ("replay [tx/s]", "limit [tx/s]", "replay / limit", "lowest", "highest", "wanted"):
        table.add_column(name, justify="right")
    for engine in str(summary["engines"]).split(","):
        rates = [f"{summary[f'{kind}_tx_per_second_{engine}']:,.0f}" for kind in ("replay", "limit")]
        shares = [f"{summary[f'share_of_limit_{engine}{part}_pct']:.0f} %" for part in SHARES]
        wanted = f"{TARGETS_PCT[engine]:.0f} %" if engine in TARGETS_PCT else ""
        table.add_row(engine, *rates, *shares, wanted)
    console = Console(highlight=False)
    console.print(table)
    drifting = [
        engine
        for engine in str(summary["engines"]).split(",")
        if float(summary[f"share_of_limit_{engine}_highest_pct"]) > WHOLE_PCT
    ]
    if drifting:
        console.print(
            f"{', '.join(drifting)}: a share above 100 % is none: node or machine changed its speed between "
            "loop and replay by more than they differ. Repeat on a quiet machine, with more --repetitions."
        )
    if "evm_over_ganache" in summary:
        ratio = float(summary["evm_over_ganache"])
        console.print(f"evm / ganache, whole replay: {ratio:.1f} (wanted {TARGET_EVM_OVER_GANACHE:.0f})")
