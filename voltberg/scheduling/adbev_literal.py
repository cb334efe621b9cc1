"""AdBEV as printed (Xiao & Hou 2022, section 3), its gaps settled in one way of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voltberg.scheduling.market_day import MarketDay
from voltberg.scheduling.orders import DAILY_VOLATILITY, OpenOrders, draw_terms
from voltberg.scheduling.problem import ChargingProblem, IntArray, Schedule

PEAK_W: Final = 4_000
"""What an iceberg order shows (section 4A)."""


@dataclass(frozen=True, slots=True)
class LiteralScheduler:
    """Half of the orders icebergs that show one slice a frame, the others their full rate.

    Sells net buys of the same frame. What buys cannot get from sells comes from the grid, by priority, as far
    as the transformer allows; unmatched sells wait and expire when the EV leaves. An order shows more only
    when it would otherwise miss its window.

    Parameters
    ----------
    prices_cross : bool
        Whether orders meet at crossing prices only, as in the contracts, or any buy meets any sell.
    peak_w : int
        What an iceberg shows [W].
    volatility : float
        Sigma of the price process [1/sqrt(d)].
    """

    prices_cross: bool = True
    peak_w: int = PEAK_W
    volatility: float = DAILY_VOLATILITY

    def schedule(self, problem: ChargingProblem, rng: np.random.Generator) -> Schedule:
        """Run the market through the day.

        Parameters
        ----------
        problem : ChargingProblem
            The day.
        rng : numpy.random.Generator
            Source of prices, arrival and icebergs.

        Returns
        -------
        Schedule
            What was traded, and the orders behind it.
        """
        terms = draw_terms(problem, rng, self.volatility)
        slice_wh = np.where(terms.iceberg, self.peak_w // problem.w_per_wh, problem.most_wh)
        day = MarketDay(problem, terms, grid_takes=False)
        for frame in range(problem.frames):
            shown_wh = self._shown(day.orders, frame, slice_wh)
            day.trade(frame, shown_wh, prices_cross=self.prices_cross)
        return day.schedule()

    @staticmethod
    def _shown(orders: OpenOrders, frame: int, slice_wh: IntArray) -> IntArray:
        return np.maximum(np.minimum(orders.able_wh(frame), slice_wh), orders.forced_wh(frame))
