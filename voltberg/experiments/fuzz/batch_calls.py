"""Calls to the continuous book in batches, by exchanges and with signatures."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.eip712 import sign_order
from voltberg.chain.market import checked_address
from voltberg.experiments.fuzz.book_calls import place
from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.models import Role
from voltberg.reference.words import REQUEST_BITS

if TYPE_CHECKING:
    from voltberg.experiments.fuzz.actions import Actions

KEYS: Final = 40
"""Accounts whose keys are derived; casts are smaller."""


def _requests(a: Actions, most: int) -> list[int]:
    drafts = [place(a) for _ in range(a.draw.randrange(1, most + 1))]
    return [draft.args[0] for draft in drafts if draft is not None and draft.function == "place"]


def some_exchange(a: Actions) -> str:
    """Draw an exchange, or anybody if there is none."""
    registry = a.market.registry
    able = [account for account in a.cast.participants if registry.roles_of(account) & Role.EXCHANGE]
    return a.draw.choice(able) if able else a.participant()


def name_exchange(a: Actions) -> Draft:
    """Name an exchange, mostly with limits that leave room; now and then nobody."""
    draw = a.draw
    number = (
        a.market.registry.id_of(some_exchange(a)) if draw.randrange(8) else draw.randrange(2) * a.some_id()
    )
    most_wh = draw.choice((2**32 - 1, 2**32 - 1, 1_000 * a.scale))
    bid, ask = draw.choice((191, 191, 20)), draw.choice((0, 0, 20))
    last = a.frame + draw.choice((50, 50, 3))
    return Draft("book", "nameExchange", (number, most_wh, bid, ask, last), a.participant())


def place_many(a: Actions) -> Draft | None:
    """Place a few orders of one account."""
    requests = _requests(a, 3)
    return Draft("book", "placeMany", (requests,), a.trader()) if requests else None


def cancel_many(a: Actions) -> Draft:
    """Cancel orders of an account, and some of others."""
    owner = a.participant()
    orders = a.market.book.all_resting_orders()
    number = a.market.registry.id_of(owner)
    own = [order for order in orders if a.market.book.order_of(order)[0] == number]
    # Hypothesis' generator does not sample from nothing.
    chosen = [
        order
        for among, most in ((own, 2), (orders, 1))
        if among
        for order in a.draw.sample(among, min(len(among), most))
    ]
    return Draft("book", "cancelMany", (chosen * a.draw.choice((1, 1, 2)),), owner)


def place_for(a: Actions) -> Draft | None:
    """Place orders of consumers by their exchange, some of them not its own."""
    exchange, registry = some_exchange(a), a.market.registry
    number = registry.id_of(exchange)
    ids = [registry.id_of(account) for account in a.cast.participants]
    named = [consumer for consumer in ids if a.market.book.mandate_of(consumer).exchange_id == number]
    entries = []
    for request in _requests(a, 4):
        consumer = a.draw.choice(named) if named and a.draw.randrange(6) else a.some_id()
        entries.append(request | consumer << REQUEST_BITS)
    return Draft("book", "placeFor", (entries,), exchange) if entries else None


def cancel_for(a: Actions) -> Draft | None:
    """Cancel orders of consumers by an exchange."""
    orders = a.market.book.all_resting_orders()
    if not orders:
        return None
    chosen = a.draw.sample(orders, min(len(orders), 3))
    return Draft("book", "cancelFor", (chosen * a.draw.choice((1, 1, 2)),), some_exchange(a))


def cancel_nonces(a: Actions) -> Draft:
    """Cancel a few nonces."""
    return Draft("book", "cancelNonces", (a.draw.randrange(2), 1 << a.draw.randrange(256)), a.participant())


def place_signed(a: Actions) -> Draft | None:
    """Submit a signed order, by whomever; some are late, used or for another chain."""
    draft = place(a)
    if draft is None or draft.function != "place":
        return None
    return signed(a, draft, sign_order)


def signed(a: Actions, draft: Draft, sign: Callable[[bytes, int, str, int, int, int], bytes]) -> Draft:
    """Let whoever places an order sign it instead, and anybody submit it."""
    draw, owner, request = a.draw, draft.sender, draft.args[0]
    nonce = draw.randrange(512)
    expiry = max(0, a.now + draw.choice((10**6, 10**6, 0, -1)))
    chain_id = a.market.book.chain_id if draw.randrange(9) else 1
    signature = sign(_keys()[owner], chain_id, a.market.address_of(draft.contract), request, nonce, expiry)
    args = (request, owner, nonce, expiry, signature)
    return Draft(draft.contract, "placeSigned", args, draw.choice(a.cast.everyone))


@lru_cache(maxsize=1)
def _keys() -> dict[str, bytes]:
    accounts = accounts_of_mnemonic(TEST_MNEMONIC, KEYS)
    return {checked_address(account.address): account.key for account in accounts}


BATCH_CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    (name_exchange, 3),
    (place_many, 2),
    (cancel_many, 1),
    (place_for, 4),
    (cancel_for, 1),
    (cancel_nonces, 1),
    (place_signed, 3),
)
"""Who draws, and in how many of about a hundred calls."""
