"""The deployed market for unit tests of the contracts: in-process engine, every test from the same snapshot.

``market`` is a `MarketHarness`:

- actors: ``market.supervisor``, ``grid``, ``retailer``, ``platform``, ``storage_operator``, ``operator``,
  ``meter`` (ids 0, 1..6), ``market.participants`` (12 prosumers, ids 7..18, with tokens, allowance, house
  balance and margin at book, auction and storage), ``market.outsider`` (not registered; holds tokens and an
  allowance to the house). An actor has ``.address`` (checksummed) and ``.id``; ``market.register(roles)``
  makes one.
- ``market.call(contract, function, *args)`` reads a view as if in a block at the next transaction's time.
- ``market.transact(sender, contract, function, *args)`` -> `Outcome`; raises `TransactionReverted`.
- ``with market.reverts("Name: arg1, arg2"):`` expects exactly that text; ``market.reverts_named("Name")`` any
  arguments.
- ``market.travel_to(timestamp)`` / ``market.at(timestamp).transact(...)``: the next transaction runs at that
  time, later ones a second later each. ``market.now`` is the time of the next transaction.
- frames: ``market.frame`` (being delivered now), ``market.open_frame(...)``, ``start_of(frame)``,
  ``end_of(frame)``, ``gate_closure_of(frame)``, ``refusal_deadline_of(frame)``,
  ``metering_deadline_of(frame)``.
- contracts: "registry", "token", "house", "book", "auction", "storage", "credit"; ``market.address("book")``.
"""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.deploy import RoleAccounts, deploy_market
from voltberg.chain.engine import Engine, Receipt, open_engine
from voltberg.chain.market import ChainMarket, LogEntry, TransactionReverted, checked_address
from voltberg.chain.onboarding import UNLIMITED_ALLOWANCE, onboard
from voltberg.configuration import MarketConfiguration
from voltberg.models import Role

