"""The file that remembers a deployment: ``deployments/<chain id>.json``, written after every step."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from voltberg.chain.abi_words import AbiValue
from voltberg.chain.artifacts import write_atomically
from voltberg.chain.deployment_plan import DeploymentError, DeploymentPlan, bytecode_hash

RECORD_FORMAT: Final = 1


@dataclass(slots=True)
class DeploymentRecord:
    """What is known of a deployment; its fields are the keys of the JSON file.

    Attributes
    ----------
    chain_id : int
        Chain of the market.
    deployer : str
        Account that sent everything and is the supervisor.
    first_nonce : int
        Its nonce before the first step.
    configuration : dict
        The market's parameters.
    configuration_sha256 : str
        Their fingerprint.
    compiler : dict
        Settings that the contracts were compiled with.
    token : str
        The settlement token.
    token_given : bool
        Whether the token was there before.
    roles : dict of str to str
        Account by role.
    contracts : dict
        By contract name: Solidity name, address, constructor arguments, bytecode hash and, once it is there,
        block and gas.
    wiring : list of dict
        Per call after the contracts: the call in words and, once it is done, block and gas.
    complete : bool
        Whether every step is done and the checks passed.
    format : int
        Version of this layout.
    """

    chain_id: int
    deployer: str
    first_nonce: int
    configuration: dict[str, Any]
    configuration_sha256: str
    compiler: dict[str, Any]
    token: str
    token_given: bool
    roles: dict[str, str]
    contracts: dict[str, dict[str, Any]]
    wiring: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = False
    format: int = RECORD_FORMAT

    @property
    def addresses(self) -> dict[str, str]:
        """Address by contract name, the token's included."""
        return {"token": self.token, **{name: item["address"] for name, item in self.contracts.items()}}

    def write(self, path: Path) -> None:
        """Write the file in one piece: a reader sees the old one or the new one.

        Parameters
        ----------
        path : Path
            File to write.
        """
        write_atomically(path, json.dumps(asdict(self), indent=1) + "\n")


def record_path(folder: Path, chain_id: int) -> Path:
    """Name the file of a chain.

    Parameters
    ----------
    folder : Path
        Folder of the deployments.
    chain_id : int
        The chain.

    Returns
    -------
    Path
        ``<folder>/<chain id>.json``.
    """
    return folder / f"{chain_id}.json"


def new_record(plan: DeploymentPlan, chain_id: int, compiler: dict[str, Any]) -> DeploymentRecord:
    """Write down a plan of which nothing is done yet.

    Parameters
    ----------
    plan : DeploymentPlan
        The plan.
    chain_id : int
        Chain of the market.
    compiler : dict
        Compiler settings.

    Returns
    -------
    DeploymentRecord
        With every contract and call, none of them with a block.
    """
    return DeploymentRecord(
        chain_id=chain_id,
        deployer=plan.deployer,
        first_nonce=plan.first_nonce,
        configuration=plan.configuration.model_dump(mode="json"),
        configuration_sha256=plan.configuration.fingerprint(),
        compiler=_plain(compiler),
        token=plan.addresses["token"],
        token_given=all(item.name != "token" for item in plan.creations),
        roles=_plain(asdict(plan.roles)),
        contracts={
            item.name: {
                "contract": item.artifact.name,
                "address": item.address,
                "constructor_arguments": _plain(item.arguments),
                "bytecode_keccak256": bytecode_hash(item.artifact),
            }
            for item in plan.creations
        },
        wiring=[{"call": item.label} for item in plan.wirings],
    )


def load_record(path: Path) -> DeploymentRecord | None:
    """Read a deployment's file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    DeploymentRecord or None
        None if there is no file.

    Raises
    ------
    DeploymentError
        If the file is no deployment of this format.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format") != RECORD_FORMAT:
            raise DeploymentError(
                f"{path} has format {content.get('format')!r}, expected {RECORD_FORMAT}: start anew"
            )
        return DeploymentRecord(**content)
    except (json.JSONDecodeError, TypeError, AttributeError) as error:
        raise DeploymentError(f"{path} is no deployment record: {error}") from error


def require_same(recorded: DeploymentRecord, planned: DeploymentRecord, path: Path) -> None:
    """Refuse to continue a deployment of something else.

    Parameters
    ----------
    recorded : DeploymentRecord
        What the file says.
    planned : DeploymentRecord
        What is to be deployed now, from the recorded nonce on.
    path : Path
        The file, for the message.

    Raises
    ------
    DeploymentError
        If they differ in anything but progress; the message names the first difference.
    """
    for key in ("chain_id", "deployer", "token_given", "token", "configuration", "compiler", "roles"):
        was, now = getattr(recorded, key), getattr(planned, key)
        if was != now:
            raise DeploymentError(f"{path} holds a deployment with another {key}: {_difference(was, now)}")
    if list(recorded.contracts) != list(planned.contracts) or len(recorded.wiring) != len(planned.wiring):
        raise DeploymentError(f"{path} holds a deployment with other steps than this version's")
    for name, now in planned.contracts.items():
        was = recorded.contracts[name]
        for key, value in now.items():
            if was.get(key) != value:
                raise DeploymentError(
                    f"{path} holds another {key} of {name}: {_difference(was.get(key), value)}"
                )


def _difference(was: object, now: object) -> str:
    if isinstance(was, dict) and isinstance(now, dict):
        keys = [key for key in {**was, **now} if was.get(key) != now.get(key)]
        return "; ".join(f"{key} {_difference(was.get(key), now.get(key))}" for key in keys)
    return f"recorded {was!r}, now {now!r}"


def _plain(value: AbiValue) -> AbiValue:
    # As JSON has it, so that what was read back compares equal to what is planned.
    return json.loads(json.dumps(value))
