"""An AdBEV run on the contracts: tables, figures, report, and what happens when fills are wrong."""

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from voltberg.chain.compile import compile_contracts
from voltberg.cli import app
from voltberg.experiments import adbev_chain_tables
from voltberg.experiments.adbev_gas import FULL_FRAME
from voltberg.experiments.adbev_run import run_adbev
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.experiments.gas.limits import LIMITS
from voltberg.reports.adbev_chain import chain_checks, fill_rows, goal_rows
from voltberg.reports.adbev_data import load_adbev_run
from voltberg.reports.adbev_report import adbev_command, write_adbev_report

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="the in-process engine has no wheels for this Python"
)
SMALL = AdbevSettings(
    seeds=1, sweep_evs=(), timed_evs=(), power_flow=False, chain_peers=(4, 12), inputs={"season": "winter"}
)
DOC = Path(__file__).resolve().parents[2] / "docs" / "adbev.md"


def silent(phase, done, whole):
    pass


@pytest.fixture(scope="module")
def artifacts(project_root):
    return compile_contracts(project_root)


@pytest.fixture(scope="module")
def result(artifacts, tmp_path_factory):
    return run_adbev(SMALL, tmp_path_factory.mktemp("adbev") / "run", silent, artifacts)


def test_every_method_whose_prices_cross_is_traded_at_both_venues_as_predicted(result):
    fills = result.tables.chain_fills
    methods = {"literal", "fluid", "level", "level_forecast"}
    assert set(fills["method"]) == methods
    assert len(fills) == len(methods) * 2 * 2
    assert result.faults == ()
    assert result.summary["chain_faults"] == result.summary["fills_differing"] == 0
    at_auction = fills[fills["venue"] == "auction"]
    assert (at_auction["entries_differing"] == 0).all()
    scheduled = at_auction["between_evs_wh"] + at_auction["from_grid_wh"]
    assert (scheduled == at_auction["scheduled_wh"]).all()
    # what was traded has the schedule's fluctuation
    pfl = result.tables.results.set_index("method")["pfl_w"]
    assert (at_auction["pfl_w"] == at_auction["method"].map(pfl)).all()


def test_gas_of_operations_adds_up_to_the_days(result):
    operations = result.tables.chain_operations.set_index(
        ["method", "venue", "day", "operation"]
    ).sort_index()["gas"]
    for row in result.tables.chain_gas.to_dict("records"):
        day = operations.loc[row["method"], row["venue"], row["day"]]
        suffix = "" if row["venue"] == "auction" else "_book"
        spent = row["place_gas"] + row["clear_gas"] + row["settle_gas"]
        assert day["all_in_order" + suffix] == spent
        assert day["open_frame" + suffix] + day["finalise_frame" + suffix] == row["frames_gas"]
        assert row["gas_per_order"] == pytest.approx(spent / row["orders"])
        parts = day.drop([name for name in day.index if name.startswith(("all_in", "open", "finalise"))])
        parts = parts.drop([name for name in parts.index if name.endswith(("_full", "_fill"))])
        assert parts.sum() == spent


def test_gas_stands_beside_goals_day_by_day(result):
    goals = result.tables.chain_goals.set_index(["day", "operation"]).sort_index()
    for day in ("first_day", "second_day"):
        for operation, name in (
            ("frame_place", "frame_place"),
            ("frame_clear_full", "frame_clear_100_half_iceberg_total"),
            ("all_in_order_full", "all_in_100"),
            ("place_new_level", "place_new_level"),
        ):
            row = goals.loc[day, operation]
            assert row["goal"] == LIMITS[name]
            assert row["held"] == (row["gas_each"] <= row["goal"])
            assert bool(row["why"]) != row["held"]
        for operation in ("frame_clear_fill_full", "frame_settle_record_full", "all_in_order_full"):
            row = goals.loc[day, operation]
            assert row["count"] >= FULL_FRAME * row["transactions"]
        assert goals.loc[day, "frame_place"]["held"]
        missed = result.summary[f"goals_missed_{day}"]
        held = goals.loc[day]["held"]
        assert set(missed) == set(held.index[held.eq(False).fillna(value=False)])
    # slots that were written before are cheaper, and only those
    for operation in ("frame_clear", "frame_settle_record", "settle_position", "take_fill"):
        first, second = (goals.loc[day, operation]["gas_each"] for day in ("first_day", "second_day"))
        assert first > second


