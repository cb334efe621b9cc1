"""Metered movements: losses, power, capacity, order and times of reports (M12)."""


def test_keeps_totals_in_one_word_when_energy_moves_in_and_out(market, desk):
    desk.book()
    stored = desk.report(desk.first, (1, 2_000, 0))
    # Booking 1 | in 2,000 | out 0 | stored 1,900 | frame.
    assert stored.events("EnergyMoved") == [(1 | 2_000 << 32 | 1_900 << 96 | desk.first << 136,)]
    taken = desk.report(desk.first + 1, (1, 0, 1_500))
    assert taken.events("EnergyMoved") == [(1 | 1_500 << 64 | 400 << 96 | (desk.first + 1) << 136,)]
    booking = desk.booking(1)
    assert (booking["in"], booking["out"], booking["stored"], booking["next"]) == (2_000, 1_500, 400, 2)


def test_loses_on_the_charge_leg_when_charging_is_split_into_small_reports(market, desk):
    # M12: 10 reports of 1 Wh at 95 %. Rounded up each they would store 10 Wh (energy from nothing),
    # rounded down each 0; together they store floor(9.5) = 9, and discharging loses nothing more.
    desk.book(frames=12)
    stored = []
    for offset in range(10):
        desk.report(desk.first + offset, (1, 1, 0))
        stored.append(desk.booking(1)["stored"])
    assert stored == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    with market.reverts("Storage_Empty: 1, 10, 9"):
        desk.report(desk.first + 10, (1, 0, 10))
    desk.report(desk.first + 10, (1, 0, 9))
    assert desk.booking(1)["stored"] == 0


def test_counts_charge_before_discharge_when_both_are_in_one_report(market, desk):
    desk.book()
    with market.reverts("Storage_Empty: 1, 951, 950"):
        desk.report(desk.first, (1, 1_000, 951))
    desk.report(desk.first, (1, 1_000, 950))
    assert desk.booking(1)["stored"] == 0


def test_refuses_report_when_power_would_not_carry_it(market, desk):
    desk.book(charge_w=5_001, discharge_w=3_000)
    with market.reverts("Storage_PowerLimit: 1, 2501, 2500"):
        desk.report(desk.first, (1, 2_501, 0))
    desk.report(desk.first, (1, 2_500, 0))
    with market.reverts("Storage_PowerLimit: 1, 1501, 1500"):
        desk.report(desk.first + 1, (1, 0, 1_501))
    desk.report(desk.first + 1, (1, 0, 1_500))


def test_refuses_report_when_capacity_would_not_hold_it(market, desk):
    desk.book(capacity_wh=2_000)
    with market.reverts("Storage_CapacityLimit: 1, 2001, 2000"):
        desk.report(desk.first, (1, 2_107, 0))
    with market.reverts("Storage_CapacityLimit: 1, 2001, 2000"):
        desk.report(desk.first, (1, 2_107, 100))
    desk.report(desk.first, (1, 2_106, 0))
    assert desk.booking(1)["stored"] == 2_000


def test_refuses_report_when_frame_was_reported_or_lies_outside(market, desk):
    first, end = desk.first, desk.first + 4
    desk.book()
    with market.reverts(f"Storage_FrameOutsideBooking: 1, {first - 1}, {first}, {end}"):
        desk.report(first - 1, (1, 1, 0))
    desk.report(first + 1, (1, 100, 0))
    for frame in (first + 1, first):
        with market.reverts(f"Storage_FrameOutsideBooking: 1, {frame}, {first + 2}, {end}"):
            desk.report(frame, (1, 100, 0))
    desk.report(first + 3, (1, 100, 0))
    with market.reverts(f"Storage_FrameOutsideBooking: 1, {end}, {end}, {end}"):
        desk.report(end, (1, 100, 0))
    assert desk.booking(1)["in"] == 200


def test_refuses_second_record_when_one_batch_names_a_booking_twice(market, desk):
    desk.book()
    with market.reverts_named("Storage_FrameOutsideBooking"):
        desk.report(desk.first, (1, 100, 0), (1, 100, 0))
    assert desk.booking(1)["in"] == 0


