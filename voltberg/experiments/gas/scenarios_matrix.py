"""Further figures of the seasoned stage: the same operations over depth, batch size and state of the book."""

from __future__ import annotations

from voltberg.experiments.gas.book_desk import ASK, BID, ORDER_WH, TICK, order_id, placement, request, rest
from voltberg.experiments.gas.registry import Figures, scenario
from voltberg.experiments.gas.scenarios_book import (
    DEPTHS,
    LEVELS,
    place_behind,
    rest_ahead,
    take,
    take_slices,
)
from voltberg.experiments.gas.scenarios_house import rate, sell_to_few, settle
from voltberg.experiments.gas.scenarios_storage import MOVED_WH, booking
from voltberg.experiments.gas.stage import Stage
from voltberg.reference import words

DEPTH, BATCHES, STATES = "depth", "batch", "state"
"""Snapshots of this module."""
SIZES = (1, 2, 10, 100)
TAKEN = (1, 2, 5, 10, 20, 50)


@scenario(DEPTH, *(f"place.same_level.ahead_{count}" for count in DEPTHS))
def place_at_depth(stage: Stage) -> Figures:
    """Place behind orders of the same level."""
    return {f"place.same_level.ahead_{count}": place_behind(stage, count, 1) for count in DEPTHS}


@scenario(DEPTH, *(f"place.better_levels.ahead_{count}" for count in DEPTHS))
def place_behind_levels(stage: Stage) -> Figures:
    """Place behind orders of up to 90 better levels."""
    return {f"place.better_levels.ahead_{count}": place_behind(stage, count, LEVELS) for count in DEPTHS}


@scenario(DEPTH, *(f"cancel.last.ahead_{count}" for count in DEPTHS))
def cancel_at_depth(stage: Stage) -> Figures:
    """Cancel the last order of a level."""
    found = {}
    owner = stage.participants[0]
    for count in DEPTHS:
        with stage.rewound():
            rest(stage, count)
            stage.send(placement(owner, request(stage, ASK)))
            target = order_id(stage, ASK, TICK, count)
            found[f"cancel.last.ahead_{count}"] = stage.measure("cancel", owner, "book", "cancel", target)
    return found


@scenario(
    DEPTH,
    *(f"take_1.{where}.resting_{count}" for where in ("same_level", "levels") for count in DEPTHS[1:]),
)
def take_at_depth(stage: Stage) -> Figures:
    """Take the best order of a book with many."""
    found = {}
    for where, levels in (("same_level", 1), ("levels", LEVELS)):
        for count in DEPTHS[1:]:
            with stage.rewound():
                rest_ahead(stage, count, levels)
                word = request(stage, BID)
                gas = stage.measure("take", stage.participants[0], "book", "place", word)
                found[f"take_1.{where}.resting_{count}"] = gas
    return found


@scenario(BATCHES, *(f"settle_positions.batch_{count}" for count in SIZES))
def settlements(stage: Stage) -> Figures:
    """Settle batches, each the first one of its frame."""
    sell_to_few(stage)
    found = {}
    for count in SIZES:
        with stage.rewound():
            found[f"settle_positions.batch_{count}"] = settle(stage, count)
    return found


@scenario(BATCHES, *(f"settle_unmetered.batch_{count}" for count in SIZES))
def unmetered_settlements(stage: Stage) -> Figures:
    """Settle sellers that nobody has read, after the deadline."""
    sell_to_few(stage)
    window = stage.configuration.settlement.metering_window_seconds
    stage.travel_to(stage.start_of(stage.frame + 1) + window)
    found = {}
    for count in SIZES:
        with stage.rewound():
            ids = [actor.id for actor in stage.participants[:count]]
            found[f"settle_unmetered.batch_{count}"] = stage.measure(
                "settle_unmetered", stage.participants[0], "house", "settleUnmetered", stage.frame, ids
            )
    return found


@scenario(BATCHES, *(f"credit.batch_{count}" for count in SIZES))
def ratings(stage: Stage) -> Figures:
    """Enter batches of good ratings."""
    found = {}
    for count in SIZES:
        with stage.rewound():
            found[f"credit.batch_{count}"] = rate(stage, count)
    return found


@scenario(BATCHES, *(f"storage_in.batch_{count}" for count in SIZES))
def movements(stage: Stage) -> Figures:
    """Report energy into batches of bookings that have a report already."""
    stage.send(*(booking(actor, stage) for actor in stage.participants[: max(SIZES)]))
    for ahead in (1, 2):
        stage.travel_to(stage.start_of(stage.frame + ahead))
        records = [words.pack_movement(number, MOVED_WH, 0) for number in range(1, max(SIZES) + 1)]
        if ahead == 1:
            stage.send((stage.meter, "storage", "move", (stage.frame, records)))
    found = {}
    for count in SIZES:
        with stage.rewound():
            found[f"storage_in.batch_{count}"] = stage.measure(
                "storage_in", stage.meter, "storage", "move", stage.frame + 1, records[:count]
            )
    return found


