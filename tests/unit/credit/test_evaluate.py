"""Sessions, endorsements and evaluations of stations at the contract (Cui et al. 2023)."""

import pytest

WAD = 10**18
PROSUMER, STATION, METER, OPERATOR = 1, 2, 8, 16


def test_evaluates_with_the_set_weight_when_the_user_has_no_ratings(market, desk, math):
    evaluation = desk.praise(desk.user, desk.station, 4)
    terms = market.call("credit", "evaluationTerms")
    assert [evaluation] == list(math.evaluations(terms, 0, [4], WAD // 2, 0, 0))
    assert market.call("credit", "stationOf", desk.station.id) == (evaluation, 1, 0)


def test_evaluates_with_the_users_score_when_it_has_ratings(market, desk, math):
    desk.rate_user(desk.user, 300, good=True)
    desk.rate_user(desk.user, 100, good=False)
    assert market.call("credit", "scoreWad", desk.user.id) == WAD // 2
    desk.rate_user(desk.other_user, 100, good=True)
    terms = market.call("credit", "evaluationTerms")
    half = desk.praise(desk.user, desk.station, 5)
    assert [half] == list(math.evaluations(terms, 0, [5], WAD // 2, 0, 0))
    full = desk.praise(desk.other_user, desk.station, 2)
    assert [full] == list(math.evaluations(terms, half, [2], WAD, 0, 0))


def test_changes_nothing_but_uses_the_session_when_the_users_score_is_negative(market, desk):
    # A bad payer must neither praise nor punish a station.
    before = desk.praise(desk.other_user, desk.station, 4)
    desk.rate_user(desk.user, 100, good=False)
    assert desk.praise(desk.user, desk.station, 1) == before
    assert market.call("credit", "stationOf", desk.station.id) == (before, 2, 0)
    assert market.call("credit", "openSessions", desk.station.id, desk.user.id) == 0


def test_counts_a_user_as_unrated_when_its_ratings_weigh_nothing(market, desk, math):
    desk.rate_user(desk.user, 0, good=False)
    evaluation = desk.praise(desk.user, desk.station, 4)
    terms = market.call("credit", "evaluationTerms")
    assert [evaluation] == list(math.evaluations(terms, 0, [4], WAD // 2, 0, 0))


def test_allows_one_evaluation_a_session_when_sessions_are_attested(market, desk):
    station, user = desk.station, desk.user
    with market.reverts(f"Credit_NoSession: {station.id}, {user.id}"):
        desk.evaluate(user, station, 5)
    outcome = desk.attest(station, user, user, desk.other_user)
    assert outcome.events("SessionAttested") == [
        (station.id, who.id, 7_000) for who in (user, user, desk.other_user)
    ]
    assert market.call("credit", "openSessions", station.id, user.id) == 2
    desk.evaluate(user, station, 5)
    desk.evaluate(user, station, 5)
    with market.reverts(f"Credit_NoSession: {station.id}, {user.id}"):
        desk.evaluate(user, station, 5)
    assert market.call("credit", "openSessions", station.id, desk.other_user.id) == 1


def test_weighs_endorsements_when_stations_take_part(market, desk, math):
    other = market.register(STATION)
    outcome = market.transact(market.operator, "credit", "recordEndorsements", desk.station.id, 3)
    assert outcome.events("EndorsementsRecorded") == [(desk.station.id, 3)]
    market.transact(market.operator, "credit", "recordEndorsements", other.id, 1)
    assert market.call("credit", "totalEndorsements") == 4
    assert market.call("credit", "stationOf", other.id) == (0, 0, 1)
    terms = market.call("credit", "evaluationTerms")
    evaluation = desk.praise(desk.user, desk.station, 5)
    assert [evaluation] == list(math.evaluations(terms, 0, [5], WAD // 2, 3, 4))
    assert evaluation > desk.praise(desk.other_user, other, 5)


@pytest.mark.parametrize("rating", [0, 6, 255])
def test_refuses_rating_when_out_of_range(market, desk, rating):
    desk.attest(desk.station, desk.user)
    with market.reverts(f"Credit_InvalidRating: {rating}"):
        desk.evaluate(desk.user, desk.station, rating)


def test_refuses_evaluation_when_user_or_station_is_unknown(market, desk):
    with market.reverts(f"Credit_NotRegistered: {market.outsider.address}"):
        desk.evaluate(market.outsider, desk.station, 5)
    for station in (desk.other_user, market.outsider):
        with market.reverts(f"Credit_UnknownStation: {station.id}"):
            desk.evaluate(desk.user, station, 5)
        with market.reverts(f"Credit_UnknownStation: {station.id}"):
            market.transact(market.operator, "credit", "recordEndorsements", station.id, 1)


def test_refuses_evaluation_when_the_station_lost_its_role(market, desk):
    desk.attest(desk.station, desk.user)
    market.transact(market.supervisor, "registry", "setRoles", desk.station.address, PROSUMER)
    with market.reverts(f"Credit_UnknownStation: {desk.station.id}"):
        desk.evaluate(desk.user, desk.station, 5)


def test_refuses_sessions_when_a_record_is_bad(market, desk):
    station, user = desk.station, desk.user
    double = market.register(STATION | PROSUMER)
    for bad in (
        0,
        user.id | station.id << 32,
        station.id | 999 << 32,
        station.id,
        station.id | user.id << 32 | 1 << 96,
        double.id | double.id << 32,  # a station must not praise itself
    ):
        good = station.id | user.id << 32 | 7_000 << 64
        with market.reverts(f"Credit_InvalidRecord: {bad}"):
            market.transact(market.meter, "credit", "attestSessions", [good, bad])
    assert market.call("credit", "openSessions", station.id, user.id) == 0


def test_refuses_callers_when_they_lack_the_role(market, desk):
    for actor in (desk.user, desk.station, market.operator, market.supervisor, market.outsider):
        for function in ("attestSessions", "recordSupply"):
            with market.reverts(f"Credit_MissingRole: {actor.address}, {METER}"):
                market.transact(actor, "credit", function, [])
    for actor in (desk.user, desk.station, market.meter, market.outsider):
        with market.reverts(f"Credit_MissingRole: {actor.address}, {OPERATOR}"):
            market.transact(actor, "credit", "recordEndorsements", desk.station.id, 1)
