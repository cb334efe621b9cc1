"""The tables of an AdBEV run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from voltberg.experiments.adbev_inputs import AdbevDay, AdbevInput
from voltberg.experiments.adbev_methods import LITERAL
from voltberg.grid import FeederPowerFlow, GridLimits, check_limits, place_on_buses
from voltberg.scheduling.orders import TICKS_PER_PENNY
from voltberg.scheduling.problem import Schedule

VOLTAGE_DIGITS: Final = 6
LOADING_DIGITS: Final = 3
SHARE_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class MethodRun:
    """What a method made of a day.

    Parameters
    ----------
    seed : int
        Of the day and the draws.
    method : str
        Its name.
    schedule : Schedule or None
        None if there is no schedule within the transformer's limit.
    seconds : float
        How long it took [s].
    """

    seed: int
    method: str
    schedule: Schedule | None
    seconds: float


@dataclass(frozen=True, slots=True)
class AdbevTables:
    """The tables of a run, as they are written.

    Parameters
    ----------
    results : DataFrame
        One row a seed and method.
    timings : DataFrame
        Seconds of each, the one table that two runs do not share.
    frames : DataFrame
        The first seed's load, one row a method and frame, with the power flow if there is one.
    prices : DataFrame
        The first seed's prices and energy under `literal`, one row a frame.
    online : DataFrame
        The stay-online model beside the share it is fitted to, one row a frame.
    sweep : DataFrame
        Fluctuation by number of EVs.
    growth : DataFrame
        Seconds by number of EVs.
    gas_model : DataFrame
        The opcode model.
    chain_fills, chain_operations, chain_goals, chain_gas, gas_measured : DataFrame
        What the contracts made of the first seed's schedules, and what it cost; empty without a chain.
    """

    results: pd.DataFrame
    timings: pd.DataFrame
    frames: pd.DataFrame
    prices: pd.DataFrame
    online: pd.DataFrame
    sweep: pd.DataFrame
    growth: pd.DataFrame
    gas_model: pd.DataFrame
    chain_fills: pd.DataFrame
    chain_operations: pd.DataFrame
    chain_goals: pd.DataFrame
    chain_gas: pd.DataFrame
    gas_measured: pd.DataFrame

    def write(self, folder: Path) -> None:
        """Write each table as Parquet and CSV.

        Parameters
        ----------
        folder : Path
            Where to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.__slots__:
            table: pd.DataFrame = getattr(self, name)
            table.to_parquet(folder / f"{name}.parquet", index=False)
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def results_table(runs: list[MethodRun]) -> pd.DataFrame:
    """Tabulate what each method reached.

    Parameters
    ----------
    runs : list of MethodRun
        All seeds and methods.

    Returns
    -------
    DataFrame
        One row each; empty figures where there is no schedule.
    """
    rows = []
    for run in runs:
        schedule = run.schedule
        rows.append(
            {
                "seed": run.seed,
                "method": run.method,
                "pfl_w": schedule.fluctuation_w if schedule else None,
                "unserved_wh": schedule.unserved_wh if schedule else None,
                "frames_above_limit": schedule.frames_above_limit if schedule else None,
                "peak_w": int(np.abs(schedule.total_w).max()) if schedule else None,
                "charged_wh": int(np.maximum(schedule.energy_wh, 0).sum()) if schedule else None,
                "discharged_wh": int(np.maximum(-schedule.energy_wh, 0).sum()) if schedule else None,
            }
        )
    whole = ["pfl_w", "unserved_wh", "frames_above_limit", "peak_w", "charged_wh", "discharged_wh"]
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))


def frames_table(
    source: AdbevInput, day: AdbevDay, run: MethodRun, flow: FeederPowerFlow | None
) -> pd.DataFrame:
    """Tabulate a method's load by frame, with its power flow.

    Parameters
    ----------
    source : AdbevInput
        Knows the feeder.
    day : AdbevDay
        The day.
    run : MethodRun
        The method's.
    flow : FeederPowerFlow or None
        None for no power flow.

    Returns
    -------
    DataFrame
        One row a frame; none if there is no schedule.
    """
    if run.schedule is None:
        return pd.DataFrame()
    problem = day.problem
    table = pd.DataFrame(
        {
            "method": run.method,
            "frame": np.arange(problem.frames),
            "start": day.labels,
            "base_w": problem.base_w,
            "ev_w": run.schedule.power_w.sum(axis=0),
            "total_w": run.schedule.total_w,
        }
    )
    if flow is None:
        return table
    loads = place_on_buses(source.feeder, day.homes_w, day.evs_at_homes_w(run.schedule.power_w))
    carried = flow.run(loads)
    broken = check_limits(carried, GridLimits.of(source.feeder))
    return table.assign(
        apparent_va=carried.apparent_va.round().astype(np.int64),
        losses_w=carried.losses_w.round().astype(np.int64),
        voltage_min_pu=carried.voltage_min_pu.round(VOLTAGE_DIGITS),
        voltage_max_pu=carried.voltage_max_pu.round(VOLTAGE_DIGITS),
        lowest_bus=carried.lowest_bus,
        line_loading_pct=carried.line_loading_pct.round(LOADING_DIGITS),
        plain_above=broken.plain,
        substation_above=broken.substation,
        voltage_outside=broken.voltage,
        line_above=broken.lines,
    )


def prices_table(day: AdbevDay, runs: list[MethodRun]) -> pd.DataFrame:
    """Average the limit prices of the buyers served under `literal`, weighted by energy (Fig. 5).

    Parameters
    ----------
    day : AdbevDay
        The day.
    runs : list of MethodRun
        Its methods.

    Returns
    -------
    DataFrame
        One row a frame; no price where nothing was bought.
    """
    schedule = next(run.schedule for run in runs if run.method == LITERAL)
    if schedule is None or schedule.market is None:
        return pd.DataFrame(columns=["frame", "start", "demand_wh", "between_evs_wh", "price_pence"])
    market = schedule.market
    bought_wh = np.maximum(market.matched_wh + market.grid_wh, 0)
    total_wh = bought_wh.sum(axis=0)
    paid = (bought_wh * market.tick).sum(axis=0) / TICKS_PER_PENNY
    return pd.DataFrame(
        {
            "frame": np.arange(day.problem.frames),
            "start": day.labels,
            "demand_wh": total_wh,
            "between_evs_wh": np.maximum(market.matched_wh, 0).sum(axis=0),
            "price_pence": np.where(total_wh > 0, paid / np.maximum(total_wh, 1), np.nan),
        }
    )


def online_table(source: AdbevInput) -> pd.DataFrame:
    """Tabulate the stay-online model beside what it is fitted to.

    Parameters
    ----------
    source : AdbevInput
        Knows both.

    Returns
    -------
    DataFrame
        One row a frame from midnight on.
    """
    model_pct = source.online.share_pct()
    frame = np.arange(len(model_pct))
    return pd.DataFrame(
        {
            "frame": frame,
            "measured_pct": source.measured_share_pct.round(SHARE_DIGITS),
            "model_pct": model_pct.round(SHARE_DIGITS),
        }
    )
