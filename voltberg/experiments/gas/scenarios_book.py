"""Scenarios of the continuous book."""

from __future__ import annotations

from voltberg.experiments.gas.book_desk import ASK, BID, ORDER_WH, TICK, order_id, placement, request, rest
from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.stage import Stage

DEPTHS = (1, 10, 100, 1_000)
LEVELS = 90
"""Levels over which orders that stand ahead at better prices are spread."""


@scenario(MARKET, "place_existing_level", "place_iceberg", "place_iceberg_extra")
def place_existing_level(stage: Stage) -> Figures:
    """Place on a level where an order rests, plain and as an iceberg of five slices."""
    rest(stage, 1)
    with stage.rewound():
        plain = stage.measure(
            "place_existing_level",
            stage.participants[0],
            "book",
            "place",
            request(stage, ASK, quantity_wh=5 * ORDER_WH),
        )
    iceberg = stage.measure(
        "place_iceberg",
        stage.participants[0],
        "book",
        "place",
        request(stage, ASK, quantity_wh=5 * ORDER_WH, peak_wh=ORDER_WH),
    )
    return {
        "place_existing_level": plain,
        "place_iceberg": iceberg,
        "place_iceberg_extra": iceberg - plain,
    }


@scenario(MARKET, "place_new_level")
def place_new_level(stage: Stage) -> Figures:
    """Place on a level of its own in a book with another one."""
    rest(stage, 1)
    word = request(stage, ASK, TICK + 1)
    return {"place_new_level": stage.measure("place_new_level", stage.participants[0], "book", "place", word)}


