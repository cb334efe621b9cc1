"""What the book shows where there is little or nothing to show, and the least quantity it may have."""

from tests.unit.settlement.conftest import Deployed


def test_best_ask_is_shown_where_nobody_bids(book, traders):
    assert book.best() == (False, 0, False, 0)
    book.sell(traders[0], 96, 100)
    book.sell(traders[1], 94, 100)
    assert book.best() == (False, 0, True, 94)


def test_depth_of_a_side_that_does_not_exist_is_empty(book, traders):
    book.buy(traders[0], 90, 100)
    book.sell(traders[1], 96, 100)
    assert book.depth(book.BID) == [(90, 100, 0)]
    assert book.depth(book.ASK) == [(96, 100, 0)]
    assert book.depth(2) == []


def test_depth_ends_after_the_levels_asked_for(book, traders):
    for tick in (96, 99, 97):
        book.sell(traders[0], tick, 100)
    assert book.depth(book.ASK, 2) == [(96, 100, 0), (97, 100, 0)]
    assert book.depth(book.ASK, 0) == []


def test_a_book_without_a_least_quantity_cannot_be_deployed(market):
    places = [market.address(name) for name in ("registry", "house", "credit")]
    with market.reverts("OrderBook_QuantityBelowMinimum: 0, 1"):
        Deployed(market, "IcebergOrderBook", *places, 0, 100)
    assert Deployed(market, "IcebergOrderBook", *places, 1, 100).call("minimumQuantityWh") == 1


def test_a_frame_that_nobody_opened_shows_nothing(book, market):
    assert set(market.call("book", "frameOf", book.frame + 9)) == {0}
