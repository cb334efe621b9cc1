"""The figures of a replay: one flat object of name to number or string, the unit in the name."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voltberg.reference.words import NOT_POSTED_TICK
from voltberg.simulation.day import DayReplay
from voltberg.simulation.ledger import FinalState
from voltberg.simulation.tables import ReplayTables
from voltberg.units import BPS, MICRO, PERCENT, SECONDS_PER_HOUR, W_PER_KW, WH_PER_KWH

Summary = dict[str, int | float | str]
CONTRACTS = ("house", "book", "auction", "storage", "credit")


def summarise(
    replay: DayReplay,
    tables: ReplayTables,
    final: FinalState,
    *,
    engine: str,
    seconds: float,
    differences: int,
) -> Summary:
    """Compute the figures of a finished replay.

    Parameters
    ----------
    replay : DayReplay
        The day.
    tables : ReplayTables
        Its tables.
    final : mapping
        Values of the public views at the end, as the ledger gave them.
    engine : str
        Name of the engine.
    seconds : float
        Wall time of the replay, without deployment [s].
    differences : int
        Public values in which ledger and twin differ.

    Returns
    -------
    dict of str to int, float or str
        The figures; ``docs/results.md`` describes each.
    """
    return {
        "venue": replay.settings.venue,
        **_execution(tables, engine, seconds, differences),
        "money_residual_micro": money_residual_micro(replay, final),
        "energy_residual_wh": energy_residual_wh(tables, replay.settings.market.storage.efficiency_bps)
        + fallback_residual_wh(tables, final, replay.settings.market.settlement.tick_micro_per_wh),
        **_energy(replay, tables),
        **_money(replay, tables, final),
    }


def money_residual_micro(replay: DayReplay, final: FinalState) -> int:
    """Sum up every difference of the money identities (M1) after a day; 0 unless money appeared or got lost.

    Parameters
    ----------
    replay : DayReplay
        The day; all of its frames are final and its bookings closed, so that no money waits in between.
    final : mapping
        Values of the public views, as the ledger gave them.

    Returns
    -------
    int
        Sum of absolute differences [micro].
    """
    participants = [*range(1, replay.household_ids[0]), *replay.household_ids]
    token = final["token", "balanceOf", (replay.market.address_of("house"),)]
    accounted = final["house", "accountedMicro", ()]
    held = {
        name: final["house", "heldByVenue", (replay.market.address_of(name),)]
        for name in (replay.venue.name, "storage")
    }
    balances = sum(final["house", "accountOf", (i,)][0] for i in participants)
    margins = {
        replay.venue.name: sum(final[replay.venue.name, "accountOf", (i,)][0] for i in participants),
        "storage": sum(final["storage", "marginOf", (i,)] for i in participants),
    }
    revenue = final["storage", "operatorAccount", ()][0]
    residual: int = (
        abs(token - accounted)
        + abs(accounted - balances - sum(held.values()))
        + abs(held[replay.venue.name] - margins[replay.venue.name])
        + abs(held["storage"] - margins["storage"] - revenue)
    )
    return residual


def energy_residual_wh(tables: ReplayTables, efficiency_bps: int) -> int:
    """Sum up every difference of the energy identities after a day; 0 unless energy appeared or got lost.

    Bought equals sold in every frame; delivered plus fallback equals owed for every settled seller (M4); what
    a booking holds is what went in, less losses, less what came out (M12).

    Parameters
    ----------
    tables : ReplayTables
        The tables.
    efficiency_bps : int
        Share of the energy charged that is stored [1/10,000].

    Returns
    -------
    int
        Sum of absolute differences [Wh].
    """
    positions, storage = tables.positions, tables.storage
    by_frame = positions.groupby("frame")[["bought_wh", "sold_wh"]].sum()
    traded = tables.trades.groupby("frame")["energy_wh"].sum().reindex(by_frame.index, fill_value=0)
    residual = (by_frame["bought_wh"] - by_frame["sold_wh"]).abs().sum() + (
        by_frame["sold_wh"] - traded
    ).abs().sum()
    sellers = positions[positions["metered"] & (positions["owed_wh"] > 0)]
    delivered = np.minimum(sellers["delivered_wh"], sellers["owed_wh"])
    residual += (delivered + sellers["shortfall_wh"] - sellers["owed_wh"]).abs().sum()
    totals = storage.groupby("booking_id").agg(
        in_wh=("in_wh", "sum"), out_wh=("out_wh", "sum"), left_wh=("stored_wh", "last")
    )
    residual += (totals["in_wh"] * efficiency_bps // BPS - totals["out_wh"] - totals["left_wh"]).abs().sum()
    return int(residual)


def fallback_residual_wh(tables: ReplayTables, final: FinalState, tick_micro_per_wh: int) -> int:
    """Sum up the differences between what sellers fell short of and what the house bought for them (M5).

    Parameters
    ----------
    tables : ReplayTables
        The tables.
    final : mapping
        Values of the public views, with the frames' fallback money.
    tick_micro_per_wh : int
        Money per Wh and tick [micro].

    Returns
    -------
    int
        Sum of absolute differences, rounded up, over the frames whose sellers all were read and which have a
        fallback price above 0 [Wh].
    """
    owing = tables.positions[tables.positions["owed_wh"] > 0]
    unread = set(owing.loc[~owing["metered"].astype(bool), "frame"])
    missing_wh = owing.groupby("frame")["shortfall_wh"].sum()
    residual_wh = 0
    for (contract, function, args), value in final.items():
        if (contract, function) != ("house", "frameOf") or args[0] in unread:
            continue
        _, cap_tick, grid_tick, retailer_tick, *_, fallback_micro, _ = value
        cheapest = min(grid_tick, retailer_tick)
        price = (cap_tick if cheapest == NOT_POSTED_TICK else cheapest) * tick_micro_per_wh
        if price:
            residual_micro = abs(int(missing_wh.get(args[0], 0)) * price - fallback_micro)
            residual_wh += -(-residual_micro // price)
    return residual_wh


def unserved_energy_wh(replay: DayReplay, positions: pd.DataFrame) -> int:
    """Give what households wanted to buy from their neighbours, by their forecasts, and did not get.

    Parameters
    ----------
    replay : DayReplay
        The day.
    positions : DataFrame
        The positions table.

    Returns
    -------
    int
        Sum over frames and households [Wh]; the suppliers deliver it.
    """
    wanted_wh = np.clip(-replay.forecast.net_export_wh, 0, None)
    bought_wh = np.zeros_like(wanted_wh)
    rows = positions["participant_id"].to_numpy() - replay.household_ids[0]
    columns = positions["frame"].to_numpy() - replay.first_frame
    bought_wh[rows, columns] = positions["bought_wh"]
    return int(np.clip(wanted_wh - bought_wh, 0, None).sum())


def _execution(tables: ReplayTables, engine: str, seconds: float, differences: int) -> Summary:
    transactions = tables.transactions
    failed = transactions["status"] == 0
    unexplained = ~transactions["as_predicted"]
    succeeded = transactions[~failed].groupby("contract").size()
    return {
        "engine": engine,
        "seconds": round(seconds, 3),
        "transactions": len(transactions),
        "transactions_per_second": round(len(transactions) / seconds, 1) if seconds else 0.0,
        "transactions_failed": int(failed.sum()),
        "transactions_failed_unexplained": int((failed & unexplained).sum()),
        "transactions_unexplained": int(unexplained.sum()),
        "state_differences": differences,
        "gas_total": int(transactions["gas_used"].sum()),
        **{f"transactions_{name}": int(succeeded.get(name, 0)) for name in CONTRACTS},
    }


def _energy(replay: DayReplay, tables: ReplayTables) -> Summary:
    frames, metered, orders = tables.frames, replay.metered, tables.orders
    pv_wh = int(metered.pv_wh.sum())
    surplus = np.clip(metered.behind_meter_wh, 0, None)
    community_export = np.clip(metered.net_export_wh.sum(axis=0), 0, None).sum()
    traders = set(tables.trades["buyer_id"]) | set(tables.trades["seller_id"])
    return {
        "households": len(replay.household_ids),
        "households_trading": len(traders),
        "orders": len(orders),
        "trades": len(tables.trades),
        "icebergs": int((orders["peak_wh"] > 0).sum()),
        "iceberg_slices_replenished": int(orders["slices_replenished"].sum()),
        "load_energy_wh": int(metered.load_wh.sum()),
        "ev_energy_wh": int(metered.ev_wh.sum()),
        "pv_energy_wh": pv_wh,
        "p2p_energy_wh": int(tables.trades["energy_wh"].sum()),
        "storage_energy_wh": int(tables.storage["out_wh"].sum()),
        "unserved_energy_wh": unserved_energy_wh(replay, tables.positions),
        "grid_energy_wh": int(frames["grid_import_wh"].sum()),
        "grid_export_wh": int(frames["grid_export_wh"].sum()),
        "shortfall_energy_wh": int(frames["shortfall_wh"].sum()),
        "self_consumption_household_pct": _percent(pv_wh - int(surplus.sum()), pv_wh),
        "self_consumption_community_pct": _percent(pv_wh - int(community_export), pv_wh),
        "transformer_peak_kw": float(frames["transformer_w"].abs().max()) / W_PER_KW,
        "transformer_peak_without_storage_kw": float(frames["transformer_without_storage_w"].abs().max())
        / W_PER_KW,
        "gas_per_kwh_traded": _per(
            int(tables.transactions["gas_used"].sum()), tables.trades["energy_wh"].sum() / WH_PER_KWH
        ),
        "gas_per_household_day": _per(int(tables.transactions["gas_used"].sum()), len(replay.household_ids)),
        "hours": len(frames) * replay.day.calendar.frame_seconds / SECONDS_PER_HOUR,
    }


def _money(replay: DayReplay, tables: ReplayTables, final: FinalState) -> Summary:
    frames, positions, trades = tables.frames, tables.positions, tables.trades
    tick = replay.settings.market.settlement.tick_micro_per_wh
    grid, retailer = (frames[f"{name}_price_micro_per_kwh"].to_numpy() for name in ("grid", "retailer"))
    supply, grid_cheaper = np.minimum(grid, retailer) / WH_PER_KWH, grid <= retailer
    need_wh = np.clip(-replay.metered.behind_meter_wh, 0, None).sum(axis=0)
    bill = supply * (frames["grid_import_wh"] - frames["shortfall_wh"]).to_numpy()
    p2p_cost = int(trades["value_micro"].sum() + trades["fees_micro"].sum())
    _, storage_rent, storage_movement, storage_cost, _ = final["storage", "operatorAccount", ()]
    storage_paid = storage_rent + storage_movement
    fallback, surplus = _shortfall_money(final)
    fees = {
        name: int(trades["energy_wh"].sum()) * ticks * tick
        for name, ticks in (("grid", replay.prices.grid_fee), ("platform", replay.prices.platform_fee))
    }
    returned = positions["lock_micro"].sum() + positions["refund_micro"].sum()
    sellers = int(positions["paid_micro"].sum() - returned)
    consumed_kwh = need_wh.sum() / WH_PER_KWH
    return {
        "price_p2p_mean_per_kwh": _per(
            int(trades["value_micro"].sum()) / MICRO, trades["energy_wh"].sum() / WH_PER_KWH
        ),
        "price_consumer_mean_per_kwh": _per((p2p_cost + storage_paid + bill.sum()) / MICRO, consumed_kwh),
        "price_grid_only_mean_per_kwh": _per(float((supply * need_wh).sum()) / MICRO, consumed_kwh),
        "revenue_sellers": sellers / MICRO,
        "revenue_grid": (fees["grid"] + float(bill[grid_cheaper].sum()) + fallback["grid"]) / MICRO,
        "revenue_retailer": (float(bill[~grid_cheaper].sum()) + fallback["retailer"]) / MICRO,
        "revenue_platform": (fees["platform"] + surplus) / MICRO,
        "revenue_storage_operator": (storage_paid - storage_cost) / MICRO,
        "fees_grid": fees["grid"] / MICRO,
        "fees_platform": fees["platform"] / MICRO,
    }


def _shortfall_money(final: FinalState) -> tuple[dict[str, int], int]:
    """Give what shortfalls paid to each supplier and to the platform (M5) [micro]."""
    fallback = {"grid": 0, "retailer": 0}
    surplus = 0
    for (contract, function, _), value in final.items():
        if (contract, function) == ("house", "frameOf"):
            _, _, grid_tick, retailer_tick, *_, fallback_micro, surplus_micro = value
            fallback["grid" if grid_tick <= retailer_tick else "retailer"] += fallback_micro
            surplus += surplus_micro
    return fallback, surplus


def _per(amount: float, count: float) -> float:
    return round(float(amount) / float(count), 6) if count else 0.0


def _percent(part: float, whole: float) -> float:
    return round(PERCENT * part / whole, 3) if whole else 0.0
