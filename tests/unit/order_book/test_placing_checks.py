"""Every reason for which an order is refused before it reaches the book."""

from dataclasses import replace

import pytest


def test_request_is_packed_from_its_lowest_bit(book, market):
    packed = market.call("book", "packRequest", book.frame, 1, 100, 300, 100, 2, 3, 7)
    assert packed == book.request(book.ASK, 100, 300, peak=100, step=2, kind=3, max_fills=7)


@pytest.mark.parametrize(("bit", "side"), [(144, 0), (255, 1)])
def test_request_is_refused_when_bits_without_meaning_are_set(book, market, traders, bit, side):
    request = book.request(side, 100, 100) | 1 << bit
    with market.reverts(f"OrderBook_InvalidRequest: {request}"):
        market.transact(traders[0], "book", "placeMany", [request])


@pytest.mark.parametrize("bit", [144, 255])
def test_a_request_of_more_bits_is_no_call_of_place(book, market, traders, bit):
    """Its type has 144: what else stands in the word is refused before the book sees it, without data."""
    good = market.chain.transaction(traders[0].address, "book", "place", book.request(book.BID, 100, 100))
    wide = int.from_bytes(good.data[4:], "big") | 1 << bit
    receipt = market.engine.send_block(
        [replace(good, data=good.data[:4] + wide.to_bytes(32, "big"))], market.now
    )[0]
    assert (receipt.status, receipt.output, receipt.logs) == (0, b"", ())
    assert receipt.gas_used < good.gas_limit
    market.now = market.engine.timestamp + 1
    assert market.engine.send_block([good], market.now)[0].succeeded


@pytest.mark.parametrize("side", [2, 128, 255])
def test_request_is_refused_when_there_is_no_such_side(book, market, traders, side):
    request = book.request(side, 100, 100)
    with market.reverts(f"OrderBook_InvalidRequest: {request}"):
        market.transact(traders[0], "book", "place", request)


def test_order_is_refused_when_its_owner_is_not_registered(book, market):
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        book.buy(market.outsider, 100, 100)


def test_order_is_refused_when_its_owner_is_suspended(book, market, traders):
    """Suspension acts at once, and on placing only."""
    owner = traders[0]
    market.transact(market.supervisor, "house", "setSuspended", owner.id, True)
    with market.reverts(f"OrderBook_Suspended: {owner.id}, 1"):
        book.buy(owner, 100, 100)
    market.transact(market.supervisor, "house", "setSuspended", owner.id, False)
    assert book.buy(owner, 100, 100).order_id != 0


@pytest.mark.parametrize(("kind", "peak"), [(4, 0), (255, 0), (1, 100), (2, 100)])
def test_order_is_refused_when_its_kind_is_unknown_or_forbids_a_peak(book, market, traders, kind, peak):
    with market.reverts(f"OrderBook_InvalidKind: {kind}, {peak}"):
        book.buy(traders[0], 100, 300, kind=kind, peak=peak)


def test_order_is_refused_when_it_may_visit_nobody(book, market, traders):
    with market.reverts("OrderBook_ZeroMaxFills"):
        book.buy(traders[0], 100, 100, max_fills=0)


def test_order_is_refused_when_its_frame_is_not_open(book, market, traders):
    with market.reverts(f"OrderBook_FrameNotOpen: {book.frame + 1}"):
        book.buy(traders[0], 100, 100, frame=book.frame + 1)


def test_order_is_refused_while_its_frame_is_paused(book, market, traders):
    done = market.transact(market.operator, "book", "setFramePaused", book.frame, True)
    assert done.events("FramePaused") == [(book.frame, True)]
    with market.reverts(f"OrderBook_FramePaused: {book.frame}"):
        book.buy(traders[0], 100, 100)
    assert market.call("book", "frameOf", book.frame)[:2] == (True, True)
    market.transact(market.operator, "book", "setFramePaused", book.frame, False)
    assert book.buy(traders[0], 100, 100).order_id != 0


