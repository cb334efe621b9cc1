"""M10: how deliveries and reports rate a user, when it is suspended, and how it comes back."""

import pytest

WAD = 10**18
FRAMES_A_DAY = 48


def rate_many(desk, participant, count, good, weight_wh=100):
    for _ in range(count):
        outcome = desk.rate(participant, weight_wh, good)
    return outcome


def deliver(desk, market, wh, delivered, tick=50):
    """Sell and deliver; 0 if that was not rated, 1 for good, 2 for bad."""
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, wh, tick)
    desk.to_metering(frame)
    before = desk.account(desk.seller)
    desk.report(frame, (desk.seller, delivered))
    after = desk.account(desk.seller)
    if after["rated_frames"] == before["rated_frames"]:
        return 0
    return 1 if after["good_wh"] > before["good_wh"] else 2


@pytest.mark.parametrize(("delivered", "rating"), [(1_000, 1), (900, 1), (899, 2), (0, 2)])
def test_m10_a_shortfall_above_a_tenth_is_bad(desk, market, delivered, rating):
    assert deliver(desk, market, 1_000, delivered) == rating
    account = desk.account(desk.seller)
    assert (account["rated_frames"], account["rated_wh"], account["good_wh"]) == (
        1,
        1_000,
        1_000 * (rating == 1),
    )
    assert market.call("house", "scoreWad", desk.seller.id) == (WAD if rating == 1 else -WAD)


@pytest.mark.parametrize(("wh", "rating"), [(49, 0), (50, 1)])
def test_m10_frames_below_the_minimum_are_not_rated(desk, market, wh, rating):
    """Counterexample: a hundred sales of 1 Wh would buy a perfect record."""
    assert deliver(desk, market, wh, wh) == rating
    assert desk.account(desk.seller)["rated_frames"] == rating


def test_m10_one_who_owes_nothing_is_not_rated_even_without_a_minimum(desk, market):
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 0, 10, 3, 0))
    frame = desk.open_frame()
    desk.hold(frame, desk.buyer, bought_wh=10, purchase_micro=100)
    desk.to_metering(frame)
    desk.report(frame, (desk.buyer, 0))
    assert desk.account(desk.buyer)["rated_frames"] == 0


def test_m10_the_score_weighs_by_energy_and_rounds_toward_zero(desk, market):
    assert market.call("house", "scoreWad", desk.seller.id) == 0
    desk.rate(desk.seller, 1, True)
    desk.rate(desk.seller, 2, False)
    assert market.call("house", "scoreWad", desk.seller.id) == -(WAD // 3)
    desk.rate(desk.seller, 3, True)
    assert market.call("house", "scoreWad", desk.seller.id) == WAD * 2 // 6


def test_m10_the_threshold_binds_after_ten_rated_frames(desk, market):
    """Counterexample: one bad first frame would suspend a newcomer."""
    rate_many(desk, desk.seller, 9, good=False)
    assert desk.account(desk.seller)["status"] == 0
    outcome = desk.rate(desk.seller, 100, False)
    assert outcome.events("StatusChanged") == [(desk.seller.id, 2)]
    account = desk.account(desk.seller)
    assert (account["status"], account["rated_frames"], account["until"]) == (
        2,
        10,
        market.frame + FRAMES_A_DAY,
    )
    assert market.call("book", "accountOf", desk.seller.id)[1] == 2
    assert desk.venue.call("statusOf", desk.seller.id) == 2
    assert desk.rate(desk.seller, 100, False).events("StatusChanged") == []


def test_m10_a_score_at_the_threshold_is_not_below_it(desk, market):
    rate_many(desk, desk.seller, 5, good=True)
    rate_many(desk, desk.seller, 5, good=False)
    assert market.call("house", "scoreWad", desk.seller.id) == 0
    assert desk.account(desk.seller)["status"] == 0
    desk.rate(desk.seller, 1, False)
    assert desk.account(desk.seller)["status"] == 2


@pytest.mark.parametrize("function", ["rate", "rateOne"])
def test_m10_the_tenth_rating_is_compared_even_if_it_is_good(desk, market, function):
    """Counterexample: one small good rating as the tenth would pass nine bad ones until the next bad one."""
    rate_many(desk, desk.seller, 9, good=False)
    good = desk.seller.id | 1 << 32 | 1 << 72
    records = [good] if function == "rate" else good
    outcome = market.transact(market.meter, "house", function, records)
    assert outcome.events("StatusChanged") == [(desk.seller.id, 2)]
    account = desk.account(desk.seller)
    assert (account["rated_frames"], account["good_wh"], account["status"]) == (10, 1, 2)


def test_m10_a_raised_threshold_acts_at_the_next_bad_rating(desk, market):
    rate_many(desk, desk.seller, 10, good=True)
    desk.rate(desk.seller, 100, False)
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 50, 10, 3, 9_990))
    rate_many(desk, desk.seller, 15, good=True)
    market.transact(market.meter, "house", "rateOne", desk.seller.id | 100 << 32 | 1 << 72)
    assert deliver(desk, market, 100, 100) == deliver(desk, market, 100, 90) == 1
    assert market.call("house", "scoreWad", desk.seller.id) < 0.999 * WAD
    assert (desk.account(desk.seller)["rated_frames"], desk.account(desk.seller)["status"]) == (29, 0)
    assert desk.rate(desk.seller, 0, False).events("StatusChanged") == [(desk.seller.id, 2)]


