"""Calls of the supervisor, and calls that only contracts may make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.models import Role

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions


def supervise(a: Actions) -> Draft:
    """Change policies, suspensions and venues."""
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
            Draft("house", "addVenue", (venue, draw.choice((0, 1, 2, 3))), owner),
            Draft("house", "configure", (1, 2, 3), owner),
        )
    )


def register(a: Actions) -> Draft:
    """Register, change roles and listeners, hand the registry over."""
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


def intrude(a: Actions) -> Draft:
    """Make calls that only contracts may make, by somebody who is none."""
    somebody, number, frame = a.draw.choice(a.cast.everyone), a.some_id(), a.frame + 2
    stranger = a.draw.choice([account for account in a.cast.everyone if account != a.market.registry.owner()])
    listener = a.draw.choice(("house", "book", "auction", "round", "storage", "credit"))
    holder = a.draw.choice(("book", "auction", "round", "storage"))
    venue = a.draw.choice(("book", "auction", "round"))
    return a.draw.choice(
        (
            Draft(listener, "onParticipant", (somebody, number, 1), somebody),
            Draft(holder, "creditMargin", (number, 5), somebody),
            Draft(venue, "openFrame", (frame, 9, 1), somebody),
            Draft(venue, "closeFrame", (frame,), somebody),
            Draft(venue, "setStatus", (number, 1), somebody),
            Draft(venue, "setDemandFactor", (number, 1), somebody),
            Draft("book", "placeEntry", (frame, number), somebody),
            Draft("house", "creditFromVenue", (number, 5), somebody),
            Draft("house", "pushDemandFactor", (number, 9), somebody),
            Draft("house", "setCreditPolicy", ((0, 0, 0, 0, 0),), somebody),
            Draft("registry", "renounceOwnership", (), stranger),
        )
    )


def sync_venue(a: Actions) -> Draft:
    """Tell a venue again what the house knows of some participants, or of one that nobody knows."""
    draw, last = a.draw, a.market.registry.participant_count()
    venue = draw.choice(
        (*(a.market.address_of(name) for name in ("book", "auction", "round")), a.cast.outsiders[0])
    )
    first = draw.randrange(1, last + 1)
    args = (venue, first, draw.choice((first, last, last + 1, first - 1)))
    return Draft("house", "syncVenue", args, draw.choice(a.cast.everyone))


SUPERVISOR_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (supervise, 2),
    (register, 2),
    (intrude, 2),
    (sync_venue, 1),
)
"""Who draws, and in how many of about a hundred calls."""
