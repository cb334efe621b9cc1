"""Measure the gas matrix on an engine, and read and write its snapshots."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from voltberg.chain.artifacts import Artifacts, write_atomically
from voltberg.chain.engine import open_engine
from voltberg.experiments.gas.registry import FIRST_DAY, MARKET, SECOND_DAY, all_scenarios
from voltberg.experiments.gas.seasoning import DAY_FRAMES, SEASONED_FRAMES, season
from voltberg.experiments.gas.stage import ACCOUNTS, Stage

SNAPSHOTS: Final = Path("tests") / "gas" / "snapshots"
"""Folder of the snapshots, in the project's root."""
HARDFORK: Final = "shanghai"
_EVM_PYTHONS: Final = (3, 13)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All figures of one run.

    Attributes
    ----------
    meta : Mapping[str, object]
        What they depend on: hardfork, compiler and its settings. The engine named is that of the committed
        files; every engine gives the same.
    gas : Mapping[str, Mapping[str, int]]
        Gas by snapshot and name.
    """

    meta: Mapping[str, object]
    gas: Mapping[str, Mapping[str, int]]


def default_engine() -> str:
    """Name the engine to measure on.

    Returns
    -------
    str
        The in-process one, or anvil where this Python has none.
    """
    return "evm" if sys.version_info < _EVM_PYTHONS else "anvil"


def meta_of(artifacts: Artifacts) -> dict[str, object]:
    """Tell what gas depends on beside the sources.

    Parameters
    ----------
    artifacts : Artifacts
        The compiled contracts.

    Returns
    -------
    dict
        For the snapshots' headers.
    """
    settings = artifacts.settings
    return {
        "engine": "evm",
        "hardfork": HARDFORK,
        "solc": settings.solc_version,
        "evm_version": settings.evm_version,
        "via_ir": settings.via_ir,
        "optimizer": settings.optimizer_enabled,
        "optimizer_runs": settings.optimizer_runs,
    }


@contextmanager
def stage_on(engine_name: str, artifacts: Artifacts, later_frames: int = SEASONED_FRAMES) -> Iterator[Stage]:
    """Open an engine with the market on it.

    Parameters
    ----------
    engine_name : str
        A local engine.
    artifacts : Artifacts
        The compiled contracts.
    later_frames : int, optional
        How long after the frame of earlier trading; 0 for the first day, without any.

    Yields
    ------
    Stage
        The stage.
    """
    with open_engine(engine_name, account_count=ACCOUNTS) as engine:
        stage = Stage(engine, artifacts)
        if later_frames:
            season(stage, later_frames)
        yield stage


def measure(
    engine_name: str,
    artifacts: Artifacts,
    files: frozenset[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Matrix:
    """Run scenarios.

    Parameters
    ----------
    engine_name : str
        A local engine.
    artifacts : Artifacts
        The compiled contracts.
    files : frozenset of str or None, optional
        Snapshots wanted; None for all.
    progress : callable, optional
        Is told the name of each scenario.

    Returns
    -------
    Matrix
        The figures.
    """
    scenarios = all_scenarios()
    market = [item for item in scenarios if item.file == MARKET]
    plan = [
        (SEASONED_FRAMES, [(item.file, item) for item in scenarios]),
        (DAY_FRAMES, [(SECOND_DAY, item) for item in market]),
        (0, [(FIRST_DAY, item) for item in market]),
    ]
    gas: dict[str, dict[str, int]] = {}
    for later_frames, chosen in plan:
        wanted = [(file, item) for file, item in chosen if files is None or file in files]
        if not wanted:
            continue
        with stage_on(engine_name, artifacts, later_frames) as stage:
            for file, item in wanted:
                if progress is not None:
                    progress(f"{file}: {item.run.__name__}")
                gas.setdefault(file, {}).update(item.measure(stage))
    return Matrix(meta_of(artifacts), gas)


def read_snapshot(root: Path, file: str) -> dict[str, Any]:
    """Read a committed snapshot.

    Parameters
    ----------
    root : Path
        The project's root folder.
    file : str
        Its name without ending.

    Returns
    -------
    dict
        ``meta`` and ``gas``.
    """
    content: dict[str, Any] = json.loads((root / SNAPSHOTS / f"{file}.json").read_text(encoding="utf-8"))
    return content


def write_snapshots(root: Path, matrix: Matrix) -> list[Path]:
    """Write every snapshot of a matrix.

    Parameters
    ----------
    root : Path
        The project's root folder.
    matrix : Matrix
        What was measured.

    Returns
    -------
    list of Path
        The files.
    """
    written = []
    for file, gas in sorted(matrix.gas.items()):
        path = root / SNAPSHOTS / f"{file}.json"
        content = {"meta": dict(matrix.meta), "gas": dict(gas)}
        write_atomically(path, json.dumps(content, indent=2) + "\n")
        written.append(path)
    return written


def differences(matrix: Matrix, root: Path) -> list[str]:
    """Compare a matrix with the committed snapshots.

    Parameters
    ----------
    matrix : Matrix
        What was measured.
    root : Path
        The project's root folder.

    Returns
    -------
    list of str
        A line for each figure that is other, missing or too much; empty if all are equal.
    """
    lines = []
    for file, gas in matrix.gas.items():
        try:
            committed = read_snapshot(root, file)
        except (OSError, ValueError):
            # New, or in the middle of a merge.
            committed = {"meta": {}, "gas": {}}
        if committed["meta"] != dict(matrix.meta):
            lines.append(f"{file}: meta is {matrix.meta}, committed {committed['meta']}")
        for name in sorted({*gas, *committed["gas"]}):
            found, known = gas.get(name), committed["gas"].get(name)
            if found != known:
                lines.append(f"{file}: {name} is {found}, committed {known}")
    return lines
