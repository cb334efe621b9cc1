"""``voltberg deploy``: the market on any chain."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from voltberg.commands.shared import (
    compiled,
    error_console,
    read_configuration,
    read_mapping,
    stating_errors,
    wide_console,
)

if TYPE_CHECKING:
    from voltberg.chain.artifacts import Artifacts
    from voltberg.chain.deployment_plan import DeploymentPlan, RoleAccounts
    from voltberg.chain.deployment_record import DeploymentRecord
    from voltberg.configuration import MarketConfiguration

LOCAL_CHAIN_IDS = (1337, 31337)
ROLE_NAMES = ("grid", "retailer", "platform", "storage_operator", "operator", "meter")


def deploy(
    rpc: Annotated[str, typer.Option(help="JSON-RPC endpoint, http:// or https://.")],
    key_file: Annotated[Path, typer.Option(help="File that holds the deployer's private key in hex.")],
    token: Annotated[
        str | None,
        typer.Option(help="ERC-20 with 6 decimals; left out, a mock (local chains only)."),
    ] = None,
    roles: Annotated[
        Path | None,
        typer.Option(help=f"JSON or YAML file with the accounts of {', '.join(ROLE_NAMES)}."),
    ] = None,
    configuration: Annotated[
        Path | None, typer.Option(help="JSON or YAML file with parameters that differ from the defaults.")
    ] = None,
    chain_id: Annotated[int | None, typer.Option(help="Refuse any other chain.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of <chain id>.json.")] = Path("deployments"),
    fresh: Annotated[bool, typer.Option(help="Start anew whatever the file says.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, and send nothing.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Deploy the market, wire its roles, write deployments/<chain id>.json; continue one that stopped."""
    from voltberg.chain.artifacts import CompileError
    from voltberg.chain.deploy import Step, deploy_market, prepare_deployment
    from voltberg.chain.deployment_plan import DeploymentError
    from voltberg.chain.engine import EngineError, open_engine
    from voltberg.chain.market import MarketError

    console = error_console()
    with stating_errors(CompileError, DeploymentError, EngineError, MarketError, ValueError):
        parameters = read_configuration(configuration)
        artifacts = compiled(console)
        with open_engine("rpc", url=rpc, keys=[read_key(key_file)]) as chain:
            if token is None and chain.chain_id not in LOCAL_CHAIN_IDS:
                raise DeploymentError(
                    f"chain {chain.chain_id} is no local chain: name its token with --token (the mock can be "
                    "minted by anyone)"
                )
            accounts = role_accounts(roles, chain.chain_id)
            deployer = chain.accounts[0]
            if dry_run:
                plan, record, _ = prepare_deployment(
                    chain,
                    artifacts,
                    parameters,
                    deployer,
                    accounts,
                    token=token,
                    folder=out,
                    expected_chain_id=chain_id,
                    fresh=fresh,
                )
                gas = measured_gas(artifacts, parameters, accounts, with_token=token is None)
                _print_plan(plan, record, gas)
                return

            def report(step: Step) -> None:
                gas_text = "done before" if step.gas_used is None else f"{step.gas_used:,} gas"
                console.print(f"[{step.number:2}/{step.count}] {step.label} ({gas_text})", markup=False)

            finished = deploy_market(
                chain,
                artifacts,
                parameters,
                deployer,
                accounts,
                token=token,
                folder=out,
                expected_chain_id=chain_id,
                fresh=fresh,
                progress=report,
            )
    _print_record(finished.record, finished.path, json_output)


