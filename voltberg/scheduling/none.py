"""No schedule: every EV that has to buy charges at its full rate from when it is connected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltberg.scheduling.problem import ChargingProblem, Schedule


@dataclass(frozen=True, slots=True)
class NoScheduler:
    """The day without a schedule; nobody sells, and the transformer is not asked."""

    def schedule(self, problem: ChargingProblem, rng: np.random.Generator) -> Schedule:
        """Charge at once.

        Parameters
        ----------
        problem : ChargingProblem
            The day.
        rng : numpy.random.Generator
            Not used.

        Returns
        -------
        Schedule
            Everyone's full rate until the target is reached.
        """
        del rng  # nothing is drawn
        able_wh = np.cumsum(problem.connected * problem.most_wh[:, None], axis=1)
        taken_wh = np.minimum(able_wh, problem.need_wh[:, None])
        return Schedule(problem, np.diff(taken_wh, axis=1, prepend=0))
