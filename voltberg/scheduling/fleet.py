"""What EVs of one direction can do together, frame by frame, and who of them does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from voltberg.pricing.brownian import FloatArray
from voltberg.scheduling.problem import BoolArray, IntArray

MOST_WH: Final = 2**31 - 1
"""Largest flow that SciPy counts [Wh]."""


@dataclass(frozen=True, slots=True)
class Share:
    """How far a fleet follows a profile.

    Parameters
    ----------
    energy_wh : ndarray of int64, shape (evs, frames)
        What each EV moves: the most of the profile that the fleet can [Wh].
    tight : ndarray of bool, shape (frames,)
        Frames of which the profile asks for most in excess of what the fleet can move in them together; all
        False if it can follow.
    """

    energy_wh: IntArray
    tight: BoolArray


@dataclass(frozen=True, slots=True)
class Fleet:
    r"""EVs that all buy or all sell.

    Parameters
    ----------
    energy_wh : ndarray of int64, shape (evs,)
        What each buys or can sell [Wh].
    able_wh : ndarray of int64, shape (evs, frames)
        The most that each moves in a frame; 0 where it is not connected [Wh].

    Notes
    -----
    A profile x can be shared among the EVs if and only if for every set A of frames

    .. math:: x(A) \le f(A) = \sum_i \min(e_i, \sum_{t \in A} a_{it})

    since a flow from EVs to frames fills x when no cut is smaller than it (Ford and Fulkerson). There are
    :math:`2^T` such conditions; the minimum cut names the one that a profile breaks most.
    """

    energy_wh: IntArray
    able_wh: IntArray

    def most_wh(self, frames: BoolArray) -> int:
        """Give the most that the fleet moves in some frames together.

        Parameters
        ----------
        frames : ndarray of bool, shape (frames,)
            The frames.

        Returns
        -------
        int
            Energy [Wh].
        """
        return int(np.minimum(self.energy_wh, self.able_wh[:, frames].sum(axis=1)).sum())

    def share(self, profile_wh: IntArray) -> Share:
        """Share a profile among the EVs.

        Parameters
        ----------
        profile_wh : ndarray of int64, shape (frames,)
            Energy in each frame, not negative [Wh].

        Returns
        -------
        Share
            A maximum flow in whole Wh; the same one each time.

        Raises
        ------
        OverflowError
            If the profile holds more energy than a flow can.
        """
        evs, frames = self.able_wh.shape
        if int(profile_wh.sum()) > MOST_WH:
            msg = f"{profile_wh.sum()} Wh are more than the {MOST_WH} Wh that a flow can hold"
            raise OverflowError(msg)
        ev, frame = np.nonzero(self.able_wh)
        source, sink = 0, 1 + evs + frames
        starts = np.concatenate([np.full(evs, source), 1 + ev, 1 + evs + np.arange(frames)])
        ends = np.concatenate([1 + np.arange(evs), 1 + evs + frame, np.full(frames, sink)])
        most_wh = np.concatenate([self.energy_wh, self.able_wh[ev, frame], profile_wh])
        network = csr_array((most_wh.astype(np.int32), (starts, ends)), shape=(sink + 1, sink + 1))
        found = maximum_flow(network, source, sink)
        energy_wh = np.zeros((evs, frames), dtype=np.int64)
        energy_wh[ev, frame] = np.asarray(found.flow[1 + ev, 1 + evs + frame]).ravel()
        tight = np.zeros(frames, dtype=np.bool_)
        if found.flow_value < profile_wh.sum():
            residual = csr_array(network - found.flow)
            residual.eliminate_zeros()
            reached = breadth_first_order(residual, source, return_predecessors=False)
            tight = ~np.isin(1 + evs + np.arange(frames), reached)
        return Share(energy_wh, tight)

    def completed_wh(self, shared_wh: IntArray) -> IntArray:
        """Give every EV the rest of its energy, in its first frames with room.

        Parameters
        ----------
        shared_wh : ndarray of int64, shape (evs, frames)
            What each EV moves so far [Wh].

        Returns
        -------
        ndarray of int64, shape (evs, frames)
            The same, with what rounding kept from an EV [Wh].
        """
        room_wh = self.able_wh - shared_wh
        before_wh = np.cumsum(room_wh, axis=1) - room_wh
        rest_wh = self.energy_wh - shared_wh.sum(axis=1)
        more_wh: IntArray = np.clip(rest_wh[:, None] - before_wh, 0, room_wh)
        return shared_wh + more_wh


def round_profile_wh(profile_wh: FloatArray) -> IntArray:
    """Round energies to whole Wh so that every running total is off by at most half a Wh.

    Parameters
    ----------
    profile_wh : ndarray of float64, shape (frames,)
        Energies [Wh].

    Returns
    -------
    ndarray of int64, shape (frames,)
        Energies; a whole total is kept [Wh].
    """
    # a solver's dust must not turn half a Wh up here and down there
    total_wh = np.floor(np.round(np.cumsum(profile_wh), 6) + 0.5).astype(np.int64)
    rounded: NDArray[np.int64] = np.diff(total_wh, prepend=0)
    return rounded
