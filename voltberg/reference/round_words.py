"""The packed words of ``MatchingRound``, and the commitment to an allocation.

Fields are listed from the lowest bit, as in the interface's documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from eth_hash.auto import keccak

from voltberg.reference.words import MASK_8, MASK_16, MASK_32, MASK_40, MASK_48, packed

ENTRY_BITS: Final = 96
TRADE_BITS: Final = 80
CHUNK_TRADES: Final = 64
"""Trades of a chunk; the last one has what is left."""
NO_COMMITMENT: Final = bytes(32)


class Chunk(NamedTuple):
    """What one call of ``finalise`` takes.

    Attributes
    ----------
    trades : tuple of int
        Trade words.
    rest : bytes
        Commitment of the chunks behind it.
    """

    trades: tuple[int, ...]
    rest: bytes


def pack_entry(participant_id: int, quantity_wh: int, tick: int, first: int, last: int, feeder: int) -> int:
    """Pack a request of an exchange's list, or an offer; frames count from the span's first one."""
    fields = (participant_id, 32), (quantity_wh, 32), (tick, 8), (first, 8), (last, 8), (feeder, 8)
    return packed("entry", fields)


def pack_trade(request_index: int, offer_index: int, frame: int, tick: int, energy_wh: int) -> int:
    """Pack a trade of an allocation; the frame counts from the span's first one."""
    fields = (request_index, 16), (offer_index, 16), (frame, 8), (tick, 8), (energy_wh, 32)
    return packed("trade", fields)


def unpack_trade(word: int) -> tuple[int, int, int, int, int]:
    """Request index, offer index, frame, tick and energy [Wh] of a trade."""
    return (
        word & MASK_16,
        word >> 16 & MASK_16,
        word >> 32 & MASK_8,
        word >> 40 & MASK_8,
        word >> 48 & MASK_32,
    )


def pack_feeder_limit(import_wh: int, export_wh: int) -> int:
    """Pack a feeder's limits of net import and net export per frame [Wh]."""
    return packed("feeder limit", ((import_wh, 40), (export_wh, 40)))


def unpack_feeder_limit(word: int) -> tuple[int, int]:
    """Limits of net import and net export [Wh]."""
    return word & MASK_40, word >> 40


def entry_id(round_number: int, index: int) -> int:
    """Id of the entry that came in as number `index` of a round."""
    return round_number << 16 | index


def unpack_closing(word: int) -> tuple[int, int]:
    """Entry id and energy [Wh] of ``EntryClosed``."""
    return word & MASK_48, word >> 48


def link(trades: Sequence[int], rest: bytes) -> bytes:
    """Commit to a chunk and to what follows it.

    Parameters
    ----------
    trades : sequence of int
        Trade words of the chunk.
    rest : bytes
        Commitment of the chunks behind it.

    Returns
    -------
    bytes
        Keccak-256 of the chunk's hash and the rest.
    """
    head = keccak(b"".join(trade.to_bytes(32) for trade in trades))
    return keccak(head + rest)


def chunks_of(trades: Sequence[int]) -> list[Chunk]:
    """Cut an allocation into the chunks that are applied one by one.

    Parameters
    ----------
    trades : sequence of int
        Trade words as submitted.

    Returns
    -------
    list of Chunk
        In the order of their application.
    """
    chunks: list[Chunk] = []
    rest = NO_COMMITMENT
    for start in reversed(range(0, len(trades), CHUNK_TRADES)):
        chunk = Chunk(tuple(trades[start : start + CHUNK_TRADES]), rest)
        chunks.append(chunk)
        rest = link(chunk.trades, chunk.rest)
    return chunks[::-1]


def commitment_of(trades: Sequence[int]) -> bytes:
    """Commit to all trades of an allocation."""
    chunks = chunks_of(trades)
    return link(*chunks[0]) if chunks else NO_COMMITMENT
