"""Orders of the frame auction that their owner signs and anybody submits (M14)."""

import pytest

from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.eip712 import sign_frame_order
from voltberg.chain.market import checked_address
from voltberg.reference.auction_words import unpack_auction_order

BID, ASK = 0, 1


@pytest.fixture(scope="module")
def keys():
    accounts = accounts_of_mnemonic(TEST_MNEMONIC, 61)
    return {checked_address(account.address): account.key for account in accounts}


@pytest.fixture
def signed(auction, market, keys):
    """Make the arguments of `placeSigned`."""

    def make(owner, signer=None, **changed):
        request = changed.get("request", auction.request(ASK, 60, 500, peak=100, rolls=1))
        nonce, expiry = changed.get("nonce", 7), changed.get("expiry", market.now + 600)
        chain_id = changed.get("chain_id", market.engine.chain_id)
        venue = market.address(changed.get("venue", "auction"))
        key = keys[(signer or owner).address]
        signature = sign_frame_order(key, chain_id, venue, request, nonce, expiry)
        return request, owner.address, nonce, expiry, signature

    return make


def test_the_order_is_the_signers_whoever_submits_it(auction, market, people, signed):
    owner = people[0]
    start = auction.margin(owner)
    done = auction.send(market.outsider, "placeSigned", *signed(owner))
    assert done.returned == 0
    order = unpack_auction_order(auction.words[auction.frame][0])
    assert (order.participant_id, order.tick, order.peak_wh, order.rolls) == (owner.id, 60, 100, 1)
    assert start - auction.margin(owner) == 500 * 90 * 2
    assert auction.view("usedNonces", owner.address, 0) == 1 << 7


def test_a_signature_holds_for_one_order_nonce_venue_and_chain(auction, market, people, signed):
    owner, relayer, *_ = people
    good = signed(owner)
    wrong = [
        signed(owner, signer=relayer),
        signed(owner, chain_id=1),
        signed(owner, venue="book"),
        (good[0] ^ 1 << 112, *good[1:]),
        (*good[:2], 8, *good[3:]),
        (*good[:3], good[3] + 1, good[4]),
    ]
    for args in wrong:
        with market.reverts(f"Venue_InvalidSignature: {owner.address}"):
            auction.send(relayer, "placeSigned", *args)
    auction.send(relayer, "placeSigned", *good)
    with market.reverts(f"Venue_NonceUsed: {owner.address}, 7"):
        auction.send(relayer, "placeSigned", *good)


def test_late_and_cancelled_signatures_are_refused(auction, market, people, signed):
    owner, relayer, *_ = people
    market.transact(owner, "auction", "cancelNonces", 1, 0b1)
    with market.reverts(f"Venue_NonceUsed: {owner.address}, 256"):
        auction.send(relayer, "placeSigned", *signed(owner, nonce=256))
    late = signed(owner, expiry=market.now - 1)
    with market.reverts(f"Venue_SignatureExpired: {late[3]}, {market.now}"):
        auction.send(relayer, "placeSigned", *late)


def test_an_order_that_cannot_be_placed_keeps_its_nonce(auction, market, people, signed):
    owner, relayer, *_ = people
    args = signed(owner)
    market.transact(market.operator, "auction", "setFramePaused", auction.frame, True)
    with market.reverts(f"Auction_FramePaused: {auction.frame}"):
        auction.send(relayer, "placeSigned", *args)
    market.transact(market.operator, "auction", "setFramePaused", auction.frame, False)
    auction.send(relayer, "placeSigned", *args)
    high = signed(owner, nonce=9, request=auction.request(ASK, 60, 500))
    with market.reverts(f"Auction_InvalidRequest: {high[0] | 1 << 120}"):
        auction.send(relayer, "placeSigned", high[0] | 1 << 120, *high[1:])
