"""The output folder of a run: what is written where, and how, so that a kill leaves it readable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

RUNS_FOLDER: Final = Path("runs")
RUN_NAME: Final = "run.json"
SUMMARY_NAME: Final = "summary.json"


class RunFolderError(ValueError):
    """A run cannot use the folder that it was given."""


def new_run_folder(out: Path | None, command: str) -> Path:
    """Choose the folder of a new run; it is made when the first thing is written.

    Parameters
    ----------
    out : Path or None
        The folder wanted; None for a fresh one under ``runs/``.
    command : str
        Name of the command, part of a fresh folder's name.

    Returns
    -------
    Path
        A folder that is empty or missing.

    Raises
    ------
    RunFolderError
        If the folder holds something, so that no run overwrites another, or is none.
    """
    if out is None:
        name = f"{command}-{datetime.now(tz=UTC):%Y%m%d-%H%M%S}"
        out = RUNS_FOLDER / name
        number = 1
        while out.exists():
            number += 1
            out = RUNS_FOLDER / f"{name}-{number}"
    if out.exists() and not out.is_dir():
        raise RunFolderError(f"output folder {out} is a file")
    if out.exists() and any(out.iterdir()):
        raise RunFolderError(
            f"output folder {out} is not empty: name another one, or continue the run in it with --resume"
        )
    return out


def newest_unfinished(command: str) -> Path:
    """Find the newest run that was begun and not ended.

    Parameters
    ----------
    command : str
        Name of the command.

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    RunFolderError
        If there is none.
    """
    names = (f"{command}-*/{RUN_NAME}", f"{command}-*/*/{RUN_NAME}")
    begun = [path.parent for name in names for path in RUNS_FOLDER.glob(name)]
    unfinished = [folder for folder in begun if not (folder / SUMMARY_NAME).exists()]
    if not unfinished:
        raise RunFolderError(f"no unfinished {command} under {RUNS_FOLDER}: name its folder with --out")
    return max(unfinished, key=lambda folder: folder.stat().st_mtime)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all, and its folder if it is missing.

    Parameters
    ----------
    path : Path
        The file.
    content : mapping
        What it shall hold.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(path.suffix + ".part")
    draft.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
    draft.replace(path)


def read_run(folder: Path) -> dict[str, Any]:
    """Read what a run recorded about itself.

    Parameters
    ----------
    folder : Path
        Its folder.

    Returns
    -------
    dict
        The contents of ``run.json``.

    Raises
    ------
    RunFolderError
        If there is no run in the folder.
    """
    path = folder / RUN_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder} holds no run that can be read: {error}") from error
    if not isinstance(content, dict):
        raise RunFolderError(f"{path} holds {type(content).__name__}, expected an object")
    return content
