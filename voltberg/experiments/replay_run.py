"""One replay from settings to results: deploy, run, compare with the twin, write."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any, Final

import voltberg
from voltberg.chain.artifacts import Artifacts
from voltberg.chain.deploy import Deployment, RoleAccounts, deploy_market
from voltberg.chain.engine import Engine, open_engine
from voltberg.chain.ledger import ChainLedger
from voltberg.chain.market import checked_address
from voltberg.experiments.run_folder import RUN_NAME, SUMMARY_NAME, read_run, write_json
from voltberg.profiles import DayConfig, DayProfile, load_day, sample_day
from voltberg.profiles.sample import SAMPLE_HOUSEHOLDS
from voltberg.reference.market import ReferenceMarket
from voltberg.simulation.day import DayReplay
from voltberg.simulation.journal import Journal
from voltberg.simulation.ledger import Step
from voltberg.simulation.plan import Cast
from voltberg.simulation.prices import day_prices
from voltberg.simulation.replay import differences, public_views, run_replay
from voltberg.simulation.settings import InputSettings, ReplaySettings
from voltberg.simulation.strategy import load_strategy
from voltberg.simulation.summary import Summary, summarise
from voltberg.simulation.tables import ReplayTables, make_tables

PACKAGES: Final = ("web3", "eth-account", "eth-brownie", "py-solc-x", "pandas", "numpy", "pyarrow", "pyrevm")
ROLE_ACCOUNTS: Final = 7
"""Supervisor, grid, retailer, platform, storage operator, operator, meter."""

LOCAL_ENGINES: Final = ("ganache", "anvil", "evm")
"""Engines whose clock a replay can set."""
CHAIN_FOLDER: Final = "chain"
"""Where Ganache keeps the chain of a run that has not ended."""

Report = Callable[[str, int, int], None]
"""Told the phase, what is done of it and the whole."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay leaves.

    Parameters
    ----------
    folder : Path
        Output folder.
    summary : Summary
        The figures.
    tables : ReplayTables
        The tables.
    differences : tuple of str
        Public values in which ledger and twin differ, a sentence each.
    """

    folder: Path
    summary: Summary
    tables: ReplayTables
    differences: tuple[str, ...]


def read_inputs(inputs: InputSettings, seed: int, frame_seconds: int) -> DayProfile:
    """Read the day that the settings name.

    Parameters
    ----------
    inputs : InputSettings
        The shipped sample or files.
    seed : int
        Of the draws that pair files.
    frame_seconds : int
        Length of a frame [s].

    Returns
    -------
    DayProfile
        The day.

    Raises
    ------
    ProfileError
        If a file breaks the schema.
    ValueError
        If the settings do not fit each other.
    """
    if inputs.load is None:
        named = [name for name in ("pv", "sessions", "tariff") if getattr(inputs, name) is not None]
        if named:
            raise ValueError(
                f"{', '.join(named)} named without a load file: name one, or none of them for the sample"
            )
        return sample_day(inputs.season, inputs.households or SAMPLE_HOUSEHOLDS)
    if inputs.tariff is None:
        raise ValueError("a load file needs a tariff file beside it: fallback prices come from it")
    return load_day(
        DayConfig(
            load=inputs.load,
            tariff=inputs.tariff,
            pv=inputs.pv,
            sessions=inputs.sessions,
            day=inputs.day,
            time_zone=inputs.time_zone,
            frame_seconds=frame_seconds,
            households=inputs.households,
            session_source=inputs.session_source,
            session_date=inputs.session_date,
            market=inputs.market,
            seed=seed,
            select="auto",
        )
    )


class ReplayRun:
    """A replay on one engine, in one folder. Making one reads and checks all inputs and writes nothing.

    Parameters
    ----------
    settings : ReplaySettings
        Everything that decides the results.
    engine_name : str
        ``ganache``, ``anvil`` or ``evm``.
    artifacts : Artifacts
        The compiled contracts.
    folder : Path
        Output folder, made if missing; a journal in it makes this a resumed run.
    report : callable or None
        Told how far the run is.

    Raises
    ------
    ProfileError
        If an input file breaks the schema.
    ValueError
        If settings do not fit each other, or there is no such strategy or local engine.
    """

    def __init__(
        self,
        settings: ReplaySettings,
        engine_name: str,
        artifacts: Artifacts,
        folder: Path,
        report: Report | None = None,
    ) -> None:
        self.settings = settings
        self.engine_name = engine_name
        self.artifacts = artifacts
        self.folder = folder
        self._report = report or _say_nothing
        self._first_block: int | None = None
        if engine_name not in LOCAL_ENGINES:
            raise ValueError(f"engine is {engine_name!r}, a replay expects one of {', '.join(LOCAL_ENGINES)}")
        load_strategy(settings.agents.strategy)
        frame_seconds = settings.market.settlement.frame_seconds
        self.day = read_inputs(settings.inputs, settings.seed, frame_seconds)
        day_prices(self.day.tariff, settings.market.settlement.tick_micro_per_wh, settings.fees)

    def execute(self) -> ReplayResult:
        """Run it.

        Returns
        -------
        ReplayResult
            The results, also written to the folder.

        Raises
        ------
        LedgerError
            If the engine gives up; the journal keeps what was done.
        JournalError
            If a resumed run does something else than before.
        """
        day = self.day
        self.folder.mkdir(parents=True, exist_ok=True)
        sites = {session.station for session in day.sessions}
        accounts = ROLE_ACCOUNTS + len(sites) + len(day.household_ids)
        if (self.folder / RUN_NAME).exists():
            self._first_block = read_run(self.folder).get("first_block")
        else:
            self._write_run(day, None, None)
        self._report(f"starting {self.engine_name}", 0, 1)
        with open_engine(self.engine_name, account_count=accounts, **self._kept_chain()) as engine:
            self._report("deploying", 0, 1)
            deployment = deploy_on(engine, self.artifacts, self.settings, self.folder)
            cast = cast_of(engine, len(sites))
            ledger = ChainLedger(engine, deployment.market)
            held_blocks = self._held_blocks(engine, ledger)
            self._write_run(day, deployment, cast)
            replay = DayReplay(day, self.settings, twin_of(self.settings, deployment, cast), cast)
            started = time.perf_counter()
            steps = run_replay(
                replay, ledger, Journal(self.folder), held_blocks=held_blocks, progress=self._progress(day)
            )
            seconds = time.perf_counter() - started
            self._report("comparing every public value with the twin", 0, 1)
            result = self._conclude(replay, steps, ledger, seconds)
        shutil.rmtree(self.folder / CHAIN_FOLDER, ignore_errors=True)
        return result

    def _kept_chain(self) -> dict[str, Path]:
        """Give the engine options that keep the chain in the folder until the run has ended."""
        return {"database": self.folder / CHAIN_FOLDER} if self.engine_name == "ganache" else {}

    def _held_blocks(self, engine: Engine, ledger: ChainLedger) -> int:
        """Count the replay's blocks on the chain, and enter in the journal what a kill kept out of it."""
        journal = Journal(self.folder)
        journaled = sum(1 for _ in journal.blocks())
        journal.trim(journaled)
        if self._first_block is None or self._first_block > engine.block_number:
            self._first_block = engine.block_number
        held = engine.block_number - self._first_block
        for number in range(journaled, held):
            journal.append(ledger.recall(self._first_block + 1 + number))
        return held

    def _progress(self, day: DayProfile) -> Callable[[int, int], None]:
        first = day.calendar.first_frame

        def progress(frame: int, transactions: int) -> None:
            done = min(max(frame - first, 0), day.calendar.frames)
            self._report(f"replaying, {transactions} transactions", done, day.calendar.frames)

        return progress

    def _conclude(
        self, replay: DayReplay, steps: list[Step], ledger: ChainLedger, seconds: float
    ) -> ReplayResult:
        views = list(public_views(replay))
        final = dict(zip(views, ledger.read(views), strict=True))
        found = differences(replay.market, final)
        tables = make_tables(replay, steps, final)
        summary = summarise(
            replay, tables, final, engine=self.engine_name, seconds=seconds, differences=len(found)
        )
        tables.write(self.folder)
        write_json(self.folder / SUMMARY_NAME, summary)
        return ReplayResult(self.folder, summary, tables, tuple(found))

    def _write_run(self, day: DayProfile, deployment: Deployment | None, cast: Cast | None) -> None:
        content: dict[str, Any] = {
            "command": "replay",
            "engine": self.engine_name,
            "settings": self.settings.model_dump(mode="json"),
            "day": {"calendar": asdict(day.calendar), "describe": day.calendar.describe()},
            "inputs": [asdict(entry) for entry in day.provenance],
            "versions": versions(),
            "compiler": asdict(self.artifacts.settings),
        }
        if deployment is not None and cast is not None:
            content["first_block"] = self._first_block
            content["addresses"] = deployment.record.addresses
            content["participants"] = {name: address for address, name in cast.name_of().items()}
        write_json(self.folder / RUN_NAME, content)


