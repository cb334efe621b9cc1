"""Signs orders for venues that take them from anybody (EIP-712)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from eth_account import Account as SigningAccount
from eth_account.messages import encode_typed_data

from voltberg.chain.accounts import account_of_key
from voltberg.chain.market import checked_address
from voltberg.reference.auction_words import unpack_auction_request
from voltberg.reference.signatures import DOMAIN_NAME, DOMAIN_VERSION
from voltberg.reference.words import unpack_request

_HEAD: Final = (
    ("owner", "address"),
    ("frame", "uint32"),
    ("side", "uint8"),
    ("tick", "uint8"),
    ("quantityWh", "uint32"),
    ("peakWh", "uint32"),
)
_TAIL: Final = (("nonce", "uint256"), ("expiry", "uint64"))


def _types(*own: tuple[str, str]) -> dict[str, list[dict[str, str]]]:
    fields = (*_HEAD, *own, *_TAIL)
    return {"Order": [{"name": name, "type": kind} for name, kind in fields]}


ORDER_TYPES: Final = _types(("priceStepTicks", "uint8"), ("kind", "uint8"), ("maxFills", "uint16"))
"""Types of a signed order of the book, as wallets take them."""
AUCTION_ORDER_TYPES: Final = _types(("rolls", "uint8"))
"""Types of a signed order of the frame auction."""
_FIELDS: Final = {
    "quantity_wh": "quantityWh",
    "peak_wh": "peakWh",
    "price_step_ticks": "priceStepTicks",
    "max_fills": "maxFills",
}
_AUCTION_FIELDS: Final = ("frame", "side", "tick", "quantityWh", "peakWh", "rolls")


def order_message(request: int, owner: str, nonce: int, expiry: int) -> dict[str, Any]:
    """Spell an order of the book out for a wallet.

    Parameters
    ----------
    request : int
        Word of the order.
    owner : str
        Who signs.
    nonce : int
        Number that the order uses up.
    expiry : int
        Last time at which the signature holds [unix s].

    Returns
    -------
    dict
        The message of the typed data.
    """
    fields = {_FIELDS.get(name, name): value for name, value in asdict(unpack_request(request)).items()}
    return {"owner": checked_address(owner), **fields, "nonce": nonce, "expiry": expiry}


def sign_order(
    key: bytes, chain_id: int, venue: str, request: int, nonce: int, expiry: int, wallet: str | None = None
) -> bytes:
    """Sign an order for ``placeSigned`` of the book.

    Parameters
    ----------
    key : bytes
        Private key of the owner, or of whoever signs for its wallet.
    chain_id : int
        Chain of the venue.
    venue : str
        Its address.
    request : int
        Word of the order.
    nonce : int
        Number that the order uses up.
    expiry : int
        Last time at which the signature holds [unix s].
    wallet : str or None, optional
        Contract that owns the order (ERC-1271); by default the key's account does.

    Returns
    -------
    bytes
        r, s and v.
    """
    message = order_message(request, wallet or account_of_key(key).address, nonce, expiry)
    return _sign(key, chain_id, venue, ORDER_TYPES, message)


def auction_order_message(request: int, owner: str, nonce: int, expiry: int) -> dict[str, Any]:
    """Spell an order of the frame auction out for a wallet.

    Parameters
    ----------
    request : int
        Word of the order.
    owner : str
        Who signs.
    nonce : int
        Number that the order uses up.
    expiry : int
        Last time at which the signature holds [unix s].

    Returns
    -------
    dict
        The message of the typed data.
    """
    fields = dict(zip(_AUCTION_FIELDS, unpack_auction_request(request), strict=True))
    return {"owner": checked_address(owner), **fields, "nonce": nonce, "expiry": expiry}


def sign_auction_order(
    key: bytes, chain_id: int, venue: str, request: int, nonce: int, expiry: int, wallet: str | None = None
) -> bytes:
    """Sign an order for ``placeSigned`` of the frame auction.

    Parameters
    ----------
    key : bytes
        Private key of the owner, or of whoever signs for its wallet.
    chain_id : int
        Chain of the auction.
    venue : str
        Its address.
    request : int
        Word of the order.
    nonce : int
        Number that the order uses up.
    expiry : int
        Last time at which the signature holds [unix s].
    wallet : str or None, optional
        Contract that owns the order (ERC-1271); by default the key's account does.

    Returns
    -------
    bytes
        r, s and v.
    """
    message = auction_order_message(request, wallet or account_of_key(key).address, nonce, expiry)
    return _sign(key, chain_id, venue, AUCTION_ORDER_TYPES, message)


def _sign(
    key: bytes, chain_id: int, venue: str, types: dict[str, list[dict[str, str]]], message: dict[str, Any]
) -> bytes:
    domain = {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": chain_id,
        "verifyingContract": checked_address(venue),
    }
    signable = encode_typed_data(domain_data=domain, message_types=types, message_data=message)
    return bytes(SigningAccount.sign_message(signable, key).signature)