def test_summary_tells_gas_per_order(result):
    gas = result.tables.chain_gas
    second = gas[(gas["day"] == "second_day") & (gas["venue"] == "auction")]
    spent = second[["place_gas", "clear_gas", "settle_gas"]].to_numpy().sum()
    assert result.summary["gas_per_order"] == pytest.approx(spent / second["orders"].sum(), abs=0.1)
    assert 30_000 < result.summary["gas_per_order"] < 100_000
    fluid = second[second["method"] == "fluid"]["gas_per_order"].iloc[0]
    assert result.summary["gas_per_order_fluid"] == pytest.approx(fluid, abs=0.1)
    assert result.summary["gas_second_day"]["frame_place"] < LIMITS["frame_place"]
    named = set(re.findall(r"`([a-z_]+)`", DOC.read_text(encoding="utf-8")))
    methods = result.tables.results["method"].unique()
    expanded = {re.sub(r"(?<![a-z])m(?![a-z])", method, name) for name in named for method in methods}
    assert set(result.summary) - {"command"} <= expanded


def test_gas_grows_with_the_number_of_evs(result):
    measured = result.tables.gas_measured
    for _, rows in measured.groupby(["method", "day"]):
        few, many = rows.sort_values("peers").to_dict("records")
        assert (few["peers"], many["peers"]) == (4, 12)
        assert few["place_gas"] < many["place_gas"]
        assert few["clear_gas"] < many["clear_gas"]


def test_report_shows_fills_and_gas(result):
    data = load_adbev_run(result.folder)
    text = write_adbev_report(result.folder).read_text(encoding="utf-8")
    for part in (
        "Fills beside schedules",
        "Gas at the frame auction",
        "Gas at the continuous book",
        "measured",
    ):
        assert part in text
    assert all(check.passed for check in chain_checks(data))
    assert "transactions as the exact twin predicted" in text
    assert "--engine evm" in adbev_command(data.run)
    rows = goal_rows(data, "auction")
    assert rows[0].label == "Place an order"
    assert rows[0].held
    assert len(rows[0].gas) == 2
    assert {row.venue for row in fill_rows(data)} == {"Frame auction", "Continuous book"}
    shown = set(result.tables.chain_goals["operation"])
    assert shown <= set(adbev_operation_names())


def adbev_operation_names():
    from voltberg.reports.adbev_chain import OPERATION_NAMES

    return OPERATION_NAMES


def test_verdict_fails_where_fills_are_off_schedule(result, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(result.folder, folder)
    summary = {**result.summary, "fills_differing": 2, "chain_faults": 3}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    checks = chain_checks(load_adbev_run(folder))
    assert [check.passed for check in checks] == [False, False]
    assert checks[0].text.startswith("2 fills")


def test_command_ends_with_2_where_contracts_and_schedule_disagree(monkeypatch, tmp_path):
    right = adbev_chain_tables.run_on_chain

    def wrong(schedule, venue, *args, **kwargs):
        run = right(schedule, venue, *args, **kwargs)
        return replace(run, fill_differences=("first_day: frame 3, EV 4, in all: ...",))

    monkeypatch.setattr(adbev_chain_tables, "run_on_chain", wrong)
    monkeypatch.setattr(adbev_chain_tables, "ON_CHAIN", ("level",))
    options = ["--seeds", "1", "--no-sweep", "--no-power-flow", "--quiet"]
    done = CliRunner().invoke(app, ["run", "adbev", *options, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2, done.output
    assert "the contracts disagree" in done.output
    assert "level, auction: first_day: frame 3, EV 4" in done.output
    tables = {path.stem for path in (tmp_path / "out").glob("*.parquet")}
    assert {"chain_fills", "chain_goals", "gas_measured"} <= tables
    assert not len(pd.read_parquet(tmp_path / "out" / "gas_measured.parquet"))


def test_engines_that_are_none_are_refused(tmp_path):
    done = CliRunner().invoke(app, ["run", "adbev", "--engine", "moon", "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "engine" in done.output
    assert "moon" in done.output
