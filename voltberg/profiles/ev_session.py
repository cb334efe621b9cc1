"""One charging session of an EV."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from voltberg.profiles.calendar import FrameCalendar
from voltberg.units import energy_down_wh

UNNAMED_STATION: Final = "home"


@dataclass(frozen=True, slots=True)
class EvSession:
    """One EV plugged in once.

    Parameters
    ----------
    session_id : str
        Identifier, unique in a day.
    source : str
        Where it comes from, ``""`` if the file does not say.
    site : str
        Place of the charger, ``""`` if the file does not say.
    ev_id : str or None
        The EV, if known.
    household_id : str or None
        The household that the EV belongs to, once known or drawn.
    arrival_utc, departure_utc : int
        Unix times [s]; the departure may lie after the replayed day.
    energy_wh : int
        Energy that the EV takes between them [Wh].
    max_power_w : int
        Highest charging power [W].
    battery_wh : int or None
        Battery capacity [Wh], if known or estimated.
    initial_wh : int or None
        Energy in the battery on arrival [Wh], if known or estimated.
    """

    session_id: str
    source: str
    site: str
    ev_id: str | None
    household_id: str | None
    arrival_utc: int
    departure_utc: int
    energy_wh: int
    max_power_w: int
    battery_wh: int | None = None
    initial_wh: int | None = None

    @property
    def station(self) -> str:
        """The charger's place, under the one name that all sessions without a place share."""
        return self.site or UNNAMED_STATION

    def owned_by(self, household_id: str) -> EvSession:
        """Give the session an owner.

        Parameters
        ----------
        household_id : str
            The household.

        Returns
        -------
        EvSession
            The same session with that owner.
        """
        return replace(self, household_id=household_id)

    def within(self, calendar: FrameCalendar) -> EvSession | None:
        """Cut the session to a calendar.

        What is charged after the calendar's end is left out only as far as it can't be charged before: the
        energy is the smaller of the session's and what ``max_power_w`` allows in the time that is left.

        Parameters
        ----------
        calendar : FrameCalendar
            The frames.

        Returns
        -------
        EvSession or None
            The session inside the calendar; None if nothing of it is.
        """
        arrival = max(self.arrival_utc, calendar.start_utc)
        departure = min(self.departure_utc, calendar.end_utc)
        if departure <= arrival:
            return None
        energy_wh = min(self.energy_wh, energy_down_wh(self.max_power_w, departure - arrival))
        return replace(self, arrival_utc=arrival, departure_utc=departure, energy_wh=energy_wh)
