"""Calls to the house: frames, deliveries, escrow, ratings; and to the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.reference.words import pack_rating, pack_reading, pack_tariff

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions


def open_frames(a: Actions) -> Draft:
    """Open the next frames, or some that are open or far off."""
    draw = a.draw
    near = [frame for frame in a.market.house.frames() if frame < a.frame + 8]
    first = max([*near, a.frame + 1]) + 1 if draw.randrange(9) else a.frame + draw.randrange(4)
    ring = a.market.clock.ring_frames
    first = first if first < a.frame + 8 else a.frame + draw.randrange(ring + ring // 6)
    tariffs = []
    for _ in range(draw.randrange(1, 4)):
        cap = draw.choice((30, 150, 191, 200, draw.randrange(1, 255)))
        grid, retailer = (draw.choice((255, cap, min(cap, draw.randrange(1, 40)))) for _ in range(2))
        tariffs.append(pack_tariff(cap, grid, retailer, draw.randrange(6), draw.randrange(9)))
    venue = a.market.address_of(draw.choice(("book", "auction")))
    return Draft("house", "openFrames", (venue, first, tariffs), a.cast.operator)


def _open_positions(a: Actions, frame: int) -> list[int]:
    house = a.market.house
    left = [number for number in a.market.book.positions_in(frame) if not house.is_settled(frame, number)]
    return left if a.draw.randrange(5) else [*left, a.some_id()]


def report(a: Actions) -> Draft | None:
    """Report deliveries of a frame that has ended: nothing, half, all, or more."""
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


def settle_unmetered(a: Actions) -> Draft | None:
    """Settle positions whose metering deadline is over."""
    over = [f for f in a.recent_frames() if a.market.clock.metering_deadline(f) <= a.now]
    if not over:
        return None
    frame = a.draw.choice(over)
    return Draft("house", "settleUnmetered", (frame, _open_positions(a, frame)), a.participant())


def finalise(a: Actions) -> Draft | None:
    """Finalise a frame, mostly one whose sales are settled."""
    house, ended = a.market.house, []
    for frame in a.recent_frames():
        settled = house.frame_of(frame)[8] == a.market.book.frame_of(frame)[6]
        if a.market.clock.end(frame) <= a.now and (settled or not a.draw.randrange(9)):
            ended.append(frame)
    if not ended:
        return None
    return Draft("house", "finaliseFrame", (a.draw.choice(ended),), a.draw.choice(a.cast.everyone))


def token(a: Actions) -> Draft:
    """Move the settlement token about, past the house."""
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


def escrow(a: Actions) -> Draft:
    """Deposit, withdraw, or move money to a venue."""
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
    venue = market.address_of(a.draw.choice(("book", "book", "auction", "storage")))
    return Draft("house", "moveToVenue", (venue, amount), account)


def rate(a: Actions) -> Draft:
    """Rate participants from elsewhere."""
    ids = [a.draw.randrange(7, 7 + len(a.cast.participants)) for _ in range(a.draw.randrange(1, 5))]
    weights = [a.draw.choice((0, 100, 5000, 2**40 - 1)) for _ in ids]
    records = [
        pack_rating(number, weight, int(a.draw.randrange(3) > 0))
        for number, weight in zip(ids, weights, strict=True)
    ]
    if a.draw.randrange(3):
        return Draft("house", "rate", (records,), a.cast.meter)
    # Now and then without the role, or a record with a bit too many.
    record = records[0] | a.draw.choice((0, 0, 0, 1 << 73))
    return Draft("house", "rateOne", (record,), a.draw.choice((a.cast.meter, a.cast.meter, a.cast.operator)))


def probation(a: Actions) -> Draft | None:
    """Start a probation, mostly of somebody who is suspended."""
    house, count = a.market.house, a.market.registry.participant_count()
    suspended = [number for number in range(1, count + 1) if house.account_of(number)[4] & 2]
    if not suspended and a.draw.randrange(9):
        return None
    return Draft("house", "startProbation", (a.draw.choice([*suspended, a.some_id()]),), a.participant())


HOUSE_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (open_frames, 3),
    (report, 8),
    (settle_unmetered, 4),
    (finalise, 6),
    (token, 3),
    (escrow, 5),
    (rate, 2),
    (probation, 2),
)
"""Who draws, and in how many of about a hundred calls."""
