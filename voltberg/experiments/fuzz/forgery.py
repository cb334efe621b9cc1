"""Wrong inputs for clearing a frame: each differs from the right one, in one part or several."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from voltberg.matching.frame import Clearing
from voltberg.reference.auction_words import CARRIED_BYTES, POSITION_BYTES, WORD_BYTES
from voltberg.units import DEFAULT_TICKS

ENTRY_BYTES: Final = {
    "words": WORD_BYTES,
    "carried": CARRIED_BYTES,
    "participants": POSITION_BYTES,
    "bid_service": POSITION_BYTES,
    "ask_service": POSITION_BYTES,
    "rolled": POSITION_BYTES,
}
Entries = list[bytes]


def _drop(draw: Random, entries: Entries) -> Entries:
    entries.pop(draw.randrange(len(entries)))
    return entries


def _double(draw: Random, entries: Entries) -> Entries:
    place = draw.randrange(len(entries))
    return [*entries[: place + 1], *entries[place:]]


def _swap(draw: Random, entries: Entries) -> Entries:
    one, other = draw.randrange(len(entries)), draw.randrange(len(entries))
    entries[one], entries[other] = entries[other], entries[one]
    return entries


def _neighbours(draw: Random, entries: Entries) -> Entries:
    one = draw.randrange(len(entries))
    other = (one + 1) % len(entries)
    entries[one], entries[other] = entries[other], entries[one]
    return entries


def _flip(draw: Random, entries: Entries) -> Entries:
    place = draw.randrange(len(entries))
    entry = bytearray(entries[place])
    entry[draw.randrange(len(entry))] ^= 1 << draw.randrange(8)
    entries[place] = bytes(entry)
    return entries


def _cut(draw: Random, entries: Entries) -> Entries:
    """Keep a beginning, now and then with half an entry."""
    kept = entries[: draw.randrange(len(entries))]
    return kept if draw.randrange(2) else [*kept, entries[-1][:-1]]


def _append(draw: Random, entries: Entries) -> Entries:
    return [*entries, draw.choice(entries)]


WAYS: Final[tuple[Callable[[Random, Entries], Entries], ...]] = (
    _drop,
    _double,
    _swap,
    _neighbours,
    _flip,
    _cut,
    _append,
)


def forged(draw: Random, right: Clearing) -> Clearing:
    """Draw an input that is not the right one.

    Parameters
    ----------
    draw : Random
        Decides.
    right : Clearing
        The one that clears the frame.

    Returns
    -------
    Clearing
        Another one, mostly with one wrong part.
    """
    wrong = right
    while wrong == right or not draw.randrange(4):
        part = draw.choice(right._fields)
        if part == "crossing":
            near, far = right.crossing + draw.choice((-1, 1)), draw.randrange(DEFAULT_TICKS + 2)
            crossings = (max(0, near), far, 2**256 - 1)
            wrong = wrong._replace(crossing=draw.choice(crossings))
        else:
            parts = wrong._asdict()
            parts[part] = _forged_part(draw, part, parts[part])
            wrong = Clearing(**parts)
    return wrong


def _forged_part(draw: Random, part: str, given: bytes) -> bytes:
    width = ENTRY_BYTES[part]
    entries = [given[at : at + width] for at in range(0, len(given), width)]
    if not entries:
        return draw.choice((bytes(width), bytes(width - 1), bytes(2 * width)))
    return b"".join(draw.choice(WAYS)(draw, entries))
