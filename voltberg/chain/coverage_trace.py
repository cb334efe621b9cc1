"""Which instructions of which contract ran, and how each decision went, from a node's execution traces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from voltberg.chain.anvil import AnvilEngine
from voltberg.chain.artifacts import Artifact
from voltberg.chain.coverage_build import CoverageBuild
from voltberg.chain.coverage_map import CodeMap, SourceMap
from voltberg.chain.deployment_checks import code_matches
from voltberg.chain.json_rpc import RpcError
from voltberg.chain.signing import SignedTransaction

TRACED_READS_PER_FUNCTION: Final = 40
"""A view is read thousands of times by the comparisons with the twin: so many of its reads are traced."""
TRACED_ALIKE: Final = 2
"""Transactions to one contract with one status and the same gas went the same way: so many are traced."""
FELL, JUMPED = 1, 2
_STEPS: Final = {"disableStack": True, "disableMemory": True, "disableStorage": True}
_CALLS: Final = {"tracer": "callTracer"}
_SELECTOR: Final = 10


@dataclass(frozen=True, slots=True)
class Code:
    """A contract's code as coverage knows it.

    Attributes
    ----------
    name : str
        Contract.
    kind : str
        ``"creation"`` or ``"deployed"``.
    """

    name: str
    kind: str


@dataclass(slots=True)
class Recorder:
    """Adds up what ran.

    Attributes
    ----------
    build : CoverageBuild
        What runs.
    executed : dict of Code to set of int
        Program counters that ran.
    outcomes : dict of Code to dict of int to int
        By the program counter of a decision's JUMPI: bits ``FELL`` and ``JUMPED``. By that of the JUMP out of
        a ``require``: ``FELL`` if it held, ``JUMPED`` if it failed.
    """

    build: CoverageBuild
    executed: dict[Code, set[int]] = field(default_factory=lambda: defaultdict(set))
    outcomes: dict[Code, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    maps: dict[Code, CodeMap] = field(default_factory=dict)
    sources: SourceMap = field(init=False)
    _known: dict[bytes, Code | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources = SourceMap.of(self.build)

    def map_of(self, code: Code) -> CodeMap:
        """Give a code's map."""
        if code not in self.maps:
            artifact: Artifact = self.build.artifacts[code.name]
            pair = (
                (artifact.bytecode, artifact.source_map)
                if code.kind == "creation"
                else (artifact.deployed_bytecode, artifact.deployed_source_map)
            )
            self.maps[code] = CodeMap.of(*pair, self.sources)
        return self.maps[code]

    def find(self, code: bytes, *, created: bool) -> Code | None:
        """Tell whose code this is; None if it is none of the project's.

        Parameters
        ----------
        code : bytes
            Runtime code, or init code with its arguments.
        created : bool
            Whether it is init code.

        Returns
        -------
        Code or None
            The contract's.
        """
        if code not in self._known:
            self._known[code] = None
            for name, artifact in self.build.artifacts.items():
                if artifact.bytecode == "0x" or "__$" in artifact.bytecode:
                    continue
                same = code.startswith(artifact.creation_code()) if created else code_matches(artifact, code)
                if same:
                    self._known[code] = Code(name, "creation" if created else "deployed")
        return self._known[code]

    def add(self, steps: Sequence[dict[str, Any]], codes: Iterator[Code | None]) -> None:
        """Add one transaction.

        Parameters
        ----------
        steps : Sequence[dict]
            Its ``structLogs``.
        codes : Iterator[Code or None]
            Codes of the frames that ran instructions, in the order in which they were entered.
        """
        frames: list[_Frame | None] = []
        for step in steps:
            depth = step["depth"]
            del frames[depth:]
            if len(frames) < depth:
                frames.append(self._enter(next(codes, None)))
            frame = frames[-1]
            if frame is not None:
                frame.take(step["pc"], step["op"])

    def _enter(self, code: Code | None) -> _Frame | None:
        if code is None:
            return None
        return _Frame(self.executed[code], self.outcomes[code], self.map_of(code))


