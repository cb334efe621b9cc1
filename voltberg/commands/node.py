"""``voltberg node``: a funded local chain with the market on it, until Ctrl-C."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from voltberg.commands.shared import compiled, error_console, read_configuration, stating_errors, wide_console

if TYPE_CHECKING:
    from voltberg.chain.accounts import Account
    from voltberg.chain.artifacts import Artifacts
    from voltberg.chain.deploy import Deployment
    from voltberg.chain.engine import Engine
    from voltberg.chain.node_process import NodeProcess
    from voltberg.configuration import MarketConfiguration

ROLES = ("supervisor", "grid", "retailer", "platform", "storage operator", "market operator", "meter")
BALANCE_MICRO = 100 * 10**6
BOOK_MARGIN_MICRO = 100 * 10**6
STORAGE_MARGIN_MICRO = 20 * 10**6
OPEN_FRAMES = 96
# Cap, grid and retailer tariff, grid and platform fee: 0.30, 0.30, 0.28, 0.006, 0.004 token per kWh in ticks.
TARIFF_WORD = 150 | 150 << 8 | 140 << 16 | 3 << 24 | 2 << 32


def node(
    engine: Annotated[str, typer.Option(help="ganache or anvil.")] = "ganache",
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for a free one.")] = 8545,
    participants: Annotated[int, typer.Option(min=1, max=200, help="Prosumers with money.")] = 10,
    configuration: Annotated[
        Path | None, typer.Option(help="JSON or YAML file with parameters that differ from the defaults.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of <chain id>.json.")] = Path("deployments"),
) -> None:
    """Keep a funded local chain with the market deployed, its next two days open, until Ctrl-C."""
    from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.deployment_plan import DeploymentError
    from voltberg.chain.engine import EngineError, open_engine
    from voltberg.chain.local_node import start_local_node
    from voltberg.chain.market import MarketError, TransactionReverted

    # A terminated command must stop its node as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    # Shells start background jobs with Ctrl-C ignored; whoever sends it means it.
    signal.signal(signal.SIGINT, _interrupt)
    console = error_console()
    expected = (CompileError, DeploymentError, EngineError, MarketError, TransactionReverted, ValueError)
    with stating_errors(*expected):
        parameters = read_configuration(configuration)
        artifacts = compiled(console)
        accounts = accounts_of_mnemonic(TEST_MNEMONIC, len(ROLES) + participants)
        console.print(f"starting {engine} ...")
        process = start_local_node(engine, port or None, len(accounts))
        try:
            keys = [account.key for account in accounts]
            with open_engine("rpc", url=process.url, keys=keys, poll_seconds=0.02) as chain:
                console.print("deploying ...")
                deployment = _deploy(chain, artifacts, parameters, out)
                artifacts.abi_bundle(out / "abi.json")
                console.print("bringing participants in and opening frames ...")
                frames = _furnish(chain, deployment)
            _print_node(process.url, TEST_MNEMONIC, deployment, accounts, frames)
            _keep(process)
        except KeyboardInterrupt:
            console.print("stopping the node")
        finally:
            process.stop()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _deploy(chain: Engine, artifacts: Artifacts, parameters: MarketConfiguration, out: Path) -> Deployment:
    from voltberg.chain.deploy import deploy_market
    from voltberg.chain.deployment_plan import RoleAccounts

    roles = RoleAccounts(*chain.accounts[1 : len(ROLES)])
    # The chain is new, so whatever an older file of this chain id says is of another one.
    return deploy_market(chain, artifacts, parameters, chain.accounts[0], roles, folder=out, fresh=True)


def _furnish(chain: Engine, deployment: Deployment) -> tuple[int, int]:
    from voltberg.chain.market import TransactionReverted
    from voltberg.chain.onboarding import onboard
    from voltberg.models import Role

    market = deployment.market
    margins = {"book": BOOK_MARGIN_MICRO, "storage": STORAGE_MARGIN_MICRO}
    prosumers = chain.accounts[len(ROLES) :]
    onboard(market, chain.accounts[0], prosumers, int(Role.PROSUMER), BALANCE_MICRO, margins)
    frame_seconds = market.call("house", "frameSeconds")
    first = chain.timestamp // frame_seconds + 2
    words = [TARIFF_WORD] * OPEN_FRAMES
    operator = chain.accounts[ROLES.index("market operator")]
    transaction = market.transaction(
        operator, "house", "openFrames", market.addresses["book"], first, words, gas_limit=20_000_000
    )
    receipt = chain.send_block([transaction], 0)[0]
    if not receipt.succeeded:
        raise TransactionReverted(market.decode_error(receipt.output), receipt)
    return first, first + OPEN_FRAMES - 1


def _print_node(
    url: str,
    mnemonic: str,
    deployment: Deployment,
    accounts: tuple[Account, ...],
    frames: tuple[int, int],
) -> None:
    console = wide_console()
    contracts = Table(title=f"The market on {url}")
    contracts.add_column("contract")
    contracts.add_column("address", no_wrap=True)
    for name, address in deployment.record.addresses.items():
        contracts.add_row(name, address)
    people = Table(title="Accounts")
    for column in ("who", "id", "address", "private key"):
        people.add_column(column, no_wrap=True)
    for index, account in enumerate(accounts):
        who = ROLES[index] if index < len(ROLES) else "prosumer"
        people.add_row(who, str(index) if index else "-", account.address, "0x" + account.key.hex())
    for table in (contracts, people):
        console.print(table)
    console.print(f'The keys are those of the public mnemonic "{mnemonic}": never send real money to them.')
    console.print(
        f"Frames {frames[0]} to {frames[1]} are open. Addresses: {deployment.path}; ABIs: abi.json there.",
        markup=False,
    )
    console.print("Ctrl-C stops the node.")


def _keep(process: NodeProcess) -> None:
    from voltberg.chain.engine import EngineError

    running = process.state()
    while process.state() == running:
        time.sleep(1)
    raise EngineError(f"the node stopped: {process.state()}")
