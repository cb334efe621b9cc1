"""Read one day of profiles from a user's files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar
from voltberg.profiles.day_profile import DayProfile, Provenance
from voltberg.profiles.errors import ProfileError
from voltberg.profiles.ev_session import EvSession
from voltberg.profiles.feeder import read_feeder
from voltberg.profiles.pairing import pair_pv, pair_sessions
from voltberg.profiles.pv_model import PvArray, PvSite, clear_sky_weather, pv_energy_half_up_wh
from voltberg.profiles.selection import choose_sessions, choose_tariff
from voltberg.profiles.series import HouseholdSeries, open_series
from voltberg.profiles.sessions import read_sessions
from voltberg.profiles.tariff import Tariff, read_tariff
from voltberg.units import DEFAULT_FRAME_SECONDS

MODEL_AREA_M2 = (15.0, 35.0)
MODEL_AZIMUTH_DEG = (90.0, 270.0)
SELECT_RULES = ("strict", "auto")


@dataclass(frozen=True, slots=True)
class DayConfig:
    """What to read for a day.

    Parameters
    ----------
    load : Path
        File of household load.
    tariff : Path
        File of prices.
    pv, sessions, feeder : Path or None
        The other files; a day may do without them.
    day : date or None
        Local day; None for the first full one of the load file.
    time_zone : str
        Zone of times without a UTC offset, and of the day.
    frame_seconds : int
        Length of a frame [s].
    households : int or None
        Take the first so many of the load file; None for all.
    pv_households : int or None
        How many households get PV where that is drawn or modelled; None for all.
    pv_site : PvSite or None
        Model clear-sky PV at this place; only without a PV file.
    session_source, session_date, session_limit : str, date, int or None
        As in `read_sessions`.
    market, tariff_date : str or None, date or None
        As in `read_tariff`.
    seed : int
        Of all draws.
    select : str
        ``"strict"``: several sources or markets and other dates are errors until named. ``"auto"``: chosen
        by the rules of `choose_sessions` and `choose_tariff`, and said in the provenance.

    Raises
    ------
    ValueError
        If a number is out of range, the rule is unknown, or a PV file and a PV site are both given.
    """

    load: Path
    tariff: Path
    pv: Path | None = None
    sessions: Path | None = None
    feeder: Path | None = None
    day: date | None = None
    time_zone: str = "UTC"
    frame_seconds: int = DEFAULT_FRAME_SECONDS
    households: int | None = None
    pv_households: int | None = None
    pv_site: PvSite | None = None
    session_source: str | None = None
    session_date: date | None = None
    session_limit: int | None = None
    market: str | None = None
    tariff_date: date | None = None
    seed: int = 0
    select: str = "strict"

    def __post_init__(self) -> None:
        """Check what does not need the files."""
        if self.households is not None and self.households < 1:
            msg = f"households is {self.households}, expected at least 1"
            raise ValueError(msg)
        if self.seed < 0:
            msg = f"seed is {self.seed}, expected 0 or more"
            raise ValueError(msg)
        if self.select not in SELECT_RULES:
            msg = f"select is {self.select!r}, expected one of {SELECT_RULES}"
            raise ValueError(msg)
        if self.pv is not None and self.pv_site is not None:
            msg = f"PV is both read from {self.pv} and modelled at {self.pv_site}, expected one of them"
            raise ValueError(msg)


def load_day(config: DayConfig) -> DayProfile:
    """Read a day.

    Parameters
    ----------
    config : DayConfig
        Files and choices.

    Returns
    -------
    DayProfile
        The day; the same configuration and files give the same day.

    Raises
    ------
    ProfileError
        If a file breaks the schema or lacks the day.
    CalendarError
        If the day does not consist of whole frames.
    """
    load_file = open_series(config.load, "load")
    day = config.day or load_file.first_day(config.time_zone)
    calendar = FrameCalendar.for_day(day, config.time_zone, config.frame_seconds)
    load = _first(load_file.on(calendar), config)
    # one stream of random numbers per purpose: a choice in one part leaves the others' draws alone
    pv_rng, limit_rng, owner_rng = (np.random.default_rng([config.seed, part]) for part in range(3))
    pv_wh, pv_notes = _pv(config, calendar, load.household_ids, pv_rng)
    sessions, session_notes = _sessions(config, calendar, load.household_ids, limit_rng, owner_rng)
    tariff, tariff_notes = _tariff(config, calendar)
    feeder = None if config.feeder is None else read_feeder(config.feeder)
    feeder_notes = [] if config.feeder is None else [_file_note("feeder", config.feeder, "")]
    load_note = _file_note(
        "load", config.load, f"{len(load.household_ids)} households on {day} {config.time_zone}"
    )
    return DayProfile(
        calendar=calendar,
        household_ids=load.household_ids,
        load_wh=load.energy_wh,
        pv_wh=pv_wh,
        sessions=sessions,
        tariff=tariff,
        feeder=feeder,
        provenance=(load_note, *pv_notes, *session_notes, *tariff_notes, *feeder_notes),
    )


def _first(load: HouseholdSeries, config: DayConfig) -> HouseholdSeries:
    wanted, found = config.households, len(load.household_ids)
    if wanted is None:
        return load
    if wanted > found:
        reason = f"{wanted} households were asked for and the file has {found} on {load.calendar.describe()}"
        raise ProfileError(config.load, None, reason)
    return HouseholdSeries(load.calendar, load.household_ids[:wanted], load.energy_wh[:wanted])


def _file_note(item: str, path: Path, note: str) -> Provenance:
    checksum = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Provenance(item, "file", f"{Path(path).name}: {note}" if note else Path(path).name, checksum)


def _pv(
    config: DayConfig, calendar: FrameCalendar, ids: Sequence[str], rng: np.random.Generator
) -> tuple[NDArray[np.int64], list[Provenance]]:
    if config.pv is not None:
        pv = open_series(config.pv, "pv").on(calendar)
        pv_wh, drawn = pair_pv(pv, ids, config.pv_households, rng)
        notes = [_file_note("pv", config.pv, f"{len(pv.household_ids)} series")]
        if drawn:
            rule = f"seeded permutation of households, series dealt in turn, seed {config.seed}"
            notes.append(Provenance("pv owners", "drawn", rule))
        return pv_wh, notes
    pv_wh = np.zeros((len(ids), calendar.frames), dtype=np.int64)
    if config.pv_site is None:
        return pv_wh, [Provenance("pv", "absent", "no PV file and no PV site")]
    weather = clear_sky_weather(calendar, config.pv_site)
    owners = rng.permutation(len(ids))[: len(ids) if config.pv_households is None else config.pv_households]
    for owner in owners:
        array = PvArray(
            area_m2=float(rng.uniform(*MODEL_AREA_M2)), azimuth_deg=float(rng.uniform(*MODEL_AZIMUTH_DEG))
        )
        pv_wh[owner] = pv_energy_half_up_wh(calendar, config.pv_site, array, weather)
    note = (
        f"clear sky at {config.pv_site}, {len(owners)} arrays of drawn area and azimuth, seed {config.seed}"
    )
    return pv_wh, [Provenance("pv", "modelled", note)]


def _sessions(
    config: DayConfig,
    calendar: FrameCalendar,
    ids: Sequence[str],
    limit_rng: np.random.Generator,
    owner_rng: np.random.Generator,
) -> tuple[tuple[EvSession, ...], list[Provenance]]:
    if config.sessions is None:
        return (), [Provenance("sessions", "absent", "no sessions file")]
    source, session_date = config.session_source, config.session_date
    if config.select == "auto" and session_date is None:
        source, session_date = choose_sessions(config.sessions, calendar, source)
    read = read_sessions(
        config.sessions,
        calendar,
        source=source,
        session_date=session_date,
        limit=config.session_limit,
        rng=limit_rng,
    )
    sessions, drawn = pair_sessions(read, ids, owner_rng)
    note = f"{len(sessions)} sessions of {source or 'the file'} that arrive on {session_date or calendar.day}"
    notes = [_file_note("sessions", config.sessions, note)]
    if config.session_limit is not None and config.session_limit <= len(read):
        notes.append(Provenance("sessions limit", "drawn", f"{len(read)} of the date's, seed {config.seed}"))
    if drawn:
        notes.append(
            Provenance("session owners", "drawn", f"seeded permutation of households, seed {config.seed}")
        )
    return sessions, notes


def _tariff(config: DayConfig, calendar: FrameCalendar) -> tuple[Tariff, list[Provenance]]:
    market, tariff_date = config.market, config.tariff_date
    if config.select == "auto" and tariff_date is None:
        market, tariff_date = choose_tariff(config.tariff, calendar, market)
    tariff = read_tariff(config.tariff, calendar, market=market, tariff_date=tariff_date)
    rate = f"1 {tariff.currency or 'unit'} = 1 token"
    note = f"{tariff.market or 'tariff'} of {tariff_date or calendar.day}, {rate}"
    notes = [_file_note("tariff", config.tariff, note)]
    if (tariff.retailer_micro_per_kwh == tariff.grid_micro_per_kwh).all():
        notes.append(Provenance("retailer price", "assumed", "as the grid's, the file has no other"))
    if not tariff.feed_in_micro_per_kwh.any():
        notes.append(Provenance("feed-in price", "assumed", "nothing is paid outside the market"))
    return tariff, notes