ROOT = Path(__file__).resolve().parents[2]
PARTICIPANTS = 12
SPARE_ACCOUNTS = 41
# 2026-01-01T00:00:00Z, the start of a frame.
START_TIMESTAMP = 1_767_225_600
BALANCE_MICRO = 1_000_000_000
BOOK_MARGIN_MICRO = 1_000_000_000
AUCTION_MARGIN_MICRO = 1_000_000_000
STORAGE_MARGIN_MICRO = 100_000_000
GAS_LIMIT = 20_000_000


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, and its participant number (0: none)."""

    address: str
    id: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A successful transaction: its receipt, what the function returned, and its events."""

    receipt: Receipt
    returned: Any
    logs: list[LogEntry]

    @property
    def gas_used(self) -> int:
        return self.receipt.gas_used

    def events(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of every event of that name."""
        return [entry.args for entry in self.logs if entry.event == name]


class MarketHarness:
    """See the module's docstring."""

    def __init__(self, engine: Engine, configuration: MarketConfiguration) -> None:
        self.engine = engine
        self.configuration = configuration
        accounts = [checked_address(address) for address in engine.accounts]
        roles = RoleAccounts(*accounts[1:7])
        self.chain: ChainMarket = deploy_market(
            engine,
            compile_contracts(ROOT),
            configuration,
            accounts[0],
            roles,
            timestamp=START_TIMESTAMP - 86_400,
        ).market
        self.addresses = self.chain.addresses
        self.supervisor = Actor(accounts[0], 0)
        self.grid, self.retailer, self.platform, self.storage_operator, self.operator, self.meter = (
            Actor(account, index) for index, account in enumerate(accounts[1:7], start=1)
        )
        chosen = accounts[7 : 7 + PARTICIPANTS]
        margins = {
            "book": BOOK_MARGIN_MICRO,
            "auction": AUCTION_MARGIN_MICRO,
            "storage": STORAGE_MARGIN_MICRO,
        }
        onboard(self.chain, accounts[0], chosen, int(Role.PROSUMER), BALANCE_MICRO, margins)
        self.participants = tuple(Actor(account, index) for index, account in enumerate(chosen, start=7))
        self.outsider = Actor(accounts[7 + PARTICIPANTS], 0)
        self._spare = accounts[8 + PARTICIPANTS :]
        self.now = engine.timestamp + 1
        self.give_tokens(self.outsider, BALANCE_MICRO)
        self.now = START_TIMESTAMP

    # Time and frames

    @property
    def frame(self) -> int:
        return self.now // self.configuration.settlement.frame_seconds

    def travel_to(self, timestamp: int) -> None:
        """Let the next transaction run at that time."""
        assert timestamp > self.engine.timestamp, f"{timestamp} is not after {self.engine.timestamp}"
        self.now = timestamp

    def at(self, timestamp: int) -> "MarketHarness":
        """Travel and go on: ``market.at(t).transact(...)``."""
        self.travel_to(timestamp)
        return self

    def start_of(self, frame: int) -> int:
        return frame * self.configuration.settlement.frame_seconds

    def end_of(self, frame: int) -> int:
        return self.start_of(frame + 1)

    def gate_closure_of(self, frame: int) -> int:
        return self.start_of(frame) - self.configuration.settlement.gate_closure_lead_seconds

    def refusal_deadline_of(self, frame: int) -> int:
        return self.start_of(frame) - self.configuration.settlement.refusal_lead_seconds

    def metering_deadline_of(self, frame: int) -> int:
        return self.end_of(frame) + self.configuration.settlement.metering_window_seconds

    def open_frame(
        self,
        frame: int | None = None,
        *,
        cap_tick: int = 150,
        grid_tick: int = 150,
        retailer_tick: int = 140,
        grid_fee_ticks: int = 3,
        platform_fee_ticks: int = 2,
        venue: str = "book",
    ) -> int:
        """Open a frame (four frames ahead by default) and return its number."""
        frame = self.frame + 4 if frame is None else frame
        tariff = (
            cap_tick | grid_tick << 8 | retailer_tick << 16 | grid_fee_ticks << 24 | platform_fee_ticks << 32
        )
        self.transact(self.operator, "house", "openFrames", self.address(venue), frame, [tariff])
        return frame

    # Calls and transactions

    def address(self, contract: str) -> str:
        return self.addresses[contract]

    def call(self, contract: str, function: str, *args: Any, sender: Actor | None = None) -> Any:
        """Read a view as if in a block at the next transaction's time."""
        caller = {} if sender is None else {"sender": sender.address}
        return self.chain.call(contract, function, *args, timestamp=self.now, **caller)

    def transact(
        self, sender: Actor, contract: str, function: str, *args: Any, gas_limit: int = GAS_LIMIT
    ) -> Outcome:
        """Send one transaction in a block of its own; raise `TransactionReverted` if it fails."""
        returned = None
        if self.chain.function(contract, function).output_types:
            # A receipt doesn't carry what the function returned: ask just before.
            with contextlib.suppress(TransactionReverted):
                returned = self.call(contract, function, *args, sender=sender)
        transaction = self.chain.transaction(sender.address, contract, function, *args, gas_limit=gas_limit)
        receipt = self.engine.send_block([transaction], self.now)[0]
        self.now = self.engine.timestamp + 1
        if not receipt.succeeded:
            raise TransactionReverted(self.chain.decode_error(receipt.output), receipt)
        return Outcome(receipt, returned, self.chain.decode_logs(receipt.logs))

    @contextlib.contextmanager
    def reverts(self, text: str) -> Iterator[None]:
        """Expect a revert with exactly this text."""
        with pytest.raises(TransactionReverted) as caught:
            yield
        assert caught.value.text == text

    @contextlib.contextmanager
    def reverts_named(self, name: str) -> Iterator[None]:
        """Expect a revert with this error, whatever its arguments."""
        with pytest.raises(TransactionReverted) as caught:
            yield
        assert caught.value.text.split(":")[0] == name

    # Actors and money

    def register(self, roles: int) -> Actor:
        """Register a new account (without money)."""
        actor = Actor(self._spare[self.call("registry", "participantCount") - 18], 0)
        participant_id = self.transact(self.supervisor, "registry", "register", actor.address, roles).returned
        return Actor(actor.address, participant_id)

    def give_tokens(self, actor: Actor, amount_micro: int) -> None:
        """Mint tokens and let the house take them."""
        self.transact(actor, "token", "mint", actor.address, amount_micro)
        self.transact(actor, "token", "approve", self.address("house"), UNLIMITED_ALLOWANCE)

    def give_margin(self, actor: Actor, venue: str, amount_micro: int) -> None:
        """Mint, deposit and move to a venue."""
        self.give_tokens(actor, amount_micro)
        self.transact(actor, "house", "deposit", amount_micro)
        self.transact(actor, "house", "moveToVenue", self.address(venue), amount_micro)


@pytest.fixture(scope="session")
def local_engine_name() -> str:
    """The in-process engine, or anvil where pyrevm has no wheel."""
    return "evm" if sys.version_info < (3, 13) else "anvil"


@pytest.fixture(scope="session")
def session_market(local_engine_name: str) -> Iterator[MarketHarness]:
    """The market as deployed; tests take ``market``."""
    count = 8 + PARTICIPANTS + SPARE_ACCOUNTS
    with open_engine(local_engine_name, account_count=count) as engine:
        yield MarketHarness(engine, MarketConfiguration())


@pytest.fixture
def market(session_market: MarketHarness) -> Iterator[MarketHarness]:
    """The market, as it was before the test when it ends."""
    snapshot = session_market.engine.snapshot()
    now = session_market.now
    yield session_market
    session_market.engine.revert(snapshot)
    session_market.now = now
