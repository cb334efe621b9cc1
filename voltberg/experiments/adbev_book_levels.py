"""What rests at the price levels of a frame of the book, by its logs, and what a placing did to them."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from voltberg.reference.words import unpack_cancellation, unpack_fill, unpack_order_id, unpack_placement
from voltberg.simulation.ledger import Step

TAKES_WITH_GOALS: Final = (1, 5)
"""Numbers of fills that have a goal, which is for takes whose level keeps orders."""
EMPTYING: Final = "_emptying"
"""Ends the names of takes that use up a price level."""
PART: Final = "_part"
"""Ends the names of takes that leave a part of the last order that they take from."""
_FOLLOWED: Final = frozenset({"Filled", "OrderCancelled", "OrderPlaced"})

LevelKey = tuple[int, int, int]
"""Frame, side and tick."""


class Levels:
    """Follows the orders of one frame."""

    def __init__(self) -> None:
        self._resting_wh: defaultdict[LevelKey, dict[int, int]] = defaultdict(dict)

    def placing(self, step: Step) -> str:
        """Name what a placing did, and follow it.

        Parameters
        ----------
        step : Step
            A placing at the book, in the order of execution.

        Returns
        -------
        str
            A take by the number of its fills, where a goal knows it, and by what it left at its level; a
            level is new to the first order of its frame that rests there.
        """
        logs = [(event, args[0]) for _, event, args in step.execution.logs if event in _FOLLOWED]
        filled = [unpack_fill(word) for event, word in logs if event == "Filled"]
        for fill in filled:
            self._take_off(fill.maker_order_id, fill.energy_wh)
        for word in (word for event, word in logs if event == "OrderCancelled"):
            self._take_off(*unpack_cancellation(word))
        placed = [unpack_placement(word) for event, word in logs if event == "OrderPlaced"]
        if not placed:
            return self._take([fill.maker_order_id for fill in filled])
        level = _level_of(placed[0].order_id)
        known = level in self._resting_wh
        self._resting_wh[level][placed[0].order_id] = placed[0].quantity_wh
        if filled:
            return "take_and_rest"
        return "place_existing_level" if known else "place_new_level"

    def _take(self, taken_from: list[int]) -> str:
        name = f"take_{len(taken_from)}" if len(taken_from) in TAKES_WITH_GOALS else "take"
        levels = [self._resting_wh[_level_of(order_id)] for order_id in taken_from]
        if not all(levels):
            return name + EMPTYING
        left = any(order_id in level for order_id, level in zip(taken_from, levels, strict=True))
        return name + PART if left else name

    def _take_off(self, order_id: int, energy_wh: int) -> None:
        level = self._resting_wh[_level_of(order_id)]
        level[order_id] -= energy_wh
        if not level[order_id]:
            del level[order_id]


def _level_of(order_id: int) -> LevelKey:
    frame, side, tick, _ = unpack_order_id(order_id)
    return frame, side, tick
