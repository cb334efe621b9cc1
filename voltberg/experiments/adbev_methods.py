"""The methods that an AdBEV run compares, in the order of its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voltberg.scheduling.comparison import paper_methods
from voltberg.scheduling.problem import ChargingProblem, Scheduler

NONE: Final = "none"
GA_WEAK: Final = "ga_weak"
GA_CONVERGED: Final = "ga_converged"
LITERAL: Final = "literal"
LITERAL_ANY: Final = "literal_any"
FLUID: Final = "fluid"
LEVEL: Final = "level"
LEVEL_FORECAST: Final = "level_forecast"
LP: Final = "lp"


@dataclass(frozen=True, slots=True)
class Method:
    """A method as reports name it.

    Parameters
    ----------
    name : str
        Its part in the names of figures.
    label : str
        For people.
    note : str
        What it is, in a sentence.
    """

    name: str
    label: str
    note: str


METHODS: Final = (
    Method(NONE, "No schedule", "Every EV charges at its full rate from when it is connected; nobody sells."),
    Method(
        GA_WEAK,
        "GA, weak",
        "A genetic algorithm stopped after a few generations, as the paper's seems to be.",
    ),
    Method(GA_CONVERGED, "GA, converged", "The same with a budget that lets it converge."),
    Method(
        LITERAL, "AdBEV, crossing", "As printed; orders meet at crossing prices only, as in the contracts."
    ),
    Method(LITERAL_ANY, "AdBEV, any", "As printed; any buy meets any sell of its frame."),
    Method(
        FLUID, "fluid", "Each order shows what is left of it, spread over its remaining window. No forecast."
    ),
    Method(LEVEL, "level", "Orders are accepted to follow a day-ahead plan of the day itself."),
    Method(LEVEL_FORECAST, "level, forecast", "The same with a plan of the day that one expects."),
    Method(LP, "Exact optimum", "The linear program that knows the whole day."),
)
BY_NAME: Final = {method.name: method for method in METHODS}


def schedulers(forecast: ChargingProblem | None) -> dict[str, Scheduler]:
    """Make the methods of a day.

    Parameters
    ----------
    forecast : ChargingProblem or None
        The day expected; without one there is no plan for it.

    Returns
    -------
    dict of str to Scheduler
        By name, in the order of `METHODS`.
    """
    made = paper_methods(forecast)
    return {method.name: made[method.name] for method in METHODS if method.name in made}
