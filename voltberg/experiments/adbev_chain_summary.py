"""The figures of an AdBEV run on the contracts."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from voltberg.experiments.adbev_chain_tables import ChainResult
from voltberg.experiments.adbev_gas import OF_ORDERS
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.simulation.ev_day import DAYS, FIRST_DAY, SECOND_DAY

NO_CHAIN: Final = "gas_per_order is left out: this run placed no order on a chain"
GAS_NOTE: Final = (
    "gas_per_order: placing, clearing and settling at the auction, by order placed, on the second day, all "
    "methods on the contracts together"
)


def summarise_chain(settings: AdbevSettings, chain: ChainResult | None) -> dict[str, Any]:
    """Compute what a run's summary says of the contracts.

    Parameters
    ----------
    settings : AdbevSettings
        The run's.
    chain : ChainResult or None
        None if nothing was placed on them.

    Returns
    -------
    dict
        Figures by name.
    """
    if chain is None:
        return {"note": NO_CHAIN}
    gas, fills = chain.tables.chain_gas, chain.tables.chain_fills
    auction = gas[gas["venue"] == "auction"]
    summary: dict[str, Any] = {
        "chain_engine": settings.engine,
        "chain_transactions": chain.transactions,
        "chain_faults": len(chain.faults),
        "fills_differing": int(fills.loc[fills["venue"] == "auction", "entries_differing"].sum()),
    }
    for day, name in ((SECOND_DAY, "gas_per_order"), (FIRST_DAY, "gas_per_order_first_day")):
        summary[name] = _per_order(auction[auction["day"] == day])
    for method in gas["method"].unique():
        of_method = gas[(gas["method"] == method) & (gas["day"] == SECOND_DAY)]
        for venue, prefix in (("auction", "gas_per_order"), ("book", "gas_per_order_book")):
            summary[f"{prefix}_{method}"] = _per_order(of_method[of_method["venue"] == venue])
    operations = chain.tables.chain_goals
    for day in DAYS:
        of_day = operations[operations["day"] == day].set_index("operation")
        summary[f"gas_{day}"] = of_day["gas_each"].round(1).to_dict()
        summary[f"goals_missed_{day}"] = of_day.index[(~of_day["held"]).fillna(value=False)].tolist()
    return summary | {"note": GAS_NOTE}


def _per_order(gas: pd.DataFrame) -> float | None:
    """Divide the gas of orders by their number; opening and closing frames is the operator's."""
    orders = int(gas["orders"].sum())
    spent = int(gas[list(OF_ORDERS)].sum().sum())
    return round(spent / orders, 1) if orders else None
