"""What EVs bid in the market of Xiao & Hou 2022: prices, arrival, and who shows its order in slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voltberg.pricing.brownian import price_paths
from voltberg.scheduling.problem import BoolArray, ChargingProblem, IntArray
from voltberg.units import DEFAULT_TICK_MICRO_PER_KWH, MICRO, PERCENT, SECONDS_PER_HOUR

PENCE_BOUNDS: Final = (10.0, 30.0)
"""Prices stay between these (section 4B), a penny a kWh being a hundredth of a token."""
DAILY_VOLATILITY: Final = 0.2
"""Sigma of (20) [1/sqrt(d)]; the paper prints none [F]."""
TICKS_PER_PENNY: Final = MICRO // PERCENT // DEFAULT_TICK_MICRO_PER_KWH
HOURS_PER_DAY: Final = 24


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """Terms of the EVs' orders.

    Parameters
    ----------
    tick : ndarray of int64, shape (evs, frames)
        Limit price [ticks].
    arrival : ndarray of int64, shape (evs,)
        EVs in the order in which they were connected.
    iceberg : ndarray of bool, shape (evs,)
        Whether an EV shows slices; half of the orders, rounded up, do.
    """

    tick: IntArray
    arrival: IntArray
    iceberg: BoolArray


def draw_terms(
    problem: ChargingProblem, rng: np.random.Generator, volatility: float = DAILY_VOLATILITY
) -> OrderTerms:
    """Draw the terms of a day's orders.

    Parameters
    ----------
    problem : ChargingProblem
        The day.
    rng : numpy.random.Generator
        Source of first prices (uniform), of their paths, of icebergs and of who arrives first in a frame.
    volatility : float
        Sigma of the price process [1/sqrt(d)].

    Returns
    -------
    OrderTerms
        The terms.
    """
    price_pence = price_paths(
        rng,
        rng.uniform(*PENCE_BOUNDS, problem.evs),
        problem.frames,
        step_days=problem.frame_seconds / (HOURS_PER_DAY * SECONDS_PER_HOUR),
        volatility=volatility,
        bounds=PENCE_BOUNDS,
    )
    first_frame = np.where(problem.connected.any(axis=1), problem.connected.argmax(axis=1), problem.frames)
    return OrderTerms(
        tick=np.rint(price_pence * TICKS_PER_PENNY).astype(np.int64),
        arrival=np.lexsort((rng.permutation(problem.evs), first_frame)).astype(np.int64),
        iceberg=rng.permutation(problem.evs) % 2 == 0,
    )


@dataclass(slots=True)
class OpenOrders:
    """What is left of the EVs' orders as the day goes on.

    Parameters
    ----------
    problem : ChargingProblem
        The day.
    left_wh : ndarray of int64, shape (evs,)
        What each EV still wants to buy or sell, without sign [Wh].
    """

    problem: ChargingProblem
    left_wh: IntArray

    @classmethod
    def at_first(cls, problem: ChargingProblem) -> OpenOrders:
        """Open the day's orders.

        Parameters
        ----------
        problem : ChargingProblem
            The day.

        Returns
        -------
        OpenOrders
            Nothing traded.
        """
        return cls(problem, problem.need_wh + problem.surplus_wh)

    @property
    def buys(self) -> BoolArray:
        """Who is a buyer."""
        return self.problem.need_wh > 0

    def able_wh(self, frame: int) -> IntArray:
        """Give the most that each order can move in a frame.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        ndarray of int64, shape (evs,)
            Energy [Wh].
        """
        able: IntArray = np.minimum(self.left_wh, self.problem.most_wh) * self.problem.connected[:, frame]
        return able

    def forced_wh(self, frame: int) -> IntArray:
        """Give what each buyer must take now, or it misses its target.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        ndarray of int64, shape (evs,)
            Energy; 0 for sellers, who may leave with what they have [Wh].
        """
        later_wh = self.problem.connected[:, frame + 1 :].sum(axis=1) * self.problem.most_wh
        forced: IntArray = np.clip(self.left_wh - later_wh, 0, self.able_wh(frame)) * self.buys
        return forced

    def slack_frames(self, frame: int) -> IntArray:
        """Give how many frames of its window each order could let pass.

        Parameters
        ----------
        frame : int
            The frame from which to count.

        Returns
        -------
        ndarray of int64, shape (evs,)
            Frames left of the window less those that the rest takes at full rate; below zero for a sell that
            can't be carried out in full.
        """
        plugged = self.problem.connected[:, frame:].sum(axis=1)
        slack: IntArray = plugged - -(-self.left_wh // np.maximum(self.problem.most_wh, 1))
        return slack

    def even_wh(self, frame: int) -> IntArray:
        """Give the rest of each order spread over the rest of its window, rounded up.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        ndarray of int64, shape (evs,)
            Energy [Wh].
        """
        frames_left = np.maximum(self.problem.connected[:, frame:].sum(axis=1), 1)
        spread: IntArray = -(-self.left_wh // frames_left)
        even: IntArray = np.minimum(spread, self.able_wh(frame))
        return even

    def trade(self, moved_wh: IntArray) -> None:
        """Take what a frame moved off the orders.

        Parameters
        ----------
        moved_wh : ndarray of int64, shape (evs,)
            Energy, without sign [Wh].
        """
        self.left_wh = self.left_wh - moved_wh
