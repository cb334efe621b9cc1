"""The tables of a replay, made from its transactions alone. ``docs/results.md`` is their data dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from voltberg.models import OrderKind, SettledDelivery, Side
from voltberg.reference.parameters import CreditPolicy
from voltberg.reference.rating import UNRATED, verdict
from voltberg.reference.words import unpack_deliveries, unpack_movement
from voltberg.simulation.day import DayReplay
from voltberg.simulation.frames_table import SIDE_NAMES, frames_table
from voltberg.simulation.ledger import FinalState, Step
from voltberg.simulation.orders import OrderFollower
from voltberg.units import WH_PER_KWH

KIND_NAMES = {
    OrderKind.LIMIT: "limit",
    OrderKind.IMMEDIATE_OR_CANCEL: "IOC",
    OrderKind.FILL_OR_KILL: "FOK",
    OrderKind.POST_ONLY: "post-only",
}
RATING_NAMES = ("", "good", "bad")


@dataclass(frozen=True, slots=True)
class ReplayTables:
    """The tables of a run; ``docs/results.md`` describes every column.

    Parameters
    ----------
    transactions, orders, trades, depth, positions, storage, credit, stations, frames : DataFrame
        One row a transaction, order, trade, level at gate closure, position, movement, participant, station,
        frame.
    """

    transactions: pd.DataFrame
    orders: pd.DataFrame
    trades: pd.DataFrame
    depth: pd.DataFrame
    positions: pd.DataFrame
    storage: pd.DataFrame
    credit: pd.DataFrame
    stations: pd.DataFrame
    frames: pd.DataFrame

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Give the names of the tables."""
        return tuple(cls.__dataclass_fields__)

    def write(self, folder: Path) -> None:
        """Write every table as Parquet and CSV.

        Parameters
        ----------
        folder : Path
            Output folder of the run.
        """
        for name in self.names():
            table: pd.DataFrame = getattr(self, name)
            table.to_parquet(folder / f"{name}.parquet", index=False)
            table.to_csv(folder / f"{name}.csv", index=False)


def make_tables(replay: DayReplay, steps: Sequence[Step], final: FinalState) -> ReplayTables:
    """Make the tables of a finished replay.

    Parameters
    ----------
    replay : DayReplay
        The day.
    steps : sequence of Step
        All of its transactions.
    final : dict
        Values of the public views at the end, as the ledger gave them, by (contract, function, arguments).

    Returns
    -------
    ReplayTables
        The tables.
    """
    follower = replay.venue.follower()
    follower.follow(steps)
    transactions = transactions_table(replay, steps)
    trades = _trades(replay, follower)
    positions = _positions(replay, steps, final)
    storage = _storage(replay, steps)
    depth = _depth(follower)
    return ReplayTables(
        transactions=transactions,
        orders=_orders(replay, follower),
        trades=trades,
        depth=depth,
        positions=positions,
        storage=storage,
        credit=_credit(replay, final),
        stations=_stations(replay, final),
        frames=frames_table(replay, trades, positions, depth, transactions),
    )


def transactions_table(replay: DayReplay, steps: Iterable[Step]) -> pd.DataFrame:
    """Give one row a transaction.

    Parameters
    ----------
    replay : DayReplay
        The day, for names.
    steps : iterable of Step
        The transactions.

    Returns
    -------
    DataFrame
        The gas ledger.
    """
    names = replay.cast.name_of()
    rows = [
        (
            step.execution.block_number,
            step.timestamp,
            step.planned.frame,
            step.planned.operation,
            step.planned.contract,
            step.planned.function,
            names[step.planned.sender],
            step.planned.sender,
            step.execution.gas_used,
            step.execution.calldata_bytes,
            0 if step.execution.error else 1,
            step.execution.error,
            step.planned.error,
            step.explained,
            step.execution.seconds,
        )
        for step in steps
    ]
    columns = [
        "block",
        "timestamp",
        "frame",
        "operation",
        "contract",
        "function",
        "sender",
        "sender_address",
        "gas_used",
        "calldata_bytes",
        "status",
        "revert_reason",
        "predicted_revert_reason",
        "as_predicted",
        "seconds",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "transaction", range(len(table)))
    return table


def _price(replay: DayReplay, tick: pd.Series) -> pd.Series:
    return tick * replay.settings.market.settlement.tick_micro_per_wh * WH_PER_KWH


