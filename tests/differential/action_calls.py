"""The calls that `Actions` draws from, each with its weight."""

from typing import TYPE_CHECKING, Any, NamedTuple

from voltberg.models import Role
from voltberg.reference.words import (
    pack_movement,
    pack_rating,
    pack_reading,
    pack_refusal,
    pack_request,
    pack_session,
    pack_supply,
    pack_tariff,
)

if TYPE_CHECKING:
    from tests.differential.actions import Actions


class Draft(NamedTuple):
    """A call without its time."""

    contract: str
    function: str
    args: Any
    sender: str


def place(a: "Actions") -> Draft | None:
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


def _owned_order(a: "Actions") -> tuple[int, str] | None:
    orders = a.market.book.all_resting_orders()
    if not orders:
        return None
    order_id = a.draw.choice(orders)
    return order_id, a.market.registry.account_of(a.market.book.order_of(order_id)[0])


def cancel(a: "Actions") -> Draft | None:
    found = _owned_order(a)
    return found and Draft("book", "cancel", (found[0],), found[1])


def reduce(a: "Actions") -> Draft | None:
    found = _owned_order(a)
    if not found:
        return None
    remaining = a.market.book.order_of(found[0])[1]
    return Draft("book", "reduce", (found[0], a.draw.randrange(1, remaining + 1)), found[1])


def release(a: "Actions") -> Draft | None:
    orders = [
        order_id
        for order_id in a.market.book.all_resting_orders()
        if a.market.clock.gate_closure(order_id >> 32) <= a.now or not a.draw.randrange(40)
    ]
    chosen = a.draw.sample(orders, min(len(orders), 5)) if orders else []
    return Draft("book", "release", (chosen * a.draw.choice((1, 1, 2)),), a.draw.choice(a.cast.everyone))


def set_paused(a: "Actions") -> Draft:
    paused = a.draw.randrange(3) == 0
    return Draft("book", "setFramePaused", (a.draw.choice(a.recent_frames()), paused), a.cast.operator)


def refuse(a: "Actions") -> Draft | None:
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


