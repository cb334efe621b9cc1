"""Who owns what when the files do not say: drawn, and never to be taken for a measurement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles.ev_session import EvSession
from voltberg.profiles.series import HouseholdSeries


def pair_pv(
    pv: HouseholdSeries, household_ids: Sequence[str], with_pv: int | None, rng: np.random.Generator
) -> tuple[NDArray[np.int64], bool]:
    """Give PV series to households.

    If PV series are named after households, that is the pairing, nothing is drawn, and series with other
    names are left out. If none is, households are put in a drawn order and PV series are dealt to the first
    ``with_pv`` of them in turn, again from the first series when they run out.

    Parameters
    ----------
    pv : HouseholdSeries
        The PV series.
    household_ids : sequence of str
        The households.
    with_pv : int or None
        Number of households that get PV when it is drawn; None for all.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    pv_wh : ndarray of int64, shape (households, frames)
        Generation of each household [Wh]; 0 without PV.
    drawn : bool
        Whether the pairing was drawn.

    Raises
    ------
    ValueError
        If ``with_pv`` is negative or more than there are households.
    """
    total = len(household_ids)
    if with_pv is not None and not 0 <= with_pv <= total:
        msg = f"households with PV is {with_pv}, expected 0 to {total}"
        raise ValueError(msg)
    pv_wh = np.zeros((total, pv.calendar.frames), dtype=np.int64)
    row_of = {name: row for row, name in enumerate(household_ids)}
    matched = [(row_of[name], series) for series, name in enumerate(pv.household_ids) if name in row_of]
    if matched:
        for row, series in matched:
            pv_wh[row] = pv.energy_wh[series]
        return pv_wh, False
    order = rng.permutation(total)[: total if with_pv is None else with_pv]
    pv_wh[order] = pv.energy_wh[np.arange(len(order)) % len(pv.household_ids)]
    return pv_wh, True


def pair_sessions(
    sessions: Sequence[EvSession], household_ids: Sequence[str], rng: np.random.Generator
) -> tuple[tuple[EvSession, ...], bool]:
    """Give sessions without an owner to households.

    A session that names a household keeps it; one that names a household that is not replayed is left out.
    The other EVs (sessions of one ``ev_id`` belong together) are dealt to households in a drawn order, those
    without a session first.

    Parameters
    ----------
    sessions : sequence of EvSession
        The sessions.
    household_ids : sequence of str
        The households.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    sessions : tuple of EvSession
        All of them with an owner, in the order given.
    drawn : bool
        Whether any owner was drawn.
    """
    known = set(household_ids)
    kept = [session for session in sessions if session.household_id is None or session.household_id in known]
    owned = {session.household_id for session in kept if session.household_id is not None}
    order = [household_ids[int(i)] for i in rng.permutation(len(household_ids))]
    order = [name for name in order if name not in owned] + [name for name in order if name in owned]
    owner_of: dict[str, str] = {}
    result: list[EvSession] = []
    for session in kept:
        if session.household_id is not None:
            result.append(session)
            continue
        car = session.ev_id or f"session {session.session_id}"
        if car not in owner_of:
            owner_of[car] = order[len(owner_of) % len(order)]
        result.append(session.owned_by(owner_of[car]))
    return tuple(result), bool(owner_of)
