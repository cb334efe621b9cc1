"""Orders of the frame auction that their owner signs and anybody submits (M14)."""

import pytest

from tests.unit.order_book.test_contract_wallets import NONCE, Wallet
from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.eip712 import sign_auction_order, sign_order
from voltberg.chain.market import checked_address
from voltberg.reference.auction_words import unpack_auction_order
from voltberg.reference.words import pack_request

BID, ASK = 0, 1
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture(scope="module")
def keys():
    accounts = accounts_of_mnemonic(TEST_MNEMONIC, 61)
    return {checked_address(account.address): account.key for account in accounts}


@pytest.fixture
def signed(auction, market, keys):
    """Makes arguments of `placeSigned`, right but for what is changed."""

    def make(owner, **changed):
        request = changed.get("request", auction.request(ASK, 60, 500, peak=100, rolls=1))
        nonce, expiry = changed.get("nonce", 7), changed.get("expiry", market.now + 600)
        chain_id = changed.get("chain_id", market.engine.chain_id)
        venue = changed.get("venue", market.address("auction"))
        key = keys[changed.get("signer", owner).address]
        sign = changed.get("sign", sign_auction_order)
        signature = sign(key, chain_id, venue, request, nonce, expiry)
        return request, owner.address, nonce, expiry, signature

    return make


def test_the_order_is_the_signers_whoever_submits_it(auction, market, people, signed):
    owner = people[0]
    start = auction.margin(owner)
    done = auction.send(market.outsider, "placeSigned", *signed(owner))
    assert done.returned == 0
    assert len(done.events("WordChained")) == 1
    order = unpack_auction_order(auction.words[auction.frame][0])
    assert (order.participant_id, order.side, order.tick, order.quantity_wh) == (owner.id, ASK, 60, 500)
    assert (order.peak_wh, order.rolls) == (100, 1)
    assert start - auction.margin(owner) == 500 * 90 * 2
    assert auction.view("usedNonces", owner.address, 0) == 1 << 7
    auction.place(people[1], BID, 70, 200)
    assert auction.clear().traded_wh == 200


def test_a_signature_is_used_once_also_when_somebody_is_faster(auction, market, people, signed):
    owner, relayer, rival = people[:3]
    args = signed(owner, nonce=300)
    auction.send(rival, "placeSigned", *args)
    with market.reverts(f"Venue_NonceUsed: {owner.address}, 300"):
        auction.send(relayer, "placeSigned", *args)
    assert len(auction.words[auction.frame]) == 1


def test_a_malleable_twin_of_a_signature_is_refused(auction, market, people, signed):
    owner = people[0]
    *order, signature = signed(owner)
    flipped = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + flipped.to_bytes(32, "big") + bytes((55 - signature[64],))
    for wrong in (twin, signature[:64], b"", signature[:64] + b"\x1d"):
        with market.reverts(f"Venue_InvalidSignature: {owner.address}"):
            auction.send(people[1], "placeSigned", *order, wrong)


def test_an_expired_signature_is_refused_from_the_next_second_on(auction, market, people, signed):
    owner, expiry = people[0], market.now + 60
    late, last = (signed(owner, nonce=nonce, expiry=expiry) for nonce in (1, 2))
    market.travel_to(expiry)
    auction.send(people[1], "placeSigned", *last)
    market.travel_to(expiry + 1)
    with market.reverts(f"Venue_SignatureExpired: {expiry}, {expiry + 1}"):
        auction.send(people[1], "placeSigned", *late)


def test_cancelled_nonces_make_signatures_worthless(auction, market, people, signed):
    owner, relayer = people[:2]
    done = market.transact(owner, "auction", "cancelNonces", 1, 0b101)
    assert done.events("NoncesCancelled") == [(owner.address, 1, 0b101)]
    for nonce in (256, 258):
        with market.reverts(f"Venue_NonceUsed: {owner.address}, {nonce}"):
            auction.send(relayer, "placeSigned", *signed(owner, nonce=nonce))
    auction.send(relayer, "placeSigned", *signed(owner, nonce=257))
    market.transact(relayer, "auction", "cancelNonces", 0, 1)
    auction.send(relayer, "placeSigned", *signed(owner, nonce=0))


def test_what_was_signed_holds_for_one_chain_venue_owner_and_order(auction, market, people, signed):
    owner, relayer = people[:2]
    request, _, nonce, expiry, signature = good = signed(owner)
    of_book = pack_request(auction.frame, ASK, 60, 500, 100, 0, 0, 1)
    wrong = [
        signed(owner, chain_id=1),
        signed(owner, venue=market.address("book")),
        signed(owner, signer=relayer),
        signed(owner, request=of_book, sign=sign_order),
        (request, relayer.address, nonce, expiry, signature),
        *((request ^ 1 << bit, *good[1:]) for bit in (0, 32, 40, 48, 80, 112)),
        (request, owner.address, nonce + 1, expiry, signature),
        (request, owner.address, nonce, expiry + 1, signature),
    ]
    for args in wrong:
        with market.reverts(f"Venue_InvalidSignature: {args[1]}"):
            auction.send(relayer, "placeSigned", *args)
    auction.send(relayer, "placeSigned", *good)


def test_an_order_that_cannot_be_placed_keeps_its_nonce(auction, market, people, signed):
    owner, relayer = people[:2]
    args = signed(owner)
    market.transact(market.operator, "auction", "setFramePaused", auction.frame, True)
    with market.reverts(f"Auction_FramePaused: {auction.frame}"):
        auction.send(relayer, "placeSigned", *args)
    market.transact(market.operator, "auction", "setFramePaused", auction.frame, False)
    high = args[0] | 1 << 120
    with market.reverts(f"Auction_InvalidRequest: {high}"):
        auction.send(relayer, "placeSigned", high, *args[1:])
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        auction.send(relayer, "placeSigned", *signed(market.outsider))
    assert auction.view("usedNonces", owner.address, 0) == 0
    auction.send(relayer, "placeSigned", *args)


def test_a_wallet_tells_what_it_holds_for_signed_and_is_asked_with_its_nonce_used(
    auction, market, people, keys
):
    wallet = Wallet(market, market.outsider, "auction")
    wallet.contract.transact(market.outsider, "demandUsedNonce", market.address("auction"))
    request = auction.request(ASK, 60, 500)
    strangers = wallet.signed(request, people[0], keys, sign_auction_order)
    with market.reverts(f"Venue_InvalidSignature: {wallet.address}"):
        auction.send(people[0], "placeSigned", *strangers)
    args = wallet.signed(request, market.outsider, keys, sign_auction_order)
    auction.send(people[0], "placeSigned", *args)
    assert unpack_auction_order(auction.words[auction.frame][0]).participant_id == wallet.id
    assert auction.view("usedNonces", wallet.address, 0) == 1 << NONCE
    with market.reverts(f"Venue_NonceUsed: {wallet.address}, {NONCE}"):
        auction.send(people[0], "placeSigned", *args)
