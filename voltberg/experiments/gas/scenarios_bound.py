"""Scenarios of participants for whom the threshold binds, and of deliveries that fall short."""

from __future__ import annotations

from voltberg.experiments.gas.book_desk import ORDER_WH
from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.scenarios_house import BATCH, sell_to_few
from voltberg.experiments.gas.scenarios_roots import NOT_READ, SALE_WH, SELLERS, cleared, report, shown
from voltberg.experiments.gas.stage import Stage
from voltberg.reference import words
from voltberg.reference.record_tree import CHUNK_RECORDS

CHUNKS = -(-SELLERS // CHUNK_RECORDS)
DELIVERED_WH = SALE_WH * 9 // 10


def _bind(stage: Stage) -> None:
    """Rate everybody well as often as the threshold needs to bind."""
    records = [words.pack_rating(actor.id, SALE_WH, 1) for actor in stage.participants]
    for _ in range(stage.configuration.rating.binding_frames):
        stage.send((stage.meter, "house", "rate", (records,)))


@scenario(MARKET, "credit_bound_batch100_each", "settle_positions_bound_batch100_each")
def bound_positions(stage: Stage) -> Figures:
    """Rate a hundred for whom the threshold binds, and settle their positions, each rounded up."""
    _bind(stage)
    chosen = stage.participants[:BATCH]
    with stage.rewound():
        records = [words.pack_rating(actor.id, ORDER_WH, 1) for actor in chosen]
        credit = stage.measure("", stage.meter, "house", "rate", records)
    sell_to_few(stage)
    readings = [words.pack_reading(actor.id, ORDER_WH) for actor in chosen]
    positions = stage.measure("", stage.meter, "house", "reportDelivery", stage.frame, readings)
    return {
        "credit_bound_batch100_each": -(-credit // BATCH),
        "settle_positions_bound_batch100_each": -(-positions // BATCH),
    }


@scenario(MARKET, "settle_bound_batch100_each", "settle_short_batch100_each")
def bound_records(stage: Stage) -> Figures:
    """Settle a hundred sellers from a root: the threshold binds for all; all deliver a tenth too little."""
    result = cleared(stage)
    stage.travel_to(stage.start_of(stage.frame_of("auction") + 1))
    part = shown(result, 0, CHUNKS)
    with stage.rewound():
        _bind(stage)
        bound = report(stage, part, SELLERS)
    readings = b"".join(
        (DELIVERED_WH if place < SELLERS else NOT_READ).to_bytes(5, "big") for place in range(len(part[1]))
    )
    args = (stage.frame_of("auction"), *part, readings)
    short = stage.measure("", stage.meter, "house", "reportDeliveryFromRoot", *args)
    return {
        "settle_bound_batch100_each": -(-bound // SELLERS),
        "settle_short_batch100_each": -(-short // SELLERS),
    }
