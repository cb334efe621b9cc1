"""``voltberg fuzz``: random transactions against contracts and twin, by the million."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from voltberg.commands.shared import compiled, error_console, stating_errors, wide_console

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.campaign import CampaignResult
    from voltberg.experiments.fuzz.worker import CampaignSettings

REASONS_SHOWN = 3
RUNS_SHOWN = 6


def fuzz(
    transactions: Annotated[int, typer.Option(min=1, help="How many to send.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Decides every call: the same seed, the same run.")] = 1,
    minutes: Annotated[float, typer.Option(help="Stop sending after this time [min]; 0: no limit.")] = 15.0,
    engine: Annotated[str, typer.Option(help="evm (in-process), anvil or ganache.")] = "evm",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Output folder; else a fresh one under runs/.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Replay a saved case instead.")] = None,
    quiet: Annotated[bool, typer.Option(help="Print the folder only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of tables.")] = False,
) -> None:
    """Send random calls to contracts and twin, compare all that can be seen, and tell what was found.

    Ends with code 1 if they differ: the sequence is then made shorter and saved, as a case to replay and as a
    Brownie test.
    """
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.deploy import DeploymentError
    from voltberg.chain.engine import EngineError
    from voltberg.experiments.fuzz.campaign import Campaign
    from voltberg.experiments.fuzz.worker import CampaignSettings
    from voltberg.experiments.run_folder import new_run_folder

    console = Console(stderr=True, highlight=False, quiet=quiet)
    with stating_errors(CompileError, DeploymentError, EngineError, OSError, ValueError):
        settings = CampaignSettings(
            transactions, seed, minutes if minutes > 0 else None, engine, 1 if replay else workers
        )
        if replay is not None:
            _replay(replay, settings, console)
            return
        folder = new_run_folder(out, "fuzz")
        artifacts = compiled(console)
        with _progress(console) as report:
            result = Campaign(settings, artifacts, folder, report).execute()
    if as_json:
        typer.echo(json.dumps(result.summary(), indent=2))
    elif not quiet:
        _print(result)
    typer.echo(folder)
    if result.difference is not None:
        _tell_difference(result, folder)
        raise typer.Exit(1)


def _replay(path: Path, settings: CampaignSettings, console: Console) -> None:
    from voltberg.experiments.fuzz.case import read_case
    from voltberg.experiments.fuzz.pair import Difference
    from voltberg.experiments.fuzz.worker import Worker

    case = read_case(path)
    worker = Worker(settings, compiled(console))
    gas = None
    try:
        pair = worker.pair(case.setup)
        calls = case.calls_on(pair.cast, pair.chain.addresses)
        found = pair.replay(calls)
        if calls and found is None:
            gas = pair.gas_of_last(calls)
    except Difference as in_setup:
        found = in_setup
    finally:
        worker.close()
    if found is not None:
        error_console().print(f"[bold red]after {len(case.calls)} calls contracts and twin differ:[/]")
        error_console().print(str(found), markup=False)
        raise typer.Exit(1)
    typer.echo(
        f"{len(case.calls)} calls: contracts and twin agree" + (f"; the last used {gas:,} gas" if gas else "")
    )


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description:<46}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task: TaskID = progress.add_task("starting", total=None)

        def report(phase: str, done: int, whole: int) -> None:
            progress.update(task, description=phase, completed=done, total=whole)

        yield report


def _print(result: CampaignResult) -> None:
    summary = result.summary()
    table = Table(
        title=f"{summary['transactions']:,} transactions, {summary['success_pct']:.1f} % successful, "
        f"{summary['values_compared']:,} public values compared at {summary['checkpoints']:,} checkpoints; "
        f"seed {summary['seed']}, {summary['seconds']:,.0f} s"
    )
    table.add_column("operation")
    for name in ("calls", "successes", "reverts", "gas, mean", "dearest"):
        table.add_column(name, justify="right")
    table.add_column("commonest reasons")
    for operation, row in summary["operations"].items():
        reverts = row["reverts"]
        reasons = [f"{reason} {number:,}" for reason, number in list(reverts.items())[:REASONS_SHOWN]]
        more = len(reverts) - len(reasons)
        table.add_row(
            operation,
            f"{row['calls']:,}",
            f"{row['successes']:,}",
            f"{row['calls'] - row['successes']:,}",
            f"{row['mean_gas']:,}" if row["successes"] else "",
            f"{row['dearest_gas']:,}" if row["dearest_gas"] else "",
            "\n".join([*reasons, *([f"and {more} more"] if more > 0 else [])]),
        )
    console = wide_console()
    console.print(table)
    console.print(_reasons(result))
    if result.dearest:
        console.print(_dearest(result))


def _reasons(result: CampaignResult) -> Table:
    table = Table(title="reverts by reason")
    table.add_column("reason")
    table.add_column("calls", justify="right")
    table.add_column("operations")
    by_reason: dict[str, dict[str, int]] = {}
    for (operation, reason), number in result.tally.reverts.items():
        by_reason.setdefault(reason, {})[operation] = number
    for reason, operations in sorted(by_reason.items(), key=lambda item: -sum(item[1].values())):
        names = sorted(operations, key=lambda name: -operations[name])
        table.add_row(reason, f"{sum(operations.values()):,}", ", ".join(names))
    return table


def _dearest(result: CampaignResult) -> Table:
    table = Table(title="dearest calls found, and the shortest sequences found that lead there (in dearest/)")
    table.add_column("operation")
    table.add_column("gas", justify="right")
    table.add_column("calls before", justify="right")
    table.add_column("which")
    for operation, case in sorted(
        result.dearest.items(), key=lambda item: -result.tally.dearest[item[0]].gas
    ):
        before = case.calls[:-1]
        parts = [
            f"{len(run)} {name}" if len(run) > 1 else name
            for name, run in ((name, list(run)) for name, run in groupby(before, lambda call: call.function))
        ]
        shown = ", ".join(parts[:RUNS_SHOWN]) + (" ..." if len(parts) > RUNS_SHOWN else "")
        table.add_row(operation, f"{result.tally.dearest[operation].gas:,}", f"{len(before):,}", shown)
    return table


def _tell_difference(result: CampaignResult, folder: Path) -> None:
    from voltberg.experiments.fuzz.campaign import CASE_NAME, TEST_NAME

    found = result.difference
    if found is None:
        return
    console = error_console()
    console.print(f"[bold red]contracts and twin differ[/] after {len(found.calls)} calls:")
    console.print(found.finding, markup=False)
    console.print(f"again: voltberg fuzz --replay {folder / CASE_NAME}", markup=False)
    console.print(f"on Ganache: brownie test {folder / TEST_NAME} --network ganache", markup=False)
