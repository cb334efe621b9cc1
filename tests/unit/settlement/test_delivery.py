"""M4, M5, M6, M9, M13: what a metered delivery, a shortfall or a missing reading is worth.

Tariffs unless said otherwise: cap 120, grid 100, retailer 90 ticks: the retailer steps in.
"""

import pytest

from voltberg.reference.words import unpack_deliveries

TICK = 2
FALLBACK = 90 * TICK


def records_of(outcome):
    """(id, delivered Wh, paid micro) of each record of the log."""
    logged = [entry for args in outcome.events("DeliveriesSettled") for entry in unpack_deliveries(args[1])]
    return [(entry.participant_id, entry.delivered_wh, entry.paid_micro) for entry in logged]


def skips_of(outcome):
    return [args[1:] for args in outcome.events("SettlementSkipped")]


def settled(desk, wh, tick, delivered, **tariff):
    """One seller sells and delivers; returns (sale, lock, report's outcome)."""
    frame = desk.open_frame(**tariff)
    sale, lock = desk.sell(frame, desk.seller, wh, tick)
    desk.traded(frame, wh)
    desk.to_metering(frame)
    outcome = desk.report(frame, (desk.seller, delivered))
    return frame, sale, lock, outcome


@pytest.mark.parametrize("delivered", [1_000, 1_001, 2**40 - 1])
def test_m4_a_full_delivery_pays_the_sale_and_returns_the_lock(desk, delivered):
    before = desk.balance(desk.seller)
    frame, sale, lock, outcome = settled(desk, 1_000, 50, delivered)
    assert desk.balance(desk.seller) - before == sale + lock == 1_000 * 50 * TICK + 1_000 * 70 * TICK
    assert records_of(outcome) == [(desk.seller.id, delivered, sale + lock)]
    assert desk.account(desk.seller)["good_wh"] == 1_000
    record = desk.frame_record(frame)
    assert (record["read"], record["sold"], record["fallback"], record["surplus"]) == (True, 1_000, 0, 0)
    assert desk.money_residual(frame) == 0


def test_m4_only_the_net_sale_is_owed(desk, market):
    """Counterexample: a seller that bought back half of its sale would pay for energy it no longer owes."""
    frame = desk.open_frame()
    desk.hold(
        frame,
        desk.seller,
        bought_wh=600,
        sold_wh=1_000,
        purchase_micro=60_000,
        sale_micro=100_000,
        lock_micro=140_000,
    )
    desk.to_metering(frame)
    with desk.gains(seller=240_000):
        outcome = desk.report(frame, (desk.seller, 400))
    assert records_of(outcome) == [(desk.seller.id, 400, 240_000)]
    account = desk.account(desk.seller)
    assert (account["rated_frames"], account["rated_wh"], account["good_wh"]) == (1, 400, 400)


def test_m4_delivered_plus_fallback_is_what_was_owed(desk):
    frame, _, _, outcome = settled(desk, 1_000, 50, 300)
    ((_, delivered, _),) = records_of(outcome)
    assert delivered == 300
    assert desk.frame_record(frame)["fallback"] == 700 * FALLBACK


def test_m5_not_delivering_never_pays(desk, market):
    """Counterexample: sold at 5 ticks, fallback 90, nothing delivered: at the sale's price that is free."""
    before = desk.balance(desk.seller)
    frame, sale, lock, outcome = settled(desk, 1_000, 5, 0)
    paid = desk.balance(desk.seller) - before
    assert paid == sale + lock - 1_000 * FALLBACK < lock
    assert records_of(outcome) == [(desk.seller.id, 0, paid)]
    assert (desk.account(desk.seller)["rated_wh"], desk.account(desk.seller)["good_wh"]) == (1_000, 0)
    with desk.gains(retailer=1_000 * FALLBACK, grid=1_000 * 3 * TICK, platform=1_000 * 2 * TICK):
        desk.finalise(frame)
    assert desk.money_residual(frame) == 0


