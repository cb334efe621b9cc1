"""What a frame auction comes to: rules A1 to A9 as one pure function of a frame's words and the settings.

The contract does not compute this, it verifies what it is given. Here everything is computed from nothing:
two heaps, one for each side, and no knowledge of how the contract checks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from voltberg.models import Side
from voltberg.reference.auction_sequence import Entry, by_participant, live_orders, sequence_of
from voltberg.reference.auction_service import AuctionRules, Priority, crossing_of, queues_of, serve
from voltberg.reference.auction_words import (
    AuctionFill,
    AuctionOrder,
    AuctionRecord,
    is_cancel,
    pack_auction_order,
    pack_carried,
    pack_record,
    unpack_auction_order,
)
from voltberg.reference.record_tree import chunk_hashes, root_of
from voltberg.reference.words import MASK_32
from voltberg.units import BPS

NO_PRICE_TICK: Final = 255
"""Stands for the uniform price where there is none, and for a fill's tick where it is uniform."""
ROLLED_ORDERS: Final = 512
"""Most orders of a side that enter the next frame (A6)."""


@dataclass(frozen=True, slots=True)
class FrameResult:
    """Everything that clearing a frame comes to.

    Attributes
    ----------
    crossing : int
        The lowest tick at which supply is at least demand, 0 .. 192.
    crossing_tick : int
        The crossing price (A3).
    uniform_tick : int
        The one price, or 255.
    participants : tuple of int
        All positions by participant, then by position.
    priorities : dict of int to Priority
        Of the first slices of the eligible orders, by position.
    bid_service, ask_service : tuple of int
        Positions in the order in which their slices begin to be served.
    fills : tuple of AuctionFill
        Fills in order.
    rolled : tuple of int
        Positions that roll on, in order.
    carried : tuple of int
        Their words for the next frame.
    records : tuple of int
        Record words by participant.
    root : bytes
        Root over the records.
    traded_wh : int
        Energy of all fills [Wh].
    """

    crossing: int
    crossing_tick: int
    uniform_tick: int
    participants: tuple[int, ...]
    priorities: dict[int, Priority]
    bid_service: tuple[int, ...]
    ask_service: tuple[int, ...]
    fills: tuple[AuctionFill, ...]
    rolled: tuple[int, ...]
    carried: tuple[int, ...]
    records: tuple[int, ...]
    root: bytes
    traded_wh: int


def clear_frame(
    frame: int,
    words: Sequence[int],
    carried: Sequence[int],
    rules: AuctionRules,
    fee_ticks: int,
    tick_micro_per_wh: int,
) -> FrameResult:
    """Clear a frame.

    Parameters
    ----------
    frame : int
        The frame.
    words : Sequence of int
        Words of its chain.
    carried : Sequence of int
        Carried words that entered it.
    rules : AuctionRules
        Settings.
    fee_ticks : int
        Fees of the frame [ticks].
    tick_micro_per_wh : int
        Money per Wh and tick [micro].

    Returns
    -------
    FrameResult
        The one result that the frame can have.
    """
    entries = sequence_of(frame, words, carried, roll_keeps_rank=rules.roll_keeps_rank)
    live = live_orders(entries)
    crossing, price, _ = crossing_of(live.values(), rules.slices_per_frame)
    queues = queues_of(live, rules)
    priorities = {slice_.position: slice_ for queue in queues for slice_ in queue.waiting}
    uniform_tick, fills = _priced(serve(live, queues, rules), live, rules)
    rests = {position: order.quantity_wh for position, order in live.items()}
    for fill in fills:
        rests[fill.buyer_position] -= fill.energy_wh
        rests[fill.seller_position] -= fill.energy_wh
    rolled = _rolling(live, rests, priorities)
    records = _records(entries, live, fills, set(rolled), fee_ticks, tick_micro_per_wh, uniform_tick)
    return FrameResult(
        crossing=crossing,
        crossing_tick=price,
        uniform_tick=uniform_tick,
        participants=by_participant(entries),
        priorities=priorities,
        bid_service=queues[Side.BID].positions(),
        ask_service=queues[Side.ASK].positions(),
        fills=tuple(fills),
        rolled=rolled,
        carried=tuple(_carried_word(entries[at], live[at], rests[at]) for at in rolled),
        records=records,
        root=root_of(chunk_hashes(records)),
        traded_wh=sum(fill.energy_wh for fill in fills),
    )


