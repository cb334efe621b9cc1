"""Which instructions of which contract ran, and how each decision went, from a node's execution traces."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
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

TRACED_ALIKE: Final = 2
"""Calls to one contract with one outcome and the same gas went the same way: so many are traced."""
TRACED_GAS: Final = 30_000_000
"""Dearer calls are not traced, unless they deploy: their steps would fill gigabytes."""
GAS_A_TRACE: Final = 500_000
"""A trace in vain counts once for each such share of its gas: only dear calls are ever left out."""
TRACED_IN_VAIN: Final = 20
"""After traces of a function, with one error or none, in vain that count as much, one call is left out before
the next trace; one more for each that they count beyond it."""
FELL, JUMPED = 1, 2
_HEAD: Final = re.compile(rb'"result":\{"failed":')
_STEP: Final = re.compile(rb'"pc":(\d+),"op":"(\w+)"[^}]*?"depth":(\d+)')
_STEPS: Final = {"disableStack": True, "disableMemory": True, "disableStorage": True}
_CALLS: Final = {"tracer": "callTracer"}
_HEAD_BYTES: Final = 200
_SELECTOR: Final = 10
_ERROR_BYTES: Final = 4


Step = tuple[int, bytes, int]
"""Program counter, name of the instruction, and depth of its frame, from 1."""


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

    def add(self, steps: Iterable[Step], codes: Iterator[Code | None]) -> bool:
        """Add one transaction.

        Parameters
        ----------
        steps : Iterable[Step]
            Its instructions.
        codes : Iterator[Code or None]
            Codes of the frames that ran instructions, in the order in which they were entered.

        Returns
        -------
        bool
            Whether it did something that none before did.
        """
        before = self._seen()
        frames: list[_Frame | None] = []
        for pc, opcode, depth in steps:
            del frames[depth:]
            if len(frames) < depth:
                frames.append(self._enter(next(codes, None)))
            frame = frames[-1]
            if frame is not None:
                frame.take(pc, opcode)
        return self._seen() != before

    def _seen(self) -> tuple[int, int]:
        return (
            sum(map(len, self.executed.values())),
            sum(sum(outcomes.values()) for outcomes in self.outcomes.values()),
        )

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

    def take(self, pc: int, opcode: bytes) -> None:
        self.executed.add(pc)
        if self.decides:
            self._note(self.last, FELL if pc == self.last + 1 else JUMPED)
            self.decides = False
        if self.asks is not None and pc == self.asks + 1:
            self._note(self.asks, FELL)
            self.asks = None
        if opcode == b"JUMPI":
            self.decides = pc in self.map.decisions
        elif opcode == b"JUMP" and pc in self.map.requires:
            self.asks = pc
        elif opcode == b"REVERT" and self.asks is not None:
            self._note(self.asks, JUMPED)
        self.last = pc

    def _note(self, pc: int, outcome: int) -> None:
        self.outcomes[pc] = self.outcomes.get(pc, 0) | outcome


@dataclass(slots=True)
class Patience:
    """Which calls of a function, with one error or none, are worth a trace: alike ones are not all traced.

    Attributes
    ----------
    in_vain : int
        What the traces count that showed nothing new since the last one that did.
    passed_over : int
        How many calls since the last trace were not traced.
    """

    in_vain: int = 0
    passed_over: int = 0

    def is_over(self) -> bool:
        """Tell whether to leave the next call out; it counts as one that came."""
        self.passed_over += 1
        return self.passed_over <= self.in_vain - TRACED_IN_VAIN

    def learn(self, counts: int, *, new: bool) -> None:
        """Take what a trace came to, and how much it counts if that is nothing."""
        self.in_vain = 0 if new else self.in_vain + counts
        self.passed_over = 0


class TracingAnvil(AnvilEngine):
    """Anvil that hands the traces to a recorder; the arguments are those of ``AnvilEngine``."""

    recorder: Recorder
    """To be set on a subclass before it is opened."""

    # Unoptimised code is longer than a chain takes, and so is what creates it.
    _max_init_code_bytes = 1 << 20

    def __init__(self, **options: Any) -> None:
        self._codes: dict[str, bytes] = {}
        self._created: dict[str, int] = {}
        self._seen: dict[tuple[str, ...], int] = defaultdict(int)
        self._patience: dict[tuple[str, str, str], Patience] = defaultdict(Patience)
        super().__init__(**options)

    def _command(
        self, mnemonic: str, accounts: int, genesis_timestamp: int
    ) -> Callable[[int], Sequence[str]]:
        command = super()._command(mnemonic, accounts, genesis_timestamp)
        # No --steps-tracing: it keeps every step of every transaction with its memory, gigabytes for a clear.
        return lambda port: [*command(port), "--disable-code-size-limit"]

    def _mine(self, signed: Sequence[SignedTransaction], timestamp: int, number: int) -> list[dict[str, Any]]:
        raws = super()._mine(signed, timestamp, number)
        for raw in raws:
            if raw["contractAddress"]:
                self._created[raw["contractAddress"]] = number
            if self._is_seldom(raw["to"] or "", raw["status"], raw["gasUsed"]):
                self._run_again(raw, timestamp, number)
        return raws

    def _is_seldom(self, *alike: str) -> bool:
        self._seen[alike] += 1
        return self._seen[alike] <= TRACED_ALIKE

    def _call_chunk(self, chunk: list[list[Any]]) -> list[Any]:
        answers = super()._call_chunk(chunk)
        for params, answer in zip(chunk, answers, strict=True):
            error = answer.data[:_ERROR_BYTES].hex() if isinstance(answer, RpcError) else ""
            self._ask(partial(self._trace, params, {}, error))
        return answers

    def _run_again(self, raw: dict[str, Any], timestamp: int, number: int) -> None:
        """Trace a transaction where it ran: after the block before it, at its own block's time."""
        sent = self._rpc.call("eth_getTransactionByHash", raw["transactionHash"])
        error = raw.get("output", b"")[:_ERROR_BYTES].hex()
        call = {"from": sent["from"], "to": sent["to"], "data": sent["input"], "gas": sent["gas"]}
        overrides = {"blockOverrides": {"time": hex(timestamp), "number": hex(number)}}
        self._trace([call, hex(number - 1)], overrides, error, int(raw["gasUsed"], 16))

    def _trace(
        self, params: list[Any], overrides: dict[str, Any], error: str, gas_used: int | None = None
    ) -> None:
        """Trace a call, unless it is too dear or alike ones showed nothing new."""
        calls = self._rpc.call("debug_traceCall", *params, {**_CALLS, **overrides})
        # Behind others of its block a transaction may have gone another way than it does before them.
        if gas_used not in (None, gas := int(calls["gasUsed"], 16)):
            return
        to = params[0]["to"]
        if not to:
            self._record(params, overrides, calls)
            return
        kind = (to, params[0]["data"][:_SELECTOR], error)
        if gas > TRACED_GAS or (gas_used is None and not self._is_seldom(*kind, calls["gasUsed"])):
            return
        patience = self._patience[kind]
        if not patience.is_over():
            patience.learn(gas // GAS_A_TRACE, new=self._record(params, overrides, calls))

    def revert(self, snapshot_id: int) -> None:
        """Go back to a snapshot; other code may come to the addresses of what was created since."""
        super().revert(snapshot_id)
        for address in [item for item, number in self._created.items() if number > self._number]:
            del self._created[address]
            self._codes.pop(address, None)

    def _record(self, params: list[Any], overrides: dict[str, Any], calls: dict[str, Any]) -> bool:
        """Take a call step by step; tell whether it did something new."""
        # As objects a million steps are a gigabyte.
        text = self._rpc.text("debug_traceCall", *params, {**_STEPS, **overrides})
        if _HEAD.search(text, 0, _HEAD_BYTES) is None:
            raise RpcError("debug_traceCall", json.loads(text).get("error", {"message": text[:_HEAD_BYTES]}))
        steps = ((int(step[1]), step[2], int(step[3])) for step in _STEP.finditer(text))
        return self.recorder.add(steps, self._frames(calls))

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
