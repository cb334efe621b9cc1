"""The head of the report: what the run proves of itself, and the figures of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from voltberg.reports import formatting
from voltberg.reports.formatting import energy, grouped, percent, price, short, tokens
from voltberg.units import PERCENT, WH_PER_KWH


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verdict.

    Parameters
    ----------
    passed : bool
        Whether it holds.
    text : str
        What holds or does not.
    """

    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the day.

    Parameters
    ----------
    label, value, unit, note : str
        What, how much, of what, and against what.
    colour : str
        Name of its colour in the style sheet.
    """

    label: str
    value: str
    unit: str
    note: str
    colour: str = "accent"


def verdict(summary: dict[str, Any]) -> list[Check]:
    """Say what the run proves of itself.

    Parameters
    ----------
    summary : dict
        Its figures.

    Returns
    -------
    list of Check
        Predictions, state, money, energy.
    """
    transactions, unexplained = summary["transactions"], summary["transactions_unexplained"]
    differences = summary["state_differences"]
    money_micro, energy_wh = summary["money_residual_micro"], summary["energy_residual_wh"]
    predicted = f"{grouped(transactions - unexplained)} of {grouped(transactions)} transactions"
    return [
        Check(unexplained == 0, f"{predicted} as the exact twin predicted"),
        Check(differences == 0, f"{differences} public values differ from the twin"),
        Check(money_micro == 0, f"money residual {money_micro} micro-tokens"),
        Check(energy_wh == 0, f"energy residual {energy_wh} Wh"),
    ]


def transformer_rating_kva(run: dict[str, Any]) -> float | None:
    """Find the rated power of the feeder's transformer.

    Parameters
    ----------
    run : dict
        Contents of ``run.json``.

    Returns
    -------
    float or None
        Rated power [kVA]; None if no feeder is given or its record does not name it.
    """
    for entry in run["inputs"]:
        if entry["item"] == "feeder":
            found = re.search(r"([\d.]+) kVA", entry["note"])
            if found:
                return float(found.group(1))
    return None


def day_tiles(summary: dict[str, Any], rating_kva: float | None) -> dict[str, list[Tile]]:
    """Give the figures of the day in groups.

    Parameters
    ----------
    summary : dict
        Figures of the run.
    rating_kva : float or None
        Rated power of the feeder's transformer [kVA].

    Returns
    -------
    dict of str to list of Tile
        Tiles by the heading of their group.
    """
    return {
        "Energy": [*_energy_tiles(summary), *_grid_tiles(summary, rating_kva)],
        "Money": _money_tiles(summary),
        "Market and chain": _market_tiles(summary),
    }


def _kwh(energy_wh: float) -> str:
    return short(energy_wh / WH_PER_KWH)


def _share(part: float, whole: float) -> str:
    return percent(PERCENT * part / whole) if whole else formatting.MISSING


def _energy_tiles(summary: dict[str, Any]) -> list[Tile]:
    used_wh = summary["load_energy_wh"] + summary["ev_energy_wh"]
    bought_from_grid_wh = summary["grid_energy_wh"]
    bought_wh, lost_wh = summary["p2p_energy_wh"], summary["shortfall_energy_wh"]
    return [
        Tile(
            "Between neighbours",
            _kwh(bought_wh),
            "kWh",
            f"{_share(bought_wh, used_wh)} of use; {energy(lost_wh)} of it not delivered",
            "neighbours",
        ),
        Tile(
            "From shared storage",
            _kwh(summary["storage_energy_wh"]),
            "kWh",
            f"{_share(summary['storage_energy_wh'], used_wh)} of use",
            "storage",
        ),
        Tile(
            "From the grid",
            _kwh(bought_from_grid_wh),
            "kWh",
            f"{_share(bought_from_grid_wh, used_wh)} of use; {energy(summary['grid_export_wh'])} fed back",
            "grid",
        ),
    ]


def _grid_tiles(summary: dict[str, Any], rating_kva: float | None) -> list[Tile]:
    without_kw = summary["transformer_peak_without_storage_kw"]
    rated = "" if rating_kva is None else f"; rated {rating_kva:g} kVA"
    return [
        Tile(
            "PV used by its owner",
            percent(summary["self_consumption_household_pct"]).removesuffix(" %"),
            "%",
            f"of {energy(summary['pv_energy_wh'])} PV, each household alone",
            "pv",
        ),
        Tile(
            "PV used by the community",
            percent(summary["self_consumption_community_pct"]).removesuffix(" %"),
            "%",
            "with neighbours and storage",
            "pv",
        ),
        Tile(
            "Transformer peak",
            grouped(summary["transformer_peak_kw"], 1),
            "kW",
            f"{grouped(without_kw, 1)} kW without storage{rated}",
            "grid",
        ),
    ]


def _money_tiles(summary: dict[str, Any]) -> list[Tile]:
    paid, alone = summary["price_consumer_mean_per_kwh"], summary["price_grid_only_mean_per_kwh"]
    saved = PERCENT * (1 - paid / alone) if alone else 0.0
    direction = "less" if saved >= 0 else "more"
    against = f"tokens, to consumers: {percent(abs(saved))} {direction} than the grid alone ({price(alone)})"
    revenues = (
        ("Sellers", "sellers", "paid for energy, less what shortfalls cost", "neighbours"),
        ("Grid", "grid", "energy and network fees", "grid"),
        ("Retailer", "retailer", "energy, where it is cheaper than the grid", "ev"),
        ("Platform", "platform", "fees", "accent"),
        ("Storage operator", "storage_operator", "rent and movements, less costs", "storage"),
    )
    return [
        Tile("Average price", price(paid), "per kWh", against, "accent"),
        *(
            Tile(label, tokens(summary[f"revenue_{name}"]), "tokens", note, colour)
            for label, name, note, colour in revenues
        ),
    ]


def _market_tiles(summary: dict[str, Any]) -> list[Tile]:
    return [
        Tile(
            "Orders",
            grouped(summary["orders"]),
            "",
            f"{grouped(summary['trades'])} trades, {summary['households_trading']} households traded",
        ),
        Tile(
            "Icebergs",
            grouped(summary["icebergs"]),
            "",
            f"{grouped(summary['iceberg_slices_replenished'])} slices replenished",
        ),
        Tile(
            "Transactions",
            grouped(summary["transactions"]),
            "",
            f"{grouped(summary['transactions_failed'])} failed, each as predicted"
            if summary["transactions_unexplained"] == 0
            else f"{grouped(summary['transactions_unexplained'])} not as predicted",
        ),
        Tile(
            "Gas of the day",
            formatting.millions(summary["gas_total"]),
            "",
            "without the deployment",
        ),
        Tile(
            "Gas per kWh traded", formatting.millions(summary["gas_per_kwh_traded"]), "", "all transactions"
        ),
        Tile(
            "Gas per household-day",
            formatting.millions(summary["gas_per_household_day"]),
            "",
            "all transactions",
        ),
    ]
