"""The whole market in integer Python: predicts what the contracts do, to the unit and to the letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from voltberg.configuration import MarketConfiguration
from voltberg.models import CONTRACT_NAMES, LISTENERS, Role, RoleId, VenueKind
from voltberg.reference.auction_batches import AuctionTwin
from voltberg.reference.book_batches import BookTwin
from voltberg.reference.conservation import Conservation, conservation_of
from voltberg.reference.credit import CreditTwin
from voltberg.reference.house import HouseTwin
from voltberg.reference.parameters import (
    STANDALONE_ADDRESSES,
    STANDALONE_SUPERVISOR,
    CreditPolicy,
    FrameClock,
)
from voltberg.reference.registry import RegistryTwin
from voltberg.reference.round import RoundTwin
from voltberg.reference.state import Contract, Revert, State
from voltberg.reference.storage import StorageTwin
from voltberg.reference.token import TokenTwin

LOCAL_CHAIN_ID: Final = 1337
"""Chain id of the project's own engines."""

_CAPITAL: Final = re.compile(r"_([a-z0-9])")


class Call(NamedTuple):
    """One transaction.

    Attributes
    ----------
    contract, function : str
        Name of the contract (those of `voltberg.models.CONTRACT_NAMES`) and of its function,
        as in Solidity.
    args : tuple
        Its arguments: ints, bools, checksummed addresses, sequences for arrays and structs.
    sender : str
        Checksummed address of the caller.
    timestamp : int
        Time of the block [unix s].
    """

    contract: str
    function: str
    args: tuple[Any, ...]
    sender: str
    timestamp: int


class Outcome(NamedTuple):
    """What a transaction does.

    Attributes
    ----------
    status : bool
        Whether it succeeds.
    error : str or None
        Custom error as text, ``"Name: a, b"``, when it fails.
    value : Any
        What it returns: None, one value or a tuple; None when it fails.
    logs : list of tuple
        (contract, event, arguments) in order; none when it fails.
    """

    status: bool
    error: str | None
    value: Any
    logs: list[tuple[str, str, tuple[Any, ...]]]


class RoleAddresses(Protocol):
    """Accounts that are registered with the market itself, in the order of ``RoleId``."""

    @property
    def grid(self) -> str:
        """Grid."""

    @property
    def retailer(self) -> str:
        """Retailer."""

    @property
    def platform(self) -> str:
        """Platform."""

    @property
    def storage_operator(self) -> str:
        """Operator of the storage."""

    @property
    def operator(self) -> str:
        """Operator of the market."""

    @property
    def meter(self) -> str:
        """Meter."""


