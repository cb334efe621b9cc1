"""Fig. 8 of Xiao & Hou 2022 as a count of opcodes [F]: AdBEV and a GA if a chain computed them.

The paper names 3 gas for an addition, 5 for a multiplication and 21,000 for the transaction, and prints no
operation counts, population or generations: the counts here are ours. Storage and calldata are left out, as
in the paper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

TRANSACTION_GAS: Final = 21_000
ADD_GAS: Final = 3
MULTIPLY_GAS: Final = 5
COMPARE_GAS: Final = 3
JUMP_GAS: Final = 10
MEMORY_GAS: Final = 3
RANDOM_GAS: Final = 36
"""A keccak of one word."""
FRAMES: Final = 48
PEERS: Final = (10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, slots=True)
class GeneticBudget:
    """Budget of a genetic algorithm.

    Parameters
    ----------
    population, generations : int
        Its size and rounds.
    """

    population: int
    generations: int


def adbev_gas(peers: int) -> float:
    """Count the gas to rank and match the orders of a day, frame by frame.

    Parameters
    ----------
    peers : int
        Orders of each frame.

    Returns
    -------
    float
        Gas: in each frame a priority (24) for each order, a merge sort by it, one match for each.
    """
    priority = 2 * MULTIPLY_GAS + ADD_GAS + 3 * MEMORY_GAS
    comparison = COMPARE_GAS + JUMP_GAS + 4 * MEMORY_GAS
    match = 3 * ADD_GAS + COMPARE_GAS + JUMP_GAS + 4 * MEMORY_GAS
    sorting = peers * math.log2(max(peers, 1)) * comparison
    return FRAMES * (TRANSACTION_GAS + peers * (priority + match) + sorting)


def genetic_gas(peers: int, budget: GeneticBudget) -> float:
    """Count the gas of a genetic algorithm over a day's EVs.

    Parameters
    ----------
    peers : int
        EVs.
    budget : GeneticBudget
        Population and generations.

    Returns
    -------
    float
        Gas: in each generation every member is bred gene by gene and its fluctuation summed over all frames.
    """
    gene = RANDOM_GAS + COMPARE_GAS + JUMP_GAS + 3 * MEMORY_GAS
    load = ADD_GAS + 2 * MEMORY_GAS
    change = 2 * ADD_GAS + COMPARE_GAS + JUMP_GAS + MEMORY_GAS
    member = peers * gene + FRAMES * (peers * load + change)
    return TRANSACTION_GAS + budget.population * (budget.generations + 1) * member


def gas_model(weak: GeneticBudget, converged: GeneticBudget, peers: Sequence[int] = PEERS) -> pd.DataFrame:
    """Tabulate the model.

    Parameters
    ----------
    weak : GeneticBudget
        Budget of the genetic algorithm that is stopped early.
    converged : GeneticBudget
        Of the one that converges.
    peers : sequence of int
        Numbers of peers.

    Returns
    -------
    DataFrame
        ``peers``, ``adbev_gas``, ``ga_weak_gas`` and ``ga_converged_gas``, each of one day.
    """
    return pd.DataFrame(
        {
            "peers": list(peers),
            "adbev_gas": [round(adbev_gas(count)) for count in peers],
            "ga_weak_gas": [round(genetic_gas(count, weak)) for count in peers],
            "ga_converged_gas": [round(genetic_gas(count, converged)) for count in peers],
        }
    )
