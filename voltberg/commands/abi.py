"""``voltberg abi``: the ABIs as one bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voltberg.commands.shared import compiled, error_console, stating_errors, wide_console


def abi(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("build/voltberg-abi.json"),
) -> None:
    """Write the ABIs of all contracts and interfaces as one JSON file: contract name -> ABI."""
    from voltberg.chain.artifacts import CompileError

    with stating_errors(CompileError, OSError):
        artifacts = compiled(error_console())
        artifacts.abi_bundle(out)
    wide_console().print(f"{len(artifacts)} ABIs in {out}", markup=False)
