"""A day on which EVs charge and discharge behind one transformer, and what a schedule makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from voltberg.units import DEFAULT_FRAME_SECONDS, SECONDS_PER_HOUR

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ChargingProblem:
    """One cyclic day of base load and connected EVs.

    An EV below its target buys the difference, one above it may sell what it has too much; neither does
    both. Every buyer can reach its target at its rate in the frames in which it is connected.

    Parameters
    ----------
    base_w : ndarray of int64, shape (frames,)
        Load of the homes, mean power in each frame [W].
    battery_wh, initial_wh, target_wh : ndarray of int64, shape (evs,)
        Size of the battery, its content at first and what it must hold when the EV leaves [Wh].
    rate_w : ndarray of int64, shape (evs,)
        Highest power of charging and discharging [W].
    connected : ndarray of bool, shape (evs, frames)
        Whether an EV is plugged in (Xiao & Hou 2022, eq. 1).
    limit_w : int
        What the transformer carries, in either direction [W].
    frame_seconds : int
        Length of a frame [s]; a divisor of an hour, so that Wh and W convert exactly.

    Raises
    ------
    ValueError
        If a shape or a range is wrong, or a buyer cannot reach its target.
    """

    base_w: IntArray
    battery_wh: IntArray
    initial_wh: IntArray
    target_wh: IntArray
    rate_w: IntArray
    connected: BoolArray
    limit_w: int
    frame_seconds: int = DEFAULT_FRAME_SECONDS

    def __post_init__(self) -> None:
        """Check shapes, ranges and that every target can be reached."""
        if self.frame_seconds <= 0 or SECONDS_PER_HOUR % self.frame_seconds:
            msg = f"frame_seconds is {self.frame_seconds}, expected a divisor of {SECONDS_PER_HOUR}"
            raise ValueError(msg)
        if self.limit_w <= 0:
            msg = f"limit_w is {self.limit_w}, expected a positive power"
            raise ValueError(msg)
        shape = (len(self.battery_wh), len(self.base_w))
        if self.connected.shape != shape:
            msg = f"connected has shape {self.connected.shape}, expected {shape}"
            raise ValueError(msg)
        for name in ("initial_wh", "target_wh", "rate_w"):
            values = getattr(self, name)
            too_high = name != "rate_w" and (values > self.battery_wh).any()
            if values.shape != shape[:1] or (values < 0).any() or too_high:
                msg = f"{name} must hold {shape[0]} values, none negative, no energy above the battery's size"
                raise ValueError(msg)
        short = np.flatnonzero(self.need_wh > self.most_wh * self.connected.sum(axis=1))
        if len(short):
            row = int(short[0])
            most_wh = int(self.most_wh[row] * self.connected[row].sum())
            msg = f"EV {row} needs {self.need_wh[row]} Wh, its connection allows {most_wh}"
            raise ValueError(msg)

    @property
    def evs(self) -> int:
        """Number of EVs."""
        return len(self.battery_wh)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.base_w)

    @property
    def need_wh(self) -> IntArray:
        """What each EV has to buy [Wh]."""
        need: IntArray = np.maximum(self.target_wh - self.initial_wh, 0)
        return need

    @property
    def surplus_wh(self) -> IntArray:
        """What each EV can sell [Wh]."""
        surplus: IntArray = np.maximum(self.initial_wh - self.target_wh, 0)
        return surplus

    @property
    def most_wh(self) -> IntArray:
        """What each EV's rate moves in a frame, rounded down [Wh]."""
        return self.rate_w * self.frame_seconds // SECONDS_PER_HOUR

    @property
    def w_per_wh(self) -> int:
        """Mean power of 1 Wh in a frame [W]."""
        return SECONDS_PER_HOUR // self.frame_seconds

    def import_room_wh(self, frame: int) -> int:
        """Give what the transformer can bring to the EVs beside the homes' load.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        int
            Energy, rounded down; below zero if the homes alone are above the limit [Wh].
        """
        return (self.limit_w - int(self.base_w[frame])) // self.w_per_wh

    def export_room_wh(self, frame: int) -> int:
        """Give what the EVs can feed in before the transformer carries its limit the other way.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        int
            Energy, rounded down [Wh].
        """
        return (self.limit_w + int(self.base_w[frame])) // self.w_per_wh

    def total_w(self, energy_wh: IntArray) -> IntArray:
        """Add the EVs to the homes (Xiao & Hou 2022, eq. 7).

        Parameters
        ----------
        energy_wh : ndarray of int64, shape (..., evs, frames)
            Energy into each EV, negative out of it [Wh].

        Returns
        -------
        ndarray of int64, shape (..., frames)
            Mean power at the transformer [W].
        """
        total: IntArray = self.base_w + energy_wh.sum(axis=-2, dtype=np.int64) * self.w_per_wh
        return total


