"""Gas of each operation in a replayed schedule, by day, beside the goals that the market is held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from voltberg.experiments.adbev_book_levels import Levels
from voltberg.experiments.adbev_chain import ChainRun
from voltberg.experiments.gas.limits import KNOWN_MISSES, LIMITS
from voltberg.reference.auction_words import unpack_fills
from voltberg.simulation.ev_market import VenueName
from voltberg.simulation.ledger import Step

ALL_IN: Final = "all_in_order"
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "place_gas": ("place",),
    "clear_gas": ("clear", "release"),
    "settle_gas": ("report_delivery",),
    "frames_gas": ("open_frames", "finalise"),
}
"""Columns of gas, and the operations in each; the book releases where the auction clears."""
OF_ORDERS: Final = ("place_gas", "clear_gas", "settle_gas")
"""Those that an order needs from placing to its money; the rest is the operator's."""
FULL: Final = "_full"
"""Ends the names of operations in frames of about 100 orders, which goals of a whole frame are for."""
FULL_FRAME: Final = 90
"""Orders of such a frame, at least, and of fills where a fill is measured; the matrix has 91."""
GOALS: Final[Mapping[str, str]] = {
    "frame_place": "frame_place",
    "frame_clear_full": "frame_clear_100_half_iceberg_total",
    "frame_clear_fill_full": "frame_clear_100_per_fill",
    "frame_settle_record_full": "settle_batch100_each",
    "all_in_order_full": "all_in_100",
    "place_existing_level": "place_existing_level",
    "place_new_level": "place_new_level",
    "take_1": "take_1",
    "take_1_part": "take_1_part",
    "take_5": "take_5",
    "take_5_part": "take_5",
}
"""Operations that are like one of the committed matrix, and the name of its goal there."""
_TAKES: Final = "on a first day positions are written for the first time"
REASONS: Final[Mapping[str, str]] = {
    "frame_clear_full": "every order has a peak, and all trade",
    "frame_clear_fill_full": "on a first day roots are written for the first time; offers are cut to a slice",
    "frame_settle_record_full": "settled bits are written for the first time on a first day",
    "all_in_order_full": "clear and settlement, which are dearer where every order trades",
    "take_1": _TAKES,
    "take_1_part": _TAKES,
    "take_5": _TAKES,
    "take_5_part": _TAKES,
}
"""Why a replay misses a goal, beside what is known of the matrix's own misses."""
ELSEWHERE: Final = "see docs/gas.md"
AT_BOOK: Final = "_book"
"""Ends the names of the book's operations that the auction has, too."""

Costs = Iterator[tuple[str, int, int]]
"""Operation, gas, and how many units it is the gas of."""


@dataclass(frozen=True, slots=True)
class DayGas:
    """What the transactions of one day cost.

    Parameters
    ----------
    orders : int
        Orders placed, the grid's included.
    fills : int
        Fills.
    by_part : dict of str to int
        Gas by operation of `PARTS`.
    """

    orders: int
    fills: int
    by_part: dict[str, int]

    @property
    def per_order(self) -> float:
        """Gas of placing, clearing and settling, by order."""
        spent = sum(self.by_part[operation] for part in OF_ORDERS for operation in PARTS[part])
        return spent / max(self.orders, 1)


def frames_of_day(run: ChainRun, day: str) -> list[list[Step]]:
    """Pick the transactions about one day's frames.

    Parameters
    ----------
    run : ChainRun
        The run.
    day : str
        Name of the day.

    Returns
    -------
    list of list of Step
        Those of each market and frame, which is cleared and settled by itself.
    """
    first = next(replayed.first_frame for replayed in run.day.days if replayed.name == day)
    frames = range(first, first + run.day.schedule.problem.frames)
    groups: dict[tuple[str, int], list[Step]] = {}
    for market, steps in run.steps.items():
        for step in steps:
            if step.planned.frame in frames:
                groups.setdefault((market, step.planned.frame), []).append(step)
    return list(groups.values())


def gas_of_day(run: ChainRun, day: str) -> DayGas:
    """Add up a day.

    Parameters
    ----------
    run : ChainRun
        The run.
    day : str
        Name of the day.

    Returns
    -------
    DayGas
        Its gas by part.
    """
    steps = [step for frame in frames_of_day(run, day) for step in frame]
    by_part = dict.fromkeys((operation for part in PARTS.values() for operation in part), 0)
    for step in steps:
        by_part[step.planned.operation] += step.execution.gas_used
    orders = sum(step.planned.operation == "place" for step in steps)
    return DayGas(orders, sum(map(_fills, steps)), by_part)


