"""What a deployment would do: addresses, order, arguments."""

from dataclasses import asdict

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.deployment_plan import (
    CREATION_ORDER,
    DeploymentError,
    RoleAccounts,
    create_address,
    plan_deployment,
)
from voltberg.chain.market import MarketError, checked_address
from voltberg.configuration import MarketConfiguration

DEPLOYER = checked_address("0x" + "a1" * 20)
TOKEN = checked_address("0x" + "70" * 20)
ROLES = RoleAccounts(*(f"0x{index:040x}" for index in range(1, 7)))


@pytest.fixture(scope="module")
def artifacts(project_root):
    return compile_contracts(project_root)


@pytest.mark.parametrize(
    ("nonce", "address"),
    [
        # Published examples of contract addresses by deployer and nonce.
        (0, "0xcd234A471b72ba2F1Ccf0A70FCABA648a5eeCD8d"),
        (1, "0x343c43A37D37dfF08AE8C4A11544c718AbB4fCF8"),
        (2, "0xf778B86FA74E846c4f0a1fBd1335FE81c00a0C91"),
        (3, "0xffFd933A0bC612844eaF0C6Fe3E5b8E9B6C1d19c"),
    ],
)
def test_address_follows_from_deployer_and_nonce(nonce, address):
    assert create_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", nonce) == address


def test_contracts_come_in_order_at_the_addresses_of_their_nonces(artifacts):
    plan = plan_deployment(MarketConfiguration(), artifacts, DEPLOYER, 300, ROLES)
    assert [item.name for item in plan.creations] == list(CREATION_ORDER)
    assert [item.nonce for item in plan.creations] == list(range(300, 300 + len(CREATION_ORDER)))
    assert {item.name: create_address(DEPLOYER, item.nonce) for item in plan.creations} == plan.addresses


def test_given_token_takes_no_nonce(artifacts):
    plan = plan_deployment(MarketConfiguration(), artifacts, DEPLOYER, 0, ROLES, TOKEN)
    assert [item.name for item in plan.creations] == list(CREATION_ORDER[1:])
    assert plan.addresses["token"] == TOKEN
    assert plan.addresses["registry"] == create_address(DEPLOYER, 0)
    assert plan.creations[1].arguments[1] == TOKEN


def test_structs_hold_the_configuration_in_the_order_of_the_constructor(artifacts):
    configuration = MarketConfiguration()
    plan = plan_deployment(configuration, artifacts, DEPLOYER, 0, ROLES)
    arguments = {item.name: item.arguments for item in plan.creations}
    structs = {
        "house": (("settlement", 3), ("rating", 4)),
        "auction": (("auction", 3),),
        "storage": (("storage", 3),),
        "credit": (("credit", 2),),
    }
    sections = configuration.model_dump()
    for name, places in structs.items():
        constructor = next(e for e in artifacts_abi(artifacts, plan, name) if e["type"] == "constructor")
        for section, place in places:
            fields = [component["name"] for component in constructor["inputs"][place]["components"]]
            named = dict(zip(fields, arguments[name][place], strict=True))
            assert {snake(key): value for key, value in named.items()}.items() <= sections[section].items()


def artifacts_abi(artifacts, plan, name):
    return next(item.artifact.abi for item in plan.creations if item.name == name)


def snake(name):
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def test_listeners_come_before_the_first_registration(artifacts):
    calls = [
        item.function
        for item in plan_deployment(MarketConfiguration(), artifacts, DEPLOYER, 0, ROLES).wirings
    ]
    assert calls.index("registerMany") > max(i for i, name in enumerate(calls) if name == "addListener")
    assert calls[-1] == "configure"


def test_roles_are_refused_when_two_share_an_account():
    accounts = asdict(ROLES)
    with pytest.raises(DeploymentError, match=r"meter and grid are both 0x0+1: each needs its own account"):
        RoleAccounts(**(accounts | {"meter": accounts["grid"]}))


def test_plan_is_refused_when_the_deployer_holds_another_role(artifacts):
    with pytest.raises(DeploymentError, match="is the supervisor and cannot hold another role"):
        plan_deployment(MarketConfiguration(), artifacts, ROLES.meter, 0, ROLES)


@pytest.mark.parametrize(
    "address",
    ["0x12", "6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", 7, "0xCD234a471b72ba2f1ccf0a70fcaba648a5eecd8d"],
)
def test_address_is_refused_when_malformed_or_with_a_wrong_checksum(address):
    with pytest.raises(MarketError, match="is not an address"):
        checked_address(address)
