"""Signs orders for venues that take them from anybody (EIP-712)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from eth_account import Account as SigningAccount
from eth_account.messages import encode_typed_data

from voltberg.chain.accounts import account_of_key
from voltberg.chain.market import checked_address
from voltberg.reference.words import unpack_request

ORDER_TYPES: Final = {
    "Order": [
        {"name": "owner", "type": "address"},
        {"name": "frame", "type": "uint32"},
        {"name": "side", "type": "uint8"},
        {"name": "tick", "type": "uint8"},
        {"name": "quantityWh", "type": "uint32"},
        {"name": "peakWh", "type": "uint32"},
        {"name": "priceStepTicks", "type": "uint8"},
        {"name": "kind", "type": "uint8"},
        {"name": "maxFills", "type": "uint16"},
        {"name": "nonce", "type": "uint256"},
        {"name": "expiry", "type": "uint64"},
    ]
}
"""Types of a signed order, as wallets take them."""
_FIELDS: Final = {
    "quantity_wh": "quantityWh",
    "peak_wh": "peakWh",
    "price_step_ticks": "priceStepTicks",
    "max_fills": "maxFills",
}


def order_message(request: int, owner: str, nonce: int, expiry: int) -> dict[str, Any]:
    """Spell an order out for a wallet.

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
    """Sign an order for ``placeSigned``.

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
    domain = {
        "name": "Voltberg",
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": checked_address(venue),
    }
    message = order_message(request, wallet or account_of_key(key).address, nonce, expiry)
    signable = encode_typed_data(domain_data=domain, message_types=ORDER_TYPES, message_data=message)
    return bytes(SigningAccount.sign_message(signable, key).signature)
