"""Calls to the continuous book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.experiments.fuzz.house_calls import open_frames
from voltberg.reference.words import pack_refusal, pack_request

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions


def place(a: Actions) -> Draft | None:
    """Place an order of any kind in a frame that can be traded; open frames where there is none."""
    tradable = [frame for frame in a.recent_frames() if a.market.clock.gate_closure(frame) > a.now]
    if not tradable:
        return open_frames(a)
    draw = a.draw
    side, quantity = draw.randrange(2), draw.choice((50, 500, 1000, draw.randrange(40, 5000)))
    quantity = min(2**32 - 1, quantity * a.scale)
    kind = draw.choice((0, 0, 0, 0, 0, 1, 1, 2, 3, 3))
    peak = draw.choice((0, max(50, quantity // draw.randrange(2, 9)))) if kind in (0, 3) else 0
    step = draw.choice((0, 0, 1, 3, 60)) if peak else 0
    middle = draw.choice((20, 20, 20, 20, 3, 140, 185))
    tick = max(0, min(191, middle + draw.randrange(-5, 6)))
    visits = draw.choice((1, 2, 5, 40, 40, 40))
    request = pack_request(draw.choice(tradable), side, tick, quantity, peak, step, kind, visits)
    return Draft("book", "place", (request,), a.trader())


def _owned_order(a: Actions) -> tuple[int, str] | None:
    orders = a.market.book.all_resting_orders()
    if not orders:
        return None
    order_id = a.draw.choice(orders)
    return order_id, a.market.registry.account_of(a.market.book.order_of(order_id)[0])


def cancel(a: Actions) -> Draft | None:
    """Cancel a resting order, by its owner."""
    found = _owned_order(a)
    return Draft("book", "cancel", (found[0],), found[1]) if found else None


def reduce(a: Actions) -> Draft | None:
    """Make a resting order smaller, by its owner."""
    found = _owned_order(a)
    if not found:
        return None
    remaining = a.market.book.order_of(found[0])[1]
    return Draft("book", "reduce", (found[0], a.draw.randrange(1, remaining + 1)), found[1])


def release(a: Actions) -> Draft | None:
    """Release orders, mostly after the gate closure, some of them twice."""
    orders = [
        order_id
        for order_id in a.market.book.all_resting_orders()
        if a.market.clock.gate_closure(order_id >> 32) <= a.now or not a.draw.randrange(40)
    ]
    chosen = a.draw.sample(orders, min(len(orders), 5)) if orders else []
    return Draft("book", "release", (chosen * a.draw.choice((1, 1, 2)),), a.draw.choice(a.cast.everyone))


def set_paused(a: Actions) -> Draft:
    """Pause a frame or, more often, let it go on."""
    paused = a.draw.randrange(3) == 0
    return Draft("book", "setFramePaused", (a.draw.choice(a.recent_frames()), paused), a.cast.operator)


def refuse(a: Actions) -> Draft | None:
    """Refuse trades between gate closure and the deadline for it."""
    clock = a.market.clock
    frames = [
        frame
        for frame in a.recent_frames()
        if clock.gate_closure(frame) <= a.now < clock.refusal_deadline(frame)
    ]
    if not frames:
        return None if a.draw.randrange(20) else Draft("book", "refuseTrades", (a.frame, []), a.cast.operator)
    frame = a.draw.choice(frames)
    positions = a.market.book.positions_in(frame)
    buyers = [number for number, position in positions.items() if position.bought_wh]
    sellers = [number for number, position in positions.items() if position.sold_wh]
    if not buyers or not sellers:
        return None
    entries = []
    for _ in range(a.draw.randrange(1, 3)):
        buyer, seller = a.draw.choice(buyers), a.draw.choice(sellers)
        most = min(positions[buyer].bought_wh, positions[seller].sold_wh)
        average = positions[seller].sale_micro // (positions[seller].sold_wh * 2)
        entries.append(pack_refusal(buyer, seller, a.draw.randrange(1, most // 2 + 2), min(191, average)))
    return Draft("book", "refuseTrades", (frame, entries), a.cast.operator)


def withdraw_margin(a: Actions) -> Draft:
    """Take margin back from a venue, all but never more than there is."""
    venue, account = a.draw.choice(("book", "storage")), a.participant()
    margin = getattr(a.market, venue).margin_of(a.market.registry.id_of(account))
    amount = a.draw.choice((0, margin // 50, margin // 9, margin + 1))
    return Draft(venue, "withdrawMargin", (amount,), account)


BOOK_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (place, 42),
    (cancel, 5),
    (reduce, 4),
    (release, 3),
    (set_paused, 1),
    (refuse, 6),
    (withdraw_margin, 2),
)
"""Who draws, and in how many of about a hundred calls."""
