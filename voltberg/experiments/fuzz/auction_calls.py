"""Calls to the frame auction: orders, cancels, results honest and forged, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.experiments.fuzz.forgery import forged
from voltberg.matching.frame import Clearing, RecordChunk, chunk_with, clearing_input
from voltberg.reference.auction_words import (
    pack_auction_request,
    unpack_carried,
    unpack_record,
)
from voltberg.reference.words import MASK_32, pack_refusal

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions

WORD_BYTES: Final = 32


def _request(a: Actions, frame: int) -> int:
    draw = a.draw
    side, quantity = draw.randrange(2), draw.choice((50, 500, 1000, draw.randrange(40, 5000)))
    quantity = min(a.market.auction.maximum_quantity_wh() + int(not draw.randrange(40)), quantity * a.scale)
    peak = draw.choice((0, max(50, quantity // draw.randrange(2, 9))))
    middle = draw.choice((20, 20, 20, 20, 3, 140, 185))
    tick = max(0, min(191, middle + draw.randrange(-5, 6)))
    rolls = draw.choice((0, 0, 0, _further(a, frame), _further(a, frame), draw.randrange(4)))
    return pack_auction_request(frame, side, tick, quantity, peak, rolls)


def _further(a: Actions, frame: int) -> int:
    """Count the open frames that follow a frame without a gap, at most 3."""
    opened = set(a.market.auction.open_frames())
    return next((rolls for rolls in range(3) if frame + rolls + 1 not in opened), 3)


def _tradable(a: Actions) -> list[int]:
    return [frame for frame in a.auction_frames() if a.market.clock.gate_closure(frame) > a.now]


def place(a: Actions) -> Draft | None:
    """Place an order, an iceberg every other time, that may roll on."""
    tradable = _tradable(a)
    if not tradable:
        return None
    return Draft("auction", "place", (_request(a, a.draw.choice(tradable)),), a.trader())


def place_many(a: Actions) -> Draft | None:
    """Place a handful of orders together; now and then more than the allowance holds."""
    tradable = _tradable(a)
    if not tradable:
        return None
    frame, count = a.draw.choice(tradable), a.draw.choice((0, 1, 2, 3, 5, 8, 30, 70))
    requests = [_request(a, frame) for _ in range(min(count, 8))]
    requests += [pack_auction_request(frame, 0, 1, 50)] * (count - len(requests))
    return Draft("auction", "placeMany", (frame, requests), a.trader())


def cancel(a: Actions) -> Draft | None:
    """Cancel an order where it stands or in a frame it may roll to, by its owner or somebody else."""
    tradable = _tradable(a)
    if not tradable:
        return None
    frame, auction = a.draw.choice(tradable), a.market.auction
    names = [(word & MASK_32, frame, number) for number, word in enumerate(auction.words_of(frame))]
    entered = [unpack_carried(word) for word in (*auction.carried_of(frame), *_carried_soon(a, frame))]
    names += [(word & MASK_32, origin, number) for word, origin, number in entered]
    if not names:
        return None
    owner, origin, number = a.draw.choice(names)
    account = a.market.registry.account_of(owner) if a.draw.randrange(8) else a.participant()
    return Draft("auction", "cancel", (frame, origin, number), account)


def _carried_soon(a: Actions, frame: int) -> tuple[int, ...]:
    """Rests that would enter a frame if the one before were cleared now."""
    auction = a.market.auction
    if frame - 1 not in auction.open_frames() or auction.frame_of(frame - 1)[3]:
        return ()
    return auction.result_for(frame - 1).carried


def _undecided(a: Actions) -> list[int]:
    return [frame for frame in a.auction_frames() if not a.market.auction.frame_of(frame)[3]]


def right_input(a: Actions, frame: int) -> Clearing:
    """Make the one input that clears a frame."""
    auction = a.market.auction
    return clearing_input(auction.words_of(frame), auction.carried_of(frame), auction.result_for(frame))


def clear(a: Actions) -> Draft | None:
    """Clear a frame in its window, or, seldom, outside of it; every other time with forged input."""
    clock, auction = a.market.clock, a.market.auction
    frames = [
        frame
        for frame in _undecided(a)
        if clock.gate_closure(frame) <= a.now < auction.clearing_deadline(frame) or not a.draw.randrange(30)
    ]
    if not frames:
        return None
    frame = a.draw.choice(frames)
    given = right_input(a, frame)
    if a.draw.randrange(2):
        given = forged(a.draw, given)
    if not a.draw.randrange(25):
        # Frames of this size are not cleared in chunks.
        state = a.draw.choice((b"", bytes(WORD_BYTES)))
        return Draft("auction", "clearChunk", (frame, given, state), a.draw.choice(a.cast.everyone))
    return Draft("auction", "clear", (frame, given), a.draw.choice(a.cast.everyone))


def void(a: Actions) -> Draft | None:
    """Void a frame that was not cleared, now and then too early or with forged input."""
    auction = a.market.auction
    frames = [f for f in _undecided(a) if auction.clearing_deadline(f) <= a.now or not a.draw.randrange(30)]
    if not frames:
        return None
    frame = a.draw.choice(frames)
    given = right_input(a, frame)
    if not a.draw.randrange(3):
        given = forged(a.draw, given)
    args = (frame, given.words, given.carried, given.participants)
    return Draft("auction", "voidFrame", args, a.draw.choice(a.cast.everyone))


def set_paused(a: Actions) -> Draft | None:
    """Pause a frame or, more often, let it go on."""
    frames = a.auction_frames()
    if not frames:
        return None
    paused = a.draw.randrange(3) == 0
    return Draft("auction", "setFramePaused", (a.draw.choice(frames), paused), a.cast.operator)


def refuse(a: Actions) -> Draft | None:
    """Refuse a trade between two records of a cleared frame."""
    clock, auction, draw = a.market.clock, a.market.auction, a.draw
    frames = [
        frame
        for frame in a.auction_frames()
        if auction.records_of(frame)
        and (clock.gate_closure(frame) <= a.now < clock.refusal_deadline(frame) or not draw.randrange(200))
    ]
    if not frames:
        return None
    frame = draw.choice(frames)
    words = auction.records_of(frame)
    records = [unpack_record(word) for word in words]
    buyer = draw.choice([record for record in records if record.bought_wh] or records)
    seller = draw.choice([record for record in records if record.sold_wh] or records)
    most = min(buyer.bought_wh, seller.sold_wh)
    average = seller.sale_micro // (max(1, seller.sold_wh) * auction.tick_micro_per_wh())
    entry = pack_refusal(
        buyer.participant_id,
        seller.participant_id,
        draw.randrange(1, most // 2 + 2),
        draw.choice((average, average, 0, min(191, average + 9))),
    )
    chunks = [_chunk(a, words, record.participant_id) for record in (buyer, seller)]
    return Draft("auction", "refuseTrade", (frame, entry, *chunks), a.cast.operator)


def _chunk(a: Actions, words: tuple[int, ...], owner: int) -> RecordChunk:
    """Find the chunk that holds a record; seldom with another number, record or proof."""
    chunk = chunk_with(words, owner)
    kind = a.draw.randrange(40)
    if kind == 0:
        return chunk._replace(number=chunk.number + 1)
    if kind == 1:
        return chunk._replace(records=(*chunk.records[:-1], chunk.records[-1] ^ 1 << 50))
    if kind == 2:
        return chunk._replace(proof=(*chunk.proof, bytes(32)))
    return chunk


def withdraw_margin(a: Actions) -> Draft:
    """Take margin back from the auction, all but never more than there is."""
    account = a.participant()
    margin = a.market.auction.margin_of(a.market.registry.id_of(account))
    amount = a.draw.choice((0, margin // 50, margin // 9, margin + 1))
    return Draft("auction", "withdrawMargin", (amount,), account)


AUCTION_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (place, 16),
    (place_many, 5),
    (cancel, 6),
    (clear, 10),
    (void, 1),
    (set_paused, 1),
    (refuse, 8),
    (withdraw_margin, 1),
)
"""Who draws, and in how many of about a hundred calls."""
