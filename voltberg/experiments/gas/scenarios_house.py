"""Scenarios of the clearing house: money, settlement, rating."""

from __future__ import annotations

from voltberg.experiments.gas.book_desk import ASK, BID, ORDER_WH, placement, request
from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.seasoning import establish
from voltberg.experiments.gas.stage import Actor, Stage
from voltberg.reference import words

BATCH = 100
MONEY_MICRO = 1_000_000


def _payer(stage: Stage) -> Actor:
    """Someone with tokens: who has moved money before, or a newcomer on the first day."""
    return stage.participants[0] if stage.seasoned else stage.bring_in(stage.newcomers[0])


@scenario(MARKET, "deposit", "withdraw", "to_venue", "from_venue")
def money(stage: Stage) -> Figures:
    """Move money in, on to the book, back, and out: the newcomer's first deposit is all of its tokens."""
    payer = _payer(stage)
    amount = MONEY_MICRO // 2 if stage.seasoned else stage.call("token", "balanceOf", payer.address)
    house = "house"
    deposit = stage.measure("deposit", payer, house, "deposit", amount)
    to_venue = stage.measure("to_venue", payer, house, "moveToVenue", stage.address("book"), MONEY_MICRO // 2)
    from_venue = stage.measure("from_venue", payer, "book", "withdrawMargin", MONEY_MICRO // 4)
    withdraw = stage.measure("withdraw", payer, house, "withdraw", MONEY_MICRO // 4)
    return {"deposit": deposit, "to_venue": to_venue, "from_venue": from_venue, "withdraw": withdraw}


def sell_to_few(stage: Stage, sellers: int = BATCH) -> None:
    """Let participants sell an order each to the last ten, and deliver.

    Parameters
    ----------
    stage : Stage
        Its clock is set to the end of delivery.
    sellers : int, optional
        How many sell, from the first on.
    """
    buyers = stage.participants[-10:]
    stage.send(*(placement(actor, request(stage, ASK)) for actor in stage.participants[:sellers]))
    bought_wh = sellers * ORDER_WH // len(buyers)
    word = request(stage, BID, quantity_wh=bought_wh)
    stage.send(*(placement(actor, word) for actor in buyers))
    stage.travel_to(stage.start_of(stage.frame + 1))


def settle(stage: Stage, count: int, label: str | None = None) -> int:
    """Measure the settlement of sellers who have delivered, all in one batch, the first of its frame.

    Parameters
    ----------
    stage : Stage
        After `sell_to_few`.
    count : int
        How many.
    label : str or None, optional
        Measured under this name, or that of the batch.

    Returns
    -------
    int
        Gas.
    """
    readings = [words.pack_reading(actor.id, ORDER_WH) for actor in stage.participants[:count]]
    label = f"settle_positions_batch{count}" if label is None else label
    return stage.measure(label, stage.meter, "house", "reportDelivery", stage.frame, readings)


@scenario(MARKET, "settle_positions_batch100", "settle_positions_batch100_each", "finalise_frame")
def settle_positions(stage: Stage) -> Figures:
    """Settle 100 sellers with their ratings, each rounded up; settle the buyers unmeasured; pay the frame."""
    establish(stage)
    sell_to_few(stage)
    gas = settle(stage, BATCH)
    readings = [words.pack_reading(actor.id, 0) for actor in stage.participants[-10:]]
    stage.send((stage.meter, "house", "reportDelivery", (stage.frame, readings)))
    paid = stage.measure("finalise_frame", stage.participants[0], "house", "finaliseFrame", stage.frame)
    return {
        "settle_positions_batch100": gas,
        "settle_positions_batch100_each": -(-gas // BATCH),
        "finalise_frame": paid,
    }


def rate(stage: Stage, count: int, label: str | None = None) -> int:
    """Measure good ratings of different participants, none of which crosses the threshold.

    Parameters
    ----------
    stage : Stage
        Where.
    count : int
        How many, in one batch.
    label : str or None, optional
        Measured under this name, or that of the batch.

    Returns
    -------
    int
        Gas.
    """
    records = [words.pack_rating(actor.id, ORDER_WH, 1) for actor in stage.participants[:count]]
    label = f"credit_batch{count}" if label is None else label
    return stage.measure(label, stage.meter, "house", "rate", records)


@scenario(MARKET, "credit_single", "credit_batch100", "credit_batch100_each")
def credit(stage: Stage) -> Figures:
    """Enter one rating alone, and a hundred at once, each rounded up."""
    establish(stage)
    record = words.pack_rating(stage.participants[0].id, ORDER_WH, 1)
    with stage.rewound():
        single = stage.measure("credit_single", stage.meter, "house", "rateOne", record)
    batch = rate(stage, BATCH)
    return {
        "credit_single": single,
        "credit_batch100": batch,
        "credit_batch100_each": -(-batch // BATCH),
    }


@scenario(MARKET, "credit_crossing")
def credit_crossing(stage: Stage) -> Figures:
    """Enter the bad rating that suspends a participant and tells the venues."""
    # More weight than all the good ratings of the seasoning, so that the binding count alone holds it back.
    record = words.pack_rating(stage.participants[0].id, 1_000 * ORDER_WH, 0)
    binding = stage.configuration.rating.binding_frames
    rated = stage.call("house", "accountOf", stage.participants[0].id)[1]
    for _ in range(binding - 1 - rated):
        stage.send((stage.meter, "house", "rate", ([record],)))
    gas = stage.measure("credit_crossing", stage.meter, "house", "rate", [record])
    return {"credit_crossing": gas}
