"""Scenarios of the frame auction: placing, cancelling, clearing the committed frames."""

from __future__ import annotations

from voltberg.experiments.gas.auction_desk import clearing_for, frame_request, gate_closure, trade_frame
from voltberg.experiments.gas.auction_frames import read_frame
from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.stage import Stage

BATCH = 10


@scenario(MARKET, "frame_place", "frame_place_iceberg", "frame_cancel", "frame_place_batch10_each")
def frame_placing(stage: Stage) -> Figures:
    """Place an order, an iceberg, ten at once, and cancel one, behind a hundred others."""
    trade_frame(stage, "100")
    orders = read_frame("100_half_iceberg")
    plain = next(order for order in orders if not order.peak_wh)
    iceberg = next(order for order in orders if order.peak_wh)
    frame, actor = stage.frame_of("auction"), stage.participants[plain.account]
    place = stage.measure("frame_place", actor, "auction", "place", frame_request(stage, plain))
    peaked = stage.measure("frame_place_iceberg", actor, "auction", "place", frame_request(stage, iceberg))
    cancel = stage.measure("frame_cancel", actor, "auction", "cancel", frame, frame, 100)
    requests = [frame_request(stage, order) for order in orders[:BATCH]]
    batch = stage.measure("frame_place_batch10", actor, "auction", "placeMany", frame, requests)
    return {
        "frame_place": place,
        "frame_place_iceberg": peaked,
        "frame_cancel": cancel,
        "frame_place_batch10_each": -(-batch // BATCH),
    }


def cleared(stage: Stage, name: str, label: str) -> tuple[int, int]:
    """Place and clear a committed frame; return the gas of the clear and the count of fills."""
    trade_frame(stage, name)
    clearing, result = clearing_for(stage, read_frame(name))
    stage.travel_to(gate_closure(stage))
    args = (stage.frame_of("auction"), clearing)
    return stage.measure(label, stage.participants[0], "auction", "clear", *args), len(result.fills)


@scenario(MARKET, "frame_clear_100_total", "frame_clear_100_per_fill")
def frame_clear_100(stage: Stage) -> Figures:
    """Clear 100 orders of 100 accounts, whole and for each fill, rounded up."""
    gas, fills = cleared(stage, "100", "frame_clear_100_total")
    return {"frame_clear_100_total": gas, "frame_clear_100_per_fill": -(-gas // fills)}


@scenario(MARKET, "frame_clear_100_half_iceberg_total", "frame_clear_100_half_iceberg_per_fill")
def frame_clear_100_half_iceberg(stage: Stage) -> Figures:
    """Clear 100 orders of which half are icebergs of five slices."""
    gas, fills = cleared(stage, "100_half_iceberg", "frame_clear_100_half_iceberg_total")
    return {
        "frame_clear_100_half_iceberg_total": gas,
        "frame_clear_100_half_iceberg_per_fill": -(-gas // fills),
    }


@scenario(MARKET, "frame_clear_1000")
def frame_clear_1000(stage: Stage) -> Figures:
    """Clear 1000 orders of which a fifth are icebergs."""
    return {"frame_clear_1000": cleared(stage, "1000", "frame_clear_1000")[0]}
