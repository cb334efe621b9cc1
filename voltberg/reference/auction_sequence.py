"""An auction's words in their sequence: who stands where, and whose orders have effect (A1, A6, A8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from voltberg.reference.auction_words import (
    AuctionOrder,
    is_cancel,
    unpack_auction_cancel,
    unpack_auction_order,
    unpack_carried,
)
from voltberg.reference.words import MASK_32

EFFECTIVE_WORDS: Final = 64
"""Orders, and cancels, of one participant in a frame that have effect (A8)."""


class Entry(NamedTuple):
    """A word at its position in a frame's sequence, with the name that it goes by."""

    position: int
    word: int
    origin_frame: int
    number: int


def sequence_of(
    frame: int, words: Sequence[int], carried: Sequence[int], *, roll_keeps_rank: bool
) -> list[Entry]:
    """Put a frame's words in their sequence (A6).

    Parameters
    ----------
    frame : int
        The frame.
    words : Sequence of int
        Words of its chain.
    carried : Sequence of int
        Carried words that entered it.
    roll_keeps_rank : bool
        Whether the carried words come first.

    Returns
    -------
    list of Entry
        By position.
    """
    chained = [(word, frame, index) for index, word in enumerate(words)]
    entered = [unpack_carried(word) for word in carried]
    named = entered + chained if roll_keeps_rank else chained + entered
    return [Entry(position, *name) for position, name in enumerate(named)]


def by_participant(entries: Iterable[Entry]) -> tuple[int, ...]:
    """Positions sorted by participant, then by position."""
    return tuple(
        position for _, position in sorted((entry.word & MASK_32, entry.position) for entry in entries)
    )


def live_orders(entries: Sequence[Entry]) -> dict[int, AuctionOrder]:
    """Orders with effect that no cancel with effect names (A1, A8), by position."""
    orders: defaultdict[int, list[Entry]] = defaultdict(list)
    cancelled: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for entry in entries:
        owner = entry.word & MASK_32
        if is_cancel(entry.word):
            cancel = unpack_auction_cancel(entry.word)
            cancelled[owner].append((cancel.origin_frame, cancel.index))
        else:
            orders[owner].append(entry)
    live = {}
    for owner, own in orders.items():
        named = set(cancelled[owner][:EFFECTIVE_WORDS])
        for entry in own[:EFFECTIVE_WORDS]:
            if (entry.origin_frame, entry.number) not in named:
                live[entry.position] = unpack_auction_order(entry.word)
    return dict(sorted(live.items()))
