"""Ordinary trading that writes the slots which scenarios touch.

One frame of each venue is traded, delivered, settled with its ratings and paid; then the clock goes on to a
later frame. When the ring has come round (512 frames, 10 days and 16 hours of half-hour frames) positions use
the same slots again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from voltberg.configuration import SettlementTerms
from voltberg.experiments.gas.auction_desk import clear_frame_of, gate_closure, settlement, trade_frame
from voltberg.experiments.gas.book_desk import ASK, BID, ORDER_WH, placement, request
from voltberg.experiments.gas.stage import FRAMES_AHEAD, Stage
from voltberg.reference import words

DAY_FRAMES: Final = 48
"""Frames of a day."""
SEASONED_FRAMES: Final = SettlementTerms().ring_frames
"""After so many frames every slot of the frame before is used again."""
TOKENS_MICRO: Final = 1_000_000
ICEBERGS: Final = 5
SLICES: Final = 32

SEASONING_FRAME: Final = "earlier"

Plan = list[tuple[int, Callable[[], None]]]
"""What happens when [unix s]; times before the present mean at once."""


def season(stage: Stage, later_frames: int = SEASONED_FRAMES) -> None:
    """Carry out the plans of all venues, pay their frames and go on to later ones.

    Parameters
    ----------
    stage : Stage
        A stage of the first day; its frames become the open ones of the later day.
    later_frames : int, optional
        How much later.
    """
    plans = [step for venue in stage.venues if venue in PLANS for step in PLANS[venue](stage)]
    for timestamp, action in sorted(plans, key=lambda step: step[0]):
        stage.travel_to(max(timestamp, stage.now))
        action()
    stage.send(*((actor, "token", "mint", (actor.address, TOKENS_MICRO)) for actor in stage.participants))
    frames = [stage.frame_of(venue) for venue in stage.venues]
    stage.travel_to(max(stage.start_of(frames[-1] + 1), stage.now))
    for frame in frames:
        stage.send((stage.participants[0], "house", "finaliseFrame", (frame,)))
    stage.frame += later_frames
    stage.travel_to(stage.start_of(stage.frame - FRAMES_AHEAD))
    stage.open_frames()
    stage.seasoned = True


def rate_up_to(stage: Stage, count: int) -> None:
    """Rate everybody well until all have so many ratings.

    Parameters
    ----------
    stage : Stage
        Where.
    count : int
        Ratings of each who has not got more.
    """
    rated = {actor.id: stage.call("house", "accountOf", actor.id)[1] for actor in stage.participants}
    for reached in range(count):
        records = [words.pack_rating(id_, ORDER_WH, 1) for id_, has in rated.items() if has <= reached]
        if records:
            stage.send((stage.meter, "house", "rate", (records,)))


def establish(stage: Stage) -> None:
    """Rate everybody well until the threshold binds, as a day of trade does; on the first day nobody is.

    Parameters
    ----------
    stage : Stage
        Where.
    """
    if stage.seasoned:
        rate_up_to(stage, stage.configuration.rating.binding_frames)


def book_plan(stage: Stage) -> Plan:
    """Plan the book's frame: icebergs that cycle, everybody trades, everybody delivers.

    Parameters
    ----------
    stage : Stage
        Where.

    Returns
    -------
    Plan
        For `season`.
    """
    frame = stage.frame_of("book")

    def trade() -> None:
        _trade_icebergs(stage)
        _trade_with_everyone(stage)

    def deliver() -> None:
        readings = [words.pack_reading(actor.id, SLICES * ORDER_WH) for actor in stage.participants]
        stage.send((stage.meter, "house", "reportDelivery", (frame, readings)))

    return [(0, trade), (stage.start_of(frame + 1), deliver)]


def auction_plan(stage: Stage) -> Plan:
    """Plan the auction's frame: a committed one, cleared, delivered and settled.

    Parameters
    ----------
    stage : Stage
        Where.

    Returns
    -------
    Plan
        For `season`.
    """
    return [
        (0, lambda: trade_frame(stage, SEASONING_FRAME)),
        (gate_closure(stage), lambda: clear_frame_of(stage, SEASONING_FRAME)),
        (
            stage.start_of(stage.frame_of("auction") + 1),
            lambda: stage.send(settlement(stage, SEASONING_FRAME)),
        ),
    ]


PLANS: Final[dict[str, Callable[[Stage], Plan]]] = {"book": book_plan, "auction": auction_plan}
"""How each venue's frame is traded to its end; without a plan it stays empty."""


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
