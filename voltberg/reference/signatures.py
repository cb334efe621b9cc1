"""EIP-712 in integers and bytes: what is signed for a venue, and who signed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from coincurve import PublicKey
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from voltberg.reference.auction_words import unpack_auction_request
from voltberg.reference.words import unpack_request

DOMAIN_NAME: Final = "Voltberg"
DOMAIN_VERSION: Final = "1"
_DOMAIN_TYPE: Final = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_ORDER_TYPE: Final = keccak(
    b"Order(address owner,uint32 frame,uint8 side,uint8 tick,uint32 quantityWh,uint32 peakWh,"
    b"uint8 priceStepTicks,uint8 kind,uint16 maxFills,uint256 nonce,uint64 expiry)"
)
_AUCTION_ORDER_TYPE: Final = keccak(
    b"Order(address owner,uint32 frame,uint8 side,uint8 tick,uint32 quantityWh,uint32 peakWh,"
    b"uint8 rolls,uint256 nonce,uint64 expiry)"
)
_SIGNATURE_BYTES: Final = 65
_CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def domain_separator(chain_id: int, venue: str) -> bytes:
    """Hash the domain of a venue.

    Parameters
    ----------
    chain_id : int
        Chain.
    venue : str
        Its address.

    Returns
    -------
    bytes
        The EIP-712 domain separator.
    """
    return keccak(
        _DOMAIN_TYPE
        + keccak(DOMAIN_NAME.encode())
        + keccak(DOMAIN_VERSION.encode())
        + _word(chain_id)
        + _address(venue)
    )


def order_digest(separator: bytes, request: int, owner: str, nonce: int, expiry: int) -> bytes:
    """Hash an order for signing.

    Parameters
    ----------
    separator : bytes
        Domain separator of the venue.
    request : int
        Word of the order; bits beyond its layout are not signed.
    owner : str
        Address of the signer.
    nonce : int
        Its number.
    expiry : int
        Last time at which it holds [unix s].

    Returns
    -------
    bytes
        The EIP-712 digest.
    """
    return _digest(separator, _ORDER_TYPE, owner, astuple(unpack_request(request)), nonce, expiry)


def auction_order_digest(separator: bytes, request: int, owner: str, nonce: int, expiry: int) -> bytes:
    """Hash an order of the frame auction for signing.

    Parameters
    ----------
    separator : bytes
        Domain separator of the auction.
    request : int
        Word of the order; bits beyond its layout are not signed.
    owner : str
        Address of the signer.
    nonce : int
        Its number.
    expiry : int
        Last time at which it holds [unix s].

    Returns
    -------
    bytes
        The EIP-712 digest.
    """
    return _digest(separator, _AUCTION_ORDER_TYPE, owner, unpack_auction_request(request), nonce, expiry)


def _digest(
    separator: bytes, order_type: bytes, owner: str, fields: Sequence[int], nonce: int, expiry: int
) -> bytes:
    words = b"".join(map(_word, (*fields, nonce, expiry)))
    return keccak(b"\x19\x01" + separator + keccak(order_type + _address(owner) + words))


def signer_of(digest: bytes, signature: bytes) -> str | None:
    """Find out who signed.

    Parameters
    ----------
    digest : bytes
        What is said to be signed.
    signature : bytes
        r, s and v.

    Returns
    -------
    str or None
        Checksummed address; None for a signature that is malformed, malleable or of no key.
    """
    if len(signature) != _SIGNATURE_BYTES or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64]) > _CURVE_ORDER // 2:
        return None
    recoverable = signature[:64] + bytes((signature[64] - 27,))
    try:
        key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except Exception:
        return None
    return to_checksum_address(keccak(key.format(compressed=False)[1:])[-20:])


def _word(value: int) -> bytes:
    return value.to_bytes(32)


def _address(account: str) -> bytes:
    return bytes(12) + bytes.fromhex(account[2:])
