"""What orders lock, and where the money goes when they trade (M1-M3)."""


def test_buy_locks_limit_and_fees_when_it_rests(book, traders):
    start = book.margin(traders[0])
    book.buy(traders[0], 100, 1_000)
    assert start - book.margin(traders[0]) == 1_000 * (100 + 5) * 2


def test_sell_locks_what_the_cap_exceeds_its_limit_by(book, traders):
    """Else a seller at 100 could leave a shortfall at 150 unpaid."""
    start = book.margin(traders[0])
    book.sell(traders[0], 100, 1_000)
    assert start - book.margin(traders[0]) == 1_000 * (150 - 100) * 2


def test_price_improvement_returns_to_the_buyer_at_once(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 60, 400)
    start = book.margin(taker)
    placed = book.buy(taker, 100, 1_000)
    assert start - book.margin(taker) == 400 * (60 + 5) * 2 + 600 * (100 + 5) * 2
    assert book.position(taker) == (400, 0, 400 * 60 * 2, 0, 0)
    assert book.remaining(placed) == 600


def test_sellers_lock_stays_with_its_position_when_it_trades(book, traders):
    maker, *_, taker = traders
    start = book.margin(maker)
    resting = book.sell(maker, 100, 1_000)
    book.buy(taker, 100, 400)
    assert book.position(maker) == (0, 400, 0, 400 * 100 * 2, 400 * 50 * 2)
    book.cancel(maker, resting)
    assert start - book.margin(maker) == 400 * 50 * 2


def test_incoming_sell_locks_for_its_own_limit_when_it_trades_higher(book, traders):
    """It may fill at 60, but what it owes is bounded by the cap less the limit that it chose."""
    maker, *_, taker = traders
    book.buy(maker, 60, 400)
    start = book.margin(taker)
    book.sell(taker, 50, 400)
    assert start - book.margin(taker) == 400 * (150 - 50) * 2
    assert book.position(taker) == (0, 400, 0, 400 * 60 * 2, 400 * 100 * 2)


def test_resting_buyer_pays_from_its_lock_only(book, traders):
    maker, *_, taker = traders
    start = book.margin(maker)
    book.buy(maker, 60, 400)
    book.sell(taker, 50, 400)
    assert start - book.margin(maker) == 400 * (60 + 5) * 2
    assert book.position(maker) == (400, 0, 400 * 60 * 2, 0, 0)


def test_venue_holds_margins_locks_and_trades_to_the_unit(book, market, traders):
    """Margins + orders' locks + positions' sales and locks + fees = what the book holds (M1)."""
    one, two, three, four, five, taker = traders
    book.sell(one, 100, 700, peak=100, step=1)
    book.sell(two, 101, 300)
    book.buy(three, 60, 500, peak=200, step=2)
    book.buy(taker, 102, 555)
    book.sell(four, 55, 420)
    book.buy(five, 99, 300, peak=100)
    margins = sum(book.margin(actor) for actor in market.participants)
    orders = [
        *(book.id(book.ASK, tick, i) for tick in range(192) for i in range(book.level(book.ASK, tick)[1]))
    ]
    orders += [
        book.id(book.BID, tick, i) for tick in range(192) for i in range(book.level(book.BID, tick)[1])
    ]
    locks = sum(remaining * lock * 2 for _, remaining, _, _, _, lock in map(book.order, orders))
    positions = [book.position(actor) for actor in market.participants]
    pot = (
        sum(sale + lock for _, _, _, sale, lock in positions)
        + sum(bought for bought, *_ in positions) * 5 * 2
    )
    assert (
        book.traded()
        == sum(bought for bought, *_ in positions)
        == sum(sold for _, sold, *_ in positions)
        == 975
    )
    assert margins + locks + pot == market.call("house", "heldByVenue", market.address("book"))


def test_purchases_and_sales_of_one_participant_lie_side_by_side(book, traders):
    maker, both, *_, taker = traders
    book.sell(maker, 50, 200)
    book.buy(both, 50, 200)
    book.sell(both, 60, 150)
    book.buy(taker, 60, 150)
    assert book.position(both) == (200, 150, 200 * 50 * 2, 150 * 60 * 2, 150 * 90 * 2)
