"""What EVs traded on a chain, from its logs, beside what their schedule says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from voltberg.models import RoleId, Trade
from voltberg.scheduling.problem import IntArray, Schedule


@dataclass(frozen=True, slots=True)
class EvFills:
    """Energy of a day's fills.

    Parameters
    ----------
    between_wh : ndarray of int64, shape (evs, frames)
        With other EVs, negative for what was sold [Wh].
    grid_wh : ndarray of int64, shape (evs, frames)
        With the grid, negative for what was sold [Wh].
    """

    between_wh: IntArray
    grid_wh: IntArray

    @property
    def energy_wh(self) -> IntArray:
        """Both together [Wh]."""
        return self.between_wh + self.grid_wh


def fills_of(
    trades: Iterable[Trade], first_frame: int, shape: tuple[int, int], ids: Sequence[int]
) -> EvFills:
    """Add up a day's trades.

    Parameters
    ----------
    trades : iterable of Trade
        Of any number of days and markets.
    first_frame : int
        First frame of the day on the global grid.
    shape : tuple of int
        Numbers of EVs and frames.
    ids : sequence of int
        Participant numbers of the EVs.

    Returns
    -------
    EvFills
        By EV and frame.

    Raises
    ------
    ValueError
        If somebody traded who is neither an EV nor the grid.
    """
    row = {number: ev for ev, number in enumerate(ids)}
    between_wh, grid_wh = (np.zeros(shape, dtype=np.int64) for _ in range(2))
    for trade in trades:
        position = trade.frame - first_frame
        if not 0 <= position < shape[1]:
            continue
        owners = (trade.buyer_id, trade.seller_id)
        target = grid_wh if RoleId.GRID in owners else between_wh
        for owner, sign in zip(owners, (1, -1), strict=True):
            if owner in row:
                target[row[owner], position] += sign * trade.energy_wh
            elif owner != RoleId.GRID:
                msg = f"participant {owner} traded in frame {trade.frame}, who is neither an EV nor the grid"
                raise ValueError(msg)
    return EvFills(between_wh, grid_wh)


def fill_differences(schedule: Schedule, fills: EvFills) -> list[str]:
    """Compare fills with the schedule, EV by EV and frame by frame.

    Parameters
    ----------
    schedule : Schedule
        Made by a market.
    fills : EvFills
        What was traded.

    Returns
    -------
    list of str
        A sentence for each EV and frame that differ in what was traded with EVs, with the grid, or in all.

    Raises
    ------
    ValueError
        If no market made the schedule.
    """
    if schedule.market is None:
        msg = "the schedule has no orders: nothing of it can have been traded"
        raise ValueError(msg)
    pairs = (
        ("with EVs", fills.between_wh, schedule.market.matched_wh),
        ("with the grid", fills.grid_wh, schedule.market.grid_wh),
        ("in all", fills.energy_wh, schedule.energy_wh),
    )
    return [
        f"frame {frame}, EV {ev}, {what}: the fills are {traded_wh[ev, frame]} Wh, "
        f"the schedule is {planned_wh[ev, frame]} Wh"
        for what, traded_wh, planned_wh in pairs
        for ev, frame in np.argwhere(traded_wh != planned_wh).tolist()
    ]
