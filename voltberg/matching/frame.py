"""What a caller of ``FrameAuction.clear`` supplies, and chunks with proofs for settling a cleared frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from voltberg.reference.auction_chunks import ServiceChunk
from voltberg.reference.auction_clearing import FrameResult, clear_frame
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import carried_bytes, position_bytes, words_bytes
from voltberg.reference.record_tree import CHUNK_RECORDS, chunk_hashes, proof_of
from voltberg.reference.words import MASK_32


class Clearing(NamedTuple):
    """Argument of ``clear``; fields in the order of ``IFrameAuction.Clearing``."""

    words: bytes
    carried: bytes
    participants: bytes
    crossing: int
    bid_service: bytes
    ask_service: bytes
    rolled: bytes


class RecordChunk(NamedTuple):
    """Records of one chunk, or of several that follow, with their proof; as ``IRootVenue.RecordChunk``."""

    number: int
    records: tuple[int, ...]
    proof: tuple[bytes, ...]


def clearing_input(words: Sequence[int], carried: Sequence[int], result: FrameResult) -> Clearing:
    """Encode a result as the contract verifies it.

    Parameters
    ----------
    words : Sequence of int
        Words of the frame's chain.
    carried : Sequence of int
        Carried words that entered it.
    result : FrameResult
        What the frame comes to.

    Returns
    -------
    Clearing
        The argument of ``clear``.
    """
    return Clearing(
        words_bytes(words),
        carried_bytes(carried),
        position_bytes(result.participants),
        result.crossing,
        position_bytes(result.bid_service),
        position_bytes(result.ask_service),
        position_bytes(result.rolled),
    )


def chunk_input(right: Clearing, chunk: ServiceChunk) -> Clearing:
    """Cut the input of ``clear`` down to that of one call of ``clearChunk``.

    Parameters
    ----------
    right : Clearing
        Input for the whole frame.
    chunk : ServiceChunk
        The chunk.

    Returns
    -------
    Clearing
        The argument of ``clearChunk``; orders roll with the last chunk only.
    """
    return right._replace(
        bid_service=position_bytes(chunk.bid_service),
        ask_service=position_bytes(chunk.ask_service),
        rolled=b"" if chunk.state else right.rolled,
    )


def clearing_of(
    frame: int,
    words: Sequence[int],
    carried: Sequence[int],
    rules: AuctionRules,
    fee_ticks: int,
    tick_micro_per_wh: int,
) -> tuple[Clearing, FrameResult]:
    """Compute what clears a frame.

    Parameters
    ----------
    frame : int
        The frame.
    words : Sequence of int
        Words of its chain, from the logs ``WordChained`` and ``WordsChained``.
    carried : Sequence of int
        Carried words that entered it: the result of the frame before.
    rules : AuctionRules
        Settings of the auction.
    fee_ticks : int
        Fees of the frame [ticks].
    tick_micro_per_wh : int
        Money per Wh and tick [micro].

    Returns
    -------
    tuple of Clearing and FrameResult
        The argument of ``clear`` and what comes of it.
    """
    result = clear_frame(frame, words, carried, rules, fee_ticks, tick_micro_per_wh)
    return clearing_input(words, carried, result), result


def chunk_of(records: Sequence[int], index: int, count: int = 1) -> RecordChunk:
    """Chunks of a frame's records with their proof.

    Parameters
    ----------
    records : Sequence of int
        All records of the frame.
    index : int
        Number of the first chunk.
    count : int, optional
        How many, as far as there are that many.

    Returns
    -------
    RecordChunk
        What settlement takes, and refusals for one chunk.

    Raises
    ------
    IndexError
        If there is no such chunk.
    """
    if not 0 <= index * CHUNK_RECORDS < len(records):
        msg = f"chunk {index} of {len(records)} records, expected 0 .. {(len(records) - 1) // CHUNK_RECORDS}"
        raise IndexError(msg)
    hashes = chunk_hashes(records)
    end = min(index + count, len(hashes))
    part = tuple(records[CHUNK_RECORDS * index : CHUNK_RECORDS * end])
    return RecordChunk(index, part, tuple(proof_of(hashes, index, end - index)))


def chunk_with(records: Sequence[int], participant_id: int) -> RecordChunk:
    """Chunk with proof that holds a participant's record.

    Parameters
    ----------
    records : Sequence of int
        All records of the frame.
    participant_id : int
        Whose record.

    Returns
    -------
    RecordChunk
        The chunk; the record is one of its eight.

    Raises
    ------
    KeyError
        If the participant has no record in the frame.
    """
    for at, record in enumerate(records):
        if record & MASK_32 == participant_id:
            return chunk_of(records, at // CHUNK_RECORDS)
    msg = f"participant {participant_id} has no record"
    raise KeyError(msg)
