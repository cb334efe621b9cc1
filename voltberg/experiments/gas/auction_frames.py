"""Frames to clear: orders drawn from a seed, kept as files so that every version clears the same ones.

A file has one row for each order in the order of placing: account, side, tick, quantity and peak [Wh].

How many fills a frame has follows from how far the bids' prices lie above the asks'. The frames whose
clearing has a limit are drawn to have the fills, per order within three in a hundred, of the frames on which
the limits were measured (93 of 102 plain orders, 189 of 100 with half icebergs, 1,047 of 1,000 with a fifth).
Others differ from them in that distance alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from voltberg.models import Side

ROOT: Final = Path(__file__).resolve().parents[3]
FOLDER: Final = ROOT / "tests" / "gas" / "frames"
TICKS: Final = (60, 100)
"""Range of all prices, before bids are shifted up and asks down."""
PEAKS_WH: Final = (10, 60)
"""Range of the peaks in steps of `STEP_WH`; a plain order is as large as an iceberg."""
STEP_WH: Final = 10
SLICES: Final = 5
"""An iceberg's quantity is so many times its peak."""


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """What a frame is drawn from.

    Attributes
    ----------
    seed : int
        Of the draw.
    orders, accounts : int
        How many; accounts place in turn.
    icebergs_of_ten : int
        How many of ten orders are icebergs.
    shift_ticks : int
        By how many ticks bids are dearer, and asks cheaper, than `TICKS`: the more, the more orders cross.
    """

    seed: int
    orders: int
    accounts: int
    icebergs_of_ten: int
    shift_ticks: int


SPECS: Final = {
    "earlier": FrameSpec(seed=4, orders=100, accounts=100, icebergs_of_ten=0, shift_ticks=20),
    "100": FrameSpec(seed=1, orders=100, accounts=100, icebergs_of_ten=0, shift_ticks=20),
    "100_shallow": FrameSpec(seed=1, orders=100, accounts=100, icebergs_of_ten=0, shift_ticks=15),
    "100_half_iceberg": FrameSpec(seed=2, orders=100, accounts=100, icebergs_of_ten=5, shift_ticks=5),
    "100_half_iceberg_deep": FrameSpec(seed=2, orders=100, accounts=100, icebergs_of_ten=5, shift_ticks=15),
    "1000": FrameSpec(seed=3, orders=1_000, accounts=100, icebergs_of_ten=2, shift_ticks=3),
    "1000_deep": FrameSpec(seed=3, orders=1_000, accounts=100, icebergs_of_ten=2, shift_ticks=15),
}
"""The committed frames by name; the first is traded before all others, so that each root replaces another."""


@dataclass(frozen=True, slots=True)
class FrameOrder:
    """An order of a frame: account from 0, side, tick, quantity and peak [Wh]."""

    account: int
    side: int
    tick: int
    quantity_wh: int
    peak_wh: int


def draw_frame(spec: FrameSpec) -> list[FrameOrder]:
    """Draw a frame: as many bids as asks, accounts in turn, icebergs spread evenly over both sides.

    Parameters
    ----------
    spec : FrameSpec
        What it is drawn from.

    Returns
    -------
    list of FrameOrder
        In the order of placing.
    """
    draw = Random(spec.seed)
    kinds = [(Side(i % 2), i // 2 % 10 < spec.icebergs_of_ten) for i in range(spec.orders)]
    draw.shuffle(kinds)
    orders = []
    for number, (side, iceberg) in enumerate(kinds):
        peak_wh = draw.randint(*PEAKS_WH) * STEP_WH
        shift = spec.shift_ticks if side == Side.BID else -spec.shift_ticks
        tick = draw.randint(*TICKS) + shift
        orders.append(
            FrameOrder(number % spec.accounts, int(side), tick, SLICES * peak_wh, peak_wh if iceberg else 0)
        )
    return orders


def frame_path(name: str) -> Path:
    """Give the file of a committed frame.

    Parameters
    ----------
    name : str
        One of `SPECS`.

    Returns
    -------
    Path
        Where it is.
    """
    return FOLDER / f"{name}.json"


def frame_text(spec: FrameSpec) -> str:
    """Write a frame as its file has it.

    Parameters
    ----------
    spec : FrameSpec
        What it is drawn from.

    Returns
    -------
    str
        JSON, one order a line.
    """
    rows = (
        [order.account, order.side, order.tick, order.quantity_wh, order.peak_wh]
        for order in draw_frame(spec)
    )
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f'{{"seed": {spec.seed}, "orders": [\n{lines}\n]}}\n'


def read_frame(name: str) -> list[FrameOrder]:
    """Read a committed frame.

    Parameters
    ----------
    name : str
        One of `SPECS`.

    Returns
    -------
    list of FrameOrder
        In the order of placing.
    """
    rows = json.loads(frame_path(name).read_text(encoding="utf-8"))["orders"]
    return [FrameOrder(*row) for row in rows]


def write_frames() -> None:
    """Draw every frame and write its file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, spec in SPECS.items():
        frame_path(name).write_text(frame_text(spec), encoding="utf-8")