def _say_nothing(phase: str, done: int, whole: int) -> None:
    """Report to nobody."""


def deploy_on(
    engine: Engine, artifacts: Artifacts, settings: ReplaySettings, folder: Path | None = None
) -> Deployment:
    """Deploy the market with the engine's first accounts in the roles, or go on with a deployment.

    Parameters
    ----------
    engine : Engine
        Where to.
    artifacts : Artifacts
        What the compiler made.
    settings : ReplaySettings
        With the market's parameters.
    folder : Path or None, optional
        Where the record of the deployment is kept; what it says of another chain does not count.

    Returns
    -------
    Deployment
        The market.
    """
    fresh = engine.block_number == 0
    supervisor, *roles = engine.accounts[:ROLE_ACCOUNTS]
    return deploy_market(
        engine, artifacts, settings.market, supervisor, RoleAccounts(*roles), folder=folder, fresh=fresh
    )


def cast_of(engine: Engine, stations: int) -> Cast:
    """Give the engine's accounts their parts: roles first, then stations, then households.

    Parameters
    ----------
    engine : Engine
        With enough accounts.
    stations : int
        How many charging sites there are.

    Returns
    -------
    Cast
        Who acts with which address.
    """
    accounts = tuple(checked_address(account) for account in engine.accounts)
    supervisor, grid, retailer, platform, storage_operator, operator, meter, *others = accounts
    return Cast(
        supervisor=supervisor,
        grid=grid,
        retailer=retailer,
        platform=platform,
        storage_operator=storage_operator,
        operator=operator,
        meter=meter,
        stations=tuple(others[:stations]),
        households=tuple(others[stations:]),
    )


def twin_of(settings: ReplaySettings, deployment: Deployment, cast: Cast) -> ReferenceMarket:
    """Make the twin of a market that has just been deployed.

    Parameters
    ----------
    settings : ReplaySettings
        With the market's parameters.
    deployment : Deployment
        The market.
    cast : Cast
        Who acts.

    Returns
    -------
    ReferenceMarket
        The twin, wired as the market is.
    """
    twin = ReferenceMarket(settings.market, deployment.market.addresses, cast.supervisor)
    twin.wire(cast)
    return twin


def versions() -> dict[str, str]:
    """Give the versions that decide results.

    Returns
    -------
    dict of str to str
        Version by package, Python and Voltberg included.
    """
    found = {"voltberg": voltberg.__version__, "python": python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
