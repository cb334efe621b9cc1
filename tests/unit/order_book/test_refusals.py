"""Trades that the network cannot carry (M8)."""

import pytest


def entry(buyer, seller, energy_wh, tick):
    return buyer.id | seller.id << 32 | energy_wh << 64 | tick << 96


@pytest.fixture
def trade(book, traders):
    """1,000 Wh at 60 from seller to buyer; the gate has closed."""
    seller, *_, buyer = traders
    book.sell(seller, 60, 1_000)
    book.buy(buyer, 60, 1_000)
    book.close_gate()
    return buyer, seller


def test_refused_trade_leaves_both_positions_and_the_buyer_gets_value_and_fees(book, market, trade):
    buyer, seller = trade
    margins = book.margin(buyer), book.margin(seller)
    done = market.transact(
        market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 400, 60)]
    )
    assert done.events("TradeRefused") == [(book.frame, buyer.id, seller.id, 400, 60)]
    assert book.position(buyer) == (600, 0, 600 * 60 * 2, 0, 0)
    assert book.position(seller) == (0, 600, 0, 600 * 60 * 2, 1_000 * 90 * 2)
    assert book.margin(buyer) - margins[0] == 400 * (60 + 5) * 2
    assert book.margin(seller) == margins[1]
    assert book.traded() == 600


def test_refusals_add_up_to_the_whole_trade_and_no_more(book, market, trade):
    buyer, seller = trade
    entries = [entry(buyer, seller, 600, 60), entry(buyer, seller, 400, 60)]
    market.transact(market.operator, "book", "refuseTrades", book.frame, entries)
    assert book.position(buyer) == (0, 0, 0, 0, 0)
    assert book.traded() == 0
    with market.reverts(f"Venue_InvalidRefusal: {book.frame}, {buyer.id}, {seller.id}, 50, 60"):
        market.transact(market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 50, 60)])


def test_lock_of_a_wholly_refused_seller_returns_when_the_frame_becomes_final_without_it(book, market, trade):
    """The counterexample: nothing sold is left to settle, so anyone may finalise the frame at delivery's end;
    a lock that stayed with the position could never be settled again (M13)."""
    buyer, seller = trade
    margins = book.margin(buyer), book.margin(seller)
    market.transact(market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 1_000, 60)])
    assert book.position(seller) == (0, 0, 0, 0, 0)
    assert book.margin(seller) - margins[1] == 1_000 * 90 * 2
    assert book.margin(buyer) - margins[0] == 1_000 * (60 + 5) * 2
    market.travel_to(market.end_of(book.frame))
    market.transact(market.outsider, "house", "finaliseFrame", book.frame)
    participants = [participant.id for participant in (market.operator, *market.participants)]
    held = market.call("house", "heldByVenue", market.address("book"))
    assert held == sum(market.call("book", "marginOf", number) for number in participants)


@pytest.mark.parametrize(("energy_wh", "tick"), [(1_001, 60), (0, 60), (1_000, 61), (100, 192), (100, 256)])
def test_refusal_is_invalid_when_positions_do_not_hold_it(book, market, trade, energy_wh, tick):
    buyer, seller = trade
    with market.reverts(f"Venue_InvalidRefusal: {book.frame}, {buyer.id}, {seller.id}, {energy_wh}, {tick}"):
        market.transact(
            market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, energy_wh, tick)]
        )


def test_refusal_is_invalid_when_buyer_and_seller_are_swapped_or_the_same(book, market, trade):
    buyer, seller = trade
    for first, second in ((seller, buyer), (buyer, buyer), (seller, seller)):
        with market.reverts(f"Venue_InvalidRefusal: {book.frame}, {first.id}, {second.id}, 100, 60"):
            market.transact(
                market.operator, "book", "refuseTrades", book.frame, [entry(first, second, 100, 60)]
            )


