"""Market orders accepted so that the EVs' net power follows a plan made the day before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltberg.models import Side
from voltberg.scheduling.frame_market import FrameMarket, fill_in_order
from voltberg.scheduling.linear_program import optimal_plan
from voltberg.scheduling.market_day import MarketDay
from voltberg.scheduling.orders import DAILY_VOLATILITY, OpenOrders, OrderTerms, draw_terms
from voltberg.scheduling.problem import ChargingProblem, Schedule


@dataclass(frozen=True, slots=True)
class LevelScheduler:
    """Buys and sells accepted until their sum is the plan's.

    What must be taken now comes first, then whoever could wait the shortest, then the priority (24). The sum
    is reached from one side, so that EVs trade with the grid rather than with each other.

    Parameters
    ----------
    forecast : ChargingProblem or None
        The day for which the plan is made, the day before: its homes and the EVs expected. None means the
        day itself, a perfect plan. Only the plan's sums over all EVs are used.
    volatility : float
        Sigma of the price process [1/sqrt(d)].
    """

    forecast: ChargingProblem | None = None
    volatility: float = DAILY_VOLATILITY

    def schedule(self, problem: ChargingProblem, rng: np.random.Generator) -> Schedule:
        """Plan, then run the market through the day.

        Parameters
        ----------
        problem : ChargingProblem
            The day.
        rng : numpy.random.Generator
            Source of prices and arrival.

        Returns
        -------
        Schedule
            What was traded, and the orders behind it.

        Raises
        ------
        InfeasibleError
            If the forecast has no schedule within its limit.
        """
        planned = self.forecast or problem
        planned_wh = np.rint(
            optimal_plan(planned).net_wh + (planned.base_w - problem.base_w) / problem.w_per_wh
        )
        terms = draw_terms(problem, rng, self.volatility)
        day = MarketDay(problem, terms, grid_takes=True)
        for frame, net_wh in enumerate(planned_wh.astype(np.int64).tolist()):
            shown_wh = _accepted(day.orders, terms, frame, net_wh)
            day.trade(frame, shown_wh)
        return day.schedule()


def _accepted(orders: OpenOrders, terms: OrderTerms, frame: int, net_wh: int) -> NDArray[np.int64]:
    """Choose what may trade in a frame so that buys less sells come as near the plan as they can [Wh]."""
    forced_wh = orders.forced_wh(frame)
    able_wh = orders.able_wh(frame)
    missing_wh = net_wh - int(forced_wh.sum())
    side = Side.BID if missing_wh >= 0 else Side.ASK
    slack = orders.slack_frames(frame)
    # the sort is stable: (24) decides where the slack is the same
    served = sorted(FrameMarket(frame, terms, able_wh, orders.buys).by_priority(side), key=slack.__getitem__)
    return forced_wh + fill_in_order(served, able_wh - forced_wh, abs(missing_wh))
