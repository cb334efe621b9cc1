"""``voltberg gas``: what every operation of the market costs, beside its limit and other order books."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from voltberg.commands.shared import PROJECT_ROOT, compiled, stating_errors, wide_console


def gas(
    write: Annotated[bool, typer.Option("--write", help="Replace the committed snapshots.")] = False,
    engine: Annotated[str, typer.Option(help="ganache, anvil or evm; all give the same gas.")] = "evm",
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures instead of a table.")] = False,
) -> None:
    """Measure the gas matrix and compare it with the committed one; exit code 2 if they differ."""
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.engine import EngineError
    from voltberg.chain.market import TransactionReverted
    from voltberg.experiments.gas.matrix import differences, measure, write_snapshots

    progress = Console(stderr=True, highlight=False)
    with stating_errors(CompileError, EngineError, TransactionReverted, OSError, ValueError):
        artifacts = compiled(progress)
        with progress.status("measuring ...") as status:
            matrix = measure(engine, artifacts, progress=lambda text: status.update(f"measuring {text} ..."))
        if write:
            write_snapshots(PROJECT_ROOT, matrix)
    if as_json:
        typer.echo(json.dumps({"meta": dict(matrix.meta), "gas": matrix.gas}, indent=2))
    else:
        wide_console().print(_table(matrix.gas["market"], matrix.gas["first_day"]))
    lines = differences(matrix, PROJECT_ROOT)
    if lines:
        progress.print(f"{len(lines)} figures differ from the committed ones (--write replaces them):")
        for line in lines:
            progress.print(f"  {line}", highlight=False)
        raise typer.Exit(2)


def _table(market: Mapping[str, int], first_day: Mapping[str, int]) -> Table:
    from voltberg.experiments.gas.limits import LIMITS

    table = Table(title="gas of every operation, seasoned")
    table.add_column("operation")
    for name in ("gas", "limit", "first day"):
        table.add_column(name, justify="right")
    for name, value in market.items():
        limit = LIMITS.get(name)
        colour = "" if limit is None else "[green]" if value <= limit else "[red]"
        shown = "" if limit is None else f"{limit:,}"
        table.add_row(name, f"{colour}{value:,}", shown, f"{first_day[name]:,}")
    return table
