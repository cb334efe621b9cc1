"""Calls to the venue of rounds, and to the house about the frames of rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.matching.round_greedy import greedy_allocation
from voltberg.matching.round_problem import RoundTrade, problem_of, score_of
from voltberg.models import Role
from voltberg.reference.round_words import chunks_of, pack_entry, pack_feeder_limit
from voltberg.reference.words import pack_reading, pack_refusal, pack_tariff

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions

COLLECTION, SUBMISSION, APPLICATION = 6, 7, 8
"""Places of the deadlines in a round's terms."""
GAP_FRAMES: Final = 1
"""How far behind the last frame of book and auction the next round begins."""
FARTHEST_FRAME: Final = 9
"""How far ahead that may be."""


def _between(a: Actions, opens: int | None, closes: int | None) -> list[int]:
    """List the last rounds of which one deadline is over and the other is not."""
    rounds, found = a.market.round, []
    for number in range(max(1, rounds.round_count() - 4), rounds.round_count() + 1):
        terms = rounds.terms_of(number)
        if (opens is None or terms[opens] <= a.now) and (closes is None or a.now < terms[closes]):
            found.append(number)
    return found


def _unfinished(a: Actions) -> list[int]:
    house = a.market.house
    return [frame for frame in a.market.round.open_frames()[-12:] if not house.frame_of(frame)[7]]


def _free_frames(a: Actions) -> list[int]:
    """Frames that a round could still be opened for, from the first one on without a gap."""
    clock, rounds, found = a.market.clock, a.market.round, list[int]()
    for frame in rounds.open_frames():
        free = not rounds.frame_of(frame)[3] and clock.gate_closure(frame) > a.now + 30
        if free and (not found or frame == found[-1] + 1):
            found.append(frame)
    return found


