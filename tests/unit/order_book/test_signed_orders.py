"""Orders that their owner signs and anybody submits."""

import pytest

from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.eip712 import sign_order
from voltberg.chain.market import checked_address

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture(scope="module")
def keys():
    accounts = accounts_of_mnemonic(TEST_MNEMONIC, 61)
    return {checked_address(account.address): account.key for account in accounts}


class Signed:
    """An order of an owner, ready for `placeSigned`."""

    def __init__(self, book, keys, owner, **changed):
        self.request = changed.get("request", book.request(book.ASK, 100, 100))
        self.owner = owner.address
        self.nonce = changed.get("nonce", 7)
        self.expiry = changed.get("expiry", book.market.now + 600)
        chain_id = changed.get("chain_id", book.market.engine.chain_id)
        venue = changed.get("venue", book.market.address("book"))
        self.signature = sign_order(
            keys[changed.get("signer", owner).address], chain_id, venue, self.request, self.nonce, self.expiry
        )

    @property
    def args(self):
        return self.request, self.owner, self.nonce, self.expiry, self.signature


def test_the_order_is_the_signers_whoever_submits_it(book, market, traders, keys):
    owner = traders[0]
    start = book.margin(owner)
    signed = Signed(book, keys, owner)
    done = market.transact(market.outsider, "book", "placeSigned", *signed.args)
    assert done.returned[0] == book.id(book.ASK, 100, 0)
    assert book.order(done.returned[0])[:2] == (owner.id, 100)
    assert start - book.margin(owner) == 100 * 50 * 2
    assert market.call("book", "usedNonces", owner.address, 0) == 1 << 7


def test_a_signature_is_used_once_also_when_somebody_is_faster(book, market, traders, keys):
    owner, relayer, rival, *_ = traders
    signed = Signed(book, keys, owner, nonce=300)
    market.transact(rival, "book", "placeSigned", *signed.args)
    with market.reverts(f"Venue_NonceUsed: {owner.address}, 300"):
        market.transact(relayer, "book", "placeSigned", *signed.args)
    assert book.order(book.id(book.ASK, 100, 0))[0] == owner.id
    assert book.level(book.ASK, 100)[1] == 1


def test_a_malleable_twin_of_a_signature_is_refused(book, market, traders, keys):
    owner, relayer, *_ = traders
    signed = Signed(book, keys, owner)
    flipped = CURVE_ORDER - int.from_bytes(signed.signature[32:64], "big")
    twin = signed.signature[:32] + flipped.to_bytes(32, "big") + bytes((55 - signed.signature[64],))
    for signature in (twin, signed.signature[:64], b"", signed.signature[:64] + b"\x1d"):
        with market.reverts(f"Venue_InvalidSignature: {owner.address}"):
            market.transact(relayer, "book", "placeSigned", *signed.args[:4], signature)


def test_an_expired_signature_is_refused_from_the_next_second_on(book, market, traders, keys):
    owner = traders[0]
    expiry = market.now + 60
    late, last = (Signed(book, keys, owner, nonce=nonce, expiry=expiry) for nonce in (1, 2))
    market.at(expiry).transact(traders[1], "book", "placeSigned", *last.args)
    with market.reverts(f"Venue_SignatureExpired: {expiry}, {expiry + 1}"):
        market.transact(traders[1], "book", "placeSigned", *late.args)


def test_cancelled_nonces_make_signatures_worthless(book, market, traders, keys):
    owner, relayer, *_ = traders
    done = market.transact(owner, "book", "cancelNonces", 1, 0b101)
    assert done.events("NoncesCancelled") == [(owner.address, 1, 0b101)]
    for nonce in (256, 258):
        with market.reverts(f"Venue_NonceUsed: {owner.address}, {nonce}"):
            market.transact(relayer, "book", "placeSigned", *Signed(book, keys, owner, nonce=nonce).args)
    market.transact(relayer, "book", "placeSigned", *Signed(book, keys, owner, nonce=257).args)
    market.transact(relayer, "book", "cancelNonces", 0, 1)
    market.transact(relayer, "book", "placeSigned", *Signed(book, keys, owner, nonce=0).args)


def test_what_was_signed_holds_for_one_chain_venue_owner_and_order(book, market, traders, keys):
    owner, relayer, *_ = traders
    good = Signed(book, keys, owner)
    wrong = [
        Signed(book, keys, owner, chain_id=1).args,
        Signed(book, keys, owner, venue=market.address("house")).args,
        Signed(book, keys, owner, signer=relayer).args,
        (good.request ^ 1 << 40, *good.args[1:]),
        (*good.args[:2], 8, *good.args[3:]),
        (*good.args[:3], good.expiry + 1, good.signature),
    ]
    for args in wrong:
        with market.reverts(f"Venue_InvalidSignature: {owner.address}"):
            market.transact(relayer, "book", "placeSigned", *args)
    market.transact(relayer, "book", "placeSigned", *good.args)


def test_an_order_that_cannot_be_placed_keeps_its_nonce(book, market, traders, keys):
    owner, relayer, *_ = traders
    signed = Signed(book, keys, owner)
    market.transact(market.operator, "book", "setFramePaused", book.frame, True)
    with market.reverts(f"OrderBook_FramePaused: {book.frame}"):
        market.transact(relayer, "book", "placeSigned", *signed.args)
    market.transact(market.operator, "book", "setFramePaused", book.frame, False)
    market.transact(relayer, "book", "placeSigned", *signed.args)
    high = Signed(book, keys, owner, nonce=9)
    with market.reverts(f"OrderBook_InvalidRequest: {high.request | 1 << 144}"):
        market.transact(relayer, "book", "placeSigned", high.request | 1 << 144, *high.args[1:])
