"""Calls to the frame auction by exchanges and with signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voltberg.chain.eip712 import sign_auction_order
from voltberg.experiments.fuzz.auction_calls import cancel, place
from voltberg.experiments.fuzz.batch_calls import cancel_nonces, name_exchange, signed, some_exchange
from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.reference.auction_batches import pack_cancel_entry, pack_order_entry
from voltberg.reference.words import MASK_32

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions

MOST_ENTRIES: Final = 5


def name_auction_exchange(a: Actions) -> Draft:
    """Name an exchange at the auction."""
    return name_exchange(a)._replace(contract="auction")


def _consumer(a: Actions, exchange: str) -> str:
    """Draw a consumer who named an exchange, or, now and then, somebody else."""
    registry, auction = a.market.registry, a.market.auction
    number = registry.id_of(exchange)
    named = [
        account
        for account in a.cast.participants
        if auction.mandate_of(registry.id_of(account)).exchange_id == number
    ]
    if named and a.draw.randrange(8):
        return a.draw.choice(named)
    return a.draw.choice(a.cast.everyone)


def place_for(a: Actions) -> Draft | None:
    """Place orders of consumers in one frame; some are not the exchange's, some have a bit too many."""
    drafts = [place(a) for _ in range(a.draw.randrange(1, MOST_ENTRIES + 1))]
    requests = [draft.args[0] for draft in drafts if draft is not None]
    if not requests:
        return None
    exchange = some_exchange(a)
    frame = requests[0] & MASK_32
    entries = [pack_order_entry(request, _consumer(a, exchange)) for request in requests]
    if not a.draw.randrange(6):
        entries[-1] ^= 1 << a.draw.choice((3, 250, a.draw.randrange(256)))
    return Draft("auction", "placeFor", (frame, entries), exchange)


def cancel_for(a: Actions) -> Draft | None:
    """Cancel orders of consumers by an exchange."""
    drafts = [cancel(a) for _ in range(a.draw.randrange(1, MOST_ENTRIES + 1))]
    given = [draft for draft in drafts if draft is not None]
    if not given:
        return None
    exchange = some_exchange(a)
    entries = []
    for draft in given:
        _, origin, number = draft.args
        account = _consumer(a, exchange) if a.draw.randrange(3) else draft.sender
        entries.append(pack_cancel_entry(origin, number, account))
    if not a.draw.randrange(8):
        entries[0] ^= 1 << a.draw.randrange(256)
    return Draft("auction", "cancelFor", (given[0].args[0], entries), exchange)


def cancel_auction_nonces(a: Actions) -> Draft:
    """Cancel a few nonces."""
    return cancel_nonces(a)._replace(contract="auction")


def place_signed(a: Actions) -> Draft | None:
    """Submit a signed order, by whomever; some are late, used or for another chain."""
    draft = place(a)
    if draft is None:
        return None
    return signed(a, draft, sign_auction_order)


AUCTION_BATCH_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (name_auction_exchange, 2),
    (place_for, 5),
    (cancel_for, 2),
    (cancel_auction_nonces, 1),
    (place_signed, 3),
)
"""Who draws, and in how many of about a hundred calls."""
