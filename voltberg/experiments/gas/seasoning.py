"""Ordinary trading that writes the slots which scenarios touch.

One frame is traded, delivered, settled with its ratings and paid; then the clock goes on to the frame that
uses the same positions again, which is 512 frames later (10 days and 16 hours of half-hour frames).
"""

from __future__ import annotations

from typing import Final

from voltberg.experiments.gas.book_desk import ASK, BID, ORDER_WH, placement, request
from voltberg.experiments.gas.stage import FRAMES_AHEAD, Stage
from voltberg.reference import words

TOKENS_MICRO: Final = 1_000_000
ICEBERGS: Final = 5
SLICES: Final = 32


def season(stage: Stage) -> None:
    """Trade a frame to its end and go on to the one that uses its slots again.

    Parameters
    ----------
    stage : Stage
        A stage of the first day; its ``frame`` becomes the open frame of the later day.
    """
    frame = stage.frame
    _trade_icebergs(stage)
    _trade_with_everyone(stage)
    stage.send(*((actor, "token", "mint", (actor.address, TOKENS_MICRO)) for actor in stage.participants))
    stage.travel_to(stage.start_of(frame + 1))
    readings = [words.pack_reading(actor.id, SLICES * ORDER_WH) for actor in stage.participants]
    stage.send((stage.meter, "house", "reportDelivery", (frame, readings)))
    stage.send((stage.participants[0], "house", "finaliseFrame", (frame,)))
    stage.frame = frame + words.RING_FRAMES
    stage.travel_to(stage.start_of(stage.frame - FRAMES_AHEAD))
    stage.open_frame(stage.frame)
    stage.seasoned = True


def _trade_icebergs(stage: Stage) -> None:
    """Let icebergs cycle at the price of the scenarios, which writes its ring of replenished slices."""
    word = request(stage, ASK, quantity_wh=SLICES * ORDER_WH, peak_wh=ORDER_WH)
    stage.send(*(placement(maker, word) for maker in stage.participants[:ICEBERGS]))
    taken = request(stage, BID, quantity_wh=SLICES * ORDER_WH)
    for taker in stage.participants[-ICEBERGS:]:
        stage.send(placement(taker, taken))


def _trade_with_everyone(stage: Stage) -> None:
    """Let one half of the participants sell to the other."""
    half = len(stage.participants) // 2
    sellers, buyers = stage.participants[:half], stage.participants[half:]
    stage.send(*(placement(actor, request(stage, ASK)) for actor in sellers))
    stage.send(*(placement(actor, request(stage, BID)) for actor in buyers))
