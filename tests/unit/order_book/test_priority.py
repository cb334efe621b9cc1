"""Price, then time; icebergs slice by slice (B1, B3)."""


def test_better_price_is_served_first_when_it_came_later(book, traders):
    first, second, *_, taker = traders
    book.sell(first, 101, 100)
    book.sell(second, 100, 100)
    assert book.buy(taker, 101, 150).served == [(second.id, 100), (first.id, 50)]


def test_highest_bid_is_served_first_when_a_sell_comes(book, traders):
    first, second, third, *_, taker = traders
    book.buy(first, 40, 100)
    book.buy(second, 42, 100)
    book.buy(third, 41, 100)
    assert book.sell(taker, 40, 300).served == [(second.id, 100), (third.id, 100), (first.id, 100)]
    assert book.levels() == []


def test_earlier_order_is_served_first_when_the_price_is_equal(book, traders):
    first, second, third, *_, taker = traders
    for maker in (first, second, third):
        book.sell(maker, 100, 100)
    assert book.buy(taker, 100, 250).served == [(first.id, 100), (second.id, 100), (third.id, 50)]
    assert book.level(book.ASK, 100) == (2, 3, 0, 0, 250)


def test_trade_is_at_the_makers_price_when_the_takers_limit_is_better(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 100)
    before = book.margin(taker)
    book.buy(taker, 120, 100)
    assert before - book.margin(taker) == 100 * (100 + 5) * 2
    assert book.position(maker) == (0, 100, 0, 100 * 100 * 2, 100 * 50 * 2)


def test_hidden_energy_waits_when_displayed_energy_stands_at_the_price(book, traders):
    """An iceberg that came first shows 100 of 300: its second slice follows the plain order."""
    iceberg, plain, *_, taker = traders
    book.sell(iceberg, 100, 300, peak=100)
    book.sell(plain, 100, 200)
    served = book.buy(taker, 100, 500).served
    assert served == [(iceberg.id, 100), (plain.id, 200), (iceberg.id, 100), (iceberg.id, 100)]


def test_new_slice_goes_behind_those_who_stood_there_and_before_those_who_came_later(book, traders):
    """Slices and arrivals interleave by the moment at which each came to the level."""
    one, two, plain, late, _, taker = traders
    book.sell(one, 100, 300, peak=100)
    book.sell(two, 100, 200, peak=100)
    book.sell(plain, 100, 100)
    assert book.buy(taker, 100, 200).served == [(one.id, 100), (two.id, 100)]
    book.sell(late, 100, 100)
    assert book.level(book.ASK, 100) == (2, 4, 0, 2, 200)
    served = book.buy(taker, 100, 500).served
    assert served == [(plain.id, 100), (one.id, 100), (two.id, 100), (late.id, 100), (one.id, 100)]
    assert book.levels() == []


def test_partly_filled_slice_keeps_its_place_when_the_next_taker_comes(book, traders):
    iceberg, plain, *_, taker = traders
    resting = book.sell(iceberg, 100, 300, peak=100)
    book.sell(plain, 100, 100)
    book.buy(taker, 100, 60)
    assert book.order(resting)[1:4] == (240, 100, 40)
    assert book.buy(taker, 100, 100).served == [(iceberg.id, 40), (plain.id, 60)]


def test_same_iceberg_is_met_again_when_one_sweep_uses_up_its_slices(book, traders):
    one, two, *_, taker = traders
    book.sell(one, 100, 250, peak=100)
    book.sell(two, 100, 200, peak=100)
    served = book.buy(taker, 100, 430).served
    assert served == [(one.id, 100), (two.id, 100), (one.id, 100), (two.id, 100), (one.id, 30)]
    assert book.depth(book.ASK) == [(100, 20, 0)]


def test_more_than_eight_replenished_slices_keep_their_order(book, market):
    """Nine icebergs take turns twice: the ring's second word is used."""
    *makers, taker = market.participants[:10]
    for maker in makers:
        book.sell(maker, 100, 300, peak=100)
    turn = [(maker.id, 100) for maker in makers]
    assert book.buy(taker, 100, 900).served == turn
    assert book.buy(taker, 100, 1_800, max_fills=18).served == turn + turn
    assert book.level(book.ASK, 100) == (9, 9, 18, 18, 0)


def test_last_slice_is_what_remains_when_the_peak_does_not_divide_the_quantity(book, traders):
    iceberg, *_, taker = traders
    resting = book.sell(iceberg, 100, 250, peak=100)
    book.buy(taker, 100, 200)
    assert book.order(resting)[1:4] == (50, 100, 50)


def test_incoming_iceberg_takes_slice_by_slice_and_then_rests(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 250)
    placed = book.buy(taker, 100, 400, peak=100)
    assert placed.served == [(maker.id, 100), (maker.id, 100), (maker.id, 50)]
    assert placed.order_id == book.id(book.BID, 100, 0)
    assert book.order(placed) == (taker.id, 150, 100, 50, 0, 105)


def test_incoming_iceberg_rests_with_a_fresh_slice_when_its_last_one_was_filled(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 200)
    placed = book.buy(taker, 100, 500, peak=100)
    assert book.order(placed)[1:4] == (300, 100, 100)


def test_cancelled_orders_are_passed_over_when_they_stand_at_the_head(book, traders):
    first, second, third, *_, taker = traders
    gone = [book.sell(first, 100, 100), book.sell(second, 100, 200, peak=100)]
    book.sell(third, 100, 100)
    for maker, placed in zip((first, second), gone, strict=True):
        book.cancel(maker, placed)
    assert book.buy(taker, 100, 100).served == [(third.id, 100)]


def test_cancelled_iceberg_is_passed_over_when_its_replenished_slice_comes_up(book, traders):
    iceberg, plain, *_, taker = traders
    placed = book.sell(iceberg, 100, 300, peak=100)
    book.sell(plain, 100, 200)
    book.buy(taker, 100, 100)
    book.cancel(iceberg, placed)
    assert book.buy(taker, 100, 300).served == [(plain.id, 200)]
    assert book.levels() == [100]  # only the taker's rest, on the other side


def test_level_of_cancelled_orders_vanishes_when_a_sweep_meets_it(book, traders):
    """Cancel leaves the level's bit; it must not stop an order on the other side from resting there."""
    first, second, *_, taker = traders
    book.cancel(first, book.sell(first, 100, 100))
    book.cancel(first, book.sell(first, 99, 100))
    assert book.levels() == [99, 100]
    assert book.best() == (False, 0, False, 0)
    placed = book.buy(taker, 100, 100)
    assert placed.fills == []
    assert book.remaining(placed) == 100
    assert book.best() == (True, 100, False, 0)
    assert book.sell(second, 100, 100).served == [(taker.id, 100)]


def test_ids_go_on_when_a_level_empties_and_opens_again(book, traders):
    maker, *_, taker = traders
    book.sell(maker, 100, 100)
    book.buy(taker, 100, 100)
    assert book.levels() == []
    assert book.sell(maker, 100, 100).order_id == book.id(book.ASK, 100, 1)
    assert book.traded() == 100


def test_the_last_slice_of_an_incoming_iceberg_is_what_is_left(book, traders):
    first, second, third, *_, taker = traders
    for maker in (first, second, third):
        book.sell(maker, 60, 100)
    placed = book.buy(taker, 60, 250, peak=100)
    assert placed.served == [(first.id, 100), (second.id, 100), (third.id, 50)]
    assert book.level(book.ASK, 60)[:2] == (2, 3)
