"""A folder that is no finished run is refused by name."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer import Typer
from typer.testing import CliRunner

from voltberg.commands.report import report
from voltberg.reports.replay_report import write_report
from voltberg.reports.run_data import NEEDED_FIGURES, ReportError, load_run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def copy(run_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(run_folder, folder, ignore=shutil.ignore_patterns("report.html"))
    return folder


def without_figure(folder):
    path = folder / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    del summary["gas_total"]
    path.write_text(json.dumps(summary), encoding="utf-8")


def without_column(folder):
    path = folder / "frames.parquet"
    pd.read_parquet(path).drop(columns=["pv_wh", "ev_wh"]).to_parquet(path)


BROKEN = {
    "no run": (lambda folder: (folder / "run.json").unlink(), r"run\.json is missing: .* holds no run"),
    "run cut off": (lambda folder: (folder / "run.json").write_text("{"), r"run\.json cannot be read"),
    "run a list": (lambda folder: (folder / "run.json").write_text("[]"), r"run\.json holds list"),
    "run of nothing": (lambda folder: (folder / "run.json").write_text("{}"), r"run\.json has no 'engine'"),
    "not ended": (lambda folder: (folder / "summary.json").unlink(), r"summary\.json is missing: .*--resume"),
    "figure missing": (without_figure, r"summary\.json lacks gas_total"),
    "table missing": (lambda folder: (folder / "trades.parquet").unlink(), r"trades\.parquet is missing"),
    "table broken": (
        lambda folder: (folder / "credit.parquet").write_bytes(b"no"),
        r"credit\.parquet cannot be read",
    ),
    "column missing": (without_column, r"frames\.parquet lacks the columns pv_wh, ev_wh"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_folder_is_refused_by_the_file_that_is_wrong(copy, name):
    damage, message = BROKEN[name]
    damage(copy)
    with pytest.raises(ReportError, match=message):
        load_run(copy)
    assert not (copy / "report.html").exists()


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(ReportError, match="nowhere is no folder"):
        write_report(tmp_path / "nowhere")


def test_command_writes_the_report_again_and_states_its_prices(copy):
    app = Typer()
    app.command()(report)
    answer = CliRunner().invoke(
        app, [str(copy), "--gas-price-gwei", "7", "--ether-price", "1234", "--currency", "EUR"]
    )
    assert answer.exit_code == 0, answer.output
    page = Path(answer.stdout.strip()).read_text(encoding="utf-8")
    assert "<b>7 gwei</b>" in page
    assert re.search(r"<b>1\s234 EUR</b>", page)


def test_command_fails_with_one_line(tmp_path):
    app = Typer()
    app.command()(report)
    answer = CliRunner().invoke(app, [str(tmp_path)])
    assert answer.exit_code == 1
    assert "run.json is missing" in answer.stderr


def documented(heading):
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    section = re.search(rf"^## `{re.escape(heading)}`.*?(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert section, f"docs/results.md has no section {heading}"
    cells = re.findall(r"^\| (`[^|]*`) \|", section.group(0), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_data_dictionary_names_every_column_figure_and_key(run_tables):
    folder, tables = run_tables
    for name in tables.names():
        assert documented(name) == set(getattr(tables, name).columns), name
    assert documented("summary.json") == set(
        json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    )
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert documented("run.json") == {*run, "compiler"}
    assert set(NEEDED_FIGURES) <= documented("summary.json")
