"""Signed orders of wallets that are contracts (ERC-1271): the wallet says what it holds for signed."""

import pytest

from tests.unit.settlement.conftest import Deployed
from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.eip712 import sign_order
from voltberg.chain.market import checked_address
from voltberg.chain.onboarding import UNLIMITED_ALLOWANCE
from voltberg.models import Role

NONCE = 7
MARGIN_MICRO = 1_000_000


class Wallet:
    """A participant that is a contract, with margin at a venue."""

    def __init__(self, market, owner, venue="book"):
        self.market, self.owner, self.venue = market, owner, venue
        self.contract = Deployed(market, "MockWallet", owner.address)
        self.address = checked_address(self.contract.address)
        registered = market.transact(
            market.supervisor, "registry", "register", self.address, int(Role.PROSUMER)
        )
        self.id = registered.returned
        market.transact(owner, "token", "mint", self.address, MARGIN_MICRO)
        self.act("token", "approve", market.address("house"), UNLIMITED_ALLOWANCE)
        self.act("house", "deposit", MARGIN_MICRO)
        self.act("house", "moveToVenue", market.address(venue), MARGIN_MICRO)

    def act(self, contract, function, *args):
        data = self.market.chain.encode(contract, function, *args)
        self.contract.transact(self.owner, "act", self.market.address(contract), data)

    def signed(self, request, signer, keys, sign=sign_order):
        """Arguments of `placeSigned` for an order of the wallet."""
        market, expiry = self.market, self.market.now + 600
        chain_id, venue = market.engine.chain_id, market.address(self.venue)
        key = keys[signer.address]
        signature = sign(key, chain_id, venue, request, NONCE, expiry, self.address)
        return request, self.address, NONCE, expiry, signature


@pytest.fixture(scope="module")
def keys():
    accounts = accounts_of_mnemonic(TEST_MNEMONIC, 61)
    return {checked_address(account.address): account.key for account in accounts}


@pytest.fixture
def wallet(market):
    return Wallet(market, market.outsider)


def test_an_order_that_the_wallet_holds_for_signed_is_the_wallets(book, market, traders, wallet, keys):
    request = book.request(book.ASK, 100, 100)
    done = market.transact(traders[0], "book", "placeSigned", *wallet.signed(request, market.outsider, keys))
    order_id = done.returned[0]
    assert order_id == book.id(book.ASK, 100, 0)
    assert book.order(order_id)[:2] == (wallet.id, 100)
    assert market.call("book", "usedNonces", wallet.address, 0) == 1 << NONCE
    wallet.act("book", "cancel", order_id)
    assert book.order(order_id)[1] == 0


def test_a_signature_that_the_wallet_does_not_hold_for_its_own_is_refused(
    book, market, traders, wallet, keys
):
    args = wallet.signed(book.request(book.ASK, 100, 100), traders[0], keys)
    for signature in (args[4], b"", args[4][:64]):
        with market.reverts(f"Venue_InvalidSignature: {wallet.address}"):
            market.transact(traders[0], "book", "placeSigned", *args[:4], signature)
    assert market.call("book", "usedNonces", wallet.address, 0) == 0


def test_the_nonce_is_used_before_the_wallet_is_asked_and_once_only(book, market, traders, wallet, keys):
    wallet.contract.transact(market.outsider, "demandUsedNonce", market.address("book"))
    args = wallet.signed(book.request(book.ASK, 100, 100), market.outsider, keys)
    market.transact(traders[0], "book", "placeSigned", *args)
    with market.reverts(f"Venue_NonceUsed: {wallet.address}, {NONCE}"):
        market.transact(traders[0], "book", "placeSigned", *args)


def test_the_keys_own_account_does_not_get_what_is_signed_for_its_wallet(book, market, traders, wallet, keys):
    args = wallet.signed(book.request(book.ASK, 100, 100), traders[0], keys)
    with market.reverts(f"Venue_InvalidSignature: {traders[0].address}"):
        market.transact(traders[1], "book", "placeSigned", args[0], traders[0].address, *args[2:])


def test_a_contract_that_answers_no_erc1271_has_no_signed_orders(book, market, traders, keys):
    token = market.address("token")
    market.transact(market.supervisor, "registry", "register", token, int(Role.PROSUMER))
    request, expiry = book.request(book.ASK, 100, 100), market.now + 600
    chain_id, venue = market.engine.chain_id, market.address("book")
    signature = sign_order(keys[traders[0].address], chain_id, venue, request, NONCE, expiry, token)
    with market.reverts(""):
        market.transact(traders[0], "book", "placeSigned", request, token, NONCE, expiry, signature)
