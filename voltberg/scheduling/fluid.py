"""Every order trickles: it shows its rest spread over what is left of its window, or a little more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voltberg.models import Side
from voltberg.scheduling.frame_market import FrameMarket, fill_in_order
from voltberg.scheduling.market_day import MarketDay
from voltberg.scheduling.orders import DAILY_VOLATILITY, OpenOrders, OrderTerms, draw_terms
from voltberg.scheduling.problem import ChargingProblem, IntArray, Schedule
from voltberg.units import PERCENT

FASTEST_PCT: Final = 150
"""How fast an order may go beside its even pace: of 100, 125, 150, 200 and 400 the best on ten of the paper's
days, which are not those that results are given for; no published figure hangs on it."""


@dataclass(frozen=True, slots=True)
class FluidScheduler:
    """Icebergs whose peak follows the time that is left; no forecast is needed.

    The even pace of an order is its rest over the frames left of its window. Where the load is not held
    steady, every order trades that. Otherwise buys take at least it and at most ``fastest_pct`` of it, sells
    anything up to that; what is accepted, by priority (24), keeps the transformer's load where it was in
    the frame before, as far as that goes. All that one has to know is that load and the present load of the
    homes. Sells net buys; the grid offers and takes the rest, as far as the transformer allows.

    Parameters
    ----------
    steady : bool
        Whether the load is held, or every order keeps its even pace.
    fastest_pct : int
        Fastest pace, at least 100 [% of the even one].
    volatility : float
        Sigma of the price process [1/sqrt(d)].

    Raises
    ------
    ValueError
        If the fastest pace is slower than the even one.
    """

    steady: bool = True
    fastest_pct: int = FASTEST_PCT
    volatility: float = DAILY_VOLATILITY

    def __post_init__(self) -> None:
        """Check the pace."""
        if self.fastest_pct < PERCENT:
            msg = f"fastest_pct is {self.fastest_pct}, expected at least {PERCENT}"
            raise ValueError(msg)

    def schedule(self, problem: ChargingProblem, rng: np.random.Generator) -> Schedule:
        """Run the market through the day.

        Parameters
        ----------
        problem : ChargingProblem
            The day; the load before its first frame is that of the homes in its last one.
        rng : numpy.random.Generator
            Source of prices and arrival.

        Returns
        -------
        Schedule
            What was traded, and the orders behind it.
        """
        terms = draw_terms(problem, rng, self.volatility)
        day = MarketDay(problem, terms, grid_takes=True)
        base_wh = (problem.base_w // problem.w_per_wh).tolist()
        load_wh = base_wh[-1]
        for frame in range(problem.frames):
            shown_wh = np.maximum(day.orders.even_wh(frame), day.orders.forced_wh(frame))
            if self.steady:
                shown_wh = self._held(day.orders, terms, frame, shown_wh, load_wh - base_wh[frame])
            day.trade(frame, shown_wh)
            load_wh = base_wh[frame] + day.net_wh(frame)
        return day.schedule()

    def _held(
        self, orders: OpenOrders, terms: OrderTerms, frame: int, even_wh: IntArray, net_wh: int
    ) -> IntArray:
        """Show what brings the sum of buys less sells next to ``net_wh`` [Wh]."""
        most_wh = np.minimum(even_wh * self.fastest_pct // PERCENT, orders.able_wh(frame))
        least_wh = even_wh * orders.buys
        more_wh = net_wh - int(least_wh.sum())
        priority = FrameMarket(frame, terms, most_wh, orders.buys).by_priority(
            Side.BID if more_wh > 0 else Side.ASK
        )
        return least_wh + fill_in_order(priority, most_wh - least_wh, abs(more_wh))
