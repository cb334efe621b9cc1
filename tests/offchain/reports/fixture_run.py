"""A small run made by the replay itself, the exact twin in the chain's place, so columns cannot drift."""

import json
from dataclasses import asdict
from pathlib import Path

from voltberg.models import CONTRACT_NAMES
from voltberg.profiles import sample_day
from voltberg.reference.market import ReferenceMarket
from voltberg.simulation.day import DayReplay
from voltberg.simulation.journal import Journal
from voltberg.simulation.ledger import Execution
from voltberg.simulation.plan import Cast
from voltberg.simulation.replay import differences, public_views, run_replay
from voltberg.simulation.settings import ReplaySettings
from voltberg.simulation.summary import summarise
from voltberg.simulation.tables import ReplayTables, make_tables

ROLES = 7


def account(number):
    return f"0x{number:040x}"


class TwinLedger:
    """Does what the twin predicts; gas grows with what a call logs."""

    def __init__(self, market):
        self.market = market
        self.block_number = 0

    def prepare(self, block):
        return block

    def submit(self, prepared):
        self.block_number += 1
        self.block = prepared

    def collect(self):
        return [
            Execution(self.block_number, 25_000 + 9_000 * len(c.logs), 36, c.error, c.logs, 0.001)
            for c in self.block.calls
        ]

    def read(self, views):
        return [self.market.read(contract, function, *args) for contract, function, args in views]


def write_fixture_run(folder: Path, households: int = 12, venue: str = "book") -> ReplayTables:
    settings = ReplaySettings.model_validate(
        {"seed": 3, "venue": venue, "inputs": {"households": households}}
    )
    day = sample_day("summer", households)
    stations = len({session.station for session in day.sessions})
    accounts = [account(100 + number) for number in range(ROLES + stations + households)]
    cast = Cast(
        *accounts[:ROLES], tuple(accounts[ROLES : ROLES + stations]), tuple(accounts[ROLES + stations :])
    )
    addresses = {name: account(1 + number) for number, name in enumerate(CONTRACT_NAMES)}
    market = ReferenceMarket(settings.market, addresses, cast.supervisor)
    market.wire(cast)
    replay = DayReplay(day, settings, market, cast)
    ledger = TwinLedger(market)
    steps = run_replay(replay, ledger, Journal(folder))
    views = list(public_views(replay))
    final = dict(zip(views, ledger.read(views), strict=True))
    tables = make_tables(replay, steps, final)
    found = len(differences(replay.market, final))
    summary = summarise(replay, tables, final, engine="evm", seconds=2.0, differences=found)
    run = {
        "command": "replay",
        "engine": "evm",
        "settings": settings.model_dump(mode="json"),
        "day": {"calendar": asdict(day.calendar), "describe": day.calendar.describe()},
        "inputs": [asdict(entry) for entry in day.provenance],
        "versions": {"voltberg": "0", "python": "3"},
        "first_block": 0,
        "addresses": addresses,
        "participants": {name: address for address, name in cast.name_of().items()},
    }
    tables.write(folder)
    for name, content in (("run", run), ("summary", summary)):
        (folder / f"{name}.json").write_text(json.dumps(content, default=str), encoding="utf-8")
    return tables
