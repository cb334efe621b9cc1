"""Carry out a deployment step by step, continue one that stopped half-way, and check the result.

What is done is read from the chain, not believed from the file: a contract is there if its predicted
address has its code, a call is done if repeating it reverts with the error that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from voltberg.chain.artifacts import Artifact, Artifacts
from voltberg.chain.deployment_checks import check_deployment, code_matches
from voltberg.chain.deployment_plan import (
    WIRING_GAS,
    Creation,
    DeploymentError,
    DeploymentPlan,
    RoleAccounts,
    Wiring,
    plan_deployment,
)
from voltberg.chain.deployment_record import (
    DeploymentRecord,
    load_record,
    new_record,
    record_path,
    require_same,
)
from voltberg.chain.engine import ZERO_ADDRESS, Call, CallFailed, Receipt, Transaction
from voltberg.chain.market import ChainMarket, checked_address
from voltberg.configuration import MarketConfiguration


class DeploymentChain(Protocol):
    """The part of `Engine` that a deployment needs."""

    name: str
    chain_id: int

    @property
    def timestamp(self) -> int:
        """Time of the latest block [unix s]."""
        ...

    def nonce(self, address: str) -> int:
        """Return the next nonce of an account."""
        ...

    def send_block(self, transactions: Sequence[Transaction], timestamp: int) -> list[Receipt]:
        """Run transactions and return their receipts."""
        ...

    def call(
        self, to: str, data: bytes, *, sender: str = ZERO_ADDRESS, timestamp: int | None = None
    ) -> bytes:
        """Run a read-only call."""
        ...

    def call_many(self, calls: Sequence[Call]) -> list[bytes]:
        """Run many read-only calls."""
        ...

    def get_code(self, address: str) -> bytes:
        """Return the code at an address."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a deployment, as it is told to whoever watches.

    Attributes
    ----------
    number, count : int
        Which step of how many, from 1.
    label : str
        What it does.
    contract : str
        Contract concerned.
    gas_used : int or None
        Gas of its transaction; None if it was done before.
    """

    number: int
    count: int
    label: str
    contract: str
    gas_used: int | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A finished deployment.

    Attributes
    ----------
    market : ChainMarket
        The market, ready to be called.
    record : DeploymentRecord
        What the file holds.
    path : Path or None
        The file.
    """

    market: ChainMarket
    record: DeploymentRecord
    path: Path | None


def deploy_market(
    chain: DeploymentChain,
    artifacts: Artifacts,
    configuration: MarketConfiguration,
    deployer: str,
    roles: RoleAccounts,
    *,
    token: str | None = None,
    folder: Path | None = None,
    expected_chain_id: int | None = None,
    fresh: bool = False,
    timestamp: int | None = None,
    progress: Callable[[Step], None] | None = None,
) -> Deployment:
    """Deploy the market, or continue or confirm the deployment that the file tells of.

    Parameters
    ----------
    chain : DeploymentChain
        Where to: an engine, or what does as much of one.
    artifacts : Artifacts
        What the compiler made.
    configuration : MarketConfiguration
        Parameters of the market.
    deployer : str
        Account that sends everything; it becomes the supervisor.
    roles : RoleAccounts
        Accounts of the roles.
    token : str or None, optional
        ERC-20 with 6 decimals; None deploys the mock.
    folder : Path or None, optional
        Where ``<chain id>.json`` is kept; None keeps no file.
    expected_chain_id : int or None, optional
        Chain that it must be.
    fresh : bool, optional
        Start anew, whatever the file says.
    timestamp : int or None, optional
        Time of the first block on a local engine [unix s]; one second more for each further one.
    progress : callable or None, optional
        Is told each step when it is done.

    Returns
    -------
    Deployment
        The market, checked.

    Raises
    ------
    DeploymentError
        If the chain, the file or the account is not what it must be, a step fails, or a check does.
    """
    plan, record, path = prepare_deployment(
        chain, artifacts, configuration, deployer, roles,
        token=token, folder=folder, expected_chain_id=expected_chain_id, fresh=fresh,
    )  # fmt: skip
    market = ChainMarket(plan.addresses, artifacts, chain)  # type: ignore[arg-type]
    run = _Run(chain, plan, record, path, market, timestamp, progress)
    run.save()
    for creation in plan.creations:
        run.create(creation)
    for index, wiring in enumerate(plan.wirings):
        run.wire(index, wiring)
    check_deployment(chain, plan, market)
    record.complete = True
    run.save()
    return Deployment(market, record, path)


