"""``voltberg gas``: table, JSON, differences, and the rewriting of snapshots and page."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from voltberg.cli import app
from voltberg.commands import gas as command
from voltberg.experiments.gas import breakdown
from voltberg.experiments.gas.breakdown import read_breakdown
from voltberg.experiments.gas.matrix import SNAPSHOTS, read_snapshot

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A project folder whose snapshots the command compares and replaces."""
    shutil.copytree(ROOT / SNAPSHOTS, tmp_path / SNAPSHOTS)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "gas.md", tmp_path / "docs")
    monkeypatch.setattr(command, "PROJECT_ROOT", tmp_path)
    # Tracing takes a node and its time, and test_document.py does it.
    monkeypatch.setattr(breakdown, "measure_breakdown", lambda _: read_breakdown(ROOT))
    return tmp_path


def test_prints_figures_limits_and_peers_with_their_ratio(copy):
    result = CliRunner().invoke(app, ["gas"])
    assert result.exit_code == 0, result.output
    cancel = read_snapshot(ROOT, "market")["gas"]["cancel"]
    row = next(line for line in result.stdout.splitlines() if "│ cancel " in line)
    assert re.findall(r"[\d,.+x]+", row)[:3] == [f"{cancel:,}", "31,000", f"{31_000 - cancel:+,}"]
    assert f"{58_552 / cancel:.2f}x" in result.stdout, "Mangrove's cancel beside ours"


def test_differences_end_with_code_2_until_they_are_written(copy):
    path = copy / SNAPSHOTS / "market.json"
    committed = json.loads(path.read_text())
    committed["gas"]["cancel"] -= 7
    path.write_text(json.dumps(committed))
    (copy / SNAPSHOTS / "depth.json").write_text("<<<<<<< a merge")
    found = CliRunner().invoke(app, ["gas", "--json"])
    assert found.exit_code == 2
    cancel = json.loads(found.stdout)["gas"]["market"]["cancel"]
    assert f"market: cancel is {cancel}, committed {cancel - 7}" in found.stderr
    assert "depth: cancel.last.ahead_1 is" in found.stderr
    (copy / "docs" / "gas.md").write_text("# Gas\n<!-- table: limits -->\nold\n<!-- end -->\n")
    assert CliRunner().invoke(app, ["gas", "--write"]).exit_code == 0
    for file in (ROOT / SNAPSHOTS).iterdir():
        assert (copy / SNAPSHOTS / file.name).read_text() == file.read_text()
    page = (copy / "docs" / "gas.md").read_text()
    assert f"| `cancel` | {cancel:,} |" in page
    assert "old" not in page
    assert CliRunner().invoke(app, ["gas"]).exit_code == 0


def test_a_table_that_nobody_writes_is_an_error(copy):
    (copy / "docs" / "gas.md").write_text("<!-- table: nonsense -->\n<!-- end -->\n")
    result = CliRunner().invoke(app, ["gas", "--write"])
    assert result.exit_code == 1
    assert "asks for the table 'nonsense'" in result.stderr
