"""All methods on the same days: what Xiao & Hou 2022 compare, and what they leave out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from voltberg.scheduling.adbev_literal import LiteralScheduler
from voltberg.scheduling.fluid import FluidScheduler
from voltberg.scheduling.genetic import CONVERGED_GENERATIONS, WEAK_GENERATIONS, GeneticScheduler
from voltberg.scheduling.level import LevelScheduler
from voltberg.scheduling.linear_program import LinearProgramScheduler
from voltberg.scheduling.none import NoScheduler
from voltberg.scheduling.problem import ChargingProblem, Schedule, Scheduler
from voltberg.units import PERCENT

NO_METHOD = "none"


@dataclass(frozen=True, slots=True)
class MethodDay:
    """What a method made of one day.

    Parameters
    ----------
    schedule : Schedule
        The schedule.
    reduction_pct : float
        How much less the power fluctuates than without a schedule [%].
    seconds : float
        Time that the method took [s].
    """

    schedule: Schedule
    reduction_pct: float
    seconds: float


def paper_methods(forecast: ChargingProblem | None = None) -> dict[str, Scheduler]:
    """Name the methods to compare.

    Parameters
    ----------
    forecast : ChargingProblem, optional
        The day expected; with it ``level_forecast`` is one of them.

    Returns
    -------
    dict of str to Scheduler
        ``none`` first, the exact optimum last.
    """
    methods: dict[str, Scheduler] = {
        NO_METHOD: NoScheduler(),
        "ga_weak": GeneticScheduler(WEAK_GENERATIONS),
        "ga_converged": GeneticScheduler(CONVERGED_GENERATIONS),
        "literal": LiteralScheduler(prices_cross=True),
        "literal_any": LiteralScheduler(prices_cross=False),
        "fluid_even": FluidScheduler(steady=False),
        "fluid": FluidScheduler(),
        "level": LevelScheduler(),
    }
    if forecast is not None:
        methods["level_forecast"] = LevelScheduler(forecast)
    return methods | {"lp": LinearProgramScheduler()}


def compare(
    seeds: Iterable[int],
    problem_of: Callable[[np.random.Generator], ChargingProblem],
    methods: Mapping[str, Scheduler],
) -> list[dict[str, MethodDay]]:
    """Let every method schedule the same days.

    Parameters
    ----------
    seeds : iterable of int
        One a day.
    problem_of : callable
        Draws a day.
    methods : mapping of str to Scheduler
        The methods; ``none`` has to be the first.

    Returns
    -------
    list of dict of str to MethodDay
        By day and method. A method draws from its own random state, so that leaving one out changes no other.
    """
    days = []
    for seed in seeds:
        problem = problem_of(np.random.default_rng([seed, 0]))
        day: dict[str, MethodDay] = {}
        for name, method in methods.items():
            began = time.perf_counter()
            schedule = method.schedule(problem, np.random.default_rng([seed, 1]))
            seconds = time.perf_counter() - began
            before_w = day[NO_METHOD].schedule.fluctuation_w if day else schedule.fluctuation_w
            reduction_pct = PERCENT * (1 - schedule.fluctuation_w / before_w)
            day[name] = MethodDay(schedule, reduction_pct, seconds)
        days.append(day)
    return days
