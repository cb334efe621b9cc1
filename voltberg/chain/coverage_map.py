"""What there is to cover in the contracts, and which instructions stand for it.

A *statement* is executed when an instruction runs whose source lies in it and in no statement inside it. A
*branch* is one of two outcomes of a decision: ``if``, a loop's condition, ``?:``, ``&&``, ``||``, or
``require``. Decisions are JUMPIs. Only the test of a ``require`` is in a helper of the compiler, which every
``require`` with the same error calls: it failed if its call never came back and its frame reverted. An
assembly block is one statement, and each JUMPI in it a decision.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from voltberg.chain.coverage_build import CoverageBuild

JUMP: Final = 0x56
JUMPI: Final = 0x57
_PUSH1, _PUSH32 = 0x60, 0x7F
_STATEMENTS: Final = frozenset(
    {
        "Break",
        "Continue",
        "DoWhileStatement",
        "EmitStatement",
        "ExpressionStatement",
        "ForStatement",
        "IfStatement",
        "InlineAssembly",
        "Return",
        "RevertStatement",
        "VariableDeclarationStatement",
        "WhileStatement",
    }
)
_CONDITIONED: Final = frozenset(
    {"IfStatement", "ForStatement", "WhileStatement", "DoWhileStatement", "Conditional"}
)

Span = tuple[int, int, int]
"""Start, length [byte] and source number."""


@dataclass(frozen=True, slots=True)
class Node:
    """A statement or a decision.

    Attributes
    ----------
    path : str
        Source file.
    line : int
        Where it starts, from 1.
    kind : str
        Its type in the syntax tree, ``"require"``, ``"&&"`` or ``"||"``.
    text : str
        Its first line, cut short.
    key : tuple of int
        Start, length and source number; an assembly's JUMPI has its number beside.
    """

    path: str
    line: int
    kind: str
    text: str
    key: tuple[int, ...]


@dataclass(slots=True)
class SourceMap:
    """Statements and decisions of all measured files.

    Attributes
    ----------
    statements : dict of Span to Node
        Statement by its source.
    decisions : dict of Span to Node
        Decision by its source; one whose JUMPI stands for its condition is there by that too.
    """

    statements: dict[Span, Node] = field(default_factory=dict)
    decisions: dict[Span, Node] = field(default_factory=dict)
    _starts: dict[int, list[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, build: CoverageBuild) -> SourceMap:
        """Read the syntax trees of a build."""
        found = cls()
        for path, tree in build.trees.items():
            # Offsets of the compiler count bytes.
            reader = _Reader(path, build.sources[path].encode(), found)
            for node in _nodes(tree):
                reader.take(node)
        for span in sorted(found.statements):
            found._starts.setdefault(span[2], []).append(span)
        return found

    def innermost(self, span: Span) -> Node | None:
        """Give the smallest statement that holds an instruction's source, if one does."""
        start, length, source = span
        spans = self._starts.get(source, [])
        # Of those that start at or before it the latest that reaches over it is the innermost.
        for index in range(bisect_right(spans, (start, 1 << 62, source)) - 1, -1, -1):
            other = spans[index]
            if other[0] + other[1] >= start + length:
                return self.statements[other]
        return None


@dataclass(frozen=True, slots=True)
class _Reader:
    path: str
    source: bytes
    into: SourceMap

    def take(self, node: dict[str, Any]) -> None:
        kind = node["nodeType"]
        declares = kind == "VariableDeclarationStatement"
        if kind in _STATEMENTS and not (declares and node.get("initialValue") is None):
            self.into.statements[_span(node)] = self._node(node, kind)
        # What is always true decides nothing.
        if kind in _CONDITIONED and (node.get("condition") or {}).get("kind") != "bool":
            self._decide(node, kind, node.get("condition"))
        elif kind == "BinaryOperation" and node["operator"] in ("&&", "||"):
            self._decide(node, node["operator"], None)
        elif kind == "FunctionCall" and node["expression"].get("name") in ("require", "assert"):
            self._decide(node, "require", None)

    def _decide(self, node: dict[str, Any], kind: str, condition: dict[str, Any] | None) -> None:
        decision = self._node(node, kind)
        self.into.decisions[_span(node)] = decision
        # A loop's JUMPI stands for its condition, unless that is a decision of its own.
        if condition is not None and not (
            condition["nodeType"] == "BinaryOperation" and condition["operator"] in ("&&", "||")
        ):
            self.into.decisions.setdefault(_span(condition), decision)

    def _node(self, node: dict[str, Any], kind: str) -> Node:
        start, length, _ = span = _span(node)
        text = self.source[start : start + length].decode().split("\n", 1)[0].strip()
        return Node(self.path, self.source.count(b"\n", 0, start) + 1, kind, text[:80], span)


@dataclass(frozen=True, slots=True)
class CodeMap:
    """Which of a code's instructions stand for what.

    Attributes
    ----------
    statements : dict of int to Node
        Statement by program counter.
    decisions : dict of int to Node
        Decision by the program counter of its JUMPI.
    requires : dict of int to Node
        ``require`` by the program counter of each JUMP out of it.
    """

    statements: dict[int, Node]
    decisions: dict[int, Node]
    requires: dict[int, Node]

    @classmethod
    def of(cls, code_hex: str, source_map: str, sources: SourceMap) -> CodeMap:
        """Read a source map.

        Parameters
        ----------
        code_hex : str
            Creation or runtime code.
        source_map : str
            Its source map.
        sources : SourceMap
            Statements and decisions.

        Returns
        -------
        CodeMap
            The code's.
        """
        found = cls({}, {}, {})
        known: dict[Span, Node | None] = {}
        jumps_in_assembly: dict[Span, int] = {}
        for (pc, opcode), span in zip(_instructions(code_hex), _spans(source_map), strict=False):
            if span not in known:
                known[span] = sources.innermost(span)
            statement = known[span]
            if statement is not None:
                found.statements[pc] = statement
            decision = sources.decisions.get(span)
            if opcode == JUMPI and decision is not None and decision.kind != "require":
                found.decisions[pc] = decision
            elif opcode == JUMPI and statement is not None and statement.kind == "InlineAssembly":
                number = jumps_in_assembly[span] = jumps_in_assembly.get(span, 0) + 1
                key = (*statement.key, number)
                found.decisions[pc] = Node(
                    statement.path, statement.line, "assembly", f"jump {number} of the block", key
                )
            elif opcode == JUMP and decision is not None and decision.kind == "require":
                found.requires[pc] = decision
        return found


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(tree, dict):
        if "nodeType" in tree:
            yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _span(node: dict[str, Any]) -> Span:
    start, length, source = map(int, node["src"].split(":"))
    return start, length, source


def _instructions(code_hex: str) -> Iterator[tuple[int, int]]:
    # Places of libraries are not hex, and no library is linked here: their digits don't matter.
    code = bytes.fromhex("".join(c if c in "0123456789abcdef" else "0" for c in code_hex.removeprefix("0x")))
    pc = 0
    while pc < len(code):
        opcode = code[pc]
        yield pc, opcode
        pc += 1 + (opcode - _PUSH1 + 1 if _PUSH1 <= opcode <= _PUSH32 else 0)


def _spans(source_map: str) -> Iterator[Span]:
    start = length = source = 0
    for entry in source_map.split(";"):
        fields = entry.split(":")
        start = int(fields[0]) if fields[0] else start
        length = int(fields[1]) if len(fields) > 1 and fields[1] else length
        source = int(fields[2]) if len(fields) > 2 and fields[2] else source
        yield start, length, source
