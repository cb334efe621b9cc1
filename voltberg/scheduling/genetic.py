"""A genetic algorithm over the frames in which EVs begin: the paper's benchmark, its budget a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltberg.scheduling.problem import ChargingProblem, IntArray, Schedule, fluctuation_w

WEAK_GENERATIONS: Final = 4
CONVERGED_GENERATIONS: Final = 150
POPULATION: Final = 50
LIMIT_PENALTY: Final = 10
"""What 1 W above the transformer's limit in a frame costs beside 1 W of fluctuation."""


@dataclass(frozen=True, slots=True)
class GeneticScheduler:
    """Evolves when each EV begins to charge, or to discharge, at its full rate.

    A gene is the frame of its connection in which an EV begins; a buyer begins in time to reach its target,
    a seller may also never begin. Each generation keeps the best; the others are children of two parents,
    each the better of two drawn, that take every gene from either, and some genes anew.

    Parameters
    ----------
    generations : int
        Generations after the first population: `WEAK_GENERATIONS` or `CONVERGED_GENERATIONS`.
    population : int
        Size of the population, at least 2.
    mutations : float
        Genes drawn anew in a child, on average.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    generations: int = CONVERGED_GENERATIONS
    population: int = POPULATION
    mutations: float = 1.0

    def __post_init__(self) -> None:
        """Check the budget."""
        if self.generations < 0 or self.population < 2 or self.mutations < 0:
            found = (
                f"generations {self.generations}, population {self.population}, mutations {self.mutations}"
            )
            raise ValueError(f"{found}, expected at least 0, 2 and 0")

    def schedule(self, problem: ChargingProblem, rng: np.random.Generator) -> Schedule:
        """Evolve a schedule.

        Parameters
        ----------
        problem : ChargingProblem
            The day.
        rng : numpy.random.Generator
            Source of all genes.

        Returns
        -------
        Schedule
            The best one found.
        """
        table_wh, choices = _profiles(problem)
        rows = np.arange(problem.evs)
        genes = rng.integers(choices, size=(self.population, problem.evs))
        cost = self._costs(problem, table_wh, genes)
        for _ in range(self.generations):
            best = int(cost.argmin())
            children = self._children(rng, genes, cost, choices)
            children[0], kept = genes[best], cost[best]
            genes, cost = children, self._costs(problem, table_wh, children)
            cost[0] = kept
        return Schedule(problem, table_wh[rows, genes[int(cost.argmin())]].astype(np.int64))

    def _children(
        self, rng: np.random.Generator, genes: IntArray, cost: IntArray, choices: NDArray[np.int64]
    ) -> IntArray:
        size, evs = genes.shape
        rivals = rng.integers(size, size=(2, size, 2))
        parents = np.take_along_axis(rivals, cost[rivals].argmin(axis=2)[..., None], axis=2)[..., 0]
        children = np.where(rng.random((size, evs)) < 0.5, genes[parents[0]], genes[parents[1]])
        anew = rng.random((size, evs)) < self.mutations / max(evs, 1)
        return np.where(anew, rng.integers(choices, size=(size, evs)), children)

    @staticmethod
    def _costs(problem: ChargingProblem, table_wh: NDArray[np.int32], genes: IntArray) -> IntArray:
        rows = np.arange(problem.evs)
        net_wh = np.array([table_wh[rows, gene].sum(axis=0, dtype=np.int64) for gene in genes])
        total_w = problem.base_w + net_wh * problem.w_per_wh
        above_w = np.maximum(np.abs(total_w) - problem.limit_w, 0).sum(axis=1)
        cost: IntArray = fluctuation_w(total_w) + LIMIT_PENALTY * above_w
        return cost


def _profiles(problem: ChargingProblem) -> tuple[NDArray[np.int32], IntArray]:
    """Energy of every EV by gene and frame [Wh], and how many genes it may have."""
    able_wh = problem.connected * problem.most_wh[:, None]
    wanted_wh = problem.need_wh + problem.surplus_wh
    sells = problem.surplus_wh > 0
    plugged = problem.connected.sum(axis=1)
    # the last frames of a buyer's connection are too late to begin
    needed = -(-problem.need_wh // np.maximum(problem.most_wh, 1))
    choices = np.maximum(np.where(sells, plugged + 1, plugged - np.maximum(needed, 1) + 1), 1)
    order = np.cumsum(problem.connected, axis=1) - 1  # number of a connected frame in its connection
    table_wh = np.zeros((problem.evs, int(choices.max(initial=1)), problem.frames), dtype=np.int32)
    for gene in range(table_wh.shape[1]):
        from_then_wh = np.cumsum(np.where(order >= gene, able_wh, 0), axis=1)
        moved_wh = np.diff(np.minimum(from_then_wh, wanted_wh[:, None]), axis=1, prepend=0)
        table_wh[:, gene] = np.where(sells, -1, 1)[:, None] * moved_wh
    return table_wh, choices
