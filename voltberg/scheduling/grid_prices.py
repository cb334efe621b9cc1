"""Prices of orders that accept the grid's tariff, so that one auction can hold EVs and the grid.

Under (24) a price counts by its rank only. An order that has to trade in its frame, with the grid if with
nobody else, therefore stands at a rank in place of its limit: bids from what the grid asks upwards, asks from
what the grid bids downwards, in the order of their limits. Every bid is then above every ask, the grid's own
two orders do not cross, and the crossing price is one of them or between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voltberg.models import Side
from voltberg.units import DEFAULT_TICKS

GRID_ASK_TICK: Final = DEFAULT_TICKS // 2
"""What the grid asks for [ticks]."""
GRID_BID_TICK: Final = GRID_ASK_TICK - 1
"""What the grid bids [ticks]."""
MOST_RANKS: Final = min(DEFAULT_TICKS - GRID_ASK_TICK, GRID_BID_TICK + 1)
"""Prices that a side has room for; those of a later rank stand together at the last."""


def ticks_by_rank(side: Side, limit_ticks: Sequence[int]) -> list[int]:
    """Put ranks in place of limits.

    Parameters
    ----------
    side : Side
        Side of all the orders.
    limit_ticks : sequence of int
        Their limits [ticks].

    Returns
    -------
    list of int
        For each the tick that it stands at: the last rank at the grid's price, better ones beyond it [ticks].
    """
    ordered = sorted(set(limit_ticks), reverse=side is Side.BID)
    last = min(len(ordered), MOST_RANKS) - 1
    beyond = {tick: last - min(rank, last) for rank, tick in enumerate(ordered)}
    if side is Side.BID:
        return [GRID_ASK_TICK + beyond[tick] for tick in limit_ticks]
    return [GRID_BID_TICK - beyond[tick] for tick in limit_ticks]
