"""The end of a booking: take-or-pay, what is left, the operator's accounts (M12, M13, M1; Wang eqs 27-29)."""

import pytest


def close(market, desk, booking_id=1, caller=None):
    if market.now < desk.end_of_booking(booking_id):
        market.travel_to(desk.end_of_booking(booking_id))
    return market.transact(caller or market.outsider, "storage", "close", booking_id)


def test_pays_rent_when_nothing_was_moved(market, desk):
    # M12: rent is take-or-pay; else booking everything would keep others out for nothing.
    before = desk.margin(desk.renter)
    desk.book()
    outcome = close(market, desk)
    assert outcome.events("BookingClosed") == [(1, desk.renter.id, 12_000, 0, 80_000, 0)]
    assert desk.margin(desk.renter) == before - 12_000
    account = desk.operator_account()
    assert account == {"revenue": 12_000, "rent": 12_000, "movement": 0, "cost": 0, "stock": 0}


def test_earns_fees_and_bears_costs_when_energy_moved(market, desk):
    # Wang eqs 27-29 on 2,000 Wh in and 1,500 Wh out: fee 3,500 x 4, cost 3,500 x 1, profit rent + fee - cost.
    desk.book()
    desk.report(desk.first, (1, 2_000, 0))
    desk.report(desk.first + 2, (1, 0, 1_500))
    close(market, desk)
    account = desk.operator_account()
    assert (account["rent"], account["movement"], account["cost"]) == (12_000, 14_000, 3_500)
    assert account["revenue"] == 26_000
    assert account["rent"] + account["movement"] - account["cost"] == 22_500


def test_passes_what_is_left_to_the_operator_when_a_booking_ends(market, desk):
    desk.book()
    desk.book(desk.neighbour)
    desk.report(desk.first, (1, 2_000, 0), (2, 1_001, 0))
    left = close(market, desk).events("BookingClosed")[0][-1]
    assert left == 1_900
    assert close(market, desk, 2).events("BookingClosed")[0][-1] == 950
    assert desk.operator_account()["stock"] == 2_850


def test_gives_the_same_when_an_outsider_closes(market, desk):
    desk.book()
    margin = desk.margin(desk.renter)
    close(market, desk, caller=market.outsider)
    assert desk.margin(desk.renter) == margin + 80_000
    assert set(desk.booking(1).values()) == {0}


def test_refuses_to_close_when_metering_window_is_open(market, desk):
    # A booking closed before its last reading would give the operator energy and the renter unpaid movements.
    desk.book()
    ends_at = market.metering_deadline_of(desk.first + 3)
    with market.reverts(f"Storage_NotEnded: 1, {ends_at}, {ends_at - 1}"):
        market.at(ends_at - 1).transact(desk.renter, "storage", "close", 1)
    market.at(ends_at).transact(desk.renter, "storage", "close", 1)


def test_refuses_to_close_when_closed_already_or_never_made(market, desk):
    desk.book()
    close(market, desk)
    for booking_id in (1, 2, 0):
        with market.reverts(f"Storage_NoBooking: {booking_id}"):
            market.transact(desk.renter, "storage", "close", booking_id)
    assert desk.operator_account()["revenue"] == 12_000, "paid once"


def test_refuses_reports_when_booking_is_closed(market, desk):
    desk.book()
    close(market, desk)
    frame = market.frame - 1
    with market.reverts("Storage_NoBooking: 1"):
        market.transact(market.meter, "storage", "move", frame, [1 | 100 << 32])


def test_traps_no_money_when_renter_lost_its_roles_and_is_suspended(market, desk):
    before = desk.margin(desk.renter)
    desk.book()
    market.transact(market.supervisor, "registry", "setRoles", desk.renter.address, 0)
    market.transact(market.supervisor, "house", "setSuspended", desk.renter.id, True)
    close(market, desk)
    assert desk.margin(desk.renter) == before - 12_000
    balance = market.call("house", "accountOf", desk.renter.id)[0]
    market.transact(desk.renter, "storage", "withdrawMargin", before - 12_000)
    assert market.call("house", "accountOf", desk.renter.id)[0] == balance + before - 12_000


def test_collects_revenue_for_the_operator_when_anyone_calls(market, desk):
    desk.book()
    close(market, desk)
    margin = desk.margin(market.storage_operator)
    outcome = market.transact(market.outsider, "storage", "collectRevenue")
    assert outcome.events("RevenueCollected") == [(12_000,)]
    assert desk.margin(market.storage_operator) == margin + 12_000
    assert desk.operator_account()["revenue"] == 0
    assert desk.operator_account()["rent"] == 12_000, "what was earned stays on the books"
    assert market.transact(market.outsider, "storage", "collectRevenue").events("RevenueCollected") == [(0,)]
    market.transact(market.storage_operator, "storage", "withdrawMargin", 12_000)


def test_holds_margins_locks_and_revenue_when_bookings_come_and_go(market, desk):
    # M1 at this venue: held by the house for the storage = margins + locks of open bookings + revenue.
    renters = [*market.participants, market.storage_operator]

    def accounted():
        locks = 0
        for booking_id in range(1, market.call("storage", "bookingCount") + 1):
            booking = desk.booking(booking_id)
            terms = (booking["frames"], booking["capacity"], booking["charge"], booking["discharge"])
            locks += sum(market.call("storage", "quote", *terms))
        return sum(desk.margin(renter) for renter in renters) + locks + desk.operator_account()["revenue"]

    held = desk.held_micro()
    assert accounted() == held
    desk.book()
    desk.book(desk.neighbour, desk.first + 1, 2, capacity_wh=3_333, charge_w=1_001, discharge_w=0)
    assert accounted() == held
    desk.report(desk.first, (1, 2_000, 0))
    desk.report(desk.first + 1, (1, 0, 17), (2, 500, 0))
    assert accounted() == held
    close(market, desk, 2)
    assert accounted() == held
    close(market, desk, 1)
    market.transact(market.outsider, "storage", "collectRevenue")
    assert accounted() == held
    market.transact(market.storage_operator, "storage", "withdrawMargin", 100)
    assert accounted() == desk.held_micro() == held - 100


@pytest.mark.parametrize("frames", [1, 96])
def test_closes_at_the_same_cost_when_spans_differ(market, desk, frames):
    # M13: ending a booking loops over nothing, so a long one cannot become too dear to end.
    desk.book(frames=frames, capacity_wh=1_000, charge_w=100, discharge_w=100)
    assert close(market, desk).gas_used < 150_000
