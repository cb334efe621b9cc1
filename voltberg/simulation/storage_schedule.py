"""A renter's plan for its booked storage: fill it with surplus, empty it when power is dear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltberg.units import BPS, SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class StorageBooking:
    """What a renter books.

    Parameters
    ----------
    capacity_wh : int
        Capacity [Wh].
    charge_w, discharge_w : int
        Power [W].
    """

    capacity_wh: int
    charge_w: int
    discharge_w: int


@dataclass(frozen=True, slots=True)
class StorageSchedule:
    """Energy moved by one renter.

    Parameters
    ----------
    in_wh, out_wh : ndarray of int64, shape (frames,)
        Energy into and out of the storage [Wh].
    """

    in_wh: NDArray[np.int64]
    out_wh: NDArray[np.int64]


def schedule_storage(
    booking: StorageBooking,
    wanted_in_wh: NDArray[np.int64],
    wanted_out_wh: NDArray[np.int64],
    *,
    frame_seconds: int,
    efficiency_bps: int,
) -> StorageSchedule:
    """Follow what is wanted as far as power, room and content allow.

    Stored energy is ``floor(total in x efficiency) - total out`` as the contract counts it: losses fall on
    the charge leg, charging counts before discharging within a frame (Wang et al. 2023, eqs
    30-31, by booking).

    Parameters
    ----------
    booking : StorageBooking
        What was booked.
    wanted_in_wh : ndarray of int64, shape (frames,)
        Energy that the renter would store [Wh].
    wanted_out_wh : ndarray of int64, shape (frames,)
        Energy that it would take out [Wh].
    frame_seconds : int
        Length of a frame [s].
    efficiency_bps : int
        Share of the energy charged that is stored [1/10,000].

    Returns
    -------
    StorageSchedule
        What can be moved.
    """
    most_in_wh = booking.charge_w * frame_seconds // SECONDS_PER_HOUR
    most_out_wh = booking.discharge_w * frame_seconds // SECONDS_PER_HOUR
    in_wh = np.zeros(len(wanted_in_wh), dtype=np.int64)
    out_wh = np.zeros(len(wanted_out_wh), dtype=np.int64)
    total_in_wh = total_out_wh = 0
    for position, (wanted_in, wanted_out) in enumerate(
        zip(wanted_in_wh.tolist(), wanted_out_wh.tolist(), strict=True)
    ):
        # the most that may ever have gone in without overfilling: floor(in x eff / BPS) - out <= capacity
        full_at_wh = ((booking.capacity_wh + total_out_wh + 1) * BPS - 1) // efficiency_bps
        in_wh[position] = moved_in = min(wanted_in, most_in_wh, full_at_wh - total_in_wh)
        total_in_wh += moved_in
        stored_wh = total_in_wh * efficiency_bps // BPS - total_out_wh
        out_wh[position] = moved_out = min(wanted_out, most_out_wh, stored_wh)
        total_out_wh += moved_out
    return StorageSchedule(in_wh, out_wh)