@dataclass(slots=True)
class _Frame:
    executed: set[int]
    outcomes: dict[int, int]
    map: CodeMap
    last: int = -1
    decides: bool = False
    asks: int | None = None

    def take(self, pc: int, opcode: str) -> None:
        self.executed.add(pc)
        if self.decides:
            self._note(self.last, FELL if pc == self.last + 1 else JUMPED)
            self.decides = False
        if self.asks is not None and pc == self.asks + 1:
            self._note(self.asks, FELL)
            self.asks = None
        if opcode == "JUMPI":
            self.decides = pc in self.map.decisions
        elif opcode == "JUMP" and pc in self.map.requires:
            self.asks = pc
        elif opcode == "REVERT" and self.asks is not None:
            self._note(self.asks, JUMPED)
        self.last = pc

    def _note(self, pc: int, outcome: int) -> None:
        self.outcomes[pc] = self.outcomes.get(pc, 0) | outcome


class TracingAnvil(AnvilEngine):
    """Anvil that hands the traces to a recorder; the arguments are those of ``AnvilEngine``."""

    recorder: Recorder
    """To be set on a subclass before it is opened."""

    def __init__(self, **options: Any) -> None:
        self._codes: dict[str, bytes] = {}
        self._reads: dict[str, int] = defaultdict(int)
        self._sent: dict[tuple[str, str, str], int] = defaultdict(int)
        super().__init__(**options)

    def _command(
        self, mnemonic: str, accounts: int, genesis_timestamp: int
    ) -> Callable[[int], Sequence[str]]:
        command = super()._command(mnemonic, accounts, genesis_timestamp)
        # Unoptimised code is longer than a chain takes.
        return lambda port: [*command(port), "--steps-tracing", "--disable-code-size-limit"]

    def _mine(self, signed: Sequence[SignedTransaction], timestamp: int, number: int) -> list[dict[str, Any]]:
        raws = super()._mine(signed, timestamp, number)
        for raw in raws:
            alike = (raw["to"] or "", raw["status"], raw["gasUsed"])
            self._sent[alike] += 1
            if self._sent[alike] <= TRACED_ALIKE:
                self._record("debug_traceTransaction", raw["transactionHash"])
        return raws

    def _call_chunk(self, chunk: list[list[Any]]) -> list[Any]:
        answers = super()._call_chunk(chunk)
        for params in chunk:
            function = params[0]["to"] + params[0]["data"][:_SELECTOR]
            self._reads[function] += 1
            if self._reads[function] <= TRACED_READS_PER_FUNCTION:
                self._ask(partial(self._record, "debug_traceCall", *params))
        return answers

    def revert(self, snapshot_id: int) -> None:
        """Go back to a snapshot; other code may come to the addresses after it."""
        super().revert(snapshot_id)
        self._codes.clear()

    def _record(self, method: str, *params: Any) -> None:
        steps, calls = self._rpc.batch(method, [[*params, _STEPS], [*params, _CALLS]])
        for answer in (steps, calls):
            if isinstance(answer, RpcError):
                raise answer
        self.recorder.add(steps["structLogs"], self._frames(calls))

    def _frames(self, call: dict[str, Any]) -> Iterator[Code | None]:
        if call["type"].startswith("CREATE"):
            yield self.recorder.find(bytes.fromhex(call["input"][2:]), created=True)
        elif code := self._code_at(call["to"]):
            yield self.recorder.find(code, created=False)
        for inner in call.get("calls", ()):
            yield from self._frames(inner)

    def _code_at(self, address: str) -> bytes:
        if address not in self._codes:
            code = bytes.fromhex(self._rpc.call("eth_getCode", address, "latest")[2:])
            if not code:
                return b""
            self._codes[address] = code
        return self._codes[address]
