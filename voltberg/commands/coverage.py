"""``voltberg coverage``: statements and branches of the contracts that the traced tests reached."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from voltberg.commands.shared import stating_errors

if TYPE_CHECKING:
    from voltberg.chain.coverage_report import FileCoverage

WHOLE_PCT = 100.0


def coverage(
    traces: Annotated[list[Path], typer.Argument(help="Files that the plugin wrote.", exists=True)],
    out: Annotated[Path | None, typer.Option(help="Write the figures, and what was missed, as JSON.")] = None,
    at_least: Annotated[float, typer.Option(min=0, max=100, help="Fail if a whole is below this [%].")] = 0,
    missed: Annotated[bool, typer.Option(help="List what was not reached.")] = False,
) -> None:
    """Report which statements and branches of the contracts the traced tests reached."""
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.coverage_build import coverage_build
    from voltberg.chain.coverage_report import coverage_of, load
    from voltberg.chain.coverage_trace import Recorder

    with stating_errors(CompileError, OSError, ValueError, KeyError):
        recorder = Recorder(coverage_build(Path.cwd()))
        for path in traces:
            load(recorder, json.loads(path.read_text()))
        files = coverage_of(recorder)
    if out is not None:
        out.write_text(json.dumps([asdict(item) for item in files], indent=1) + "\n")
    console = Console(highlight=False)
    console.print(_table(files))
    if missed:
        for item in files:
            for line in item.missed:
                console.print(f"{item.path}:{line}", markup=False, soft_wrap=True)
    if min(_whole(files)) < at_least:
        raise typer.Exit(1)


def _share(hit: int, whole: int) -> float:
    return WHOLE_PCT * hit / whole if whole else WHOLE_PCT


def _whole(files: list[FileCoverage]) -> tuple[float, float]:
    return (
        _share(sum(item.statements_hit for item in files), sum(item.statements for item in files)),
        _share(sum(item.branches_hit for item in files), sum(item.branches for item in files)),
    )


def _table(files: list[FileCoverage]) -> Table:
    table = Table(title="What the traced tests reached of the contracts")
    table.add_column("file")
    for name in ("statements", "", "branches", "", "without code"):
        table.add_column(name, justify="right")
    for item in files:
        table.add_row(
            item.path.removeprefix("contracts/"),
            f"{item.statements_hit}/{item.statements}",
            f"{_share(item.statements_hit, item.statements):.1f} %",
            f"{item.branches_hit}/{item.branches}",
            f"{_share(item.branches_hit, item.branches):.1f} %",
            str(len(item.without_code)),
        )
    statements, branches = _whole(files)
    table.add_section()
    table.add_row("all", "", f"{statements:.1f} %", "", f"{branches:.1f} %", "")
    return table
