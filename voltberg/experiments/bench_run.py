"""How much of each engine's own speed a whole replay reaches.

Every replay of the same planned day stands between two bare loops that send the same signed bytes from the
same snapshot (`voltberg.chain.benchmark`), and is compared with their mean: Ganache gets faster while it
warms up and slower with every run after that, by more than what is to be measured. Engines take turns, so
that a machine that is slow for a while is slow for all of them.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from voltberg.chain.artifacts import Artifacts
from voltberg.experiments.bench_engine import EngineBench
from voltberg.experiments.replay_run import read_inputs, versions
from voltberg.experiments.run_folder import RUN_NAME, SUMMARY_NAME, write_json
from voltberg.simulation.settings import ReplaySettings

BENCH_ENGINES: Final = ("ganache", "anvil", "evm")
BATCH_SIZES: Final = (10, 250)
"""Transactions in one request that the bare loop tries first, warming the node up; it keeps the best."""
ROUNDS: Final = {"ganache": 1, "anvil": 2, "evm": 4}
"""Replays of an engine in its turn: a fast one is measured more often, or a moment's disturbance of
the machine would be all that its turn shows."""
SAMPLES_NAME: Final = "samples.csv"
TARGETS_PCT: Final = {"ganache": 80.0, "anvil": 50.0}
"""Least share of its limit that a replay shall reach on an engine [%]."""
TARGET_EVM_OVER_GANACHE: Final = 25.0
"""Least ratio of the in-process engine's replay rate to Ganache's."""

Summary = dict[str, int | float | str]
Report = Callable[[str, int, int], None]
"""Told the phase, what is done of it and the whole."""


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What is measured.

    Parameters
    ----------
    replay : ReplaySettings
        The day, its households and the seed.
    engines : tuple of str
        Which of `BENCH_ENGINES`.
    repetitions : int
        How many turns each engine has; a turn is ``ROUNDS`` replays between loops.
    batch_sizes : tuple of int
        Batch sizes that the bare loop tries.

    Raises
    ------
    ValueError
        If an engine is unknown or named twice, or a number is not positive.
    """

    replay: ReplaySettings
    engines: tuple[str, ...] = BENCH_ENGINES
    repetitions: int = 3
    batch_sizes: tuple[int, ...] = BATCH_SIZES

    def __post_init__(self) -> None:
        """Check."""
        wrong = [name for name in self.engines if name not in BENCH_ENGINES]
        if wrong or not self.engines or len(set(self.engines)) != len(self.engines):
            raise ValueError(
                f"engines {', '.join(self.engines) or 'none'}: expected some of {', '.join(BENCH_ENGINES)}, "
                "each once"
            )
        if self.repetitions < 1:
            raise ValueError(f"{self.repetitions} repetitions: expected at least 1")
        if not self.batch_sizes or min(self.batch_sizes) < 1:
            raise ValueError(f"batch sizes {self.batch_sizes}: expected one or more, each at least 1")


@dataclass(frozen=True, slots=True)
class BenchSample:
    """One timing.

    Parameters
    ----------
    engine : str
        Engine.
    turn : int
        Turn of its engine, counted from 1; 0 for the loops that choose the batch size.
    kind : str
        ``replay``: plan by the twin, encode, sign, submit, receipts, decode, journal. ``limit``: bare loop.
    batch_size : int
        Transactions in one request of the bare loop; 0 where there are none.
    transactions : int
        How many were sent.
    seconds : float
        Wall time [s].
    """

    engine: str
    turn: int
    kind: str
    batch_size: int
    transactions: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Rate [1/s]."""
        return self.transactions / self.seconds


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What a benchmark leaves.

    Parameters
    ----------
    folder : Path
        Output folder.
    summary : dict
        The figures by name.
    samples : tuple of BenchSample
        Every timing.
    """

    folder: Path
    summary: Summary
    samples: tuple[BenchSample, ...]


