"""Who is served when in an auction's frame: offers, crossing, priorities and slices (A2 to A4)."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from voltberg.models import Side
from voltberg.reference.auction_words import AuctionOrder
from voltberg.units import DEFAULT_TICKS

LEXICOGRAPHIC_SHIFT: Final = 40


class AuctionRules(NamedTuple):
    """Settings that decide a frame: slices, weights and price as in ``IFrameAuction.Params``."""

    slices_per_frame: int
    alpha: int
    beta: int
    price_weight_bps: int
    uniform_price: bool
    roll_keeps_rank: bool


class Priority(NamedTuple):
    """Where a slice stands on its side (A4); compared field by field, the least is served first."""

    supplier: bool
    weight: int
    price_rank: int
    position: int


@dataclass(slots=True)
class SliceQueue:
    """Slices of one side that wait, the time ranks given so far, and whose slices were begun."""

    waiting: list[Priority]
    time_ranks: int
    served: list[int] = field(default_factory=list)
    current: Priority | None = None
    slice_wh: int = 0


def offer_wh(order: AuctionOrder, slices_per_frame: int) -> int:
    """Compute what an order offers in a frame [Wh] (A2)."""
    if not slices_per_frame or not order.peak_wh:
        return order.quantity_wh
    return min(order.quantity_wh, slices_per_frame * order.peak_wh)


def crossing_of(orders: Iterable[AuctionOrder], slices_per_frame: int) -> tuple[int, int, bool]:
    """Find the crossing (A3).

    Parameters
    ----------
    orders : Iterable of AuctionOrder
        Live orders of both sides.
    slices_per_frame : int
        Slices that an order offers.

    Returns
    -------
    tuple of int, int and bool
        The lowest tick at which supply is at least demand, the crossing price, whether anything is matched.
    """
    wanted, offered = [0] * (DEFAULT_TICKS + 1), [0] * (DEFAULT_TICKS + 1)
    for order in orders:
        (wanted if order.side == Side.BID else offered)[order.tick] += offer_wh(order, slices_per_frame)
    demand, supply = wanted, offered
    for tick in range(1, DEFAULT_TICKS + 1):
        supply[tick] += supply[tick - 1]
        demand[-1 - tick] += demand[-tick]
    crossing = next(tick for tick in range(DEFAULT_TICKS + 1) if supply[tick] >= demand[tick])
    price = crossing
    if crossing:
        here = (demand[crossing], supply[crossing] - demand[crossing])
        below = (supply[crossing - 1], demand[crossing - 1] - supply[crossing - 1])
        if below[0] > here[0] or (below[0] == here[0] and below[1] <= here[1]):
            pair = (demand[crossing - 1], supply[crossing - 1])
            price = next(t for t in range(crossing) if (demand[t], supply[t]) == pair)
    return crossing, price, min(demand[price], supply[price]) > 0


def queue_of(live: Mapping[int, AuctionOrder], eligible: Sequence[int], rules: AuctionRules) -> SliceQueue:
    """First slices of a side by priority (A4)."""
    ticks = sorted({live[at].tick for at in eligible})
    if eligible and live[eligible[0]].side == Side.BID:
        ticks.reverse()
    price_ranks = {tick: rank for rank, tick in enumerate(ticks)}
    waiting, time_rank, before = [], -1, None
    for at in eligible:
        order = live[at]
        time_rank += order.participant_id != before
        before = order.participant_id
        rank = price_ranks[order.tick]
        waiting.append(Priority(order.supplier, _weight(rules, rank, time_rank), rank, at))
    heapq.heapify(waiting)
    return SliceQueue(waiting, time_rank + 1)


def serve(
    live: Mapping[int, AuctionOrder], queues: tuple[SliceQueue, SliceQueue], rules: AuctionRules
) -> list[tuple[int, int, int]]:
    """Let slices meet until one side has none left: buyer's and seller's position and energy [Wh] each."""
    left = {slice_.position: offer_wh(live[slice_.position], rules.slices_per_frame)
            for queue in queues for slice_ in queue.waiting}  # fmt: skip
    met = []
    while all(queue.current or queue.waiting for queue in queues):
        for queue in queues:
            if queue.current is None:
                queue.current = heapq.heappop(queue.waiting)
                at = queue.current.position
                queue.slice_wh = min(live[at].peak_wh or left[at], left[at])
                queue.served.append(at)
        energy_wh = min(queue.slice_wh for queue in queues)
        buyer, seller = (queue.current.position for queue in queues if queue.current)
        met.append((buyer, seller, energy_wh))
        for queue in queues:
            _use(queue, energy_wh, left, rules)
    return met


def _use(queue: SliceQueue, energy_wh: int, left: dict[int, int], rules: AuctionRules) -> None:
    """Take energy off a side's slice; one that is used up is followed by its order's next one."""
    slice_ = queue.current
    if slice_ is None:
        return
    left[slice_.position] -= energy_wh
    queue.slice_wh -= energy_wh
    if queue.slice_wh:
        return
    queue.current = None
    if left[slice_.position]:
        weight = _weight(rules, slice_.price_rank, queue.time_ranks)
        queue.time_ranks += 1
        heapq.heappush(queue.waiting, slice_._replace(weight=weight))


def _weight(rules: AuctionRules, price_rank: int, time_rank: int) -> int:
    if rules.alpha == 0:
        return (price_rank << LEXICOGRAPHIC_SHIFT) + time_rank
    return rules.alpha * price_rank + rules.beta * time_rank
