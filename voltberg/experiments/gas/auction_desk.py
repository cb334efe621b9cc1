"""Frames of the auction as set-ups and measurements need them: placed, cleared, settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voltberg.experiments.gas.auction_frames import FrameOrder, read_frame
from voltberg.experiments.gas.stage import CAP_TICK, GRID_FEE_TICKS, PLATFORM_FEE_TICKS, Stage, Step
from voltberg.matching.frame import Clearing, clearing_input
from voltberg.models import Side
from voltberg.reference.auction_clearing import FrameResult, clear_frame
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import AuctionOrder, pack_auction_order, pack_auction_request

FEE_TICKS: Final = GRID_FEE_TICKS + PLATFORM_FEE_TICKS
DELIVERED_WH: Final = 1_000_000
"""More than anybody sells in a frame."""


def frame_request(stage: Stage, order: FrameOrder) -> int:
    """Pack an order of a committed frame for the stage's frame of the auction."""
    frame = stage.frame_of("auction")
    return pack_auction_request(frame, order.side, order.tick, order.quantity_wh, order.peak_wh, 0)


def placement(stage: Stage, order: FrameOrder) -> Step:
    """Make a set-up's step of an order of a committed frame."""
    actor = stage.participants[order.account]
    return (actor, "auction", "place", (frame_request(stage, order),))


def clearing_for(stage: Stage, orders: Sequence[FrameOrder]) -> tuple[Clearing, FrameResult]:
    """Compute what clears the stage's frame, which holds these orders and no others.

    Parameters
    ----------
    stage : Stage
        Where they are placed.
    orders : sequence of FrameOrder
        In the order of placing.

    Returns
    -------
    tuple of Clearing and FrameResult
        The argument of ``clear`` and what comes of it.
    """
    chain = []
    for order in orders:
        lock = order.tick + FEE_TICKS if order.side == Side.BID else max(1, CAP_TICK - order.tick)
        participant_id = stage.participants[order.account].id
        word = AuctionOrder(participant_id, order.quantity_wh, order.peak_wh, order.tick, lock, 0, order.side)
        chain.append(pack_auction_order(word))
    terms = stage.configuration.auction
    rules = AuctionRules(*(getattr(terms, name) for name in AuctionRules._fields))
    tick_micro_per_wh = stage.configuration.settlement.tick_micro_per_wh
    result = clear_frame(stage.frame_of("auction"), chain, [], rules, FEE_TICKS, tick_micro_per_wh)
    return clearing_input(chain, [], result), result


def gate_closure(stage: Stage) -> int:
    """Tell when the gate of the stage's frame of the auction closes [unix s]."""
    lead_seconds = stage.configuration.settlement.gate_closure_lead_seconds
    return stage.start_of(stage.frame_of("auction")) - lead_seconds


def trade_frame(stage: Stage, name: str) -> None:
    """Place a committed frame's orders.

    Parameters
    ----------
    stage : Stage
        Where.
    name : str
        One of `auction_frames.SPECS`.
    """
    stage.send(*(placement(stage, order) for order in read_frame(name)))


def clear_frame_of(stage: Stage, name: str) -> None:
    """Clear a committed frame; the gate has closed."""
    clearing, _ = clearing_for(stage, read_frame(name))
    stage.send((stage.participants[0], "auction", "clear", (stage.frame_of("auction"), clearing)))


def settlement(stage: Stage, name: str) -> Step:
    """Make the step in which everybody of a committed frame that is cleared delivers all, and is settled."""
    _, result = clearing_for(stage, read_frame(name))
    readings = DELIVERED_WH.to_bytes(5, "big") * len(result.records)
    frame = stage.frame_of("auction")
    proof: list[bytes] = []
    shown = (frame, 0, list(result.records), proof, readings)
    return stage.meter, "house", "reportDeliveryFromRoot", shown
