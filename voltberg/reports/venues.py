"""One day at two venues, side by side: what the same participants paid, traded and spent at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from voltberg.reports.formatting import MISSING, energy, grouped, millions, percent, price
from voltberg.reports.run_data import ReportError, RunData
from voltberg.units import PERCENT

VENUE_NAMES: Final = {"book": "Continuous book", "auction": "Frame auction"}

_ROWS: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("Mean price of trades, before fees [token/kWh]", "price_p2p_mean_per_kwh", price),
    (
        "What a kWh cost consumers, storage and suppliers included [token]",
        "price_consumer_mean_per_kwh",
        price,
    ),
    ("Traded between neighbours", "p2p_energy_wh", energy),
    ("Wanted from neighbours and not served", "unserved_energy_wh", energy),
    ("Sold and not delivered", "shortfall_energy_wh", energy),
    ("From the suppliers", "grid_energy_wh", energy),
    ("Households that traded", "households_trading", grouped),
    ("Orders", "orders", grouped),
    ("Fills", "trades", grouped),
    ("Iceberg slices after the first", "iceberg_slices_replenished", grouped),
    ("Transactions", "transactions", grouped),
    ("Gas of the day", "gas_total", millions),
    ("Gas per kWh traded", "gas_per_kwh_traded", grouped),
    ("Gas per household-day", "gas_per_household_day", grouped),
)


@dataclass(frozen=True, slots=True)
class VenueRow:
    """One figure at both venues.

    Parameters
    ----------
    label : str
        What it is.
    values : tuple of str
        At the report's own venue and at the other.
    change : str
        The second against the first, in percent.
    """

    label: str
    values: tuple[str, str]
    change: str


def venue_rows(data: RunData, beside: RunData) -> list[VenueRow]:
    """Set the figures of two runs of one day side by side.

    Parameters
    ----------
    data : RunData
        The report's own run.
    beside : RunData
        The same day, participants and seed at the other venue.

    Returns
    -------
    list of VenueRow
        Price, volume, unserved energy, gas.

    Raises
    ------
    ReportError
        If the runs differ in anything but venue and engine.
    """
    mine, other = _comparable(data), _comparable(beside)
    for name, value in mine.items():
        if other[name] != value:
            raise ReportError(
                f"{beside.folder} has other {name} than {data.folder}: "
                "side by side only venue and engine may differ"
            )
    return [
        VenueRow(
            label,
            (show(data.summary[name]), show(beside.summary[name])),
            _change(data.summary[name], beside.summary[name]),
        )
        for label, name, show in _ROWS
    ]


def venue_name(data: RunData) -> str:
    """Give the name of a run's venue."""
    return VENUE_NAMES[data.summary["venue"]]


def _comparable(data: RunData) -> dict[str, Any]:
    settings = dict(data.run["settings"])
    del settings["venue"]
    return {**settings, "input files": [entry["sha256"] for entry in data.run["inputs"]]}


def _change(first: float, second: float) -> str:
    if not first:
        return MISSING
    change = PERCENT * (second - first) / first
    return f"{'+' if change > 0 else ''}{percent(change)}"
