"""Calls to the credit scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.reference.words import pack_session, pack_supply

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions


def stations(a: Actions) -> Draft:
    """Endorse, attest and evaluate stations: participants 7 and 8."""
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


def supply(a: Actions) -> Draft:
    """Record what was offered and met; participants 9 and 10 are exchanges."""
    records = []
    for _ in range(a.draw.randrange(1, 4)):
        exchange = a.draw.randrange(3) == 0
        number = a.draw.choice((9, 10)) if exchange else a.draw.randrange(7, 7 + len(a.cast.participants))
        offered = a.draw.choice((0, 100, 9999))
        met = a.draw.choice((offered, offered, offered * 2 // 3, 0))
        records.append(pack_supply(number, offered, met, exchange=exchange))
    return Draft("credit", "recordSupply", (records,), a.cast.meter)


CREDIT_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (stations, 5),
    (supply, 3),
)
"""Who draws, and in how many of about a hundred calls."""
