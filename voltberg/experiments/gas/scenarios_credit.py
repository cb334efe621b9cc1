"""Scenarios of registration, station evaluation and penalty lists."""

from __future__ import annotations

from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.stage import Actor, Stage
from voltberg.models import Role
from voltberg.reference import words

REGISTERED = 40
OFFERED_WH = 2_000
TAKEN_WH = 1_000
SESSION_WH = 5_000
GOOD = 5


@scenario(MARKET, "register_batch40_each", "register_single")
def registrations(stage: Stage) -> Figures:
    """Register newcomers with every contract, one and forty at once, the latter each, rounded up."""
    roles = int(Role.PROSUMER)
    with stage.rewound():
        single = stage.measure(
            "register_single", stage.supervisor, "registry", "register", stage.newcomers[0], roles
        )
    chosen = list(stage.newcomers[:REGISTERED])
    gas = stage.measure("register_batch40", stage.supervisor, "registry", "registerMany", chosen, roles)
    return {"register_single": single, "register_batch40_each": -(-gas // REGISTERED)}


def _session(stage: Stage, station: Actor, user: Actor) -> int:
    record = words.pack_session(station.id, user.id, SESSION_WH)
    return stage.measure("attest_session", stage.meter, "credit", "attestSessions", [record])


@scenario(MARKET, "attest_session", "evaluate_station")
def evaluations(stage: Stage) -> Figures:
    """Attest a session and let its user evaluate the station, not its first when seasoned."""
    station, user = stage.participants[0], stage.participants[1]
    stage.send(
        (stage.supervisor, "registry", "setRoles", (station.address, int(Role.PROSUMER | Role.STATION)))
    )
    for _ in range(2 if stage.seasoned else 1):
        attested = _session(stage, station, user)
        evaluated = stage.measure("evaluate_station", user, "credit", "evaluate", station.id, GOOD)
    return {"attest_session": attested, "evaluate_station": evaluated}


@scenario(MARKET, "record_supply_met", "record_supply_missed")
def supplies(stage: Stage) -> Figures:
    """Enter a supply that a consumer took whole, which takes a penalty off, and one that adds a penalty."""
    consumer = stage.participants[0]
    for _ in range(1 if stage.seasoned else 0):
        taken = words.pack_supply(consumer.id, OFFERED_WH, TAKEN_WH + TAKEN_WH // 2, exchange=False)
        stage.send((stage.meter, "credit", "recordSupply", ([taken],)))
    whole = words.pack_supply(consumer.id, OFFERED_WH, OFFERED_WH, exchange=False)
    part = words.pack_supply(consumer.id, OFFERED_WH, TAKEN_WH, exchange=False)
    found = {}
    for name, record in (("record_supply_met", whole), ("record_supply_missed", part)):
        with stage.rewound():
            found[name] = stage.measure(name, stage.meter, "credit", "recordSupply", [record])
    return found
