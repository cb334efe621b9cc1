"""The best level is found among all 192, wherever it is and wherever the border of the sides was left."""

import pytest

TICKS = range(192)


def tick_of(order_id):
    return order_id >> 16 & 0xFF


def test_asks_are_taken_from_the_lowest_tick_up(book, traders):
    seller, *_, buyer = traders
    for tick in TICKS:
        book.sell(seller, 191 - tick, 100)
    assert book.depth(book.ASK) == [(tick, 100, 0) for tick in TICKS]
    found = [tick_of(fill.order_id) for _ in TICKS for fill in book.buy(buyer, 191, 100).fills]
    assert found == list(TICKS)
    assert book.levels() == []


def test_bids_are_taken_from_the_highest_tick_down(book, traders):
    buyer, *_, seller = traders
    for tick in TICKS:
        book.buy(buyer, tick, 100)
    assert book.depth(book.BID) == [(tick, 100, 0) for tick in reversed(TICKS)]
    found = [tick_of(fill.order_id) for _ in TICKS for fill in book.sell(seller, 0, 100).fills]
    assert found == list(reversed(TICKS))
    assert book.levels() == []


@pytest.mark.parametrize("tick", range(0, 192, 3))
def test_a_lone_bid_is_found_from_the_lowest_limit(book, traders, tick):
    buyer, *_, seller = traders
    book.buy(buyer, tick, 100)
    assert book.best()[:2] == (True, tick)
    (fill,) = book.sell(seller, 0, 100).fills
    assert tick_of(fill.order_id) == tick


@pytest.mark.parametrize("border", [1, 40, 100])
def test_a_bid_meets_the_next_ask_above_a_border_that_was_left(book, traders, border):
    seller, *_, buyer = traders
    book.sell(seller, border, 100)
    book.buy(buyer, border, 100)
    for tick in (border + 1, border + 2, border + 31, border + 32, border + 33, 190, 191):
        book.sell(seller, tick, 100)
        assert book.buy(buyer, tick - 1, 100, kind=book.IOC).filled_wh == 0
        book.sell(seller, 191, 100)
        (fill,) = book.buy(buyer, tick, 100, kind=book.IOC).fills
        assert tick_of(fill.order_id) == tick
        book.buy(buyer, 191, 100)


@pytest.mark.parametrize("border", [100, 150, 191])
def test_an_ask_meets_the_next_bid_below_a_border_that_was_left(book, traders, border):
    buyer, *_, seller = traders
    book.buy(buyer, border - 1, 100)
    book.sell(seller, border - 1, 100)
    for tick in (border - 2, border - 3, border - 32, border - 33, border - 34, 1, 0):
        book.buy(buyer, tick, 200)
        assert book.sell(seller, tick + 1, 100, kind=book.IOC).filled_wh == 0
        book.buy(buyer, 0, 100)
        for limit in (tick, 0):
            (fill,) = book.sell(seller, limit, 100, kind=book.IOC).fills
            assert tick_of(fill.order_id) == tick
        book.sell(seller, 0, 100)
