"""Where the gas of each measured transaction goes, from traces of the same scenarios on anvil."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, cast

from voltberg.chain.artifacts import Artifacts, write_atomically
from voltberg.chain.engine import Engine
from voltberg.chain.gas_trace import TracingAnvil
from voltberg.experiments.gas.matrix import SNAPSHOTS
from voltberg.experiments.gas.registry import MARKET, all_scenarios
from voltberg.experiments.gas.seasoning import season
from voltberg.experiments.gas.stage import ACCOUNTS, Stage

BREAKDOWN: Final = "breakdown"
MOST_GAS: Final = 1_500_000
"""Larger transactions are not traced: a million instructions are a hundred megabytes."""
UNTRACED: Final = frozenset({"place_depth_spread"})
"""Scenarios without a transaction of their name, left out to save time."""

Breakdown = dict[str, dict[str, int]]
"""Gas by operation and kind of work."""


def measure_breakdown(artifacts: Artifacts) -> Breakdown:
    """Trace every transaction whose gas is a figure of the snapshot ``market``.

    Parameters
    ----------
    artifacts : Artifacts
        The compiled contracts.

    Returns
    -------
    Breakdown
        Gas by operation and kind, on the seasoned stage.
    """
    scenarios = [item for item in all_scenarios() if item.file == MARKET and not UNTRACED & set(item.names)]
    names = {name for item in scenarios for name in item.names}
    found: Breakdown = {}
    with TracingAnvil(account_count=ACCOUNTS) as engine:
        stage = Stage(cast(Engine, engine), artifacts)
        season(stage)

        def observe(label: str, gas: int) -> None:
            if label in names and gas <= MOST_GAS:
                found[label] = engine.latest_breakdown()

        stage.observer = observe
        for item in scenarios:
            item.measure(stage)
    return found


def breakdown_path(root: Path) -> Path:
    """Give the committed file.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    Path
        Its path.
    """
    return root / SNAPSHOTS / f"{BREAKDOWN}.json"


def read_breakdown(root: Path) -> Breakdown:
    """Read the committed file.

    Parameters
    ----------
    root : Path
        The project's root folder.

    Returns
    -------
    Breakdown
        Gas by operation and kind.
    """
    content: dict[str, Any] = json.loads(breakdown_path(root).read_text(encoding="utf-8"))
    return dict(content["gas"])


def write_breakdown(root: Path, breakdown: Breakdown, meta: dict[str, object]) -> None:
    """Replace the committed file.

    Parameters
    ----------
    root : Path
        The project's root folder.
    breakdown : Breakdown
        What was measured.
    meta : dict
        Header, as in the other snapshots.
    """
    rows = [f"    {json.dumps(name)}: {json.dumps(parts)}" for name, parts in breakdown.items()]
    text = '{\n  "meta": ' + json.dumps(meta) + ',\n  "gas": {\n' + ",\n".join(rows) + "\n  }\n}\n"
    write_atomically(breakdown_path(root), text)
