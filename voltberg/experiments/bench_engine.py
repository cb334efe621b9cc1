"""One engine's part of a benchmark: the same planned day, replayed whole and sent in a bare loop."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from voltberg.chain.artifacts import Artifacts
from voltberg.chain.benchmark import Submission, run_bare
from voltberg.chain.engine import open_engine
from voltberg.chain.ledger import ChainLedger
from voltberg.experiments.replay_run import ROLE_ACCOUNTS, cast_of, deploy_on, twin_of
from voltberg.profiles import DayProfile
from voltberg.simulation.day import DayReplay
from voltberg.simulation.journal import Journal
from voltberg.simulation.ledger import Step
from voltberg.simulation.replay import run_replay
from voltberg.simulation.settings import ReplaySettings


class BenchError(RuntimeError):
    """Two measurements that must do the same work did not, so that their ratio means nothing."""


class EngineBench:
    """One engine with the market deployed, and the planned day as its transactions.

    Parameters
    ----------
    name : str
        Engine.
    day : DayProfile
        The day.
    settings : ReplaySettings
        Everything else that decides the plan.
    artifacts : Artifacts
        The compiled contracts.

    Raises
    ------
    EngineError
        If the engine does not start.
    """

    def __init__(self, name: str, day: DayProfile, settings: ReplaySettings, artifacts: Artifacts) -> None:
        self.name = name
        self._day = day
        self._settings = settings
        sites = len({session.station for session in day.sessions})
        self.engine = open_engine(name, account_count=ROLE_ACCOUNTS + sites + len(day.household_ids))
        try:
            self._deployment = deploy_on(self.engine, artifacts, settings)
            self._cast = cast_of(self.engine, sites)
            self.submissions = self._plan()
        except BaseException:
            self.engine.close()
            raise
        self.statuses: tuple[int, ...] | None = None
        """Status of each transaction, once the day has been replayed."""

    def _replay(self) -> DayReplay:
        twin = twin_of(self._settings, self._deployment, self._cast)
        return DayReplay(self._day, self._settings, twin, self._cast)

    def _plan(self) -> list[Submission]:
        market = self._deployment.market
        return [
            (
                [
                    market.transaction(
                        call.sender, call.contract, call.function, *call.args, gas_limit=call.gas_limit
                    )
                    for call in block.calls
                ],
                block.timestamp,
            )
            for block in self._replay().blocks()
        ]

    def replay_seconds(self) -> float:
        """Time the whole replay, and go back to where the engine was.

        Returns
        -------
        float
            Wall time from the first call's planning to the last block's line in the journal [s].

        Raises
        ------
        BenchError
            If a transaction does something else than the twin predicts.
        """
        before = self.engine.snapshot()
        replay, ledger = self._replay(), ChainLedger(self.engine, self._deployment.market)
        with tempfile.TemporaryDirectory(prefix="voltberg-bench-") as folder:
            journal = Journal(Path(folder))
            gc.collect()
            started = time.perf_counter()
            steps = run_replay(replay, ledger, journal)
            seconds = time.perf_counter() - started
        self.engine.revert(before)
        self._check(steps)
        self.statuses = tuple(0 if step.execution.error else 1 for step in steps)
        return seconds

    def _check(self, steps: Sequence[Step]) -> None:
        unexplained = [step for step in steps if not step.explained]
        if unexplained:
            raise BenchError(
                f"{len(unexplained)} transactions on {self.name} did something else than the twin predicts, "
                f"first {unexplained[0].planned.operation} in frame {unexplained[0].planned.frame}"
            )

    def limit_seconds(self, batch_size: int) -> float:
        """Time the bare loop, and go back to where the engine was.

        Parameters
        ----------
        batch_size : int
            Most transactions in one request.

        Returns
        -------
        float
            Wall time [s].

        Raises
        ------
        BenchError
            If a transaction ends otherwise than in the replay.
        """
        gc.collect()
        bare = run_bare(self.engine, self.submissions, batch_size)
        if self.statuses is not None and bare.statuses != self.statuses:
            raise BenchError(f"a bare loop on {self.name} ends otherwise than the replay of the same day")
        return bare.seconds

    def close(self) -> None:
        """Stop the engine. Idempotent."""
        self.engine.close()

    def __enter__(self) -> Self:
        """Return the engine's bench itself."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the engine."""
        self.close()