def test_pause_is_the_operators_and_needs_an_open_frame(book, market, traders):
    with market.reverts(f"Venue_MissingRole: {traders[0].address}, 16"):
        market.transact(traders[0], "book", "setFramePaused", book.frame, True)
    with market.reverts(f"OrderBook_FrameNotOpen: {book.frame + 1}"):
        market.transact(market.operator, "book", "setFramePaused", book.frame + 1, True)


def test_order_is_refused_when_its_tick_is_too_high(book, market, traders):
    with market.reverts("OrderBook_TickOutOfRange: 192, 191"):
        book.buy(traders[0], 192, 100)
    assert book.buy(traders[0], 191, 100).order_id == book.id(book.BID, 191, 0)


def test_order_is_refused_when_its_quantity_is_below_the_minimum(book, market, traders):
    with market.reverts("OrderBook_QuantityBelowMinimum: 49, 50"):
        book.buy(traders[0], 100, 49)


@pytest.mark.parametrize(("quantity", "peak"), [(300, 301), (300, 49), (3_233, 101)])
def test_order_is_refused_when_its_peak_is_too_large_or_too_small(book, market, traders, quantity, peak):
    """A peak below a 32nd of the quantity would make others pay for a thousand slices."""
    with market.reverts(f"OrderBook_InvalidPeak: {peak}, {quantity}, 50"):
        book.buy(traders[0], 100, quantity, peak=peak)


def test_peak_may_be_a_32nd_of_the_quantity_or_all_of_it(book, traders):
    assert book.order(book.buy(traders[0], 100, 3_232, peak=101))[1:4] == (3_232, 101, 101)
    assert book.order(book.buy(traders[0], 100, 300, peak=300))[1:4] == (300, 300, 300)


@pytest.mark.parametrize(("peak", "step"), [(0, 1), (100, 192)])
def test_order_is_refused_when_its_step_lacks_a_peak_or_is_too_wide(book, market, traders, peak, step):
    with market.reverts(f"OrderBook_InvalidPriceStep: {step}"):
        book.buy(traders[0], 100, 300, peak=peak, step=step)


def test_of_two_faults_that_of_the_first_check_is_told(book, market, traders):
    actor, suspended = traders[:2]
    market.transact(market.supervisor, "house", "setSuspended", suspended.id, True)
    free = market.open_frame(book.frame + 1, grid_fee_ticks=0, platform_fee_ticks=0)
    no_side = book.request(2, 100, 100)

    def refused(text, actor, tick, quantity, **options):
        with market.reverts(text):
            book.buy(actor, tick, quantity, **options)

    with market.reverts(f"OrderBook_InvalidRequest: {no_side}"):
        book.place(market.outsider, 2, 100, 100)
    refused(f"OrderBook_Suspended: {suspended.id}, 1", suspended, 100, 100, kind=4)
    refused("OrderBook_InvalidKind: 4, 0", actor, 100, 100, kind=4, max_fills=0)
    refused("OrderBook_ZeroMaxFills", actor, 100, 100, max_fills=0, frame=free + 1)
    refused("OrderBook_TickOutOfRange: 192, 191", actor, 192, 49)
    refused("OrderBook_QuantityBelowMinimum: 49, 50", actor, 100, 49, peak=50)
    refused("OrderBook_InvalidPeak: 301, 300, 50", actor, 100, 300, peak=301, step=192)
    refused("OrderBook_InvalidPriceStep: 1", actor, 0, 300, step=1, frame=free)
    market.transact(market.operator, "book", "setFramePaused", book.frame, True)
    closure = book.close_gate()
    refused(f"OrderBook_FramePaused: {book.frame}", actor, 100, 100)
    market.transact(market.operator, "book", "setFramePaused", book.frame, False)
    refused(f"OrderBook_GateClosed: {book.frame}, {closure}, {market.now}", actor, 192, 100)


def test_order_may_lie_on_every_bound(book, traders):
    """Least quantity, also of what may not rest; least peak, widest step, and the least lock of 100."""
    actor = traders[0]
    assert book.order(book.buy(actor, 100, 50, peak=50))[1:4] == (50, 50, 50)
    assert book.order(book.buy(actor, 100, 300, peak=50, step=191))[1:5] == (300, 50, 50, 191)
    assert book.buy(actor, 100, 50, kind=book.IOC).returned == [(50, book.REASON_IOC)]
    start = book.margin(actor)
    book.sell(actor, 150, 50)
    assert start - book.margin(actor) == 100