class BenchRun:
    """A benchmark, in one folder.

    Parameters
    ----------
    settings : BenchSettings
        What is measured.
    artifacts : Artifacts
        The compiled contracts.
    folder : Path
        Output folder.
    report : callable or None
        Told how far the benchmark is.
    """

    def __init__(
        self, settings: BenchSettings, artifacts: Artifacts, folder: Path, report: Report | None = None
    ) -> None:
        self.settings = settings
        self.artifacts = artifacts
        self.folder = folder
        self._report = report or _say_nothing
        self._samples: list[BenchSample] = []

    def execute(self) -> BenchResult:
        """Measure.

        Returns
        -------
        BenchResult
            The results, also written to the folder.

        Raises
        ------
        BenchError
            If two measurements that must do the same work did not.
        EngineError
            If an engine cannot start or gives up.
        """
        started = time.perf_counter()
        replay = self.settings.replay
        day = read_inputs(replay.inputs, replay.seed, replay.market.settlement.frame_seconds)
        with ExitStack() as stack:
            benches = []
            for number, name in enumerate(self.settings.engines):
                self._report(f"deploying on {name}", number, len(self.settings.engines))
                benches.append(stack.enter_context(EngineBench(name, day, replay, self.artifacts)))
            sizes = {bench.name: self._choose_batch_size(bench) for bench in benches}
            for turn in range(1, self.settings.repetitions + 1):
                for bench in benches:
                    self._take_turn(bench, turn, sizes[bench.name])
        summary = summarise(self.settings, self._samples)
        summary["households"] = len(day.household_ids)
        summary["seconds"] = round(time.perf_counter() - started, 1)
        self._write(summary)
        return BenchResult(self.folder, summary, tuple(self._samples))

    def _choose_batch_size(self, bench: EngineBench) -> int:
        if bench.name == "evm":
            return 0
        for size in self.settings.batch_sizes:
            self._time_limit(bench, 0, size)
        return min(_of(self._samples, bench.name, "limit"), key=lambda sample: sample.seconds).batch_size

    def _take_turn(self, bench: EngineBench, turn: int, batch_size: int) -> None:
        self._time_limit(bench, turn, batch_size)
        for _ in range(ROUNDS[bench.name]):
            self._say(f"{bench.name}: whole replay")
            self._add(bench, turn, "replay", 0, bench.replay_seconds())
            self._time_limit(bench, turn, batch_size)

    def _time_limit(self, bench: EngineBench, turn: int, batch_size: int) -> None:
        self._say(f"{bench.name}: bare loop")
        self._add(bench, turn, "limit", batch_size, bench.limit_seconds(max(1, batch_size)))

    def _add(self, bench: EngineBench, turn: int, kind: str, batch_size: int, seconds: float) -> None:
        count = sum(len(transactions) for transactions, _ in bench.submissions)
        self._samples.append(BenchSample(bench.name, turn, kind, batch_size, count, seconds))

    def _say(self, what: str) -> None:
        whole = sum(
            (2 * ROUNDS[name] + 1) * self.settings.repetitions
            + (len(self.settings.batch_sizes) if name != "evm" else 0)
            for name in self.settings.engines
        )
        self._report(f"measuring, {what}", len(self._samples), whole)

    def _write(self, summary: Summary) -> None:
        content = {
            "command": "bench",
            "engines": list(self.settings.engines),
            "repetitions": self.settings.repetitions,
            "batch_sizes": list(self.settings.batch_sizes),
            "settings": self.settings.replay.model_dump(mode="json"),
            "versions": versions(),
            "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        }
        write_json(self.folder / RUN_NAME, content)
        rows = [{**asdict(sample), "per_second": sample.per_second} for sample in self._samples]
        pd.DataFrame(rows).to_csv(self.folder / SAMPLES_NAME, index=False)
        write_json(self.folder / SUMMARY_NAME, summary)


def summarise(settings: BenchSettings, samples: Sequence[BenchSample]) -> Summary:
    """Make the figures: medians over the replays, of their rates and of their shares of the limit.

    Parameters
    ----------
    settings : BenchSettings
        What was measured.
    samples : sequence of BenchSample
        Every timing in the order in which it was taken; within a turn, replays stand between loops.

    Returns
    -------
    dict
        Figures by name.
    """
    summary: Summary = {
        "engines": ",".join(settings.engines),
        "seed": settings.replay.seed,
        "repetitions": settings.repetitions,
        "transactions": samples[0].transactions,
    }
    for name in settings.engines:
        pairs = _replays_and_limits(samples, name)
        shares = [100 * replay / limit for replay, limit in pairs]
        summary |= {
            f"replay_tx_per_second_{name}": statistics.median(replay for replay, _ in pairs),
            f"limit_tx_per_second_{name}": statistics.median(limit for _, limit in pairs),
            f"share_of_limit_{name}_pct": statistics.median(shares),
            f"share_of_limit_{name}_lowest_pct": min(shares),
            f"share_of_limit_{name}_highest_pct": max(shares),
            f"limit_batch_size_{name}": _of(samples, name, "limit")[-1].batch_size,
        }
    if {"evm", "ganache"} <= set(settings.engines):
        rates = [float(summary[f"replay_tx_per_second_{name}"]) for name in ("evm", "ganache")]
        summary["evm_over_ganache"] = rates[0] / rates[1]
    return summary


def _replays_and_limits(samples: Sequence[BenchSample], engine: str) -> list[tuple[float, float]]:
    """Give the rate of each replay and of the two loops around it together [1/s]."""
    pairs = []
    for turn in range(1, 1 + max(sample.turn for sample in samples)):
        loops, replays = (
            [sample for sample in _of(samples, engine, kind) if sample.turn == turn]
            for kind in ("limit", "replay")
        )
        for replay, before, after in zip(replays, loops, loops[1:], strict=False):
            limit = (before.transactions + after.transactions) / (before.seconds + after.seconds)
            pairs.append((replay.per_second, limit))
    return pairs


def _of(samples: Sequence[BenchSample], engine: str, kind: str) -> list[BenchSample]:
    return [sample for sample in samples if (sample.engine, sample.kind) == (engine, kind)]


def _say_nothing(phase: str, done: int, whole: int) -> None:
    """Report to nobody."""
