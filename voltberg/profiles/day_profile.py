"""One day of profiles: what the simulation starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar
from voltberg.profiles.ev_session import EvSession
from voltberg.profiles.feeder import Feeder
from voltberg.profiles.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a part of a day comes from.

    Parameters
    ----------
    item : str
        ``load``, ``pv``, ``sessions``, ``tariff``, ``feeder``, or a pairing such as ``pv owners``.
    status : str
        ``file``, ``measured``, ``drawn``, ``modelled``, ``assumed`` or ``absent``.
    note : str
        File name, dates, rule.
    sha256 : str
        Checksum of the file, ``""`` where there is none.
    """

    item: str
    status: str
    note: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class DayProfile:
    """A day of households, PV, EV sessions and prices.

    Parameters
    ----------
    calendar : FrameCalendar
        The frames.
    household_ids : tuple of str
        The households.
    load_wh : ndarray of int64, shape (households, frames)
        Consumption without EVs [Wh].
    pv_wh : ndarray of int64, shape (households, frames)
        Generation [Wh].
    sessions : tuple of EvSession
        EV sessions, each with an owner among the households.
    tariff : Tariff
        Prices.
    feeder : Feeder or None
        The grid, if given.
    provenance : tuple of Provenance
        Where all that comes from.

    Raises
    ------
    ValueError
        If the parts do not fit each other.
    """

    calendar: FrameCalendar
    household_ids: tuple[str, ...]
    load_wh: NDArray[np.int64]
    pv_wh: NDArray[np.int64]
    sessions: tuple[EvSession, ...]
    tariff: Tariff
    feeder: Feeder | None
    provenance: tuple[Provenance, ...]

    def __post_init__(self) -> None:
        """Check that the parts fit, and lock the arrays."""
        shape = (len(self.household_ids), self.calendar.frames)
        for name, energy_wh in (("load_wh", self.load_wh), ("pv_wh", self.pv_wh)):
            if energy_wh.shape != shape or energy_wh.dtype != np.int64 or (energy_wh < 0).any():
                found = f"{name} is {energy_wh.dtype} of shape {energy_wh.shape}"
                msg = f"{found}, expected int64 >= 0 of shape {shape}"
                raise ValueError(msg)
            energy_wh.setflags(write=False)
        if self.tariff.calendar != self.calendar:
            msg = (
                f"the tariff is for {self.tariff.calendar.describe()}, the day for {self.calendar.describe()}"
            )
            raise ValueError(msg)
        strangers = {session.household_id for session in self.sessions} - set(self.household_ids)
        if strangers:
            msg = f"sessions belong to {sorted(map(str, strangers))}, who are no households of the day"
            raise ValueError(msg)

    def net_wh(self) -> NDArray[np.int64]:
        """Give what households need from outside before EVs; negative is surplus.

        Returns
        -------
        ndarray of int64, shape (households, frames)
            Load minus PV [Wh].
        """
        return self.load_wh - self.pv_wh
