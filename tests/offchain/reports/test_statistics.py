"""Statistics of tables small enough to count by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from voltberg.reports.figures import FrameAxis, mirrored_ticks
from voltberg.reports.formatting import grouped, millions, short
from voltberg.reports.headline import transformer_rating_kva, verdict
from voltberg.reports.reproduction import command_line
from voltberg.reports.run_data import load_run
from voltberg.reports.statistics import (
    GasPrice,
    energy_sources,
    failures,
    gas_by_fills,
    gas_by_operation,
    gas_per_fill,
    order_endings,
    order_fates,
    score_histogram,
    stored_by_frame,
)

WAD = 10**18
TRANSACTIONS = pd.DataFrame(
    [
        (0, "place", 100, 1, "", ""),
        (1, "place", 300, 1, "", ""),
        (2, "place", 40, 0, "Book_Small: 3, 50", "Book_Small: 3, 50"),
        (3, "place", 44, 0, "Book_Small: 4, 50", "Book_Small: 5, 50"),
        (4, "cancel", 1000, 1, "", ""),
    ],
    columns=["transaction", "operation", "gas_used", "status", "revert_reason", "predicted_revert_reason"],
)
ORDERS = pd.DataFrame(
    [
        (0, "bid", "rested", "gate closure", 100),
        (1, "ask", "filled", "", 300),
        (2, "bid", "refused", "Book_Small: 3, 50", 40),
        (3, "bid", "refused", "Book_Small: 4, 50", 44),
    ],
    columns=["transaction", "side", "fate", "reason", "gas_used"],
)


def test_gas_by_operation_counts_failures_and_shares_the_total_out():
    table = gas_by_operation(TRANSACTIONS, GasPrice(2.0, 1_000.0), traded_wh=2_000, households=4)
    assert table["operation"].tolist() == ["cancel", "place"]
    place = table.iloc[1]
    assert (place["count"], place["failed"], place["min"], place["median"], place["max"]) == (
        4,
        2,
        40,
        72,
        300,
    )
    assert place["p95"] == pytest.approx(np.quantile([40, 44, 100, 300], 0.95))
    assert (place["total"], place["per_kwh"], place["per_household"]) == (484, 242, 121)
    assert place["cost"] == pytest.approx(484 * 2e-9 * 1_000)
    assert table["total"].sum() == TRANSACTIONS["gas_used"].sum()


def test_gas_per_kwh_is_unknown_without_trades():
    table = gas_by_operation(TRANSACTIONS, GasPrice(), traded_wh=0, households=4)
    assert table["per_kwh"].isna().all()


@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan])
def test_gas_price_refuses_what_is_no_price(value):
    with pytest.raises(ValueError, match=r"gwei_per_gas is .*expected a finite number"):
        GasPrice(gwei_per_gas=value)


def test_gas_by_fills_leaves_failed_orders_out():
    trades = pd.DataFrame({"transaction": [1, 1]})
    table = gas_by_fills(ORDERS, trades, TRANSACTIONS)
    assert table.to_dict("list") == {
        "fills": [0, 2],
        "count": [1, 1],
        "min": [100, 300],
        "median": [100.0, 300.0],
        "max": [100, 300],
    }


def test_gas_per_fill_is_the_slope_of_orders_that_traded():
    table = pd.DataFrame({"fills": [0, 1, 2, 4], "count": [9, 5, 3, 1], "median": [500, 110, 120, 140]})
    assert gas_per_fill(table) == pytest.approx(10)
    assert math.isnan(gas_per_fill(table[:2]))


def test_orders_by_fate_and_reason():
    fates = order_fates(ORDERS)
    assert fates.loc["refused"].tolist() == [2, 0]
    assert fates.loc["unfilled"].tolist() == [0, 0]
    assert fates.to_numpy().sum() == len(ORDERS)
    assert order_endings(ORDERS).to_dict("split")["data"] == [
        ["rested", "gate closure", 1],
        ["refused", "Book_Small", 2],
    ]


def test_a_failure_counts_as_predicted_only_with_the_same_arguments():
    row = failures(TRANSACTIONS).iloc[0]
    assert (row["error"], row["count"], row["predicted"], row["gas"]) == ("Book_Small", 2, 1, 84)
    assert failures(TRANSACTIONS[TRANSACTIONS["status"] == 1]).empty


def test_stored_energy_stays_until_the_next_movement():
    storage = pd.DataFrame(
        [(1, 1, 50), (1, 2, 7), (1, 2, 9), (3, 1, 20)], columns=["frame", "booking_id", "stored_wh"]
    )
    assert stored_by_frame(storage, pd.Series([0, 1, 2, 3, 4])).tolist() == [0, 59, 59, 29, 29]
    assert stored_by_frame(storage[:0], pd.Series([0, 1])).tolist() == [0, 0]


def test_energy_of_a_replayed_day_balances_in_every_frame(run_folder):
    energy = energy_sources(load_run(run_folder).frames)
    assert (energy >= 0).all(axis=None)
    assert energy["neighbours_wh"].sum() > 0
    assert (energy.iloc[:, :4].sum(axis=1) == energy.iloc[:, 4:].sum(axis=1)).all()


def test_scores_of_unrated_households_are_not_counted():
    credit = pd.DataFrame({"rated_frames": [0, 3, 1, 2], "score_wad": [0, WAD, -WAD, WAD // 20]})
    centres, counts = score_histogram(credit)
    assert [centre for centre, count in zip(centres, counts, strict=True) if count] == [-0.95, 0.05, 0.95]
    assert sum(counts) == 3


def test_the_hour_that_a_clock_shows_twice_is_there_twice():
    starts = pd.Series(pd.date_range("2017-11-04 23:00", periods=50, freq="30min", tz="UTC")) + pd.Timedelta(
        "8h"
    )
    axis = FrameAxis.of(starts, "America/Los_Angeles")
    assert len(set(axis.labels)) == 50
    assert {"01:30 PDT", "01:30 PST"} <= set(axis.labels)
    assert set(axis.ticks) <= set(axis.labels)


def test_ticks_count_upwards_on_both_sides():
    assert mirrored_ticks(90, 25)["ticktext"] == ["0", "50"]
    assert mirrored_ticks(190, 120)["tickvals"] == [-100, -50, 0, 50, 100, 150]
    assert mirrored_ticks(0, 0)["tickvals"] == [0]


def test_verdict_fails_on_each_of_its_four_counts():
    good = dict.fromkeys(
        ("transactions_unexplained", "state_differences", "money_residual_micro", "energy_residual_wh"), 0
    )
    assert all(check.passed for check in verdict({"transactions": 10, **good}))
    for position, name in enumerate(good):
        checks = verdict({"transactions": 10, **good, name: 1})
        assert [check.passed for check in checks] == [number != position for number in range(4)]


def test_command_line_repeats_the_run(run_folder):
    run = load_run(run_folder).run
    assert command_line(run) == "voltberg replay --engine evm --seed 3 --season summer --households 12"
    run["settings"]["agents"]["deviation"] = 0.2
    run["settings"]["agents"]["renters"] = 3
    assert command_line(run).endswith("--households 12 --deviation 0.2 --configuration settings.json")
    run["settings"]["inputs"] |= {"load": "my load.csv", "tariff": "t.csv", "households": None}
    assert "--load 'my load.csv' --tariff t.csv --time-zone UTC --deviation" in command_line(run)


def test_transformer_is_known_only_with_a_feeder(run_folder):
    run = load_run(run_folder).run
    assert transformer_rating_kva(run) == 250
    assert transformer_rating_kva({"inputs": [{"item": "load", "note": "400 kVA"}]}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (grouped(-1234567.25, 1), "\N{MINUS SIGN}1 234 567.2"),
        (grouped(math.nan), "\N{EN DASH}"),
        (short(0.012346), "0.01235"),
        (short(98765.4), "98 765"),
        (millions(5_131_581.98), "5.13 M"),
        (millions(12.0), "12.00"),
    ],
)
def test_numbers_for_people(text, expected):
    assert text.replace("\N{NARROW NO-BREAK SPACE}", " ") == expected
