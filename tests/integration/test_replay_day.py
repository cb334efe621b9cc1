"""A whole day through all four contracts, held to what the twin predicts and to conservation."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.experiments.replay_run import ReplayResult, ReplayRun
from voltberg.simulation.journal import Journal, JournalError
from voltberg.simulation.ledger import LedgerError
from voltberg.simulation.settings import AgentSettings, InputSettings, ReplaySettings
from voltberg.simulation.tables import ReplayTables

IN_PROCESS = "evm" if sys.version_info < (3, 13) else "anvil"
SMALL = ReplaySettings(
    seed=3, inputs=InputSettings(households=8), agents=AgentSettings(renters=3, silent_share=0.05)
)
TIMINGS = {"seconds", "transactions_per_second", "engine"}


@pytest.fixture(scope="session")
def artifacts(project_root: Path):
    return compile_contracts(project_root)


def run(settings: ReplaySettings, engine: str, folder: Path, artifacts) -> ReplayResult:
    folder.mkdir(parents=True, exist_ok=True)
    return ReplayRun(settings, engine, artifacts, folder).execute()


def assert_sound(result: ReplayResult) -> None:
    summary = result.summary
    assert summary["transactions_unexplained"] == 0
    assert summary["transactions_failed_unexplained"] == 0
    assert result.differences == ()
    assert summary["money_residual_micro"] == 0
    assert summary["energy_residual_wh"] == 0


def assert_same_tables(first: ReplayResult, second: ReplayResult) -> None:
    for name in ReplayTables.names():
        tables = [
            getattr(result.tables, name).drop(columns="seconds", errors="ignore")
            for result in (first, second)
        ]
        pd.testing.assert_frame_equal(*tables)
    kept = [{k: v for k, v in result.summary.items() if k not in TIMINGS} for result in (first, second)]
    assert kept[0] == kept[1]


@pytest.fixture(scope="session", params=["summer", "winter"])
def sample_day_run(request: pytest.FixtureRequest, artifacts, tmp_path_factory: pytest.TempPathFactory):
    settings = ReplaySettings(inputs=InputSettings(season=request.param))
    return run(settings, IN_PROCESS, tmp_path_factory.mktemp(request.param), artifacts)


def test_every_transaction_of_the_sample_day_does_what_the_twin_predicts(
    sample_day_run: ReplayResult,
) -> None:
    assert_sound(sample_day_run)


def test_sample_day_exercises_the_whole_market(sample_day_run: ReplayResult) -> None:
    summary = sample_day_run.summary
    assert summary["households"] == 100
    assert summary["households_trading"] >= 90
    assert summary["iceberg_slices_replenished"] >= 20
    for contract in ("house", "book", "storage", "credit"):
        assert summary[f"transactions_{contract}"] >= 100, contract


def test_tables_agree_with_each_other(sample_day_run: ReplayResult) -> None:
    tables = sample_day_run.tables
    orders, trades = tables.orders, tables.trades
    assert orders["filled_wh"].sum() == 2 * trades["energy_wh"].sum()
    accepted = orders[orders["fate"] != "refused"]
    assert (accepted["filled_wh"] + accepted["returned_wh"] == accepted["quantity_wh"]).all()
    assert (orders[orders["fate"] == "refused"]["reason"] != "").all()
    positions = tables.positions
    assert positions["purchase_micro"].sum() == trades["value_micro"].sum() == positions["sale_micro"].sum()
    frames = tables.frames
    assert frames["traded_wh"].sum() == trades["energy_wh"].sum()
    supplied = frames["pv_wh"] + frames["storage_out_wh"] + frames["grid_import_wh"]
    used = frames["load_wh"] + frames["ev_wh"] + frames["storage_in_wh"] + frames["grid_export_wh"]
    assert (supplied == used).all()


def test_order_kinds_and_fates_all_occur(sample_day_run: ReplayResult) -> None:
    orders = sample_day_run.tables.orders
    assert {"limit", "IOC", "post-only"} <= set(orders["kind"])
    assert {"filled", "partly filled", "rested", "refused"} <= set(orders["fate"])


def test_the_same_day_at_the_auction_settles_from_roots(artifacts, tmp_path: Path) -> None:
    result = run(SMALL.model_copy(update={"venue": "auction"}), IN_PROCESS, tmp_path, artifacts)
    assert_sound(result)
    assert result.summary["p2p_energy_wh"] > 0
    transactions = result.tables.transactions
    succeeded = set(transactions[transactions["status"] == 1]["operation"])
    assert {"clear", "release_records", "report_delivery", "settle_unmetered", "finalise"} <= succeeded
    assert result.summary["transactions_book"] == 0


def test_one_seed_gives_identical_tables(artifacts, tmp_path: Path) -> None:
    first, second = (run(SMALL, IN_PROCESS, tmp_path / name, artifacts) for name in ("first", "second"))
    assert_same_tables(first, second)
    assert {f.name for f in (tmp_path / "first").iterdir()} == {
        f.name for f in (tmp_path / "second").iterdir()
    }


def test_another_seed_gives_another_day(artifacts, tmp_path: Path) -> None:
    first = run(SMALL, IN_PROCESS, tmp_path / "first", artifacts)
    second = run(SMALL.model_copy(update={"seed": 4}), IN_PROCESS, tmp_path / "second", artifacts)
    assert not first.tables.trades.equals(second.tables.trades)


@pytest.mark.parametrize("engine", ["ganache", "anvil"])
def test_every_engine_gives_the_same_tables(engine: str, artifacts, tmp_path: Path) -> None:
    here = run(SMALL, IN_PROCESS, tmp_path / "in_process", artifacts)
    there = run(SMALL, engine, tmp_path / engine, artifacts)
    assert_sound(there)
    assert_same_tables(here, there)


def test_resumes_after_a_kill(artifacts, tmp_path: Path) -> None:
    whole = run(SMALL, IN_PROCESS, tmp_path / "whole", artifacts)
    killed = tmp_path / "killed"
    command = [
        sys.executable,
        "-m",
        "voltberg.cli",
        "replay",
        "--households",
        "8",
        "--seed",
        "3",
        "--engine",
        "anvil",
    ]
    configuration = tmp_path / "settings.json"
    configuration.write_text(SMALL.model_dump_json(exclude={"seed", "inputs"}))
    process = subprocess.Popen(
        [*command, "--configuration", str(configuration), "--out", str(killed), "--quiet"],
        start_new_session=True,
    )
    journal = killed / "journal.jsonl"
    while process.poll() is None and (not journal.exists() or len(journal.read_bytes()) < 60_000):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = len(list(Journal(killed).blocks()))
    assert 0 < before < len(list(Journal(tmp_path / "whole").blocks()))
    resumed = subprocess.run(
        [sys.executable, "-m", "voltberg.cli", "replay", "--resume", "--out", str(killed), "--quiet"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert resumed.stdout.strip() == str(killed)
    trades = pd.read_parquet(killed / "trades.parquet")
    pd.testing.assert_frame_equal(trades, whole.tables.trades)
    assert (killed / "report.html").exists()


def test_goes_on_after_the_node_died(artifacts, tmp_path: Path) -> None:
    def kill_the_node(phase: str, done: int, whole: int) -> None:
        if phase.startswith("replaying") and done >= whole // 2:
            for child in psutil.Process().children(recursive=True):
                if child.name() == "anvil":
                    child.kill()

    with pytest.raises(LedgerError, match=r"after \d+ transactions: "):
        ReplayRun(SMALL, "anvil", artifacts, tmp_path, kill_the_node).execute()
    done = list(Journal(tmp_path).blocks())
    assert done
    resumed = run(SMALL, "anvil", tmp_path, artifacts)
    assert_sound(resumed)
    assert list(Journal(tmp_path).blocks())[: len(done)] == done


class StoppedError(Exception):
    pass


def test_ganache_goes_on_with_the_chain_that_it_kept(artifacts, tmp_path: Path) -> None:
    settings = SMALL.model_copy(update={"inputs": InputSettings(households=3)})

    def stop_half_way(phase: str, done: int, whole: int) -> None:
        if phase.startswith("replaying") and done >= whole // 2:
            raise StoppedError

    killed = tmp_path / "killed"
    killed.mkdir()
    with pytest.raises(StoppedError):
        ReplayRun(settings, "ganache", artifacts, killed, stop_half_way).execute()
    journal = Journal(killed)
    done = list(journal.blocks())
    journal.trim(len(done) - 1)  # as if the kill had come between mining a block and noting it down
    resumed = run(settings, "ganache", killed, artifacts)
    assert_sound(resumed)
    noted = [execution.seconds for block in done[:-1] for execution in block]
    assert resumed.tables.transactions["seconds"][: len(noted)].tolist() == noted, "blocks were sent again"
    assert_same_tables(resumed, run(settings, IN_PROCESS, tmp_path / "whole", artifacts))
    assert not (killed / "chain").exists()


def test_refuses_to_resume_another_run(artifacts, tmp_path: Path) -> None:
    run(SMALL, IN_PROCESS, tmp_path, artifacts)
    journal = Journal(tmp_path)
    blocks = list(journal.blocks())
    journal.trim(0)
    for number, block in enumerate(blocks):
        journal.append([replace(block[0], gas_used=1), *block[1:]] if number == 5 else block)
    with pytest.raises(JournalError, match="block 5 differs from the journal"):
        run(SMALL, IN_PROCESS, tmp_path, artifacts)
