"""The optimum's program with a variable for every EV and frame: larger, but without conditions to find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from voltberg.pricing.brownian import FloatArray
from voltberg.scheduling.fleet import Fleet


def solve_by_ev(
    fleets: Sequence[Fleet], base_wh: FloatArray, limit_wh: float
) -> tuple[list[FloatArray], float] | str:
    """Find sums of buys and sells of least fluctuation.

    Parameters
    ----------
    fleets : sequence of Fleet
        Buyers, whose energy is needed, and sellers, whose energy need not be sold.
    base_wh : ndarray of float64, shape (frames,)
        Energy of the homes [Wh].
    limit_wh : float
        Most energy in a frame, in either direction [Wh].

    Returns
    -------
    tuple of list of ndarray of float64 and float, or str
        Sums by frame [Wh] and their fluctuation [Wh], or why there are none.
    """
    frames = len(base_wh)
    evs = [len(fleet.energy_wh) for fleet in fleets]
    able_wh = np.vstack([fleet.able_wh for fleet in fleets])
    ev, frame = np.nonzero(able_wh)
    moves = len(ev)
    net, width = slice(moves, moves + frames), moves + 3 * frames
    totals, ties = _rows(ev, frame, evs, frames)
    bounds = np.zeros((width, 2))
    bounds[:moves, 1] = able_wh[ev, frame]
    bounds[net] = np.stack([-limit_wh - base_wh, limit_wh - base_wh], axis=1)
    bounds[moves + frames :, 1] = np.inf
    cost = np.zeros(width)
    cost[moves + frames :] = 1.0
    found = linprog(
        cost,
        A_ub=totals[evs[0] :],
        b_ub=fleets[1].energy_wh.astype(np.float64),
        A_eq=sparse.vstack([totals[: evs[0]], ties]),
        b_eq=np.concatenate([fleets[0].energy_wh, np.zeros(frames), np.roll(base_wh, 1) - base_wh]),
        bounds=[(low, high) for low, high in bounds.tolist()],
        method="highs-ds",
    )
    if found.x is None or found.fun is None:
        return str(found.message)
    buys = ev < evs[0]
    moved = found.x[:moves]
    profiles = [
        np.bincount(frame[side], np.maximum(moved[side], 0), frames).astype(np.float64)
        for side in (buys, ~buys)
    ]
    return profiles, float(found.fun)


def _rows(ev: NDArray[np.intp], frame: NDArray[np.intp], evs: Sequence[int], frames: int) -> tuple[Any, Any]:
    """Rows of the EVs' energies; and of the frames' sums and of their changes, split into rise and fall."""
    moves, every, ones = len(ev), np.arange(frames), np.ones(frames)
    net, rise, fall = (moves + place * frames + every for place in range(3))
    width = moves + 3 * frames
    totals = sparse.csr_array((np.ones(moves), (ev, np.arange(moves))), shape=(sum(evs), width))
    sums = sparse.csr_array(
        (
            np.concatenate([np.where(ev < evs[0], 1.0, -1.0), -ones]),
            (np.concatenate([frame, every]), np.concatenate([np.arange(moves), net])),
        ),
        shape=(frames, width),
    )
    changes = sparse.csr_array(
        (
            np.concatenate([ones, -ones, -ones, ones]),
            (np.tile(every, 4), np.concatenate([net, np.roll(net, 1), rise, fall])),
        ),
        shape=(frames, width),
    )
    return totals, sparse.vstack([sums, changes])
