"""A long campaign: episodes over several processes, findings saved so that anyone can replay them."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from voltberg.chain.artifacts import Artifacts
from voltberg.experiments.fuzz.case import FuzzCase, write_case
from voltberg.experiments.fuzz.tally import Dearest, Tally
from voltberg.experiments.fuzz.worker import CampaignSettings, EpisodeResult, Worker
from voltberg.experiments.run_folder import RUN_NAME, SUMMARY_NAME, write_json

CASE_NAME: Final = "case.json"
TEST_NAME: Final = "test_case.py"
DEAREST_FOLDER: Final = "dearest"
_TASKS_AHEAD: Final = 3
_TEST: Final = '''"""Found by `voltberg fuzz`: {finding}

Fails for as long as contracts and twin disagree. From the project's folder:
brownie test {path} --network ganache
"""

from pathlib import Path

from tests.brownie.brownie_pair import BrownieMarket

from voltberg.experiments.fuzz.case import read_case


def test_contracts_do_what_the_twin_predicts():
    case = read_case(Path(__file__).with_name("{case}"))
    market = BrownieMarket(case.setup)
    for call in case.calls_on(market.cast, market.addresses):
        market.step(call)
    market.checkpoint()
'''

Item = TypeVar("Item")
Result = TypeVar("Result")
Report = Callable[[str, int, int], None]


@dataclass(slots=True)
class CampaignResult:
    """What a campaign gave.

    Attributes
    ----------
    settings : CampaignSettings
        What was asked for.
    tally : Tally
        Counts over all episodes.
    seconds : float
        Wall time of the episodes [s].
    difference : FuzzCase or None
        Short sequence that shows a difference, if one was found.
    dearest : dict[str, FuzzCase]
        Short sequence to the dearest call by operation.
    """

    settings: CampaignSettings
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    difference: FuzzCase | None = None
    dearest: dict[str, FuzzCase] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Tell the figures, as `summary.json` has them.

        Returns
        -------
        dict
            Totals, and calls, successes, gas and reasons by operation.
        """
        tally = self.tally
        operations = {
            operation: {
                "calls": count,
                "successes": tally.successes[operation],
                "mean_gas": round(tally.gas[operation] / max(1, tally.successes[operation])),
                "dearest_gas": tally.dearest[operation].gas if operation in tally.dearest else None,
                "dearest_calls": len(self.dearest[operation].calls) if operation in self.dearest else None,
                "reverts": {
                    reason: number
                    for (name, reason), number in tally.reverts.most_common()
                    if name == operation
                },
            }
            for operation, count in tally.calls.most_common()
        }
        return {
            "seed": self.settings.seed,
            "engine": self.settings.engine,
            "workers": self.settings.workers,
            "transactions": tally.transactions,
            "successes": tally.succeeded,
            "success_pct": round(100 * tally.succeeded / max(1, tally.transactions), 2),
            "episodes": tally.episodes,
            "checkpoints": tally.checkpoints,
            "values_compared": tally.values,
            "seconds": round(self.seconds, 1),
            "transactions_per_second": round(tally.transactions / max(1e-9, self.seconds), 1),
            "difference": self.difference.finding if self.difference else None,
            "operations": operations,
        }


