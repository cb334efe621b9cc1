"""Deployment terms, the three suppliers, venues, and who may do what."""

import pytest

ZERO = "0x0000000000000000000000000000000000000000"
TERMS = (1_800, 2, 600, 300, 7_200, 512)
POLICY = (1_000, 50, 10, 3, 0)


def replaced(values, index, value):
    return (*values[:index], value, *values[index + 1 :])


def deploy_house(desk, terms=TERMS, policy=POLICY):
    market = desk.market
    places = [market.address(name) for name in ("registry", "token", "credit")]
    return desk.deploy("TradeSettlement", *places, terms, policy)


@pytest.mark.parametrize(
    ("index", "value", "maximum"),
    [
        (0, 59, 86_400),
        (0, 86_401, 86_400),
        (1, 0, 65_535),
        (1, 65_536, 65_535),
        (2, 0, 2**32 - 1),
        (3, 600, 599),
        (4, 0, 2**32 - 1),
        (5, 15, 512),
        (5, 513, 512),
    ],
)
def test_terms_out_of_range_are_refused(market, desk, index, value, maximum):
    with market.reverts(f"Settlement_InvalidPolicy: {value}, {maximum}"):
        deploy_house(desk, terms=replaced(TERMS, index, value))


@pytest.mark.parametrize(
    ("frame_seconds", "least"), [(60, 480), (1_799, 17), (1_800, 16), (14_399, 3), (86_400, 2)]
)
def test_a_ring_is_long_enough_for_the_tags_of_its_positions(market, desk, frame_seconds, least):
    """2^16 rounds of 28,800 s are 59 years; and a frame's rests roll into the next, in a slot of its own."""
    terms = (frame_seconds, 2, 600, 300, 7_200, least)
    assert deploy_house(desk, terms).call("ringFrames") == least
    with market.reverts(f"Settlement_InvalidPolicy: {least - 1}, 512"):
        deploy_house(desk, replaced(terms, 5, least - 1))


@pytest.mark.parametrize(
    ("index", "value", "told"), [(0, 10_001, 10_001), (4, 10_001, 10_001), (4, -10_001, 10_001)]
)
def test_policies_out_of_range_are_refused(market, desk, index, value, told):
    with market.reverts(f"Settlement_InvalidPolicy: {told}, 10000"):
        deploy_house(desk, policy=replaced(POLICY, index, value))
    with market.reverts(f"Settlement_InvalidPolicy: {told}, 10000"):
        market.transact(market.supervisor, "credit", "setCreditPolicy", replaced(POLICY, index, value))


def test_terms_are_kept(desk):
    house = deploy_house(desk, terms=(60, 65_535, 50, 0, 1, 481), policy=(10_000, 0, 1, 2, -10_000))
    names = (
        "frameSeconds",
        "tickMicroPerWh",
        "gateClosureLeadSeconds",
        "refusalLeadSeconds",
        "meteringWindowSeconds",
        "ringFrames",
    )
    assert tuple(house.call(name) for name in names) == (60, 65_535, 50, 0, 1, 481)
    assert tuple(house.call("creditPolicy")) == (10_000, 0, 1, 2, -10_000)
    market = desk.market
    assert [house.call(n) for n in ("registry", "token", "creditScoring")] == [
        market.address(n) for n in ("registry", "token", "credit")
    ]


def test_the_credit_contract_alone_sets_the_policy(market, desk):
    with market.reverts(f"Settlement_NotCredit: {market.supervisor.address}"):
        market.transact(market.supervisor, "house", "setCreditPolicy", POLICY)
    new = (500, 10, 4, 2, -250)
    outcome = market.transact(market.supervisor, "credit", "setCreditPolicy", new)
    assert [tuple(args[0]) for args in outcome.events("CreditPolicyChanged")] == [new]
    assert tuple(market.call("house", "creditPolicy")) == new


