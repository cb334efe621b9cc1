"""What an AdBEV run's report says of the contracts: fills beside schedules, gas beside its goals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from voltberg.reports.adbev_data import AdbevData
from voltberg.reports.formatting import grouped
from voltberg.reports.headline import Check, Tile
from voltberg.units import MICRO, WH_PER_KWH

DAYS: Final = (("first_day", "First day"), ("second_day", "Second day"))
SHOWN_DAY: Final = "second_day"
VENUE_NAMES: Final = {"auction": "Frame auction", "book": "Continuous book"}
OPERATION_NAMES: Final = {
    "frame_place": "Place an order",
    "frame_clear": "Clear a frame",
    "frame_clear_full": "of about 100 orders",
    "frame_clear_fill": "Clear, by fill",
    "frame_clear_fill_full": "in frames of about 100 fills",
    "frame_settle_record": "Meter and settle, by record",
    "frame_settle_record_full": "in frames of about 100 orders",
    "all_in_order": "All in, by order placed",
    "all_in_order_full": "in frames of about 100 orders",
    "open_frame": "Open a frame",
    "finalise_frame": "Make a frame final",
    "place_new_level": "Place at a new price",
    "place_existing_level": "Place at a price where orders stood",
    "take_1": "Take one order of a level that keeps others",
    "take_1_part": "Take a part of one order",
    "take_1_emptying": "Take one order, and with it its level",
    "take_5": "Take five orders of a level that keeps others",
    "take_5_part": "Take four orders of a level and a part of the next",
    "take_5_emptying": "Take five orders, and with them a level",
    "take": "Take any other number of a level that keeps others",
    "take_part": "Take any other number, of the last one a part",
    "take_emptying": "Take any other number, and with them a level",
    "take_and_rest": "Take, and let the rest stand",
    "take_fill": "Take, by fill",
    "release_order": "Release, by order",
    "settle_position": "Meter and settle, by position",
    "all_in_order_book": "All in, by order placed",
    "open_frame_book": "Open a frame",
    "finalise_frame_book": "Make a frame final",
}
"""Names of operations, in the order of the report's table."""
PART: Final = "_full"
"""Ends the names of those that are a part of the one before."""


@dataclass(frozen=True, slots=True)
class GoalRow:
    """One operation in the report's table of gas.

    Parameters
    ----------
    label : str
        What is done.
    detail : bool
        Whether it is a part of the row above.
    transactions : int
        How many of them in a day.
    gas : tuple of float or None
        Mean on each day of `DAYS`.
    goal : int or None
        What it is held to.
    held : bool or None
        Whether the second day holds it.
    why : str
        Why not.
    """

    label: str
    detail: bool
    transactions: int
    gas: tuple[float | None, ...]
    goal: int | None
    held: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class FillRow:
    """One method at one venue, on the second day.

    Parameters
    ----------
    label, venue : str
        Which.
    orders, fills : int
        How many.
    between_kwh, from_grid_kwh, to_grid_kwh : float
        Energy between EVs, from the grid and into it.
    differing : int
        EVs and frames whose energy is not the schedule's.
    pfl_mw : float
        Fluctuation of what was traded.
    gas_per_order : float
        Placing, clearing and settling, by order placed.
    """

    label: str
    venue: str
    orders: int
    fills: int
    between_kwh: float
    from_grid_kwh: float
    to_grid_kwh: float
    differing: int
    pfl_mw: float
    gas_per_order: float


def chain_checks(data: AdbevData) -> list[Check]:
    """Say what must hold on the contracts.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    list of Check
        None without a chain.
    """
    if not data.on_chain:
        return []
    summary = data.summary
    differing, faults = summary["fills_differing"], summary["chain_faults"]
    told = f"{grouped(summary['chain_transactions'])} transactions as the exact twin predicted"
    return [
        Check(differing == 0, f"{differing} fills of the auction, by EV and frame, are not the schedule's"),
        Check(faults == 0, f"{faults} faults on the contracts" if faults else told),
    ]


def chain_tiles(data: AdbevData) -> list[Tile]:
    """Give the gas of an order.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    list of Tile
        None without a chain.
    """
    if not data.on_chain:
        return []
    note = "placed, cleared and settled at the frame auction, second day, all methods"
    return [Tile("An order on chain", grouped(data.summary["gas_per_order"]), "gas", note, "accent")]


def goal_rows(data: AdbevData, venue: str) -> list[GoalRow]:
    """Tabulate gas by operation and day beside the goals.

    Parameters
    ----------
    data : AdbevData
        The run.
    venue : str
        ``auction`` or ``book``.

    Returns
    -------
    list of GoalRow
        What was done there on the second day.
    """
    goals = data.chain_goals[data.chain_goals["venue"] == venue]
    rows = []
    for name, label in OPERATION_NAMES.items():
        mine = goals[goals["operation"] == name].set_index("day")
        if SHOWN_DAY not in mine.index:
            continue
        shown = mine.loc[SHOWN_DAY]
        gas = mine["gas_each"].to_dict()
        rows.append(
            GoalRow(
                label=label,
                detail=name.endswith(PART),
                transactions=int(shown["transactions"]),
                gas=tuple(gas.get(day) for day, _ in DAYS),
                goal=None if pd.isna(shown["goal"]) else int(shown["goal"]),
                held=None if pd.isna(shown["held"]) else bool(shown["held"]),
                why=str(shown["why"]),
            )
        )
    return rows


def fill_rows(data: AdbevData) -> list[FillRow]:
    """Tabulate what was traded on the second day.

    Parameters
    ----------
    data : AdbevData
        The run.

    Returns
    -------
    list of FillRow
        One a method and venue.
    """
    table = data.chain_fills.merge(data.chain_gas, on=["method", "venue", "day"])
    return [
        FillRow(
            label=data.label(row["method"]),
            venue=VENUE_NAMES[row["venue"]],
            orders=row["orders"],
            fills=row["fills"],
            between_kwh=row["between_evs_wh"] / WH_PER_KWH,
            from_grid_kwh=row["from_grid_wh"] / WH_PER_KWH,
            to_grid_kwh=row["to_grid_wh"] / WH_PER_KWH,
            differing=row["entries_differing"],
            pfl_mw=row["pfl_w"] / MICRO,
            gas_per_order=row["gas_per_order"],
        )
        for row in table[table["day"] == SHOWN_DAY].to_dict("records")
    ]
