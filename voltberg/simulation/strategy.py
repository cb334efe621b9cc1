"""How a participant turns its surplus or need into orders. Users may plug in a class of their own."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voltberg.models import OrderKind, Side


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order that a participant wants to place.

    Parameters
    ----------
    side : Side
        Bid or ask.
    tick : int
        Limit price [ticks].
    quantity_wh : int
        Total quantity [Wh].
    peak_wh : int
        Displayed peak of an iceberg [Wh]; 0 shows everything.
    price_step_ticks : int
        Price step per new slice [ticks].
    kind : OrderKind
        Limit, IOC, FOK or post-only.
    """

    side: Side
    tick: int
    quantity_wh: int
    peak_wh: int = 0
    price_step_ticks: int = 0
    kind: OrderKind = OrderKind.LIMIT


@dataclass(frozen=True, slots=True)
class MarketView:
    """What a participant knows when it decides about one frame.

    Parameters
    ----------
    household_id : str
        The participant.
    position : int
        Position of the frame in the day, from 0.
    trading_round : int
        0 for the first call for orders, 1 for the second.
    open_wh : int
        Energy still to be sold (positive) or bought (negative), open orders not counted [Wh].
    tariff_tick : int
        The cheaper of the grid's and the retailer's price [ticks].
    feed_in_tick : int
        What the supplier pays for energy sold outside the market [ticks].
    fee_ticks : int
        Fees that a buyer pays on top of the price [ticks].
    best_bid_tick, best_ask_tick : int or None
        Best prices in the book [ticks].
    minimum_wh : int
        Smallest order [Wh].
    """

    household_id: str
    position: int
    trading_round: int
    open_wh: int
    tariff_tick: int
    feed_in_tick: int
    fee_ticks: int
    best_bid_tick: int | None
    best_ask_tick: int | None
    minimum_wh: int


class Strategy(Protocol):
    """Turns what a participant knows into orders; one object serves all participants of a replay."""

    def decide(self, view: MarketView, rng: np.random.Generator) -> list[OrderIntent]:
        """Give the orders to place now.

        Parameters
        ----------
        view : MarketView
            What the participant knows.
        rng : numpy.random.Generator
            The replay's own generator: draw from nothing else, or runs with one seed will differ.

        Returns
        -------
        list of OrderIntent
            Orders in the order of placing. If there are any, the participant's resting orders of the frame
            are cancelled first.
        """
        ...


@dataclass(frozen=True, slots=True)
class SurplusNeedStrategy:
    """Quote inside the spread between feed-in and tariff first, then take what the book offers.

    In the first round a seller asks between feed-in and tariff less fees, a buyer bids there, each at a
    uniformly drawn distance from its own reservation price. In the second round whoever is still open takes
    the other side's best price if it lies within the reservation price. Large quantities are icebergs; some
    move their price with each slice.

    Parameters
    ----------
    patience : float
        Share of the spread over which first quotes are drawn, within [0, 1].
    iceberg_from_wh : int
        Quantity from which an order is an iceberg [Wh].
    slices : int
        Slices that an iceberg is cut into, at most 32.
    stepped_share : float
        Share of icebergs with a price step of one tick.
    post_only_share : float
        Share of first-round orders that refuse to trade at once.
    """

    patience: float = 0.7
    iceberg_from_wh: int = 800
    slices: int = 6
    stepped_share: float = 0.1
    post_only_share: float = 0.05

    def decide(self, view: MarketView, rng: np.random.Generator) -> list[OrderIntent]:
        """Give at most one order; see the class for the rule and :class:`Strategy` for the parameters."""
        quantity_wh = abs(view.open_wh)
        if quantity_wh < view.minimum_wh:
            return []
        side = Side.ASK if view.open_wh > 0 else Side.BID
        highest_bid = view.tariff_tick - view.fee_ticks - 1
        lowest_ask = view.feed_in_tick + 1
        if highest_bid < lowest_ask:
            return []
        if view.trading_round == 0:
            return [self._quote(side, quantity_wh, lowest_ask, highest_bid, view.minimum_wh, rng)]
        best = view.best_bid_tick if side is Side.ASK else view.best_ask_tick
        if best is None or not lowest_ask <= best <= highest_bid:
            return []
        return [OrderIntent(side, best, quantity_wh, kind=OrderKind.IMMEDIATE_OR_CANCEL)]

    def _quote(
        self,
        side: Side,
        quantity_wh: int,
        lowest_ask: int,
        highest_bid: int,
        minimum_wh: int,
        rng: np.random.Generator,
    ) -> OrderIntent:
        distance = int(rng.random() * self.patience * (highest_bid - lowest_ask + 1))
        tick = lowest_ask + distance if side is Side.ASK else highest_bid - distance
        stepped, post_only = rng.random(2)
        peak_wh = 0
        if quantity_wh >= self.iceberg_from_wh:
            peak_wh = max(minimum_wh, -(-quantity_wh // self.slices))
        step = int(peak_wh > 0 and stepped < self.stepped_share)
        kind = OrderKind.POST_ONLY if post_only < self.post_only_share else OrderKind.LIMIT
        return OrderIntent(side, tick, quantity_wh, peak_wh, step, kind)


def load_strategy(path: str) -> Strategy:
    """Make the strategy that a ``module:Class`` path names.

    Parameters
    ----------
    path : str
        For instance ``"voltberg.simulation.strategy:SurplusNeedStrategy"``.

    Returns
    -------
    Strategy
        A new object of the class, made without arguments.

    Raises
    ------
    ValueError
        If there is no such module or class, or it has no ``decide``.
    """
    module_name, _, class_name = path.partition(":")
    if not module_name or not class_name:
        msg = f"strategy is {path!r}, expected 'module:Class'"
        raise ValueError(msg)
    try:
        strategy = getattr(importlib.import_module(module_name), class_name)()
    except (ImportError, AttributeError, TypeError) as error:
        msg = f"strategy {path!r} cannot be made: {error}"
        raise ValueError(msg) from error
    if not callable(getattr(strategy, "decide", None)):
        raise ValueError(f"strategy {path!r} has no method 'decide(view, rng)'")  # noqa: TRY004 (its path is the value)
    loaded: Strategy = strategy
    return loaded
