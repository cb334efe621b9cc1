"""Move metered intervals onto frames without losing or making a Wh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar
from voltberg.units import MILLIJOULE_PER_WH


def to_frames_half_up_wh(
    energy_mj: NDArray[np.int64], first_start_utc: int, step_s: int, calendar: FrameCalendar
) -> NDArray[np.int64]:
    """Resample the energy of equal intervals to the frames of a calendar.

    Energy is spread evenly within an interval. The running total is rounded, not the frames one by one, so
    the frames of a series add up to its exact energy within the calendar rounded once, and no frame is off
    by more than 1 Wh.

    Parameters
    ----------
    energy_mj : ndarray of int64, shape (series, intervals)
        Energy of each interval [mJ], not negative.
    first_start_utc : int
        Unix time of the first interval's start [s], not after the calendar's start.
    step_s : int
        Length of an interval [s].
    calendar : FrameCalendar
        The frames; the intervals cover it.

    Returns
    -------
    ndarray of int64, shape (series, frames)
        Energy of each frame [Wh].

    Raises
    ------
    ValueError
        If the intervals do not cover the calendar.
    """
    series, intervals = energy_mj.shape
    covered_until = first_start_utc + intervals * step_s
    if first_start_utc > calendar.start_utc or covered_until < calendar.end_utc:
        msg = f"intervals from {first_start_utc} to {covered_until} do not cover {calendar.describe()}"
        raise ValueError(msg)
    position, within_s = np.divmod(calendar.edges_utc() - first_start_utc, step_s)
    running = np.zeros((series, intervals + 1), dtype=np.int64)
    np.cumsum(energy_mj, axis=1, out=running[:, 1:])
    # one more interval of nothing, so that the very last edge has an interval to lie in
    padded = np.concatenate([energy_mj, np.zeros((series, 1), dtype=np.int64)], axis=1)
    at_edges = running[:, position] + padded[:, position] * within_s // step_s
    at_edges = at_edges - at_edges[:, :1]
    rounded = (2 * at_edges + MILLIJOULE_PER_WH) // (2 * MILLIJOULE_PER_WH)
    frames: NDArray[np.int64] = np.diff(rounded, axis=1)
    return frames
