"""Twin and contracts side by side: every call goes to both, and all that can be seen of it is compared."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from voltberg.chain.compile import compile_contracts
from voltberg.chain.deploy import RoleAccounts, deploy_market
from voltberg.chain.engine import Engine
from voltberg.chain.market import TransactionReverted, checked_address
from voltberg.configuration import MarketConfiguration
from voltberg.experiments.fuzz.actions import Actions, Cast
from voltberg.experiments.fuzz.views import all_views
from voltberg.models import Role
from voltberg.reference.market import Call, Outcome, ReferenceMarket
from voltberg.reference.state import Revert

ROOT = Path(__file__).resolve().parents[2]
# 2026-01-01T00:00:00Z, the start of a frame.
START_TIMESTAMP = 1_767_225_600
PARTICIPANTS = 9
OUTSIDERS = 4
ACCOUNTS = 7 + PARTICIPANTS + OUTSIDERS
GAS_LIMIT = 25_000_000
PARTICIPANT_ROLES = (Role.STATION, Role.STATION, Role.EXCHANGE, Role.EXCHANGE | Role.PROSUMER)


class Difference(AssertionError):  # noqa: N818  # what was found, as a reader sees it
    """Twin and contracts disagree."""


def plain(value: Any) -> Any:
    """A value with every sequence a plain tuple and every number a plain int."""
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Pair:
    """A deployed market and its twin, with the calls that both have seen."""

    def __init__(self, engine: Engine, configuration: MarketConfiguration, margin_micro: int = 10**9) -> None:
        accounts = [checked_address(address) for address in engine.accounts[:ACCOUNTS]]
        self.cast = Cast(*accounts[:7], tuple(accounts[7 : 7 + PARTICIPANTS]), tuple(accounts[-OUTSIDERS:]))
        roles = RoleAccounts(*accounts[1:7])
        self.engine = engine
        start = max(engine.timestamp + 100, START_TIMESTAMP - 600)
        self.chain = deploy_market(
            engine, compile_contracts(ROOT), configuration, accounts[0], roles, timestamp=start
        ).market
        self.twin = ReferenceMarket(
            configuration, self.chain.addresses, self.cast.supervisor, engine.timestamp
        )
        self.twin.wire(roles)
        self.history: list[Call] = []
        self.order_ids: set[int] = set()
        self.errors: Counter[str] = Counter()
        self.successes: Counter[str] = Counter()
        self._bring_in(margin_micro)

    def _bring_in(self, margin_micro: int) -> None:
        house, supervisor = self.twin.address_of("house"), self.cast.supervisor
        for index, account in enumerate(self.cast.participants):
            roles = PARTICIPANT_ROLES[index] if index < len(PARTICIPANT_ROLES) else Role.PROSUMER
            setup = [
                ("registry", "register", (account, int(roles)), supervisor),
                ("token", "mint", (account, 6 * margin_micro), account),
                ("token", "approve", (house, 2**256 - 1), account),
                ("house", "deposit", (4 * margin_micro,), account),
                ("house", "moveToVenue", (self.twin.address_of("book"), 2 * margin_micro), account),
                ("house", "moveToVenue", (self.twin.address_of("storage"), margin_micro), account),
            ]
            for step in setup:
                outcome = self.step(Call(*step, self.engine.timestamp + 1))
                assert outcome.status, (step, outcome)

    def step(self, call: Call) -> Outcome:
        """Send a call to both and compare status, error, return value and events."""
        self.history.append(call)
        returned = self._ask(call)
        expected = self.twin.apply(call)
        transaction = self.chain.transaction(
            call.sender, call.contract, call.function, *call.args, gas_limit=GAS_LIMIT
        )
        receipt = self.engine.send_block([transaction], call.timestamp)[0]
        error = None if receipt.succeeded else self.chain.decode_error(receipt.output)
        logs = [tuple(entry) for entry in self.chain.decode_logs(receipt.logs)]
        self._compare("status and error", (receipt.succeeded, error), expected[:2])
        self._compare("events", plain(logs), plain(expected.logs))
        if receipt.succeeded:
            self._compare("return value", plain(returned), plain(expected.value))
            self.successes[f"{call.contract}.{call.function}"] += 1
            self.order_ids.update(
                args[0] & (1 << 64) - 1 for _, event, args in logs if event == "OrderPlaced"
            )
            self.order_ids.update(args[0] >> 64 for _, event, args in logs if event == "OrderMoved")
        else:
            self.errors[str(error).split(":")[0]] += 1
        return expected

    def _ask(self, call: Call) -> Any:
        """What the function would return: a receipt does not carry it."""
        if not self.chain.function(call.contract, call.function).output_types:
            return None
        try:
            return self.chain.call(
                call.contract, call.function, *call.args, sender=call.sender, timestamp=call.timestamp
            )
        except TransactionReverted:
            return None

    def checkpoint(self) -> int:
        """Compare every public value; return how many."""
        self.twin.timestamp = self.engine.timestamp
        views = all_views(self.twin, self.cast, sorted(self.order_ids))
        values = self.chain.read(views)
        for given, found in zip(views, values, strict=True):
            try:
                expected = self.twin.read(given[0], given[1], *given[2])
            except Revert as error:
                expected = str(error)
            self._compare(f"{given[0]}.{given[1]}{given[2]}", plain(found), plain(expected))
        assert self.twin.conservation().holds, self.twin.conservation()
        held = self.twin.token.balance_of(self.twin.address_of("house"))
        assert held >= self.twin.house.accounted_micro()
        return len(views)

    def _compare(self, what: str, contract: Any, twin: Any) -> None:
        if contract != twin:
            calls = "\n".join(f"    {call!r}," for call in self.history)
            raise Difference(
                f"{what}\n  contract: {contract!r}\n  twin:     {twin!r}\n"
                f"after the last of these calls (replay them with `Pair.step`):\n[\n{calls}\n]"
            )


def run_actions(pair: Pair, draw: Random, steps: int, checkpoint_every: int, scale: int = 1) -> None:
    """Drive a pair with random calls."""
    actions = Actions(pair.twin, pair.cast, draw, scale=scale)
    actions.now = pair.engine.timestamp + 1
    for number in range(1, steps + 1):
        pair.step(actions.next_call())
        if number % checkpoint_every == 0:
            pair.checkpoint()
    pair.checkpoint()
