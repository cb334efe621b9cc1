"""Household-days of load and PV, and the tariff, from CityLearn's year of Californian homes."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from voltberg.profiles.sample import SAMPLE_DAYS, SAMPLE_HOUSEHOLDS
from voltberg.profiles.sample_build.wheels import member

FOLDER = "citylearn/data/citylearn_challenge_2022_phase_all"
FIRST_HOUR = datetime(2016, 7, 31, 23)  # noqa: DTZ001 (local clock; the year is inferred from the weekdays)
NEARLY_NO_PV = "Building_15"
LOAD_COLUMN = "Equipment Electric Power [kWh]"
PV_COLUMN = "Solar Generation [W/kW]"
PRICE_COLUMN = "Electricity Pricing [$/kWh]"
FIRST_TUESDAYS = {"winter": date(2017, 1, 3), "summer": date(2017, 6, 6)}
PRICE_SCALE = Decimal("0.6")
FEED_IN_PRICE = Decimal("0.042")
RETAILER_STEPS = {**dict.fromkeys(range(1, 6), "-0.020"), **dict.fromkeys([6, 7, 8, 22, 23, 0], "0.020")}
RETAILER_STEP_ELSE = "-0.010"


def household_days(wheel: Path, season: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Lay 100 different household-days on the sample's day of a season.

    Household k is home k mod 16 on the Tuesday k div 16 weeks after the season's first.

    Parameters
    ----------
    wheel : Path
        The CityLearn wheel.
    season : str
        ``"winter"`` or ``"summer"``.

    Returns
    -------
    load, pv, origin : DataFrame
        Hourly energy in the documented schema [kWh], and which home and date each household is.
    """
    schema = json.loads(member(wheel, f"{FOLDER}/schema.json"))
    homes = sorted(
        (name for name in schema["buildings"] if name != NEARLY_NO_PV),
        key=lambda name: int(name.split("_")[1]),
    )
    years = {name: pd.read_csv(io.BytesIO(member(wheel, f"{FOLDER}/{name}.csv"))) for name in homes}
    loads, pvs, origins = [], [], []
    day = SAMPLE_DAYS[season].isoformat()
    stamps = [f"{day} {hour:02d}:00" for hour in range(24)]
    for number in range(SAMPLE_HOUSEHOLDS):
        home = homes[number % len(homes)]
        source_day = FIRST_TUESDAYS[season] + timedelta(weeks=number // len(homes))
        rows = years[home].iloc[_hours_of(source_day)]
        nominal_kw = float(schema["buildings"][home]["pv"]["attributes"]["nominal_power"])
        name = f"H{number:03d}"
        loads.append(_hourly(name, stamps, rows[LOAD_COLUMN].to_numpy(np.float64)))
        pv_kwh = rows[PV_COLUMN].to_numpy(np.float64) * nominal_kw / 1000
        pvs.append(_hourly(name, stamps, pv_kwh))
        origins.append(
            {"household_id": name, "source_home": home, "source_date": source_day, "pv_kwp": nominal_kw}
        )
    return pd.concat(loads), pd.concat(pvs), pd.DataFrame(origins)


def _hours_of(day: date) -> slice:
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (local clock)
    first = int((start - FIRST_HOUR).total_seconds()) // 3600
    return slice(first, first + 24)


def _hourly(household_id: str, stamps: list[str], energy_kwh: np.ndarray) -> pd.DataFrame:
    cells = [f"{value:.4f}" for value in energy_kwh]
    return pd.DataFrame({"household_id": household_id, "timestamp": stamps, "kwh": cells})


def tariff(wheel: Path) -> pd.DataFrame:
    """Derive the sample's tariff from the shape of the wheel's time-of-use prices.

    Parameters
    ----------
    wheel : Path
        The CityLearn wheel.

    Returns
    -------
    DataFrame
        Hourly prices of both days in the documented schema [token per kWh].
    """
    prices = pd.read_csv(io.BytesIO(member(wheel, f"{FOLDER}/pricing.csv")), dtype=str)[PRICE_COLUMN]
    rows = []
    for day in SAMPLE_DAYS.values():
        for hour, text in enumerate(prices.iloc[_hours_of(day)]):
            grid = Decimal(text) * PRICE_SCALE
            retailer = grid + Decimal(RETAILER_STEPS.get(hour, RETAILER_STEP_ELSE))
            rows.append(
                ("sample_tou", f"{day} {hour:02d}:00", f"{grid:.3f}", f"{retailer:.3f}", f"{FEED_IN_PRICE}")
            )
    columns = ["market", "timestamp", "grid_price", "retailer_price", "feed_in_price"]
    return pd.DataFrame(rows, columns=columns).assign(currency="token")