def _orders(replay: DayReplay, follower: OrderFollower) -> pd.DataFrame:
    names = replay.cast.name_of()
    rows = [
        (
            order.transaction,
            order.frame,
            names[order.participant_account],
            SIDE_NAMES[Side(order.side)],
            KIND_NAMES[OrderKind(order.kind)],
            order.tick,
            order.requested_wh,
            order.quantity_wh,
            order.peak_wh,
            order.price_step_ticks,
            order.fate,
            order.filled_wh,
            order.returned_wh,
            order.hidden_rest_wh,
            order.slices_replenished,
            order.reason,
            order.order_id,
            order.gas_used,
        )
        for order in follower.orders
    ]
    columns = [
        "transaction",
        "frame",
        "participant",
        "side",
        "kind",
        "tick",
        "requested_wh",
        "quantity_wh",
        "peak_wh",
        "price_step_ticks",
        "fate",
        "filled_wh",
        "returned_wh",
        "hidden_rest_wh",
        "slices_replenished",
        "reason",
        "order_id",
        "gas_used",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(columns.index("tick") + 1, "price_micro_per_kwh", _price(replay, table["tick"]))
    return table


def _trades(replay: DayReplay, follower: OrderFollower) -> pd.DataFrame:
    rows = [
        (
            t.transaction,
            t.trade.frame,
            t.trade.buyer_id,
            t.trade.seller_id,
            t.maker_id,
            t.trade.tick,
            t.trade.energy_wh,
        )
        for t in follower.trades
    ]
    columns = ["transaction", "frame", "buyer_id", "seller_id", "maker_id", "tick", "energy_wh"]
    table = pd.DataFrame(rows, columns=columns)
    tick_micro_per_wh = replay.settings.market.settlement.tick_micro_per_wh
    table["price_micro_per_kwh"] = _price(replay, table["tick"])
    table["value_micro"] = table["tick"] * table["energy_wh"] * tick_micro_per_wh
    table["fees_micro"] = replay.prices.fees * table["energy_wh"] * tick_micro_per_wh
    return table


def _depth(follower: OrderFollower) -> pd.DataFrame:
    rows = [
        (d.frame, SIDE_NAMES[Side(d.side)], d.tick, d.orders, d.displayed_wh, d.hidden_wh)
        for d in follower.depth
    ]
    return pd.DataFrame(rows, columns=["frame", "side", "tick", "orders", "displayed_wh", "hidden_wh"])


def _positions(replay: DayReplay, steps: Sequence[Step], final: FinalState) -> pd.DataFrame:
    settled: dict[tuple[int, int], tuple[bool, SettledDelivery]] = {}
    for step in steps:
        for contract, event, args in step.execution.logs:
            if contract == "house" and event == "DeliveriesSettled":
                metered = step.planned.operation == "report_delivery"
                for delivery in unpack_deliveries(args[1]):
                    settled[args[0], delivery.participant_id] = metered, delivery
    policy = CreditPolicy(*(value for _, value in replay.settings.market.rating))
    rows = []
    for frame, participant_id, p, refund_micro in replay.venue.positions(final):
        settlement: tuple[object, ...] = (False, 0, 0, 0, "")
        if (frame, participant_id) in settled:
            metered, delivery = settled[frame, participant_id]
            # What the log leaves to be worked out (M4, M10).
            shortfall_wh = max(0, p.owed_wh - delivery.delivered_wh)
            rating = verdict(p.owed_wh, shortfall_wh, policy) if metered else UNRATED
            settlement = (
                metered,
                delivery.delivered_wh,
                shortfall_wh,
                delivery.paid_micro,
                RATING_NAMES[rating],
            )
        rows.append(
            (
                frame,
                participant_id,
                p.bought_wh,
                p.sold_wh,
                p.owed_wh,
                p.purchase_micro,
                p.sale_micro,
                p.lock_micro,
                refund_micro,
                *settlement,
            )
        )
    columns = [
        "frame",
        "participant_id",
        "bought_wh",
        "sold_wh",
        "owed_wh",
        "purchase_micro",
        "sale_micro",
        "lock_micro",
        "refund_micro",
        "metered",
        "delivered_wh",
        "shortfall_wh",
        "paid_micro",
        "rating",
    ]
    return pd.DataFrame(rows, columns=columns)


def _storage(replay: DayReplay, steps: Sequence[Step]) -> pd.DataFrame:
    renter_of = {booking_id: replay.household_ids[row] for row, booking_id in replay.bookings.items()}
    rows = []
    for step in steps:
        for contract, event, args in step.execution.logs:
            if contract == "storage" and event == "EnergyMoved":
                m = unpack_movement(args[0])
                rows.append(
                    (
                        step.planned.frame,
                        m.booking_id,
                        renter_of[m.booking_id],
                        m.in_wh,
                        m.out_wh,
                        m.stored_wh,
                    )
                )
    return pd.DataFrame(
        rows, columns=["frame", "booking_id", "participant_id", "in_wh", "out_wh", "stored_wh"]
    )


def _credit(replay: DayReplay, final: FinalState) -> pd.DataFrame:
    rows = []
    for household, participant_id in zip(replay.day.household_ids, replay.household_ids, strict=True):
        balance, rated, rated_wh, good_wh, status, probation, _ = final[
            "house", "accountOf", (participant_id,)
        ]
        rows.append(
            (
                participant_id,
                household,
                balance,
                rated,
                rated_wh,
                good_wh,
                final["house", "scoreWad", (participant_id,)],
                status,
                probation,
                final["credit", "demandFactorBps", (participant_id,)],
                len(final["credit", "penaltiesOf", (participant_id, False)]),
            )
        )
    columns = [
        "participant_id",
        "household_id",
        "balance_micro",
        "rated_frames",
        "rated_wh",
        "good_wh",
        "score_wad",
        "status",
        "on_probation",
        "demand_factor_bps",
        "penalties",
    ]
    return pd.DataFrame(rows, columns=columns)


def _stations(replay: DayReplay, final: FinalState) -> pd.DataFrame:
    rows = [
        (station_id, site, *final["credit", "stationOf", (station_id,)])
        for station_id, site in zip(replay.station_ids, replay.sites, strict=True)
    ]
    return pd.DataFrame(
        rows, columns=["participant_id", "site", "evaluation_wad", "evaluations", "endorsements"]
    )
