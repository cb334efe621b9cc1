"""Coverage by contract, from what a recorder saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from voltberg.chain.coverage_map import Node
from voltberg.chain.coverage_trace import FELL, JUMPED, Code, Recorder

_BOTH = FELL | JUMPED


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """Coverage of one source file.

    Attributes
    ----------
    path : str
        Source file.
    statements, statements_hit : int
        How many have code, and ran.
    branches, branches_hit : int
        Outcomes of decisions, and seen ones.
    missed : tuple of str
        What was not seen: line, what is missing, source.
    without_code : tuple of str
        Statements that the compiler made no code for: nothing deployed uses them.
    """

    path: str
    statements: int
    statements_hit: int
    branches: int
    branches_hit: int
    missed: tuple[str, ...]
    without_code: tuple[str, ...]


def dump(recorder: Recorder) -> list[dict[str, Any]]:
    """Give what a recorder saw as JSON can hold it.

    Parameters
    ----------
    recorder : Recorder
        The recorder.

    Returns
    -------
    list of dict
        One for each code.
    """
    return [
        {
            "name": code.name,
            "kind": code.kind,
            "executed": sorted(executed),
            "outcomes": [list(item) for item in sorted(recorder.outcomes[code].items())],
        }
        for code, executed in recorder.executed.items()
    ]


def load(recorder: Recorder, dumped: Iterable[dict[str, Any]]) -> None:
    """Add what another recorder of the same build saw.

    Parameters
    ----------
    recorder : Recorder
        To add to.
    dumped : Iterable[dict]
        From ``dump``.
    """
    for item in dumped:
        code = Code(item["name"], item["kind"])
        recorder.executed[code] |= set(item["executed"])
        outcomes = recorder.outcomes[code]
        for pc, outcome in item["outcomes"]:
            outcomes[pc] = outcomes.get(pc, 0) | outcome


def coverage_of(recorder: Recorder) -> list[FileCoverage]:
    """Work out the coverage of every measured file.

    Parameters
    ----------
    recorder : Recorder
        What ran.

    Returns
    -------
    list of FileCoverage
        By path.
    """
    coded: set[Node] = set()
    hit: set[Node] = set()
    decisions: dict[Node, int] = {}
    for name, artifact in recorder.build.artifacts.items():
        if artifact.source_path.startswith("contracts/mocks/") or artifact.bytecode == "0x":
            continue
        for kind in ("creation", "deployed"):
            _add(recorder, Code(name, kind), coded, hit, decisions)
    for code in list(recorder.executed):
        # What only a mock runs counts too: its libraries are the deployed ones.
        _add(recorder, code, coded, hit, decisions)
    paths = sorted(recorder.build.trees)
    return [item for path in paths if (item := _file(path, recorder, coded, hit, decisions)).statements]


def _add(
    recorder: Recorder, code: Code, coded: set[Node], hit: set[Node], decisions: dict[Node, int]
) -> None:
    found = recorder.map_of(code)
    executed = recorder.executed.get(code, set())
    outcomes = recorder.outcomes.get(code, {})
    coded |= set(found.statements.values())
    hit |= {node for pc, node in found.statements.items() if pc in executed}
    for pc, node in (*found.decisions.items(), *found.requires.items()):
        decisions[node] = decisions.get(node, 0) | outcomes.get(pc, 0)


def _file(
    path: str, recorder: Recorder, coded: set[Node], hit: set[Node], decisions: dict[Node, int]
) -> FileCoverage:
    statements = [node for node in recorder.sources.statements.values() if node.path == path]
    with_code = [node for node in statements if node in coded]
    branches = {node: seen for node, seen in decisions.items() if node.path == path}
    missed = [(node.line, "not run", node.text) for node in with_code if node not in hit]
    for node, seen in branches.items():
        if seen != _BOTH:
            missing = {0: "neither outcome", FELL: "one outcome", JUMPED: "one outcome"}[seen]
            if node.kind == "require" and seen:
                missing = "never fails" if seen == FELL else "never holds"
            missed.append((node.line, f"{node.kind}: {missing}", node.text))
    return FileCoverage(
        path=path,
        statements=len(with_code),
        statements_hit=sum(node in hit for node in with_code),
        branches=2 * len(branches),
        branches_hit=sum(seen.bit_count() for seen in branches.values()),
        missed=tuple(f"{line}: {what}: {text}" for line, what, text in sorted(missed)),
        without_code=tuple(f"{node.line}: {node.text}" for node in statements if node not in coded),
    )
