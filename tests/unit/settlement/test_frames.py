"""M2, M7: frames open once, in time, with tariffs that stay, while their position slots are free."""

import pytest

RING = 512


def test_m2_a_frame_keeps_its_tariffs_and_the_venue_hears_cap_and_fees(market, desk):
    frame = market.frame + 4
    outcome = market.transact(
        market.operator,
        "house",
        "openFrames",
        desk.venue.address,
        frame,
        [desk.tariff(), desk.tariff(grid=255)],
    )
    assert [args[0] for args in outcome.events("FrameOpened")] == [frame, frame + 1]
    assert [args[2:] for args in outcome.events("FrameOpened")] == [
        (120, 100, 90, 3, 2),
        (120, 255, 90, 3, 2),
    ]
    record = desk.frame_record(frame)
    assert record["venue"].lower() == desk.venue.address.lower()
    assert [record[key] for key in ("cap", "grid", "retailer", "grid_fee", "platform_fee")] == [
        120,
        100,
        90,
        3,
        2,
    ]
    assert desk.venue.call("openedWith", frame) == 120 << 8 | 5
    with market.reverts(f"Settlement_FrameExists: {frame}"):
        desk.open_frame(frame, cap=130)
    assert desk.frame_record(frame)["cap"] == 120


def test_a_frame_never_opened_reads_as_zero(desk):
    record = desk.frame_record(5)
    assert record.pop("venue") == "0x0000000000000000000000000000000000000000"
    assert not any(record.values())


@pytest.mark.parametrize(
    "tariff",
    [
        {"cap": 0, "grid": 0, "retailer": 0},
        {"cap": 255},
        {"cap": 99},
        {"cap": 100, "retailer": 101},
        {"grid_fee": 15, "platform_fee": 1},
        {"grid_fee": 255, "platform_fee": 255},
    ],
)
def test_m2_tariffs_above_the_cap_and_fees_above_15_ticks_are_refused(market, desk, tariff):
    words = {"cap": 120, "grid": 100, "retailer": 90, "grid_fee": 3, "platform_fee": 2} | tariff
    frame = market.frame + 4
    with market.reverts(f"Settlement_InvalidTariff: {frame}, {', '.join(map(str, words.values()))}"):
        desk.open_frame(frame, **tariff)


def test_tariff_words_with_more_bits_are_refused(market, desk):
    word = desk.tariff() | 1 << 40
    with market.reverts(f"Settlement_InvalidRecord: {word}"):
        market.transact(market.operator, "house", "openFrames", desk.venue.address, market.frame + 4, [word])


def test_the_edges_of_a_tariff_are_taken(market, desk):
    desk.open_frame(cap=254, grid=254, retailer=0, grid_fee=0, platform_fee=15)
    desk.open_frame(market.frame + 5, cap=1, grid=255, retailer=255, grid_fee=0, platform_fee=0)


def test_only_the_operator_opens_and_only_for_a_trading_venue(market, desk):
    with market.reverts(f"Settlement_MissingRole: {market.supervisor.address}, 16"):
        market.transact(
            market.supervisor, "house", "openFrames", desk.venue.address, market.frame + 4, [desk.tariff()]
        )
    for venue in (market.address("storage"), market.outsider.address):
        with market.reverts(f"Settlement_NotVenue: {venue}"):
            market.transact(market.operator, "house", "openFrames", venue, market.frame + 4, [desk.tariff()])


def test_m7_a_frame_opens_before_its_gate_closes_or_never(market, desk):
    frame = market.frame + 4
    gate = market.gate_closure_of(frame)
    market.travel_to(gate)
    with market.reverts(f"Settlement_TooLateToOpen: {frame}, {gate}, {gate}"):
        desk.open_frame(frame)
    with market.reverts(f"Settlement_TooLateToOpen: 0, 0, {market.now}"):
        desk.open_frame(0)
    market.travel_to(market.gate_closure_of(frame + 1) - 1)
    desk.open_frame(frame + 1)