def test_m10_a_raised_threshold_acts_at_the_next_short_delivery(desk, market):
    rate_many(desk, desk.seller, 12, good=True)
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 50, 10, 3, 10_000))
    assert deliver(desk, market, 100, 0) == 2
    assert desk.account(desk.seller)["status"] == 2


def test_m10_a_lowered_count_acts_when_it_is_reached_or_at_the_next_bad_rating(desk, market):
    other = desk.other
    for participant, count in ((desk.seller, 5), (desk.buyer, 5), (other, 2)):
        rate_many(desk, participant, count, good=False)
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 50, 3, 3, 0))
    for participant, status in ((desk.seller, 0), (desk.buyer, 0), (other, 2)):
        desk.rate(participant, 1, True)
        assert desk.account(participant)["status"] == status
    assert deliver(desk, market, 100, 100) == 1
    assert desk.account(desk.seller)["status"] == 0
    desk.rate(desk.seller, 1, False)
    desk.rate(desk.buyer, 1, True)
    assert [desk.account(one)["status"] for one in (desk.seller, desk.buyer)] == [2, 0]


@pytest.mark.parametrize(("binding", "ratings"), [(0, 1), (1, 1), (2, 2)])
def test_m10_a_count_that_binds_at_once(desk, market, binding, ratings):
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 50, binding, 3, 0))
    for number in range(1, ratings + 1):
        desk.rate(desk.seller, 100, False)
        assert desk.account(desk.seller)["status"] == (2 if number == ratings else 0)
    rate_many(desk, desk.buyer, ratings + 1, good=True)
    assert desk.account(desk.buyer)["status"] == 0


