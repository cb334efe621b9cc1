"""What a campaign counts: calls, successes, reasons of failures, and the dearest call of each operation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from voltberg.experiments.fuzz.pair import Step
from voltberg.reference.market import Call

NO_REASON = "(no reason given)"


class Dearest(NamedTuple):
    """The dearest successful call of an operation.

    Attributes
    ----------
    gas : int
        What it used.
    episode : int
        Episode it was found in.
    step : int
        Calls of the episode up to it, itself included.
    """

    gas: int
    episode: int
    step: int

    def before(self, other: Dearest | None) -> bool:
        """Whether it is dearer than another one or, at the same gas, found after fewer calls."""
        return other is None or (self.gas, -self.step, -self.episode) > (
            other.gas,
            -other.step,
            -other.episode,
        )


@dataclass(slots=True)
class Tally:
    """Counts of any number of calls; sums of tallies do not depend on the order of adding.

    Attributes
    ----------
    calls, successes : Counter[str]
        By operation, ``"book.place"``.
    reverts : Counter[tuple[str, str]]
        By operation and name of the error.
    gas : Counter[str]
        Gas of the successful calls by operation.
    dearest : dict[str, Dearest]
        By operation.
    episodes, checkpoints, values : int
        Markets begun anew, comparisons of everything public, values compared by them.
    """

    calls: Counter[str] = field(default_factory=Counter)
    successes: Counter[str] = field(default_factory=Counter)
    reverts: Counter[tuple[str, str]] = field(default_factory=Counter)
    gas: Counter[str] = field(default_factory=Counter)
    dearest: dict[str, Dearest] = field(default_factory=dict)
    episodes: int = 0
    checkpoints: int = 0
    values: int = 0

    def count(self, call: Call, step: Step, episode: int, number: int) -> None:
        """Count one call.

        Parameters
        ----------
        call : Call
            The transaction.
        step : Step
            What it did.
        episode : int
            Its episode.
        number : int
            Its number in the episode, from 1.
        """
        operation = f"{call.contract}.{call.function}"
        self.calls[operation] += 1
        if not step.outcome.status:
            reason = str(step.outcome.error).split(":")[0] or NO_REASON
            self.reverts[operation, reason] += 1
            return
        self.successes[operation] += 1
        self.gas[operation] += step.receipt.gas_used
        found = Dearest(step.receipt.gas_used, episode, number)
        if found.before(self.dearest.get(operation)):
            self.dearest[operation] = found

    def add(self, other: Tally) -> None:
        """Add another tally to this one.

        Parameters
        ----------
        other : Tally
            Of other episodes.
        """
        self.calls.update(other.calls)
        self.successes.update(other.successes)
        self.reverts.update(other.reverts)
        self.gas.update(other.gas)
        for operation, found in other.dearest.items():
            if found.before(self.dearest.get(operation)):
                self.dearest[operation] = found
        self.episodes += other.episodes
        self.checkpoints += other.checkpoints
        self.values += other.values

    @property
    def transactions(self) -> int:
        """Calls altogether."""
        return self.calls.total()

    @property
    def succeeded(self) -> int:
        """Successful calls altogether."""
        return self.successes.total()
