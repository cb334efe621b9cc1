"""The benchmark runs on every engine, and its figures follow from its timings; no clock decides anything."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from voltberg.chain.compile import compile_contracts
from voltberg.cli import app
from voltberg.experiments.bench_engine import BenchError, EngineBench
from voltberg.experiments.bench_run import ROUNDS, BenchSample, BenchSettings, summarise
from voltberg.experiments.replay_run import read_inputs
from voltberg.simulation.settings import InputSettings, ReplaySettings

ENGINES = ("ganache", "anvil", "evm") if sys.version_info < (3, 13) else ("ganache", "anvil")
TINY = ReplaySettings(seed=5, inputs=InputSettings(households=2))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("bench") / "out"
    arguments = ["bench", "--engines", ",".join(ENGINES), "--households", "2", "--repetitions", "1"]
    result = CliRunner().invoke(app, [*arguments, "--seed", "5", "--json", "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return folder, result.stdout


def test_command_ends_with_its_folder_and_prints_the_summary(outcome) -> None:
    folder, printed = outcome
    *text, last = printed.strip().splitlines()
    assert last == str(folder)
    summary = json.loads("\n".join(text))
    assert summary == json.loads((folder / "summary.json").read_text())
    assert all(isinstance(value, int | float | str) for value in summary.values())
    assert (summary["households"], summary["seed"], summary["repetitions"]) == (2, 5, 1)


def test_figures_follow_from_the_timings(outcome) -> None:
    folder, _ = outcome
    summary = json.loads((folder / "summary.json").read_text())
    samples = pd.read_csv(folder / "samples.csv")
    assert set(samples["transactions"]) == {summary["transactions"]}
    assert (samples["seconds"] > 0).all()
    for engine in ENGINES:
        rows = samples[(samples["engine"] == engine) & (samples["turn"] == 1)]
        assert list(rows["kind"]) == ["limit"] + ROUNDS[engine] * ["replay", "limit"]
        seconds = rows["seconds"].to_numpy()
        replays = summary["transactions"] / seconds[1::2]
        limits = 2 * summary["transactions"] / (seconds[:-2:2] + seconds[2::2])
        assert summary[f"replay_tx_per_second_{engine}"] == pytest.approx(np.median(replays))
        assert summary[f"limit_tx_per_second_{engine}"] == pytest.approx(np.median(limits))
        share = 100 * replays / limits
        assert summary[f"share_of_limit_{engine}_pct"] == pytest.approx(np.median(share))
        assert summary[f"share_of_limit_{engine}_lowest_pct"] == pytest.approx(share.min())
        assert summary[f"share_of_limit_{engine}_highest_pct"] == pytest.approx(share.max())
    if "evm" in ENGINES:
        ratio = summary["replay_tx_per_second_evm"] / summary["replay_tx_per_second_ganache"]
        assert summary["evm_over_ganache"] == pytest.approx(ratio)


def test_loop_tries_every_batch_size_and_keeps_the_best(outcome) -> None:
    samples = pd.read_csv(outcome[0] / "samples.csv")
    for engine in ("ganache", "anvil"):
        loops = samples[(samples["engine"] == engine) & (samples["kind"] == "limit")]
        first = loops[loops["turn"] == 0]
        assert list(first["batch_size"]) == [10, 250]
        later = loops[loops["turn"] > 0]["batch_size"]
        assert set(later) == {first.loc[first["seconds"].idxmin(), "batch_size"]}


def test_replay_is_compared_with_the_loops_around_it() -> None:
    seconds = [(0, "limit", 9.0), (1, "limit", 1.0), (1, "replay", 4.0), (1, "limit", 3.0)]
    seconds += [(2, "limit", 4.0), (2, "replay", 5.0), (2, "limit", 4.0)]
    samples = [BenchSample("anvil", turn, kind, 50, 100, duration) for turn, kind, duration in seconds]
    summary = summarise(BenchSettings(TINY, engines=("anvil",), repetitions=2), samples)
    assert summary["replay_tx_per_second_anvil"] == (25.0 + 20.0) / 2
    assert summary["limit_tx_per_second_anvil"] == (50.0 + 25.0) / 2
    assert summary["share_of_limit_anvil_pct"] == (50.0 + 80.0) / 2
    assert summary["limit_batch_size_anvil"] == 50
    assert "evm_over_ganache" not in summary


def test_work_that_differs_is_refused(project_root: Path) -> None:
    engine = ENGINES[-1]
    artifacts = compile_contracts(project_root)
    day = read_inputs(TINY.inputs, TINY.seed, TINY.market.settlement.frame_seconds)
    with EngineBench(engine, day, TINY, artifacts) as bench:
        before = (bench.engine.block_number, bench.engine.timestamp)
        assert bench.replay_seconds() > 0
        assert bench.limit_seconds(50) > 0
        assert (bench.engine.block_number, bench.engine.timestamp) == before
        del bench.submissions[2]
        with pytest.raises(BenchError, match=f"a bare loop on {engine} ends otherwise than the replay"):
            bench.limit_seconds(50)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"engines": ("geth",)}, "engines geth: expected some of ganache, anvil, evm"),
        ({"engines": ()}, "engines none: expected some of"),
        ({"engines": ("evm", "evm")}, "each once"),
        ({"repetitions": 0}, "0 repetitions: expected at least 1"),
        ({"batch_sizes": (50, 0)}, r"batch sizes \(50, 0\): expected one or more, each at least 1"),
    ],
)
def test_settings_that_measure_nothing_are_refused(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        BenchSettings(TINY, **changes)


def test_command_says_in_a_line_what_is_wrong(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "--engines", "geth", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "engines geth: expected some of ganache, anvil, evm" in result.stderr
    assert not (tmp_path / "out").exists()
