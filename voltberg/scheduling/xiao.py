"""The synthetic day of Xiao & Hou 2022, section 4.

Published: 100 homes with an EV each, two kinds 1:4, two connection windows, a target of 50 %, 250 kVA. Chosen
here [F], since the paper prints no data: the homes' load, that every EV is connected in both windows and has
one state of charge drawn for the day, and that the day begins when the first window opens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voltberg.pricing.brownian import FloatArray
from voltberg.scheduling.problem import BoolArray, ChargingProblem, IntArray
from voltberg.units import PERCENT, SECONDS_PER_HOUR

HOMES: Final = 100
LIMIT_W: Final = 250_000
FRAMES: Final = 48
FIRST_FRAME_OF_DAY: Final = 12
"""Frame of the calendar day, from midnight, with which the problem begins: 06:00."""
WINDOWS: Final = ((0, 24), (25, 47))
"""06:00 to 18:00 and 18:30 to 05:30, as frames after 06:00, ends left out."""

WINTER_HOME: Final = (
    (0, 340), (8, 210), (11, 240), (15, 650), (18, 530), (23, 490),
    (29, 460), (34, 920), (36, 950), (40, 830), (44, 690), (48, 340),
)  # fmt: skip
"""An average British home on a winter working day: (half hour from midnight, mean power [W]).

The load of the paper is Elexon's average domestic profile, of which it prints no number. These corners are
ours: they follow profile class 1 (a night valley, a morning shoulder, an evening peak at 18:00) [F].
"""


@dataclass(frozen=True, slots=True)
class EvKind:
    """A kind of EV: size of its battery [Wh], its rate [W], and its share of all EVs [%]."""

    battery_wh: int
    rate_w: int
    share_pct: int


FAST: Final = EvKind(60_000, 43_000, 20)
SLOW: Final = EvKind(8_800, 3_000, 80)
TARGET_PCT: Final = 50


def winter_base_w(homes: int = HOMES) -> IntArray:
    """Give the load of homes on a winter day from 06:00 on.

    Parameters
    ----------
    homes : int
        Number of homes.

    Returns
    -------
    ndarray of int64, shape (48,)
        Mean power [W].
    """
    corner, home_w = zip(*WINTER_HOME, strict=True)
    day_w = np.rint(np.interp(np.arange(FRAMES), corner, home_w)).astype(np.int64)
    from_six_w: IntArray = np.roll(day_w, -FIRST_FRAME_OF_DAY) * homes
    return from_six_w


def xiao_problem(
    rng: np.random.Generator,
    base_w: IntArray | None = None,
    evs: int = HOMES,
    limit_w: int = LIMIT_W,
    windows_per_ev: int = 2,
) -> ChargingProblem:
    """Draw the paper's day.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the states of charge, uniform in (0, 1).
    base_w : ndarray of int64, shape (48,), optional
        Load from 06:00 on [W]; by default `winter_base_w` of one home an EV.
    evs : int
        Number of EVs; a fifth of them, rounded down, charges fast.
    limit_w : int
        What the transformer carries [W].
    windows_per_ev : int
        2 if every EV is connected in both windows, 1 if each is in one of them, half of the EVs in either.

    Returns
    -------
    ChargingProblem
        The day from 06:00 to 06:00.
    """
    soc = rng.uniform(size=evs)
    first_window = rng.permutation(evs) % len(WINDOWS)
    return _problem(
        soc, _windows(first_window, windows_per_ev), winter_base_w(evs) if base_w is None else base_w, limit_w
    )


def expected_problem(
    base_w: IntArray | None = None, evs: int = HOMES, limit_w: int = LIMIT_W, windows_per_ev: int = 2
) -> ChargingProblem:
    """Give the day that one expects: states of charge spread evenly over (0, 1) in each kind of EV.

    Parameters
    ----------
    base_w : ndarray of int64, shape (48,), optional
        Load from 06:00 on [W].
    evs : int
        Number of EVs.
    limit_w : int
        What the transformer carries [W].
    windows_per_ev : int
        As in `xiao_problem`.

    Returns
    -------
    ChargingProblem
        A forecast, which knows no EV's state.
    """
    fast = evs * FAST.share_pct // PERCENT
    soc = np.concatenate([(np.arange(count) + 0.5) / max(count, 1) for count in (fast, evs - fast)])
    connected = _windows(np.arange(evs) % len(WINDOWS), windows_per_ev)
    return _problem(soc, connected, winter_base_w(evs) if base_w is None else base_w, limit_w)


def _windows(first_window: IntArray, windows_per_ev: int) -> BoolArray:
    connected: BoolArray = np.zeros((len(first_window), FRAMES), dtype=np.bool_)
    for window, (first, end) in enumerate(WINDOWS):
        connected[:, first:end] = ((window - first_window) % len(WINDOWS) < windows_per_ev)[:, None]
    return connected


def _problem(soc: FloatArray, connected: BoolArray, base_w: IntArray, limit_w: int) -> ChargingProblem:
    evs = len(soc)
    fast = np.arange(evs) < evs * FAST.share_pct // PERCENT
    battery_wh = np.where(fast, FAST.battery_wh, SLOW.battery_wh)
    return ChargingProblem(
        base_w=base_w,
        battery_wh=battery_wh,
        initial_wh=np.rint(soc * battery_wh).astype(np.int64),
        target_wh=battery_wh * TARGET_PCT // PERCENT,
        rate_w=np.where(fast, FAST.rate_w, SLOW.rate_w),
        connected=connected,
        limit_w=limit_w,
        frame_seconds=SECONDS_PER_HOUR * 24 // FRAMES,
    )
