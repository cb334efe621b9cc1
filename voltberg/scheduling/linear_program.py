"""The least power fluctuation that any schedule reaches, by linear programming (HiGHS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linprog

from voltberg.pricing.brownian import FloatArray
from voltberg.scheduling.fleet import Fleet, round_profile_wh
from voltberg.scheduling.plain_program import solve_by_ev
from voltberg.scheduling.problem import BoolArray, ChargingProblem, IntArray, Schedule

ROUNDING_WH: Final = 1.0
"""A profile of whole Wh may ask for this much more of some frames than the solver's own does."""


MOST_ROUNDS: Final = 12
"""Rounds of added conditions before the program with a variable for every EV and frame."""


class InfeasibleError(Exception):
    """No schedule serves every EV within the transformer's limit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An optimal day of the EVs together.

    Parameters
    ----------
    buys_wh, sells_wh : ndarray of int64, shape (frames,)
        What buyers take and sellers give in each frame, rounded to whole Wh by their running totals [Wh].
    energy_wh : ndarray of int64, shape (evs, frames)
        A share of them: energy into each EV, negative out of it; every buyer gets what it needs [Wh].
    fluctuation_w : float
        The optimum before rounding [W].
    cuts : int
        Conditions that had to be added before the EVs could share the profile.
    """

    buys_wh: IntArray
    sells_wh: IntArray
    energy_wh: IntArray
    fluctuation_w: float
    cuts: int

    @property
    def net_wh(self) -> IntArray:
        """Energy into all EVs in each frame [Wh]."""
        return self.buys_wh - self.sells_wh


def optimal_plan(problem: ChargingProblem) -> Plan:
    r"""Find a schedule of least fluctuation.

    Parameters
    ----------
    problem : ChargingProblem
        The day.

    Returns
    -------
    Plan
        An optimum.

    Raises
    ------
    InfeasibleError
        If no schedule serves every EV within the limit.

    Notes
    -----
    With :math:`b_t` and :math:`s_t` what buyers and sellers move in frame t:

    .. math::
        \min \sum_t |P_t - P_{t-1}|, \quad P_t = base_t + b_t - s_t, \quad |P_t| \le limit

    where :math:`\sum_t b_t` is the whole need, and b and s are profiles that the EVs, each within its rate,
    connection and energy, can share. The conditions for that (`Fleet`) enter as cuts where a solution breaks
    them, so that the optimum is that of the program with a variable for every EV and frame, at a size that
    does not grow with the EVs. Where many EVs have short windows of their own, conditions are many: after
    `MOST_ROUNDS` rounds that other program is solved instead.
    """
    most_wh = problem.connected * problem.most_wh[:, None]
    rows = [np.flatnonzero(wh > 0) for wh in (problem.need_wh, problem.surplus_wh)]
    energies = [problem.need_wh[rows[0]], problem.surplus_wh[rows[1]]]
    fleets = [Fleet(wh, most_wh[row]) for wh, row in zip(energies, rows, strict=True)]
    program = _Program(problem, fleets)
    for last in [False] * MOST_ROUNDS + [True]:
        profiles, fluctuation_w = program.solved_by_ev() if last else program.solved()
        rounded = [round_profile_wh(profile) for profile in profiles]
        shares = [fleet.share(profile) for fleet, profile in zip(fleets, rounded, strict=True)]
        broken = [
            (side, share.tight)
            for side, share in enumerate(shares)
            if profiles[side][share.tight].sum() > fleets[side].most_wh(share.tight) + ROUNDING_WH
        ]
        if last or not broken:
            break
        for side, tight in broken:
            program.cut(side, tight)
    energy_wh = np.zeros((problem.evs, problem.frames), dtype=np.int64)
    energy_wh[rows[0]] = fleets[0].completed_wh(shares[0].energy_wh)
    energy_wh[rows[1]] = -shares[1].energy_wh
    return Plan(rounded[0], rounded[1], energy_wh, fluctuation_w, program.cuts)


