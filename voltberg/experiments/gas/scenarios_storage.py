"""Scenarios of the shared storage."""

from __future__ import annotations

from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.stage import Actor, Stage
from voltberg.reference import words

FRAMES = 8
CAPACITY_WH = 1_500
POWER_W = 400
MOVED_WH = 100


def booking(actor: Actor, stage: Stage) -> tuple[Actor, str, str, tuple[int, ...]]:
    """Make a set-up's step of a booking from the stage's frame on.

    Parameters
    ----------
    actor : Actor
        Renter.
    stage : Stage
        Gives the frame.

    Returns
    -------
    Step
        For `Stage.send`.
    """
    return (actor, "storage", "book", (stage.frame, FRAMES, CAPACITY_WH, POWER_W, POWER_W))


@scenario(MARKET, "storage_in", "storage_out", "storage_book", "storage_close")
def storage(stage: Stage) -> Figures:
    """Book, report energy in and out of one booking, close; when seasoned, others did all of it before."""
    renter, frame = stage.participants[0], stage.frame
    earlier = 2 if stage.seasoned else 0
    stage.send(*(booking(actor, stage) for actor in stage.participants[1 : 1 + earlier]))
    booked = stage.measure("storage_book", renter, "storage", "book", *booking(renter, stage)[3])
    number = earlier + 1
    if stage.seasoned:
        stage.travel_to(stage.start_of(frame + 1))
        records = [words.pack_movement(each, MOVED_WH, 0) for each in range(1, number + 1)]
        stage.send((stage.meter, "storage", "move", (frame, records)))
    stage.travel_to(stage.start_of(frame + 2))
    record_in = words.pack_framed_movement(number, MOVED_WH, 0, frame + 1)
    gas_in = stage.measure("storage_in", stage.meter, "storage", "moveOne", record_in)
    stage.travel_to(stage.start_of(frame + 3))
    record_out = words.pack_framed_movement(number, 0, MOVED_WH // 2, frame + 2)
    gas_out = stage.measure("storage_out", stage.meter, "storage", "moveOne", record_out)
    window = stage.configuration.settlement.metering_window_seconds
    stage.travel_to(stage.start_of(frame + FRAMES) + window)
    if stage.seasoned:
        stage.send((renter, "storage", "close", (1,)))
    closed = stage.measure("storage_close", renter, "storage", "close", number)
    return {
        "storage_in": gas_in,
        "storage_out": gas_out,
        "storage_book": booked,
        "storage_close": closed,
    }