def test_m5_sold_dear_the_seller_loses_the_sale_and_the_platform_gets_what_is_left(desk, market):
    """Counterexample: sold at 110, bought by the seller's default at 90: a gain of 20 for not delivering."""
    frame, sale, lock, outcome = settled(desk, 1_000, 110, 0)
    ((_, _, paid),) = records_of(outcome)
    assert paid == lock
    assert sale == 1_000 * 110 * TICK
    with desk.gains(
        retailer=1_000 * FALLBACK, platform=1_000 * 20 * TICK + 1_000 * 2 * TICK, grid=1_000 * 3 * TICK
    ):
        outcome = desk.finalise(frame)
    assert outcome.events("FrameFinalised") == [
        (frame, 1_000, 6_000, 4_000, 1_000 * FALLBACK, 1_000 * 20 * TICK)
    ]
    assert desk.money_residual(frame) == 0


def test_m5_the_average_price_is_rounded_up_against_the_seller(desk):
    frame = desk.open_frame(cap=120, grid=10, retailer=10)
    # 3 Wh for 301 micro: 100.33, rounded to 101 micro per Wh.
    desk.hold(frame, desk.seller, sold_wh=3, sale_micro=301, lock_micro=500)
    desk.to_metering(frame)
    ((_, delivered, paid),) = records_of(desk.report(frame, (desk.seller, 1)))
    assert (delivered, paid) == (1, 801 - 2 * 101)
    record = desk.frame_record(frame)
    assert (record["fallback"], record["surplus"]) == (2 * 20, 2 * 81)


def test_m5_a_shortfall_never_costs_more_than_sale_and_lock(desk, market):
    frame = desk.open_frame()
    desk.hold(frame, desk.seller, sold_wh=100, sale_micro=1_000, lock_micro=500)
    desk.to_metering(frame)
    with desk.gains(seller=0):
        desk.report(frame, (desk.seller, 0))
    record = desk.frame_record(frame)
    assert (record["fallback"], record["surplus"]) == (1_500, 0)


@pytest.mark.parametrize(
    ("tariff", "supplier", "price"),
    [
        ({"grid": 80, "retailer": 90}, "grid", 80),
        ({"grid": 80, "retailer": 80}, "grid", 80),
        ({"grid": 100, "retailer": 90}, "retailer", 90),
        ({"grid": 255, "retailer": 90}, "retailer", 90),
        ({"grid": 100, "retailer": 255}, "grid", 100),
        ({"grid": 255, "retailer": 255}, "grid", 120),
        ({"grid": 0, "retailer": 0}, "grid", 0),
    ],
)
def test_m5_the_cheaper_posted_supplier_steps_in_and_the_cap_counts_when_none_is(
    desk, market, tariff, supplier, price
):
    frame, _, _, _ = settled(desk, 100, 1, 0, **tariff)
    fees = {"grid": 100 * 3 * TICK, "retailer": 0}
    fees[supplier] += 100 * price * TICK
    with desk.gains(**fees):
        desk.finalise(frame)
    assert desk.money_residual(frame) == 0


def test_m6_a_buyer_is_supplied_and_paid_nothing(desk, market):
    frame = desk.open_frame()
    desk.hold(frame, desk.buyer, bought_wh=1_000, purchase_micro=100_000)
    desk.to_metering(frame)
    with desk.gains(buyer=0):
        outcome = desk.report(frame, (desk.buyer, 0))
    assert records_of(outcome) == [(desk.buyer.id, 0, 0)]
    assert desk.account(desk.buyer)["rated_frames"] == 0


def test_m7_readings_are_taken_between_delivery_and_the_deadline_only(desk, market):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 1_000, 50)
    opens, closes = market.end_of(frame), market.metering_deadline_of(frame)
    for timestamp in (opens - 1, closes):
        market.travel_to(timestamp)
        with market.reverts(f"Settlement_OutsideMeteringWindow: {frame}, {opens}, {closes}, {timestamp}"):
            desk.report(frame, (desk.seller, 1_000))
    assert not market.call("house", "isSettled", frame, desk.seller.id)


def test_the_meter_alone_reports(desk, market):
    frame = desk.open_frame()
    desk.to_metering(frame)
    with market.reverts(f"Settlement_MissingRole: {desk.seller.address}, 8"):
        market.transact(desk.seller, "house", "reportDelivery", frame, [])
    assert desk.report(frame).logs == []


def test_a_reading_with_more_bits_is_refused(desk, market):
    frame = desk.open_frame()
    desk.to_metering(frame)
    reading = desk.seller.id | 1 << 72
    with market.reverts(f"Settlement_InvalidRecord: {reading}"):
        market.transact(market.meter, "house", "reportDelivery", frame, [reading])


