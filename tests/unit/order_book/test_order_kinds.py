"""IOC, FOK, post-only, own orders, and the bound on visits (B3-B5)."""


def test_ioc_returns_its_rest_when_the_book_is_too_thin(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 100)
    start = book.margin(taker)
    placed = book.buy(taker, 100, 300, kind=book.IOC)
    assert (placed.order_id, placed.filled_wh, placed.returned) == (0, 100, [(200, book.REASON_IOC)])
    assert start - book.margin(taker) == 100 * (100 + 5) * 2
    assert book.levels() == []


def test_ioc_succeeds_without_a_trade_when_nothing_crosses(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 100)
    start = book.margin(taker)
    placed = book.buy(taker, 99, 300, kind=book.IOC)
    assert (placed.order_id, placed.filled_wh, placed.returned) == (0, 0, [(300, book.REASON_IOC)])
    assert book.margin(taker) == start


def test_ioc_gives_ioc_as_its_reason_when_it_meets_its_own_order(book, traders):
    taker = traders[0]
    book.sell(taker, 100, 100)
    assert book.buy(taker, 100, 100, kind=book.IOC).returned == [(100, book.REASON_IOC)]


def test_fok_fills_whole_when_hidden_energy_at_its_price_suffices(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 500, peak=100)
    assert book.buy(taker, 100, 500, kind=book.FOK).filled_wh == 500


def test_fok_reverts_and_changes_nothing_when_energy_is_missing(book, market, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 500, peak=100)
    with market.reverts("OrderBook_NotFilled: 501, 500"):
        book.buy(taker, 100, 501, kind=book.FOK)
    assert book.depth(book.ASK) == [(100, 100, 400)]


def test_fok_does_not_count_hidden_energy_that_steps_out_of_reach(book, market, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 300, peak=100, step=1)
    with market.reverts("OrderBook_NotFilled: 300, 200"):
        book.buy(taker, 101, 300, kind=book.FOK)


def test_fok_reverts_when_it_needs_more_visits_than_it_allows(book, market, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 500, peak=100)
    with market.reverts("OrderBook_NotFilled: 500, 400"):
        book.buy(taker, 100, 500, kind=book.FOK, max_fills=4)
    assert book.buy(taker, 100, 500, kind=book.FOK, max_fills=5).filled_wh == 500


def test_fok_reverts_when_its_owners_order_stands_in_the_way(book, market, traders):
    maker, *_, taker = traders
    book.sell(taker, 100, 100)
    book.sell(maker, 100, 100)
    with market.reverts("OrderBook_NotFilled: 100, 0"):
        book.buy(taker, 100, 100, kind=book.FOK)


def test_post_only_rests_when_nothing_crosses(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 101, 100)
    placed = book.buy(taker, 100, 100, kind=book.POST_ONLY)
    assert book.remaining(placed) == 100


def test_post_only_is_refused_when_it_would_trade(book, market, traders):
    maker, *_, taker = traders
    resting = book.sell(maker, 100, 100)
    with market.reverts(f"OrderBook_WouldTrade: {resting.order_id}"):
        book.buy(taker, 100, 100, kind=book.POST_ONLY)


def test_post_only_is_refused_when_the_crossing_order_is_its_owners(book, market, traders):
    taker = traders[0]
    resting = book.buy(taker, 60, 100)
    with market.reverts(f"OrderBook_WouldTrade: {resting.order_id}"):
        book.sell(taker, 60, 100, kind=book.POST_ONLY)


def test_post_only_walks_over_cancelled_orders_and_clears_their_levels(book, traders):
    maker, *_, taker = traders
    for tick in (99, 100, 100):
        book.cancel(maker, book.sell(maker, tick, 100))
    placed = book.buy(taker, 100, 100, kind=book.POST_ONLY, max_fills=3)
    assert book.remaining(placed) == 100
    assert book.levels() == [100]
    assert book.level(book.ASK, 100) == (2, 2, 0, 0, 0)


def test_post_only_is_refused_when_its_visits_end_before_the_answer(book, market, traders):
    maker, *_, taker = traders
    gone = [book.sell(maker, 100, 100) for _ in range(3)]
    for placed in gone:
        book.cancel(maker, placed)
    with market.reverts(f"OrderBook_WouldTrade: {gone[2].order_id}"):
        book.buy(taker, 100, 100, kind=book.POST_ONLY, max_fills=2)


def test_post_only_sees_a_live_order_behind_a_cancelled_one(book, market, traders):
    maker, other, *_, taker = traders
    book.cancel(maker, book.buy(maker, 60, 100))
    resting = book.buy(other, 60, 100)
    with market.reverts(f"OrderBook_WouldTrade: {resting.order_id}"):
        book.sell(taker, 60, 100, kind=book.POST_ONLY)


def test_post_only_iceberg_rests_with_its_peak(book, traders):
    placed = book.sell(traders[0], 100, 300, peak=100, step=1, kind=book.POST_ONLY)
    assert book.order(placed) == (traders[0].id, 300, 100, 100, 1, 50)


def test_rest_returns_when_the_owners_own_order_stands_at_the_head(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 100)
    own = book.sell(taker, 100, 100)
    start = book.margin(taker)
    placed = book.buy(taker, 100, 300)
    assert (placed.filled_wh, placed.returned) == (100, [(200, book.REASON_SELF_TRADE)])
    assert book.remaining(own) == 100
    assert start - book.margin(taker) == 100 * (100 + 5) * 2


def test_whole_incoming_iceberg_returns_when_a_slice_meets_the_owners_order(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 100)
    book.sell(taker, 100, 100)
    assert book.buy(taker, 100, 300, peak=100).returned == [(200, book.REASON_SELF_TRADE)]


def test_rest_returns_when_visits_end_while_it_still_crosses(book, traders):
    """It would rest crossed, so that a later order could trade past it."""
    maker, other, *_, taker = traders
    for seller in (maker, other, maker):
        book.sell(seller, 100, 100)
    placed = book.buy(taker, 100, 300, max_fills=2)
    assert (placed.order_id, placed.filled_wh, placed.returned) == (0, 200, [(100, book.REASON_MAX_FILLS)])


def test_rest_rests_when_its_last_visit_empties_the_other_side(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 100)
    placed = book.buy(taker, 100, 300, max_fills=1)
    assert placed.returned == []
    assert book.remaining(placed) == 200


def test_cancelled_orders_count_as_visits(book, traders):
    maker, other, *_, taker = traders
    book.cancel(maker, book.sell(maker, 100, 100))
    book.sell(other, 100, 100)
    assert book.buy(taker, 100, 100, max_fills=1).returned == [(100, book.REASON_MAX_FILLS)]
    assert book.buy(taker, 100, 100, max_fills=1).filled_wh == 100


def test_each_slice_counts_as_a_visit(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 300, peak=100)
    assert book.buy(taker, 100, 300, max_fills=2).returned == [(100, book.REASON_MAX_FILLS)]