def test_refusal_is_invalid_when_it_would_leave_the_seller_uncovered(book, market, traders):
    """500 Wh sold at 100 and 500 at 149, cap 150: value and lock cover exactly 150 a Wh.

    Energy taken out above the cap takes more value than the obligation falls by; at the cap it may.
    """
    seller, one, *_, buyer = traders
    book.sell(seller, 100, 500)
    book.sell(seller, 149, 500)
    book.buy(buyer, 149, 1_000)
    book.sell(one, 150, 100)
    book.buy(buyer, 191, 100)
    book.close_gate()
    value, lock = (500 * 249) * 2, (500 * 51) * 2
    assert book.position(seller) == (0, 1_000, 0, value, lock)
    with market.reverts(f"Venue_InvalidRefusal: {book.frame}, {buyer.id}, {seller.id}, 170, 151"):
        market.transact(market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 170, 151)])
    market.transact(market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 170, 150)])
    assert book.position(seller)[1] == 830


def test_refusals_are_taken_between_gate_closure_and_their_deadline_only(book, market, traders):
    seller, *_, buyer = traders
    book.sell(seller, 60, 100)
    book.buy(buyer, 60, 100)
    opens, closes = market.gate_closure_of(book.frame), market.refusal_deadline_of(book.frame)
    for moment in (opens - 1, closes):
        market.travel_to(moment)
        with market.reverts(f"Venue_OutsideRefusalWindow: {book.frame}, {opens}, {closes}, {moment}"):
            market.transact(
                market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 50, 60)]
            )


def test_refusals_are_the_operators_and_need_an_open_frame(book, market, trade):
    buyer, seller = trade
    with market.reverts(f"Venue_MissingRole: {buyer.address}, 16"):
        market.transact(buyer, "book", "refuseTrades", book.frame, [entry(buyer, seller, 50, 60)])
    with market.reverts(f"OrderBook_FrameNotOpen: {book.frame + 1}"):
        market.transact(market.operator, "book", "refuseTrades", book.frame + 1, [])


def test_total_stays_the_same_when_it_is_folded_with_levels_still_open(book, market, traders):
    """Levels that hold orders keep their traded energy until the first refusal folds it."""
    seller, other, *_, buyer = traders
    book.sell(seller, 60, 1_000)
    book.sell(other, 70, 1_000)
    book.buy(buyer, 60, 300)
    book.buy(buyer, 70, 1_200)
    book.buy(seller, 40, 500)
    book.sell(buyer, 40, 120)
    assert book.traded() == 300 + 700 + 500 + 120
    book.close_gate()
    for _ in range(2):
        market.transact(market.operator, "book", "refuseTrades", book.frame, [])
        assert book.traded() == 1_620


def test_frame_whose_trades_were_refused_takes_no_order_since_its_gate_is_closed(book, market, trade):
    """A frame that is open, not paused and not tradable either: its levels are summed up once and for all."""
    buyer, seller = trade
    market.transact(market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 400, 60)])
    assert market.call("book", "frameOf", book.frame)[:2] == (True, False)
    closure = market.gate_closure_of(book.frame)
    with market.reverts(f"OrderBook_GateClosed: {book.frame}, {closure}, {market.now}"):
        book.buy(buyer, 60, 100)
    market.transact(market.operator, "book", "setFramePaused", book.frame, True)
    with market.reverts(f"OrderBook_FramePaused: {book.frame}"):
        book.buy(buyer, 60, 100)


def test_refused_frame_settles_and_becomes_final(book, market, trade):
    """The traded energy that the book reports at the end is what was not refused."""
    buyer, seller = trade
    market.transact(market.operator, "book", "refuseTrades", book.frame, [entry(buyer, seller, 400, 60)])
    market.travel_to(market.end_of(book.frame))
    market.transact(market.meter, "house", "reportDelivery", book.frame, [seller.id | 600 << 32, buyer.id])
    done = market.transact(market.outsider, "house", "finaliseFrame", book.frame)
    assert done.events("FrameFinalised")[0][:2] == (book.frame, 600)