def test_suppliers_are_set_once_and_differ(market, desk):
    assert tuple(market.call("house", "suppliers")) == (1, 2, 3)
    with market.reverts("Settlement_AlreadyConfigured"):
        market.transact(market.supervisor, "house", "configure", 1, 2, 3)
    house = deploy_house(desk)
    with market.reverts(f"Settlement_NotSupervisor: {market.operator.address}"):
        house.transact(market.operator, "configure", 1, 2, 3)
    with market.reverts(f"Settlement_NotRegistered: {ZERO}"):
        house.transact(market.supervisor, "configure", 1, 2, 3)
    market.transact(market.supervisor, "registry", "addListener", house.address)
    market.transact(market.operator, "registry", "sync", 1, 18)
    for ids, told in [((1, 1, 3), 1), ((1, 2, 1), 1), ((1, 2, 2), 2)]:
        with market.reverts(f"Settlement_InvalidRecord: {told}"):
            house.transact(market.supervisor, "configure", *ids)
    with market.reverts("Settlement_NotConfigured"):
        house.transact(market.operator, "openFrames", desk.venue.address, market.frame + 4, [])
    house.transact(market.supervisor, "configure", 3, 1, 2)
    assert tuple(house.call("suppliers")) == (3, 1, 2)


def test_venues_are_chosen_by_the_supervisor_and_bounded(market, desk):
    with market.reverts(f"Settlement_NotSupervisor: {market.operator.address}"):
        market.transact(market.operator, "house", "addVenue", desk.venue.address, 1)
    with market.reverts_named("Settlement_VenueExists"):
        market.transact(market.supervisor, "house", "addVenue", desk.venue.address, 0)
    # A status is pushed to every trading venue: one without code would stop all ratings.
    with market.reverts(f"Settlement_NotVenue: {market.meter.address}"):
        market.transact(market.supervisor, "house", "addVenue", market.meter.address, 1)
    unknown = desk.deploy("MockVenue", market.address("registry"), market.address("house"))
    with market.reverts("Settlement_InvalidRecord: 3"):
        market.transact(market.supervisor, "house", "addVenue", unknown.address, 3)
    for index in range(5, 8):
        more = desk.deploy("MockVenue", market.address("registry"), market.address("house"))
        outcome = market.transact(market.supervisor, "house", "addVenue", more.address, 1)
        assert outcome.events("VenueAdded")[0][1:] == (index, 1)
    last = desk.deploy("MockVenue", market.address("registry"), market.address("house"))
    with market.reverts("Settlement_TooManyVenues: 8"):
        market.transact(market.supervisor, "house", "addVenue", last.address, 1)


def test_participants_come_from_the_registry_alone(market, desk):
    with market.reverts(f"Settlement_NotRegistry: {market.supervisor.address}"):
        market.transact(market.supervisor, "house", "onParticipant", market.outsider.address, 19, 63)


def test_a_lost_role_key_is_replaced_and_the_account_keeps_its_money(market, desk):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 100, 50)
    fresh = market.register(8)
    market.transact(market.supervisor, "registry", "setRoles", market.meter.address, 0)
    desk.to_metering(frame)
    with market.reverts(f"Settlement_MissingRole: {market.meter.address}, 8"):
        desk.report(frame, (desk.seller, 100))
    market.transact(fresh, "house", "reportDelivery", frame, [desk.seller.id | 100 << 32])
    assert market.call("house", "isSettled", frame, desk.seller.id)
    assert market.call("registry", "idOf", market.meter.address) == market.meter.id


def test_the_supervisor_changes_hands_at_the_house_when_the_successor_accepts(market, desk):
    successor = market.outsider
    market.transact(market.supervisor, "registry", "transferOwnership", successor.address)
    with market.reverts(f"Settlement_NotSupervisor: {successor.address}"):
        market.transact(successor, "house", "setSuspended", desk.seller.id, True)
    market.transact(market.supervisor, "house", "setSuspended", desk.seller.id, True)
    market.transact(successor, "registry", "acceptOwnership")
    with market.reverts(f"Settlement_NotSupervisor: {market.supervisor.address}"):
        market.transact(market.supervisor, "house", "setSuspended", desk.seller.id, False)
    market.transact(successor, "house", "setSuspended", desk.seller.id, False)
