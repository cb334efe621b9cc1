"""What several subcommands need: where the project is, where to print, how to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from voltberg.configuration import MarketConfiguration

if TYPE_CHECKING:
    from voltberg.chain.artifacts import Artifacts

WIDTH = 144
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def error_console() -> Console:
    """Make the console for progress and errors, which leaves standard output to results.

    Returns
    -------
    Console
        Writes to standard error.
    """
    return Console(stderr=True, highlight=False, soft_wrap=True)


def wide_console() -> Console:
    """Make the console for results.

    Returns
    -------
    Console
        Writes to standard output, wide enough for an address beside a key: no digit is cut.
    """
    return Console(highlight=False, soft_wrap=True, width=max(Console().width, WIDTH))


@contextmanager
def stating_errors(*expected: type[Exception]) -> Iterator[None]:
    """Turn expected errors into one line on standard error and exit code 1.

    Parameters
    ----------
    *expected : type of Exception
        Errors whose message says all there is to say.

    Yields
    ------
    None
        The block's body runs.

    Raises
    ------
    typer.Exit
        With code 1, in place of an expected error.
    """
    try:
        yield
    except expected as error:
        error_console().print(f"[bold red]error:[/] {error}", markup=True, soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def phase_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each phase of a run.

    Parameters
    ----------
    console : Console
        Where to.

    Yields
    ------
    callable
        Takes the phase, what of it is done, and of how much; a new phase ends those before it. Text after a
        comma is detail of the phase.
    """
    columns = (TextColumn("{task.description:<52}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=console.quiet) as progress:
        tasks: dict[str, TaskID] = {}

        def report(phase: str, done: int, whole: int) -> None:
            name, _, detail = phase.partition(", ")
            if name not in tasks:
                for task in tasks.values():
                    progress.update(task, completed=progress.tasks[task].total)
                tasks[name] = progress.add_task(name, total=whole)
            progress.update(tasks[name], description=f"{name} ({detail})" if detail else name, completed=done)

        yield report
        for task in tasks.values():
            progress.update(task, completed=progress.tasks[task].total)


def compiled(console: Console) -> Artifacts:
    """Compile the project's contracts, or take them from the cache.

    Parameters
    ----------
    console : Console
        Is told when the compiler runs.

    Returns
    -------
    Artifacts
        What the compiler made.
    """
    from voltberg.chain.compile import compile_contracts

    return compile_contracts(PROJECT_ROOT, lambda text: console.print(f"{text} ..."))


def read_mapping(path: Path) -> dict[str, object]:
    """Read a JSON or YAML file that holds one mapping.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its contents.

    Raises
    ------
    ValueError
        If the file cannot be read or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(  # noqa: TRY004 - the file is wrong, not the caller
            f"{path} holds {type(content).__name__}, expected a mapping of names to values"
        )
    return content


def read_configuration(path: Path | None) -> MarketConfiguration:
    """Read the market's parameters.

    Parameters
    ----------
    path : Path or None
        JSON or YAML file with those that differ from the defaults; None for the defaults.

    Returns
    -------
    MarketConfiguration
        The parameters.

    Raises
    ------
    ValueError
        If a parameter is unknown or out of range; the message names it.
    """
    if path is None:
        return MarketConfiguration()
    try:
        return MarketConfiguration.model_validate(read_mapping(path))
    except ValidationError as error:
        raise ValueError(f"{path}: {what_is_invalid(error)}") from error


def what_is_invalid(error: ValidationError) -> str:
    """Tell in one line which settings are wrong.

    Parameters
    ----------
    error : ValidationError
        What the validation found.

    Returns
    -------
    str
        Name, complaint and value of each.
    """
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']} (got {item['input']!r})"
        for item in error.errors()
    )