@dataclass(frozen=True, slots=True)
class LinearProgramScheduler:
    """The exact optimum in whole Wh: every need is met to the Wh, and the limit holds.

    Sums over EVs are rounded by their running totals. A Wh that the EVs then cannot share is given where a
    buyer has room, so that a frame's power is off by a few W.
    """

    def schedule(self, problem: ChargingProblem, rng: np.random.Generator) -> Schedule:
        """Plan the whole day at once, knowing everything.

        Parameters
        ----------
        problem : ChargingProblem
            The day.
        rng : numpy.random.Generator
            Not used.

        Returns
        -------
        Schedule
            An optimal one.

        Raises
        ------
        InfeasibleError
            If no schedule serves every EV within the limit.
        """
        del rng  # nothing is drawn
        return Schedule(problem, optimal_plan(problem).energy_wh)


class _Program:
    """The program: columns are the frames' buys, sells, rises and falls, all in Wh a frame."""

    def __init__(self, problem: ChargingProblem, fleets: list[Fleet]) -> None:
        frames = problem.frames
        self.problem, self.fleets, self.cuts = problem, fleets, 0
        one, none = np.eye(frames), np.zeros((frames, frames))
        change = one - np.roll(one, -1, axis=1)
        base_wh = problem.base_w / problem.w_per_wh
        # rounding and what is moved by it stay below a Wh a frame
        limit_wh = problem.limit_w / problem.w_per_wh - frames
        self.base_wh, self.limit_wh = base_wh, limit_wh
        all_buys = np.repeat([1.0, 0.0], [frames, 3 * frames])
        self.equal = np.vstack([np.hstack([change, -change, -one, one]), all_buys])
        self.equal_wh = np.append(np.roll(base_wh, 1) - base_wh, fleets[0].energy_wh.sum())
        self.below = [np.hstack([one, -one, none, none]), np.hstack([-one, one, none, none])]
        self.below_wh = [limit_wh - base_wh, limit_wh + base_wh]
        self.bounds = np.zeros((4 * frames, 2))
        for side, fleet in enumerate(fleets):
            alone = [fleet.most_wh(np.arange(frames) == frame) for frame in range(frames)]
            self.bounds[side * frames : (side + 1) * frames, 1] = alone
        self.bounds[2 * frames :, 1] = np.inf
        self.cut(1, np.ones(frames, dtype=np.bool_))
        self.cuts = 0

    def cut(self, side: int, frames: BoolArray) -> None:
        """Allow a fleet in some frames together no more than it can move."""
        row = np.zeros((1, self.bounds.shape[0]))
        row[0, side * self.problem.frames : (side + 1) * self.problem.frames] = frames
        self.below.append(row)
        self.below_wh.append(np.array([float(self.fleets[side].most_wh(frames))]))
        self.cuts += 1

    def solved(self) -> tuple[list[FloatArray], float]:
        """Solve what is known so far: profiles [Wh] and the fluctuation [W]."""
        frames = self.problem.frames
        found = linprog(
            np.repeat([0.0, 1.0], 2 * frames),
            A_ub=np.vstack(self.below),
            b_ub=np.concatenate(self.below_wh),
            A_eq=self.equal,
            b_eq=self.equal_wh,
            bounds=[(low, high) for low, high in self.bounds.tolist()],
            method="highs-ds",
        )
        if found.x is None or found.fun is None:
            msg = f"no schedule serves every EV within {self.problem.limit_w} W: {found.message}"
            raise InfeasibleError(msg)
        profiles = [np.maximum(part, 0) for part in (found.x[:frames], found.x[frames : 2 * frames])]
        return profiles, float(found.fun) * self.problem.w_per_wh

    def solved_by_ev(self) -> tuple[list[FloatArray], float]:
        """Solve it with a variable for every EV and frame."""
        found = solve_by_ev(self.fleets, self.base_wh, self.limit_wh)
        if isinstance(found, str):
            msg = f"no schedule serves every EV within {self.problem.limit_w} W: {found}"
            raise InfeasibleError(msg)
        profiles, fluctuation_wh = found
        return profiles, fluctuation_wh * self.problem.w_per_wh
