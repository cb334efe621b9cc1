"""The tree over a frame's records (rule A9): its root, proofs of consecutive chunks, what a proof shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from eth_hash.auto import keccak

CHUNK_RECORDS: Final = 8
"""Records of a leaf; the last leaf may have fewer."""
NO_ROOT: Final = bytes(32)
"""What stands for the root of nothing; no tree has it."""


def chunk_hashes(records: Sequence[int]) -> list[bytes]:
    """Hash records into the leaves of their tree, in chunks of eight."""
    return [
        keccak(b"".join(record.to_bytes(32, "big") for record in records[start : start + CHUNK_RECORDS]))
        for start in range(0, len(records), CHUNK_RECORDS)
    ]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over all chunks, 32 zero bytes without any."""
    return _levels(hashes)[-1][0] if hashes else NO_ROOT


def proof_of(hashes: Sequence[bytes], first: int, count: int) -> list[bytes]:
    """Collect the nodes that prove consecutive chunks.

    Parameters
    ----------
    hashes : sequence of bytes
        Hashes of all chunks.
    first : int
        The first chunk to prove.
    count : int
        How many, at least one, all of them in the tree.

    Returns
    -------
    list of bytes
        From the leaves up: the left sibling of the range, then its right one, where there is one.
    """
    proof = []
    end = first + count
    for level in _levels(hashes)[:-1]:
        if first % 2:
            proof.append(level[first - 1])
        if end % 2 and end < len(level):
            proof.append(level[end])
        first, end = first // 2, (end + 1) // 2
    return proof


def root_of_range(first: int, hashes: Sequence[bytes], total: int, proof: Sequence[bytes]) -> bytes:
    """Tell which root a proof leads to.

    Parameters
    ----------
    first : int
        Number of the first chunk.
    hashes : sequence of bytes
        Hashes of consecutive chunks.
    total : int
        Chunks of the whole tree.
    proof : sequence of bytes
        Nodes as :func:`proof_of` gives them.

    Returns
    -------
    bytes
        The root; 32 zero bytes if the range is not in the tree or the proof has nodes missing or left over.
    """
    if not hashes or first + len(hashes) > total:
        return NO_ROOT
    nodes, rest = list(hashes), list(proof)
    while total > 1:
        before = first % 2
        after = int((first + len(nodes)) % 2 and first + len(nodes) < total)
        if len(rest) < before + after:
            return NO_ROOT
        siblings, rest = rest[: before + after], rest[before + after :]
        nodes = _above(siblings[:before] + nodes + siblings[before:])
        first, total = first // 2, (total + 1) // 2
    return NO_ROOT if rest else nodes[0]


def _levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        levels.append(_above(levels[-1]))
    return levels


def _above(nodes: Sequence[bytes]) -> list[bytes]:
    """One level up; a node without a right sibling moves up as it is."""
    pairs = [nodes[place : place + 2] for place in range(0, len(nodes), 2)]
    return [keccak(pair[0] + pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