def test_m10_no_rounding_decides_at_the_threshold(desk, market):
    """Counterexample: -1/3 in 1/10,000, toward zero, is -3,333 and would pass a threshold of -3,333."""
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 50, 1, 1, -3_333))
    desk.rate(desk.seller, 1, True)
    desk.rate(desk.seller, 1, False)
    assert desk.account(desk.seller)["status"] == 0
    desk.rate(desk.seller, 1, False)
    assert market.call("house", "scoreWad", desk.seller.id) == -(WAD // 3)
    assert desk.account(desk.seller)["status"] == 2


def test_m10_a_settlement_crosses_the_threshold_and_still_pays(desk, market):
    rate_many(desk, desk.seller, 9, good=False)
    frame = desk.open_frame()
    _, lock = desk.sell(frame, desk.seller, 100, 100)
    desk.to_metering(frame)
    with desk.gains(seller=lock):
        outcome = desk.report(frame, (desk.seller, 0))
    assert outcome.events("StatusChanged") == [(desk.seller.id, 2)]
    assert desk.account(desk.seller)["until"] == frame + 1 + FRAMES_A_DAY


def test_m10_back_on_probation_after_a_days_frames(desk, market):
    rate_many(desk, desk.seller, 10, good=False)
    until = desk.account(desk.seller)["until"]
    market.travel_to(market.start_of(until) - 1)
    with market.reverts(f"Settlement_StillSuspended: {desk.seller.id}, {until}, {until - 1}"):
        market.transact(market.outsider, "house", "startProbation", desk.seller.id)
    outcome = market.transact(market.outsider, "house", "startProbation", desk.seller.id)
    assert outcome.events("StatusChanged") == [(desk.seller.id, 0)]
    account = desk.account(desk.seller)
    account.pop("balance")
    assert account == {
        "rated_frames": 0,
        "rated_wh": 0,
        "good_wh": 0,
        "status": 0,
        "probation": True,
        "until": 0,
    }
    assert market.call("book", "accountOf", desk.seller.id)[1] == 0
    with market.reverts(f"Settlement_NotSuspended: {desk.seller.id}"):
        market.transact(market.outsider, "house", "startProbation", desk.seller.id)


@pytest.fixture
def on_probation(desk, market):
    rate_many(desk, desk.seller, 10, good=False)
    market.travel_to(market.start_of(desk.account(desk.seller)["until"]))
    market.transact(market.outsider, "house", "startProbation", desk.seller.id)
    return desk


def test_m10_on_probation_three_bad_frames_suspend_again(on_probation, market):
    """Counterexample: with ten free frames after each return, one bad day in two would never be stopped."""
    desk = on_probation
    rate_many(desk, desk.seller, 2, good=False)
    assert desk.account(desk.seller)["status"] == 0
    desk.rate(desk.seller, 100, False)
    account = desk.account(desk.seller)
    assert (account["status"], account["probation"], account["until"]) == (
        2,
        True,
        market.frame + FRAMES_A_DAY,
    )


def test_m10_on_probation_good_ratings_are_compared_from_the_third_on(on_probation, market):
    desk = on_probation
    rate_many(desk, desk.seller, 2, good=False)
    desk.rate(desk.seller, 1, True)
    assert (desk.account(desk.seller)["rated_frames"], desk.account(desk.seller)["status"]) == (3, 2)


def test_m10_on_probation_a_raised_threshold_acts_at_the_next_rating(on_probation, market):
    desk = on_probation
    desk.rate(desk.seller, 1, False)
    rate_many(desk, desk.seller, 4, good=True)
    assert desk.account(desk.seller)["status"] == 0
    market.transact(market.supervisor, "credit", "setCreditPolicy", (1_000, 50, 10, 3, 10_000))
    desk.rate(desk.seller, 100, True)
    assert desk.account(desk.seller)["status"] == 2


def test_m10_probation_ends_with_ten_frames_not_below_the_threshold(on_probation):
    desk = on_probation
    rate_many(desk, desk.seller, 9, good=True)
    assert desk.account(desk.seller)["probation"]
    desk.rate(desk.seller, 100, True)
    assert not desk.account(desk.seller)["probation"]


def test_the_supervisors_suspension_is_its_own(desk, market):
    outcome = market.transact(market.supervisor, "house", "setSuspended", desk.seller.id, True)
    assert outcome.events("StatusChanged") == [(desk.seller.id, 1)]
    with market.reverts(f"Settlement_NotSuspended: {desk.seller.id}"):
        market.transact(market.outsider, "house", "startProbation", desk.seller.id)
    rate_many(desk, desk.seller, 10, good=False)
    assert desk.account(desk.seller)["status"] == 3
    market.travel_to(market.start_of(desk.account(desk.seller)["until"]))
    market.transact(market.outsider, "house", "startProbation", desk.seller.id)
    assert desk.account(desk.seller)["status"] == desk.venue.call("statusOf", desk.seller.id) == 1
    market.transact(market.supervisor, "house", "setSuspended", desk.seller.id, False)
    assert desk.account(desk.seller)["status"] == desk.venue.call("statusOf", desk.seller.id) == 0


def test_suspending_needs_the_supervisor_and_a_participant(desk, market):
    with market.reverts(f"Settlement_NotSupervisor: {market.operator.address}"):
        market.transact(market.operator, "house", "setSuspended", desk.seller.id, True)
    with market.reverts("Settlement_NotRegistered: 0x0000000000000000000000000000000000000000"):
        market.transact(market.supervisor, "house", "setSuspended", 999, True)
    with market.reverts("Settlement_NotSuspended: 999"):
        market.transact(market.outsider, "house", "startProbation", 999)


def test_ratings_from_outside_are_the_meters_and_all_or_nothing(desk, market):
    good = desk.seller.id | 70 << 32 | 1 << 72
    with market.reverts(f"Settlement_MissingRole: {market.operator.address}, 8"):
        market.transact(market.operator, "house", "rate", [good])
    for bad in (999 | 70 << 32, desk.seller.id | 2 << 72, desk.seller.id | 1 << 80, 0):
        with market.reverts(f"Settlement_InvalidRecord: {bad}"):
            market.transact(market.meter, "house", "rate", [good, bad])
    assert desk.account(desk.seller)["rated_frames"] == 0
    balance = desk.balance(desk.seller)
    outcome = market.transact(market.meter, "house", "rate", [good, desk.seller.id | 30 << 32])
    assert list(outcome.events("Rated")[0][0]) == [good, desk.seller.id | 30 << 32]
    account = desk.account(desk.seller)
    assert (account["rated_frames"], account["rated_wh"], account["good_wh"]) == (2, 100, 70)
    assert account["balance"] == balance


def test_one_rating_alone_is_the_meters_and_tells_the_venues(desk, market):
    good = desk.seller.id | 70 << 32 | 1 << 72
    with market.reverts(f"Settlement_MissingRole: {market.operator.address}, 8"):
        market.transact(market.operator, "house", "rateOne", good)
    for bad in (999 | 70 << 32, desk.seller.id | 2 << 72, desk.seller.id | 1 << 80, 0):
        with market.reverts(f"Settlement_InvalidRecord: {bad}"):
            market.transact(market.meter, "house", "rateOne", bad)
    outcome = market.transact(market.meter, "house", "rateOne", good)
    assert outcome.events("RatedOne")[0][0] == good
    account = desk.account(desk.seller)
    assert (account["rated_frames"], account["rated_wh"], account["good_wh"]) == (1, 70, 70)
    # The threshold binds from the tenth rating on.
    for _ in range(8):
        market.transact(market.meter, "house", "rateOne", desk.seller.id | 1_000 << 32)
    assert desk.account(desk.seller)["status"] == 0
    outcome = market.transact(market.meter, "house", "rateOne", desk.seller.id | 1_000 << 32)
    assert len(outcome.events("StatusChanged")) == 1
    assert desk.account(desk.seller)["status"] == 2


def test_m10_a_settlement_above_the_threshold_rates_and_changes_no_status(desk, market):
    rate_many(desk, desk.seller, 10, good=True)
    assert deliver(desk, market, 100, 100) == 1
    account = desk.account(desk.seller)
    assert (account["rated_frames"], account["status"]) == (11, 0)


def test_m10_a_settlement_rates_who_is_suspended_and_who_is_on_probation(desk, market):
    rate_many(desk, desk.seller, 10, good=False)
    assert deliver(desk, market, 100, 0) == 2
    assert (desk.account(desk.seller)["rated_frames"], desk.account(desk.seller)["status"]) == (11, 2)
    market.travel_to(market.start_of(desk.account(desk.seller)["until"]))
    market.transact(market.outsider, "house", "startProbation", desk.seller.id)
    for rated in (1, 2):
        assert deliver(desk, market, 100, 0) == 2
        assert (desk.account(desk.seller)["rated_frames"], desk.account(desk.seller)["status"]) == (rated, 0)
    deliver(desk, market, 100, 0)
    assert desk.account(desk.seller)["status"] == 2


def test_m10_full_deliveries_end_a_probation(on_probation, market):
    desk = on_probation
    for _ in range(9):
        assert deliver(desk, market, 100, 100) == 1
    assert desk.account(desk.seller)["probation"]
    assert deliver(desk, market, 100, 100) == 1
    account = desk.account(desk.seller)
    assert (account["probation"], account["rated_frames"], account["good_wh"]) == (False, 10, 1_000)


def test_m10_a_full_delivery_does_not_make_up_for_nine_bad_ones(desk, market):
    """Counterexample: one small full delivery as the tenth would pass a record of nothing but shortfalls."""
    rate_many(desk, desk.seller, 9, good=False)
    before = desk.balance(desk.seller)
    assert deliver(desk, market, 100, 100) == 1
    assert desk.balance(desk.seller) > before
    account = desk.account(desk.seller)
    assert (account["rated_frames"], account["status"]) == (10, 2)
    assert desk.venue.call("statusOf", desk.seller.id) == 2
