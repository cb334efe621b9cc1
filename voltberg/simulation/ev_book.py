"""A schedule's orders at the continuous book: EVs trade as they arrive, the grid takes what rests."""

from __future__ import annotations

from typing import Final

from voltberg.models import OrderKind, Side
from voltberg.reference.words import pack_request
from voltberg.simulation.ev_market import EvMarket
from voltberg.simulation.ev_orders import EvOrder
from voltberg.units import DEFAULT_TICKS

MOST_FILLS: Final = 15
"""Fills of one placing: as many as its gas allows on a first day. What is left is placed again."""


def place_at_book(market: EvMarket, frame: int, orders: list[EvOrder]) -> None:
    """Place orders one by one, each as often as it takes to trade all that crosses.

    Parameters
    ----------
    market : EvMarket
        At a book.
    frame : int
        Delivery frame.
    orders : list of EvOrder
        Orders of EVs, by arrival.
    """
    for order in orders:
        left_wh = order.quantity_wh
        while left_wh:
            resting, traded_wh = _placed(market, frame, order, left_wh, OrderKind.LIMIT)
            left_wh -= traded_wh
            if resting or not traded_wh:
                break


def take_rests(market: EvMarket, frame: int, side: Side, most_wh: int) -> int:
    """Let the grid take what rests on the other side of the book, best prices first.

    Parameters
    ----------
    market : EvMarket
        At a book.
    frame : int
        Delivery frame.
    side : Side
        The grid's side.
    most_wh : int
        How much at most [Wh].

    Returns
    -------
    int
        What it took [Wh].
    """
    order = EvOrder(None, side, 0 if side is Side.ASK else DEFAULT_TICKS - 1, most_wh)
    left_wh = most_wh
    while left_wh > 0 and market.venue.quotes(frame)[1 - side] is not None:
        _, traded_wh = _placed(market, frame, order, left_wh, OrderKind.IMMEDIATE_OR_CANCEL)
        left_wh -= traded_wh
        if not traded_wh:
            break
    return most_wh - left_wh


def _placed(
    market: EvMarket, frame: int, order: EvOrder, quantity_wh: int, kind: OrderKind
) -> tuple[int, int]:
    """Place once; give the id of what rests, 0 for none, and what traded at once [Wh]."""
    word = pack_request(frame, int(order.side), order.tick, quantity_wh, 0, 0, int(kind), MOST_FILLS)
    outcome = market.build.call(frame, "place", "book", "place", (word,), market.account_of(order))
    return outcome if isinstance(outcome, tuple) else (0, 0)
