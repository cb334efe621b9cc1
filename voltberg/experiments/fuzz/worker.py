"""One process of a campaign: markets on an engine of its own, episodes run on them, findings made shorter."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple

from voltberg.chain.artifacts import Artifacts
from voltberg.chain.engine import Engine, open_engine
from voltberg.experiments.fuzz.actions import Actions
from voltberg.experiments.fuzz.case import FuzzCase, case_of, names_of
from voltberg.experiments.fuzz.pair import ACCOUNTS, Difference, FuzzSetup, Pair
from voltberg.experiments.fuzz.setups import ROTA
from voltberg.experiments.fuzz.shrink import shortest_prefix, shrink
from voltberg.experiments.fuzz.tally import Dearest, Tally
from voltberg.reference.market import Call

DIFFERENCE_BUDGET: Final = 200_000
"""Calls that may be replayed to make a difference's sequence shorter."""
DEAREST_BUDGET: Final = 50_000
"""The same for the sequence that leads to a dearest call: there are dozens of those."""


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """What a campaign does; with the same seed it does the same, however many processes share the work.

    Attributes
    ----------
    transactions : int
        How many to send.
    seed : int
        Decides every call.
    minutes : float or None
        Begin no episode after this time [min]; None: no limit.
    engine : str
        A local engine: ``evm``, ``anvil`` or ``ganache``.
    workers : int
        Processes; 1: this one.
    episode_calls : int
        Calls after which a market begins anew.
    checkpoint_every : int
        Calls after which everything public is compared; it is at the end of an episode, too.
    shorten_dearest : bool
        Whether to look for a short sequence to each dearest call.
    """

    transactions: int = 1_000_000
    seed: int = 1
    minutes: float | None = 15.0
    engine: str = "evm"
    workers: int = 2
    episode_calls: int = 2_000
    checkpoint_every: int = 1_000
    shorten_dearest: bool = True

    def __post_init__(self) -> None:
        for name in ("transactions", "workers", "episode_calls", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
        if self.minutes is not None and self.minutes <= 0:
            raise ValueError(f"minutes is {self.minutes}, expected above 0")
        if self.engine not in (known := ("evm", "anvil", "ganache")):
            raise ValueError(f"engine is {self.engine!r}, expected one of {', '.join(known)}")

    @property
    def episodes(self) -> int:
        """How many episodes there are; the last one may be shorter."""
        return -(-self.transactions // self.episode_calls)

    def calls_of(self, episode: int) -> int:
        """Count the calls of an episode.

        Parameters
        ----------
        episode : int
            Its number, from 0.

        Returns
        -------
        int
            Calls.
        """
        return min(self.episode_calls, self.transactions - episode * self.episode_calls)


class EpisodeResult(NamedTuple):
    """What an episode gave.

    Attributes
    ----------
    tally : Tally
        Counts, up to a difference if there was one.
    failed_after : int or None
        Calls after which contracts and twin differed.
    """

    tally: Tally
    failed_after: int | None


class Worker:
    """Runs episodes.

    Parameters
    ----------
    settings : CampaignSettings
        The campaign.
    artifacts : Artifacts
        The contracts.
    """

    def __init__(self, settings: CampaignSettings, artifacts: Artifacts) -> None:
        self.settings = settings
        self._artifacts = artifacts
        self._engines: list[Engine] = []
        self._pairs: dict[str, Pair] = {}

    def close(self) -> None:
        """Stop the engines."""
        for engine in self._engines:
            engine.close()

    def pair(self, setup: FuzzSetup) -> Pair:
        """Give the market of a set-up, deployed at its first use.

        Parameters
        ----------
        setup : FuzzSetup
            How it begins.

        Returns
        -------
        Pair
            In whatever state it was left.
        """
        key = repr(setup)
        if key not in self._pairs:
            engine = open_engine(self.settings.engine, account_count=ACCOUNTS)
            self._engines.append(engine)
            self._pairs[key] = Pair(engine, self._artifacts, setup)
        return self._pairs[key]

    def run_episode(self, episode: int) -> EpisodeResult:
        """Run one episode from its market's beginning.

        Parameters
        ----------
        episode : int
            Its number: with the seed it decides everything.

        Returns
        -------
        EpisodeResult
            Counts, and where it failed.
        """
        tally, every = Tally(episodes=1), self.settings.checkpoint_every
        count = self.settings.calls_of(episode)
        number = 0
        try:
            pair, actions = self._begin(episode)
            for number in range(1, count + 1):
                call = actions.next_call()
                tally.count(call, pair.step(call), episode, number)
                if number % every == 0 or number == count:
                    tally.values += pair.checkpoint()
                    tally.checkpoints += 1
        except Difference:
            return EpisodeResult(tally, number)
        return EpisodeResult(tally, None)

    def _begin(self, episode: int) -> tuple[Pair, Actions]:
        setup = ROTA[episode % len(ROTA)]
        pair = self.pair(setup)
        pair.restart()
        draw = Random(f"{self.settings.seed}/{episode}")
        actions = Actions(pair.twin, pair.cast, draw, jump_of_100=6, scale=setup.scale)
        actions.now = pair.engine.timestamp + 1
        return pair, actions

    def _drawn(self, episode: int, count: int) -> tuple[Pair, list[Call], list[Call]]:
        """Draw the calls of an episode again; give all of them, and those that succeeded or came last."""
        pair, actions = self._begin(episode)
        calls, useful = [], []
        for number in range(1, count + 1):
            call = actions.next_call()
            calls.append(call)
            if number == count:
                useful.append(call)
                break
            if pair.twin.apply(call).status:
                useful.append(call)
        return pair, calls, useful

    def shorten_difference(self, episode: int, count: int) -> FuzzCase:
        """Find a short sequence on which contracts and twin differ, as they did in an episode.

        Any difference counts: the checkpoint behind a shorter sequence often sees a fault itself, where the
        episode stumbled over one of its consequences.

        Parameters
        ----------
        episode : int
            The episode that failed.
        count : int
            Calls after which it failed; 0: while its market was set up.

        Returns
        -------
        FuzzCase
            Shows a difference; its origin tells the episode's.

        Raises
        ------
        RuntimeError
            If the episode does not fail again.
        """
        if count == 0:
            return self._failing_setup(episode)
        pair, calls, useful = self._drawn(episode, count)
        first = pair.replay(calls)
        if first is None:
            raise RuntimeError(f"episode {episode} differed after {count} calls and does not do so again")

        def shows(tried: list[Call]) -> bool:
            return pair.replay(tried) is not None

        kept = useful if shows(useful) else calls
        kept = shrink(shortest_prefix(kept, shows), shows, DIFFERENCE_BUDGET)
        return self._case(pair, kept, episode, count, str(pair.replay(kept)), first.what)

    def _failing_setup(self, episode: int) -> FuzzCase:
        setup = ROTA[episode % len(ROTA)]
        origin = {"seed": self.settings.seed, "episode": episode, "step": 0}
        try:
            self.pair(setup)
        except Difference as found:
            return FuzzCase(setup, (), origin, str(found))
        raise RuntimeError(f"the set-up of episode {episode} differed and does not do so again")

    def shorten_dearest(self, operation: str, dearest: Dearest) -> tuple[str, FuzzCase]:
        """Find a short sequence to a call that is as dear.

        Parameters
        ----------
        operation : str
            Such as ``"book.place"``.
        dearest : Dearest
            Where the call was found.

        Returns
        -------
        tuple[str, FuzzCase]
            The operation and the sequence, whose last call uses as much gas, or more.
        """
        pair, calls, useful = self._drawn(dearest.episode, dearest.step)
        last = calls[-1]

        def shows(tried: list[Call]) -> bool:
            gas = pair.gas_of_last([*tried, last])
            return gas is not None and gas >= dearest.gas

        before = useful[:-1] if shows(useful[:-1]) else calls[:-1]
        kept = [*shrink(before, shows, DEAREST_BUDGET), last]
        finding = f"{operation} uses {pair.gas_of_last(kept):,} gas"
        return operation, self._case(pair, kept, dearest.episode, dearest.step, finding)

    def _case(
        self, pair: Pair, calls: list[Call], episode: int, step: int, finding: str, seen: str | None = None
    ) -> FuzzCase:
        names = names_of(pair.cast, pair.chain.addresses)
        for address, name in names.items():
            finding = finding.replace(address, name)
        origin: dict[str, Any] = {"seed": self.settings.seed, "episode": episode, "step": step}
        if seen is not None:
            origin["seen_first"] = seen
        return case_of(pair.setup, calls, names, origin, finding)
