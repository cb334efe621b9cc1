"""``voltberg gas``: what every operation of the market costs, beside its limit and other order books."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from voltberg.commands.shared import PROJECT_ROOT, compiled, stating_errors, wide_console

DIFFERS = 2
"""Exit code when figures are not the committed ones."""


def gas(
    write: Annotated[
        bool, typer.Option("--write", help="Replace the committed snapshots and the tables of docs/gas.md.")
    ] = False,
    engine: Annotated[str, typer.Option(help="evm, anvil or ganache; all give the same gas.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures instead of a table.")] = False,
) -> None:
    """Measure the gas matrix and compare it with the committed one; exit code 2 if they differ."""
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.engine import EngineError
    from voltberg.chain.market import TransactionReverted
    from voltberg.experiments.gas.breakdown import measure_breakdown, write_breakdown
    from voltberg.experiments.gas.document import write_document
    from voltberg.experiments.gas.matrix import default_engine, differences, measure, write_snapshots

    progress = Console(stderr=True, highlight=False)
    with stating_errors(CompileError, EngineError, TransactionReverted, OSError, ValueError):
        artifacts = compiled(progress)
        with progress.status("measuring ...") as status:
            matrix = measure(
                engine or default_engine(),
                artifacts,
                progress=lambda text: status.update(f"measuring {text} ..."),
            )
        changes = differences(matrix, PROJECT_ROOT)
        if write:
            write_snapshots(PROJECT_ROOT, matrix)
            with progress.status("tracing on anvil ..."):
                write_breakdown(PROJECT_ROOT, measure_breakdown(artifacts), matrix.meta)
            write_document(PROJECT_ROOT)
    if as_json:
        typer.echo(json.dumps({"meta": dict(matrix.meta), "gas": matrix.gas}, indent=2))
    else:
        market = matrix.gas["market"]
        wide_console().print(
            _figures(market, matrix.gas["second_day"], matrix.gas["first_day"]), _peers(market)
        )
    if changes:
        verb = "replaced" if write else "differ from the committed ones (ARGS=--write replaces those)"
        progress.print(f"{len(changes)} figures {verb}:")
        progress.print("\n".join(f"  {line}" for line in changes), markup=False)
        if not write:
            raise typer.Exit(DIFFERS)


def _figures(market: Mapping[str, int], second_day: Mapping[str, int], first_day: Mapping[str, int]) -> Table:
    from voltberg.experiments.gas.limits import LIMITS
    from voltberg.experiments.gas.peers import ratio, read_peers

    peers = read_peers()
    table = Table(title="Gas of every operation, seasoned")
    table.add_column("operation", no_wrap=True)
    for name in ("gas", "limit", "room", "second day", "first day", "cheapest peer", "/ ours"):
        table.add_column(name, justify="right")
    for name, value in market.items():
        limit = LIMITS.get(name)
        shown = ("", "") if limit is None else (f"{limit:,}", f"{limit - value:+,}")
        colour = "" if limit is None else "[green]" if value <= limit else "[bold red]"
        cells = ["", ""]
        if theirs := peers.gas.get(name, {}):
            peer = min(theirs, key=theirs.__getitem__)
            cells = [f"{theirs[peer]:,} {peer}", ratio(theirs[peer], value)]
        table.add_row(
            name, f"{colour}{value:,}", *shown, f"{second_day[name]:,}", f"{first_day[name]:,}", *cells
        )
    return table


def _peers(market: Mapping[str, int]) -> Table:
    from voltberg.experiments.gas.peers import ratio, read_peers

    peers = read_peers()
    table = Table(title="Other order books: gas, and its multiple of ours", caption="sources: docs/gas.md")
    table.add_column("operation", no_wrap=True)
    for name in ("Voltberg", *peers.names):
        table.add_column(name, justify="right")
    for name, theirs in peers.gas.items():
        if name in market:
            cells = [
                f"{theirs[peer]:,}\n{ratio(theirs[peer], market[name])}" if peer in theirs else ""
                for peer in peers.names
            ]
            table.add_row(name, f"{market[name]:,}", *cells)
    return table
