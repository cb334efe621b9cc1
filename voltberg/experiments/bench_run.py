"""How much of each engine's own speed a whole replay reaches.

Every repetition of every engine replays the same planned day from the same snapshot, then sends the same
signed bytes from that snapshot in a bare loop (`voltberg.chain.benchmark`). Repetitions go round the engines,
so that a machine that slows down slows all of them, and the order of replay and loop changes from one to the
next.
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
BATCH_SIZES: Final = (10, 50, 250)
"""Transactions in one request that the bare loop tries in the first repetition; it keeps the best."""
ROUNDS: Final = {"ganache": 1, "anvil": 2, "evm": 4}
"""Replays and loops of an engine in its turn: a fast one is measured more often, or a moment's disturbance of
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
        How many turns each engine has; a turn is ``ROUNDS`` replays and loops.
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
    repetition : int
        Which replay or loop of its engine, counted from 1.
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
    repetition: int
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
        self._done = 0

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
            for turn in range(self.settings.repetitions):
                for bench in benches:
                    rounds = ROUNDS[bench.name]
                    for repetition in range(turn * rounds + 1, (turn + 1) * rounds + 1):
                        self._measure(bench, repetition)
        summary = summarise(self.settings, self._samples)
        summary["households"] = len(day.household_ids)
        summary["seconds"] = round(time.perf_counter() - started, 1)
        self._write(summary)
        return BenchResult(self.folder, summary, tuple(self._samples))

    def _measure(self, bench: EngineBench, repetition: int) -> None:
        """Time a replay and the loop: all batch sizes in the first repetition, then the best of them."""
        sizes: Sequence[int] = (0,)
        if bench.name != "evm":
            sizes = self.settings.batch_sizes if repetition == 1 else (self._best_batch_size(bench.name),)
        if repetition % 2:
            self._time_replay(bench, repetition)
        for size in sizes:
            self._time_limit(bench, repetition, size)
        if not repetition % 2:
            self._time_replay(bench, repetition)

    def _time_replay(self, bench: EngineBench, repetition: int) -> None:
        self._say(f"{bench.name}: whole replay")
        self._add(bench, repetition, "replay", 0, bench.replay_seconds())

    def _time_limit(self, bench: EngineBench, repetition: int, batch_size: int) -> None:
        self._say(f"{bench.name}: bare loop")
        self._add(bench, repetition, "limit", batch_size, bench.limit_seconds(max(1, batch_size)))

    def _add(self, bench: EngineBench, repetition: int, kind: str, batch_size: int, seconds: float) -> None:
        count = sum(len(transactions) for transactions, _ in bench.submissions)
        self._samples.append(BenchSample(bench.name, repetition, kind, batch_size, count, seconds))
        self._done += 1

    def _best_batch_size(self, engine: str) -> int:
        return min(_of(self._samples, engine, "limit"), key=lambda sample: sample.seconds).batch_size

    def _say(self, what: str) -> None:
        extra = len(self.settings.batch_sizes) - 1
        whole = sum(
            2 * ROUNDS[name] * self.settings.repetitions + (extra if name != "evm" else 0)
            for name in self.settings.engines
        )
        self._report(f"measuring, {what}", self._done, whole)

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
    """Make the figures: medians over the repetitions, of the rates and of the ratios within each.

    Replay and loop of one repetition follow each other, so a machine that is slow for a while is slow for
    both: the median of their ratios says more than the ratio of two medians. Only ``evm_over_ganache``
    compares medians: replays on two engines have no common moment.

    Parameters
    ----------
    settings : BenchSettings
        What was measured.
    samples : sequence of BenchSample
        Every timing. Of several batch sizes in one repetition the fastest counts.

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
        replays = [sample.per_second for sample in _of(samples, name, "replay")]
        limits = _best_of_each_repetition(samples, name)
        shares = [100 * r / best.per_second for r, best in zip(replays, limits, strict=True)]
        summary |= {
            f"replay_tx_per_second_{name}": statistics.median(replays),
            f"limit_tx_per_second_{name}": statistics.median(best.per_second for best in limits),
            f"share_of_limit_{name}_pct": statistics.median(shares),
            f"share_of_limit_{name}_lowest_pct": min(shares),
            f"share_of_limit_{name}_highest_pct": max(shares),
            f"limit_batch_size_{name}": limits[-1].batch_size,
        }
    if {"evm", "ganache"} <= set(settings.engines):
        rates = [float(summary[f"replay_tx_per_second_{name}"]) for name in ("evm", "ganache")]
        summary["evm_over_ganache"] = rates[0] / rates[1]
    return summary


def _best_of_each_repetition(samples: Sequence[BenchSample], engine: str) -> list[BenchSample]:
    best: dict[int, BenchSample] = {}
    for sample in _of(samples, engine, "limit"):
        known = best.get(sample.repetition)
        if known is None or sample.seconds < known.seconds:
            best[sample.repetition] = sample
    return [best[repetition] for repetition in sorted(best)]


def _of(samples: Sequence[BenchSample], engine: str, kind: str) -> list[BenchSample]:
    return [sample for sample in samples if (sample.engine, sample.kind) == (engine, kind)]


def _say_nothing(phase: str, done: int, whole: int) -> None:
    """Report to nobody."""