@scenario(BATCHES, *(f"release.batch_{count}" for count in SIZES))
def releases(stage: Stage) -> Figures:
    """Give the locks of orders of different makers back after gate closure."""
    rest(stage, max(SIZES))
    stage.travel_to(stage.start_of(stage.frame))
    found = {}
    for count in SIZES:
        with stage.rewound():
            ids = [order_id(stage, ASK, TICK, index) for index in range(count)]
            found[f"release.batch_{count}"] = stage.measure(
                "release", stage.participants[0], "book", "release", ids
            )
    return found


@scenario(BATCHES, *(f"refuse.batch_{count}" for count in SIZES[:-1]))
def refusals(stage: Stage) -> Figures:
    """Take trades of different sellers with one buyer out of the positions."""
    rest(stage, SIZES[-2])
    buyer = stage.participants[0]
    stage.send(placement(buyer, request(stage, BID, quantity_wh=SIZES[-2] * ORDER_WH)))
    lead = stage.configuration.settlement.gate_closure_lead_seconds
    stage.travel_to(stage.start_of(stage.frame) - lead)
    found = {}
    for count in SIZES[:-1]:
        with stage.rewound():
            entries = [
                words.pack_refusal(buyer.id, seller.id, ORDER_WH, TICK)
                for seller in stage.participants[1 : count + 1]
            ]
            found[f"refuse.batch_{count}"] = stage.measure(
                "refuse", stage.operator, "book", "refuseTrades", stage.frame, entries
            )
    return found


@scenario(STATES, *(f"take.one_level.orders_{count}" for count in TAKEN))
def takes_of_one_level(stage: Stage) -> Figures:
    """Take whole orders of different makers from one level that keeps two."""
    return {f"take.one_level.orders_{count}": take(stage, count) for count in TAKEN}


@scenario(STATES, *(f"take.level_each.orders_{count}" for count in TAKEN))
def takes_of_many_levels(stage: Stage) -> Figures:
    """Take whole orders of different makers, each from a level of its own that it empties."""
    found = {}
    for count in TAKEN:
        with stage.rewound():
            rest_ahead(stage, count + 1, count + 1)
            word = request(stage, BID, quantity_wh=count * ORDER_WH)
            gas = stage.measure("take", stage.participants[0], "book", "place", word)
            found[f"take.level_each.orders_{count}"] = gas
    return found


@scenario(STATES, *(f"take.after_cancelled_{count}" for count in TAKEN))
def takes_behind_cancelled(stage: Stage) -> Figures:
    """Take one order that stands behind cancelled ones."""
    found = {}
    for count in TAKEN:
        with stage.rewound():
            rest(stage, count + 2)
            makers = stage.participants[1:]
            stage.send(
                *(
                    (makers[index], "book", "cancel", (order_id(stage, ASK, TICK, index),))
                    for index in range(count)
                )
            )
            word = request(stage, BID)
            gas = stage.measure("take", stage.participants[0], "book", "place", word)
            found[f"take.after_cancelled_{count}"] = gas
    return found


@scenario(STATES, *(f"take.slices_of_5_icebergs.slices_{count}" for count in TAKEN[2:]))
def takes_of_slices(stage: Stage) -> Figures:
    """Take slices of five icebergs that cycle."""
    return {f"take.slices_of_5_icebergs.slices_{count}": take_slices(stage, 5, count) for count in TAKEN[2:]}


@scenario(STATES, "place.bid.new_level", "place.bid.existing_level", "place.partly_filled", "take.part")
def other_places(stage: Stage) -> Figures:
    """Place bids, an order that trades and rests, and one that takes a part of an order."""
    actor = stage.participants[0]
    found = {}
    with stage.rewound():
        rest(stage, 1, BID, TICK + 1)
        word = request(stage, BID)
        with stage.rewound():
            found["place.bid.new_level"] = stage.measure("bid", actor, "book", "place", word)
        rest(stage, 1, BID, TICK, first=2)
        found["place.bid.existing_level"] = stage.measure("bid", actor, "book", "place", word)
    rest(stage, 2)
    for name, quantity_wh in (("place.partly_filled", 3 * ORDER_WH), ("take.part", ORDER_WH // 2)):
        with stage.rewound():
            word = request(stage, BID, quantity_wh=quantity_wh)
            found[name] = stage.measure("take", actor, "book", "place", word)
    return found
