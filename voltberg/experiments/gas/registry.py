"""The register of gas scenarios: a scenario is one function of a stage, with the figures that it gives.

To add one, write a function in a module named in `MODULES`::

    @scenario("market", "frame_place")
    def frame_place(stage: Stage) -> Figures:
        ...set-up with stage.send...
        return {"frame_place": stage.measure("frame_place", actor, "auction", "place", request)}

It runs from a snapshot that is taken back afterwards. Those of the file ``market`` run on the seasoned
stage and on those of the first and second day, all others on the seasoned one only. What must have happened
before for a venue's slots to be seasoned is a plan in ``seasoning.py``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from voltberg.experiments.gas.stage import Stage

Figures = Mapping[str, int]
"""Gas by name."""

MARKET: Final = "market"
FIRST_DAY: Final = "first_day"
SECOND_DAY: Final = "second_day"
MODULES: Final = (
    "scenarios_book",
    "scenarios_house",
    "scenarios_auction",
    "scenarios_signed",
    "scenarios_roots",
    "scenarios_ratings",
    "scenarios_storage",
    "scenarios_credit",
    "scenarios_matrix",
)
"""Modules of this package that hold scenarios."""


class ScenarioError(ValueError):
    """A scenario is registered wrongly, or gives other figures than it promised."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Attributes
    ----------
    file : str
        Snapshot that holds its figures.
    names : tuple of str
        The figures.
    run : callable
        Measures them on a stage.
    """

    file: str
    names: tuple[str, ...]
    run: Callable[[Stage], Figures]

    def measure(self, stage: Stage) -> Figures:
        """Run on a stage and leave it as it was.

        Parameters
        ----------
        stage : Stage
            Where.

        Returns
        -------
        Figures
            Gas by name.

        Raises
        ------
        ScenarioError
            If the figures are not those promised.
        """
        with stage.rewound():
            figures = self.run(stage)
        if tuple(sorted(figures)) != tuple(sorted(self.names)):
            raise ScenarioError(f"{self.run.__name__} gave {sorted(figures)}, promised {sorted(self.names)}")
        return figures


_SCENARIOS: Final[list[Scenario]] = []


def scenario(file: str, *names: str) -> Callable[[Callable[[Stage], Figures]], Callable[[Stage], Figures]]:
    """Register a function as a scenario.

    Parameters
    ----------
    file : str
        Snapshot that holds its figures.
    *names : str
        The figures that it gives.

    Returns
    -------
    callable
        Decorator that leaves the function as it is.

    Raises
    ------
    ScenarioError
        If no figure is named, or one of them is taken.
    """
    taken = {(known.file, name) for known in _SCENARIOS for name in known.names}
    if not names or any((file, name) in taken for name in names):
        raise ScenarioError(f"figures {names} of {file}: none named, or one of them measured twice")

    def register(run: Callable[[Stage], Figures]) -> Callable[[Stage], Figures]:
        _SCENARIOS.append(Scenario(file, names, run))
        return run

    return register


def all_scenarios() -> tuple[Scenario, ...]:
    """List every scenario.

    Returns
    -------
    tuple of Scenario
        In the order of the modules.
    """
    for module in MODULES:
        importlib.import_module(f"voltberg.experiments.gas.{module}")
    return tuple(_SCENARIOS)