class ReferenceMarket:
    """Registry, token, house, book, rounds, auction, storage and credit as twins of the contracts.

    Parameters
    ----------
    configuration : MarketConfiguration
        What the contracts are deployed with.
    addresses : Mapping[str, str] or None, optional
        Checksummed address by contract name; None for a twin that stands alone.
    supervisor : str, optional
        Owner of the registry.
    timestamp : int, optional
        Time before the first call [unix s].
    chain_id : int, optional
        Chain that signatures must be for.

    Notes
    -----
    A new twin is in the state after the constructors: :meth:`wire` does the rest of a deployment.
    """

    def __init__(
        self,
        configuration: MarketConfiguration | None = None,
        addresses: Mapping[str, str] | None = None,
        supervisor: str = STANDALONE_SUPERVISOR,
        timestamp: int = 0,
        chain_id: int = LOCAL_CHAIN_ID,
    ) -> None:
        configuration = configuration or MarketConfiguration()
        self.configuration = configuration
        self.addresses = dict(addresses or STANDALONE_ADDRESSES)
        self.supervisor = supervisor
        self._state = State(timestamp)
        self.clock = FrameClock.of(configuration)
        self._build(chain_id)
        self._functions = self._marked("is_external")
        self._views = self._marked("is_view")

    def _build(self, chain_id: int) -> None:
        state, places, configuration, clock = self._state, self.addresses, self.configuration, self.clock
        tick_micro_per_wh = configuration.settlement.tick_micro_per_wh
        policy = CreditPolicy(*(value for _, value in configuration.rating))
        by_address: dict[str, Contract] = {}
        self.token = TokenTwin(state, places["token"])
        self.registry = RegistryTwin(state, places["registry"], self.supervisor, by_address)
        self.house = HouseTwin(
            state,
            places["house"],
            self.registry,
            self.token,
            places["credit"],
            clock,
            tick_micro_per_wh,
            policy,
            by_address,
        )
        self.book = BookTwin(
            state,
            places["book"],
            places["registry"],
            self.house,
            places["credit"],
            configuration.book,
            clock,
            tick_micro_per_wh,
        )
        self.round = RoundTwin(
            state,
            places["round"],
            places["registry"],
            self.house,
            places["credit"],
            configuration.book,
            clock,
            tick_micro_per_wh,
        )
        self.auction = AuctionTwin(
            state,
            places["auction"],
            places["registry"],
            self.house,
            places["credit"],
            configuration.auction,
            clock,
            tick_micro_per_wh,
        )
        self.storage = StorageTwin(
            state, places["storage"], places["registry"], self.house, configuration.storage, clock
        )
        self.credit = CreditTwin(state, places["credit"], self.registry, self.house, configuration.credit)
        by_address.update((contract.address, contract) for contract in self._contracts())
        for venue in (self.book, self.round, self.auction):
            venue.ask_quotas_of(self.credit)
        self.book.join_chain(chain_id, by_address)
        self.auction.join_chain(chain_id, by_address)

    def _contracts(self) -> tuple[Contract, ...]:
        return (
            self.registry,
            self.token,
            self.house,
            self.book,
            self.round,
            self.auction,
            self.storage,
            self.credit,
        )

    def _marked(self, mark: str) -> dict[tuple[str, str], Callable[..., Any]]:
        found = {}
        for name in CONTRACT_NAMES:
            contract: Contract = getattr(self, name)
            for attribute in dir(type(contract)):
                if getattr(getattr(type(contract), attribute), "__dict__", {}).get(mark):
                    found[name, solidity_name(attribute)] = getattr(contract, attribute)
        return found

    @property
    def timestamp(self) -> int:
        """Time of the present block [unix s]."""
        return self._state.timestamp

    @timestamp.setter
    def timestamp(self, timestamp: int) -> None:
        self._state.timestamp = timestamp

    @property
    def logs(self) -> list[tuple[str, str, tuple[Any, ...]]]:
        """Events of the last call: (contract, event, arguments)."""
        return self._state.events

    def address_of(self, contract: str) -> str:
        """Checksummed address of a contract by its name."""
        return self.addresses[contract]

    def apply(self, call: Call) -> Outcome:
        """Do what a transaction does.

        Parameters
        ----------
        call : Call
            The transaction; its timestamp becomes the market's.

        Returns
        -------
        Outcome
            A failed one has changed nothing.

        Raises
        ------
        KeyError
            If the contract has no such function.
        """
        function = self._functions[call.contract, call.function]
        self._state.timestamp = call.timestamp
        try:
            value = function(call.sender, *call.args)
        except Revert as error:
            return Outcome(False, str(error), None, [])
        return Outcome(True, None, value, self._state.events)

    def read(self, contract: str, function: str, *args: Any) -> Any:  # noqa: ANN401
        """Read a view by its Solidity name.

        Parameters
        ----------
        contract : str
            Name of the contract.
        function : str
            Name of the view in Solidity.
        *args : Any
            Arguments.

        Returns
        -------
        Any
            One value or a tuple of several; arrays and structs as tuples.
        """
        return self._views[contract, function](*args)

    def function_names(self) -> list[tuple[str, str]]:
        """Every (contract, function) that :meth:`apply` takes."""
        return sorted(self._functions)

    def wire(self, roles: RoleAddresses) -> None:
        """Do what a deployment does after the constructors.

        Parameters
        ----------
        roles : RoleAddresses
            Accounts of the roles.

        Raises
        ------
        Revert
            If the market is wired already.
        """
        owner, places = self.supervisor, self.addresses
        for name in LISTENERS:
            self.registry.add_listener(owner, places[name])
        self.house.add_venue(owner, places["book"], VenueKind.POSITIONS)
        self.house.add_venue(owner, places["round"], VenueKind.POSITIONS)
        self.house.add_venue(owner, places["auction"], VenueKind.ROOTS)
        self.house.add_venue(owner, places["storage"], VenueKind.MARGIN_ONLY)
        self.registry.register_many(owner, (roles.grid, roles.retailer, roles.platform), int(Role.SUPPLIER))
        self.registry.register_many(owner, (roles.storage_operator, roles.operator), int(Role.OPERATOR))
        self.registry.register(owner, roles.meter, int(Role.METER))
        self.house.configure(owner, int(RoleId.GRID), int(RoleId.RETAILER), int(RoleId.PLATFORM))

    def conservation(self) -> Conservation:
        """Count all money and energy (rule M1); every residual of a sound market is 0."""
        return conservation_of(self.house, self.book, self.round, self.auction, self.storage)


def solidity_name(python_name: str) -> str:
    """Name of a function in Solidity: ``open_frames`` becomes ``openFrames``."""
    return _CAPITAL.sub(lambda found: found.group(1).upper(), python_name)
