"""A deployed market that scenarios measure on: actors, time, frames, single transactions with their gas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from voltberg.chain.artifacts import Artifacts
from voltberg.chain.deploy import RoleAccounts, deploy_market
from voltberg.chain.engine import Engine, Transaction
from voltberg.chain.market import ChainMarket, TransactionReverted, checked_address
from voltberg.chain.onboarding import UNLIMITED_ALLOWANCE, onboard
from voltberg.configuration import MarketConfiguration
from voltberg.models import Role
from voltberg.reference import words

START_TIMESTAMP: Final = 1_767_225_600
"""2026-01-01T00:00:00Z, the start of a frame. Its number has no zero byte, nor that 512 later."""
PARTICIPANTS: Final = 110
"""Prosumers with money and margin: a hundred to trade, ten to trade with them."""
NEWCOMERS: Final = 50
"""Accounts that are not registered yet."""
ROLE_ACCOUNTS: Final = 7
ACCOUNTS: Final = ROLE_ACCOUNTS + PARTICIPANTS + NEWCOMERS
BALANCE_MICRO: Final = 1_000_000_000
MARGINS_MICRO: Final = {"book": 1_000_000_000, "auction": 1_000_000_000, "storage": 100_000_000}
"""Margin of each participant, by the contracts that the market may have."""
VENUES: Final = ("book", "auction")
"""Contracts that trade a frame of their own, one after the other; those not deployed are left out."""
FRAMES_AHEAD: Final = 4
"""How far the frame that scenarios trade lies ahead when they start."""
GAS_LIMIT: Final = 25_000_000
SETUP_GAS_LIMIT: Final = 1_000_000

CAP_TICK: Final = 150
GRID_TICK: Final = 150
RETAILER_TICK: Final = 140
GRID_FEE_TICKS: Final = 3
PLATFORM_FEE_TICKS: Final = 2


@dataclass(frozen=True, slots=True)
class Actor:
    """An account and its participant number.

    Attributes
    ----------
    address : str
        Checksummed.
    id : int
        Participant number, 0 for none.
    """

    address: str
    id: int


Step = tuple[Actor, str, str, tuple[Any, ...]]
"""One transaction of a set-up: sender, contract, function, arguments."""


class Stage:
    """One market on one engine. Everything that is sent must succeed.

    Parameters
    ----------
    engine : Engine
        A local engine with at least `ACCOUNTS` accounts and nothing on it.
    artifacts : Artifacts
        The compiled contracts.

    Attributes
    ----------
    frame : int
        The open frame of the first of `VENUES`; see `frame_of` for the others'.
    seasoned : bool
        Whether ordinary earlier trading has written the slots that a scenario touches.
    """

    def __init__(self, engine: Engine, artifacts: Artifacts) -> None:
        self.engine = engine
        self.configuration = MarketConfiguration()
        accounts = [checked_address(address) for address in engine.accounts[:ACCOUNTS]]
        self.market: ChainMarket = deploy_market(
            engine,
            artifacts,
            self.configuration,
            accounts[0],
            RoleAccounts(*accounts[1:ROLE_ACCOUNTS]),
            timestamp=START_TIMESTAMP - 3_600,
        ).market
        self.supervisor = Actor(accounts[0], 0)
        self.grid, self.retailer, self.platform, self.storage_operator, self.operator, self.meter = (
            Actor(account, number) for number, account in enumerate(accounts[1:ROLE_ACCOUNTS], start=1)
        )
        chosen = accounts[ROLE_ACCOUNTS : ROLE_ACCOUNTS + PARTICIPANTS]
        margins = {name: amount for name, amount in MARGINS_MICRO.items() if name in self.market.addresses}
        onboard(self.market, accounts[0], chosen, int(Role.PROSUMER), BALANCE_MICRO, margins)
        self.participants = tuple(Actor(account, id_) for id_, account in enumerate(chosen, ROLE_ACCOUNTS))
        self.newcomers = tuple(accounts[ROLE_ACCOUNTS + PARTICIPANTS :])
        self.seasoned = False
        self.now = START_TIMESTAMP
        self.frame = self.now // self.frame_seconds + FRAMES_AHEAD
        self.observer: Callable[[str, int], None] | None = None
        self.venues = tuple(name for name in VENUES if name in self.market.addresses)
        self.open_frames()

    @property
    def frame_seconds(self) -> int:
        """Length of a frame [s]."""
        return self.configuration.settlement.frame_seconds

    def start_of(self, frame: int) -> int:
        """Give the time at which delivery of a frame begins [unix s].

        Parameters
        ----------
        frame : int
            Frame number.

        Returns
        -------
        int
            Time [unix s].
        """
        return frame * self.frame_seconds

    def travel_to(self, timestamp: int) -> None:
        """Let the next transaction run at that time.

        Parameters
        ----------
        timestamp : int
            Time, after the latest block's [unix s].
        """
        self.now = max(timestamp, self.engine.timestamp + 1)

    def address(self, contract: str) -> str:
        """Give a contract's address.

        Parameters
        ----------
        contract : str
            Its name in the market.

        Returns
        -------
        str
            Checksummed address.
        """
        return self.market.addresses[contract]

    def send(self, *steps: Step) -> None:
        """Run a set-up, in as few blocks as the gas limits allow.

        Parameters
        ----------
        *steps : Step
            The transactions, in order.

        Raises
        ------
        TransactionReverted
            If one of them failed.
        """
        limit = GAS_LIMIT if len(steps) == 1 else SETUP_GAS_LIMIT
        self._run([self._transaction(step, limit) for step in steps])

    def measure(self, label: str, sender: Actor, contract: str, function: str, *args: Any) -> int:
        """Run one transaction in a block of its own.

        Parameters
        ----------
        label : str
            What an observer knows it by.
        sender : Actor
            Who sends it.
        contract : str
            Contract name.
        function : str
            Function name.
        *args : Any
            Its arguments.

        Returns
        -------
        int
            Gas used, as the receipt tells it.

        Raises
        ------
        TransactionReverted
            If it failed.
        """
        gas = self._run([self._transaction((sender, contract, function, args), GAS_LIMIT)])[0]
        if self.observer is not None:
            self.observer(label, gas)
        return gas

    def _transaction(self, step: Step, gas_limit: int) -> Transaction:
        sender, contract, function, args = step
        return self.market.transaction(sender.address, contract, function, *args, gas_limit=gas_limit)

    def _run(self, transactions: Sequence[Transaction]) -> list[int]:
        receipts = self.engine.send_block(transactions, self.now)
        self.now = self.engine.timestamp + 1
        for receipt in receipts:
            if not receipt.succeeded:
                raise TransactionReverted(self.market.decode_error(receipt.output), receipt)
        return [receipt.gas_used for receipt in receipts]

    def call(self, contract: str, function: str, *args: Any) -> Any:  # noqa: ANN401 - as the ABI has it
        """Read a view as if in the next block.

        Parameters
        ----------
        contract : str
            Contract name.
        function : str
            Function name.
        *args : Any
            Its arguments.

        Returns
        -------
        Any
            What it returned.
        """
        return self.market.call(contract, function, *args, timestamp=self.now)

    @contextmanager
    def rewound(self) -> Iterator[None]:
        """Take back whatever the block's body does.

        Yields
        ------
        None
            The body runs.
        """
        snapshot, now, frame = self.engine.snapshot(), self.now, self.frame
        try:
            yield
        finally:
            self.engine.revert(snapshot)
            self.now, self.frame = now, frame

    def frame_of(self, venue: str) -> int:
        """Tell the open frame that scenarios trade at a venue.

        Parameters
        ----------
        venue : str
            One of `VENUES`.

        Returns
        -------
        int
            Frame number.
        """
        return self.frame + self.venues.index(venue)

    def open_frames(self) -> None:
        """Open one frame for each venue with the tariff that all scenarios use."""
        tariff = words.pack_tariff(CAP_TICK, GRID_TICK, RETAILER_TICK, GRID_FEE_TICKS, PLATFORM_FEE_TICKS)
        for venue in self.venues:
            args = (self.address(venue), self.frame_of(venue), [tariff])
            self.send((self.operator, "house", "openFrames", args))

    def bring_in(self, account: str) -> Actor:
        """Register a newcomer who has tokens and lets the house take them, and no money in the market.

        Parameters
        ----------
        account : str
            One of `newcomers`.

        Returns
        -------
        Actor
            The new participant.
        """
        number = self.call("registry", "participantCount") + 1
        actor = Actor(account, number)
        self.send(
            (self.supervisor, "registry", "register", (account, int(Role.PROSUMER))),
            (actor, "token", "mint", (account, BALANCE_MICRO)),
            (actor, "token", "approve", (self.address("house"), UNLIMITED_ALLOWANCE)),
        )
        return actor
