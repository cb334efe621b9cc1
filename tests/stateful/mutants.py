"""Contracts with one instruction exchanged, to see whether a campaign notices."""

from dataclasses import replace

from voltberg.chain.artifacts import Artifact, Artifacts

ADD, SUB, LT, GT = 0x01, 0x03, 0x10, 0x11
EXCHANGED = {ADD: SUB, SUB: ADD, LT: GT, GT: LT}
PUSH1, PUSH32 = 0x60, 0x7F


def places(code: bytes) -> list[int]:
    """Offsets of the instructions that can be exchanged; what a PUSH carries is none."""
    found, offset = [], 0
    while offset < len(code):
        operation = code[offset]
        if operation in EXCHANGED:
            found.append(offset)
        offset += operation - PUSH1 + 2 if PUSH1 <= operation <= PUSH32 else 1
    return found


def mutant(artifacts: Artifacts, contract: str, share: float) -> Artifacts:
    """All contracts, one of them with the instruction at that share of its runtime code exchanged."""
    artifact: Artifact = artifacts[contract]
    runtime = bytes.fromhex(artifact.deployed_bytecode[2:])
    # The metadata behind the code has the same length in every contract; nothing there is run.
    usable = places(runtime[: -int.from_bytes(runtime[-2:]) - 2])
    place = usable[int(share * len(usable))]
    changed_runtime = bytearray(runtime)
    changed_runtime[place] = EXCHANGED[runtime[place]]
    # Immutables are zero in both, so that the runtime code stands in the creation code as it is. A deployment
    # checks what it put on the chain against the runtime code.
    changed = replace(
        artifact,
        bytecode=artifact.bytecode.replace(runtime.hex(), changed_runtime.hex()),
        deployed_bytecode="0x" + changed_runtime.hex(),
    )
    return replace(artifacts, by_name={**artifacts.by_name, contract: changed})
