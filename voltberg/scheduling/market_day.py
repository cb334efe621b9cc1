"""A day of frames in which EVs trade with each other first, then with the grid."""

from __future__ import annotations

import numpy as np

from voltberg.scheduling.frame_market import FrameMarket
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
    grid_takes : bool
        Whether the grid takes, too: then EVs and the grid meet in one auction a frame. Otherwise EVs meet
        first, and what buyers lack then meets what the grid offers in a second auction without sells.
    """

    def __init__(self, problem: ChargingProblem, terms: OrderTerms, *, grid_takes: bool) -> None:
        self.problem = problem
        self.terms = terms
        self._grid_takes = grid_takes
        self.orders = OpenOrders.at_first(problem)
        shape = (problem.evs, problem.frames)
        self._shown_wh, self._matched_wh, self._grid_wh = (np.zeros(shape, dtype=np.int64) for _ in range(3))

    def trade(self, frame: int, shown_wh: IntArray, *, prices_cross: bool = True) -> None:
        """Trade one frame.

        Parameters
        ----------
        frame : int
            The frame.
        shown_wh : ndarray of int64, shape (evs,)
            What each order shows, without sign [Wh].
        prices_cross : bool
            Whether EVs that meet before the grid comes do so at crossing prices only, or any buy and sell.
        """
        buys = self.orders.buys
        market = FrameMarket(frame, self.terms, shown_wh, buys)
        matched_wh = np.zeros_like(shown_wh)
        taken_wh = 0
        if self._grid_takes:
            taken_wh = self.problem.export_room_wh(frame)
        else:
            matched_wh = market.matched_wh(prices_cross=prices_cross)
            market = FrameMarket(frame, self.terms, (shown_wh - matched_wh) * buys, buys)
        between_wh, grid_wh = market.with_grid(self.problem.import_room_wh(frame), taken_wh)
        matched_wh += between_wh
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
            self._shown_wh,
            self.terms.tick,
            self.terms.arrival,
            self._matched_wh,
            self._grid_wh,
            self._grid_takes,
        )
        return Schedule(self.problem, self._matched_wh + self._grid_wh, trace)