def operations_table(method: str, run: ChainRun) -> pd.DataFrame:
    """Tabulate what each operation cost on each day.

    Parameters
    ----------
    method : str
        Whose schedule it is.
    run : ChainRun
        The run.

    Returns
    -------
    DataFrame
        ``method``, ``venue``, ``day``, ``operation``, its ``transactions``, ``count`` of units, ``gas`` of
        all together, ``gas_each`` unit and that of the dearest transaction ``gas_most``, ``goal``, and
        whether it is ``held``.
    """
    rows = []
    for replayed in run.day.days:
        measured: dict[str, list[tuple[int, int]]] = {}
        for steps in frames_of_day(run, replayed.name):
            orders = sum(step.planned.operation == "place" for step in steps)
            full = run.venue == "auction" and orders >= FULL_FRAME
            for operation, gas, units in _costs(run.venue, steps):
                measured.setdefault(operation, []).append((gas, units))
                whole = operation == "frame_clear" or units >= FULL_FRAME
                if full and whole and operation + FULL in GOALS:
                    measured.setdefault(operation + FULL, []).append((gas, units))
        rows += [
            _row(method, run.venue, replayed.name, operation, costs) for operation, costs in measured.items()
        ]
    return pd.DataFrame(rows)


def together(operations: pd.DataFrame) -> pd.DataFrame:
    """Put the methods' figures together, weighted by how often each did what.

    Parameters
    ----------
    operations : DataFrame
        Tables of `operations_table`, one below the other.

    Returns
    -------
    DataFrame
        One row a venue, day and operation, with the columns of `operations_table` but the method, and ``why``
        a goal is missed.
    """
    keys = ["venue", "day", "operation"]
    sums = operations.groupby(keys, sort=False, as_index=False).agg(
        transactions=("transactions", "sum"),
        count=("count", "sum"),
        gas=("gas", "sum"),
        gas_most=("gas_most", "max"),
        goal=("goal", "first"),
    )
    sums["gas_each"] = sums["gas"] / sums["count"]
    sums["held"] = (sums["gas_each"] <= sums["goal"]).where(sums["goal"].notna()).astype("boolean")
    missed = (~sums["held"]).fillna(value=False)
    sums["why"] = [_why(name) if miss else "" for name, miss in zip(sums["operation"], missed, strict=True)]
    return sums[[*keys, "transactions", "count", "gas", "gas_each", "gas_most", "goal", "held", "why"]]


def _why(operation: str) -> str:
    known = KNOWN_MISSES.get(GOALS[operation], "").replace("`", "")
    if known.startswith("see "):
        known = ""  # of another figure, which the replay has not
    return "; ".join(filter(None, (known, REASONS.get(operation, "")))) or ELSEWHERE


def _row(
    method: str, venue: VenueName, day: str, operation: str, costs: list[tuple[int, int]]
) -> dict[str, object]:
    gas, units = (sum(part) for part in zip(*costs, strict=True))
    goal = LIMITS[GOALS[operation]] if operation in GOALS else None
    return {
        "method": method,
        "venue": venue,
        "day": day,
        "operation": operation,
        "transactions": len(costs),
        "count": units,
        "gas": gas,
        "gas_each": gas / units,
        "gas_most": max(cost / of for cost, of in costs),
        "goal": goal,
        "held": None if goal is None else gas <= goal * units,
    }


def _costs(venue: VenueName, steps: list[Step]) -> Costs:
    levels = Levels()
    settling, orders = 0, 0
    at = "" if venue == "auction" else AT_BOOK
    for step in steps:
        gas, operation = step.execution.gas_used, step.planned.operation
        if operation == "open_frames":
            yield "open_frame" + at, gas, len(step.planned.args[2])
        elif operation == "finalise":
            yield "finalise_frame" + at, gas, 1
        else:
            settling += gas
            orders += operation == "place"
            yield from _auction_costs(step) if venue == "auction" else _book_costs(step, levels)
    if orders:
        yield ALL_IN + at, settling, orders


def _auction_costs(step: Step) -> Costs:
    gas, operation = step.execution.gas_used, step.planned.operation
    if operation == "place":
        yield "frame_place", gas, 1
    elif operation == "clear":
        yield "frame_clear", gas, 1
        if fills := _fills(step):
            yield "frame_clear_fill", gas, fills
    elif operation == "report_delivery":
        yield "frame_settle_record", gas, len(step.planned.args[2])


def _book_costs(step: Step, levels: Levels) -> Costs:
    gas, operation = step.execution.gas_used, step.planned.operation
    if operation == "place":
        yield levels.placing(step), gas, 1
        if fills := _fills(step):
            yield "take_fill", gas, fills
    elif operation == "release":
        yield "release_order", gas, len(step.planned.args[0])
    elif operation == "report_delivery":
        yield "settle_position", gas, len(step.planned.args[1])


def _fills(step: Step) -> int:
    count = 0
    for _, event, args in step.execution.logs:
        if event == "Filled":
            count += 1
        elif event == "Fills":
            count += sum(1 for _ in unpack_fills(args[1]))
    return count
