"""The table of frames: the day at a glance, one row a frame."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voltberg.models import Side
from voltberg.simulation.day import DayReplay
from voltberg.units import SECONDS_PER_HOUR, WH_PER_KWH

SIDE_NAMES = {Side.BID: "bid", Side.ASK: "ask"}


def frames_table(
    replay: DayReplay,
    trades: pd.DataFrame,
    positions: pd.DataFrame,
    depth: pd.DataFrame,
    transactions: pd.DataFrame,
) -> pd.DataFrame:
    """Give one row a frame: energy, trades, prices, depth at gate closure, exchange with the grid, gas.

    Parameters
    ----------
    replay : DayReplay
        The day.
    trades : DataFrame
        The trades table.
    positions : DataFrame
        The positions table.
    depth : DataFrame
        The depth table.
    transactions : DataFrame
        The transactions table.

    Returns
    -------
    DataFrame
        The frames table.
    """
    calendar, energy, prices = replay.day.calendar, replay.metered, replay.prices
    frames = pd.Series(calendar.first_frame + np.arange(calendar.frames))
    table = pd.DataFrame({"frame": frames, "start_utc": _time_of(replay, frames)})
    table["load_wh"], table["pv_wh"], table["ev_wh"] = (
        values.sum(axis=0) for values in (energy.load_wh, energy.pv_wh, energy.ev_wh)
    )
    table["storage_in_wh"], table["storage_out_wh"] = (
        energy.storage_in_wh.sum(axis=0),
        energy.storage_out_wh.sum(axis=0),
    )
    by_frame = trades.groupby("frame")
    value_micro = by_frame["value_micro"].sum()
    traded_wh = by_frame["energy_wh"].sum()
    table["trades"] = table["frame"].map(by_frame.size()).fillna(0).astype(np.int64)
    table["traded_wh"] = table["frame"].map(traded_wh).fillna(0).astype(np.int64)
    table["mean_price_micro_per_kwh"] = table["frame"].map(value_micro * WH_PER_KWH / traded_wh)
    table["shortfall_wh"] = (
        table["frame"]
        .map(positions[positions["metered"]].groupby("frame")["shortfall_wh"].sum())
        .fillna(0)
        .astype(np.int64)
    )
    tick = replay.settings.market.settlement.tick_micro_per_wh * WH_PER_KWH
    table["grid_price_micro_per_kwh"] = np.array(prices.grid) * tick
    table["retailer_price_micro_per_kwh"] = np.array(prices.retailer) * tick
    table["feed_in_price_micro_per_kwh"] = np.array(prices.feed_in) * tick
    for side in SIDE_NAMES.values():
        standing = depth[depth["side"] == side].groupby("frame")[["displayed_wh", "hidden_wh"]].sum()
        for column in ("displayed_wh", "hidden_wh"):
            table[f"{side}_{column}"] = table["frame"].map(standing[column]).fillna(0).astype(np.int64)
    table["grid_import_wh"], table["grid_export_wh"] = grid_exchange_wh(replay, positions)
    hours = calendar.frame_seconds / SECONDS_PER_HOUR
    behind_meter_wh = energy.behind_meter_wh.sum(axis=0)
    table["transformer_without_storage_w"] = np.rint(-behind_meter_wh / hours).astype(np.int64)
    table["transformer_w"] = np.rint(-energy.net_export_wh.sum(axis=0) / hours).astype(np.int64)
    by_gas = transactions.groupby("frame")["gas_used"]
    table["transactions"] = table["frame"].map(by_gas.size()).fillna(0).astype(np.int64)
    table["gas_used"] = table["frame"].map(by_gas.sum()).fillna(0).astype(np.int64)
    return table


def grid_exchange_wh(replay: DayReplay, positions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give what the suppliers deliver and take by frame: all that contracts and storage do not cover (M4).

    Parameters
    ----------
    replay : DayReplay
        The day.
    positions : DataFrame
        The positions table.

    Returns
    -------
    tuple of ndarray of int64, shape (frames,)
        Energy delivered to households and in place of missing sellers, and energy taken from them [Wh].
    """
    net_wh = replay.metered.net_export_wh
    bought_wh, sold_wh = np.zeros_like(net_wh), np.zeros_like(net_wh)
    rows = positions["participant_id"].to_numpy() - replay.household_ids[0]
    columns = positions["frame"].to_numpy() - replay.first_frame
    bought_wh[rows, columns] = positions["bought_wh"]
    sold_wh[rows, columns] = positions["sold_wh"]
    covered_wh = np.clip(bought_wh - sold_wh, 0, None)
    owed_wh = np.clip(sold_wh - bought_wh, 0, None)
    need_wh = np.clip(-net_wh, 0, None)
    spare_wh = np.clip(net_wh, 0, None)
    shortfall_wh = np.clip(owed_wh - spare_wh, 0, None)
    import_wh = np.clip(need_wh - covered_wh, 0, None).sum(axis=0) + shortfall_wh.sum(axis=0)
    unused_wh = np.clip(covered_wh - need_wh, 0, None)
    export_wh = (np.clip(spare_wh - owed_wh, 0, None) + unused_wh).sum(axis=0)
    return import_wh, export_wh


def _time_of(replay: DayReplay, frame: pd.Series) -> pd.Series:
    return pd.to_datetime(frame * replay.day.calendar.frame_seconds, unit="s", utc=True)
