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
    """Slices of one side.

    Attributes
    ----------
    waiting : list of Priority
        A heap of those that wait.
    time_ranks : int
        Time ranks given so far.
    left_wh : dict of int to int
        What is left of the offers, by position [Wh].
    first_ranks : dict of int to int
        Time ranks of the first slices, by position.
    newest : dict of int to Priority
        The newest slice of every order, by position.
    served : list of Priority
        Slices that were begun, in order.
    current : Priority or None
        The slice being served.
    slice_wh : int
        What is left of it [Wh].
    """

    waiting: list[Priority]
    time_ranks: int
    left_wh: dict[int, int]
    first_ranks: dict[int, int]
    newest: dict[int, Priority]
    served: list[Priority] = field(default_factory=list)
    current: Priority | None = None
    slice_wh: int = 0

    def positions(self) -> tuple[int, ...]:
        """Positions of the slices that were begun, in order."""
        return tuple(slice_.position for slice_ in self.served)


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


def queues_of(live: Mapping[int, AuctionOrder], rules: AuctionRules) -> tuple[SliceQueue, SliceQueue]:
    """First slices of the eligible bids and asks, by priority (A3, A4)."""
    _, price, matched = crossing_of(live.values(), rules.slices_per_frame)
    bids = [at for at, order in live.items() if order.side == Side.BID and order.tick >= price]
    asks = [at for at, order in live.items() if order.side == Side.ASK and order.tick <= price]
    return (queue_of(live, bids if matched else [], rules), queue_of(live, asks if matched else [], rules))


def queue_of(live: Mapping[int, AuctionOrder], eligible: Sequence[int], rules: AuctionRules) -> SliceQueue:
    """Rank first slices of a side, whatever their prices (A4).

    Parameters
    ----------
    live : Mapping of int to AuctionOrder
        Orders by position.
    eligible : Sequence of int
        Positions of one side, in ascending order.
    rules : AuctionRules
        Settings.

    Returns
    -------
    SliceQueue
        Their first slices, who is served first first.
    """
    ticks = sorted({live[at].tick for at in eligible})
    if eligible and live[eligible[0]].side == Side.BID:
        ticks.reverse()
    price_ranks = {tick: rank for rank, tick in enumerate(ticks)}
    newest, first_ranks, time_rank, before = {}, {}, -1, None
    for at in eligible:
        order = live[at]
        time_rank += order.participant_id != before
        before = order.participant_id
        rank = price_ranks[order.tick]
        first_ranks[at] = time_rank
        newest[at] = Priority(order.supplier, _weight(rules, rank, time_rank), rank, at)
    offers = {at: offer_wh(live[at], rules.slices_per_frame) for at in eligible}
    return SliceQueue(sorted(newest.values()), time_rank + 1, offers, first_ranks, newest)


def serve(
    live: Mapping[int, AuctionOrder],
    queues: tuple[SliceQueue, SliceQueue],
    rules: AuctionRules,
    most: int | None = None,
) -> list[tuple[int, int, int]]:
    """Let slices meet until one side has none left.

    Parameters
    ----------
    live : Mapping of int to AuctionOrder
        Orders by position.
    queues : tuple of SliceQueue
        Bids and asks; changed.
    rules : AuctionRules
        Settings.
    most : int or None, optional
        Meetings after which to stop.

    Returns
    -------
    list of tuple of int
        Buyer's and seller's position and energy [Wh] of each meeting.
    """
    met: list[tuple[int, int, int]] = []
    while all(queue.current or queue.waiting for queue in queues) and len(met) != most:
        buyer, seller = (_front(queue, live) for queue in queues)
        energy_wh = min(queue.slice_wh for queue in queues)
        met.append((buyer.position, seller.position, energy_wh))
        _use(queues[0], buyer, energy_wh, rules)
        _use(queues[1], seller, energy_wh, rules)
    return met


def _front(queue: SliceQueue, live: Mapping[int, AuctionOrder]) -> Priority:
    """Give the slice being served; without one the next begins."""
    if queue.current is None:
        queue.current = heapq.heappop(queue.waiting)
        left_wh = queue.left_wh[queue.current.position]
        queue.slice_wh = min(live[queue.current.position].peak_wh or left_wh, left_wh)
        queue.served.append(queue.current)
    return queue.current


def _use(queue: SliceQueue, slice_: Priority, energy_wh: int, rules: AuctionRules) -> None:
    """Take energy off a side's slice; one that is used up is followed by its order's next one."""
    queue.left_wh[slice_.position] -= energy_wh
    queue.slice_wh -= energy_wh
    if queue.slice_wh:
        return
    queue.current = None
    if queue.left_wh[slice_.position]:
        following = slice_._replace(weight=_weight(rules, slice_.price_rank, queue.time_ranks))
        queue.time_ranks += 1
        queue.newest[slice_.position] = following
        heapq.heappush(queue.waiting, following)


def _weight(rules: AuctionRules, price_rank: int, time_rank: int) -> int:
    if rules.alpha == 0:
        return (price_rank << LEXICOGRAPHIC_SHIFT) + time_rank
    return rules.alpha * price_rank + rules.beta * time_rank