def test_a_batch_passes_over_what_is_done_unknown_or_empty(desk, market):
    """Counterexample: a reading sent twice paid twice; one bad entry stopped everybody else's settlement."""
    frame = desk.open_frame()
    sale, lock = desk.sell(frame, desk.seller, 1_000, 50)
    desk.sell(frame, desk.other, 10, 50)
    desk.to_metering(frame)
    stranger = type(desk.seller)(market.outsider.address, 999)
    with desk.gains(seller=sale + lock):
        outcome = desk.report(
            frame,
            (desk.buyer, 5),
            (desk.seller, 1_000),
            (stranger, 1),
            (desk.seller, 1_000),
            (desk.other, 10),
        )
    assert skips_of(outcome) == [(desk.buyer.id, 2), (999, 3), (desk.seller.id, 1)]
    assert [record[0] for record in records_of(outcome)] == [desk.seller.id, desk.other.id]
    with desk.gains(seller=0, other=0):
        outcome = desk.report(frame, (desk.seller, 0), (desk.other, 0))
    assert skips_of(outcome) == [(desk.seller.id, 1), (desk.other.id, 1)]
    assert outcome.events("DeliveriesSettled") == []
    assert desk.money_residual(frame) == 0


def test_settled_bits_of_many_participants_do_not_touch_each_other(desk, market):
    """Numbers on both sides of a word of 224, in an order that goes back and forth between the words."""
    accounts = [f"0x{number:040x}" for number in range(0x1000, 0x1000 + 300)]
    for first in range(0, 300, 25):
        market.transact(market.supervisor, "registry", "registerMany", accounts[first : first + 25], 1)
    actors = {number: type(desk.seller)(desk.seller.address, number) for number in (20, 223, 224, 225, 300)}
    frame = desk.open_frame()
    for actor in actors.values():
        desk.sell(frame, actor, 10, 50)
    desk.to_metering(frame)
    order = [224, 20, 300, 223, 20, 300, 225]
    outcome = desk.report(frame, *((actors[number], 10) for number in order))
    assert [record[0] for record in records_of(outcome)] == [224, 20, 300, 223, 225]
    assert skips_of(outcome) == [(20, 1), (300, 1)]
    assert [n for n in range(15, 310) if market.call("house", "isSettled", frame, n)] == sorted(actors)
    assert desk.frame_record(frame)["sold"] == 50
    assert desk.money_residual(frame) == 0


def test_m9_when_some_are_read_the_unread_seller_gets_its_lock_and_no_rating(desk, market):
    """Counterexample: paid in full, one would avoid its meter; fined, a meter's failure would ruin it."""
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 1_000, 50)
    sale, lock = desk.sell(frame, desk.other, 1_000, 110)
    desk.traded(frame, 2_000)
    desk.to_metering(frame)
    desk.report(frame, (desk.seller, 1_000))
    desk.past_metering(frame)
    with desk.gains(other=lock):
        outcome = desk.settle_unmetered(frame, desk.seller, desk.other)
    assert skips_of(outcome) == [(desk.seller.id, 1)]
    assert records_of(outcome) == [(desk.other.id, 0, lock)]
    assert desk.account(desk.other)["rated_frames"] == 0
    fees = 2_000 * TICK
    with desk.gains(retailer=1_000 * FALLBACK, grid=3 * fees, platform=2 * fees + sale - 1_000 * FALLBACK):
        desk.finalise(frame)
    assert desk.money_residual(frame) == 0


def test_m9_unread_and_cheap_the_whole_sale_goes_to_the_fallback_supplier(desk, market):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 10, 50)
    sale, lock = desk.sell(frame, desk.other, 1_000, 5)
    desk.to_metering(frame)
    desk.report(frame, (desk.seller, 10))
    desk.past_metering(frame)
    with desk.gains(other=lock):
        desk.settle_unmetered(frame, desk.other)
    record = desk.frame_record(frame)
    assert (record["fallback"], record["surplus"]) == (sale, 0)


