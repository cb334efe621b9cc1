"""Encode and decode lists of ABI values: fast for words and arrays of words, the rest through eth-abi."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError
from eth_abi.exceptions import EncodingError as AbiEncodingError
from eth_utils.address import to_checksum_address

WORD_BYTES = 32

AbiValue = Any
"""An int, a bool, a hex address, bytes, a string, or a sequence of such: what an ABI can carry."""
WordEncoder = Callable[[AbiValue], bytes]
WordDecoder = Callable[[bytes], AbiValue]


class CodecError(ValueError):
    """An argument does not fit its type, or an answer is not what the ABI says."""


@lru_cache(maxsize=4096)
def checksum_address(word: bytes) -> str:
    """Return the checksummed address in a word or in 20 bytes.

    Parameters
    ----------
    word : bytes
        20 or 32 bytes; the low 20 count.

    Returns
    -------
    str
        The address.
    """
    return str(to_checksum_address(word[-20:]))


def word_encoder(kind: str) -> WordEncoder | None:
    """Make the encoder of an elementary type of one word.

    Parameters
    ----------
    kind : str
        Canonical type.

    Returns
    -------
    callable or None
        Value to 32 bytes; None for a type that is not one word.
    """
    if kind.endswith("]") or kind.startswith("("):
        return None
    if kind.startswith("uint"):
        return _unsigned_encoder(kind)
    if kind.startswith("int"):
        return _signed_encoder(kind)
    if kind == "bool":
        return _encode_bool
    return _encode_address if kind == "address" else None


def word_decoder(kind: str) -> WordDecoder | None:
    """Make the decoder of an elementary type of one word.

    Parameters
    ----------
    kind : str
        Canonical type.

    Returns
    -------
    callable or None
        32 bytes to a value: int, bool or checksummed address; None for a type that is not one word.
    """
    if kind.endswith("]") or kind.startswith("("):
        return None
    if kind.startswith("uint"):
        return int.from_bytes
    if kind.startswith("int"):
        return lambda word: int.from_bytes(word, signed=True)
    if kind == "bool":
        return lambda word: word[-1] == 1
    return checksum_address if kind == "address" else None


def _unsigned_encoder(kind: str) -> WordEncoder:
    bits = int(kind[4:] or 256)

    def encode(value: AbiValue) -> bytes:
        number = operator.index(value)
        if number < 0 or number >> bits:
            raise CodecError(f"{number} does not fit {kind}")
        return number.to_bytes(WORD_BYTES)

    return encode


def _signed_encoder(kind: str) -> WordEncoder:
    bits = int(kind[3:] or 256)

    def encode(value: AbiValue) -> bytes:
        number = operator.index(value)
        if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
            raise CodecError(f"{number} does not fit {kind}")
        return number.to_bytes(WORD_BYTES, signed=True)

    return encode


def _encode_bool(value: AbiValue) -> bytes:
    if value not in (0, 1):
        raise CodecError(f"{value!r} is not a bool")
    return int(value).to_bytes(WORD_BYTES)


@lru_cache(maxsize=4096)
def _encode_address(value: str | bytes) -> bytes:
    try:
        raw = value if isinstance(value, bytes) else bytes.fromhex(value.removeprefix("0x"))
    except (ValueError, AttributeError) as error:
        raise CodecError(f"{value!r} is not an address") from error
    if len(raw) != 20:
        raise CodecError(f"{value!r} is not an address: it has {len(raw)} bytes, expected 20")
    return raw.rjust(WORD_BYTES, b"\0")


def _general_encoder(kinds: Sequence[str]) -> Callable[[Sequence[Any]], bytes]:
    def encode(values: Sequence[Any]) -> bytes:
        try:
            return bytes(abi_encode(kinds, values))
        except (AbiEncodingError, TypeError, AttributeError) as error:
            raise CodecError(f"{tuple(values)!r} does not fit ({','.join(kinds)}): {error}") from error

    return encode


def _words_encoder(encoders: Sequence[WordEncoder]) -> Callable[[Sequence[Any]], bytes]:
    if len(encoders) == 1:
        only = encoders[0]
        return lambda values: only(values[0])
    return lambda values: b"".join([encode(value) for encode, value in zip(encoders, values, strict=True)])


def _trailing_array_encoder(
    heads: Sequence[WordEncoder], item: WordEncoder
) -> Callable[[Sequence[Any]], bytes]:
    offset = ((len(heads) + 1) * WORD_BYTES).to_bytes(WORD_BYTES)

    def encode(values: Sequence[Any]) -> bytes:
        parts = [head(value) for head, value in zip(heads, values[:-1], strict=True)]
        items = values[-1]
        if isinstance(items, str | bytes):
            raise CodecError(f"{items!r} is not an array")
        parts += (offset, len(items).to_bytes(WORD_BYTES))
        parts += [item(value) for value in items]
        return b"".join(parts)

    return encode


def arguments_encoder(kinds: Sequence[str]) -> Callable[[Sequence[Any]], bytes]:
    """Make the encoder of an argument list.

    Parameters
    ----------
    kinds : sequence of str
        Canonical types.

    Returns
    -------
    callable
        Argument sequence to calldata without selector; raises `CodecError` for a value that does not fit.
    """
    encoders = [word_encoder(kind) for kind in kinds]
    words = [encode for encode in encoders if encode is not None]
    if len(words) == len(kinds):
        return _words_encoder(words)
    if kinds[-1].endswith("[]") and len(words) == len(kinds) - 1 and encoders[-1] is None:
        item = word_encoder(kinds[-1][:-2])
        if item is not None:
            return _trailing_array_encoder(words, item)
    return _general_encoder(kinds)


def values_decoder(kinds: Sequence[str]) -> Callable[[bytes], tuple[Any, ...]]:
    """Make the decoder of a list of values.

    Parameters
    ----------
    kinds : sequence of str
        Canonical types.

    Returns
    -------
    callable
        Bytes to a tuple of values: ints, bools, checksummed addresses, tuples for arrays and structs.
        Raises `CodecError` for bytes of another shape.
    """
    decoders = [word_decoder(kind) for kind in kinds]
    words = [decode for decode in decoders if decode is not None]
    length = len(kinds) * WORD_BYTES

    def decode_words(data: bytes) -> tuple[Any, ...]:
        if len(data) < length:
            raise CodecError(f"{len(data)} bytes, expected {length} for ({','.join(kinds)})")
        return tuple([f(data[i * WORD_BYTES : (i + 1) * WORD_BYTES]) for i, f in enumerate(words)])

    def decode_any(data: bytes) -> tuple[Any, ...]:
        try:
            return tuple(_checksummed(k, v) for k, v in zip(kinds, abi_decode(kinds, data), strict=True))
        except (DecodingError, OverflowError) as error:
            raise CodecError(f"{len(data)} bytes do not decode as ({','.join(kinds)}): {error}") from error

    return decode_words if len(words) == len(kinds) else decode_any


def _checksummed(kind: str, value: AbiValue) -> AbiValue:
    if kind == "address":
        return str(to_checksum_address(value))
    return tuple(str(to_checksum_address(item)) for item in value) if kind == "address[]" else value