def read_key(path: Path) -> bytes:
    """Read a private key; no message ever contains any of it.

    Parameters
    ----------
    path : Path
        File with 64 hex digits, with or without ``0x``.

    Returns
    -------
    bytes
        The key.

    Raises
    ------
    ValueError
        If the file holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8").strip().removeprefix("0x")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the key file {path} cannot be read: {type(error).__name__}") from None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError(f"the key file {path} does not hold a private key: expected 64 hex digits")
    return key


def measured_gas(
    artifacts: Artifacts,
    configuration: MarketConfiguration,
    roles: RoleAccounts,
    *,
    with_token: bool,
) -> dict[str, int]:
    """Carry the deployment out on a scratch chain in this process and note the gas of each step.

    Parameters
    ----------
    artifacts : Artifacts
        What the compiler made.
    configuration : MarketConfiguration
        Parameters of the market.
    roles : RoleAccounts
        Accounts of the roles.
    with_token : bool
        Whether the mock is part of it.

    Returns
    -------
    dict of str to int
        Gas by step, in the order of the steps; empty where the in-process engine is not available. Another
        deployer's addresses have other zero bytes: a few hundred gas more or less.
    """
    from voltberg.chain.deploy import deploy_market
    from voltberg.chain.engine import EngineError, open_engine
    from voltberg.chain.market import checked_address

    try:
        scratch = open_engine("evm", account_count=10)
    except EngineError:
        return {}
    taken = set(asdict(roles).values())
    with scratch:
        deployer = next(item for item in map(checked_address, scratch.accounts) if item not in taken)
        record = deploy_market(scratch, artifacts, configuration, deployer, roles).record
    gas = {f"deploy {item['contract']}": item["gas_used"] for item in record.contracts.values()}
    if not with_token:
        del gas["deploy MockToken"]
    return gas | {f"wire {index}": item["gas_used"] for index, item in enumerate(record.wiring)}


def role_accounts(path: Path | None, chain_id: int) -> RoleAccounts:
    """Read the accounts of the roles.

    Parameters
    ----------
    path : Path or None
        JSON or YAML file: role name -> address; None takes the test mnemonic's, on a local chain only.
    chain_id : int
        The chain.

    Returns
    -------
    RoleAccounts
        The accounts.

    Raises
    ------
    DeploymentError
        If names are missing or unknown, or the accounts of a public chain were not named.
    """
    from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
    from voltberg.chain.deployment_plan import DeploymentError, RoleAccounts

    if path is None:
        if chain_id not in LOCAL_CHAIN_IDS:
            raise DeploymentError(
                f"chain {chain_id} is no local chain: name the accounts of the roles with --roles"
            )
        known = accounts_of_mnemonic(TEST_MNEMONIC, 1 + len(ROLE_NAMES))
        return RoleAccounts(*(account.address for account in known[1:]))
    content = read_mapping(path)
    if set(content) != set(ROLE_NAMES):
        raise DeploymentError(f"{path} names {sorted(content)}, expected exactly {sorted(ROLE_NAMES)}")
    return RoleAccounts(**{name: str(value) for name, value in content.items()})


def _print_plan(plan: DeploymentPlan, record: DeploymentRecord, gas: dict[str, int]) -> None:
    table = Table(title=f"Dry run on chain {record.chain_id}: nothing is sent")
    for column in ("step", "what", "address", "gas", "state"):
        table.add_column(column, justify="right" if column in ("step", "gas") else "left", no_wrap=True)
    rows = [
        (f"deploy {item.artifact.name}", item.address, "block" in record.contracts[item.name])
        for item in plan.creations
    ]
    rows += [
        (item.label, plan.addresses[item.contract], "block" in done)
        for item, done in zip(plan.wirings, record.wiring, strict=True)
    ]
    figures = [f"{value:,}" for value in gas.values()] or ["?"] * len(rows)
    for number, ((what, address, done), figure) in enumerate(zip(rows, figures, strict=True), start=1):
        table.add_row(str(number), what, address, figure, "done" if done else "to do")
    if gas:
        table.add_row("", "sum (measured on a scratch chain)", "", f"{sum(gas.values()):,}", "")
    wide_console().print(table)


def _print_record(record: DeploymentRecord, path: Path | None, json_output: bool) -> None:
    console = wide_console()
    if json_output:
        console.print(json.dumps(asdict(record), indent=1), markup=False)
        return
    table = Table(title=f"The market on chain {record.chain_id}")
    table.add_column("contract")
    table.add_column("address", no_wrap=True)
    for name, address in record.addresses.items():
        table.add_row(name, address)
    console.print(table)
    console.print(f"supervisor {record.deployer}; record in {path}", markup=False)
