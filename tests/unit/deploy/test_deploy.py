"""Deploying, continuing, refusing: on the in-process engine."""

import json
from dataclasses import replace

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.deploy import deploy_market, prepare_deployment
from voltberg.chain.deployment_checks import check_deployment, code_matches
from voltberg.chain.deployment_plan import CREATION_ORDER, DeploymentError, RoleAccounts
from voltberg.chain.engine import Transaction, open_engine
from voltberg.chain.market import ChainMarket, TransactionReverted, checked_address
from voltberg.configuration import CreditTerms, MarketConfiguration
from voltberg.models import LISTENERS

# Contracts, listeners, venues (all listeners but house and credit), three registrations, `configure`.
STEPS = len(CREATION_ORDER) + len(LISTENERS) + (len(LISTENERS) - 2) + 3 + 1


class PowerCutError(Exception):
    """The deploying machine dies."""


@pytest.fixture(scope="module")
def artifacts(project_root):
    return compile_contracts(project_root)


@pytest.fixture
def chain(local_engine_name):
    with open_engine(local_engine_name, account_count=10) as engine:
        yield engine


@pytest.fixture
def deploy(chain, artifacts, tmp_path):
    """Deploy with the test's own folder, and whatever else a test wants different."""

    def run(**changes):
        roles = RoleAccounts(*chain.accounts[1:7])
        arguments = {"folder": tmp_path, "configuration": MarketConfiguration(), "roles": roles}
        arguments |= {"artifacts": artifacts, "deployer": chain.accounts[0]} | changes
        return deploy_market(chain, **arguments)

    return run


def stopping_after(count):
    steps = []

    def progress(step):
        steps.append(step)
        if len(steps) == count:
            raise PowerCutError

    return progress


def test_record_names_everything_of_a_new_market(deploy, chain, artifacts, tmp_path):
    finished = deploy()
    record = json.loads((tmp_path / f"{chain.chain_id}.json").read_text())
    assert finished.path == tmp_path / "1337.json"
    assert record["complete"] is True
    assert record["compiler"]["solc_version"] == artifacts.settings.solc_version
    assert record["deployer"] == checked_address(chain.accounts[0])
    assert list(record["contracts"]) == list(CREATION_ORDER)
    for entry in record["contracts"].values():
        assert code_matches(artifacts[entry["contract"]], chain.get_code(entry["address"]))
        assert entry["gas_used"] > 100_000
        assert entry["block"] > 0
        assert len(entry["bytecode_keccak256"]) == 66
    assert record["contracts"]["house"]["constructor_arguments"][:3] == [
        record["contracts"][name]["address"] for name in ("registry", "token", "credit")
    ]
    assert record["contracts"]["house"]["constructor_arguments"][3] == [1800, 2, 600, 300, 7200, 512]
    assert len(record["contracts"]) + len(record["wiring"]) == STEPS
    key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    assert key not in json.dumps(record)


@pytest.mark.parametrize("stop", [1, 3, 6, 7, 11, 15, STEPS])
def test_deployment_goes_on_where_it_stopped(deploy, chain, stop):
    with pytest.raises(PowerCutError):
        deploy(progress=stopping_after(stop))
    block_number = chain.block_number
    steps = []
    deploy(progress=steps.append)
    assert [step.gas_used is None for step in steps] == [True] * stop + [False] * (STEPS - stop)
    assert chain.block_number - block_number == STEPS - stop


def test_deployment_goes_on_when_the_record_missed_the_last_transaction(deploy, chain, tmp_path):
    for stop in (2, 9):
        with pytest.raises(PowerCutError):
            deploy(progress=stopping_after(stop), fresh=stop == 2)
        path = tmp_path / "1337.json"
        record = json.loads(path.read_text())
        entries = [*record["contracts"].values(), *record["wiring"]]
        done = [entry for entry in entries if "block" in entry]
        assert len(done) == stop
        del done[-1]["block"], done[-1]["gas_used"]
        path.write_text(json.dumps(record))
    steps = []
    deploy(progress=steps.append)
    assert [step.gas_used is None for step in steps] == [True] * 9 + [False] * (STEPS - 9)


def test_finished_deployment_is_confirmed_without_a_transaction(deploy, chain):
    first = deploy()
    block_number = chain.block_number
    again = deploy()
    assert chain.block_number == block_number
    assert again.record == first.record


def test_fresh_deployment_stands_beside_the_older_one(deploy):
    first = deploy()
    second = deploy(fresh=True)
    assert not set(first.market.addresses.values()) & set(second.market.addresses.values())
    assert second.record.first_nonce == STEPS


def test_deployment_uses_the_token_that_is_given(deploy, chain, artifacts):
    token = deploy(folder=None).market.addresses["token"]
    finished = deploy(folder=None, token=token)
    assert finished.market.call("house", "token") == token
    assert "token" not in finished.record.contracts


def test_deployment_is_refused_when_the_chain_is_another(deploy, chain):
    with pytest.raises(DeploymentError, match="the endpoint is chain 1337, expected 1"):
        deploy(expected_chain_id=1)
    assert chain.block_number == 0


def test_deployment_is_refused_when_the_token_has_no_code(deploy):
    token = "0x" + "70" * 20
    with pytest.raises(DeploymentError, match=f"the token {token} has no code on chain 1337"):
        deploy(token=token)