def open_round(a: Actions) -> Draft | None:
    """Open a round over free frames, or the frames for one where none is under way."""
    draw, clock = a.draw, a.market.clock
    frames = _free_frames(a)
    if not frames:
        if _between(a, None, COLLECTION) and draw.randrange(9):
            return None
        # Frames far ahead are not in the way.
        near = [frame for frame in a.market.house.frames() if frame < a.frame + FARTHEST_FRAME]
        first = max([*near, a.frame + 1]) + GAP_FRAMES
        if first > a.frame + FARTHEST_FRAME:
            return None
        caps = [draw.choice((60, 150, 200)) for _ in range(draw.randrange(1, 4))]
        tariffs = [pack_tariff(cap, cap, 255, draw.randrange(6), draw.randrange(9)) for cap in caps]
        args = (a.market.address_of("round"), first, tariffs)
        return Draft("house", "openFrames", args, a.cast.operator)
    gate, deadline = clock.gate_closure(frames[0]), clock.refusal_deadline(frames[0])
    # Time for requests and offers to meet, and then for several submissions.
    collection = a.now + (gate - a.now) // draw.choice((1, 2, 2, 3))
    submission = collection + max(1, (deadline - collection) // draw.choice((2, 2, 3)))
    application = submission + max(1, (deadline - submission) // draw.choice((1, 1, 2)))
    storage_id = draw.choice((0, 0, draw.randrange(7, 16)))
    limits = [
        pack_feeder_limit(draw.choice((0, 300, 10**6)), draw.choice((50, 800, 10**6)))
        for _ in range(draw.randrange(1, 4))
    ]
    terms = (
        *(frames[0], draw.randrange(1, len(frames) + 1), draw.randrange(2)),
        *(storage_id, draw.randrange(2000), draw.randrange(2000)),
        *(collection, submission, application),
    )
    return Draft("round", "openRound", (terms, limits), a.cast.operator)


def _exchanges(a: Actions) -> list[str]:
    registry = a.market.registry
    return [account for account in a.cast.participants if registry.roles_of(account) & Role.EXCHANGE]


def name_exchange(a: Actions) -> Draft | None:
    """Name an exchange, or now and then none."""
    exchanges = _exchanges(a)
    if not exchanges:
        return None
    number = a.draw.choice((0, *[a.market.registry.id_of(account) for account in exchanges] * 4))
    limits = (
        a.draw.choice((600, 10**6, 10**6)),
        a.draw.choice((40, 191, 191)),
        a.draw.choice((0, 255)),
        a.frame + a.draw.randrange(3, 600),
    )
    return Draft("round", "nameExchange", (number, *limits), a.participant())


def _entry(a: Actions, number: int, participant_id: int, middle: int) -> int:
    draw, terms = a.draw, a.market.round.terms_of(number)
    first = draw.randrange(terms[1])
    last = draw.randrange(first, terms[1])
    feeder = draw.randrange(len(a.market.round.feeder_limits_of(number)))
    quantity = min(2**32 - 1, draw.choice((50, 500, draw.randrange(40, 3000))) * a.scale)
    return pack_entry(participant_id, quantity, middle + draw.randrange(-9, 10), first, last, feeder)


def request_for(a: Actions) -> Draft | None:
    """Send a part of an exchange's list."""
    numbers, exchanges = _between(a, None, COLLECTION), _exchanges(a)
    if not numbers or not exchanges:
        return None
    number, exchange = a.draw.choice(numbers), a.draw.choice(exchanges)
    exchange_id = a.market.registry.id_of(exchange)
    last = a.market.round.list_of(number, exchange_id)[0]
    known = range(last + 1, a.market.registry.participant_count() + 2)
    named = [
        i
        for i in known
        if a.market.round.mandate_of(i).exchange_id == exchange_id or not a.draw.randrange(12)
    ]
    words = [_entry(a, number, i, 30) for i in named[: a.draw.randrange(1, 5)]]
    return Draft("round", "requestFor", (number, words), exchange) if words else None


def offer(a: Actions) -> Draft | None:
    """Offer energy in a round that collects."""
    numbers = _between(a, None, COLLECTION)
    if not numbers:
        return None
    number, account = a.draw.choice(numbers), a.trader()
    word = _entry(a, number, a.market.registry.id_of(account), 22)
    return Draft("round", "offer", (number, word), account)


def cancel_entry(a: Actions) -> Draft | None:
    """Take back an entry, by its owner."""
    numbers = _between(a, None, COLLECTION)
    entries = a.market.round.standing_entries(a.draw.choice(numbers)) if numbers else []
    if not entries:
        return None
    entry_id = a.draw.choice(entries)
    owner = a.market.registry.account_of(a.market.round.entry_of(entry_id)[0])
    return Draft("round", "cancel", (entry_id,), owner)


def submit(a: Actions) -> Draft | None:
    """Submit what a greedy solver finds, a part of it, or something tampered with."""
    draw, rounds = a.draw, a.market.round
    numbers = _between(a, COLLECTION, SUBMISSION)
    if not numbers:
        return None
    number = draw.choice(numbers)
    entries = {entry_id: rounds.entry_of(entry_id) for entry_id in rounds.standing_entries(number)}
    problem = problem_of(rounds.terms_of(number), rounds.feeder_limits_of(number), entries)
    trades: Sequence[RoundTrade] = greedy_allocation(problem)
    if trades and draw.randrange(2):
        trades = [trades[0]._replace(energy_wh=max(1, trades[0].energy_wh // 2)), *trades[1:]]
        trades = trades[: draw.randrange(1, len(trades) + 1)]
    if trades and draw.randrange(4) == 0:
        # Small pieces make chunks.
        first = trades[0]
        trades = [first._replace(energy_wh=1)] * min(first.energy_wh, draw.choice((64, 65, 130)))
    score, words = score_of(problem.objective, trades), [trade.word for trade in trades]
    if score <= rounds.state_of(number)[2] and draw.randrange(9):
        return None
    if words and draw.randrange(4) == 0:
        place = draw.randrange(len(words))
        words[place] ^= 1 << draw.randrange(82)
    return Draft("round", "submit", (number, score, words), a.participant())


def finalise_round(a: Actions) -> Draft | None:
    """Apply the next chunk of a winner."""
    numbers = [number for number in _between(a, SUBMISSION, None) if a.market.round.unapplied_trades(number)]
    if not numbers:
        return None
    number = a.draw.choice(numbers)
    if a.now >= a.market.round.terms_of(number)[APPLICATION] and a.draw.randrange(60):
        return None
    chunk = chunks_of(a.market.round.unapplied_trades(number))[0]
    return Draft(
        "round", "finalise", (number, list(chunk.trades), chunk.rest), a.draw.choice(a.cast.everyone)
    )


def release_entries(a: Actions) -> Draft | None:
    """Release entries of rounds that are past submission."""
    rounds, entries = a.market.round, list[int]()
    for number in _between(a, SUBMISSION, None):
        if not rounds.unapplied_trades(number) or a.now >= rounds.terms_of(number)[APPLICATION]:
            entries += rounds.standing_entries(number)
    if not entries:
        return None
    chosen = a.draw.sample(entries, min(len(entries), 6))
    return Draft("round", "release", (chosen * a.draw.choice((1, 1, 2)),), a.draw.choice(a.cast.everyone))


def refuse_round(a: Actions) -> Draft | None:
    """Refuse a part of a round's trades."""
    clock = a.market.clock
    for frame in _unfinished(a):
        if not clock.gate_closure(frame) <= a.now < clock.refusal_deadline(frame):
            continue
        positions = a.market.round.positions_in(frame)
        buyers = [number for number, position in positions.items() if position.bought_wh]
        sellers = [number for number, position in positions.items() if position.sold_wh]
        if buyers and sellers:
            buyer, seller = a.draw.choice(buyers), a.draw.choice(sellers)
            most = min(positions[buyer].bought_wh, positions[seller].sold_wh)
            tick = a.draw.randrange(1, 25)
            entry = pack_refusal(buyer, seller, a.draw.randrange(1, most // 2 + 2), tick)
            return Draft("round", "refuseTrades", (frame, [entry]), a.cast.operator)
    return None


def settle_round(a: Actions) -> Draft | None:
    """Read, settle or finalise a frame of rounds that has ended."""
    clock, draw, house = a.market.clock, a.draw, a.market.house
    ended = [frame for frame in _unfinished(a) if clock.end(frame) <= a.now]
    if not ended:
        return None
    frame = draw.choice(ended)
    positions = a.market.round.positions_in(frame)
    left = [number for number in positions if not house.is_settled(frame, number)]
    sold = any(positions[number].sold_wh for number in left)
    if not sold and draw.randrange(9):
        return Draft("house", "finaliseFrame", (frame,), a.participant())
    if clock.metering_deadline(frame) <= a.now:
        return Draft("house", "settleUnmetered", (frame, left), a.participant())
    readings = [
        pack_reading(number, draw.choice((0, positions[number].owed_wh, positions[number].owed_wh)))
        for number in left
        if draw.randrange(3)
    ]
    return Draft("house", "reportDelivery", (frame, readings), a.cast.meter)


def margin_of_rounds(a: Actions) -> Draft:
    """Move margin to the rounds or take it back."""
    account = a.participant()
    number = a.market.registry.id_of(account)
    if a.draw.randrange(2):
        amount = a.market.house.account_of(number)[0] // 20
        return Draft("house", "moveToVenue", (a.market.address_of("round"), amount), account)
    margin = a.market.round.margin_of(number)
    return Draft("round", "withdrawMargin", (a.draw.choice((0, margin // 9, margin + 1)),), account)


ROUND_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (open_round, 5),
    (name_exchange, 2),
    (request_for, 8),
    (offer, 10),
    (cancel_entry, 2),
    (submit, 12),
    (finalise_round, 14),
    (release_entries, 3),
    (refuse_round, 12),
    (settle_round, 6),
    (margin_of_rounds, 1),
)
"""Who draws, and in how many of about a hundred calls."""
