"""`voltberg node`, `deploy`, `abi` and the example, as a newcomer runs them: real processes, a real node."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.deployment_plan import CREATION_ORDER
from voltberg.chain.json_rpc import ConnectionLost, JsonRpcClient
from voltberg.models import LISTENERS

ROOT = Path(__file__).resolve().parents[2]
VOLTBERG = [sys.executable, "-m", "voltberg.cli"]
PARTICIPANTS = 3
# Contracts, listeners, venues (all listeners but house and credit), three registrations, `configure`.
STEPS = len(CREATION_ORDER) + len(LISTENERS) + (len(LISTENERS) - 2) + 3 + 1
START_SECONDS = 150


def run(*arguments, **options):
    return subprocess.run(
        [*VOLTBERG, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, check=False, **options
    )


class RunningNode:
    """`voltberg node` with what it printed."""

    def __init__(self, engine, folder):
        self.folder = folder / "deployments"
        self._output = folder / "output.txt"
        command = [*VOLTBERG, "node", "--engine", engine, "--port", "0", "--out", str(self.folder)]
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*command, "--participants", str(PARTICIPANTS)], stdout=output, stderr=output, cwd=ROOT
            )
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops" not in self.text:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"the node did not start: {self.text}")
            time.sleep(0.1)
        self.url = re.search(r"http://127\.0\.0\.1:\d+", self.text).group()

    @property
    def text(self):
        return self._output.read_text()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


@pytest.fixture(scope="module", params=["ganache", "anvil"])
def node(request, tmp_path_factory):
    running = RunningNode(request.param, tmp_path_factory.mktemp(request.param))
    yield running
    running.stop()


@pytest.fixture
def key_file(tmp_path):
    """Key of an account that holds no role at the node's own market: it deploys another one."""
    path = tmp_path / "deployer.key"
    path.write_text("0x" + accounts_of_mnemonic(TEST_MNEMONIC, 10)[9].key.hex() + "\n")
    return path


def test_node_prints_every_address_and_account_whole(node):
    record = json.loads((node.folder / "1337.json").read_text())
    assert record["complete"] is True
    for entry in record["contracts"].values():
        assert entry["address"] in node.text
    for account in accounts_of_mnemonic(TEST_MNEMONIC, 7 + PARTICIPANTS):
        assert account.address in node.text
        assert account.key.hex() in node.text
    assert "public mnemonic" in node.text


def test_example_places_its_order(node):
    command = [sys.executable, "examples/one_order.py", node.url, str(node.folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    # Participant 7 rests with 1,500 Wh, 500 of them displayed, and a lock of 60 + 5 ticks a Wh.
    assert re.fullmatch(r"status 1, \d+ gas, order \d+: \[7, 1500, 500, 500, 0, 65\]\n", done.stdout), (
        done.stdout
    )


def test_deploy_says_what_it_would_do_then_does_it_once(node, key_file, tmp_path):
    folder = tmp_path / "deployments"
    common = ("deploy", "--rpc", node.url, "--key-file", key_file, "--out", folder, "--chain-id", 1337)
    dry = run(*common, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert not folder.exists()
    assert dry.stdout.count("to do") == STEPS
    assert "registry.addListener(house)" in dry.stdout
    first = run(*common, "--json")
    assert first.returncode == 0, first.stderr
    record = json.loads(first.stdout)
    assert record == json.loads((folder / "1337.json").read_text())
    for entry in record["contracts"].values():
        assert entry["address"] in dry.stdout, "the dry run predicted another address"
    again = run(*common, "--json")
    assert json.loads(again.stdout) == record
    assert again.stderr.count("done before") == STEPS
    key = key_file.read_text().strip().removeprefix("0x")
    assert key not in dry.stdout + dry.stderr + first.stdout + first.stderr + again.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--chain-id", 1), "the endpoint is chain 1337, expected 1"),
        (("--token", "0x" + "70" * 20), "has no code on chain 1337"),
        (("--token", "0x12"), "is not an address"),
    ],
)
def test_deploy_is_refused_with_one_line(node, key_file, tmp_path, options, message):
    done = run("deploy", "--rpc", node.url, "--key-file", key_file, "--out", tmp_path / "out", *options)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["", "0x1234", "secret words of mine", "ff" * 33])
def test_bad_key_file_is_refused_without_a_word_of_it(tmp_path, content):
    path = tmp_path / "bad.key"
    path.write_text(content)
    done = run("deploy", "--rpc", "http://127.0.0.1:1", "--key-file", path)
    assert done.returncode == 1
    assert "does not hold a private key: expected 64 hex digits" in done.stderr
    assert not content or content not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--configuration", "book: {minimum_quantity_wh: 0}", "book.minimum_quantity_wh"),
        ("--configuration", "- 1", "holds list, expected a mapping"),
        ("--configuration", "bok: {}", "bok"),
    ],
)
def test_bad_parameter_file_is_refused_by_name(tmp_path, key_file, option, content, message):
    path = tmp_path / "file.yaml"
    path.write_text(content)
    done = run("deploy", "--rpc", "http://127.0.0.1:1", "--key-file", key_file, option, path)
    assert done.returncode == 1
    assert message in done.stderr


def test_abi_bundle_holds_every_contract(tmp_path):
    path = tmp_path / "out" / "abi.json"
    done = run("abi", "--out", path)
    assert done.returncode == 0, done.stderr
    bundle = json.loads(path.read_text())
    names = {item.stem for item in (ROOT / "contracts").glob("*.sol")}
    assert names
    assert names | {f"I{name}" for name in names} <= bundle.keys()
    assert "place" in {entry.get("name") for entry in bundle["IcebergOrderBook"]}


def test_node_stops_its_process_when_interrupted(tmp_path):
    node = RunningNode("anvil", tmp_path)
    with closing(JsonRpcClient(node.url)) as client:
        assert client.call("eth_chainId") == "0x539"
        assert node.stop() == 0
        with pytest.raises(ConnectionLost):
            client.call("eth_chainId")
    assert "stopping the node" in node.text


def test_unknown_engine_is_refused_by_name():
    done = run("node", "--engine", "geth", env=os.environ | {"COLUMNS": "200"})
    assert done.returncode == 1
    assert "no local node is called 'geth'; expected one of ganache, anvil" in done.stderr