def test_m9_unread_but_owing_nothing_gets_everything(desk, market):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 10, 50)
    desk.hold(
        frame, desk.other, bought_wh=20, sold_wh=20, purchase_micro=900, sale_micro=1_000, lock_micro=100
    )
    desk.to_metering(frame)
    desk.report(frame, (desk.seller, 10))
    desk.past_metering(frame)
    with desk.gains(other=1_100):
        outcome = desk.settle_unmetered(frame, desk.other)
    assert records_of(outcome) == [(desk.other.id, 0, 1_100)]


def test_m9_when_nothing_is_read_the_frame_settles_as_contracted_by_anyone(desk, market):
    """Counterexample: a meter that is down for a day would trap the frame's money."""
    frame = desk.open_frame()
    sale, lock = desk.sell(frame, desk.seller, 1_000, 50)
    desk.hold(frame, desk.buyer, bought_wh=1_000, purchase_micro=sale)
    desk.traded(frame, 1_000)
    deadline = market.metering_deadline_of(frame)
    market.travel_to(deadline - 1)
    with market.reverts(f"Settlement_BeforeMeteringDeadline: {frame}, {deadline}, {deadline - 1}"):
        desk.settle_unmetered(frame, desk.seller)
    with desk.gains(seller=sale + lock, buyer=0):
        outcome = desk.settle_unmetered(frame, desk.seller, desk.buyer)
    assert records_of(outcome) == [(desk.seller.id, 1_000, sale + lock), (desk.buyer.id, 0, 0)]
    assert not desk.frame_record(frame)["read"]
    with desk.gains(retailer=0, grid=6_000, platform=4_000):
        desk.finalise(frame)
    assert desk.money_residual(frame) == 0


def test_m9_a_reading_that_settles_nobody_does_not_count_as_read(desk, market):
    """Counterexample: one reading of somebody without a position would take every unread seller's pay."""
    frame = desk.open_frame()
    sale, lock = desk.sell(frame, desk.seller, 1_000, 50)
    desk.to_metering(frame)
    desk.report(frame, (desk.buyer, 0))
    desk.past_metering(frame)
    with desk.gains(seller=sale + lock):
        desk.settle_unmetered(frame, desk.seller)


def test_m13_one_participants_settlement_does_not_wait_for_another(desk, market):
    frame = desk.open_frame()
    sale, lock = desk.sell(frame, desk.seller, 1_000, 50)
    desk.sell(frame, desk.other, 1_000, 50)
    desk.to_metering(frame)
    market.transact(market.supervisor, "house", "setSuspended", desk.seller.id, True)
    with desk.gains(seller=sale + lock, other=0):
        desk.report(frame, (desk.seller, 1_000))
    market.transact(desk.seller, "house", "withdraw", desk.balance(desk.seller))
    with market.reverts_named("Settlement_Unsettled"):
        desk.venue.transact(desk.seller, "setTraded", frame, 2_000)
        desk.finalise(frame)


def test_m1_a_venue_whose_positions_exceed_its_money_cannot_take_from_others(desk, market):
    frame = desk.open_frame()
    desk.hold(frame, desk.seller, sold_wh=10, sale_micro=1_000)
    desk.venue.transact(desk.seller, "payOut", desk.buyer.id, 1)
    desk.to_metering(frame)
    with market.reverts(f"Settlement_VenueOverdrawn: {desk.frame_record(frame)['venue']}, 1000, 999"):
        desk.report(frame, (desk.seller, 10))


def test_m9_who_has_no_position_is_passed_over_without_a_meter_too(desk, market):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 100, 50)
    desk.past_metering(frame)
    unknown = type(desk.seller)(desk.seller.address, 999)
    outcome = desk.settle_unmetered(frame, desk.buyer, unknown, desk.seller, desk.seller)
    assert skips_of(outcome) == [(desk.buyer.id, 2), (999, 3), (desk.seller.id, 1)]
    assert [record[0] for record in records_of(outcome)] == [desk.seller.id]


def test_all_are_settled_in_a_frame_that_is_final(desk, market):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 100, 50)
    desk.traded(frame, 100)
    desk.past_metering(frame)
    is_settled = lambda actor: market.call("house", "isSettled", frame, actor.id)  # noqa: E731
    assert not is_settled(desk.seller)
    desk.settle_unmetered(frame, desk.seller)
    assert [is_settled(actor) for actor in (desk.seller, desk.buyer)] == [True, False]
    desk.finalise(frame)
    assert [is_settled(actor) for actor in (desk.seller, desk.buyer)] == [True, True]
