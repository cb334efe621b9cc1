"""Statistics of a run's tables, as the report shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from voltberg.units import WAD, WH_PER_KWH

P95: Final = 0.95
GWEI_PER_ETHER: Final = 10**9
FATES: Final = ("filled", "partly filled", "rested", "unfilled", "refused")
SCORE_BINS: Final = 20


@dataclass(frozen=True, slots=True)
class GasPrice:
    """What gas is taken to cost: typed in by whoever makes the report, never looked up.

    Parameters
    ----------
    gwei_per_gas : float
        Gas price [gwei].
    ether_price : float
        Price of one ether in ``currency``.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        If a price is negative or not finite.
    """

    gwei_per_gas: float = 1.0
    ether_price: float = 3_000.0
    currency: str = "USD"

    def __post_init__(self) -> None:
        """Check the prices."""
        for name in ("gwei_per_gas", "ether_price"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                msg = f"{name} is {value}, expected a finite number of 0 or more"
                raise ValueError(msg)

    def cost(self, gas: float) -> float:
        """Give the cost of an amount of gas.

        Parameters
        ----------
        gas : float
            Amount of gas.

        Returns
        -------
        float
            Cost in ``currency``.
        """
        return gas * self.gwei_per_gas / GWEI_PER_ETHER * self.ether_price


def gas_by_operation(
    transactions: pd.DataFrame, gas_price: GasPrice, *, traded_wh: int, households: int
) -> pd.DataFrame:
    """Give the gas of every operation, dearest in total first; failed transactions count, for they cost too.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table.
    gas_price : GasPrice
        Stated prices.
    traded_wh : int
        Energy traded between participants [Wh].
    households : int
        How many took part.

    Returns
    -------
    DataFrame
        Columns operation, count, failed, min, median, p95, max, total [gas], cost, per_kwh [gas per kWh
        traded; NaN if nothing was traded], per_household [gas per household-day].
    """
    groups = transactions.groupby("operation")
    gas = groups["gas_used"]
    table = pd.DataFrame(
        {
            "count": gas.size(),
            "failed": (transactions["status"] == 0).groupby(transactions["operation"]).sum(),
            "min": gas.min(),
            "median": gas.median(),
            "p95": gas.quantile(P95),
            "max": gas.max(),
            "total": gas.sum(),
        }
    )
    table["cost"] = table["total"].map(gas_price.cost)
    table["per_kwh"] = table["total"] / (traded_wh / WH_PER_KWH) if traded_wh else np.nan
    table["per_household"] = table["total"] / households if households else np.nan
    return table.sort_values(["total", "count"], ascending=False).reset_index()


def gas_by_fills(orders: pd.DataFrame, trades: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """Give the gas of successful ``place`` transactions by the number of fills in them.

    Parameters
    ----------
    orders : DataFrame
        The orders table.
    trades : DataFrame
        The trades table.
    transactions : DataFrame
        The transactions table.

    Returns
    -------
    DataFrame
        Columns fills, count, min, median, max [gas], by fills.
    """
    succeeded = transactions.loc[transactions["status"] == 1, "transaction"]
    placed = orders[orders["transaction"].isin(succeeded)]
    fills = placed["transaction"].map(trades.groupby("transaction").size()).fillna(0).astype(np.int64)
    by_fills = placed["gas_used"].groupby(fills.rename("fills")).agg(["size", "min", "median", "max"])
    return by_fills.rename(columns={"size": "count"}).reset_index()


def gas_per_fill(by_fills: pd.DataFrame) -> float:
    """Give what one more fill costs: the slope of the weighted least-squares line through the medians.

    Parameters
    ----------
    by_fills : DataFrame
        Of :func:`gas_by_fills`.

    Returns
    -------
    float
        Gas per fill among orders with at least one; NaN with fewer than two different numbers of fills.
    """
    filled = by_fills[by_fills["fills"] > 0]
    if len(filled) < 2:
        return float("nan")
    slope, _ = np.polyfit(filled["fills"], filled["median"], 1, w=np.sqrt(filled["count"]))
    return float(slope)


def order_fates(orders: pd.DataFrame) -> pd.DataFrame:
    """Count orders by fate and side.

    Parameters
    ----------
    orders : DataFrame
        The orders table.

    Returns
    -------
    DataFrame
        Index the fates, columns ``bid`` and ``ask``.
    """
    counts = orders.groupby(["fate", "side"]).size().unstack(fill_value=0)
    fates = [*FATES, *sorted(set(counts.index) - set(FATES))]
    return counts.reindex(index=fates, columns=["bid", "ask"], fill_value=0).astype(np.int64)


def reasons(values: pd.Series) -> pd.Series:
    """Cut arguments off reasons: ``"OrderBook_Suspended: 104, 2"`` becomes ``"OrderBook_Suspended"``.

    Parameters
    ----------
    values : Series of str
        Reasons.

    Returns
    -------
    Series of str
        Names alone.
    """
    return values.astype(str).str.split(":").str[0]


def order_endings(orders: pd.DataFrame) -> pd.DataFrame:
    """Count orders that were not filled whole by fate and reason.

    Parameters
    ----------
    orders : DataFrame
        The orders table.

    Returns
    -------
    DataFrame
        Columns fate, reason, count; by fate, commonest reason first.
    """
    open_orders = orders[(orders["fate"] != "filled") & (orders["reason"] != "")]
    counts = (
        open_orders.assign(reason=reasons(open_orders["reason"]))
        .groupby(["fate", "reason"])
        .size()
        .rename("count")
        .reset_index()
    )
    rank = {fate: position for position, fate in enumerate(FATES)}
    counts["rank"] = counts["fate"].map(rank).fillna(len(rank))
    return (
        counts.sort_values(["rank", "count"], ascending=[True, False])
        .drop(columns="rank")
        .reset_index(drop=True)
    )


def failures(transactions: pd.DataFrame) -> pd.DataFrame:
    """Count failed transactions by operation and error.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table.

    Returns
    -------
    DataFrame
        Columns operation, error, count, predicted (how many the twin foresaw to the argument), gas (in
        total), example; commonest first.
    """
    failed = transactions[transactions["status"] == 0]
    failed = failed.assign(
        error=reasons(failed["revert_reason"]),
        predicted=failed["revert_reason"] == failed["predicted_revert_reason"],
    )
    table = failed.groupby(["operation", "error"]).agg(
        count=("gas_used", "size"),
        predicted=("predicted", "sum"),
        gas=("gas_used", "sum"),
        example=("revert_reason", "first"),
    )
    return table.sort_values("count", ascending=False).reset_index()


def stored_by_frame(storage: pd.DataFrame, frames: pd.Series) -> pd.Series:
    """Give what the shared storage holds at the end of every frame.

    Parameters
    ----------
    storage : DataFrame
        The storage table.
    frames : Series of int
        Frames of the day, in order.

    Returns
    -------
    Series of int64, index frames
        Content of all bookings together [Wh].
    """
    if storage.empty:
        return pd.Series(0, index=pd.Index(frames), dtype=np.int64)
    last = storage.groupby(["frame", "booking_id"])["stored_wh"].last().unstack()
    return last.reindex(pd.Index(frames)).ffill().fillna(0).sum(axis=1).astype(np.int64)


def energy_sources(frames: pd.DataFrame) -> pd.DataFrame:
    """Split what a community uses by where it comes from; sources and uses balance in every frame.

    ``pv + storage out + grid import = load + EV + storage in + grid export`` of the metered energy; the
    part of PV that neighbours bought is what was traded and delivered.

    Parameters
    ----------
    frames : DataFrame
        The frames table.

    Returns
    -------
    DataFrame
        Columns kept_pv_wh, neighbours_wh, storage_wh, grid_wh and load_wh, ev_wh, storage_in_wh,
        export_wh [Wh].
    """
    delivered = (frames["traded_wh"] - frames["shortfall_wh"]).clip(lower=0)
    neighbours = np.minimum(delivered, frames["pv_wh"])
    return pd.DataFrame(
        {
            "kept_pv_wh": frames["pv_wh"] - neighbours,
            "neighbours_wh": neighbours,
            "storage_wh": frames["storage_out_wh"],
            "grid_wh": frames["grid_import_wh"],
            "load_wh": frames["load_wh"],
            "ev_wh": frames["ev_wh"],
            "storage_in_wh": frames["storage_in_wh"],
            "export_wh": frames["grid_export_wh"],
        }
    )


def score_histogram(credit: pd.DataFrame) -> tuple[list[float], list[int]]:
    """Count rated participants by credit score.

    Parameters
    ----------
    credit : DataFrame
        The credit table.

    Returns
    -------
    tuple of list
        Centres of bins over [-1, 1], and how many participants lie in each; the highest bin holds 1 too.
    """
    scores = credit.loc[credit["rated_frames"] > 0, "score_wad"].astype(float) / WAD
    counts, edges = np.histogram(scores, bins=SCORE_BINS, range=(-1.0, 1.0))
    centres = (edges[:-1] + edges[1:]) / 2
    return [round(float(centre), 3) for centre in centres], counts.tolist()
