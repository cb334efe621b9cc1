"""Which state variables a transaction touched, and what each cost: a trace read with the storage layouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from eth_hash.auto import keccak

from voltberg.chain.gas_trace import Trace, kind_of, own_costs

_WORD_BYTES: Final = 32
_ARRAY_WORDS: Final = 64
"""How far into a dynamic array a slot is recognised."""
UNNAMED: Final = "(unnamed)"
"""A slot outside the layout: those of libraries that choose their own."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of a contract's slots.

    Attributes
    ----------
    contract : str
        Name of the contract in the market.
    slots : Mapping[int, str]
        Variable, or member of a struct, by the slot that it begins at; mappings by their own slot.
    """

    contract: str
    slots: Mapping[int, str]

    def name(self, slot: int) -> str:
        """Name a slot that no mapping led to.

        Parameters
        ----------
        slot : int
            Its number.

        Returns
        -------
        str
            Such as ``house.accountedMicro``.
        """
        return f"{self.contract}.{self.slots.get(slot, UNNAMED)}"


def layout_of(contract: str, storage_layout: Mapping[str, Any]) -> Layout:
    """Read the compiler's storage layout.

    Parameters
    ----------
    contract : str
        Name of the contract in the market.
    storage_layout : Mapping[str, Any]
        As solc gives it.

    Returns
    -------
    Layout
        Names by slot.
    """
    types = storage_layout.get("types") or {}
    names: dict[int, list[str]] = {}
    for item in storage_layout.get("storage", ()):
        start, label, kind = int(item["slot"]), item["label"], types[item["type"]]
        words = -(-int(kind["numberOfBytes"]) // _WORD_BYTES)
        if words == 1 or "members" not in kind:
            for slot in range(start, start + words):
                names.setdefault(slot, []).append(label)
        else:
            for member in kind["members"]:
                names.setdefault(start + int(member["slot"]), []).append(f"{label}.{member['label']}")
        if kind["encoding"] == "dynamic_array":
            first = int.from_bytes(keccak(start.to_bytes(_WORD_BYTES, "big")), "big")
            names.update((first + index, [label]) for index in range(_ARRAY_WORDS))
    return Layout(contract, {slot: "+".join(labels) for slot, labels in names.items()})


@dataclass(slots=True)
class _Running:
    """A contract that runs: its address, words that it wrote to memory, and hashes that it took of them."""

    address: str
    memory: dict[int, int] = field(default_factory=dict)


def touched_slots(trace: Trace, layouts: Mapping[str, Layout]) -> dict[str, dict[str, int]]:
    """Sort what storage cost by variable.

    Parameters
    ----------
    trace : Trace
        A call.
    layouts : Mapping[str, Layout]
        By address, lower-case hex.

    Returns
    -------
    dict of str to dict
        Gas by variable (``contract.variable``) and kind of `kind_of`, in the order of the first use.
    """
    found: dict[str, dict[str, int]] = {}
    bases: dict[tuple[str, int], int] = {}
    contracts: list[_Running] = []
    steps, called = trace.steps, trace.target
    for index, (step, gas) in enumerate(zip(steps, own_costs(steps), strict=True)):
        del contracts[step["depth"] :]
        if len(contracts) < step["depth"]:
            contracts.append(_Running(called))
        running, op = contracts[-1], step["op"]
        stack = [int(word, 16) for word in step["stack"][-2:]]
        if op == "MSTORE":
            running.memory[stack[-1]] = stack[-2]
        elif op in ("KECCAK256", "SHA3") and stack[-2] == 2 * _WORD_BYTES:
            base = running.memory.get(stack[-1] + _WORD_BYTES)
            if base is not None:
                hashed = int(steps[index + 1]["stack"][-1], 16)
                bases[running.address, hashed] = bases.get((running.address, base), base)
        elif op in ("SLOAD", "SSTORE"):
            slot = bases.get((running.address, stack[-1]), stack[-1])
            layout = layouts.get(running.address) or Layout(running.address, {})
            row = found.setdefault(layout.name(slot), {})
            row[kind_of(op, gas)] = row.get(kind_of(op, gas), 0) + gas
        elif op in ("CALL", "STATICCALL"):
            called = f"0x{stack[-2] & (1 << 160) - 1:040x}"
        elif op == "DELEGATECALL":
            called = running.address
    return found
