"""The campaign of `voltberg fuzz`: 100,000 transactions in CI, and proof that it finds what is wrong."""

import json
import multiprocessing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.stateful.mutants import mutant
from voltberg.chain.compile import compile_contracts
from voltberg.chain.deploy import DeploymentError
from voltberg.cli import app
from voltberg.experiments.fuzz.campaign import Campaign
from voltberg.experiments.fuzz.case import CaseError, read_case, write_case
from voltberg.experiments.fuzz.pair import Pair
from voltberg.experiments.fuzz.setups import USUAL
from voltberg.experiments.fuzz.worker import CampaignSettings, Worker
from voltberg.reference.book_batches import BookTwin
from voltberg.reference.house import HouseTwin

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)
SENT_ABOVE_ZERO = ("book.place", "book.cancel", "house.reportDelivery", "storage.move", "credit.evaluate")


@pytest.fixture(scope="module")
def artifacts(project_root):
    return compile_contracts(project_root)


@pytest.mark.parametrize("seed", [1, 2])
def test_contracts_and_twin_agree_on_50000_transactions(artifacts, seed):
    settings = CampaignSettings(50_000, seed, minutes=None, workers=1, shorten_dearest=False)
    result = Campaign(settings, artifacts).execute()
    assert result.difference is None, result.difference.finding
    assert result.tally.transactions == 50_000
    assert result.tally.succeeded >= 25_000
    assert all(result.tally.successes[operation] > 0 for operation in SENT_ABOVE_ZERO)
    assert result.tally.checkpoints == 50
    # Words are full now and then, or the set-up of huge amounts would be for nothing.
    assert result.tally.reverts["book.place", "Venue_PositionOverflow"] > 0


def test_processes_share_a_campaign_without_changing_it(artifacts, tmp_path):
    results = [
        Campaign(
            CampaignSettings(600, 3, workers=workers, episode_calls=150, checkpoint_every=100),
            artifacts,
            tmp_path / str(workers),
        ).execute()
        for workers in (1, 2)
    ]
    assert results[0].tally == results[1].tally
    assert results[0].dearest == results[1].dearest
    texts = [(tmp_path / workers / "dearest" / "book.place.json").read_text() for workers in "12"]
    assert texts[0] == texts[1]
    assert not multiprocessing.active_children()


def test_dearest_call_is_shown_by_the_sequence_saved_for_it(artifacts, tmp_path):
    settings = CampaignSettings(200, 5, workers=1, episode_calls=200)
    result = Campaign(settings, artifacts, tmp_path / "out").execute()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    dearest = result.tally.dearest["book.place"]
    assert summary["operations"]["book.place"]["dearest_gas"] == dearest.gas
    path = tmp_path / "out" / "dearest" / "book.place.json"
    case = read_case(path)
    assert len(case.calls) == summary["operations"]["book.place"]["dearest_calls"] < dearest.step
    printed = CliRunner().invoke(app, ["fuzz", "--replay", str(path), "--quiet"])
    assert printed.exit_code == 0, printed.output
    assert f"{len(case.calls)} calls: contracts and twin agree; the last used" in printed.stdout
    gas = int(printed.stdout.split("used ")[1].split(" gas")[0].replace(",", ""))
    assert gas >= dearest.gas


def fee_one_too_high(monkeypatch):
    right = HouseTwin.open_frames

    def wrong(self, sender, venue, first, tariffs):
        return right(self, sender, venue, first, [word + (1 << 24) for word in tariffs])

    wrong.__dict__.update(right.__dict__)
    monkeypatch.setattr(HouseTwin, "open_frames", wrong)


def cancel_without_refund(monkeypatch):
    right = BookTwin.cancel

    def cancel(self, sender, order_id):
        order = self._owned(sender, order_id)
        margin = self.margin_of(order.maker_id)
        right(self, sender, order_id)
        self._state.write(self._margins, order.maker_id, margin)

    cancel.__dict__.update(right.__dict__)
    monkeypatch.setattr(BookTwin, "cancel", cancel)


@pytest.mark.parametrize(
    ("fault", "most", "function"),
    # Numbers of orders are places in a queue: an order in front of the one that counts may have to stay.
    [(fee_one_too_high, 1, "openFrames"), (cancel_without_refund, 6, "cancel")],
)
def test_a_fault_is_found_made_short_and_saved(artifacts, tmp_path, monkeypatch, fault, most, function):
    """The twin is made wrong, which looks the same as a wrong contract."""
    folder = tmp_path / "out"
    with monkeypatch.context() as patch:
        fault(patch)
        command = ["fuzz", "--transactions", "2000", "--seed", "1", "--workers", "1", "--quiet"]
        found = CliRunner().invoke(app, [*command, "--out", str(folder)])
        assert found.exit_code == 1
        assert "contracts and twin differ" in found.stderr
        case = read_case(folder / "case.json")
        assert 0 < len(case.calls) <= most, case.calls
        assert function in [call.function for call in case.calls]
        again = CliRunner().invoke(app, ["fuzz", "--replay", str(folder / "case.json"), "--quiet"])
        assert again.exit_code == 1
        assert f"after {len(case.calls)} calls contracts and twin differ" in again.stderr
    text = (folder / "test_case.py").read_text()
    compile(text, "test_case.py", "exec")
    assert case.finding.splitlines()[0] in text
    sound = CliRunner().invoke(app, ["fuzz", "--replay", str(folder / "case.json"), "--quiet"])
    assert sound.exit_code == 0, sound.output


