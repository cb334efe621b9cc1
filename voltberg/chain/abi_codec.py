"""Functions and events of an ABI: calls to bytes, and answers and logs to values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from voltberg.chain.abi_words import AbiValue, CodecError, arguments_encoder, values_decoder
from voltberg.chain.artifacts import AbiEntry


def canonical_type(item: AbiEntry) -> str:
    """Return the type as it stands in a signature, with tuples written out.

    Parameters
    ----------
    item : dict
        An ABI parameter.

    Returns
    -------
    str
        For example ``"(uint16,int16)[]"``.
    """
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(canonical_type(part) for part in item['components'])}){kind[len('tuple') :]}"


def signature_of(entry: AbiEntry) -> str:
    """Return the signature of a function, event or error.

    Parameters
    ----------
    entry : dict
        Its ABI entry.

    Returns
    -------
    str
        For example ``"place(uint256)"``.
    """
    return f"{entry['name']}({','.join(canonical_type(item) for item in entry['inputs'])})"


@dataclass(frozen=True, slots=True)
class FunctionCodec:
    """One function of a contract.

    Attributes
    ----------
    label : str
        Contract and signature, for messages.
    selector : bytes
        The first four bytes of calldata.
    input_types, output_types : tuple of str
        Canonical types.
    encode_arguments : callable
        See `arguments_encoder`.
    decode_values : callable
        See `values_decoder`.
    """

    label: str
    selector: bytes
    input_types: tuple[str, ...]
    output_types: tuple[str, ...]
    encode_arguments: Callable[[Sequence[Any]], bytes]
    decode_values: Callable[[bytes], tuple[Any, ...]]

    @classmethod
    def of(cls, contract: str, entry: AbiEntry) -> FunctionCodec:
        """Make the codec of an ABI entry.

        Parameters
        ----------
        contract : str
            Name for messages.
        entry : dict
            ABI entry of a function.

        Returns
        -------
        FunctionCodec
            The codec.
        """
        inputs = tuple(canonical_type(item) for item in entry["inputs"])
        outputs = tuple(canonical_type(item) for item in entry["outputs"])
        signature = signature_of(entry)
        return cls(
            label=f"{contract}.{signature}",
            selector=keccak(text=signature)[:4],
            input_types=inputs,
            output_types=outputs,
            encode_arguments=arguments_encoder(inputs),
            decode_values=values_decoder(outputs),
        )

    def encode(self, values: Sequence[Any]) -> bytes:
        """Encode a call.

        Parameters
        ----------
        values : sequence
            The arguments.

        Returns
        -------
        bytes
            Selector and arguments.

        Raises
        ------
        CodecError
            If the count of arguments is wrong or one does not fit its type.
        """
        if len(values) != len(self.input_types):
            raise CodecError(f"{self.label} got {len(values)} arguments, expected {len(self.input_types)}")
        try:
            return self.selector + self.encode_arguments(values)
        except (CodecError, TypeError) as error:
            raise CodecError(f"{self.label}: {error}") from error

    def decode(self, data: bytes) -> AbiValue:
        """Decode what the function returned.

        Parameters
        ----------
        data : bytes
            Output of a call.

        Returns
        -------
        Any
            None for no output, the bare value for one, a tuple for several.

        Raises
        ------
        CodecError
            If the bytes have another shape.
        """
        try:
            values = self.decode_values(data)
        except CodecError as error:
            raise CodecError(f"{self.label} returned {error}") from error
        if len(values) == 1:
            return values[0]
        return values or None


@dataclass(frozen=True, slots=True)
class EventCodec:
    """One event of a contract.

    Attributes
    ----------
    name : str
        Event name.
    topic : bytes
        First topic of its logs.
    indexed : tuple of bool
        Which parameters are topics, in the order of declaration.
    decode_topics, decode_data : callable
        Decoders of the indexed and of the other parameters.
    """

    name: str
    topic: bytes
    indexed: tuple[bool, ...]
    decode_topics: Callable[[bytes], tuple[Any, ...]]
    decode_data: Callable[[bytes], tuple[Any, ...]]

    @classmethod
    def of(cls, entry: AbiEntry) -> EventCodec:
        """Make the codec of an ABI entry.

        Parameters
        ----------
        entry : dict
            ABI entry of an event.

        Returns
        -------
        EventCodec
            The codec.
        """
        inputs = entry["inputs"]
        return cls(
            name=str(entry["name"]),
            topic=keccak(text=signature_of(entry)),
            indexed=tuple(bool(item["indexed"]) for item in inputs),
            decode_topics=values_decoder([canonical_type(item) for item in inputs if item["indexed"]]),
            decode_data=values_decoder([canonical_type(item) for item in inputs if not item["indexed"]]),
        )

    def decode(self, topics: Sequence[bytes], data: bytes) -> tuple[Any, ...]:
        """Decode a log's parameters.

        Parameters
        ----------
        topics : sequence of bytes
            All topics, the event's own first.
        data : bytes
            The log's data.

        Returns
        -------
        tuple
            The parameters in the order of their declaration.

        Raises
        ------
        CodecError
            If the log has another shape than the event.
        """
        if len(topics) != 1 + sum(self.indexed):
            raise CodecError(f"{self.name}: {len(topics)} topics, expected {1 + sum(self.indexed)}")
        data_values = self.decode_data(data)
        if len(topics) == 1:
            return data_values
        from_topics, from_data = iter(self.decode_topics(b"".join(topics[1:]))), iter(data_values)
        return tuple(next(from_topics) if flag else next(from_data) for flag in self.indexed)
