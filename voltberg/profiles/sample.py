"""The day that comes with Voltberg: 100 household-days of one season (``voltberg/data/sample``)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

from voltberg.profiles.day import DayConfig, load_day
from voltberg.profiles.day_profile import DayProfile, Provenance
from voltberg.profiles.sessions import ALL_SOURCES

SAMPLE_DIR = Path(__file__).resolve().parents[1] / "data" / "sample"
SAMPLE_TIME_ZONE = "America/Los_Angeles"
SAMPLE_DAYS = {"winter": date(2017, 1, 17), "summer": date(2017, 6, 20)}
SAMPLE_HOUSEHOLDS = 100


def sample_config(season: str, households: int = SAMPLE_HOUSEHOLDS) -> DayConfig:
    """Say how the shipped files are read.

    Parameters
    ----------
    season : str
        ``"winter"`` or ``"summer"``.
    households : int
        Take the first so many, 1 to 100.

    Returns
    -------
    DayConfig
        For `load_day`.

    Raises
    ------
    ValueError
        If there is no such season or there are not so many households.
    """
    if season not in SAMPLE_DAYS:
        msg = f"sample season is {season!r}, expected one of {sorted(SAMPLE_DAYS)}"
        raise ValueError(msg)
    if not 1 <= households <= SAMPLE_HOUSEHOLDS:
        msg = f"households is {households}, the sample has 1 to {SAMPLE_HOUSEHOLDS}"
        raise ValueError(msg)
    return DayConfig(
        load=SAMPLE_DIR / season / "load.csv",
        pv=SAMPLE_DIR / season / "pv.csv",
        sessions=SAMPLE_DIR / season / "sessions.csv",
        tariff=SAMPLE_DIR / "tariff.csv",
        feeder=SAMPLE_DIR / "feeder.json",
        day=SAMPLE_DAYS[season],
        time_zone=SAMPLE_TIME_ZONE,
        households=households,
        session_source=ALL_SOURCES,
    )


def sample_day(season: str, households: int = SAMPLE_HOUSEHOLDS) -> DayProfile:
    """Read the shipped day of a season.

    Parameters
    ----------
    season : str
        ``"winter"`` or ``"summer"``.
    households : int
        Take the first so many, 1 to 100.

    Returns
    -------
    DayProfile
        The day; its provenance says what was measured, drawn and assumed.
    """
    profile = load_day(sample_config(season, households))
    told = json.loads((SAMPLE_DIR / "sources.json").read_text(encoding="utf-8"))
    sources = tuple(Provenance(entry["item"], entry["status"], entry["note"]) for entry in told)
    return replace(profile, provenance=(*sources, *profile.provenance))