def withdraw_margin(a: "Actions") -> Draft:
    venue, account = a.draw.choice(("book", "storage")), a.participant()
    margin = getattr(a.market, venue).margin_of(a.market.registry.id_of(account))
    amount = a.draw.choice((0, margin // 50, margin // 9, margin + 1))
    return Draft(venue, "withdrawMargin", (amount,), account)


def open_frames(a: "Actions") -> Draft:
    draw = a.draw
    known = a.market.book.open_frames()
    first = max([*known[-1:], a.frame + 1]) + 1 if draw.randrange(9) else a.frame + draw.randrange(4)
    first = first if first < a.frame + 8 else a.frame + draw.randrange(600)
    tariffs = []
    for _ in range(draw.randrange(1, 4)):
        cap = draw.choice((30, 150, 191, 200, draw.randrange(1, 255)))
        grid, retailer = (draw.choice((255, cap, min(cap, draw.randrange(1, 40)))) for _ in range(2))
        tariffs.append(pack_tariff(cap, grid, retailer, draw.randrange(6), draw.randrange(9)))
    return Draft("house", "openFrames", (a.market.address_of("book"), first, tariffs), a.cast.operator)


def _open_positions(a: "Actions", frame: int) -> list[int]:
    house = a.market.house
    left = [number for number in a.market.book.positions_in(frame) if not house.is_settled(frame, number)]
    return left if a.draw.randrange(5) else [*left, a.some_id()]


def report(a: "Actions") -> Draft | None:
    clock = a.market.clock
    ended = [f for f in a.recent_frames() if clock.end(f) <= a.now < clock.metering_deadline(f)]
    if not ended:
        return None
    frame, readings = a.draw.choice(ended), []
    for number in _open_positions(a, frame):
        if a.draw.randrange(3):
            owed = a.market.book.positions_in(frame).get(number)
            owed_wh = owed.owed_wh if owed else 100
            readings.append(
                pack_reading(number, a.draw.choice((0, owed_wh // 2, owed_wh, owed_wh, owed_wh + 9)))
            )
    return Draft("house", "reportDelivery", (frame, readings), a.cast.meter)


def settle_unmetered(a: "Actions") -> Draft | None:
    over = [f for f in a.recent_frames() if a.market.clock.metering_deadline(f) <= a.now]
    if not over:
        return None
    frame = a.draw.choice(over)
    return Draft("house", "settleUnmetered", (frame, _open_positions(a, frame)), a.participant())


def finalise(a: "Actions") -> Draft | None:
    house, ended = a.market.house, []
    for frame in a.recent_frames():
        settled = house.frame_of(frame)[8] == a.market.book.frame_of(frame)[6]
        if a.market.clock.end(frame) <= a.now and (settled or not a.draw.randrange(9)):
            ended.append(frame)
    if not ended:
        return None
    return Draft("house", "finaliseFrame", (a.draw.choice(ended),), a.draw.choice(a.cast.everyone))


def token(a: "Actions") -> Draft:
    account = a.draw.choice((*a.cast.participants, *a.cast.outsiders))
    kind, amount = a.draw.randrange(4), a.draw.randrange(10**7)
    house = a.market.address_of("house")
    if kind == 0:
        return Draft("token", "mint", (account, amount * 1000), account)
    if kind == 1:
        return Draft("token", "approve", (house, a.draw.choice((amount, 2**256 - 1))), account)
    if kind == 2:
        return Draft("token", "transfer", (a.draw.choice((*a.cast.everyone, house)), amount), account)
    return Draft("token", "transferFrom", (account, a.participant(), amount), a.participant())


def escrow(a: "Actions") -> Draft:
    account = a.participant()
    market, house = a.market, a.market.address_of("house")
    kind = a.draw.randrange(5)
    balance = market.house.account_of(market.registry.id_of(account))[0]
    if kind == 0:
        most = min(market.token.balance_of(account), market.token.allowance(account, house))
        return Draft("house", "deposit", (a.draw.choice((most // 3, most, most + 1)),), account)
    amount = a.draw.choice((balance // 10, balance // 3, balance, balance + 1, 0))
    if kind == 1:
        return Draft("house", "withdraw", (amount // 4,), account)
    venue = market.address_of(a.draw.choice(("book", "book", "storage")))
    return Draft("house", "moveToVenue", (venue, amount), account)


def supervise(a: "Actions") -> Draft:
    draw, owner = a.draw, a.market.registry.owner()
    policy = (
        draw.choice((1000, 0, 10_000, 10_001)),
        draw.choice((50, 1, 900)),
        draw.randrange(1, 4),
        draw.randrange(1, 3),
        draw.choice((0, 5000, -9000, 10_000, -10_001)),
    )
    venue = draw.choice((*(a.market.address_of(name) for name in ("book", "storage")), a.cast.outsiders[0]))
    return draw.choice(
        (
            Draft("house", "setSuspended", (a.some_id(), draw.randrange(3) == 0), owner),
            Draft("house", "setSuspended", (a.some_id(), False), owner),
            Draft("credit", "setCreditPolicy", (policy,), owner),
            Draft("credit", "setRiskParameters", (draw.randrange(10_005), draw.randrange(9_000)), owner),
            Draft("house", "addVenue", (venue, bool(draw.randrange(2))), owner),
            Draft("house", "configure", (1, 2, 3), owner),
        )
    )


def rate(a: "Actions") -> Draft:
    ids = [a.draw.randrange(7, 7 + len(a.cast.participants)) for _ in range(a.draw.randrange(1, 5))]
    weights = [a.draw.choice((0, 100, 5000, 2**40 - 1)) for _ in ids]
    records = [
        pack_rating(number, weight, int(a.draw.randrange(3) > 0))
        for number, weight in zip(ids, weights, strict=True)
    ]
    return Draft("house", "rate", (records,), a.cast.meter)


def probation(a: "Actions") -> Draft | None:
    house, count = a.market.house, a.market.registry.participant_count()
    suspended = [number for number in range(1, count + 1) if house.account_of(number)[4] & 2]
    if not suspended and a.draw.randrange(9):
        return None
    return Draft("house", "startProbation", (a.draw.choice([*suspended, a.some_id()]),), a.participant())


def book_storage(a: "Actions") -> Draft:
    draw = a.draw
    first, frames = a.frame + draw.choice((1, 2, 2, 5, 1020)), draw.choice((1, 2, 5, 96))
    powers = draw.choice((0, 1500, 3000, 11_000)), draw.choice((0, 1000, 3700))
    args = (first, frames, draw.choice((1, 4000, 9999, 60_000)), *powers)
    return Draft("storage", "book", args, a.participant())


def move_storage(a: "Actions") -> Draft | None:
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
    return Draft("storage", "move", (frame, records), a.cast.meter)


def close_storage(a: "Actions") -> Draft | None:
    clock, ended = a.market.clock, []
    for number, booking in a.market.storage.bookings().items():
        if clock.metering_deadline(booking.first_frame + booking.frames - 1) <= a.now:
            ended.append(number)
    if not ended:
        if a.draw.randrange(9):
            return None
        ended = [a.draw.randrange(1, 9)]
    return Draft("storage", "close", (a.draw.choice(ended),), a.participant())


def collect(a: "Actions") -> Draft:
    return Draft("storage", "collectRevenue", (), a.draw.choice(a.cast.everyone))


def stations(a: "Actions") -> Draft:
    """Participants 7 and 8 are stations."""
    draw = a.draw
    station, user = draw.choice((7, 8, 8, 9)), draw.randrange(8, 7 + len(a.cast.participants))
    kind = draw.randrange(5)
    if kind == 0:
        return Draft("credit", "recordEndorsements", (station, draw.randrange(50)), a.cast.operator)
    if kind < 3:
        return Draft("credit", "attestSessions", ([pack_session(station, user, 5000)],), a.cast.meter)
    open_ones = [
        (place, number)
        for place in (7, 8)
        for number in range(7, 7 + len(a.cast.participants))
        if a.market.credit.open_sessions(place, number)
    ]
    station, user = draw.choice(open_ones) if open_ones else (station, user)
    sender = a.market.registry.account_of(user)
    return Draft("credit", "evaluate", (station, draw.randrange(7)), sender)


def supply(a: "Actions") -> Draft:
    """Participants 9 and 10 are exchanges."""
    records = []
    for _ in range(a.draw.randrange(1, 4)):
        exchange = a.draw.randrange(3) == 0
        number = a.draw.choice((9, 10)) if exchange else a.draw.randrange(7, 7 + len(a.cast.participants))
        offered = a.draw.choice((0, 100, 9999))
        met = a.draw.choice((offered, offered, offered * 2 // 3, 0))
        records.append(pack_supply(number, offered, met, exchange=exchange))
    return Draft("credit", "recordSupply", (records,), a.cast.meter)


def register(a: "Actions") -> Draft:
    draw, registry = a.draw, a.market.registry
    owner, outsider = registry.owner(), draw.choice(a.cast.outsiders)
    account = draw.choice(a.cast.participants)
    roles = registry.roles_of(account)
    last = registry.participant_count()
    return draw.choice(
        (
            Draft("registry", "register", (outsider, draw.randrange(65)), owner),
            Draft("registry", "registerMany", ([outsider, draw.choice(a.cast.outsiders)], 1), owner),
            Draft("registry", "setRoles", (account, roles ^ draw.choice((0, 64))), owner),
            Draft("registry", "setRoles", (account, roles | Role.PROSUMER), owner),
            Draft("registry", "sync", (draw.randrange(3), draw.choice((last, last + 1, 2))), account),
            Draft("registry", "addListener", (a.market.address_of(draw.choice(("book", "house"))),), owner),
            Draft("registry", "removeListener", (a.market.address_of("token"),), owner),
            Draft("registry", "removeListener", (a.market.address_of("storage"),), owner),
            Draft("registry", "addListener", (a.market.address_of("storage"),), owner),
            Draft("registry", "transferOwnership", (account,), a.participant()),
            Draft("registry", "acceptOwnership", (), a.participant()),
        )
    )


def intrude(a: "Actions") -> Draft:
    """Calls that only contracts may make, by somebody who is none."""
    somebody, number, frame = a.draw.choice(a.cast.everyone), a.some_id(), a.frame + 2
    contract = a.draw.choice(("house", "book", "storage", "credit"))
    return a.draw.choice(
        (
            Draft(contract, "onParticipant", (somebody, number, 1), somebody),
            Draft(a.draw.choice(("book", "storage")), "creditMargin", (number, 5), somebody),
            Draft("book", "openFrame", (frame, 9, 1), somebody),
            Draft("book", "closeFrame", (frame,), somebody),
            Draft("book", "setStatus", (number, 1), somebody),
            Draft("book", "setDemandFactor", (number, 1), somebody),
            Draft("house", "creditFromVenue", (number, 5), somebody),
            Draft("house", "setCreditPolicy", ((0, 0, 0, 0, 0),), somebody),
        )
    )


CALLS = (
    (place, 42),
    (cancel, 5),
    (reduce, 4),
    (release, 3),
    (set_paused, 1),
    (refuse, 6),
    (withdraw_margin, 2),
    (open_frames, 3),
    (report, 8),
    (settle_unmetered, 4),
    (finalise, 6),
    (token, 3),
    (escrow, 5),
    (supervise, 2),
    (rate, 2),
    (probation, 2),
    (book_storage, 3),
    (move_storage, 4),
    (close_storage, 2),
    (collect, 1),
    (stations, 5),
    (supply, 3),
    (register, 2),
    (intrude, 1),
)
