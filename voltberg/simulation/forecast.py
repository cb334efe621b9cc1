"""The day as the participants foresee it and as the meters will see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from voltberg.configuration import StorageTerms
from voltberg.profiles import DayProfile, FrameCalendar
from voltberg.profiles.calendar import zone
from voltberg.simulation.charging import charging_by_household_wh
from voltberg.simulation.metering import deviate_wh, silent_meters
from voltberg.simulation.settings import AgentSettings
from voltberg.simulation.storage_schedule import StorageBooking, StorageSchedule, schedule_storage

Energy = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EnergyPlan:
    """Energy by household and frame, forecast or metered.

    Parameters
    ----------
    load_wh, pv_wh, ev_wh, storage_in_wh, storage_out_wh : ndarray of int64, shape (households, frames)
        Consumption, generation, charging, energy into and out of the shared storage [Wh].
    """

    load_wh: Energy
    pv_wh: Energy
    ev_wh: Energy
    storage_in_wh: Energy
    storage_out_wh: Energy

    @property
    def behind_meter_wh(self) -> Energy:
        """Net export at the households' meters, without the shared storage [Wh]."""
        return self.pv_wh - self.load_wh - self.ev_wh

    @property
    def net_export_wh(self) -> Energy:
        """Net export, less what goes into storage, plus what comes out (M4) [Wh]."""
        return self.behind_meter_wh - self.storage_in_wh + self.storage_out_wh


@dataclass(frozen=True, slots=True)
class DayEnergy:
    """Forecast and metered energy of a day.

    Parameters
    ----------
    forecast, metered : EnergyPlan
        The two plans.
    silent : ndarray of bool, shape (households, frames)
        Readings that never arrive.
    """

    forecast: EnergyPlan
    metered: EnergyPlan
    silent: NDArray[np.bool_]


def choose_renters(day: DayProfile, count: int) -> tuple[int, ...]:
    """Choose who tries to book storage: the households with most surplus.

    Parameters
    ----------
    day : DayProfile
        The profiles.
    count : int
        How many at most.

    Returns
    -------
    tuple of int
        Rows of the households, largest surplus first; none without any surplus.
    """
    ev_wh = charging_by_household_wh(day.sessions, day.household_ids, day.calendar)
    surplus_wh = np.clip(day.pv_wh - day.load_wh - ev_wh, 0, None).sum(axis=1)
    ranking = np.argsort(-surplus_wh, kind="stable")[:count]
    return tuple(int(row) for row in ranking if surplus_wh[row] > 0)


def foresee_day(
    day: DayProfile,
    renters: tuple[int, ...],
    agents: AgentSettings,
    storage: StorageTerms,
    rng: np.random.Generator,
) -> DayEnergy:
    """Build forecast and metered energy of a day.

    The profile is the forecast; the meters see it with a drawn deviation. Renters store a share of their
    surplus before the evening and empty the storage from then on.

    Parameters
    ----------
    day : DayProfile
        The profiles.
    renters : tuple of int
        Rows of the households that have booked storage.
    agents : AgentSettings
        Deviation, silent meters, what renters book.
    storage : StorageTerms
        The shared storage.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    DayEnergy
        The two plans.
    """
    calendar = day.calendar
    ev_wh = charging_by_household_wh(day.sessions, day.household_ids, calendar)
    shape = day.load_wh.shape
    load_wh, pv_wh, charged_wh = (
        deviate_wh(energy, agents.deviation, rng) for energy in (day.load_wh, day.pv_wh, ev_wh)
    )
    silent = silent_meters((shape[0], shape[1]), agents.silent_share, rng)
    surplus_wh = np.clip(day.pv_wh - day.load_wh - ev_wh, 0, None)
    forecast_storage = _storage_of(renters, surplus_wh, calendar, agents, storage)
    metered_surplus_wh = np.clip(pv_wh - load_wh - charged_wh, 0, None)
    metered_storage = _follow(renters, forecast_storage, metered_surplus_wh, calendar, agents, storage)
    return DayEnergy(
        EnergyPlan(day.load_wh, day.pv_wh, ev_wh, *forecast_storage),
        EnergyPlan(load_wh, pv_wh, charged_wh, *metered_storage),
        silent,
    )


def booking_of(agents: AgentSettings) -> StorageBooking:
    """Give what each renter books.

    Parameters
    ----------
    agents : AgentSettings
        The settings.

    Returns
    -------
    StorageBooking
        Capacity and power.
    """
    return StorageBooking(agents.booked_capacity_wh, agents.booked_power_w, agents.booked_power_w)


def _storage_of(
    renters: tuple[int, ...],
    surplus_wh: Energy,
    calendar: FrameCalendar,
    agents: AgentSettings,
    storage: StorageTerms,
) -> tuple[Energy, Energy]:
    tz = zone(calendar.time_zone)
    hours = np.array([datetime.fromtimestamp(int(edge), tz=tz).hour for edge in calendar.edges_utc()[:-1]])
    evening = hours >= agents.discharge_from_hour
    everything = np.full(calendar.frames, agents.booked_capacity_wh, dtype=np.int64)
    wanted_in = np.where(evening, 0, np.floor(surplus_wh * agents.charge_share).astype(np.int64))
    wanted_out = np.where(evening, everything, 0)
    return _scheduled(
        renters, wanted_in, np.broadcast_to(wanted_out, surplus_wh.shape), calendar, agents, storage
    )


def _follow(
    renters: tuple[int, ...],
    planned: tuple[Energy, Energy],
    surplus_wh: Energy,
    calendar: FrameCalendar,
    agents: AgentSettings,
    storage: StorageTerms,
) -> tuple[Energy, Energy]:
    """Do as planned, but store no more than there is."""
    return _scheduled(renters, np.minimum(planned[0], surplus_wh), planned[1], calendar, agents, storage)


def _scheduled(
    renters: tuple[int, ...],
    wanted_in_wh: Energy,
    wanted_out_wh: Energy,
    calendar: FrameCalendar,
    agents: AgentSettings,
    storage: StorageTerms,
) -> tuple[Energy, Energy]:
    in_wh, out_wh = np.zeros_like(wanted_in_wh), np.zeros_like(wanted_in_wh)
    for row in renters:
        schedule: StorageSchedule = schedule_storage(
            booking_of(agents),
            wanted_in_wh[row],
            wanted_out_wh[row],
            frame_seconds=calendar.frame_seconds,
            efficiency_bps=storage.efficiency_bps,
        )
        in_wh[row], out_wh[row] = schedule.in_wh, schedule.out_wh
    return in_wh, out_wh
