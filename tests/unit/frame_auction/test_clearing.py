"""One result for a frame: rules A1-A9 with the counterexample that each closes, and every wrong input."""

import pytest

from voltberg.reference.auction_words import unpack_fills

BID, ASK = 0, 1


def fills_of(result):
    return [(fill.buyer_position, fill.seller_position, fill.energy_wh, fill.tick) for fill in result.fills]


def test_cancel_of_another_or_of_nothing_is_ignored(auction, people):
    """A1: else anybody could take anybody's order out of the frame."""
    auction.place(people[0], BID, 60, 500)
    auction.place(people[1], ASK, 40, 500)
    auction.send(people[1], "cancel", auction.frame, auction.frame, 0)
    auction.send(people[0], "cancel", auction.frame, auction.frame, 7)
    assert fills_of(auction.clear()) == [(0, 1, 500, 50)]


def test_cancelled_order_is_refunded_and_takes_no_rank(auction, people):
    """A1: effect before ranking."""
    auction.place(people[0], BID, 60, 500)
    auction.place(people[2], BID, 60, 500)
    auction.place(people[1], ASK, 40, 500)
    auction.send(people[0], "cancel", auction.frame, auction.frame, 0)
    result = auction.clear()
    assert fills_of(result) == [(1, 2, 500, 50)]
    assert auction.record(result, people[0]).refund_micro == 500 * 65 * 2


def test_only_the_first_64_orders_have_an_effect(auction, people):
    """A8: else one account could make a frame too dear to clear."""
    auction.send(people[0], "placeMany", auction.frame, [auction.request(BID, 60, 50)] * 66)
    auction.place(people[1], ASK, 40, 50 * 66)
    result = auction.clear()
    assert result.traded_wh == 64 * 50
    assert auction.record(result, people[0]).refund_micro >= 2 * 50 * 65 * 2


def test_price_is_the_lowest_of_equal_ones(auction, people):
    """A3: any tick from 41 to 60 matches the same."""
    auction.place(people[0], BID, 60, 500)
    auction.place(people[1], ASK, 40, 500)
    assert auction.clear().crossing_tick == 40


def test_nothing_crosses_and_all_are_refunded(auction, people):
    """A3: no fills, root with refunds only."""
    auction.place(people[0], BID, 30, 500)
    auction.place(people[1], ASK, 40, 500)
    result = auction.clear()
    assert result.fills == ()
    assert auction.record(result, people[0]).refund_micro == 500 * 35 * 2
    assert auction.record(result, people[1]).refund_micro == 500 * 110 * 2


def test_icebergs_queue_with_new_time_ranks(auction, people):
    """A4: a new slice comes after the orders that stand there."""
    auction.place(people[0], BID, 60, 300, peak=100)
    auction.place(people[1], BID, 60, 100)
    auction.place(people[2], ASK, 40, 400)
    assert [fill[0] for fill in fills_of(auction.clear())] == [0, 1, 0, 0]


def test_price_rank_and_time_rank_are_weighed(auction, people):
    """A4: eleven later arrivals outweigh one tick, ten do not."""
    for number in range(12):
        auction.place(people[number % 2], BID, 60, 50)
    auction.place(people[3], BID, 61, 50)
    auction.place(people[2], ASK, 40, 50 * 13)
    served = [fill[0] for fill in fills_of(auction.clear())]
    # Price rank 0 and time rank 12 against price rank 1 and time ranks 0 to 11: better prices win ties.
    assert served == [0, 1, 12, *range(2, 12)]


def test_suppliers_come_last(auction, people, market):
    """A4: the grid's standing offer must not push participants out."""
    market.give_margin(market.grid, "auction", 10_000_000)
    auction.place(market.grid, ASK, 40, 500)
    auction.place(people[0], ASK, 45, 500)
    auction.place(people[1], BID, 60, 600)
    assert [fill[1:3] for fill in fills_of(auction.clear())] == [(1, 500), (0, 100)]


def test_rest_rolls_into_the_next_frame_and_keeps_its_lock(auction, people, market):
    """A6: carried words stand before the chain; M2: nothing is locked anew."""
    auction.place(people[0], BID, 60, 500, rolls=1)
    auction.place(people[1], ASK, 40, 200)
    first = auction.clear()
    assert auction.record(first, people[0]).refund_micro == 200 * (60 - 50) * 2
    carried = auction.view("frameOf", auction.next)[2]
    assert carried != bytes(32)
    auction.place(people[2], ASK, 40, 300, frame=auction.next)
    second = auction.clear(auction.next, first.carried)
    assert fills_of(second) == [(0, 1, 300, 50)]


