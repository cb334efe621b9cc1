"""Contracts and twin side by side: every call goes to both, and all that can be seen of it is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from voltberg.chain.artifacts import Artifacts
from voltberg.chain.deploy import RoleAccounts, deploy_market
from voltberg.chain.engine import Engine, Receipt
from voltberg.chain.market import (
    ChainMarket,
    CodecError,
    MarketError,
    TransactionReverted,
    checked_address,
)
from voltberg.configuration import MarketConfiguration
from voltberg.experiments.fuzz.actions import Cast
from voltberg.experiments.fuzz.invariants import broken_invariants
from voltberg.experiments.fuzz.views import all_views
from voltberg.models import Role
from voltberg.reference.market import Call, Outcome, ReferenceMarket
from voltberg.reference.state import Revert

START_TIMESTAMP: Final = 2_524_608_000
"""2050-01-01T00:00:00Z, the start of a frame: later than any node's clock, so that a case can be replayed
at its own times there, too."""
PARTICIPANTS: Final = 9
OUTSIDERS: Final = 4
ACCOUNTS: Final = 7 + PARTICIPANTS + OUTSIDERS
"""How many accounts an engine must have."""
GAS_LIMIT: Final = 25_000_000
PARTICIPANT_ROLES: Final = (Role.STATION, Role.STATION, Role.EXCHANGE, Role.EXCHANGE | Role.PROSUMER)
"""Roles of the first participants; the others are prosumers."""
PLAIN_TYPES: Final = frozenset({int, str, bool, bytes, type(None)})
MARGIN_SHARES: Final = (("book", 2), ("auction", 2), ("round", 1), ("storage", 1))
"""Margins that every participant starts with, in units of the set-up's money; one more unit stays at the
house, two in its own account."""


@dataclass(frozen=True, slots=True)
class FuzzSetup:
    """How a market begins.

    Attributes
    ----------
    name : str
        What tables call it.
    configuration : MarketConfiguration
        What it is deployed with.
    margin_micro : int
        Unit of the participants' money [micro].
    scale : int
        Factor of ordered quantities.
    """

    name: str
    configuration: MarketConfiguration
    margin_micro: int = 10**9
    scale: int = 1


class Difference(Exception):  # noqa: N818 - what was found, as a reader sees it
    """Twin and contracts disagree, or an invariant is broken.

    Parameters
    ----------
    what : str
        What was compared.
    contract : Any
        What the contracts say.
    twin : Any
        What the twin says.
    """

    def __init__(self, what: str, contract: Any, twin: Any) -> None:  # noqa: ANN401
        super().__init__(what, contract, twin)
        self.what = what
        self.contract = contract
        self.twin = twin

    def __str__(self) -> str:
        """Both sides, one below the other."""
        return f"{self.what}\n  contract: {self.contract!r}\n  twin:     {self.twin!r}"


class Step(NamedTuple):
    """What a call did, agreed by both.

    Attributes
    ----------
    outcome : Outcome
        The twin's prediction, which came true.
    receipt : Receipt
        The chain's receipt.
    """

    outcome: Outcome
    receipt: Receipt


def plain(value: Any) -> Any:  # noqa: ANN401
    """Turn every sequence into a plain tuple and every number into a plain int.

    Parameters
    ----------
    value : Any
        From a decoder or the twin.

    Returns
    -------
    Any
        The same, comparable.
    """
    # Most values are plain already, and a checkpoint has ten thousands of them.
    if type(value) in PLAIN_TYPES:
        return value
    if isinstance(value, (list, tuple)):
        return tuple([plain(item) for item in value])
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def cast_of(accounts: Sequence[str]) -> Cast:
    """Give parts to the first accounts of a chain.

    Parameters
    ----------
    accounts : sequence of str
        At least `ACCOUNTS` addresses.

    Returns
    -------
    Cast
        Who acts.
    """
    found = [checked_address(address) for address in accounts[:ACCOUNTS]]
    supervisor, grid, retailer, platform, storage_operator, operator, meter = found[:7]
    return Cast(
        supervisor,
        grid,
        retailer,
        platform,
        storage_operator,
        operator,
        meter,
        participants=tuple(found[7 : 7 + PARTICIPANTS]),
        outsiders=tuple(found[-OUTSIDERS:]),
    )


def bring_in_calls(twin: ReferenceMarket, cast: Cast, margin_micro: int) -> Iterator[tuple[Any, ...]]:
    """List the calls that register all participants and give them money.

    Parameters
    ----------
    twin : ReferenceMarket
        Knows the addresses.
    cast : Cast
        Who acts.
    margin_micro : int
        Unit of the participants' money [micro].

    Yields
    ------
    tuple
        Contract, function, arguments and sender of a `Call`.
    """
    house = twin.address_of("house")
    shares = sum(share for _, share in MARGIN_SHARES)
    for index, account in enumerate(cast.participants):
        roles = PARTICIPANT_ROLES[index] if index < len(PARTICIPANT_ROLES) else Role.PROSUMER
        yield "registry", "register", (account, int(roles)), cast.supervisor
        yield "token", "mint", (account, (shares + 3) * margin_micro), account
        yield "token", "approve", (house, 2**256 - 1), account
        yield "house", "deposit", ((shares + 1) * margin_micro,), account
        for venue, share in MARGIN_SHARES:
            yield "house", "moveToVenue", (twin.address_of(venue), share * margin_micro), account


class Pair:
    """A deployed market and its twin, with the calls that both have seen since their beginning.

    Parameters
    ----------
    engine : Engine
        A local chain with `ACCOUNTS` accounts.
    artifacts : Artifacts
        The contracts.
    setup : FuzzSetup
        How the market begins.

    Attributes
    ----------
    cast : Cast
        Who acts.
    chain : ChainMarket
        The contracts.
    twin : ReferenceMarket
        Their twin.
    history : list of Call
        Calls since the beginning, which is after all participants were registered and given money.

    Raises
    ------
    Difference
        If that fails, or goes differently on both sides.
    """

    def __init__(self, engine: Engine, artifacts: Artifacts, setup: FuzzSetup) -> None:
        self.engine = engine
        self.setup = setup
        self.cast = cast_of(engine.accounts)
        cast = self.cast
        self._roles = RoleAccounts(
            cast.grid, cast.retailer, cast.platform, cast.storage_operator, cast.operator, cast.meter
        )
        self.chain: ChainMarket = deploy_market(
            engine,
            artifacts,
            setup.configuration,
            cast.supervisor,
            self._roles,
            timestamp=max(engine.timestamp + 100, START_TIMESTAMP - 600),
        ).market
        self._deployed_at = engine.timestamp
        self.twin = self._new_twin()
        self.history: list[Call] = []
        self._order_ids: set[int] = set()
        for contract, function, args, sender in bring_in_calls(self.twin, cast, setup.margin_micro):
            call = Call(contract, function, args, sender, engine.timestamp + 1)
            outcome = self.step(call).outcome
            if not outcome.status:
                raise Difference(f"set-up {call}", outcome.error, None)
        self._brought_in = tuple(self.history)
        self._beginning = engine.snapshot()
        self.history.clear()

    def _new_twin(self) -> ReferenceMarket:
        twin = ReferenceMarket(
            self.setup.configuration, self.chain.addresses, self.cast.supervisor, self._deployed_at
        )
        twin.wire(self._roles)
        return twin

    def restart(self) -> None:
        """Go back to the beginning, on both sides."""
        self._rewind()
        self.twin = self._new_twin()
        for call in self._brought_in:
            self.twin.apply(call)

    def _rewind(self) -> None:
        self.engine.revert(self._beginning)
        self._beginning = self.engine.snapshot()
        self.history.clear()
        self._order_ids.clear()

    def step(self, call: Call) -> Step:
        """Send a call to both and compare status, error, return value and events.

        Parameters
        ----------
        call : Call
            The transaction.

        Returns
        -------
        Step
            What it did.

        Raises
        ------
        Difference
            If they disagree, or the twin fails otherwise than by a revert.
        """
        self.history.append(call)
        operation = f"{call.contract}.{call.function}"
        returned = self._ask(call)
        try:
            expected = self.twin.apply(call)
        except Exception as error:
            raise Difference(f"{operation}: twin", None, repr(error)) from error
        receipt = self._send(call)
        error_text = None if receipt.succeeded else self.chain.decode_error(receipt.output)
        _compare(f"{operation}: status and error", (receipt.succeeded, error_text), expected[:2])
        try:
            logs = [tuple(entry) for entry in self.chain.decode_logs(receipt.logs)]
        except (MarketError, CodecError) as error:
            raise Difference(f"{operation}: events", str(error), plain(expected.logs)) from error
        _compare(f"{operation}: events", plain(logs), plain(expected.logs))
        if receipt.succeeded:
            _compare(f"{operation}: return value", plain(returned), plain(expected.value))
            for _, event, args in logs:
                if event == "OrderPlaced":
                    self._order_ids.add(args[0] & (1 << 64) - 1)
                elif event == "OrderMoved":
                    self._order_ids.add(args[0] >> 64)
        return Step(expected, receipt)

    def _send(self, call: Call) -> Receipt:
        transaction = self.chain.transaction(
            call.sender, call.contract, call.function, *call.args, gas_limit=GAS_LIMIT
        )
        return self.engine.send_block([transaction], call.timestamp)[0]

    def _ask(self, call: Call) -> Any:  # noqa: ANN401
        """Ask what the function would return: a receipt does not carry it."""
        if not self.chain.function(call.contract, call.function).output_types:
            return None
        try:
            return self.chain.call(
                call.contract, call.function, *call.args, sender=call.sender, timestamp=call.timestamp
            )
        except (TransactionReverted, CodecError):
            # The transaction itself fails as well, or the value missing here shows it.
            return None

    def checkpoint(self) -> int:
        """Compare every public value and count money and energy.

        Returns
        -------
        int
            How many values were compared.

        Raises
        ------
        Difference
            If a value differs or an invariant is broken.
        """
        self.twin.timestamp = self.engine.timestamp
        views = all_views(self.twin, self.cast, sorted(self._order_ids))
        try:
            values = self.chain.read(views)
        except (TransactionReverted, CodecError) as error:
            raise Difference("views", repr(error), None) from error
        for given, found in zip(views, values, strict=True):
            try:
                expected = self.twin.read(given[0], given[1], *given[2])
            except Revert as error:
                expected = str(error)
            _compare(f"{given[0]}.{given[1]}{given[2]}", plain(found), plain(expected))
        if broken := broken_invariants(self.twin):
            raise Difference(f"invariant {broken[0]}", None, broken)
        return len(views)

    def replay(self, calls: Sequence[Call]) -> Difference | None:
        """Go back to the beginning, run calls and a checkpoint.

        Parameters
        ----------
        calls : sequence of Call
            In order.

        Returns
        -------
        Difference or None
            The first one, if there is any.
        """
        self.restart()
        try:
            for call in calls:
                self.step(call)
            self.checkpoint()
        except Difference as found:
            return found
        return None

    def gas_of_last(self, calls: Sequence[Call]) -> int | None:
        """Run calls on the contracts alone; go back to the beginning afterwards.

        Parameters
        ----------
        calls : sequence of Call
            In order, at least one.

        Returns
        -------
        int or None
            Gas of the last one; None if it fails.
        """
        self._rewind()
        for call in calls:
            receipt = self._send(call)
        self._rewind()
        return receipt.gas_used if receipt.succeeded else None


def _compare(what: str, contract: Any, twin: Any) -> None:  # noqa: ANN401
    if contract != twin:
        raise Difference(what, contract, twin)
