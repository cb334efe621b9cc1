"""Compare what is on the chain with what was planned: code, immutables, wiring and roles."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from voltberg.chain.artifacts import Artifact
from voltberg.chain.deployment_plan import SUPPLIER_IDS, DeploymentError, DeploymentPlan
from voltberg.chain.market import ChainMarket, TransactionReverted
from voltberg.models import LISTENERS, Role, RoleId

if TYPE_CHECKING:
    from voltberg.chain.deploy import DeploymentChain

_ROLES = {
    RoleId.GRID: Role.SUPPLIER,
    RoleId.RETAILER: Role.SUPPLIER,
    RoleId.PLATFORM: Role.SUPPLIER,
    RoleId.STORAGE_OPERATOR: Role.OPERATOR,
    RoleId.OPERATOR: Role.OPERATOR,
    RoleId.METER: Role.METER,
}

Expectation = tuple[str, str, tuple[Any, ...], Any]


def code_matches(artifact: Artifact, code: bytes) -> bool:
    """Tell whether code on a chain is a contract's, whatever its immutables are.

    Parameters
    ----------
    artifact : Artifact
        What the compiler made.
    code : bytes
        Code on the chain.

    Returns
    -------
    bool
        True if all bytes outside the immutables are equal.
    """
    expected = bytearray.fromhex(artifact.deployed_bytecode[2:])
    found = bytearray(code)
    if len(found) != len(expected):
        return False
    for places in artifact.immutable_references.values():
        for place in places:
            blank = bytes(place["length"])
            found[place["start"] : place["start"] + place["length"]] = blank
            expected[place["start"] : place["start"] + place["length"]] = blank
    return found == expected


def check_deployment(chain: DeploymentChain, plan: DeploymentPlan, market: ChainMarket) -> None:
    """Check that the contracts are there and hold what was planned.

    Parameters
    ----------
    chain : DeploymentChain
        Where they are.
    plan : DeploymentPlan
        What was planned.
    market : ChainMarket
        To read them with.

    Raises
    ------
    DeploymentError
        If anything differs; the message names the contract, the view, and both values.
    """
    for creation in plan.creations:
        if not code_matches(creation.artifact, chain.get_code(creation.address)):
            raise DeploymentError(f"{creation.address} does not hold the code of {creation.artifact.name}")
    expectations = _expectations(plan)
    try:
        values = market.read([(contract, function, args) for contract, function, args, _ in expectations])
    except TransactionReverted as error:
        raise DeploymentError(f"a view of the new market reverts: {error.text}") from error
    for (contract, function, args, expected), value in zip(expectations, values, strict=True):
        if value != expected:
            call = f"{contract}.{function}({', '.join(map(str, args))})"
            raise DeploymentError(f"{call} is {value!r}, expected {expected!r}")


def _expectations(plan: DeploymentPlan) -> list[Expectation]:
    terms, at = plan.configuration, plan.addresses
    settlement = terms.settlement
    arguments = {creation.name: creation.arguments for creation in plan.creations}
    return [
        ("registry", "owner", (), plan.deployer),
        ("registry", "listenerCount", (), len(LISTENERS)),
        *(("registry", "listenerAt", (i,), at[name]) for i, name in enumerate(LISTENERS)),
        *_role_expectations(plan),
        ("token", "decimals", (), 6),
        ("house", "token", (), at["token"]),
        ("house", "frameSeconds", (), settlement.frame_seconds),
        ("house", "tickMicroPerWh", (), settlement.tick_micro_per_wh),
        ("house", "gateClosureLeadSeconds", (), settlement.gate_closure_lead_seconds),
        ("house", "refusalLeadSeconds", (), settlement.refusal_lead_seconds),
        ("house", "meteringWindowSeconds", (), settlement.metering_window_seconds),
        ("house", "ringFrames", (), settlement.ring_frames),
        ("house", "creditPolicy", (), arguments["house"][4]),
        ("house", "suppliers", (), SUPPLIER_IDS),
        *((name, "registry", (), at["registry"]) for name in ("book", "round", "auction", "storage")),
        *((name, "house", (), at["house"]) for name in ("book", "round", "auction", "storage")),
        *(
            (name, "gateClosureLeadSeconds", (), settlement.gate_closure_lead_seconds)
            for name in ("book", "round", "auction")
        ),
        *(
            (name, "tickMicroPerWh", (), settlement.tick_micro_per_wh)
            for name in ("book", "round", "auction")
        ),
        ("auction", "params", (), arguments["auction"][3]),
        ("storage", "operatorId", (), int(RoleId.STORAGE_OPERATOR)),
        ("storage", "terms", (), arguments["storage"][3]),
        ("credit", "evaluationTerms", (), arguments["credit"][2]),
        ("credit", "riskParameters", (), (terms.credit.consumer_risk_bps, terms.credit.exchange_risk_bps)),
    ]


def _role_expectations(plan: DeploymentPlan) -> list[Expectation]:
    accounts = dict(zip(RoleId, astuple(plan.roles), strict=True))
    ids: list[Expectation] = [
        ("registry", "idOf", (account,), int(role_id)) for role_id, account in accounts.items()
    ]
    roles: list[Expectation] = [
        ("registry", "rolesOf", (account,), int(_ROLES[role_id])) for role_id, account in accounts.items()
    ]
    return ids + roles
