"""Where the gas of each measured transaction goes, from traces of the same scenarios on anvil."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from voltberg.chain.artifacts import Artifacts, write_atomically
from voltberg.chain.engine import Engine
from voltberg.chain.gas_trace import TracingAnvil, sort_gas
from voltberg.chain.slot_trace import layout_of, touched_slots
from voltberg.experiments.gas.matrix import SNAPSHOTS
from voltberg.experiments.gas.registry import MARKET, all_scenarios
from voltberg.experiments.gas.seasoning import season
from voltberg.experiments.gas.stage import ACCOUNTS, Stage
from voltberg.models import ARTIFACT_NAMES

BREAKDOWN: Final = "breakdown"
MOST_GAS: Final = 1_500_000
"""Larger transactions are not traced: a million instructions are a hundred megabytes."""
UNTRACED: Final = frozenset({"place_depth_spread"})
"""Scenarios without a transaction of their name, left out to save time."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Where the gas of operations goes.

    Attributes
    ----------
    kinds : Mapping[str, Mapping[str, int]]
        Gas by operation and kind of work.
    slots : Mapping[str, Mapping[str, Mapping[str, int]]]
        Gas of storage by operation, state variable and kind of work.
    """

    kinds: Mapping[str, Mapping[str, int]]
    slots: Mapping[str, Mapping[str, Mapping[str, int]]]


def measure_breakdown(artifacts: Artifacts) -> Breakdown:
    """Trace every transaction whose gas is a figure of the snapshot ``market``.

    Parameters
    ----------
    artifacts : Artifacts
        The compiled contracts.

    Returns
    -------
    Breakdown
        Gas by operation, on the seasoned stage.
    """
    scenarios = [item for item in all_scenarios() if item.file == MARKET and not UNTRACED & set(item.names)]
    names = {name for item in scenarios for name in item.names}
    kinds: dict[str, Mapping[str, int]] = {}
    slots: dict[str, Mapping[str, Mapping[str, int]]] = {}
    with TracingAnvil(account_count=ACCOUNTS) as engine:
        stage = Stage(cast(Engine, engine), artifacts)
        season(stage)
        layouts = {
            address.lower(): layout_of(name, artifacts[ARTIFACT_NAMES[name]].storage_layout)
            for name, address in stage.market.addresses.items()
        }

        def observe(label: str, gas: int) -> None:
            if label in names and gas <= MOST_GAS:
                trace = engine.latest_trace()
                kinds[label], slots[label] = sort_gas(trace), touched_slots(trace, layouts)

        stage.observer = observe
        for item in scenarios:
            item.measure(stage)
    return Breakdown(kinds, slots)


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
        Gas by operation.
    """
    content: dict[str, Any] = json.loads(breakdown_path(root).read_text(encoding="utf-8"))
    return Breakdown(content["gas"], content["slots"])


def write_breakdown(root: Path, breakdown: Breakdown, meta: Mapping[str, object]) -> None:
    """Replace the committed file.

    Parameters
    ----------
    root : Path
        The project's root folder.
    breakdown : Breakdown
        What was measured.
    meta : Mapping[str, object]
        Header, as in the other snapshots.
    """
    parts = [f'"meta": {json.dumps(dict(meta))}']
    for key, rows in (("gas", breakdown.kinds), ("slots", breakdown.slots)):
        # A line for each operation, so that a change of one is a change of one line.
        lines = [f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()]
        parts.append(f'"{key}": {{\n' + ",\n".join(lines) + "\n  }")
    write_atomically(breakdown_path(root), "{\n  " + ",\n  ".join(parts) + "\n}\n")
