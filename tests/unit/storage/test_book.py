"""Booking: locks, spans, aggregate limits (M12; Wang et al. 2023, eqs 30 and 31)."""

import pytest

CAPACITY_WH, POWER_W = 200_000, 50_000


def test_locks_rent_and_most_movements_when_booked(market, desk):
    # Rent 4 frames x (10 kWh x 100 + 10 kW x 200) = 12,000; movements 4 x (2,500 + 2,500) Wh x 4 = 80,000.
    before = desk.margin(desk.renter)
    outcome = desk.book()
    assert market.call("storage", "quote", 4, 10_000, 5_000, 5_000) == (12_000, 80_000)
    assert desk.margin(desk.renter) == before - 92_000
    assert outcome.returned == 1
    renter = desk.renter.id
    assert outcome.events("Booked") == [(1, renter, desk.first, 4, 10_000, 5_000, 5_000, 92_000)]
    assert tuple(desk.booking(1).values()) == (renter, desk.first, 4, 0, 10_000, 5_000, 5_000, 0, 0, 0)


def test_lock_covers_the_dearest_use_when_every_frame_moves_all_it_can(market, desk):
    # M12, M1: whatever the meter may report is paid out of the lock; nothing is owed that nobody locked.
    desk.book(capacity_wh=10_000)
    for frame in range(desk.first, desk.first + 4):
        desk.report(frame, (1, 2_500, 2_375))
    closed = market.at(desk.end_of_booking(1)).transact(market.outsider, "storage", "close", 1)
    rent, movement, returned, _ = closed.events("BookingClosed")[0][2:]
    assert movement == 4 * (2_500 + 2_375) * 4
    assert returned == 80_000 - movement
    assert rent == 12_000


def test_rents_started_kilowatt_hours_and_kilowatts_when_terms_are_odd(market, desk):
    assert market.call("storage", "quote", 1, 1, 1, 0) == (100 + 200, 0)
    assert market.call("storage", "quote", 1, 1_000, 500, 500) == (100 + 200, (250 + 250) * 4)
    assert market.call("storage", "quote", 1, 1_001, 1_000, 1) == (200 + 400, (500 + 0) * 4)
    assert market.call("storage", "quote", 0, 1_001, 1_000, 1) == (0, 0)


def test_numbers_bookings_when_several_renters_book(market, desk):
    assert desk.book().returned == 1
    assert desk.book(desk.neighbour).returned == 2
    assert market.call("storage", "bookingCount") == 2
    assert desk.booking(2)["renter"] == desk.neighbour.id


def test_adds_up_per_frame_when_spans_overlap(market, desk):
    first = desk.first
    desk.book(first=first, frames=4, capacity_wh=120_000, charge_w=30_000, discharge_w=10_000)
    desk.book(desk.neighbour, first=first + 2, capacity_wh=80_000, charge_w=20_000, discharge_w=5_000)
    booked = [market.call("storage", "bookedOf", first + offset) for offset in range(-1, 7)]
    alone, both, other = (120_000, 30_000, 10_000), (200_000, 50_000, 15_000), (80_000, 20_000, 5_000)
    assert booked == [(0, 0, 0), alone, alone, both, both, other, other, (0, 0, 0)]


def test_refuses_capacity_when_one_shared_frame_is_full(market, desk):
    # M12: checking the booking alone, or its first frame only, would let the same kWh twice.
    first = desk.first
    desk.book(first=first, frames=4, capacity_wh=120_000)
    desk.book(desk.neighbour, first=first + 3, frames=4, capacity_wh=80_000)
    before = desk.margin(desk.renter)
    with market.reverts(f"Storage_CapacityExceeded: {first + 3}, {CAPACITY_WH + 1}, {CAPACITY_WH}"):
        desk.book(first=first + 1, frames=3, capacity_wh=1)
    assert market.call("storage", "bookedOf", first + 1) == (120_000, 5_000, 5_000), "refused whole"
    assert desk.margin(desk.renter) == before
    desk.book(first=first + 4, frames=3, capacity_wh=120_000)


def test_refuses_power_when_all_bookings_together_exceed_it(market, desk):
    desk.book(charge_w=30_000, discharge_w=0)
    with market.reverts(f"Storage_ChargePowerExceeded: {desk.first}, {POWER_W + 1}, {POWER_W}"):
        desk.book(desk.neighbour, charge_w=20_001, discharge_w=0)
    desk.book(desk.neighbour, charge_w=20_000, discharge_w=45_000)
    with market.reverts(f"Storage_DischargePowerExceeded: {desk.first + 3}, {POWER_W + 1}, {POWER_W}"):
        desk.book(first=desk.first + 3, charge_w=0, discharge_w=5_001)
    desk.book(first=desk.first + 3, charge_w=0, discharge_w=5_000)


def test_refuses_span_when_empty_long_begun_or_far(market, desk):
    current = market.frame
    for first, frames in ((current + 2, 0), (current + 2, 97), (current, 1), (current - 5, 10), (0, 1)):
        with market.reverts(f"Storage_InvalidSpan: {first}, {frames}, {current}"):
            desk.book(first=first, frames=frames)
    with market.reverts(f"Storage_InvalidSpan: {current + 1021}, 5, {current}"):
        desk.book(first=current + 1021, frames=5)
    highest = 2**32 - 1
    with market.reverts(f"Storage_InvalidSpan: {highest}, 96, {current}"):
        desk.book(first=highest, frames=96)


def test_takes_span_when_at_its_bounds(market, desk):
    current = market.frame
    desk.book(first=current + 1, frames=96, capacity_wh=1_000, charge_w=100, discharge_w=100)
    desk.book(first=current + 1021, frames=4)
    assert market.call("storage", "bookingCount") == 2


@pytest.mark.parametrize("terms", [(0, 5_000, 5_000), (10_000, 0, 0), (0, 0, 0)])
def test_refuses_booking_when_it_has_no_capacity_or_no_power(market, desk, terms):
    with market.reverts(f"Storage_EmptyBooking: {terms[0]}, {terms[1]}, {terms[2]}"):
        desk.book(capacity_wh=terms[0], charge_w=terms[1], discharge_w=terms[2])


def test_refuses_booking_when_margin_is_short_of_the_lock(market, desk):
    margin = desk.margin(desk.renter)
    market.transact(desk.renter, "storage", "withdrawMargin", margin - 91_999)
    with market.reverts(f"Venue_InsufficientMargin: {desk.renter.id}, 92000, 91999"):
        desk.book()
    market.transact(desk.renter, "house", "moveToVenue", market.address("storage"), 1)
    desk.book()
    assert desk.margin(desk.renter) == 0


def test_refuses_booking_when_caller_is_not_registered(market, desk):
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        desk.book(market.outsider, frames=0)


def test_checks_span_then_terms_then_margin_then_limits(market, desk):
    current = market.frame
    with market.reverts(f"Storage_InvalidSpan: {desk.first}, 0, {current}"):
        desk.book(frames=0, capacity_wh=0)
    market.transact(desk.renter, "storage", "withdrawMargin", desk.margin(desk.renter))
    with market.reverts("Storage_EmptyBooking: 0, 5000, 5000"):
        desk.book(capacity_wh=0)
    with market.reverts_named("Venue_InsufficientMargin"):
        desk.book(capacity_wh=CAPACITY_WH + 1)
