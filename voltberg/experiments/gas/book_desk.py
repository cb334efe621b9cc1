"""Orders of the continuous book as set-ups and measurements need them."""

from __future__ import annotations

from typing import Final

from voltberg.experiments.gas.stage import Actor, Stage, Step
from voltberg.models import Side
from voltberg.reference import words

BID: Final = int(Side.BID)
ASK: Final = int(Side.ASK)
TICK: Final = 100
"""Price at which scenarios trade."""
ORDER_WH: Final = 1_000
MAX_FILLS: Final = 255
"""One byte, as in an ordinary request."""


def request(
    stage: Stage, side: int, tick: int = TICK, quantity_wh: int = ORDER_WH, peak_wh: int = 0, frame: int = 0
) -> int:
    """Pack an order for the stage's frame.

    Parameters
    ----------
    stage : Stage
        Gives the frame.
    side : int
        `BID` or `ASK`.
    tick : int, optional
        Limit [ticks].
    quantity_wh : int, optional
        Quantity [Wh].
    peak_wh : int, optional
        Displayed quantity of an iceberg, 0 for a plain order [Wh].
    frame : int, optional
        Another frame.

    Returns
    -------
    int
        The word that `place` takes.
    """
    return words.pack_request(
        frame or stage.frame, side, tick, quantity_wh, peak_wh=peak_wh, max_fills=MAX_FILLS
    )


def placement(actor: Actor, word: int) -> Step:
    """Make a set-up's step of an order.

    Parameters
    ----------
    actor : Actor
        Owner.
    word : int
        From `request`.

    Returns
    -------
    Step
        For `Stage.send`.
    """
    return (actor, "book", "place", (word,))


def rest(stage: Stage, count: int, side: int = ASK, tick: int = TICK, first: int = 1) -> None:
    """Let plain orders rest at one level, by as many participants as there are.

    Parameters
    ----------
    stage : Stage
        Where.
    count : int
        How many.
    side : int, optional
        `BID` or `ASK`.
    tick : int, optional
        Price [ticks].
    first : int, optional
        Index of the first participant; number 0 is kept for the measured order.
    """
    makers = stage.participants[first:]
    word = request(stage, side, tick)
    stage.send(*(placement(makers[number % len(makers)], word) for number in range(count)))


def order_id(stage: Stage, side: int, tick: int, index: int) -> int:
    """Name the order that came to a level of the stage's frame as number ``index``.

    Parameters
    ----------
    stage : Stage
        Gives the frame.
    side : int
        `BID` or `ASK`.
    tick : int
        Price [ticks].
    index : int
        Arrival number, from 0.

    Returns
    -------
    int
        Order id.
    """
    return words.pack_order_id(stage.frame, side, tick, index)
