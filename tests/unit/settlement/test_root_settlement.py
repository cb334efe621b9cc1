"""Settlement by records of an auction's root: M4 to M6, M8 to M10, M13, A9."""

import pytest

from tests.unit.settlement.conftest import CAP_TICK, TICK_MICRO, owed_micro, position, record
from voltberg.chain.market import checked_address
from voltberg.reference.record_tree import chunk_hashes, root_of
from voltberg.reference.words import unpack_deliveries

REFUND = 700


def sale(participant, wh, tick, refund=REFUND):
    """A sale at one tick, locked up to the cap."""
    value, lock = wh * tick * TICK_MICRO, wh * (CAP_TICK - tick) * TICK_MICRO
    return record(participant, sold_wh=wh, sale_micro=value, lock_micro=lock, refund_micro=refund)


def purchase(participant, wh, tick, refund=REFUND):
    return record(participant, bought_wh=wh, purchase_micro=wh * tick * TICK_MICRO, refund_micro=refund)


@pytest.fixture
def frame(root_desk):
    """Two sellers, two buyers, and an order without a fill."""
    desk, number = root_desk, root_desk.open_frame()
    one, two, three, four, five = desk.market.participants[:5]
    words = [
        sale(one, 100, 50),
        sale(two, 60, 50, refund=0),
        purchase(three, 90, 50),
        purchase(four, 70, 50, refund=0),
        record(five, refund_micro=4_000),
    ]
    desk.seal(number, words)
    return number


def paid(outcome):
    """Paid micro by participant, from the log."""
    logged = [entry for event in outcome.events("DeliveriesSettled") for entry in unpack_deliveries(event[1])]
    return {entry.participant_id: entry.paid_micro for entry in logged}


def rated(desk, participant):
    """Ratings, and Wh of the good ones."""
    account = desk.account(participant)
    return account["rated_frames"], account["good_wh"]


def test_a_full_delivery_gets_value_lock_and_refund_and_is_rated(market, root_desk, frame):
    one, two, three, four, five = market.participants[:5]
    root_desk.to_metering(frame)
    before = {actor.id: root_desk.balance(actor) for actor in market.participants[:5]}
    outcome = root_desk.report_records(frame, {one.id: 100, two.id: 75, three.id: 0, four.id: 0, five.id: 0})
    full = 100 * CAP_TICK * TICK_MICRO + REFUND, 60 * CAP_TICK * TICK_MICRO
    assert paid(outcome) == {
        one.id: full[0],
        two.id: full[1],
        three.id: REFUND,
        four.id: 0,
        five.id: 4_000,
    }
    gained = {actor.id: root_desk.balance(actor) - before[actor.id] for actor in market.participants[:5]}
    assert gained == paid(outcome)
    assert [rated(root_desk, actor) for actor in (one, two, three)] == [(1, 100), (1, 60), (0, 0)]
    assert market.call("house", "recordsOf", frame) == (5, 5)
    assert root_desk.frame_record(frame)["surplus"] == 0
    assert root_desk.money_residual(frame) == 0
    root_desk.finalise(frame)
    assert root_desk.money_residual(frame) == 0
    assert root_desk.held() == 0


@pytest.mark.parametrize(
    ("earlier_wh", "good", "status"),
    [
        (100, True, 0),
        (100, False, 2),
        # 99 or 108 Wh of bad ones against the 100 Wh of the tenth: just above the threshold of 0, or below it
        (11, False, 0),
        (12, False, 2),
    ],
)
def test_m10_the_tenth_rating_of_a_record_is_compared(market, root_desk, frame, earlier_wh, good, status):
    one, two, three = market.participants[:3]
    for _ in range(9):
        root_desk.rate(one, earlier_wh, good)
    root_desk.to_metering(frame)
    outcome = root_desk.report_records(frame, {one.id: 100, two.id: 60, three.id: 0})
    account = root_desk.account(one)
    assert (account["rated_frames"], account["status"]) == (10, status)
    assert outcome.events("StatusChanged") == [(one.id, status)] * (status != 0)
    # It is paid, and who comes after it is, too.
    assert paid(outcome)[one.id] == 100 * CAP_TICK * TICK_MICRO + REFUND
    assert rated(root_desk, two) == (1, 60)