def test_order_is_refused_when_it_locks_too_little(market, traders):
    """A buy at 0 without fees would fill the book for nothing."""
    frame = market.open_frame(grid_fee_ticks=0, platform_fee_ticks=0)
    request = frame | 100 << 48 | 50 << 128
    with market.reverts("OrderBook_LockBelowMinimum: 0, 100"):
        market.transact(traders[0], "book", "place", request)


def test_order_is_refused_when_its_margin_is_too_small(book, market, traders):
    buyer = traders[0]
    free = book.margin(buyer)
    needed = 5_000_000 * 105 * 2
    with market.reverts(f"Venue_InsufficientMargin: {buyer.id}, {needed}, {free}"):
        book.buy(buyer, 100, 5_000_000)


def test_order_must_be_covered_at_its_limit_even_if_it_would_trade_cheaper(book, market, traders):
    maker, *_, taker = traders
    book.sell(maker, 10, 100)
    market.transact(taker, "book", "withdrawMargin", book.margin(taker) - 100 * 20 * 2)
    with market.reverts(f"Venue_InsufficientMargin: {taker.id}, {100 * 25 * 2}, {100 * 20 * 2}"):
        book.buy(taker, 20, 100)
    assert book.buy(taker, 15, 100).filled_wh == 100


@pytest.fixture
def penalised(market, traders):
    """A buyer of whose demand 70 % may be met: it took half of what it asked for, and gamma_1 is 20 %."""
    record = traders[0].id | 1_000 << 32 | 500 << 72
    market.transact(market.meter, "credit", "recordSupply", [record])
    assert market.call("book", "accountOf", traders[0].id)[2] == 7_000
    return traders[0]


def test_penalised_buyers_quantity_and_peak_are_cut(book, penalised):
    assert book.order(book.buy(penalised, 100, 301))[1] == 210
    assert book.order(book.buy(penalised, 100, 300, peak=100))[1:4] == (210, 100, 100)
    assert book.order(book.buy(penalised, 100, 300, peak=250))[1:4] == (210, 210, 210)


def test_penalised_buyer_pays_for_the_cut_quantity_only(book, penalised):
    start = book.margin(penalised)
    book.buy(penalised, 100, 300)
    assert start - book.margin(penalised) == 210 * 105 * 2


def test_penalised_buyer_is_refused_when_the_cut_leaves_too_little(book, market, penalised):
    with market.reverts("OrderBook_QuantityBelowMinimum: 49, 50"):
        book.buy(penalised, 100, 71)


def test_penalised_participant_sells_uncut(book, penalised):
    assert book.order(book.sell(penalised, 100, 300))[1] == 300


def test_pushes_come_from_house_registry_and_credit_only(book, market, traders):
    outsider = traders[0]
    for function, arguments in (
        ("openFrame", (book.frame + 1, 150, 5)),
        ("closeFrame", (book.frame,)),
        ("creditMargin", (outsider.id, 1)),
        ("setStatus", (outsider.id, 0)),
        ("setDemandFactor", (outsider.id, 10_000)),
    ):
        with market.reverts(f"Venue_NotHouse: {outsider.address}"):
            market.transact(outsider, "book", function, *arguments)
    with market.reverts(f"Venue_NotRegistry: {outsider.address}"):
        market.transact(outsider, "book", "onParticipant", outsider.address, 99, 16)


def test_all_levels_of_a_frame_can_hold_orders(book, traders):
    one, two, *_ = traders
    for tick in range(192):
        book.place(one if tick < 96 else two, book.BID if tick < 96 else book.ASK, tick, 50)
    assert book.levels() == list(range(192))
    assert book.best() == (True, 95, True, 96)
    assert [tick for tick, *_ in book.depth(book.BID)] == list(range(95, -1, -1))
    assert book.depth(book.ASK, 3) == [(96, 50, 0), (97, 50, 0), (98, 50, 0)]
    assert book.market.call("book", "depthOf", book.frame, 2, 5) == ((), (), ())