def void_records(entries: Sequence[Entry], tick_micro_per_wh: int) -> tuple[int, ...]:
    """Write the records of a frame that ends without a result: every order gets its lock back (M7)."""
    return _records(entries, {}, (), set(), 0, tick_micro_per_wh, NO_PRICE_TICK)


def _priced(
    met: Sequence[tuple[int, int, int]], live: Mapping[int, AuctionOrder], rules: AuctionRules
) -> tuple[int, list[AuctionFill]]:
    """Price every meeting (A5): the uniform tick, or 255, and the fills."""
    if not met:
        return NO_PRICE_TICK, []
    if not rules.uniform_price:
        return NO_PRICE_TICK, [
            AuctionFill(buyer, seller, wh, _price(live[buyer].tick, live[seller].tick, rules))
            for buyer, seller, wh in met
        ]
    bid = min(live[buyer].tick for buyer, _, _ in met)
    ask = max(live[seller].tick for _, seller, _ in met)
    fills = [AuctionFill(buyer, seller, wh, NO_PRICE_TICK) for buyer, seller, wh in met]
    return _price(bid, ask, rules), fills


def _price(bid_tick: int, ask_tick: int, rules: AuctionRules) -> int:
    share = rules.price_weight_bps
    return (share * bid_tick + (BPS - share) * ask_tick) // BPS


def _rolling(
    live: Mapping[int, AuctionOrder], rests: Mapping[int, int], priorities: Mapping[int, Priority]
) -> tuple[int, ...]:
    """Positions that roll on (A6): by side those eligible by priority, then the others by position."""
    last = Priority(True, 1 << 256, 0, 0)

    def key(at: int) -> tuple[bool, Priority, int]:
        priority = priorities.get(at)
        return priority is None, priority or last, at

    rolled: list[int] = []
    for side in Side:
        own = [at for at, order in live.items() if order.side == side and order.rolls and rests[at]]
        rolled += sorted(own, key=key)[:ROLLED_ORDERS]
    return tuple(rolled)


def _carried_word(entry: Entry, order: AuctionOrder, rest_wh: int) -> int:
    rest = replace(order, quantity_wh=rest_wh, rolls=order.rolls - 1)
    return pack_carried(pack_auction_order(rest), entry.origin_frame, entry.number)


def _records(
    entries: Sequence[Entry],
    live: Mapping[int, AuctionOrder],
    fills: Sequence[AuctionFill],
    rolled: set[int],
    fee_ticks: int,
    tick_micro_per_wh: int,
    uniform_tick: int,
) -> tuple[int, ...]:
    """Sum what each participant bought, sold and gets back (A9); money in ticks x Wh until the end."""
    totals: dict[int, list[int]] = {entry.word & MASK_32: [0] * 6 for entry in entries}
    filled: defaultdict[int, int] = defaultdict(int)
    for fill in fills:
        wh, tick = fill.energy_wh, fill.tick if uniform_tick == NO_PRICE_TICK else uniform_tick
        buy, sell = live[fill.buyer_position], live[fill.seller_position]
        bought, sold = totals[buy.participant_id], totals[sell.participant_id]
        filled[fill.buyer_position] += wh
        filled[fill.seller_position] += wh
        bought[0] += wh
        bought[2] += wh * tick
        bought[5] += wh * (buy.lock_ticks - tick - fee_ticks)
        sold[1] += wh
        sold[3] += wh * tick
        sold[4] += wh * sell.lock_ticks
    for entry in entries:
        if not is_cancel(entry.word) and entry.position not in rolled:
            order = unpack_auction_order(entry.word)
            rest_wh = order.quantity_wh - filled[entry.position]
            totals[order.participant_id][5] += rest_wh * order.lock_ticks
    return tuple(
        pack_record(AuctionRecord(owner, bought, sold, *(amount * tick_micro_per_wh for amount in amounts)))
        for owner, (bought, sold, *amounts) in sorted(totals.items())
    )