def test_a_shortfall_costs_what_it_costs_in_stored_positions(market, root_desk, frame):
    one, two = market.participants[:2]
    root_desk.to_metering(frame)
    outcome = root_desk.report_records(frame, {one.id: 80, two.id: 60})
    cost = 20 * 90 * TICK_MICRO
    assert paid(outcome)[one.id] == 100 * CAP_TICK * TICK_MICRO + REFUND - cost
    assert rated(root_desk, one) == (1, 0)
    assert rated(root_desk, two) == (1, 60)
    assert root_desk.frame_record(frame)["fallback"] == cost
    # What the frame holds beside it is owed to the three that were not read.
    assert root_desk.frame_record(frame)["surplus"] == REFUND + 4_000
    assert root_desk.money_residual(frame) == 0
    root_desk.report_records(frame, dict.fromkeys((actor.id for actor in market.participants[2:5]), 0))
    with root_desk.gains(retailer=cost):
        root_desk.finalise(frame)
    assert root_desk.money_residual(frame) == 0


def test_who_is_not_read_is_passed_over_silently_and_who_is_settled_is_told(market, root_desk, frame):
    one, two = market.participants[:2]
    root_desk.to_metering(frame)
    first = root_desk.report_records(frame, {one.id: 100})
    assert list(paid(first)) == [one.id]
    assert first.events("SettlementSkipped") == []
    again = root_desk.report_records(frame, {one.id: 5, two.id: 60})
    assert list(paid(again)) == [two.id]
    assert again.events("SettlementSkipped") == [(frame, one.id, 1)]
    assert [market.call("house", "isRecordSettled", frame, index) for index in range(6)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert not market.call("house", "isSettled", frame, one.id)
    nothing = root_desk.report_records(frame, {})
    assert nothing.events("DeliveriesSettled") == []


def test_a_report_that_settles_nobody_leaves_the_money_accounted_for(root_desk, frame):
    root_desk.to_metering(frame)
    root_desk.report_records(frame, {})
    assert not root_desk.frame_record(frame)["read"]
    assert root_desk.money_residual(frame) == 0
    assert root_desk.market.call("house", "recordsOf", frame) == (5, 0)


def test_unread_records_of_a_read_frame_get_their_lock(market, root_desk, frame):
    one, two, three = market.participants[:3]
    root_desk.to_metering(frame)
    root_desk.report_records(frame, {two.id: 60})
    root_desk.market.travel_to(market.metering_deadline_of(frame) - 1)
    with market.reverts_named("Settlement_BeforeMeteringDeadline"):
        root_desk.settle_unmetered_records(frame)
    outcome = root_desk.settle_unmetered_records(frame)
    lock = 100 * (CAP_TICK - 50) * TICK_MICRO
    assert paid(outcome)[one.id] == lock + REFUND
    assert paid(outcome)[three.id] == REFUND
    assert outcome.events("SettlementSkipped") == []
    assert root_desk.settle_unmetered_records(frame).events("DeliveriesSettled") == []
    root_desk.finalise(frame)
    assert root_desk.money_residual(frame) == 0


def test_a_frame_that_nobody_read_settles_as_contracted(market, root_desk, frame):
    one = market.participants[0]
    root_desk.past_metering(frame)
    outcome = root_desk.settle_unmetered_records(frame)
    assert paid(outcome)[one.id] == 100 * CAP_TICK * TICK_MICRO + REFUND
    root_desk.finalise(frame)
    assert root_desk.money_residual(frame) == 0


def test_who_sold_nothing_is_released_before_delivery(market, root_desk, frame):
    one, two, three, four, five = market.participants[:5]
    market.travel_to(market.refusal_deadline_of(frame) - 1)
    with market.reverts_named("Settlement_BeforeRefusalDeadline"):
        root_desk.release_records(frame)
    assert paid(root_desk.release_records(frame)) == {
        three.id: REFUND,
        four.id: 0,
        five.id: 4_000,
    }
    assert root_desk.release_records(frame).events("DeliveriesSettled") == []
    assert not root_desk.frame_record(frame)["read"]
    root_desk.to_metering(frame)
    root_desk.report_records(frame, {one.id: 100, two.id: 60})
    root_desk.finalise(frame)
    assert root_desk.money_residual(frame) == 0


def test_refused_trades_are_taken_off_the_records(market, root_desk, frame):
    one, two, three, four, five = market.participants[:5]
    # 60 Wh of the second seller's to the third: its fees and value went back at the venue.
    value = 60 * 50 * TICK_MICRO
    words = root_desk.records[frame]
    owed = sum(map(owed_micro, words)) - value
    root_desk.seal(frame, words, traded_wh=100, owed=owed)
    root_desk.venue.transact(two, "setRefused", frame, two.id, position(sold_wh=60, sale_micro=value))
    root_desk.venue.transact(two, "setRefused", frame, three.id, position(bought_wh=60, purchase_micro=value))
    market.travel_to(market.refusal_deadline_of(frame))
    lock = 60 * (CAP_TICK - 50) * TICK_MICRO
    released = paid(root_desk.release_records(frame))
    assert released == {
        two.id: lock,
        three.id: REFUND,
        four.id: 0,
        five.id: 4_000,
    }
    root_desk.to_metering(frame)
    assert paid(root_desk.report_records(frame, {one.id: 100})) == {
        one.id: 100 * CAP_TICK * TICK_MICRO + REFUND
    }
    root_desk.finalise(frame)
    assert root_desk.money_residual(frame) == 0


def test_a_frame_is_final_only_when_every_record_is_settled(market, root_desk, frame):
    one, two = market.participants[:2]
    root_desk.to_metering(frame)
    with market.reverts(f"Settlement_Unsettled: {frame}, 160, 0"):
        root_desk.finalise(frame)
    root_desk.report_records(frame, {one.id: 100, two.id: 60})
    # All that was sold is settled; the buyers' refunds are not, and the root's slot would be used again.
    with market.reverts(f"Settlement_RecordsUnsettled: {frame}, 5, 2"):
        root_desk.finalise(frame)
    empty = root_desk.open_frame()
    root_desk.seal(empty, [])
    unfilled = root_desk.open_frame(empty + 1)
    root_desk.seal(unfilled, [record(one, refund_micro=5)])
    market.travel_to(market.end_of(unfilled))
    with market.reverts(f"Settlement_RecordsUnsettled: {unfilled}, 1, 0"):
        root_desk.finalise(unfilled)
    root_desk.finalise(empty)
    root_desk.release_records(unfilled)
    root_desk.finalise(unfilled)
    assert market.call("house", "isRecordSettled", unfilled, 0)
    assert not market.call("house", "isRecordSettled", unfilled, 1)


def test_records_of_a_wrong_root_place_or_shape_are_refused(market, root_desk, frame):
    root_desk.to_metering(frame)
    first, words, proof = root_desk.part(frame)

    def report(*given, readings=None):
        data = b"\0" * 5 * len(given[1]) if readings is None else readings
        market.transact(market.meter, "house", "reportDeliveryFromRoot", frame, *given, data)

    wrong = f"Settlement_WrongRecords: {frame}"
    changed = [words[0] + (1 << 216), *words[1:]]
    for given in (
        (first, changed, proof),
        (first, words[:4], proof),
        (first, [], proof),
        (1, words, proof),
        (2**255, words, proof),
        (first, words, [b"\1" * 32]),
        (first, [*words[1:], words[0]], proof),
    ):
        with market.reverts(wrong):
            report(*given)
    with market.reverts("Settlement_InvalidRecord: 24"):
        report(first, words, proof, readings=b"\0" * 24)
    undecided = root_desk.open_frame()
    market.travel_to(market.end_of(undecided))
    with market.reverts(f"Settlement_WrongRecords: {undecided}"):
        market.transact(market.outsider, "house", "releaseFromRoot", undecided, first, words, proof)


def test_only_the_meter_reports_and_only_in_its_window(market, root_desk, frame):
    shown = root_desk.part(frame)
    data = b"\0" * 25
    with market.reverts(f"Settlement_MissingRole: {market.outsider.address}, 8"):
        market.transact(market.outsider, "house", "reportDeliveryFromRoot", frame, *shown, data)
    with market.reverts_named("Settlement_OutsideMeteringWindow"):
        market.transact(market.meter, "house", "reportDeliveryFromRoot", frame, *shown, data)
    with market.reverts(f"Settlement_FrameNotOpen: {frame + 9}"):
        market.transact(market.meter, "house", "reportDeliveryFromRoot", frame + 9, *shown, data)
    root_desk.past_metering(frame)
    with market.reverts_named("Settlement_OutsideMeteringWindow"):
        market.transact(market.meter, "house", "reportDeliveryFromRoot", frame, *shown, data)
    root_desk.settle_unmetered_records(frame)
    root_desk.finalise(frame)
    for settle in (root_desk.settle_unmetered_records, root_desk.release_records):
        with market.reverts(f"Settlement_FrameFinal: {frame}"):
            settle(frame)


def test_each_kind_of_result_is_settled_in_its_own_way(market, root_desk, frame):
    other = f"Settlement_OtherResults: {frame}"
    root_desk.to_metering(frame)
    with market.reverts(other):
        root_desk.report(frame, (root_desk.seller, 1))
    with market.reverts(other):
        root_desk.settle_unmetered(frame, root_desk.seller)
    stored = market.open_frame()
    root_desk.records[stored] = root_desk.records[frame]
    for settle in (root_desk.settle_unmetered_records, root_desk.release_records):
        with market.reverts(f"Settlement_OtherResults: {stored}"):
            settle(stored)
    with market.reverts(f"Settlement_OtherResults: {stored}"):
        root_desk.report_records(stored, {})


def test_a_venue_that_owes_more_than_it_holds_is_overdrawn(market, root_desk, frame):
    held = root_desk.held()
    words = root_desk.records[frame]
    root_desk.venue.transact(root_desk.seller, "setResult", frame, b"\1" * 32, len(words), held + 1, 160)
    root_desk.to_metering(frame)
    with market.reverts(
        f"Settlement_VenueOverdrawn: {checked_address(root_desk.venue.address)}, {held + 1}, {held}"
    ):
        root_desk.report_records(frame, {})


def test_records_that_claim_more_than_the_frame_was_given_are_not_paid(market, root_desk):
    frame, one = root_desk.open_frame(), market.participants[0]
    root_desk.seal(frame, [record(one, refund_micro=1_000)], owed=999)
    market.travel_to(market.refusal_deadline_of(frame))
    with market.reverts(f"Settlement_VenueOverdrawn: {checked_address(root_desk.venue.address)}, 1000, 999"):
        root_desk.release_records(frame)


def test_large_frames_settle_in_any_order_of_chunks_and_their_bits_cross_words(market, root_desk):
    """More records than a word of settled bits holds, of participants that need not trade themselves."""
    frame = root_desk.open_frame()
    words = [record(7 + index % 12, refund_micro=1 + index) for index in range(300)]
    root_desk.seal(frame, words)
    market.travel_to(market.refusal_deadline_of(frame))
    order = [(30, 8), (0, 3), (20, 10), (3, 17)]
    for first, chunks in order:
        outcome = root_desk.release_records(frame, first, chunks)
        ((_, logged),) = outcome.events("DeliveriesSettled")
        shown = words[8 * first : 8 * (first + chunks)]
        assert [entry.paid_micro for entry in unpack_deliveries(logged)] == [word >> 216 for word in shown]
        assert root_desk.money_residual(frame) == 0
    assert market.call("house", "recordsOf", frame) == (300, 300)
    market.travel_to(market.end_of(frame))
    root_desk.finalise(frame)


def test_the_bits_of_a_slots_earlier_frame_do_not_count(market, root_desk):
    first = root_desk.open_frame()
    root_desk.seal(first, [record(7, refund_micro=5)])
    market.travel_to(market.end_of(first))
    root_desk.release_records(first)
    root_desk.finalise(first)
    market.travel_to(market.start_of(first + 508))
    later = root_desk.open_frame(first + 512)
    root_desk.seal(later, [record(7, refund_micro=6)])
    market.travel_to(market.refusal_deadline_of(later))
    assert not market.call("house", "isRecordSettled", later, 0)
    assert paid(root_desk.release_records(later)) == {7: 6}
    assert market.call("house", "isRecordSettled", first, 0)


def test_readings_cross_words_of_settled_bits(market, root_desk):
    frame = root_desk.open_frame()
    words = [record(7 + index % 12, refund_micro=1 + index) for index in range(240)]
    root_desk.seal(frame, words)
    root_desk.to_metering(frame)
    outcome = root_desk.report_records(frame, dict.fromkeys(range(7, 19), 0), first=26)
    ((_, logged),) = outcome.events("DeliveriesSettled")
    assert [entry.paid_micro for entry in unpack_deliveries(logged)] == [word >> 216 for word in words[208:]]
    settled = [index for index in range(240) if market.call("house", "isRecordSettled", frame, index)]
    assert settled == list(range(208, 240))
    assert root_desk.money_residual(frame) == 0


@pytest.mark.parametrize(("records", "owed"), [(2**16, 0), (1, 2**64)])
def test_a_result_that_no_auction_can_have_is_refused(market, root_desk, records, owed):
    """A word of the frame would not hold it."""
    frame = root_desk.open_frame()
    root_desk.seal(frame, [record(7, refund_micro=5)])
    root = root_of(chunk_hashes(root_desk.records[frame]))
    if owed:
        market.give_tokens(root_desk.other, owed)
        market.transact(root_desk.other, "house", "deposit", owed)
        root_desk.fund_venue(owed)
    root_desk.venue.transact(root_desk.seller, "setResult", frame, root, records, owed, 0)
    market.travel_to(market.refusal_deadline_of(frame))
    with market.reverts("Panic: assertion failed"):
        root_desk.release_records(frame)
