"""The deployed market as one object: names instead of addresses, values instead of bytes.

Contracts go by the names ``registry``, ``token``, ``house``, ``book``, ``auction``, ``storage`` and
``credit``.
Addresses come out checksummed, arrays and structs as tuples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from eth_utils.address import to_checksum_address

from voltberg.chain.abi_codec import EventCodec, FunctionCodec, canonical_type
from voltberg.chain.abi_words import AbiValue, CodecError, values_decoder
from voltberg.chain.artifacts import Artifacts
from voltberg.chain.engine import ZERO_ADDRESS, Call, CallFailed, Engine, Log, Receipt, Transaction
from voltberg.models import ARTIFACT_NAMES, CONTRACT_NAMES

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


class MarketError(ValueError):
    """An unknown contract, function or event was named, or an address is none."""


class TransactionReverted(Exception):  # noqa: N818 - what happened, in the past tense
    """A call or transaction reverted.

    Parameters
    ----------
    text : str
        The error in words, ``"Name: arg1, arg2"``.
    receipt : Receipt or None
        The failed transaction's receipt; None for a call.
    """

    def __init__(self, text: str, receipt: Receipt | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.receipt = receipt


class LogEntry(NamedTuple):
    """One event of a market contract.

    Attributes
    ----------
    contract : str
        Name of the emitting contract.
    event : str
        Event name.
    args : tuple
        Parameters in the order of their declaration, indexed ones included.
    """

    contract: str
    event: str
    args: tuple[Any, ...]


class ViewCall(NamedTuple):
    """One view to read.

    Attributes
    ----------
    contract : str
        Contract name.
    function : str
        Function name.
    args : tuple
        Its arguments.
    """

    contract: str
    function: str
    args: tuple[Any, ...] = ()


class ChainMarket:
    """Addresses and ABIs of one deployed market, on one engine.

    Parameters
    ----------
    addresses : Mapping[str, str]
        Address by contract name; all of `CONTRACT_NAMES`.
    artifacts : Artifacts
        What the compiler made, for ABIs and errors.
    engine : Engine or None, optional
        Chain that holds the market; without one nothing can be read, but everything encoded and decoded.

    Raises
    ------
    MarketError
        If a contract's address is missing or no address.
    """

    def __init__(
        self, addresses: Mapping[str, str], artifacts: Artifacts, engine: Engine | None = None
    ) -> None:
        missing = [name for name in CONTRACT_NAMES if name not in addresses]
        if missing:
            raise MarketError(f"no address for {', '.join(missing)}; expected {', '.join(CONTRACT_NAMES)}")
        self.addresses = {name: checked_address(addresses[name]) for name in CONTRACT_NAMES}
        self.artifacts = artifacts
        self._engine = engine
        self._targets = {name: address.lower() for name, address in self.addresses.items()}
        self._names = {address: name for name, address in self._targets.items()}
        self._errors: dict[bytes, tuple[str, Callable[[bytes], tuple[AbiValue, ...]]]] = {}
        self._functions: dict[tuple[str, str], FunctionCodec] = {}
        self._events: dict[tuple[str, bytes], EventCodec] = {}
        for name, artifact_name in ARTIFACT_NAMES.items():
            for entry in artifacts[artifact_name].abi:
                if entry["type"] == "function":
                    self._functions[name, entry["name"]] = FunctionCodec.of(name, entry)
                elif entry["type"] == "event":
                    event = EventCodec.of(entry)
                    self._events[self._targets[name], event.topic] = event

    @property
    def engine(self) -> Engine:
        """The chain that holds the market.

        Raises
        ------
        MarketError
            If there is none.
        """
        if self._engine is None:
            raise MarketError("this market was made without an engine: nothing can be read or sent")
        return self._engine

    def function(self, contract: str, function: str) -> FunctionCodec:
        """Look a function up; keep the codec where every microsecond counts.

        Parameters
        ----------
        contract : str
            Contract name.
        function : str
            Function name.

        Returns
        -------
        FunctionCodec
            Its codec.

        Raises
        ------
        MarketError
            If there is no such contract or function.
        """
        try:
            return self._functions[contract, function]
        except KeyError:
            if contract not in self.addresses:
                known = ", ".join(CONTRACT_NAMES)
                raise MarketError(f"no contract is called {contract!r}; expected one of {known}") from None
            known = ", ".join(sorted(name for owner, name in self._functions if owner == contract))
            raise MarketError(f"{contract} has no function {function!r}; it has {known}") from None

    def functions_of(self, contract: str) -> tuple[FunctionCodec, ...]:
        """List a contract's functions.

        Parameters
        ----------
        contract : str
            Contract name.

        Returns
        -------
        tuple of FunctionCodec
            In the order of the ABI.
        """
        return tuple(codec for (owner, _), codec in self._functions.items() if owner == contract)

    def encode(self, contract: str, function: str, *args: Any) -> bytes:
        """Encode a call.

        Parameters
        ----------
        contract : str
            Contract name.
        function : str
            Function name.
        *args : Any
            Its arguments: ints, bools, hex addresses, sequences for arrays and structs.

        Returns
        -------
        bytes
            Calldata.
        """
        codec = self._functions.get((contract, function)) or self.function(contract, function)
        return codec.encode(args)

    def decode_output(self, contract: str, function: str, data: bytes) -> AbiValue:
        """Decode what a call returned.

        Parameters
        ----------
        contract : str
            Contract name.
        function : str
            Function name.
        data : bytes
            The call's output.

        Returns
        -------
        Any
            None, the bare value, or a tuple of several.
        """
        return self.function(contract, function).decode(data)

    def decode_logs(self, logs: Iterable[Log]) -> list[LogEntry]:
        """Decode the market's events among some logs.

        Parameters
        ----------
        logs : Iterable[Log]
            Logs of a receipt.

        Returns
        -------
        list of LogEntry
            In the order of the logs; logs of other contracts are left out.

        Raises
        ------
        MarketError
            If a market contract emitted what its ABI doesn't know.
        """
        entries = []
        for log in logs:
            name = self._names.get(log.address)
            if name is None:
                continue
            event = self._events.get((log.address, log.topics[0])) if log.topics else None
            if event is None:
                topics = [topic.hex() for topic in log.topics]
                raise MarketError(f"{name} emitted an event that its ABI doesn't know: topics {topics}")
            entries.append(LogEntry(name, event.name, event.decode(log.topics, log.data)))
        return entries

    def decode_error(self, data: bytes) -> str:
        """Tell revert data in words.

        Parameters
        ----------
        data : bytes
            Output of a reverted call.

        Returns
        -------
        str
            ``"Name: arg1, arg2"`` with checksummed addresses, or ``"Name"`` for an error without arguments;
            the words of `Artifacts.decode_error` for what no contract declares.
        """
        error = self._error(data[:4])
        if error is None:
            return self.artifacts.decode_error(data)
        name, decode = error
        try:
            values = decode(data[4:])
        except CodecError:
            return self.artifacts.decode_error(data)
        return f"{name}: {', '.join(map(str, values))}" if values else name

    def _error(self, selector: bytes) -> tuple[str, Callable[[bytes], tuple[AbiValue, ...]]] | None:
        if selector not in self._errors:
            entry = self.artifacts.errors_by_selector.get(selector.hex())
            if entry is None:
                return None
            kinds = [canonical_type(item) for item in entry["inputs"]]
            self._errors[selector] = entry["name"], values_decoder(kinds)
        return self._errors[selector]

    def transaction(
        self, sender: str, contract: str, function: str, *args: Any, gas_limit: int = 1_000_000
    ) -> Transaction:
        """Make a transaction that calls a contract.

        Parameters
        ----------
        sender : str
            Address that signs.
        contract : str
            Contract name.
        function : str
            Function name.
        *args : Any
            Its arguments.
        gas_limit : int, optional
            Most gas it may use.

        Returns
        -------
        Transaction
            For `Engine.send_block`.
        """
        return Transaction(sender, self._targets[contract], self.encode(contract, function, *args), gas_limit)

    def call(
        self,
        contract: str,
        function: str,
        *args: Any,
        sender: str = ZERO_ADDRESS,
        timestamp: int | None = None,
    ) -> AbiValue:
        """Run a read-only call.

        Parameters
        ----------
        contract : str
            Contract name.
        function : str
            Function name.
        *args : Any
            Its arguments.
        sender : str, optional
            Caller that the contract sees.
        timestamp : int or None, optional
            Time of the block that it pretends to be in [unix s]; None for the latest one's.

        Returns
        -------
        Any
            As `decode_output`.

        Raises
        ------
        TransactionReverted
            If it reverted.
        """
        data = self.encode(contract, function, *args)
        try:
            output = self.engine.call(self._targets[contract], data, sender=sender, timestamp=timestamp)
        except CallFailed as error:
            raise TransactionReverted(self.decode_error(error.data)) from error
        return self.decode_output(contract, function, output)

    def read(self, views: Sequence[ViewCall | tuple[str, str, tuple[Any, ...]]]) -> list[Any]:
        """Read many views of the latest block in one batch.

        Parameters
        ----------
        views : sequence of ViewCall
            Contract, function and arguments of each.

        Returns
        -------
        list
            What each returned, as `decode_output`.

        Raises
        ------
        TransactionReverted
            If one of them reverted.
        """
        calls = [Call(self._targets[v[0]], self.encode(v[0], v[1], *v[2])) for v in views]
        try:
            outputs = self.engine.call_many(calls)
        except CallFailed as error:
            raise TransactionReverted(self.decode_error(error.data)) from error
        return [self.decode_output(v[0], v[1], data) for v, data in zip(views, outputs, strict=True)]


def checked_address(address: str) -> str:
    """Check an address and write it with its checksum.

    Parameters
    ----------
    address : str
        20 bytes in hex with ``0x``; in mixed case the checksum must be right.

    Returns
    -------
    str
        The checksummed address.

    Raises
    ------
    MarketError
        If it is no address.
    """
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise MarketError(f"{address!r} is not an address: expected 0x and 40 hex digits")
    checksummed = str(to_checksum_address(address.lower()))
    digits = address[2:]
    if address != checksummed and digits not in (digits.lower(), digits.upper()):
        raise MarketError(f"{address} is not an address: its checksum is wrong (a digit mistyped?)")
    return checksummed


__all__ = [
    "ChainMarket",
    "CodecError",
    "LogEntry",
    "MarketError",
    "TransactionReverted",
    "ViewCall",
    "checked_address",
]
