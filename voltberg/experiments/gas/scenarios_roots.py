"""Scenarios of settlement from the auction's root."""

from __future__ import annotations

from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.seasoning import establish
from voltberg.experiments.gas.stage import (
    CAP_TICK,
    GRID_FEE_TICKS,
    PLATFORM_FEE_TICKS,
    Actor,
    Stage,
)
from voltberg.matching.frame import clearing_input
from voltberg.models import Side
from voltberg.reference import words
from voltberg.reference.auction_clearing import FrameResult, clear_frame
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import AuctionOrder, pack_auction_order, pack_auction_request
from voltberg.reference.record_tree import CHUNK_RECORDS, chunk_hashes, proof_of

SELLERS = 100
BUYERS = 10
ASK_TICK, BID_TICK = 90, 100
SALE_WH = 1_000
ALONE = 5 * CHUNK_RECORDS
"""The record that is settled by proof."""
NOT_READ = 2**40 - 1
FEE_TICKS = GRID_FEE_TICKS + PLATFORM_FEE_TICKS

Shown = tuple[int, list[int], list[bytes]]
"""First chunk, records, proof."""


def cleared(stage: Stage) -> FrameResult:
    """Let a hundred participants sell an order each to ten at the auction, and clear the frame.

    Parameters
    ----------
    stage : Stage
        Its clock is set to gate closure.

    Returns
    -------
    FrameResult
        The frame's result.
    """
    frame = stage.frame_of("auction")
    orders = [_order(actor, Side.ASK, SALE_WH) for actor in stage.participants[:SELLERS]]
    bought_wh = SELLERS * SALE_WH // BUYERS
    orders += [_order(actor, Side.BID, bought_wh) for actor in stage.participants[-BUYERS:]]
    actors = (*stage.participants[:SELLERS], *stage.participants[-BUYERS:])
    for actor, order in zip(actors, orders, strict=True):
        request = pack_auction_request(frame, order.side, order.tick, order.quantity_wh)
        stage.send((actor, "auction", "place", (request,)))
    chain = [pack_auction_order(order) for order in orders]
    terms = stage.configuration.auction
    rules = AuctionRules(*(getattr(terms, name) for name in AuctionRules._fields))
    tick_micro_per_wh = stage.configuration.settlement.tick_micro_per_wh
    result = clear_frame(frame, chain, [], rules, FEE_TICKS, tick_micro_per_wh)
    stage.travel_to(stage.start_of(frame) - stage.configuration.settlement.gate_closure_lead_seconds)
    given = clearing_input(chain, [], result)
    stage.send((stage.participants[0], "auction", "clear", (frame, given)))
    return result


def _order(actor: Actor, side: Side, quantity_wh: int) -> AuctionOrder:
    ticks = {Side.BID: (BID_TICK, BID_TICK + FEE_TICKS), Side.ASK: (ASK_TICK, CAP_TICK - ASK_TICK)}
    return AuctionOrder(actor.id, quantity_wh, 0, *ticks[side], 0, int(side))


def shown(result: FrameResult, first: int, chunks: int) -> Shown:
    """Show consecutive chunks of a result.

    Parameters
    ----------
    result : FrameResult
        The frame's.
    first : int
        The first chunk.
    chunks : int
        How many.

    Returns
    -------
    Shown
        Arguments of the house's functions.
    """
    start = CHUNK_RECORDS * first
    records = list(result.records[start : start + CHUNK_RECORDS * chunks])
    return first, records, proof_of(chunk_hashes(result.records), first, chunks)


def report(stage: Stage, part: Shown, readings: int, label: str = "", delivered_wh: int = SALE_WH) -> int:
    """Report what the first participants of the chunks delivered; the others are not read.

    Parameters
    ----------
    stage : Stage
        After delivery.
    part : Shown
        The chunks.
    readings : int
        How many are read.
    label : str, optional
        Measured under this name.
    delivered_wh : int, optional
        Delivered by each; all of its sale unless given [Wh].

    Returns
    -------
    int
        Gas.
    """
    data = b"".join(
        (delivered_wh if place < readings else NOT_READ).to_bytes(5, "big") for place in range(len(part[1]))
    )
    args = (stage.frame_of("auction"), *part, data)
    return stage.measure(label, stage.meter, "house", "reportDeliveryFromRoot", *args)


def report_one(stage: Stage, result: FrameResult, index: int, label: str = "") -> int:
    """Report the delivery of one record, all of its sale, with its proof.

    Parameters
    ----------
    stage : Stage
        After delivery.
    result : FrameResult
        The frame's.
    index : int
        Number of the record.
    label : str, optional
        Measured under this name.

    Returns
    -------
    int
        Gas.
    """
    _, records, proof = shown(result, index // CHUNK_RECORDS, 1)
    reading = words.pack_record_reading(stage.frame_of("auction"), index, SALE_WH)
    nodes = [int.from_bytes(node, "big") for node in proof]
    return stage.measure(label, stage.meter, "house", "reportRecord", reading, [*records, *nodes])


@scenario(MARKET, "settle_batch100", "settle_batch100_each", "settle_by_proof")
def settle_roots(stage: Stage) -> Figures:
    """Settle 100 sellers with their ratings in one batch, the first of its frame; one of a frame begun."""
    establish(stage)
    result = cleared(stage)
    stage.travel_to(stage.start_of(stage.frame_of("auction") + 1))
    with stage.rewound():
        batch = report(stage, shown(result, 0, 13), SELLERS, "settle_batch100")
    report(stage, shown(result, 0, 1), CHUNK_RECORDS)
    single = report_one(stage, result, ALONE, "settle_by_proof")
    return {
        "settle_batch100": batch,
        "settle_batch100_each": -(-batch // SELLERS),
        "settle_by_proof": single,
    }
