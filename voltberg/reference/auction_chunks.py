"""Clearing a large frame in chunks (A7): what is served in each, and the state between two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from voltberg.models import Side
from voltberg.reference.auction_clearing import NO_PRICE_TICK, FrameResult
from voltberg.reference.auction_sequence import live_orders, sequence_of
from voltberg.reference.auction_service import AuctionRules, Priority, SliceQueue, queues_of, serve
from voltberg.reference.auction_words import AuctionFill

CHUNK_FILLS: Final = 8_192
"""Fills of every chunk but the last."""


class ServiceChunk(NamedTuple):
    """One chunk of a frame's service.

    Attributes
    ----------
    bid_service, ask_service : tuple of int
        Positions of the slices that begin in it.
    fills : tuple of AuctionFill
        Its fills.
    state : bytes
        State after it; empty after the last one.
    """

    bid_service: tuple[int, ...]
    ask_service: tuple[int, ...]
    fills: tuple[AuctionFill, ...]
    state: bytes


def service_chunk(
    frame: int,
    words: Sequence[int],
    carried: Sequence[int],
    rules: AuctionRules,
    result: FrameResult,
    number: int,
) -> ServiceChunk:
    """Cut a chunk out of a frame's service.

    Parameters
    ----------
    frame : int
        The frame.
    words : Sequence of int
        Words of its chain.
    carried : Sequence of int
        Carried words that entered it.
    rules : AuctionRules
        Settings.
    result : FrameResult
        What the frame comes to.
    number : int
        Number of the chunk, from 0 on.

    Returns
    -------
    ServiceChunk
        What is supplied and what comes of it.
    """
    start, end = CHUNK_FILLS * number, CHUNK_FILLS * (number + 1)
    entries = sequence_of(frame, words, carried, roll_keeps_rank=rules.roll_keeps_rank)
    live = live_orders(entries)
    queues = queues_of(live, rules)
    serve(live, queues, rules, start)
    begun = [len(queue.served) for queue in queues]
    serve(live, queues, rules, CHUNK_FILLS)
    bids, asks = (queue.positions()[count:] for queue, count in zip(queues, begun, strict=True))
    state = b""
    if end < len(result.fills):
        state = _state(frame, len(entries), queues, result.fills[:end], result.traded_wh)
    return ServiceChunk(bids, asks, result.fills[start:end], state)


def _state(
    frame: int,
    positions: int,
    queues: tuple[SliceQueue, SliceQueue],
    fills: Sequence[AuctionFill],
    traded_wh: int,
) -> bytes:
    """State as ``IFrameAuction.clearChunk`` describes it."""
    bids, asks = queues[Side.BID], queues[Side.ASK]
    header = [
        traded_wh - sum(fill.energy_wh for fill in fills),
        bids.time_ranks,
        asks.time_ranks,
        _served_now(bids),
        _served_now(asks),
        _key(bids.served[-1]) + 1,
        _key(asks.served[-1]) + 1,
        frame,
    ]
    services = [0] * positions
    values, filled = _totals(fills)
    for queue in queues:
        for at, newest in queue.newest.items():
            services[at] = (
                values[at]
                | filled[at] << 32
                | queue.left_wh[at] << 56
                | queue.first_ranks[at] << 80
                | _key(newest) << 175
            )
    return b"".join(word.to_bytes(32, "big") for word in (*header, *services))


def _served_now(queue: SliceQueue) -> int:
    return queue.current.position | queue.slice_wh << 16 if queue.current else 0


def _totals(fills: Sequence[AuctionFill]) -> tuple[defaultdict[int, int], defaultdict[int, int]]:
    """Value [Wh x ticks], 0 with a uniform price, and energy of the fills by position."""
    values: defaultdict[int, int] = defaultdict(int)
    filled: defaultdict[int, int] = defaultdict(int)
    for fill in fills:
        for at in (fill.buyer_position, fill.seller_position):
            filled[at] += fill.energy_wh
            values[at] += fill.energy_wh * fill.tick if fill.tick != NO_PRICE_TICK else 0
    return values, filled


def _key(slice_: Priority) -> int:
    return slice_.position | slice_.price_rank << 16 | slice_.weight << 24 | int(slice_.supplier) << 80
