"""From a market method's schedule to the orders that a venue repeats it with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from voltberg.models import Side
from voltberg.scheduling.grid_prices import GRID_ASK_TICK, GRID_BID_TICK, ticks_by_rank
from voltberg.scheduling.problem import ChargingProblem, IntArray, MarketTrace, Schedule

MOST_SLICES: Final = 32
"""An order has at most so many slices when it is placed (A2.1, B3.1)."""


@dataclass(frozen=True, slots=True)
class EvOrder:
    """An order of an EV or of the grid.

    Parameters
    ----------
    ev : int or None
        The EV; None for the grid.
    side : Side
        Bid or ask.
    tick : int
        Limit price [ticks].
    quantity_wh : int
        What it wants or offers in all [Wh].
    peak_wh : int
        The slice that it shows, 0 for all of it [Wh].
    """

    ev: int | None
    side: Side
    tick: int
    quantity_wh: int
    peak_wh: int = 0


class ScheduledOrders:
    """The orders behind a schedule, frame by frame.

    Every EV shows one slice a frame of what is left of its order, at the price that the process (20)-(22) has
    come to. Price and slice move from frame to frame, so an order is placed anew in each.

    Parameters
    ----------
    schedule : Schedule
        Made by a market.
    most_wh : int
        Largest quantity of an order; the grid places several where it offers more [Wh].

    Raises
    ------
    ValueError
        If no market made the schedule.
    """

    def __init__(self, schedule: Schedule, most_wh: int) -> None:
        if schedule.market is None:
            msg = "the schedule has no orders: only a market's can be placed"
            raise ValueError(msg)
        self.problem: ChargingProblem = schedule.problem
        self.trace: MarketTrace = schedule.market
        self._most_wh = most_wh
        traded_wh = np.abs(schedule.energy_wh)
        before_wh = np.cumsum(traded_wh, axis=1) - traded_wh
        whole_wh = schedule.problem.need_wh + schedule.problem.surplus_wh
        self._left_wh: IntArray = whole_wh[:, None] - before_wh

    @property
    def evs_meet_first(self) -> bool:
        """Whether EVs meet in an auction of their own before the grid comes."""
        return not self.trace.grid_takes

    def at_limits(self, frame: int) -> list[EvOrder]:
        """Give the EVs' orders at their own prices.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        list of EvOrder
            By arrival.
        """
        return self._orders(frame, np.abs(self.trace.shown_wh[:, frame]), self._left_wh[:, frame])

    def slices_at_limits(self, frame: int, left_wh: IntArray) -> list[EvOrder]:
        """Give the same orders as slices of their own, for a venue that would show the next one at once.

        Parameters
        ----------
        frame : int
            The frame.
        left_wh : ndarray of int64, shape (evs,)
            What that venue has left of the orders, which may be less than by the schedule [Wh].

        Returns
        -------
        list of EvOrder
            By arrival; no EV can trade more than it shows, nor than it has left.
        """
        slices = [
            replace(order, quantity_wh=min(order.peak_wh or order.quantity_wh, left), peak_wh=0)
            for order in self.at_limits(frame)
            if order.ev is not None and (left := int(left_wh[order.ev])) > 0
        ]
        return slices

    def at_grid_prices(self, frame: int, bought_wh: IntArray) -> list[EvOrder]:
        """Give the orders that meet the grid, and the grid's own after them.

        Parameters
        ----------
        frame : int
            The frame.
        bought_wh : ndarray of int64, shape (evs,)
            What buyers got in the auction before, if EVs meet first; no sells come here then [Wh].

        Returns
        -------
        list of EvOrder
            By arrival, at ranks in place of limits; then what the grid offers, and takes if it does: all that
            the transformer carries beside the homes.
        """
        shown_wh = self.trace.shown_wh[:, frame]
        if self.evs_meet_first:
            shown_wh = np.maximum(shown_wh, 0)
        orders = self._orders(frame, np.abs(shown_wh) - bought_wh, self._left_wh[:, frame] - bought_wh)
        ticks = {
            side: iter(ticks_by_rank(side, [order.tick for order in orders if order.side is side]))
            for side in Side
        }
        placed = [replace(order, tick=next(ticks[order.side])) for order in orders]
        return placed + self.of_grid(frame)

    def of_grid(self, frame: int) -> list[EvOrder]:
        """Give the grid's orders.

        Parameters
        ----------
        frame : int
            The frame.

        Returns
        -------
        list of EvOrder
            What it offers, then what it takes, if it takes; nothing where the transformer has no room.
        """
        rooms = [(Side.ASK, GRID_ASK_TICK, self.problem.import_room_wh(frame))]
        if self.trace.grid_takes:
            rooms.append((Side.BID, GRID_BID_TICK, self.problem.export_room_wh(frame)))
        return [
            EvOrder(None, side, tick, min(room_wh - placed_wh, self._most_wh))
            for side, tick, room_wh in rooms
            for placed_wh in range(0, room_wh, self._most_wh)
        ]

    def _orders(self, frame: int, slice_wh: IntArray, left_wh: IntArray) -> list[EvOrder]:
        orders = []
        for ev in self.trace.arrival.tolist():
            shown_wh = int(slice_wh[ev])
            if shown_wh <= 0:
                continue
            side = Side.BID if self.trace.shown_wh[ev, frame] > 0 else Side.ASK
            quantity_wh = max(shown_wh, min(int(left_wh[ev]), MOST_SLICES * shown_wh))
            peak_wh = shown_wh if shown_wh < quantity_wh else 0
            orders.append(EvOrder(ev, side, int(self.trace.tick[ev, frame]), quantity_wh, peak_wh))
        return orders
