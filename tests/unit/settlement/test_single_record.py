"""Settlement of one record by its proof (A9, M9): like a report of its chunk, with less data."""

import pytest

from tests.unit.settlement.conftest import CAP_TICK, TICK_MICRO, owed_micro, position, record
from voltberg.reference.words import pack_record_reading, unpack_delivery

RECORDS = 19


def sale(number, wh):
    """A sale at 50 ticks, locked up to the cap, with a refund."""
    value, lock = wh * 50 * TICK_MICRO, wh * (CAP_TICK - 50) * TICK_MICRO
    return record(number, sold_wh=wh, sale_micro=value, lock_micro=lock, refund_micro=number)


@pytest.fixture
def frame(root_desk):
    """Three chunks, the last one short; participants need not trade themselves."""
    number = root_desk.open_frame()
    root_desk.seal(number, [sale(7 + index % 12, 100 + index) for index in range(RECORDS)])
    return number


def shown(desk, frame, index):
    _, words, proof = desk.part(frame, index // 8, 1)
    return [*words, *(int.from_bytes(node, "big") for node in proof)]


def report(desk, frame, index, delivered_wh, words=None, sender=None):
    words = shown(desk, frame, index) if words is None else words
    reading = pack_record_reading(frame, index, delivered_wh)
    market = desk.market
    return market.transact(sender or market.meter, "house", "reportRecord", reading, words)


def test_every_record_settles_alone_wherever_it_lies(market, root_desk, frame):
    root_desk.to_metering(frame)
    for index in (18, 0, 8, 15, 7, 16, *range(1, 7), *range(9, 15), 17):
        word = root_desk.records[frame][index]
        number, wh = word & 0xFFFF_FFFF, 100 + index
        before = market.call("house", "accountOf", number)
        outcome = report(root_desk, frame, index, wh)
        ((logged_frame, logged),) = outcome.events("DeliverySettled")
        delivery = unpack_delivery(logged)
        assert (logged_frame, delivery.participant_id) == (frame, number)
        assert (delivery.delivered_wh, delivery.paid_micro) == (wh, owed_micro(word))
        after = market.call("house", "accountOf", number)
        assert after[0] - before[0] == owed_micro(word)
        assert [new - old for new, old in zip(after[1:4], before[1:4], strict=True)] == [1, wh, wh]
        assert market.call("house", "isRecordSettled", frame, index)
        assert root_desk.money_residual(frame) == 0
    assert market.call("house", "recordsOf", frame) == (RECORDS, RECORDS)
    root_desk.finalise(frame)
    assert root_desk.held() == 0
    assert root_desk.money_residual(frame) == 0


def test_a_shortfall_is_charged_and_rated(market, root_desk, frame):
    root_desk.to_metering(frame)
    word, number = root_desk.records[frame][3], 10
    outcome = report(root_desk, frame, 3, 80)
    cost = 23 * 90 * TICK_MICRO
    delivery = unpack_delivery(outcome.events("DeliverySettled")[0][1])
    assert delivery.paid_micro == owed_micro(word) - cost
    assert market.call("house", "accountOf", number)[1:4] == (1, 103, 0)
    record_of_frame = root_desk.frame_record(frame)
    assert (record_of_frame["read"], record_of_frame["sold"], record_of_frame["fallback"]) == (
        True,
        103,
        cost,
    )
    assert root_desk.money_residual(frame) == 0


def test_one_that_is_settled_is_told_and_every_delivery_is_a_reading(market, root_desk, frame):
    root_desk.to_metering(frame)
    report(root_desk, frame, 2, 2**40 - 1)
    assert market.call("house", "isRecordSettled", frame, 2)
    again = report(root_desk, frame, 2, 0)
    assert again.events("SettlementSkipped") == [(frame, 9, 1)]
    assert again.events("DeliverySettled") == []
    rest = root_desk.report_records(frame, dict.fromkeys(range(7, 19), 500))
    assert rest.events("SettlementSkipped") == [(frame, 9, 1)]
    assert market.call("house", "recordsOf", frame) == (RECORDS, RECORDS)


def test_what_was_refused_is_taken_off(market, root_desk):
    frame, two = root_desk.open_frame(), market.participants[1]
    value = 60 * 50 * TICK_MICRO
    words = [sale(two.id, 100)]
    root_desk.seal(frame, words, traded_wh=40, owed=owed_micro(words[0]) - value)
    root_desk.venue.transact(two, "setRefused", frame, two.id, position(sold_wh=60, sale_micro=value))
    root_desk.to_metering(frame)
    outcome = report(root_desk, frame, 0, 40)
    assert unpack_delivery(outcome.events("DeliverySettled")[0][1]).paid_micro == owed_micro(words[0]) - value
    assert root_desk.frame_record(frame)["sold"] == 40
    root_desk.finalise(frame)
    assert root_desk.money_residual(frame) == 0


def test_a_wrong_proof_record_or_number_is_refused(market, root_desk, frame):
    root_desk.to_metering(frame)
    right = shown(root_desk, frame, 10)
    wrong = f"Settlement_WrongRecords: {frame}"
    changed = [
        [word ^ 1 << 216 if place == at else word for place, word in enumerate(right)] for at in (2, 9)
    ]
    last = shown(root_desk, frame, 18)
    for index, words in (
        (10, changed[0]),
        (10, changed[1]),
        (10, right[:-1]),
        (10, [*right, 0]),
        (10, right[:8]),
        (10, right[:3]),
        (10, []),
        (2, right),
        (18, right),
        (18, last[:2]),
        (RECORDS, last),
        (2**16 - 1, right),
    ):
        with market.reverts(wrong):
            report(root_desk, frame, index, 1, words)
    reading = pack_record_reading(frame, 10, 1) | 1 << 88
    with market.reverts(f"Settlement_InvalidRecord: {reading}"):
        market.transact(market.meter, "house", "reportRecord", reading, right)
    assert unpack_delivery(report(root_desk, frame, 10, 1).events("DeliverySettled")[0][1]).delivered_wh == 1


def test_only_the_meter_reports_in_its_window_and_of_such_a_frame(market, root_desk, frame):
    words = shown(root_desk, frame, 0)
    with market.reverts(f"Settlement_MissingRole: {market.outsider.address}, 8"):
        report(root_desk, frame, 0, 1, words, market.outsider)
    with market.reverts_named("Settlement_OutsideMeteringWindow"):
        report(root_desk, frame, 0, 1, words)
    with market.reverts(f"Settlement_FrameNotOpen: {frame + 9}"):
        report(root_desk, frame + 9, 0, 1, words)
    root_desk.to_metering(frame)
    stored = market.open_frame()
    with market.reverts(f"Settlement_OtherResults: {stored}"):
        report(root_desk, stored, 0, 1, words)
    root_desk.past_metering(frame)
    with market.reverts_named("Settlement_OutsideMeteringWindow"):
        report(root_desk, frame, 0, 1, words)