def fluctuation_w(total_w: NDArray[Any]) -> NDArray[Any]:
    r"""Measure how much power changes from frame to frame.

    Parameters
    ----------
    total_w : ndarray, shape (..., frames)
        Mean power [W].

    Returns
    -------
    ndarray, shape (...)
        Power fluctuation level [W].

    Notes
    -----
    .. math:: P_{PFL} = \sum_t |P(t) - P(t-1)|

    (Xiao & Hou 2022, eq. 10), the frame before the first one being the last: any profile has
    :math:`P_{PFL} \ge 2 (P_{max} - P_{min})`. The paper prints no unit; only MW fits its figures.
    """
    level: NDArray[Any] = np.abs(total_w - np.roll(total_w, 1, axis=-1)).sum(axis=-1)
    return level


@dataclass(frozen=True, slots=True)
class MarketTrace:
    """What a market method ordered in each frame, so that a venue can repeat it.

    Parameters
    ----------
    shown_wh : ndarray of int64, shape (evs, frames)
        Energy that an order shows, negative for a sell [Wh].
    tick : ndarray of int64, shape (evs, frames)
        Limit price [ticks].
    arrival : ndarray of int64, shape (evs,)
        EVs by arrival: the order in which a frame's orders are placed.
    matched_wh : ndarray of int64, shape (evs, frames)
        Energy between EVs, negative for a seller; adds up to zero in each frame [Wh].
    grid_wh : ndarray of int64, shape (evs, frames)
        Energy from the grid, negative into it [Wh].
    grid_takes : bool
        Whether the grid takes, too, and EVs and the grid meet in one auction; otherwise EVs meet first.
    """

    shown_wh: IntArray
    tick: IntArray
    arrival: IntArray
    matched_wh: IntArray
    grid_wh: IntArray
    grid_takes: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who charges and discharges when.

    Parameters
    ----------
    problem : ChargingProblem
        The day.
    energy_wh : ndarray of int64, shape (evs, frames)
        Energy into each EV, negative out of it [Wh].
    market : MarketTrace or None
        The orders behind it, if a market made it.

    Raises
    ------
    ValueError
        If an EV moves energy unconnected, faster than its rate, in the wrong direction, or more than it needs
        or has too much.
    """

    problem: ChargingProblem
    energy_wh: IntArray
    market: MarketTrace | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what the EVs cannot do."""
        problem, energy_wh = self.problem, self.energy_wh
        highest_wh = problem.connected * problem.most_wh[:, None]
        buys, sells = problem.need_wh > 0, problem.surplus_wh > 0
        possible = (
            (np.abs(energy_wh) <= highest_wh).all(axis=1)
            & (buys | (energy_wh <= 0).all(axis=1))
            & (sells | (energy_wh >= 0).all(axis=1))
            & (energy_wh.sum(axis=1) <= problem.need_wh)
            & (-energy_wh.sum(axis=1) <= problem.surplus_wh)
        )
        if not possible.all():
            row = int(np.flatnonzero(~possible)[0])
            msg = f"EV {row} cannot move {energy_wh[row].tolist()} Wh"
            raise ValueError(msg)

    @property
    def power_w(self) -> IntArray:
        """Mean net power of each EV and frame [W]."""
        return self.energy_wh * self.problem.w_per_wh

    @property
    def total_w(self) -> IntArray:
        """Mean power at the transformer, losses aside [W]."""
        return self.problem.total_w(self.energy_wh)

    @property
    def fluctuation_w(self) -> int:
        """Power fluctuation level of the day [W]."""
        return int(fluctuation_w(self.total_w))

    @property
    def unserved_wh(self) -> int:
        """What buyers lack when they leave [Wh]."""
        return int((self.problem.need_wh - np.maximum(self.energy_wh, 0).sum(axis=1)).sum())

    @property
    def frames_above_limit(self) -> int:
        """Frames in which the transformer carries more than it may."""
        return int((np.abs(self.total_w) > self.problem.limit_w).sum())


class Scheduler(Protocol):
    """A way to make a schedule; the same problem and random state give the same one."""

    def schedule(self, problem: ChargingProblem, rng: np.random.Generator) -> Schedule:
        """Make a schedule.

        Parameters
        ----------
        problem : ChargingProblem
            The day.
        rng : numpy.random.Generator
            Source of all that is drawn.

        Returns
        -------
        Schedule
            One that the EVs can follow; whether the transformer can is for the caller to see.
        """
        ...