@scenario(MARKET, "place_batch10_each")
def place_batch10_each(stage: Stage) -> Figures:
    """Place ten orders of one account on a level where an order rests; each is the tenth part, rounded up."""
    rest(stage, 1)
    words = [request(stage, ASK)] * 10
    gas = stage.measure("place_batch10", stage.participants[0], "book", "placeMany", words)
    return {"place_batch10_each": -(-gas // 10)}


@scenario(MARKET, "place_first_of_frame")
def place_first_of_frame(stage: Stage) -> Figures:
    """Place the first order of a frame."""
    word = request(stage, ASK)
    gas = stage.measure("place_first_of_frame", stage.participants[0], "book", "place", word)
    return {"place_first_of_frame": gas}


def rest_ahead(stage: Stage, count: int, levels: int) -> None:
    """Let orders rest at better prices than `TICK`, or at it when there is one level only.

    Parameters
    ----------
    stage : Stage
        Where.
    count : int
        How many.
    levels : int
        Over how many levels.
    """
    makers = stage.participants[1:]
    stage.send(
        *(
            placement(makers[number % len(makers)], request(stage, ASK, TICK - number % levels))
            for number in range(count)
        )
    )


def place_behind(stage: Stage, count: int, levels: int) -> int:
    """Measure a placement at `TICK`, where an order rests, behind others.

    Parameters
    ----------
    stage : Stage
        Left as it was.
    count : int
        Orders ahead, one of them at `TICK`.
    levels : int
        Levels over which they are spread.

    Returns
    -------
    int
        Gas.
    """
    with stage.rewound():
        rest_ahead(stage, count, levels)
        return stage.measure("place_behind", stage.participants[0], "book", "place", request(stage, ASK))


@scenario(MARKET, "place_depth_spread")
def place_depth_spread(stage: Stage) -> Figures:
    """Place behind 1, 10, 100 and 1,000 orders, all at the same level or spread over better ones."""
    found = [place_behind(stage, count, levels) for levels in (1, LEVELS) for count in DEPTHS]
    return {"place_depth_spread": max(found) - min(found)}


@scenario(MARKET, "cancel")
def cancel(stage: Stage) -> Figures:
    """Cancel an order between two others."""
    rest(stage, 1)
    stage.send(placement(stage.participants[0], request(stage, ASK)))
    rest(stage, 1, first=2)
    target = order_id(stage, ASK, TICK, 1)
    return {"cancel": stage.measure("cancel", stage.participants[0], "book", "cancel", target)}


@scenario(MARKET, "reduce")
def reduce(stage: Stage) -> Figures:
    """Take half off a resting order."""
    stage.send(placement(stage.participants[0], request(stage, ASK)))
    target = order_id(stage, ASK, TICK, 0)
    gas = stage.measure("reduce", stage.participants[0], "book", "reduce", target, ORDER_WH // 2)
    return {"reduce": gas}


def take(stage: Stage, count: int) -> int:
    """Measure taking whole orders of different makers from a level that keeps two.

    Parameters
    ----------
    stage : Stage
        Left as it was.
    count : int
        How many.

    Returns
    -------
    int
        Gas.
    """
    with stage.rewound():
        rest(stage, count + 2)
        word = request(stage, BID, quantity_wh=count * ORDER_WH)
        return stage.measure(f"take_{count}", stage.participants[0], "book", "place", word)


@scenario(MARKET, "take_1", "take_5", "take_20", "fill_marginal")
def takes(stage: Stage) -> Figures:
    """Take 1, 5 and 20 orders; one more fill is the rise from 5 to 20, rounded up."""
    gas = {f"take_{count}": take(stage, count) for count in (1, 5, 20)}
    return {**gas, "fill_marginal": -((gas["take_5"] - gas["take_20"]) // 15)}


@scenario(MARKET, "take_1_part", "take_1_part_again")
def take_part(stage: Stage) -> Figures:
    """Take a part of one of three orders: of a whole one, and of what another take left of it."""
    part_wh = ORDER_WH // 10
    rest(stage, 3)
    taken = request(stage, BID, quantity_wh=part_wh)
    first, second = stage.participants[0], stage.participants[4]
    with stage.rewound():
        whole = stage.measure("take_1_part", first, "book", "place", taken)
    stage.send(placement(second, taken))
    again = stage.measure("take_1_part_again", first, "book", "place", taken)
    return {"take_1_part": whole, "take_1_part_again": again}


def take_slices(stage: Stage, icebergs: int, slices: int) -> int:
    """Measure taking slices of cycling icebergs that keep some.

    Parameters
    ----------
    stage : Stage
        Left as it was.
    icebergs : int
        How many stand at the level.
    slices : int
        How many slices are taken in all, a multiple of ``icebergs``.

    Returns
    -------
    int
        Gas.
    """
    with stage.rewound():
        peak_wh = ORDER_WH // 10
        word = request(stage, ASK, quantity_wh=16 * peak_wh, peak_wh=peak_wh)
        stage.send(*(placement(maker, word) for maker in stage.participants[1 : icebergs + 1]))
        taken = request(stage, BID, quantity_wh=slices * peak_wh)
        return stage.measure(f"take_slices_{slices}", stage.participants[0], "book", "place", taken)


@scenario(MARKET, "iceberg_slice_marginal", "iceberg_slice_first_touch")
def iceberg_slices(stage: Stage) -> Figures:
    """One more slice, rounded up: of five icebergs that cycle, and of an iceberg not touched before."""
    cycling = -((take_slices(stage, 5, 10) - take_slices(stage, 5, 50)) // 40)
    touched = -((take_slices(stage, 20, 5) - take_slices(stage, 20, 20)) // 15)
    return {"iceberg_slice_marginal": cycling, "iceberg_slice_first_touch": touched}


@scenario(MARKET, "open_frames_batch48_each")
def open_frames(stage: Stage) -> Figures:
    """Open a day of frames at once, each, rounded up."""
    first = stage.frame + len(stage.venues)
    tariffs = [0x02_03_8C_96_96] * 48
    gas = stage.measure(
        "open_frames_batch48",
        stage.operator,
        "house",
        "openFrames",
        stage.address("book"),
        first,
        tariffs,
    )
    return {"open_frames_batch48_each": -(-gas // 48)}