class Campaign:
    """Runs the episodes that the settings ask for and writes what it finds.

    Parameters
    ----------
    settings : CampaignSettings
        What to do.
    artifacts : Artifacts
        The contracts.
    folder : Path or None
        Where to write; None writes nothing.
    report : callable, optional
        Is told a phase, how much is done, and how much there is.
    """

    def __init__(
        self,
        settings: CampaignSettings,
        artifacts: Artifacts,
        folder: Path | None = None,
        report: Report = lambda _phase, _done, _whole: None,
    ) -> None:
        self.settings = settings
        self._artifacts = artifacts
        self._folder = folder
        self._report = report
        self._own: Worker | None = None
        self._pool: ProcessPoolExecutor | None = None

    def execute(self) -> CampaignResult:
        """Run until all transactions are sent, time is up, or contracts and twin differ.

        Returns
        -------
        CampaignResult
            Counts and findings, all of them saved.
        """
        settings = self.settings
        if settings.workers > 1:
            self._pool = ProcessPoolExecutor(
                settings.workers,
                multiprocessing.get_context("spawn"),
                _start_worker,
                (settings, self._artifacts),
            )
        try:
            result = self._run()
        finally:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
            if self._own is not None:
                self._own.close()
        if self._folder is not None:
            save(result, self._folder)
        return result

    def _run(self) -> CampaignResult:
        settings, result = self.settings, CampaignResult(self.settings)
        started = time.perf_counter()
        failed: tuple[int, int] | None = None
        self._report("transactions", 0, settings.transactions)
        for episode, outcome in enumerate(self._map(_run_episode, self._episodes(started))):
            result.tally.add(outcome.tally)
            self._report("transactions", result.tally.transactions, settings.transactions)
            if outcome.failed_after is not None:
                failed = episode, outcome.failed_after
                break
        result.seconds = time.perf_counter() - started
        if failed is not None:
            self._report("making the failing sequence shorter", 0, 1)
            result.difference = self._worker().shorten_difference(*failed)
        elif settings.shorten_dearest:
            wanted = sorted(result.tally.dearest.items())
            for done, (operation, case) in enumerate(self._map(_shorten_dearest, wanted), 1):
                result.dearest[operation] = case
                self._report("making the dearest calls' sequences shorter", done, len(wanted))
        return result

    def _episodes(self, started: float) -> Iterator[int]:
        minutes = self.settings.minutes
        for episode in range(self.settings.episodes):
            if minutes is not None and time.perf_counter() - started > minutes * 60:
                return
            yield episode

    def _worker(self) -> Worker:
        if self._own is None:
            self._own = Worker(self.settings, self._artifacts)
        return self._own

    def _map(self, task: Callable[[Worker, Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Do a task for every item; results come in the order of the items."""
        if self._pool is None:
            for item in items:
                yield task(self._worker(), item)
            return
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(self._pool.submit(_on_worker, task, item))
            if len(waiting) >= self.settings.workers * _TASKS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_worker_of_process: Worker | None = None


def _start_worker(settings: CampaignSettings, artifacts: Artifacts) -> None:
    global _worker_of_process  # a process of the pool has one worker, and no other way to keep it
    _worker_of_process = Worker(settings, artifacts)


def _on_worker(task: Callable[[Worker, Item], Result], item: Item) -> Result:
    if _worker_of_process is None:
        raise RuntimeError("this process is no worker of a campaign")
    return task(_worker_of_process, item)


def _run_episode(worker: Worker, episode: int) -> EpisodeResult:
    return worker.run_episode(episode)


def _shorten_dearest(worker: Worker, found: tuple[str, Dearest]) -> tuple[str, FuzzCase]:
    return worker.shorten_dearest(*found)


def save(result: CampaignResult, folder: Path) -> None:
    """Write settings, summary and every finding; a difference also as a Brownie test.

    Parameters
    ----------
    result : CampaignResult
        What to write.
    folder : Path
        Where to.
    """
    settings = result.settings
    write_json(folder / RUN_NAME, {name: getattr(settings, name) for name in settings.__slots__})
    for operation, case in result.dearest.items():
        write_case(folder / DEAREST_FOLDER / f"{operation}.json", case)
    if result.difference is not None:
        write_case(folder / CASE_NAME, result.difference)
        finding = result.difference.finding.splitlines()[0].replace("\\", "/").replace('"""', "'''")
        text = _TEST.format(finding=finding, path=folder / TEST_NAME, case=CASE_NAME)
        (folder / TEST_NAME).write_text(text, encoding="utf-8")
    write_json(folder / SUMMARY_NAME, result.summary())