def prepare_deployment(
    chain: DeploymentChain,
    artifacts: Artifacts,
    configuration: MarketConfiguration,
    deployer: str,
    roles: RoleAccounts,
    *,
    token: str | None = None,
    folder: Path | None = None,
    expected_chain_id: int | None = None,
    fresh: bool = False,
) -> tuple[DeploymentPlan, DeploymentRecord, Path | None]:
    """Plan a deployment and find out what is done of it; sends and writes nothing.

    Parameters
    ----------
    chain : DeploymentChain
        Where to: an engine, or what does as much of one.
    artifacts : Artifacts
        What the compiler made.
    configuration : MarketConfiguration
        Parameters of the market.
    deployer : str
        Account that sends everything.
    roles : RoleAccounts
        Accounts of the roles.
    token : str or None, optional
        ERC-20 with 6 decimals; None deploys the mock.
    folder : Path or None, optional
        Where ``<chain id>.json`` is kept.
    expected_chain_id : int or None, optional
        Chain that it must be.
    fresh : bool, optional
        Start anew, whatever the file says.

    Returns
    -------
    tuple
        The plan, the record with the steps done so far, and the file's path.

    Raises
    ------
    DeploymentError
        If the chain, the file or the account is not what it must be.
    """
    if expected_chain_id is not None and chain.chain_id != expected_chain_id:
        raise DeploymentError(f"the endpoint is chain {chain.chain_id}, expected {expected_chain_id}")
    _require_token(chain, token)
    path = None if folder is None else record_path(folder, chain.chain_id)
    recorded = None if path is None or fresh else load_record(path)
    upcoming_nonce = chain.nonce(deployer)
    first_nonce = upcoming_nonce if recorded is None else recorded.first_nonce
    plan = plan_deployment(configuration, artifacts, deployer, first_nonce, roles, token)
    planned = new_record(plan, chain.chain_id, asdict(artifacts.settings))
    if recorded is None or path is None:
        return plan, planned, path
    require_same(recorded, planned, path)
    _require_resumable(chain, recorded, plan, upcoming_nonce, path)
    return plan, recorded, path


def _require_token(chain: DeploymentChain, token: str | None) -> None:
    if token is not None and not chain.get_code(checked_address(token)):
        raise DeploymentError(f"the token {token} has no code on chain {chain.chain_id}")


def _require_resumable(
    chain: DeploymentChain,
    recorded: DeploymentRecord,
    plan: DeploymentPlan,
    upcoming_nonce: int,
    path: Path,
) -> None:
    for creation in plan.creations:
        present = bool(chain.get_code(creation.address))
        if not present and "block" in recorded.contracts[creation.name]:
            raise DeploymentError(
                f"{path} says that {creation.name} is at {creation.address}, but chain {chain.chain_id} has "
                "no code there (a local chain that was started anew?): start anew, too"
            )
        if not present and upcoming_nonce != creation.nonce:
            raise DeploymentError(
                f"{path} expects {creation.name} at {creation.address} from nonce {creation.nonce} of "
                f"{plan.deployer}, whose next nonce is {upcoming_nonce}: wait for pending "
                "transactions, or start anew"
            )
        if not present:
            return


@dataclass(slots=True)
class _Run:
    chain: DeploymentChain
    plan: DeploymentPlan
    record: DeploymentRecord
    path: Path | None
    market: ChainMarket
    timestamp: int | None
    progress: Callable[[Step], None] | None
    done: int = 0

    def save(self) -> None:
        if self.path is not None:
            self.record.write(self.path)

    def create(self, creation: Creation) -> None:
        entry = self.record.contracts[creation.name]
        code = self.chain.get_code(creation.address)
        receipt = None
        if code:
            if not code_matches(creation.artifact, code):
                raise DeploymentError(f"{creation.address} holds other code than {creation.artifact.name}")
        else:
            receipt = self._send(
                Transaction(self.plan.deployer, None, creation.init_code, creation.gas_limit),
                f"deployment of {creation.artifact.name}",
            )
            if receipt.contract_address != creation.address.lower():
                raise DeploymentError(
                    f"{creation.artifact.name} came to {receipt.contract_address}, expected "
                    f"{creation.address}: did {self.plan.deployer} send something else meanwhile?"
                )
        self._finish(entry, f"deploy {creation.artifact.name}", creation.name, receipt)

    def wire(self, index: int, wiring: Wiring) -> None:
        receipt = None
        if not self._is_done(wiring):
            data = self.market.encode(wiring.contract, wiring.function, *wiring.arguments)
            to = self.plan.addresses[wiring.contract]
            receipt = self._send(Transaction(self.plan.deployer, to, data, WIRING_GAS), wiring.label)
        self._finish(self.record.wiring[index], wiring.label, wiring.contract, receipt)

    def _is_done(self, wiring: Wiring) -> bool:
        data = self.market.encode(wiring.contract, wiring.function, *wiring.arguments)
        try:
            self.chain.call(self.plan.addresses[wiring.contract], data, sender=self.plan.deployer)
        except CallFailed as error:
            text = self.market.decode_error(error.data)
            if text.split(":")[0] == wiring.done_error:
                return True
            raise DeploymentError(f"{wiring.label} would revert: {text or error}") from error
        return False

    def _send(self, transaction: Transaction, label: str) -> Receipt:
        # A foreign chain makes its blocks itself: there a time would only mean waiting for it.
        when = 0 if self.chain.name == "rpc" else max(self.timestamp or 0, self.chain.timestamp + 1)
        receipt = self.chain.send_block([transaction], when)[0]
        if not receipt.succeeded:
            raise DeploymentError(
                f"{label} failed: {self.market.decode_error(receipt.output) or 'no reason given'}"
            )
        return receipt

    def _finish(self, entry: dict[str, Any], label: str, contract: str, receipt: Receipt | None) -> None:
        self.done += 1
        if receipt is not None:
            entry["block"], entry["gas_used"] = receipt.block_number, receipt.gas_used
        elif "block" not in entry:
            # Mined, but the writer died before it could note the receipt.
            entry["block"], entry["gas_used"] = None, None
        self.save()
        if self.progress is not None:
            count = len(self.plan.creations) + len(self.plan.wirings)
            gas_used = None if receipt is None else receipt.gas_used
            self.progress(Step(self.done, count, label, contract, gas_used))


__all__ = [
    "Artifact",
    "Deployment",
    "DeploymentChain",
    "DeploymentError",
    "DeploymentPlan",
    "RoleAccounts",
    "Step",
    "deploy_market",
    "prepare_deployment",
]