def test_ring_a_frame_opens_at_most_512_ahead(market, desk):
    frame = market.frame + RING
    desk.open_frame(frame)
    with market.reverts(f"Settlement_RingOccupied: {frame + 1}, {frame + 1 - RING}"):
        desk.open_frame(frame + 1)
    with market.reverts(f"Settlement_RingOccupied: {2**32 - 1}, {2**32 - 1 - RING}"):
        market.transact(
            market.operator,
            "house",
            "openFrames",
            desk.venue.address,
            2**32 - 1,
            [desk.tariff(), desk.tariff()],
        )


def test_ring_the_slot_is_free_when_the_frame_before_is_final(market, desk):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 100, 50)
    desk.traded(frame, 100)
    desk.past_metering(frame)
    with market.reverts(f"Settlement_RingOccupied: {frame + RING}, {frame}"):
        desk.open_frame(frame + RING)
    desk.settle_unmetered(frame, desk.seller)
    desk.finalise(frame)
    desk.open_frame(frame + RING)


def test_ring_an_unsettled_frame_two_rounds_back_still_holds_its_slot(market, desk):
    """Counterexample: the frame 512 before was never opened, so the sale 1,024 before was overwritten."""
    frame = desk.open_frame()
    sale, lock = desk.sell(frame, desk.seller, 100, 50)
    desk.traded(frame, 100)
    market.travel_to(market.start_of(frame + RING + 2))
    with market.reverts(f"Settlement_RingOccupied: {frame + 2 * RING}, {frame}"):
        desk.open_frame(frame + 2 * RING)
    with desk.gains(seller=sale + lock):
        desk.settle_unmetered(frame, desk.seller)
    desk.finalise(frame)
    desk.open_frame(frame + 2 * RING)


def test_finalising_pays_fees_once_when_all_sold_energy_is_settled(market, desk):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 1_000, 50)
    desk.sell(frame, desk.other, 500, 60)
    desk.traded(frame, 1_500)
    with market.reverts(
        f"Settlement_OutsideMeteringWindow: {frame}, {market.end_of(frame)}, {2**256 - 1}, {market.now}"
    ):
        desk.finalise(frame)
    desk.to_metering(frame)
    desk.report(frame, (desk.seller, 1_000))
    with market.reverts(f"Settlement_Unsettled: {frame}, 1500, 1000"):
        desk.finalise(frame)
    desk.report(frame, (desk.other, 500))
    with desk.gains(grid=1_500 * 3 * 2, platform=1_500 * 2 * 2, retailer=0):
        outcome = desk.finalise(frame)
    assert outcome.events("FrameFinalised") == [(frame, 1_500, 9_000, 6_000, 0, 0)]
    assert desk.held() == 0
    assert desk.money_residual(frame) == 0
    for call in (desk.finalise, lambda number: desk.report(number, (desk.buyer, 0))):
        with market.reverts(f"Settlement_FrameFinal: {frame}"):
            call(frame)


def test_a_frame_without_trades_is_final_at_its_end(market, desk):
    frame = desk.open_frame()
    desk.to_metering(frame)
    assert desk.finalise(frame).events("FrameFinalised") == [(frame, 0, 0, 0, 0, 0)]
    assert desk.frame_record(frame)["final"]


def test_frames_never_opened_have_nothing_to_settle(market, desk):
    frame = market.frame
    calls = [
        desk.finalise,
        lambda number: desk.report(number, (desk.seller, 0)),
        lambda n: desk.settle_unmetered(n, desk.seller),
    ]
    for call in calls:
        with market.reverts(f"Settlement_FrameNotOpen: {frame}"):
            call(frame)


def test_m1_fees_that_the_venue_does_not_hold_are_not_paid_from_others(market, desk):
    frame = desk.open_frame()
    desk.sell(frame, desk.seller, 100, 50)
    desk.venue.transact(desk.seller, "setTraded", frame, 100)
    desk.to_metering(frame)
    desk.report(frame, (desk.seller, 100))
    with market.reverts_named("Settlement_VenueOverdrawn"):
        desk.finalise(frame)
