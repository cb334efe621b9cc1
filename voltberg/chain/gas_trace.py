"""Where the gas of a transaction goes: an opcode trace of anvil, sorted into kinds of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from voltberg.chain.anvil import AnvilEngine
from voltberg.chain.blocks import intrinsic_gas
from voltberg.chain.engine import EngineError

BASE_GAS: Final = 21_000
SET_GAS: Final = 20_000
"""Writing a value where there was none costs at least this."""
RESET_GAS: Final = 2_900
"""Changing a value costs at least this, writing it again in the same transaction less."""
COLD_GAS: Final = 2_100

KINDS: Final[Mapping[str, str]] = {
    "base": "every transaction",
    "calldata": "4 gas for a zero byte, 16 for any other",
    "cold reads": "slots read for the first time in the transaction",
    "warm reads": "slots read again",
    "new slots": "slots written that held nothing",
    "changed slots": "slots written that held something",
    "rewrites": "slots written again in the same transaction",
    "logs": "events",
    "calls": "other contracts called",
    "keccak": "hashes, most of them of storage keys",
    "memory": "reads, writes and copies of memory",
    "compute": "all other instructions",
    "refund": "given back for slots that were emptied",
}
"""Kinds of work in the order of tables, and what each is."""

_CALLS: Final = frozenset(
    {
        "CALL",
        "STATICCALL",
        "DELEGATECALL",
        "CALLCODE",
        "CREATE",
        "CREATE2",
        "EXTCODESIZE",
        "EXTCODEHASH",
        "BALANCE",
    }
)
_MEMORY: Final = frozenset(
    {
        "MLOAD",
        "MSTORE",
        "MSTORE8",
        "CALLDATACOPY",
        "CODECOPY",
        "RETURNDATACOPY",
        "EXTCODECOPY",
        "RETURN",
        "REVERT",
    }
)

Step = Mapping[str, Any]
"""One instruction of a trace: ``op``, ``gas`` left before it, ``gasCost``, ``depth``, ``stack``."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A successful call, instruction by instruction.

    Attributes
    ----------
    steps : sequence of Step
        Its instructions, those of called contracts in their place.
    target : str
        Contract called, lower-case hex.
    calldata : bytes
        What it was called with.
    gas_used : int
        Gas of its receipt.
    """

    steps: Sequence[Step]
    target: str
    calldata: bytes
    gas_used: int


class TracingAnvil(AnvilEngine):
    """Anvil that keeps the steps of transactions; its other behaviour is the same."""

    def _command(
        self, mnemonic: str, accounts: int, genesis_timestamp: int
    ) -> Callable[[int], Sequence[str]]:
        plain = super()._command(mnemonic, accounts, genesis_timestamp)
        return lambda port: [*plain(port), "--steps-tracing"]

    def latest_trace(self) -> Trace:
        """Trace the latest block's only transaction.

        Returns
        -------
        Trace
            Its instructions, with stacks.

        Raises
        ------
        EngineError
            If the block holds another count of transactions, or the transaction failed.
        """
        block = self._rpc.call("eth_getBlockByNumber", hex(self.block_number), True)
        transactions = block["transactions"]
        if len(transactions) != 1:
            raise EngineError(f"block {self.block_number} holds {len(transactions)} transactions, expected 1")
        sent = transactions[0]
        options = {"disableStorage": True, "enableMemory": False}
        trace = self._rpc.call("debug_traceTransaction", sent["hash"], options)
        if trace["failed"]:
            raise EngineError(f"transaction {sent['hash']} failed: its gas is not sorted")
        data = bytes.fromhex(sent["input"][2:])
        return Trace(trace["structLogs"], sent["to"].lower(), data, int(block["gasUsed"], 16))


def sort_gas(trace: Trace) -> dict[str, int]:
    """Sort the gas of a call by kind of work.

    Parameters
    ----------
    trace : Trace
        The call.

    Returns
    -------
    dict of str to int
        Gas by kind, in the order of `KINDS`; the refund is negative.

    Raises
    ------
    EngineError
        If instructions and receipt do not fit together.
    """
    parts = dict.fromkeys(KINDS, 0)
    parts["base"] = BASE_GAS
    parts["calldata"] = intrinsic_gas(trace.calldata, creates=False) - BASE_GAS
    for op, gas in zip((step["op"] for step in trace.steps), own_costs(trace.steps), strict=True):
        parts[kind_of(op, gas)] += gas
    whole = sum(parts.values())
    parts["refund"] = trace.gas_used - whole
    if not 0 <= whole - trace.gas_used <= whole // 5:
        raise EngineError(f"a trace of {whole} gas does not explain {trace.gas_used} of the receipt")
    return parts


def kind_of(op: str, gas: int) -> str:
    """Tell what an instruction is for.

    Parameters
    ----------
    op : str
        Its name.
    gas : int
        What it cost itself.

    Returns
    -------
    str
        One of `KINDS`.
    """
    if op == "SLOAD":
        return "cold reads" if gas >= COLD_GAS else "warm reads"
    if op == "SSTORE":
        return "new slots" if gas >= SET_GAS else "changed slots" if gas >= RESET_GAS else "rewrites"
    if op.startswith("LOG"):
        return "logs"
    if op in _CALLS:
        return "calls"
    if op in ("KECCAK256", "SHA3"):
        return "keccak"
    return "memory" if op in _MEMORY else "compute"


def own_costs(steps: Sequence[Step]) -> list[int]:
    """Give what each instruction cost itself: for a call, without what the called contract used.

    Parameters
    ----------
    steps : sequence of Step
        A trace.

    Returns
    -------
    list of int
        Gas by instruction.
    """
    costs = [0] * len(steps)
    contracts: list[_Contract] = []
    for index, step in enumerate(steps):
        while len(contracts) > step["depth"]:
            _end(contracts, steps, costs)
        if len(contracts) < step["depth"]:
            contracts.append(_Contract(step["gas"], index))
            continue
        running = contracts[-1]
        costs[running.last] = steps[running.last]["gas"] - step["gas"] - running.called_gas
        running.last, running.called_gas = index, 0
    while contracts:
        _end(contracts, steps, costs)
    return costs


@dataclass(slots=True)
class _Contract:
    """A contract that runs: gas when it began, its latest instruction, what that has called used."""

    first_gas: int
    last: int
    called_gas: int = 0


def _end(contracts: list[_Contract], steps: Sequence[Step], costs: list[int]) -> None:
    """Take the innermost contract off; nothing follows its last instruction to tell what that cost."""
    ended = contracts.pop()
    last = steps[ended.last]
    costs[ended.last] = last["gasCost"]
    if contracts:
        contracts[-1].called_gas += ended.first_gas - last["gas"] + last["gasCost"]