def test_takes_reports_from_the_end_of_the_frame_to_its_metering_deadline(market, desk):
    # M9: a report after the deadline would count or not depending on who closes the booking first.
    frame = desk.first
    desk.book()
    end, deadline = market.end_of(frame), market.metering_deadline_of(frame)
    record = [1 | 100 << 32]
    with market.reverts(f"Storage_FrameNotOver: {frame}, {end}, {end - 1}"):
        market.at(end - 1).transact(market.meter, "storage", "move", frame, record)
    with market.reverts(f"Storage_TooLate: {frame}, {deadline}, {deadline}"):
        market.at(deadline).transact(market.meter, "storage", "move", frame, record)
    last = frame + 3
    market.at(market.metering_deadline_of(last) - 1).transact(market.meter, "storage", "move", last, record)
    assert desk.booking(1)["in"] == 100


def test_refuses_report_when_caller_is_no_meter(market, desk):
    desk.book()
    for actor in (desk.renter, market.storage_operator, market.operator, market.supervisor, market.outsider):
        with market.reverts(f"Venue_MissingRole: {actor.address}, 8"):
            market.at(max(market.now, market.end_of(desk.first))).transact(
                actor, "storage", "move", desk.first, [1 | 100 << 32]
            )


def test_moves_nothing_when_one_record_of_a_batch_is_bad(market, desk):
    desk.book()
    desk.book(desk.neighbour)
    for bad, text in (
        (3 | 100 << 32, "Storage_NoBooking: 3"),
        (0, "Storage_NoBooking: 0"),
        (2 | 1 << 96, f"Storage_InvalidRecord: {2 | 1 << 96}"),
        (2 | 1 << 255, f"Storage_InvalidRecord: {2 | 1 << 255}"),
    ):
        market.travel_to(max(market.now, market.end_of(desk.first)))
        with market.reverts(text):
            market.transact(market.meter, "storage", "move", desk.first, [1 | 100 << 32, bad])
    assert desk.booking(1)["in"] == 0


def test_leaves_other_bookings_alone_when_one_moves(market, desk):
    desk.book()
    desk.book(desk.neighbour)
    desk.report(desk.first, (2, 700, 0), (1, 300, 100))
    assert (desk.booking(1)["stored"], desk.booking(2)["stored"]) == (185, 665)
    with market.reverts("Storage_Empty: 1, 186, 185"):
        desk.report(desk.first + 1, (1, 0, 186))


def test_moves_one_booking_from_one_word_as_a_batch_of_one_does(market, desk):
    desk.book()
    desk.book(desk.neighbour)
    market.travel_to(market.end_of(desk.first))
    in_batch = desk.report(desk.first, (1, 2_000, 300)).events("EnergyMoved")
    movement = 2 | 2_000 << 32 | 300 << 64 | desk.first << 96
    alone = market.transact(market.meter, "storage", "moveOne", movement).events("EnergyMoved")
    assert alone == [(movement & (1 << 96) - 1 | 1_600 << 96 | desk.first << 136,)]
    assert alone[0][0] - in_batch[0][0] == 1
    first, second = desk.booking(1), desk.booking(2)
    assert {name: value for name, value in first.items() if name != "renter"} == {
        name: value for name, value in second.items() if name != "renter"
    }


def test_refuses_one_word_for_the_reasons_of_a_batch(market, desk):
    desk.book()
    frame, record = desk.first, 1 | 100 << 32
    end, deadline = market.end_of(frame), market.metering_deadline_of(frame)
    one = record | frame << 96
    with market.reverts(f"Venue_MissingRole: {desk.renter.address}, 8"):
        market.transact(desk.renter, "storage", "moveOne", 1 << 128 | one)
    with market.reverts(f"Storage_InvalidRecord: {1 << 128 | one}"):
        market.transact(market.meter, "storage", "moveOne", 1 << 128 | one)
    with market.reverts(f"Storage_FrameNotOver: {frame}, {end}, {end - 1}"):
        market.at(end - 1).transact(market.meter, "storage", "moveOne", one)
    with market.reverts("Storage_NoBooking: 7"):
        market.at(end).transact(market.meter, "storage", "moveOne", 7 | frame << 96)
    market.transact(market.meter, "storage", "moveOne", one)
    with market.reverts(f"Storage_FrameOutsideBooking: 1, {frame}, {frame + 1}, {frame + 4}"):
        market.transact(market.meter, "storage", "moveOne", one)
    with market.reverts(f"Storage_TooLate: {frame}, {deadline}, {deadline}"):
        market.at(deadline).transact(market.meter, "storage", "moveOne", one)
    assert desk.booking(1)["in"] == 100
