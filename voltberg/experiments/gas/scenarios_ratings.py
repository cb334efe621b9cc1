"""Scenarios of participants with few ratings or at the binding one, and of deliveries that fall short."""

from __future__ import annotations

from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.scenarios_house import BATCH, rate, sell_to_few, settle
from voltberg.experiments.gas.scenarios_roots import SALE_WH, SELLERS, cleared, report, shown
from voltberg.experiments.gas.seasoning import establish, rate_up_to
from voltberg.experiments.gas.stage import Stage
from voltberg.reference.record_tree import CHUNK_RECORDS

CHUNKS = -(-SELLERS // CHUNK_RECORDS)
TOLERATED_WH = SALE_WH * 9 // 10
BAD_WH = SALE_WH * 8 // 10


@scenario(MARKET, "credit_few_ratings_batch100_each", "settle_positions_few_ratings_batch100_each")
def few_ratings_positions(stage: Stage) -> Figures:
    """Rate a hundred with two ratings at most, and settle their positions, each rounded up."""
    with stage.rewound():
        credit = rate(stage, BATCH, "")
    sell_to_few(stage)
    positions = settle(stage, BATCH, "")
    return {
        "credit_few_ratings_batch100_each": -(-credit // BATCH),
        "settle_positions_few_ratings_batch100_each": -(-positions // BATCH),
    }


@scenario(MARKET, "credit_binding_batch100_each", "settle_binding_batch100_each")
def binding_ratings(stage: Stage) -> Figures:
    """Rate a hundred, and settle them from a root, at the rating from which the threshold binds."""
    rate_up_to(stage, stage.configuration.rating.binding_frames - 1)
    with stage.rewound():
        credit = rate(stage, BATCH, "")
    result = cleared(stage)
    stage.travel_to(stage.start_of(stage.frame_of("auction") + 1))
    records = report(stage, shown(result, 0, CHUNKS), SELLERS)
    return {
        "credit_binding_batch100_each": -(-credit // BATCH),
        "settle_binding_batch100_each": -(-records // SELLERS),
    }


@scenario(
    MARKET, "settle_few_ratings_batch100_each", "settle_short_batch100_each", "settle_bad_batch100_each"
)
def short_records(stage: Stage) -> Figures:
    """Settle a hundred from a root: with few ratings; and established, all a tenth short, or two tenths."""
    result = cleared(stage)
    stage.travel_to(stage.start_of(stage.frame_of("auction") + 1))
    part = shown(result, 0, CHUNKS)
    with stage.rewound():
        few = report(stage, part, SELLERS)
    establish(stage)
    with stage.rewound():
        short = report(stage, part, SELLERS, delivered_wh=TOLERATED_WH)
    bad = report(stage, part, SELLERS, delivered_wh=BAD_WH)
    return {
        "settle_few_ratings_batch100_each": -(-few // SELLERS),
        "settle_short_batch100_each": -(-short // SELLERS),
        "settle_bad_batch100_each": -(-bad // SELLERS),
    }
