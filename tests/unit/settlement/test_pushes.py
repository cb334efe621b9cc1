"""What the house tells the venues, and the copies of the policy that its meters carry."""

from tests.unit.settlement.conftest import Deployed
from voltberg.chain.market import checked_address

ZERO = "0x" + "0" * 40
STRICT = (1_000, 50, 1, 1, 0)


def supply(market, actor, theoretical, practical):
    record = actor.id | theoretical << 32 | practical << 72
    return market.transact(market.meter, "credit", "recordSupply", [record])


def test_demand_factors_reach_every_trading_venue(market, desk):
    user = market.participants[0]
    supply(market, user, 1_000, 600)
    assert desk.venue.call("demandFactorOf", user.id) == 8_000
    assert market.call("book", "accountOf", user.id)[2] == 8_000


def test_a_venue_learns_what_happened_before_it_was_added(market):
    one, two = market.participants[:2]
    market.transact(market.supervisor, "house", "setSuspended", one.id, True)
    supply(market, two, 1_000, 600)
    late_venue = Deployed(market, "MockVenue", market.address("registry"), market.address("house"))
    market.transact(market.supervisor, "house", "addVenue", late_venue.address, 1)
    assert late_venue.call("statusOf", one.id) == 0
    market.transact(market.outsider, "house", "syncVenue", late_venue.address, one.id, two.id)
    assert [late_venue.call("statusOf", actor.id) for actor in (one, two)] == [1, 0]
    assert [late_venue.call("demandFactorOf", actor.id) for actor in (one, two)] == [10_000, 8_000]


def test_sync_says_what_it_cannot_do(market):
    storage, house = market.address("storage"), market.address("house")
    for venue in (storage, house):
        with market.reverts(f"Settlement_NotVenue: {venue}"):
            market.transact(market.outsider, "house", "syncVenue", venue, 1, 1)
    for first, last in ((0, 1), (18, 19)):
        with market.reverts(f"Settlement_NotRegistered: {ZERO}"):
            market.transact(market.outsider, "house", "syncVenue", market.address("book"), first, last)
    market.transact(market.outsider, "house", "syncVenue", market.address("book"), 5, 4)


def test_a_venue_that_refuses_stops_no_rating_suspension_or_penalty(market, desk):
    """Counterexample: a venue without the functions made suspensions revert, and the meter's batch too."""
    token = market.address("token")
    market.transact(market.supervisor, "house", "addVenue", token, 1)
    one, two = market.participants[:2]
    outcome = market.transact(market.supervisor, "house", "setSuspended", one.id, True)
    assert outcome.events("StatusChanged") == [(one.id, 1)]
    assert outcome.events("VenueNotTold") == [(token, one.id)]
    assert market.call("book", "accountOf", one.id)[1] == 1
    assert supply(market, two, 1_000, 0).events("VenueNotTold") == [(token, two.id)]
    assert market.call("book", "accountOf", two.id)[2] == 2_000
    market.transact(market.supervisor, "credit", "setCreditPolicy", STRICT)
    outcome = desk.rate(two, 100, False)
    assert outcome.events("VenueNotTold") == [(token, two.id)]
    assert desk.account(two)["status"] == 2


def test_a_participant_that_a_venue_does_not_know_can_be_suspended(market):
    """A mock that asks for nothing would not do: the order book refuses numbers that it was never told."""
    book = market.address("book")
    market.transact(market.supervisor, "registry", "removeListener", book)
    stranger = market.register(1)
    outcome = market.transact(market.supervisor, "house", "setSuspended", stranger.id, True)
    assert outcome.events("VenueNotTold") == [(checked_address(book), stranger.id)]
    with market.reverts(f"Venue_NotRegistered: {ZERO}"):
        market.transact(market.outsider, "house", "syncVenue", book, stranger.id, stranger.id)
    market.transact(market.supervisor, "registry", "addListener", book)
    market.transact(market.outsider, "registry", "sync", stranger.id, stranger.id)
    market.transact(market.outsider, "house", "syncVenue", book, stranger.id, stranger.id)
    assert market.call("book", "accountOf", stranger.id)[1] == 1


def test_only_the_credit_contract_pushes_factors(market):
    with market.reverts(f"Settlement_NotCredit: {market.supervisor.address}"):
        market.transact(market.supervisor, "house", "pushDemandFactor", 7, 1)


def test_every_meter_rates_by_the_policy_in_force(market, desk):
    """More meters than have a copy of the policy; one of them lost the role and came back."""
    meters = [market.meter, *(market.register(8) for _ in range(9))]
    market.transact(market.supervisor, "registry", "setRoles", meters[2].address, 1)
    market.transact(market.supervisor, "credit", "setCreditPolicy", STRICT)
    with market.reverts_named("Settlement_MissingRole"):
        market.transact(meters[2], "house", "rate", [])
    market.transact(market.supervisor, "registry", "setRoles", meters[2].address, 8)
    market.transact(market.supervisor, "registry", "setRoles", meters[9].address, 8 | 16)
    assert market.call("house", "creditPolicy") == STRICT
    for meter, user in zip(meters, market.participants, strict=False):
        outcome = market.transact(meter, "house", "rate", [user.id | 100 << 32])
        assert outcome.events("StatusChanged") == [(user.id, 2)]
    lenient = (1_000, 50, 1, 1, -10_000)
    market.transact(market.supervisor, "credit", "setCreditPolicy", lenient)
    for meter, user in zip(meters, market.participants[::-1], strict=False):
        if market.call("house", "accountOf", user.id)[4] == 0:
            assert (
                market.transact(meter, "house", "rate", [user.id | 100 << 32]).events("StatusChanged") == []
            )


def test_meters_lose_their_role_in_any_order(desk, market):
    """Whoever is left keeps a copy of the policy that follows the one in force."""
    meters = [market.register(8) for _ in range(3)]
    for gone in (meters[2], market.meter, meters[0]):
        market.transact(market.supervisor, "registry", "setRoles", gone.address, 1)
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 50, 1, 1, 0))
    record = desk.seller.id | 100 << 32
    with market.reverts(f"Settlement_MissingRole: {meters[2].address}, 8"):
        market.transact(meters[2], "house", "rate", [record])
    market.transact(meters[1], "house", "rate", [record])
    # One bad frame binds by the new policy.
    assert desk.account(desk.seller)["status"] == 2
