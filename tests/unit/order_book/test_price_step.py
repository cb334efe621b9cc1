"""Icebergs whose slices step away from the market (B2, B3)."""


def test_resting_sell_steps_up_when_a_slice_is_used_up(book, traders):
    maker, *_, taker = traders
    resting = book.sell(maker, 100, 300, peak=100, step=2)
    placed = book.buy(taker, 100, 100)
    moved = book.id(book.ASK, 102, 0)
    assert placed.moves == [(resting.order_id, moved)]
    assert book.order(resting) == (0, 0, 0, 0, 0, 0)
    assert book.order(moved) == (maker.id, 200, 100, 100, 2, 48)
    assert book.levels() == [102]


def test_resting_buy_steps_down_when_a_slice_is_used_up(book, traders):
    maker, *_, taker = traders
    resting = book.buy(maker, 60, 300, peak=100, step=3)
    placed = book.sell(taker, 50, 250)
    assert [(fill.order_id >> 16 & 0xFF, fill.energy_wh) for fill in placed.fills] == [
        (60, 100),
        (57, 100),
        (54, 50),
    ]
    assert placed.moves[0] == (resting.order_id, book.id(book.BID, 57, 0))
    assert book.order(book.id(book.BID, 54, 0)) == (maker.id, 50, 100, 50, 3, 59)


def test_moved_sell_is_met_again_at_its_new_price_when_the_sweep_reaches_it(book, traders):
    stepped, plain, *_, taker = traders
    book.sell(stepped, 100, 300, peak=100, step=1)
    book.sell(plain, 101, 100)
    placed = book.buy(taker, 102, 400)
    assert [(fill.maker, fill.order_id >> 16 & 0xFF) for fill in placed.fills] == [
        (stepped.id, 100),
        (plain.id, 101),
        (stepped.id, 101),
        (stepped.id, 102),
    ]


def test_lock_of_the_rest_returns_when_a_slice_moves_to_another_price(book, traders):
    """A sell at 102 owes at most cap - 102 per Wh: two ticks less for each of the 200 Wh left (M2)."""
    maker, *_, taker = traders
    start = book.margin(maker)
    book.sell(maker, 100, 300, peak=100, step=2)
    assert start - book.margin(maker) == 300 * 50 * 2
    book.buy(taker, 100, 100)
    assert start - book.margin(maker) == 100 * 50 * 2 + 200 * 48 * 2
    book.cancel(maker, book.id(book.ASK, 102, 0))
    assert start - book.margin(maker) == 100 * 50 * 2
    assert book.position(maker)[4] == 100 * 50 * 2


def test_buyers_lock_of_the_rest_returns_when_a_slice_moves_down(book, traders):
    maker, *_, taker = traders
    start = book.margin(maker)
    book.buy(maker, 60, 200, peak=100, step=10)
    book.sell(taker, 60, 100)
    assert start - book.margin(maker) == 100 * (60 + 5) * 2 + 100 * (50 + 5) * 2


def test_sell_stays_at_its_price_when_a_step_would_leave_the_ticks(book, traders):
    maker, *_, taker = traders
    resting = book.sell(maker, 190, 300, peak=100, step=2)
    placed = book.buy(taker, 191, 100)
    assert placed.moves == []
    assert book.order(resting) == (maker.id, 200, 100, 100, 2, 1)
    assert book.level(book.ASK, 190) == (1, 1, 0, 1, 100)


def test_buy_stays_at_its_price_when_a_step_would_leave_the_ticks(book, traders):
    maker, *_, taker = traders
    resting = book.buy(maker, 2, 300, peak=100, step=3)
    assert book.sell(taker, 0, 250).served == [(maker.id, 100), (maker.id, 100), (maker.id, 50)]
    assert book.order(resting)[1:4] == (50, 100, 50)


def test_step_to_the_last_tick_is_taken(book, traders):
    maker, other, *_, taker = traders
    book.sell(maker, 190, 200, peak=100, step=1)
    assert book.buy(taker, 190, 100).moves[0][1] == book.id(book.ASK, 191, 0)
    book.buy(other, 1, 200, peak=100, step=1)
    assert book.sell(taker, 1, 100).moves[0][1] == book.id(book.BID, 0, 0)


def test_moved_slice_stands_behind_those_at_its_new_price(book, traders):
    stepped, plain, late, *_, taker = traders
    book.sell(stepped, 100, 200, peak=100, step=1)
    book.sell(plain, 101, 100)
    book.buy(taker, 100, 100)
    book.sell(late, 101, 100)
    assert book.buy(taker, 101, 300).served == [(plain.id, 100), (stepped.id, 100), (late.id, 100)]


def test_incoming_buy_takes_each_slice_at_its_own_limit(book, traders):
    """Slices reach 102, 101 and then 100 only, so the ask at 101 keeps 50 Wh."""
    maker, *_, taker = traders
    book.sell(maker, 101, 250)
    placed = book.buy(taker, 102, 400, peak=100, step=1)
    assert placed.served == [(maker.id, 100), (maker.id, 100)]
    assert placed.order_id == book.id(book.BID, 100, 0)
    assert book.order(placed) == (taker.id, 200, 100, 100, 1, 105)
    assert book.depth(book.ASK) == [(101, 50, 0)]


def test_incoming_buy_pays_for_its_rest_at_its_slices_price_only(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 101, 250)
    start = book.margin(taker)
    book.buy(taker, 102, 400, peak=100, step=1)
    assert start - book.margin(taker) == 200 * (101 + 5) * 2 + 200 * (100 + 5) * 2


def test_incoming_sell_locks_each_slice_for_its_own_price(book, traders):
    """Slices at 50, 52 and 54: the second and third lock two and four ticks less per Wh."""
    maker, *_, taker = traders
    book.buy(maker, 53, 1_000)
    start = book.margin(taker)
    placed = book.sell(taker, 50, 300, peak=100, step=2)
    assert placed.served == [(maker.id, 100), (maker.id, 100)]
    assert placed.order_id == book.id(book.ASK, 54, 0)
    assert book.position(taker) == (0, 200, 0, 200 * 53 * 2, 100 * 100 * 2 + 100 * 98 * 2)
    assert start - book.margin(taker) == (100 * 100 + 100 * 98 + 100 * 96) * 2


def test_cap_bounds_the_sellers_lock_from_below_at_one_tick(book, traders):
    maker, *_ = traders
    start = book.margin(maker)
    placed = book.sell(maker, 150, 100)
    assert book.order(placed)[5] == 1
    assert start - book.margin(maker) == 100 * 1 * 2
