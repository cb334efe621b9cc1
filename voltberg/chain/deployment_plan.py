"""What a deployment does, before it does anything: contracts with their predicted addresses, then the wiring.

House and credit contract must know each other, and addresses are immutable: every one is predicted from the
deployer's nonce. The order is token (local chains only), registry, house, book, auction, storage, credit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any, Final

from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak
from pydantic import BaseModel

from voltberg.chain.abi_codec import canonical_type
from voltberg.chain.artifacts import Artifact, Artifacts, strip_metadata
from voltberg.chain.blocks import intrinsic_gas
from voltberg.chain.market import checked_address
from voltberg.configuration import MarketConfiguration
from voltberg.models import ARTIFACT_NAMES, LISTENERS, Role, RoleId, VenueKind

CREATION_ORDER: Final = ("token", "registry", "house", "book", "round", "auction", "storage", "credit")

SUPPLIER_IDS: Final = (int(RoleId.GRID), int(RoleId.RETAILER), int(RoleId.PLATFORM))

CODE_DEPOSIT_GAS_PER_BYTE: Final = 200
CONSTRUCTOR_GAS: Final = 1_000_000
WIRING_GAS: Final = 2_000_000


class DeploymentError(Exception):
    """A deployment cannot be planned, carried out or continued."""


@dataclass(frozen=True, slots=True)
class RoleAccounts:
    """Accounts that are registered with the market itself, in the order of ``RoleId``.

    Attributes
    ----------
    grid, retailer, platform : str
        Suppliers: grid fees and fallback energy, fallback energy, platform fees.
    storage_operator : str
        Operator of the shared storage.
    operator : str
        Market operator: opens frames, pauses, refuses trades.
    meter : str
        Reports deliveries and movements.
    """

    grid: str
    retailer: str
    platform: str
    storage_operator: str
    operator: str
    meter: str

    def __post_init__(self) -> None:
        addresses: dict[str, str] = {}
        for field in fields(self):
            address = checked_address(getattr(self, field.name))
            if address in addresses:
                raise DeploymentError(
                    f"{field.name} and {addresses[address]} are both {address}: each needs its own account"
                )
            addresses[address] = field.name
            object.__setattr__(self, field.name, address)


@dataclass(frozen=True, slots=True)
class Creation:
    """One contract to deploy.

    Attributes
    ----------
    name : str
        Its name in the market, such as ``"house"``.
    artifact : Artifact
        What the compiler made.
    arguments : tuple
        Constructor arguments.
    nonce : int
        Nonce of the deploying transaction.
    address : str
        Address that follows from the nonce, checksummed.
    init_code : bytes
        Creation code and encoded arguments.
    """

    name: str
    artifact: Artifact
    arguments: tuple[Any, ...]
    nonce: int
    address: str
    init_code: bytes

    @property
    def gas_limit(self) -> int:
        """Enough gas for any constructor of the market."""
        code_bytes = len(self.artifact.deployed_bytecode) // 2
        return (
            intrinsic_gas(self.init_code, creates=True)
            + CODE_DEPOSIT_GAS_PER_BYTE * code_bytes
            + CONSTRUCTOR_GAS
        )


@dataclass(frozen=True, slots=True)
class Wiring:
    """One transaction after the contracts are there.

    Attributes
    ----------
    contract, function : str
        What is called.
    arguments : tuple
        With what.
    done_error : str
        Name of the error that a repetition reverts with: how a continued deployment sees that it is done.
    label : str
        The call in words, contracts and roles by their names.
    """

    contract: str
    function: str
    arguments: tuple[Any, ...]
    done_error: str
    label: str


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """Everything a deployment does, in order.

    Attributes
    ----------
    configuration : MarketConfiguration
        Parameters of the market.
    roles : RoleAccounts
        Accounts of the roles.
    deployer : str
        Account that sends everything and is the supervisor.
    first_nonce : int
        Its nonce before the first step.
    creations : tuple of Creation
        Contracts, in order.
    wirings : tuple of Wiring
        Calls after them, in order.
    addresses : dict of str to str
        Address by contract name, the token's included.
    """

    configuration: MarketConfiguration
    roles: RoleAccounts
    deployer: str
    first_nonce: int
    creations: tuple[Creation, ...]
    wirings: tuple[Wiring, ...]
    addresses: dict[str, str]


def create_address(sender: str, nonce: int) -> str:
    """Predict the address of a contract that an account deploys.

    Parameters
    ----------
    sender : str
        The deploying account.
    nonce : int
        Nonce of the deploying transaction.

    Returns
    -------
    str
        The last 20 bytes of Keccak(RLP(sender, nonce)), checksummed.
    """
    account = bytes.fromhex(sender[2:])
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8)
    # RLP of [account, nonce]: under 56 bytes the length is in one byte, and a byte below 0x80 has none.
    item = number if len(number) == 1 and nonce < 0x80 else bytes((0x80 + len(number),)) + number
    payload = bytes((0x80 + len(account),)) + account + item
    digest = keccak(bytes((0xC0 + len(payload),)) + payload)
    return checked_address("0x" + digest[12:].hex())


def bytecode_hash(artifact: Artifact) -> str:
    """Hash a contract's creation code without its metadata.

    Parameters
    ----------
    artifact : Artifact
        What the compiler made.

    Returns
    -------
    str
        Keccak-256 in hex with ``0x``: equal for equal behaviour, whatever the files are called.
    """
    return "0x" + keccak(strip_metadata(artifact.creation_code())).hex()


def plan_deployment(
    configuration: MarketConfiguration,
    artifacts: Artifacts,
    deployer: str,
    first_nonce: int,
    roles: RoleAccounts,
    token: str | None = None,
) -> DeploymentPlan:
    """Plan a deployment.

    Parameters
    ----------
    configuration : MarketConfiguration
        Parameters of the market.
    artifacts : Artifacts
        What the compiler made.
    deployer : str
        Account that sends everything; it becomes the supervisor.
    first_nonce : int
        Its next nonce.
    roles : RoleAccounts
        Accounts of the roles.
    token : str or None, optional
        ERC-20 with 6 decimals; None deploys the mock, which anyone may mint.

    Returns
    -------
    DeploymentPlan
        The plan.

    Raises
    ------
    DeploymentError
        If the deployer is one of the roles' accounts.
    """
    deployer = checked_address(deployer)
    if deployer in astuple(roles):
        raise DeploymentError(f"the deployer {deployer} is the supervisor and cannot hold another role")
    names = [name for name in CREATION_ORDER if name != "token" or token is None]
    addresses = {name: create_address(deployer, first_nonce + i) for i, name in enumerate(names)}
    if token is not None:
        addresses["token"] = checked_address(token)
    arguments = constructor_arguments(configuration, addresses, deployer)
    creations = tuple(
        _creation(name, artifacts[ARTIFACT_NAMES[name]], arguments[name], first_nonce + i, addresses[name])
        for i, name in enumerate(names)
    )
    return DeploymentPlan(
        configuration, roles, deployer, first_nonce, creations, _wirings(addresses, roles), addresses
    )


def constructor_arguments(
    configuration: MarketConfiguration, addresses: Mapping[str, str], supervisor: str
) -> dict[str, tuple[Any, ...]]:
    """List every contract's constructor arguments.

    Parameters
    ----------
    configuration : MarketConfiguration
        Parameters of the market.
    addresses : Mapping[str, str]
        Address by contract name, predicted or real.
    supervisor : str
        Owner of the registry.

    Returns
    -------
    dict of str to tuple
        Arguments by contract name, structs as tuples.
    """
    credit = dict(configuration.credit)
    evaluation = tuple(value for key, value in credit.items() if key.endswith("_wad"))
    registry, house = addresses["registry"], addresses["house"]
    sizes = configuration.book
    venue = (registry, house, addresses["credit"], sizes.minimum_quantity_wh, sizes.minimum_lock_micro)
    return {
        "token": (),
        "registry": (supervisor,),
        "house": (
            registry,
            addresses["token"],
            addresses["credit"],
            _struct(configuration.settlement),
            _struct(configuration.rating),
        ),
        "book": venue,
        "round": venue,
        "auction": (registry, house, addresses["credit"], _struct(configuration.auction)),
        "storage": (registry, house, int(RoleId.STORAGE_OPERATOR), _struct(configuration.storage)),
        "credit": (
            registry,
            house,
            evaluation,
            configuration.credit.consumer_risk_bps,
            configuration.credit.exchange_risk_bps,
        ),
    }


def _struct(terms: BaseModel) -> tuple[Any, ...]:
    # The fields of the configuration stand in the order of the Solidity structs.
    return tuple(value for _, value in terms)


def _creation(
    name: str, artifact: Artifact, arguments: tuple[Any, ...], nonce: int, address: str
) -> Creation:
    constructor = [entry for entry in artifact.abi if entry["type"] == "constructor"]
    kinds = [canonical_type(item) for item in constructor[0]["inputs"]] if constructor else []
    if len(kinds) != len(arguments):
        raise DeploymentError(
            f"the constructor of {artifact.name} takes {len(kinds)} arguments ({', '.join(kinds)}), "
            f"expected {len(arguments)}"
        )
    init_code = artifact.creation_code() + abi_encode(kinds, arguments)
    return Creation(name, artifact, arguments, nonce, address, init_code)


def _wirings(addresses: Mapping[str, str], roles: RoleAccounts) -> tuple[Wiring, ...]:
    names = {address: name for name, address in (*addresses.items(), *_fields(roles))}
    suppliers = (roles.grid, roles.retailer, roles.platform)
    operators = (roles.storage_operator, roles.operator)
    registered = "Registry_AlreadyRegistered"
    calls: list[tuple[str, str, tuple[Any, ...], str]] = [
        *(
            # Before the first registration: a listener hears only what comes after it.
            ("registry", "addListener", (addresses[name],), "Registry_AlreadyListening")
            for name in LISTENERS
        ),
        ("house", "addVenue", (addresses["book"], int(VenueKind.POSITIONS)), "Settlement_VenueExists"),
        ("house", "addVenue", (addresses["round"], int(VenueKind.POSITIONS)), "Settlement_VenueExists"),
        ("house", "addVenue", (addresses["auction"], int(VenueKind.ROOTS)), "Settlement_VenueExists"),
        ("house", "addVenue", (addresses["storage"], int(VenueKind.MARGIN_ONLY)), "Settlement_VenueExists"),
        ("registry", "registerMany", (suppliers, int(Role.SUPPLIER)), registered),
        ("registry", "registerMany", (operators, int(Role.OPERATOR)), registered),
        ("registry", "register", (roles.meter, int(Role.METER)), registered),
        ("house", "configure", SUPPLIER_IDS, "Settlement_AlreadyConfigured"),
    ]
    return tuple(
        Wiring(contract, function, arguments, done_error, f"{contract}.{function}({_text(arguments, names)})")
        for contract, function, arguments, done_error in calls
    )


def _fields(roles: RoleAccounts) -> list[tuple[str, str]]:
    return [(field.name, getattr(roles, field.name)) for field in fields(roles)]


def _text(values: tuple[Any, ...], names: Mapping[str, str]) -> str:
    words = [
        f"[{_text(value, names)}]" if isinstance(value, tuple) else names.get(value, str(value).lower())
        for value in values
    ]
    return ", ".join(words)
