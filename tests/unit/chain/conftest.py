"""A small contract that does one of each thing, and the local engines to run it on."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import GENESIS_TIMESTAMP, Transaction, open_engine

LOCAL_ENGINES = ("ganache", "anvil", "evm")


@dataclass(frozen=True)
class Probe:
    """The probe's init code, and calldata for its functions."""

    init_code: bytes
    selectors: dict[str, str]

    def data(self, function: str, *words: int) -> bytes:
        """Encode a call by the function's name; every argument is one word."""
        signature = next(item for item in self.selectors if item.split("(")[0] == function)
        return bytes.fromhex(self.selectors[signature]) + b"".join(word.to_bytes(32, "big") for word in words)


@pytest.fixture(scope="session")
def probe(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Probe:
    """Compile EngineProbe.sol with the project's own settings."""
    root = tmp_path_factory.mktemp("probe")
    (root / "contracts").mkdir()
    (root / "interfaces").mkdir()
    shutil.copy(project_root / "brownie-config.yaml", root)
    shutil.copy(Path(__file__).with_name("EngineProbe.sol"), root / "contracts")
    for folder in ("node_modules", ".solcx"):
        if (project_root / folder).exists():
            (root / folder).symlink_to(project_root / folder)
    artifact = compile_contracts(root)["EngineProbe"]
    return Probe(bytes.fromhex(artifact.bytecode.removeprefix("0x")), dict(artifact.method_identifiers))


@pytest.fixture(params=LOCAL_ENGINES)
def engine(request: pytest.FixtureRequest):
    """Each local engine in turn, fresh, with 40 accounts."""
    with open_engine(request.param, account_count=40) as opened:
        yield opened


@pytest.fixture
def deployed(engine, probe) -> str:
    """The probe's address on ``engine``, which is then at block 1."""
    transaction = Transaction(engine.accounts[0], None, probe.init_code, 3_000_000)
    return engine.send_block([transaction], GENESIS_TIMESTAMP + 10)[0].contract_address