def test_deployment_is_refused_when_the_file_has_other_parameters(deploy):
    with pytest.raises(PowerCutError):
        deploy(progress=stopping_after(4))
    other = MarketConfiguration.model_validate({"book": {"minimum_quantity_wh": 51}})
    with pytest.raises(
        DeploymentError, match="another configuration: book minimum_quantity_wh recorded 50, now 51"
    ):
        deploy(configuration=other)


def test_deployment_is_refused_when_the_file_has_other_bytecode(deploy, artifacts):
    with pytest.raises(PowerCutError):
        deploy(progress=stopping_after(2))
    changed = replace(artifacts["StorageRental"], bytecode="0x00" + artifacts["StorageRental"].bytecode[2:])
    other = replace(artifacts, by_name=artifacts.by_name | {"StorageRental": changed})
    with pytest.raises(DeploymentError, match="another bytecode_keccak256 of storage"):
        deploy(artifacts=other)


def test_deployment_is_refused_when_the_file_has_another_deployer_or_role(deploy, chain):
    with pytest.raises(PowerCutError):
        deploy(progress=stopping_after(2))
    with pytest.raises(DeploymentError, match="another deployer"):
        deploy(deployer=chain.accounts[8])
    with pytest.raises(DeploymentError, match="another roles: meter recorded"):
        deploy(roles=RoleAccounts(*chain.accounts[1:6], chain.accounts[9]))


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 9}', '{"format": 1, "chain_id": 1337}'])
def test_deployment_is_refused_when_the_file_is_no_record(deploy, tmp_path, content):
    (tmp_path / "1337.json").write_text(content)
    with pytest.raises(DeploymentError, match=r"1337\.json (is no deployment record|has format)"):
        deploy()
    assert (tmp_path / "1337.json").read_text() == content


def test_deployment_is_refused_when_the_chain_was_started_anew(deploy, chain):
    snapshot = chain.snapshot()
    deploy()
    chain.revert(snapshot)
    with pytest.raises(DeploymentError, match="has no code there"):
        deploy()


def test_deployment_is_refused_when_the_deployer_sent_something_else_meanwhile(deploy, chain):
    with pytest.raises(PowerCutError):
        deploy(progress=stopping_after(3))
    chain.send_block([Transaction(chain.accounts[0], chain.accounts[1])], chain.timestamp + 1)
    with pytest.raises(DeploymentError, match=r"expects book at .* from nonce 3 .* whose next nonce is 4"):
        deploy()


def test_deployment_names_the_step_that_would_revert(deploy, chain):
    # A constructor that refuses its arguments; terms that were not validated, because validated ones deploy.
    terms = MarketConfiguration(credit=CreditTerms.model_construct(alpha_wad=1))
    with pytest.raises(DeploymentError, match="deployment of CreditScoring failed: Credit_InvalidTerms: 1"):
        deploy(configuration=terms)


def test_preparing_sends_and_writes_nothing(chain, artifacts, tmp_path):
    roles = RoleAccounts(*chain.accounts[1:7])
    prepare_deployment(chain, artifacts, MarketConfiguration(), chain.accounts[0], roles, folder=tmp_path)
    assert chain.block_number == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("contract", "function", "arguments", "message"),
    [
        ("registry", "setRoles", ("meter", 1), r"registry\.rolesOf\(0x\w+\) is 1, expected 8"),
        ("registry", "transferOwnership", (), None),
        ("credit", "setRiskParameters", (1, 2), r"credit\.riskParameters\(\) is \(1, 2\), expected"),
    ],
)
def test_check_names_what_differs(deploy, chain, artifacts, contract, function, arguments, message):
    finished = deploy()
    roles = RoleAccounts(*chain.accounts[1:7])
    plan, _, _ = prepare_deployment(
        chain, artifacts, MarketConfiguration(), chain.accounts[0], roles, folder=finished.path.parent
    )
    values = [getattr(roles, item) if isinstance(item, str) else item for item in arguments]
    if function == "transferOwnership":
        values = [chain.accounts[9]]
    sent = finished.market.transaction(chain.accounts[0], contract, function, *values)
    assert chain.send_block([sent], chain.timestamp + 1)[0].succeeded
    if message is None:
        # Half a handover changes nothing: the successor has to accept.
        check_deployment(chain, plan, finished.market)
        return
    with pytest.raises(DeploymentError, match=message):
        check_deployment(chain, plan, finished.market)


def test_market_reads_many_views_at_once_and_says_what_reverted(deploy):
    market = deploy().market
    assert market.read([("house", "suppliers", ()), ("registry", "accountOf", (6,))]) == [
        (1, 2, 3),
        market.call("registry", "accountOf", 6),
    ]
    with pytest.raises(TransactionReverted, match=r"^Registry_NotRegistered: 0x0{40}$"):
        market.read([("registry", "participantCount", ()), ("registry", "sync", (1, 99))])


def test_market_names_what_it_does_not_know(deploy, artifacts):
    market = deploy().market
    with pytest.raises(ValueError, match="no contract is called 'exchange'; expected one of registry, token"):
        market.encode("exchange", "place", 1)
    with pytest.raises(ValueError, match="book has no function 'plaec'; it has accountOf"):
        market.encode("book", "plaec", 1)
    with pytest.raises(ValueError, match="no address for credit"):
        ChainMarket({k: v for k, v in market.addresses.items() if k != "credit"}, artifacts)
    with pytest.raises(ValueError, match="made without an engine"):
        ChainMarket(market.addresses, artifacts).call("house", "suppliers")
    assert market.decode_error(b"\1\2\3\4") == "Unknown error: 0x01020304"
