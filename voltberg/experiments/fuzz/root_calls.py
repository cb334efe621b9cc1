"""Calls that settle the auction's records under their roots, and make such frames final."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.reference.auction_words import unpack_record
from voltberg.reference.record_tree import CHUNK_RECORDS, chunk_hashes, proof_of
from voltberg.reference.words import pack_record_reading

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions

READING_BYTES: Final = 5
NOT_READ: Final = (1 << 40) - 1
SEVERAL_READ: Final = 9


def _some_frame(a: Actions, opens: str, closes: str = "") -> int | None:
    """Draw a frame with records whose time has come, by the names of the clock's deadlines."""
    clock = a.market.clock
    frames = [
        frame
        for frame in a.auction_frames()
        if a.market.auction.records_of(frame)
        and getattr(clock, opens)(frame) <= a.now
        and not (closes and getattr(clock, closes)(frame) <= a.now)
    ]
    return a.draw.choice(frames) if frames else None


def _range(a: Actions, frame: int) -> tuple[int, list[int], list[bytes]]:
    """Draw consecutive chunks with their proof; seldom a record too few or the wrong number."""
    words = a.market.auction.records_of(frame)
    hashes = chunk_hashes(words)
    first = a.draw.randrange(len(hashes))
    count = a.draw.choice((1, len(hashes) - first))
    records = list(words[first * CHUNK_RECORDS : (first + count) * CHUNK_RECORDS])
    kind = a.draw.randrange(30)
    if kind == 0:
        records.pop()
    return first + int(kind == 1), records, proof_of(hashes, first, count)


def report(a: Actions) -> Draft | None:
    """Report deliveries of a frame that has ended: nothing, half, all, or more, of most of a range."""
    frame = _some_frame(a, "end", "metering_deadline")
    if frame is None:
        return None
    first, records, proof = _range(a, frame)
    readings = []
    for word in records:
        record = unpack_record(word)
        owed_wh = max(0, record.sold_wh - record.bought_wh)
        read = a.draw.randrange(SEVERAL_READ)
        readings.append(a.draw.choice((0, owed_wh // 2, owed_wh, owed_wh, owed_wh + 9)) if read else NOT_READ)
    data = b"".join(reading.to_bytes(READING_BYTES, "big") for reading in readings)
    return Draft("house", "reportDeliveryFromRoot", (frame, first, records, proof, data), a.cast.meter)


def report_one(a: Actions) -> Draft | None:
    """Report the delivery of one record with its proof; seldom one that is not there, or a wrong proof."""
    frame = _some_frame(a, "end", "metering_deadline")
    if frame is None:
        return None
    words = a.market.auction.records_of(frame)
    hashes = chunk_hashes(words)
    kind = a.draw.randrange(20)
    index = len(words) if kind == 0 else a.draw.randrange(len(words))
    first = min(index // CHUNK_RECORDS, len(hashes) - 1)
    record = unpack_record(words[min(index, len(words) - 1)])
    owed_wh = max(0, record.sold_wh - record.bought_wh)
    delivered_wh = a.draw.choice((0, owed_wh // 2, owed_wh, owed_wh, owed_wh + 9, NOT_READ))
    shown = list(words[first * CHUNK_RECORDS : (first + 1) * CHUNK_RECORDS])
    shown += [int.from_bytes(node, "big") for node in proof_of(hashes, first, 1)]
    if kind == 1:
        shown[a.draw.randrange(len(shown))] ^= 1 << a.draw.randrange(256)
    elif kind == 2:
        shown = shown[:-1] if a.draw.randrange(2) else [*shown, 0]
    reading = pack_record_reading(frame, index, delivered_wh)
    return Draft("house", "reportRecord", (reading, shown), a.cast.meter)


def settle_unmetered(a: Actions) -> Draft | None:
    """Settle records whose metering deadline is over."""
    frame = _some_frame(a, "metering_deadline")
    if frame is None:
        return None
    args = (frame, *_range(a, frame))
    return Draft("house", "settleUnmeteredFromRoot", args, a.draw.choice(a.cast.everyone))


def release(a: Actions) -> Draft | None:
    """Settle records that sold nothing, from the refusal deadline on, seldom before it."""
    frame = _some_frame(a, "refusal_deadline" if a.draw.randrange(9) else "gate_closure")
    if frame is None:
        return None
    return Draft("house", "releaseFromRoot", (frame, *_range(a, frame)), a.draw.choice(a.cast.everyone))


def finalise(a: Actions) -> Draft | None:
    """Finalise a frame of the auction, mostly one whose records are all settled."""
    house, auction = a.market.house, a.market.auction
    ended = []
    for frame in a.auction_frames():
        left = len(auction.records_of(frame)) - house.records_of(frame)[1]
        if a.market.clock.end(frame) <= a.now and (not left or not a.draw.randrange(9)):
            ended.append(frame)
    if not ended:
        return None
    return Draft("house", "finaliseFrame", (a.draw.choice(ended),), a.draw.choice(a.cast.everyone))


ROOT_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (report, 5),
    (report_one, 3),
    (settle_unmetered, 4),
    (release, 3),
    (finalise, 3),
)
"""Who draws, and in how many of about a hundred calls."""
