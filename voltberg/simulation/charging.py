"""How an EV session becomes load per frame: evenly over the time that it is plugged in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles import EvSession, FrameCalendar


def even_charging_wh(session: EvSession, calendar: FrameCalendar) -> NDArray[np.int64]:
    """Spread a session's energy evenly over its time in the calendar.

    Parameters
    ----------
    session : EvSession
        The session; its energy beyond the calendar's end is charged later and left out.
    calendar : FrameCalendar
        The frames.

    Returns
    -------
    ndarray of int64, shape (frames,)
        Energy taken in each frame [Wh]; the sum is the energy of the session inside the calendar, exactly.
    """
    cut = session.within(calendar)
    if cut is None:
        return np.zeros(calendar.frames, dtype=np.int64)
    edges_s = np.clip(calendar.edges_utc(), cut.arrival_utc, cut.departure_utc) - cut.arrival_utc
    # rounding the running total, not each frame, conserves the energy to the Wh
    charged_wh = cut.energy_wh * edges_s // (cut.departure_utc - cut.arrival_utc)
    return np.diff(charged_wh)


def charging_by_household_wh(
    sessions: Iterable[EvSession], household_ids: tuple[str, ...], calendar: FrameCalendar
) -> NDArray[np.int64]:
    """Add up the charging of all sessions by the household that pays for it.

    Parameters
    ----------
    sessions : iterable of EvSession
        Sessions whose ``household_id`` is one of ``household_ids``.
    household_ids : tuple of str
        The households.
    calendar : FrameCalendar
        The frames.

    Returns
    -------
    ndarray of int64, shape (households, frames)
        Energy taken [Wh].

    Raises
    ------
    ValueError
        If a session belongs to none of the households.
    """
    row_of = {household: row for row, household in enumerate(household_ids)}
    energy_wh = np.zeros((len(household_ids), calendar.frames), dtype=np.int64)
    for session in sessions:
        row = row_of.get(session.household_id or "")
        if row is None:
            raise ValueError(
                f"session {session.session_id!r} belongs to household {session.household_id!r}, "
                "expected one of the day's"
            )
        energy_wh[row] += even_charging_wh(session, calendar)
    return energy_wh
