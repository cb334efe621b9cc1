"""Calls to the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.reference.storage import RECORD_BITS
from voltberg.reference.words import pack_movement

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions


def book_storage(a: Actions) -> Draft:
    """Book storage."""
    draw = a.draw
    first, frames = a.frame + draw.choice((1, 2, 2, 5, 1020)), draw.choice((1, 2, 5, 96))
    powers = draw.choice((0, 1500, 3000, 11_000)), draw.choice((0, 1000, 3700))
    args = (first, frames, draw.choice((1, 4000, 9999, 60_000)), *powers)
    return Draft("storage", "book", args, a.participant())


def move_storage(a: Actions) -> Draft | None:
    """Move energy of bookings in and out."""
    draw, clock, records = a.draw, a.market.clock, []
    frame = a.frame - draw.randrange(1, 4)
    for number, booking in a.market.storage.bookings().items():
        if booking.first_frame <= frame < booking.first_frame + booking.frames and draw.randrange(4):
            into = booking.charge_w * clock.frame_seconds // 3600
            stored = a.market.storage.booking_of(number)[9]
            into = min(into, (booking.capacity_wh - stored)) if draw.randrange(9) else into + 1
            records.append(
                pack_movement(number, into // draw.choice((1, 3)), stored // draw.choice((1, 2, 5)))
            )
    if not records and draw.randrange(9):
        return None
    if len(records) == 1 and draw.randrange(4):
        return Draft("storage", "moveOne", (records[0] | frame << RECORD_BITS,), a.cast.meter)
    return Draft("storage", "move", (frame, records), a.cast.meter)


def close_storage(a: Actions) -> Draft | None:
    """Close a booking that is over."""
    clock, ended = a.market.clock, []
    for number, booking in a.market.storage.bookings().items():
        if clock.metering_deadline(booking.first_frame + booking.frames - 1) <= a.now:
            ended.append(number)
    if not ended:
        if a.draw.randrange(9):
            return None
        ended = [a.draw.randrange(1, 9)]
    return Draft("storage", "close", (a.draw.choice(ended),), a.participant())


def collect(a: Actions) -> Draft:
    """Collect the storage's revenue."""
    return Draft("storage", "collectRevenue", (), a.draw.choice(a.cast.everyone))


STORAGE_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (book_storage, 3),
    (move_storage, 4),
    (close_storage, 2),
    (collect, 1),
)
"""Who draws, and in how many of about a hundred calls."""