def test_log_holds_every_fill(auction, people, market):
    """A9: who cannot read the log cannot check a record."""
    auction.place(people[0], BID, 61, 500)
    auction.place(people[1], ASK, 40, 300)
    auction.place(people[2], ASK, 41, 100)
    clearing, result = auction.answer()
    auction.close_gate()
    done = market.transact(people[5], "auction", "clear", auction.frame, clearing)
    (event,) = done.events("Fills")
    assert unpack_fills(event[1]) == list(result.fills)
    assert [fill.tick for fill in result.fills] == [50, 51]


@pytest.fixture
def busy(auction, people):
    """A frame whose every part can be forged; gate closed."""
    auction.place(people[0], BID, 60, 300, peak=100, rolls=1)
    auction.place(people[1], BID, 62, 100)
    auction.place(people[2], ASK, 40, 250)
    auction.place(people[3], ASK, 41, 100, peak=50)
    auction.place(people[4], BID, 30, 100, rolls=1)
    clearing, _ = auction.answer()
    auction.close_gate()
    return auction, clearing


def swapped(data):
    return data[2:4] + data[:2] + data[4:]


FORGERIES = {
    "a word is missing": ("words", lambda data: data[16:], "Auction_WrongWords"),
    "a word is another": ("words", lambda data: data[:-1] + bytes([data[-1] ^ 1]), "Auction_WrongWords"),
    "words are swapped": ("words", lambda data: data[16:32] + data[:16] + data[32:], "Auction_WrongWords"),
    "a carried word is invented": ("carried", lambda _: bytes(31) + b"\1", "Auction_WrongWords"),
    "participants are swapped": ("participants", swapped, "Auction_WrongParticipants"),
    "a participant is missing": ("participants", lambda data: data[2:], "Auction_WrongParticipants"),
    "a participant comes twice": (
        "participants",
        lambda data: data[:2] + data[:-2],
        "Auction_WrongParticipants",
    ),
    "a position lies outside": (
        "participants",
        lambda data: data[:-2] + b"\0\x09",
        "Auction_WrongParticipants",
    ),
    "a position lies far outside": (
        "participants",
        lambda data: data[:-2] + b"\xff\xff",
        "Auction_WrongParticipants",
    ),
    "a position has a bit too many": (
        "participants",
        lambda data: data[:-2] + bytes([0x20, data[-1]]),
        "Auction_WrongParticipants",
    ),
    "the crossing is higher": ("crossing", lambda tick: tick + 1, "Auction_WrongCrossing"),
    "the crossing is lower": ("crossing", lambda tick: tick - 1, "Auction_WrongCrossing"),
    "the crossing is no tick": ("crossing", lambda _: 193, "Auction_WrongCrossing"),
    "bids are swapped": ("bid_service", swapped, "Auction_WrongService"),
    "a bid is missing": ("bid_service", lambda data: data[:-2], "Auction_WrongService"),
    "a bid is too many": ("bid_service", lambda data: data + data[-2:], "Auction_WrongService"),
    "an ask serves as a bid": ("bid_service", lambda data: b"\0\2" + data[2:], "Auction_WrongService"),
    "a bid that is not eligible": ("bid_service", lambda data: b"\0\4" + data[2:], "Auction_WrongService"),
    "a bid outside": ("bid_service", lambda data: b"\0\x09" + data[2:], "Auction_WrongService"),
    "a bid has a bit too many": ("bid_service", lambda data: b"\x20" + data[1:], "Auction_WrongService"),
    "a bid is served again": (
        "bid_service",
        lambda data: data[:2] + data[:2] + data[4:],
        "Auction_WrongService",
    ),
    "a bid serves as an ask": ("ask_service", lambda data: b"\0\0" + data[2:], "Auction_WrongService"),
    "an ask outside": ("ask_service", lambda data: b"\0\x09" + data[2:], "Auction_WrongService"),
    "an ask has a bit too many": ("ask_service", lambda data: b"\x20" + data[1:], "Auction_WrongService"),
    "asks are swapped": ("ask_service", swapped, "Auction_WrongService"),
    "half a position": ("ask_service", lambda data: data + b"\0", "Auction_WrongService"),
    "nothing rolls": ("rolled", lambda _: b"", "Auction_WrongService"),
    "rolled are swapped": ("rolled", swapped, "Auction_WrongService"),
    "a filled order rolls": ("rolled", lambda data: data + b"\0\2", "Auction_WrongService"),
    "half a rolled position": ("rolled", lambda data: data + b"\0", "Auction_WrongService"),
    "rolled outside": ("rolled", lambda data: data[:2] + b"\0\x09", "Auction_WrongService"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_input_is_refused(busy, market, forgery):
    auction, clearing = busy
    field, change, error = FORGERIES[forgery]
    forged = clearing._replace(**{field: change(getattr(clearing, field))})
    with market.reverts_named(error):
        market.transact(market.outsider, "auction", "clear", auction.frame, forged)
    market.transact(market.outsider, "auction", "clear", auction.frame, clearing)


PARTICIPANTS = [name for name, (field, _, _) in FORGERIES.items() if field == "participants"]
LATER = [name for name, forgery in FORGERIES.items() if forgery[2].endswith(("Crossing", "Service"))]


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("forgery", ["participants are swapped", "a position lies outside"])
def test_wrong_participants_are_told_before_what_else_is_wrong(busy, market, forgery, later):
    """They are checked while records are written, which is late: another error has to look at them first."""
    auction, clearing = busy
    for field, change, _ in (FORGERIES[forgery], FORGERIES[later]):
        clearing = clearing._replace(**{field: change(getattr(clearing, field))})
    with market.reverts(f"Auction_WrongParticipants: {auction.frame}"):
        market.transact(market.outsider, "auction", "clear", auction.frame, clearing)


@pytest.mark.parametrize("forgery", PARTICIPANTS)
def test_participants_of_a_frame_that_is_voided_are_checked(busy, market, forgery):
    auction, clearing = busy
    right = (auction.frame, clearing.words, clearing.carried, clearing.participants)
    forged = (*right[:3], FORGERIES[forgery][1](clearing.participants))
    market.travel_to(market.gate_closure_of(auction.frame) + 240)
    with market.reverts(f"Auction_WrongParticipants: {auction.frame}"):
        market.transact(market.outsider, "auction", "voidFrame", *forged)
    market.transact(market.outsider, "auction", "voidFrame", *right)


def test_order_left_out_is_seen(auction, people, market):
    """A4: increasing keys alone would let a caller leave somebody out; the last pass sees what is pending."""
    auction.place(people[0], BID, 60, 100)
    auction.place(people[1], BID, 60, 100)
    auction.place(people[2], ASK, 40, 100)
    clearing, _ = auction.answer()
    assert clearing.bid_service == b"\0\0"
    auction.close_gate()
    with market.reverts(f"Auction_WrongService: {auction.frame}"):
        market.transact(people[0], "auction", "clear", auction.frame, clearing._replace(bid_service=b"\0\1"))


def test_window_is_half_open_and_a_result_is_final(busy, market):
    auction, clearing = busy
    frame, opens = auction.frame, market.gate_closure_of(auction.frame)
    market.travel_to(opens + 239)
    market.transact(market.outsider, "auction", "clear", frame, clearing)
    with market.reverts(f"Auction_Decided: {frame}"):
        market.transact(market.outsider, "auction", "clear", frame, clearing)
    with market.reverts(f"Auction_Decided: {frame}"):
        market.transact(market.operator, "auction", "setFramePaused", frame, True)


def test_too_early_and_too_late(auction, people, market):
    auction.place(people[0], BID, 60, 100)
    clearing, _ = auction.answer()
    frame, opens = auction.frame, market.gate_closure_of(auction.frame)
    market.travel_to(opens - 1)
    with market.reverts(f"Auction_OutsideClearingWindow: {frame}, {opens}, {opens + 240}, {opens - 1}"):
        market.transact(people[0], "auction", "clear", frame, clearing)
    market.travel_to(opens + 239)
    with market.reverts(f"Auction_BeforeClearingDeadline: {frame}, {opens + 240}, {opens + 239}"):
        market.transact(people[0], "auction", "voidFrame", frame, *clearing[:3])
    with market.reverts(f"Auction_OutsideClearingWindow: {frame}, {opens}, {opens + 240}, {opens + 240}"):
        market.transact(people[0], "auction", "clear", frame, clearing)
    done = market.transact(market.outsider, "auction", "voidFrame", frame, *clearing[:3])
    ((_, root, records),) = done.events("FrameVoided")
    assert (records, auction.view("resultOf", frame)) == (1, (root, 1, False, 100 * 65 * 2))
    assert auction.view("frameOf", frame)[3:5] == (True, True)


def test_small_frame_is_not_cleared_in_chunks_nor_an_unknown_one_at_all(busy, market):
    auction, clearing = busy
    with market.reverts(f"Auction_WrongChunk: {auction.frame}, 5"):
        market.transact(market.outsider, "auction", "clearChunk", auction.frame, clearing, b"")
    with market.reverts(f"Auction_FrameNotOpen: {auction.frame + 9}"):
        market.transact(market.outsider, "auction", "clear", auction.frame + 9, clearing)
    long = clearing._replace(carried=bytes(32 * 1_020))
    with market.reverts(f"Auction_WrongChunk: {auction.frame}, 1025"):
        market.transact(market.outsider, "auction", "clear", auction.frame, long)
    with market.reverts(f"Auction_WrongState: {auction.frame}"):
        market.transact(market.outsider, "auction", "clearChunk", auction.frame, long, b"\1")


def test_a_frame_with_words_needs_a_result_before_it_is_final(auction, people, market):
    """M7: who never clears must not make the orders' money vanish."""
    auction.place(people[0], BID, 60, 500)
    market.travel_to(market.metering_deadline_of(auction.frame) + 1)
    with market.reverts(f"Auction_Undecided: {auction.frame}"):
        market.transact(people[0], "house", "finaliseFrame", auction.frame)
    clearing, _ = auction.answer()
    market.transact(market.outsider, "auction", "voidFrame", auction.frame, *clearing[:3])
    market.travel_to(market.metering_deadline_of(auction.next) + 1)
    market.transact(people[0], "house", "finaliseFrame", auction.next)


def test_invented_carried_words_are_refused(auction, people, market):
    auction.place(people[0], BID, 60, 500, rolls=1)
    auction.place(people[1], ASK, 40, 200)
    first = auction.clear()
    clearing, _ = auction.answer(auction.next, first.carried)
    auction.close_gate(auction.next)
    for carried in (b"", clearing.carried * 2, clearing.carried[:-1] + b"\0"):
        with market.reverts_named("Auction_WrongWords"):
            forged = clearing._replace(carried=carried)
            market.transact(market.outsider, "auction", "clear", auction.next, forged)
    market.transact(market.outsider, "auction", "clear", auction.next, clearing)


def test_a_frame_without_words_clears_to_nothing(auction, market):
    result = auction.clear()
    assert (result.root, result.records, result.traded_wh) == (bytes(32), (), 0)
    market.travel_to(market.end_of(auction.frame))
    market.transact(market.outsider, "house", "finaliseFrame", auction.frame)


def test_a_cancelled_order_counts_neither_for_the_crossing_nor_for_what_rolls(auction, people, market):
    auction.place(people[0], BID, 60, 100)
    auction.place(people[0], BID, 30, 100, rolls=1)
    gone = auction.place(people[1], BID, 61, 5_000, rolls=1)
    for person, tick, quantity in ((2, 35, 50), (3, 45, 100), (4, 90, 100)):
        auction.place(people[person], ASK, tick, quantity)
    auction.send(people[1], "cancel", auction.frame, auction.frame, gone)
    clearing, result = auction.answer()
    assert (clearing.crossing, result.traded_wh, len(result.carried)) == (45, 100, 1)
    auction.close_gate()
    with market.reverts(f"Auction_WrongService: {auction.frame}"):
        forged = clearing._replace(rolled=gone.to_bytes(2, "big") + clearing.rolled)
        market.transact(market.outsider, "auction", "clear", auction.frame, forged)
    market.transact(market.outsider, "auction", "clear", auction.frame, clearing)
    assert auction.record(result, people[1]).refund_micro == 5_000 * 66 * 2


@pytest.mark.parametrize(
    ("orders", "crossing", "price", "traded_wh"),
    [
        # More trades below the tick where supply reaches demand; no bid below that, one below that.
        (((BID, 60, 100), (BID, 50, 100), (ASK, 40, 150)), 51, 40, 150),
        (((BID, 60, 100), (BID, 50, 100), (BID, 45, 50), (ASK, 40, 150)), 51, 46, 150),
        # The same volume on both sides of it, of nothing, and less imbalance below.
        (((BID, 30, 100), (ASK, 31, 150)), 31, 0, 0),
    ],
)
def test_crossing_price_is_the_lowest_of_the_best_ticks(
    auction, people, market, orders, crossing, price, traded_wh
):
    """A3.2: found below the tick that is supplied."""
    for person, (side, tick, quantity) in zip(people, orders, strict=False):
        auction.place(person, side, tick, quantity)
    clearing, result = auction.answer()
    assert (clearing.crossing, result.crossing_tick, result.traded_wh) == (crossing, price, traded_wh)
    assert auction.clear().crossing_tick == price


def test_a_frame_is_final_when_all_its_records_are_settled(auction, people, market):
    auction.place(people[0], BID, 60, 500)
    auction.place(people[1], ASK, 40, 500)
    result = auction.clear()
    chunk = auction.chunk(result, people[0])
    market.travel_to(market.end_of(auction.frame))
    readings = b"".join(wh.to_bytes(5, "big") for wh in (0, 500))
    market.transact(market.meter, "house", "reportDeliveryFromRoot", auction.frame, *chunk, readings)
    market.transact(market.outsider, "house", "finaliseFrame", auction.frame)
    assert market.call("house", "frameOf", auction.frame)[7]
