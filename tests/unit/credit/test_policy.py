"""Who sets the policy, and which constants are refused."""

import pytest

WAD = 10**18
TERMS = (15 * WAD, WAD // 2, WAD // 2, 5 * WAD, WAD // 2)
POLICY = (500, 100, 20, 5, -2_500)


def changed(index, value):
    return (*TERMS[:index], value, *TERMS[index + 1 :])


def test_sets_the_houses_policy_when_the_supervisor_asks(market):
    market.transact(market.supervisor, "credit", "setCreditPolicy", POLICY)
    assert market.call("house", "creditPolicy") == POLICY


def test_sets_the_risks_when_the_supervisor_asks(market):
    outcome = market.transact(market.supervisor, "credit", "setRiskParameters", 0, 9_999)
    assert outcome.events("RiskParametersChanged") == [(0, 9_999)]
    assert market.call("credit", "riskParameters") == (0, 9_999)


def test_refuses_settings_when_caller_is_not_the_supervisor(market):
    for actor in (market.operator, market.meter, market.participants[0], market.outsider):
        with market.reverts(f"Credit_NotSupervisor: {actor.address}"):
            market.transact(actor, "credit", "setCreditPolicy", POLICY)
        with market.reverts(f"Credit_NotSupervisor: {actor.address}"):
            market.transact(actor, "credit", "setRiskParameters", 1, 1)


def test_follows_the_registry_when_the_supervisor_hands_over(market):
    successor = market.participants[0]
    market.transact(market.supervisor, "registry", "transferOwnership", successor.address)
    market.transact(market.supervisor, "credit", "setRiskParameters", 1, 1)
    market.transact(successor, "registry", "acceptOwnership")
    with market.reverts(f"Credit_NotSupervisor: {market.supervisor.address}"):
        market.transact(market.supervisor, "credit", "setRiskParameters", 2, 2)
    market.transact(successor, "credit", "setRiskParameters", 3, 3)
    assert market.call("credit", "riskParameters") == (3, 3)


@pytest.mark.parametrize("risks", [(10_000, 0), (0, 10_000), (65_535, 0)])
def test_refuses_risks_when_one_is_whole(market, desk, risks):
    text = f"Credit_InvalidRisk: {max(risks)}"
    with market.reverts(text):
        market.transact(market.supervisor, "credit", "setRiskParameters", *risks)
    with market.reverts(text):
        desk.deploy(TERMS, *risks)
    assert market.call("credit", "riskParameters") == (2_000, 2_000)


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, WAD - 1),
        (0, 10**24 + 1),
        (1, 0),
        (1, 5 * WAD // 40 - 1),
        (2, WAD + 1),
        (3, 2 * WAD - 1),
        (3, 100 * WAD + 1),
        (4, WAD + 1),
    ],
)
def test_refuses_constants_when_an_evaluation_could_overshoot(market, desk, index, value):
    with market.reverts(f"Credit_InvalidTerms: {value}"):
        desk.deploy(changed(index, value))


@pytest.mark.parametrize(
    "terms",
    [
        (WAD, WAD // 20, WAD, 2 * WAD, WAD),
        (10**24, 2**255, 0, 100 * WAD, 0),
        (15 * WAD, 5 * WAD // 40, WAD, 5 * WAD, 0),
    ],
)
def test_takes_constants_when_at_their_bounds(desk, terms):
    assert desk.deploy(terms)


def test_tells_its_constants_when_asked(market):
    assert market.call("credit", "evaluationTerms") == TERMS


def test_refuses_pushes_when_they_come_from_elsewhere(market):
    stranger = market.participants[0]
    with market.reverts(f"Credit_NotRegistry: {stranger.address}"):
        market.transact(stranger, "credit", "onParticipant", stranger.address, stranger.id, 63)


def test_takes_roles_away_when_the_registry_revokes_them(market):
    market.transact(market.supervisor, "registry", "setRoles", market.meter.address, 0)
    with market.reverts(f"Credit_MissingRole: {market.meter.address}, 8"):
        market.transact(market.meter, "credit", "attestSessions", [])
