"""A day of frames in which EVs trade with each other first, then with the grid."""

from __future__ import annotations

import numpy as np

from voltberg.models import Side
from voltberg.scheduling.frame_market import FrameMarket, fill_in_order
from voltberg.scheduling.orders import OpenOrders, OrderTerms
from voltberg.scheduling.problem import ChargingProblem, IntArray, MarketTrace, Schedule


class MarketDay:
    """Orders of a day and what came of them.

    Parameters
    ----------
    problem : ChargingProblem
        The day.
    terms : OrderTerms
        Prices and arrival.
    """

    def __init__(self, problem: ChargingProblem, terms: OrderTerms) -> None:
        self.problem = problem
        self.terms = terms
        self.orders = OpenOrders.at_first(problem)
        shape = (problem.evs, problem.frames)
        self._shown_wh, self._matched_wh, self._grid_wh = (np.zeros(shape, dtype=np.int64) for _ in range(3))

    def trade(self, frame: int, shown_wh: IntArray, *, prices_cross: bool, grid_takes: bool) -> None:
        """Trade one frame.

        Parameters
        ----------
        frame : int
            The frame.
        shown_wh : ndarray of int64, shape (evs,)
            What each order shows, without sign [Wh].
        prices_cross : bool
            Whether orders meet at crossing prices only.
        grid_takes : bool
            Whether the grid takes what sellers do not sell to buyers; it offers in any case.
        """
        buys = self.orders.buys
        market = FrameMarket(frame, self.terms, shown_wh, buys)
        matched_wh = market.matched_wh(prices_cross=prices_cross)
        rest_wh = shown_wh - matched_wh
        base_w = int(self.problem.base_w[frame])
        limit_w, w_per_wh = self.problem.limit_w, self.problem.w_per_wh
        grid_wh = np.zeros_like(rest_wh)
        if grid_takes:
            # sells first: what they inject is room for buys
            room_wh = (limit_w + base_w) // w_per_wh + int((rest_wh * buys).sum())
            grid_wh = fill_in_order(market.by_priority(Side.ASK), rest_wh, room_wh)
        room_wh = (limit_w - base_w) // w_per_wh + int(grid_wh.sum())
        grid_wh += fill_in_order(market.by_priority(Side.BID), rest_wh, room_wh)
        self.orders.trade(matched_wh + grid_wh)
        sign = np.where(buys, 1, -1)
        self._shown_wh[:, frame] = sign * shown_wh
        self._matched_wh[:, frame] = sign * matched_wh
        self._grid_wh[:, frame] = sign * grid_wh

    def net_wh(self, frame: int) -> int:
        """Give what a frame moved into all EVs together.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        int
            Energy, negative out of them [Wh].
        """
        return int((self._matched_wh[:, frame] + self._grid_wh[:, frame]).sum())

    def schedule(self) -> Schedule:
        """Close the day.

        Returns
        -------
        Schedule
            What was traded, with its orders.
        """
        trace = MarketTrace(
            self._shown_wh, self.terms.tick, self.terms.arrival, self._matched_wh, self._grid_wh
        )
        return Schedule(self.problem, self._matched_wh + self._grid_wh, trace)
