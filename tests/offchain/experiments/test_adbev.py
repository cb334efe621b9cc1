"""The AdBEV experiment: its days, figures, tables, command and report."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from voltberg.cli import app
from voltberg.experiments.adbev_gas_model import (
    FRAMES,
    TRANSACTION_GAS,
    GeneticBudget,
    adbev_gas,
    genetic_gas,
)
from voltberg.experiments.adbev_inputs import paper_day, read_input, real_day, with_windows
from voltberg.experiments.adbev_run import AdbevResult, run_adbev
from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.profiles import DayProfile, EvSession, FrameCalendar, Tariff, sample_day
from voltberg.profiles.ev_activity import fit_online_model
from voltberg.reports.adbev_data import load_adbev_run
from voltberg.reports.adbev_report import adbev_checks, adbev_command, write_adbev_report
from voltberg.reports.run_data import ReportError
from voltberg.scheduling.fluid import FluidScheduler
from voltberg.scheduling.none import NoScheduler
from voltberg.simulation.settings import InputSettings

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"
SMALL = AdbevSettings(seeds=2, sweep_evs=(20, 40), sweep_seeds=1, timed_evs=(20,), on_chain=False)
METHODS = ("ga_weak", "ga_converged", "literal", "fluid", "level", "lp")
CALENDAR = FrameCalendar.for_day(date(2024, 2, 6))


def silent(phase: str, done: int, whole: int) -> None:
    pass


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> AdbevResult:
    return run_adbev(SMALL, tmp_path_factory.mktemp("adbev") / "run", silent)


def test_summary_has_the_figures_of_every_method(result: AdbevResult) -> None:
    summary = json.loads((result.folder / "summary.json").read_text(encoding="utf-8"))

    assert summary["seeds"] == 2
    for method in METHODS:
        for name in (f"pfl_{method}_mw", f"reduction_{method}_pct", f"unserved_{method}_kwh"):
            assert isinstance(summary[name], float), name
        assert isinstance(summary[f"frames_above_limit_{method}"], int)
    for name in ("pfl_none_mw", "fluid_beats_ga_converged_seeds", "lp_seconds", "ga_converged_seconds"):
        assert name in summary


def test_gas_is_not_invented_where_no_chain_was_used(result: AdbevResult) -> None:
    assert "gas_per_order" not in result.summary
    assert "gas_per_order is left out" in result.summary["note"]
    assert not len(result.tables.chain_gas)
    with pytest.raises(ValueError, match="no compiled contracts"):
        run_adbev(SMALL.model_copy(update={"on_chain": True}), Path("unused"), silent)


def test_figures_follow_from_the_tables(result: AdbevResult) -> None:
    wide = result.tables.results.pivot(index="seed", columns="method", values="pfl_w").astype(float)
    summary = result.summary

    assert summary["pfl_none_mw"] == pytest.approx(wide["none"].mean() / 1e6)
    for method in METHODS:
        reduction = 100 * (1 - wide[method] / wide["none"])
        assert summary[f"reduction_{method}_pct"] == pytest.approx(reduction.mean())
    assert summary["fluid_beats_ga_converged_seeds"] == (wide["fluid"] < wide["ga_converged"]).sum()
    first = result.tables.frames[result.tables.frames["method"] == "fluid"]
    assert (first["base_w"] + first["ev_w"] == first["total_w"]).all()
    change = np.abs(first["total_w"].to_numpy() - np.roll(first["total_w"].to_numpy(), 1)).sum()
    assert change == wide.loc[1, "fluid"]


def test_market_methods_serve_everybody_within_the_limit_and_the_optimum_is_lowest(
    result: AdbevResult,
) -> None:
    assert all(check.passed for check in adbev_checks(load_adbev_run(result.folder)))


def test_power_flow_adds_losses_to_the_plain_sum(result: AdbevResult) -> None:
    frames = result.tables.frames

    assert (frames["apparent_va"] > frames["total_w"]).all()
    assert (frames["losses_w"] > 0).all()
    none = frames[frames["method"] == "none"]
    assert none["substation_above"].sum() >= none["plain_above"].sum() > 0


def test_page_names_every_column_and_figure(result: AdbevResult) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "adbev.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", text))

    for name in result.tables.__slots__:
        columns = set(getattr(result.tables, name).columns) - {"seed", "method", "frame"}
        assert name in named
        assert columns <= named, (name, columns - named)
    methods = result.tables.results["method"].unique()
    expanded = {re.sub(r"(?<![a-z])m(?![a-z])", method, name) for name in named for method in methods}
    assert set(result.summary) - {"command"} <= expanded


def test_two_runs_give_the_same_tables(result: AdbevResult, tmp_path: Path) -> None:
    again = run_adbev(SMALL, tmp_path / "again", silent)

    for name in ("results", "frames", "prices", "online", "sweep", "gas_model"):
        one, other = ((folder / f"{name}.csv").read_bytes() for folder in (result.folder, again.folder))
        assert one == other, name


def test_mean_price_lies_within_the_bounds_and_stands_where_energy_was_bought(result: AdbevResult) -> None:
    prices = result.tables.prices
    bought = prices["demand_wh"] > 0

    assert bought.any()
    assert prices.loc[bought, "price_pence"].between(10, 30).all()
    assert prices.loc[~bought, "price_pence"].isna().all()


def session(arrival_h: float, departure_h: float, energy_wh: int, name: str) -> EvSession:
    start = CALENDAR.start_utc
    return EvSession(
        name,
        "",
        "",
        None,
        "H1",
        start + round(3600 * arrival_h),
        start + round(3600 * departure_h),
        energy_wh,
        4_000,
    )


def profile_of(*sessions: EvSession) -> DayProfile:
    load = np.arange(96, dtype=np.int64).reshape(2, 48)
    price = np.full(48, 1000, dtype=np.int64)
    tariff = Tariff(CALENDAR, "", "", price, price, price)
    return DayProfile(CALENDAR, ("H0", "H1"), load, np.zeros_like(load), sessions, tariff, None, ())


def test_a_day_begins_where_fewest_evs_are_plugged_in() -> None:
    night, evening = session(22, 30, 8_000, "night"), session(17, 23, 3_000, "evening")

    day, notes = real_day(profile_of(night, evening))

    # from 06:00 on nobody is connected, until 17:00
    assert day.labels[0] == "06:00"
    assert day.problem.connected.sum(axis=1).tolist() == [16, 12]
    assert np.flatnonzero(day.problem.connected[0]).tolist() == list(range(32, 48))
    assert day.problem.base_w[0] == 2 * (12 + 60)  # Wh of half an hour, both homes
    assert day.home_of_ev.tolist() == [1, 1]
    assert notes == {"sessions": 2, "sessions_too_short": 0, "energy_left_out_wh": 0}


def test_what_frames_cannot_carry_is_left_out_and_told() -> None:
    tight, short = session(10, 10.6, 2_400, "tight"), session(12, 12.2, 500, "short")

    day, notes = real_day(profile_of(tight, short))

    assert day.problem.need_wh.tolist() == [2_000]  # one frame at 4 kW
    assert notes == {"sessions": 2, "sessions_too_short": 1, "energy_left_out_wh": 900}


def test_a_day_without_sessions_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to schedule"):
        real_day(profile_of(session(12, 12.1, 500, "short")))


def test_sessions_of_the_sample_are_all_served() -> None:
    day, notes = real_day(sample_day("winter"))

    made = FluidScheduler().schedule(day.problem, np.random.default_rng(1))

    assert made.unserved_wh == 0
    assert day.evs_at_homes_w(made.power_w).sum(axis=0).tolist() == made.power_w.sum(axis=0).tolist()
    assert notes["energy_left_out_wh"] < 0.1 * day.problem.need_wh.sum()


def test_drawn_windows_leave_every_target_within_reach() -> None:
    model = fit_online_model(40 + 30 * np.sin(2 * np.pi * np.arange(48) / 48), 2)

    day = with_windows(paper_day(1), model, np.random.default_rng(1))

    # midnight of the model is the 36th frame after 06:00
    assert day.problem.connected[:, 36].sum() == pytest.approx(model.cars(100)[0], abs=15)
    assert NoScheduler().schedule(day.problem, np.random.default_rng(1)).unserved_wh == 0


def test_inputs_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="no load file is named"):
        read_input(AdbevSettings(input="files"))
    with pytest.raises(ValueError, match="input is 'sample' and a load file is named"):
        read_input(AdbevSettings(input="sample", inputs=InputSettings(load=Path("x.csv"))))


def test_modelled_gas_grows_as_the_operations_do() -> None:
    budget = GeneticBudget(50, 4)

    assert adbev_gas(0) == FRAMES * TRANSACTION_GAS
    assert genetic_gas(200, budget) - genetic_gas(100, budget) == pytest.approx(
        genetic_gas(300, budget) - genetic_gas(200, budget)
    )
    assert 2 < (adbev_gas(2000) - adbev_gas(0)) / (adbev_gas(1000) - adbev_gas(0)) < 2.3
    assert genetic_gas(100, GeneticBudget(50, 150)) > 20 * genetic_gas(100, budget)
    assert all(adbev_gas(peers) < genetic_gas(peers, budget) for peers in (10, 100, 1000))


def test_command_runs_reports_and_refuses(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["run", "adbev", "--seeds", "1", "--no-sweep", "--no-power-flow", "--off-chain"]
    options += ["--out", str(out)]

    done = CliRunner().invoke(app, [*options, "--json", "--quiet"])
    again = CliRunner().invoke(app, options)
    drawn = CliRunner().invoke(app, ["report", str(out)])

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout[: done.stdout.rindex("}") + 1])["seeds"] == 1
    assert "<title>Voltberg: AdBEV" in (out / "report.html").read_text(encoding="utf-8")
    assert again.exit_code == 1
    assert "not empty" in again.output
    assert drawn.exit_code == 0
    assert CliRunner().invoke(app, ["run", "adbev", "--input", "moon"]).exit_code == 1


def test_report_names_its_command_and_needs_its_tables(result: AdbevResult, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(result.folder, folder)

    text = write_adbev_report(folder).read_text(encoding="utf-8")
    command = "voltberg run adbev --input paper --seeds 2 --first-seed 1 --off-chain --windows paper"
    assert command in text
    assert adbev_command(load_adbev_run(folder).run) == command
    assert "http://" not in text.split("<script>")[0]

    (folder / "growth.parquet").unlink()
    with pytest.raises(ReportError, match=r"growth\.parquet is missing"):
        write_adbev_report(folder)


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (CI installs it)")
def test_report_draws_every_plot_without_network_on_phone_and_desktop(result: AdbevResult) -> None:
    from playwright.sync_api import sync_playwright

    report = write_adbev_report(result.folder)
    plots = report.read_text(encoding="utf-8").count('class="figure"')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for width_px, scheme in ((1280, "light"), (390, "dark")):
            page = browser.new_page(viewport={"width": width_px, "height": 900}, color_scheme=scheme)
            requests, complaints = [], []
            page.on("request", lambda request, seen=requests: seen.append(request.url))
            page.on("console", lambda message, seen=complaints: seen.append(message.text))
            page.on("pageerror", lambda error, seen=complaints: seen.append(str(error)))
            page.goto(report.as_uri())
            page.wait_for_function(
                f"document.querySelectorAll('.plot:has(.main-svg)').length === {plots}", timeout=60_000
            )
            assert page.locator(".plot:has(.cartesianlayer .trace)").count() == plots == 10
            assert (requests, complaints) == ([report.as_uri()], [])
            assert page.evaluate("document.documentElement.scrollWidth") <= width_px
        browser.close()


def test_verdict_fails_where_energy_is_missing(result: AdbevResult, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(result.folder, folder)
    summary = {**result.summary, "unserved_fluid_kwh": 1.5, "frames_above_limit_level": 2}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    table = pd.read_parquet(folder / "results.parquet")
    table.loc[table["method"] == "level_forecast", "pfl_w"] = 1
    table.to_parquet(folder / "results.parquet", index=False)

    checks = adbev_checks(load_adbev_run(folder))

    assert [check.passed for check in checks] == [False, False, False]
    assert checks[0].text.startswith("1.500 kWh")


@pytest.mark.skipif(not SHARED.exists(), reason=f"the shared data are not here: {SHARED}")
def test_uk_january_with_norwegian_sessions_is_flattened(tmp_path: Path) -> None:
    inputs = InputSettings(
        load=SHARED / "load_halfhourly.csv",
        sessions=SHARED / "ev_sessions.csv",
        tariff=SHARED / "prices.csv",
        day=date(2014, 1, 15),
        time_zone="Europe/London",
        session_source="norway_residential",
        market="GB_2018_LOCAL",
        households=100,
    )
    settings = AdbevSettings(
        input="files",
        seeds=2,
        inputs=inputs,
        sweep_evs=(),
        timed_evs=(),
        power_flow=False,
        on_chain=False,
    )

    summary = run_adbev(settings, tmp_path / "run", silent).summary

    assert summary["reduction_fluid_pct"] >= 25
    assert summary["unserved_fluid_kwh"] == 0
    assert summary["frames_above_limit_fluid"] == 0
    assert summary["pfl_lp_mw"] <= summary["pfl_level_mw"] <= summary["pfl_none_mw"]
