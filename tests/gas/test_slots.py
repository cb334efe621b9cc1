"""Slots are named by the compiler's layout, through mappings and calls."""

from eth_hash.auto import keccak

from voltberg.chain.gas_trace import Trace
from voltberg.chain.slot_trace import Layout, layout_of, touched_slots

CALLER, CALLEE = "0x" + "11" * 20, "0x" + "22" * 20
WORD = {"encoding": "inplace", "numberOfBytes": "32"}
LAYOUT = {
    "storage": [
        {"label": "small", "slot": "0", "type": "half"},
        {"label": "other", "slot": "0", "type": "half"},
        {"label": "map", "slot": "1", "type": "mapping"},
        {"label": "pair", "slot": "2", "type": "pair"},
        {"label": "packed", "slot": "4", "type": "packed"},
        {"label": "list", "slot": "5", "type": "list"},
    ],
    "types": {
        "half": {"encoding": "inplace", "numberOfBytes": "16"},
        "mapping": {"encoding": "mapping", "numberOfBytes": "32"},
        "pair": {
            "encoding": "inplace",
            "numberOfBytes": "64",
            "members": [{"label": "first", "slot": "0"}, {"label": "second", "slot": "1"}],
        },
        "packed": {"encoding": "inplace", "numberOfBytes": "32", "members": [{"label": "x", "slot": "0"}]},
        "list": {"encoding": "dynamic_array", "numberOfBytes": "32"},
    },
}


def hash_of(*numbers):
    return int.from_bytes(keccak(b"".join(number.to_bytes(32, "big") for number in numbers)), "big")


def test_layout_names_shared_slots_members_and_arrays():
    layout = layout_of("house", LAYOUT)
    element = hash_of(5) + 3
    assert [layout.slots.get(slot) for slot in (0, 1, 2, 3, 4, 5, 6, element)] == [
        "small+other", "map", "pair.first", "pair.second", "packed", "list", None, "list",
    ]  # fmt: skip
    assert layout.name(6) == "house.(unnamed)"


def steps_of(*parts):
    """Steps of (op, own gas, depth, stack from the bottom)."""
    gas, steps = 10**6, []
    for op, cost, depth, *stack in parts:
        steps.append(
            {"op": op, "gas": gas, "gasCost": cost, "depth": depth, "stack": [hex(word) for word in stack]}
        )
        gas -= cost
    return steps


def test_slots_are_found_through_nested_mappings_and_calls():
    outer = hash_of(7, 1)
    inner = hash_of(8, outer)
    steps = steps_of(
        ("MSTORE", 3, 1, 7, 0),
        ("MSTORE", 3, 1, 1, 32),
        ("KECCAK256", 42, 1, 64, 0),
        ("DUP1", 3, 1, outer),
        ("MSTORE", 3, 1, outer, 32),
        ("MSTORE", 3, 1, 8, 0),
        ("KECCAK256", 42, 1, 64, 0),
        ("SLOAD", 2_100, 1, inner),
        ("SSTORE", 2_900, 1, 5, inner),
        ("STATICCALL", 100, 1, int(CALLEE, 16), 0),
        # The callee's memory is its own: this is no key of the mapping.
        ("KECCAK256", 42, 2, 64, 0),
        ("SLOAD", 2_100, 2, 4),
        ("RETURN", 0, 2, 0, 0),
        ("SLOAD", 100, 1, 4),
        ("SSTORE", 22_100, 1, 1, 99),
        ("STOP", 0, 1),
    )
    layouts = {CALLER: layout_of("a", LAYOUT), CALLEE: Layout("b", {4: "total"})}
    assert touched_slots(Trace(steps, CALLER, b"", 0), layouts) == {
        "a.map": {"cold reads": 2_100, "changed slots": 2_900},
        "b.total": {"cold reads": 2_100},
        "a.packed": {"warm reads": 100},
        "a.(unnamed)": {"new slots": 22_100},
    }
