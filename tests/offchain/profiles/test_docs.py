"""The documented schema is the one that is read, and the tutorial runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voltberg import units
from voltberg.profiles import sessions, tariff
from voltberg.profiles.series import KEY_COLUMNS, UNITS

DOCS = Path(__file__).resolve().parents[3] / "docs"


def columns_under(heading: str) -> set[str]:
    section = (
        (DOCS / "profiles.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    )
    first_cells = [
        line.split("|")[1] for line in section.splitlines() if line.startswith("| ") or "| or of" in line
    ]
    return {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}


def test_each_reader_takes_the_columns_that_its_table_lists() -> None:
    assert columns_under("Load and PV") == {*KEY_COLUMNS, *UNITS}
    assert columns_under("EV sessions") == {*sessions.REQUIRED, *sessions.OPTIONAL}
    assert columns_under("Tariff") == {*tariff.REQUIRED, *tariff.OPTIONAL}


def test_the_glossary_names_factors_and_conversions_that_exist() -> None:
    text = (DOCS / "units.md").read_text(encoding="utf-8").split("## Factors")[1]
    names = {
        name for name in re.findall(r"`([A-Za-z_]+)(?:\([a-z, ]*\))?`", text) if "_" in name or name.isupper()
    }

    assert names
    assert not sorted(name for name in names if not hasattr(units, name))
    public = {name for name in vars(units) if name.isupper() and name != "ROUND_HALF_EVEN"}
    assert public <= names


def test_the_tutorial_runs_on_such_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stamps = pd.date_range("2024-06-11", periods=24, freq="h").strftime("%Y-%m-%dT%H:%M")
    loads = [
        pd.DataFrame({"household_id": f"flat-{i}", "timestamp": stamps, "kwh": 0.2 + i / 100})
        for i in range(40)
    ]
    pd.concat(loads).to_csv(tmp_path / "my_load.csv", index=False)
    prices = {"timestamp": stamps, "grid_price": 0.142, "retailer_price": 0.136, "feed_in_price": 0.06}
    pd.DataFrame({**prices, "currency": "EUR"}).to_csv(tmp_path / "my_prices.csv", index=False)
    (tmp_path / "my_sessions.csv").write_text(
        "session_id,arrival,departure,energy_kwh\na,2022-06-14T19:00,2022-06-15T07:00,14.2\n",
        encoding="utf-8",
    )
    text = (DOCS / "profiles.md").read_text(encoding="utf-8")
    program = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)

    names: dict[str, object] = {}
    exec(compile(program, "docs/profiles.md", "exec"), names)

    day = names["day"]
    assert day.load_wh.shape == (40, 48)
    assert np.count_nonzero(day.pv_wh.sum(axis=1)) == 30
    assert day.load_wh[0].sum() == 4800
    assert len(day.sessions) == 1
    assert "pv modelled clear sky" in capsys.readouterr().out
