"""One frame of the market: orders meet by rank priority (Xiao & Hou 2022, eq. 24), the grid stands last.

Crossing and priority are those of the frame auction's twin, ``voltberg.reference.auction_service``, so that
what is matched here is what the contract matches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voltberg.models import Side
from voltberg.reference.auction_service import AuctionRules, SliceQueue, queue_of, queues_of, serve
from voltberg.reference.auction_words import AuctionOrder
from voltberg.scheduling.grid_prices import GRID_ASK_TICK, GRID_BID_TICK, ticks_by_rank
from voltberg.scheduling.orders import OrderTerms
from voltberg.scheduling.problem import BoolArray, IntArray

RANK_RULES: Final = AuctionRules(
    slices_per_frame=0, alpha=10, beta=1, price_weight_bps=5000, uniform_price=False, roll_keeps_rank=True
)
"""Alpha = 10 beta, as printed. Slices are cut before an order reaches the frame: what it shows is in it."""
GRID_ID: Final = 0
"""Number of the grid among a frame's owners; EVs count from 1."""


class FrameMarket:
    """Orders of one frame.

    Parameters
    ----------
    frame : int
        The frame.
    terms : OrderTerms
        Prices and arrival.
    shown_wh : ndarray of int64, shape (evs,)
        What each order shows, without sign [Wh].
    buys : ndarray of bool, shape (evs,)
        Who buys.
    """

    def __init__(self, frame: int, terms: OrderTerms, shown_wh: IntArray, buys: BoolArray) -> None:
        placed = terms.arrival[shown_wh[terms.arrival] > 0].tolist()
        tick = terms.tick[:, frame].tolist()
        self._evs = len(shown_wh)
        self._orders = {
            position: AuctionOrder(
                participant_id=ev + 1,
                quantity_wh=int(shown_wh[ev]),
                peak_wh=0,
                tick=tick[ev],
                lock_ticks=0,
                rolls=0,
                side=Side.BID if buys[ev] else Side.ASK,
            )
            for position, ev in enumerate(placed)
        }

    def _queue(self, side: Side) -> SliceQueue:
        at = [position for position, order in self._orders.items() if order.side == side]
        return queue_of(self._orders, at, RANK_RULES)

    def by_priority(self, side: Side) -> list[int]:
        """Rank a side by (24).

        Parameters
        ----------
        side : Side
            Buyers or sellers.

        Returns
        -------
        list of int
            EVs, who is served first first.
        """
        return [self._orders[slice_.position].participant_id - 1 for slice_ in self._queue(side).waiting]

    def matched_wh(self, *, prices_cross: bool) -> IntArray:
        """Let buys meet sells.

        Parameters
        ----------
        prices_cross : bool
            Whether only orders on their side of the crossing price meet, as in the contract, or any.

        Returns
        -------
        ndarray of int64, shape (evs,)
            Energy between EVs, without sign; as much is sold as bought [Wh].
        """
        moved_wh = np.zeros(self._evs, dtype=np.int64)
        if prices_cross:
            queues = queues_of(self._orders, RANK_RULES)
        else:
            queues = self._queue(Side.BID), self._queue(Side.ASK)
        for buyer, seller, energy_wh in serve(self._orders, queues, RANK_RULES):
            for position in (buyer, seller):
                moved_wh[self._orders[position].participant_id - 1] += energy_wh
        return moved_wh

    def with_grid(self, offered_wh: int, taken_wh: int) -> tuple[IntArray, IntArray]:
        """Let the grid in, as a supplier who comes last on both sides; all orders accept its prices.

        Parameters
        ----------
        offered_wh : int
            Most that the grid offers; 0 or less for nothing [Wh].
        taken_wh : int
            Most that it takes; 0 or less for nothing [Wh].

        Returns
        -------
        tuple of ndarray of int64, shape (evs,)
            Energy between EVs, and energy with the grid, both without sign [Wh].
        """
        orders = self._at_grid_prices()
        place = len(self._orders)
        for side, quantity_wh in ((Side.ASK, offered_wh), (Side.BID, taken_wh)):
            if quantity_wh > 0:
                tick = GRID_ASK_TICK if side is Side.ASK else GRID_BID_TICK
                orders[place] = AuctionOrder(GRID_ID, quantity_wh, 0, tick, 0, 0, side, supplier=True)
                place += 1
        between_wh, grid_wh = (np.zeros(self._evs, dtype=np.int64) for _ in range(2))
        for positions in serve(orders, queues_of(orders, RANK_RULES), RANK_RULES):
            *pair, energy_wh = positions
            owners = [orders[position].participant_id for position in pair]
            moved_wh = grid_wh if GRID_ID in owners else between_wh
            for owner in owners:
                if owner != GRID_ID:
                    moved_wh[owner - 1] += energy_wh
        return between_wh, grid_wh

    def _at_grid_prices(self) -> dict[int, AuctionOrder]:
        orders = dict(self._orders)
        for side in Side:
            at = [position for position, order in self._orders.items() if order.side == side]
            ticks = ticks_by_rank(side, [self._orders[position].tick for position in at])
            for position, tick in zip(at, ticks, strict=True):
                orders[position] = replace(orders[position], tick=tick)
        return orders


def fill_in_order(priority: list[int], wanted_wh: IntArray, room_wh: int) -> IntArray:
    """Serve one after another until the room is used up.

    Parameters
    ----------
    priority : list of int
        EVs, who is served first first.
    wanted_wh : ndarray of int64, shape (evs,)
        What each wants [Wh].
    room_wh : int
        What there is; below zero means none [Wh].

    Returns
    -------
    ndarray of int64, shape (evs,)
        What each gets; the last one served may get a part [Wh].
    """
    wanted = wanted_wh[priority]
    before_wh = np.cumsum(wanted) - wanted
    served_wh = np.zeros(len(wanted_wh), dtype=np.int64)
    served_wh[priority] = np.clip(room_wh - before_wh, 0, wanted)
    return served_wh
