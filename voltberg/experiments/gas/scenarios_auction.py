"""Scenarios of the frame auction: placing, cancelling, clearing the committed frames, all of it together."""

from __future__ import annotations

from voltberg.experiments.gas.auction_desk import (
    clearing_for,
    frame_request,
    gate_closure,
    placement,
    settlement,
    trade_frame,
)
from voltberg.experiments.gas.auction_frames import read_frame
from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.seasoning import establish
from voltberg.experiments.gas.stage import Actor, Stage, Step
from voltberg.models import Role
from voltberg.reference.auction_batches import pack_cancel_entry, pack_order_entry

BATCH = 10
ANY_QUANTITY_WH, HIGHEST_TICK, LOWEST_TICK, ANY_FRAME = 2**32 - 1, 191, 0, 2**32 - 1


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


def _name_exchange(stage: Stage, exchange: Actor, last_frame: int) -> None:
    """Let ten participants name an exchange, for any prices and quantities."""
    limits = (ANY_QUANTITY_WH, HIGHEST_TICK, LOWEST_TICK, last_frame)
    args = (exchange.id, *limits)
    stage.send(*((actor, "auction", "nameExchange", args) for actor in stage.participants[:BATCH]))


@scenario(
    MARKET,
    "frame_place_exchange10_each",
    "frame_place_exchange10_until_each",
    "frame_cancel_exchange10_each",
)
def frame_exchange(stage: Stage) -> Figures:
    """Let an exchange place for ten consumers and cancel for them; also within mandates that end."""
    trade_frame(stage, "100")
    frame, exchange = stage.frame_of("auction"), stage.participants[-1]
    stage.send((stage.supervisor, "registry", "setRoles", (exchange.address, int(Role.EXCHANGE))))
    consumers = stage.participants[:BATCH]
    requests = [frame_request(stage, order) for order in read_frame("100")[:BATCH]]
    entries = [
        pack_order_entry(request, consumer.address)
        for request, consumer in zip(requests, consumers, strict=True)
    ]
    figures = {}
    for name, last_frame in (("frame_place_exchange10", ANY_FRAME), ("frame_place_exchange10_until", frame)):
        _name_exchange(stage, exchange, last_frame)
        gas = stage.measure(name, exchange, "auction", "placeFor", frame, entries)
        figures[f"{name}_each"] = -(-gas // BATCH)
    names = [
        pack_cancel_entry(frame, 100 + number, consumer.address) for number, consumer in enumerate(consumers)
    ]
    gas = stage.measure("frame_cancel_exchange10", exchange, "auction", "cancelFor", frame, names)
    return figures | {"frame_cancel_exchange10_each": -(-gas // BATCH)}


def cleared(stage: Stage, name: str, label: str) -> tuple[int, int]:
    """Place and clear a committed frame; return the gas of the clear and the count of fills."""
    trade_frame(stage, name)
    clearing, result = clearing_for(stage, read_frame(name))
    stage.travel_to(gate_closure(stage))
    args = (stage.frame_of("auction"), clearing)
    return stage.measure(label, stage.participants[0], "auction", "clear", *args), len(result.fills)


def _totals(stage: Stage, frame: str) -> Figures:
    """Clear a committed frame: whole, and for each fill, rounded up."""
    label = f"frame_clear_{frame}_total"
    gas, fills = cleared(stage, frame, label)
    return {label: gas, f"frame_clear_{frame}_per_fill": -(-gas // fills)}


@scenario(MARKET, "frame_clear_100_total", "frame_clear_100_per_fill")
def frame_clear_100(stage: Stage) -> Figures:
    """Clear 100 orders of 100 accounts."""
    return _totals(stage, "100")


@scenario(MARKET, "frame_clear_100_shallow_total", "frame_clear_100_shallow_per_fill")
def frame_clear_100_shallow(stage: Stage) -> Figures:
    """Clear 100 orders of which fewer cross."""
    return _totals(stage, "100_shallow")


@scenario(MARKET, "frame_clear_100_half_iceberg_total", "frame_clear_100_half_iceberg_per_fill")
def frame_clear_100_half_iceberg(stage: Stage) -> Figures:
    """Clear 100 orders of which half are icebergs of five slices."""
    return _totals(stage, "100_half_iceberg")


@scenario(MARKET, "frame_clear_100_half_iceberg_deep_total", "frame_clear_100_half_iceberg_deep_per_fill")
def frame_clear_100_half_iceberg_deep(stage: Stage) -> Figures:
    """Clear 100 orders of which half are icebergs and more cross."""
    return _totals(stage, "100_half_iceberg_deep")


@scenario(MARKET, "frame_clear_1000")
def frame_clear_1000(stage: Stage) -> Figures:
    """Clear 1000 orders of which a fifth are icebergs."""
    return {"frame_clear_1000": cleared(stage, "1000", "frame_clear_1000")[0]}


@scenario(MARKET, "frame_clear_1000_deep")
def frame_clear_1000_deep(stage: Stage) -> Figures:
    """Clear 1000 orders of which a fifth are icebergs and more cross."""
    return {"frame_clear_1000_deep": cleared(stage, "1000_deep", "frame_clear_1000_deep")[0]}


def _measured(stage: Stage, step: Step) -> int:
    sender, contract, function, args = step
    return stage.measure("all_in_part", sender, contract, function, *args)


@scenario(MARKET, "all_in_100")
def all_in(stage: Stage) -> Figures:
    """Place, clear and settle a frame of 100 orders of 100 accounts: what each of them costs altogether."""
    establish(stage)
    orders, frame = read_frame("100"), stage.frame_of("auction")
    gas = sum(_measured(stage, placement(stage, order)) for order in orders)
    clearing, _ = clearing_for(stage, orders)
    stage.travel_to(gate_closure(stage))
    gas += _measured(stage, (stage.participants[0], "auction", "clear", (frame, clearing)))
    stage.travel_to(stage.start_of(frame + 1))
    gas += _measured(stage, settlement(stage, "100"))
    return {"all_in_100": -(-gas // len(orders))}