def test_a_broken_invariant_is_a_difference(artifacts, monkeypatch):
    from voltberg.experiments.fuzz import invariants

    right = invariants.WAD
    monkeypatch.setattr(invariants, "WAD", -right)
    result = Campaign(CampaignSettings(10, workers=1), artifacts).execute()
    assert result.difference.finding.startswith("invariant I29: participant 1")
    assert not result.difference.calls


def test_a_case_survives_its_file(artifacts, tmp_path):
    from voltberg.experiments.fuzz.case import FuzzCase
    from voltberg.reference.market import Call

    calls = (
        Call("credit", "setCreditPolicy", ((1, 2, 3, 4, -5),), "@supervisor", 7),
        Call("book", "release", ([1, 2**255],), "@participants/0", 8),
        Call("book", "sign", (b"\x01\xff", True, "@house"), "@outsiders/3", 9),
    )
    case = FuzzCase(USUAL, calls, {"seed": 1}, "nothing")
    write_case(tmp_path / "case.json", case)
    assert read_case(tmp_path / "case.json") == case


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "holds no case that can be replayed: 'format'"),
        ('{"format": 9}', "has format 9, expected 1"),
        ("nonsense", "holds no case that can be replayed: Expecting value"),
    ],
)
def test_a_file_without_a_case_is_refused(tmp_path: Path, content, message):
    (tmp_path / "case.json").write_text(content)
    with pytest.raises(CaseError, match=message):
        read_case(tmp_path / "case.json")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transactions": 0}, "transactions is 0, expected at least 1"),
        ({"minutes": -1.0}, "minutes is -1.0, expected above 0"),
        ({"engine": "geth"}, "engine is 'geth', expected one of evm, anvil, ganache"),
    ],
)
def test_settings_that_send_nothing_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        CampaignSettings(**changes)


def test_time_limit_ends_a_campaign_early(artifacts):
    settings = CampaignSettings(minutes=1e-9, workers=1, shorten_dearest=False)
    result = Campaign(settings, artifacts).execute()
    assert result.tally.transactions == 0
    assert result.difference is None


def test_a_pair_starts_again_from_the_same_state(artifacts):
    worker = Worker(CampaignSettings(50, workers=1), artifacts)
    try:
        results = [worker.run_episode(0) for _ in range(2)]
        pair = worker.pair(USUAL)
        assert isinstance(pair, Pair)
        assert pair.checkpoint() > 0
    finally:
        worker.close()
    assert results[0] == results[1]
    assert results[0].tally.transactions == 50


@pytest.mark.parametrize("contract", ["IcebergOrderBook", "TradeSettlement", "CreditScoring"])
def test_exchanged_instructions_are_noticed(artifacts, contract):
    """ADD for SUB, LT for GT, at places all over a contract; some of them change nothing that can be seen."""
    shares = [(index + 0.5) / 8 for index in range(8)]
    # Long enough for what is seldom called: settlement needs frames that traded and were delivered.
    settings = CampaignSettings(1_000, workers=1, episode_calls=1_000, shorten_dearest=False)
    noticed = []
    for share in shares:
        worker = Worker(settings, mutant(artifacts, contract, share))
        try:
            noticed.append(worker.run_episode(0).failed_after is not None)
        except DeploymentError:
            noticed.append(True)
        finally:
            worker.close()
    assert sum(noticed) >= len(shares) // 2, noticed


def test_a_wrong_contract_is_told_with_a_short_sequence(artifacts):
    settings = CampaignSettings(2_000, workers=1, shorten_dearest=False)
    for index in range(20):
        changed = mutant(artifacts, "IcebergOrderBook", 1 - (index + 0.5) / 20)
        found = Campaign(settings, changed).execute()
        if found.difference is not None and found.tally.transactions > 20:
            break
    assert found.difference is not None
    assert 0 < len(found.difference.calls) < 15, found.difference
    worker = Worker(settings, artifacts)
    try:
        pair = worker.pair(found.difference.setup)
        calls = found.difference.calls_on(pair.cast, pair.chain.addresses)
        assert pair.replay(calls) is None
    finally:
        worker.close()
