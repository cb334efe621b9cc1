"""Nodes that do not start, die half-way, or outlive those who started them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from voltberg.chain.engine import GENESIS_TIMESTAMP, EngineError, Transaction, open_engine
from voltberg.chain.json_rpc import ConnectionLost, JsonRpcClient
from voltberg.chain.node_process import HOST, NodeProcess, find_in_node_modules, find_program

START = GENESIS_TIMESTAMP + 10


def runs(pid: int) -> bool:
    """Whether a process exists and is not a mere entry that nobody has waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((HOST, port)) != 0


@pytest.fixture(params=["ganache", "anvil"])
def node(request):
    with open_engine(request.param, account_count=5) as opened:
        yield opened


def batch(engine, probe):
    return [Transaction(account, None, probe.init_code, 10_000_000) for account in engine.accounts] * 2


def test_killed_node_says_how_far_it_got(node, probe, monkeypatch):
    """Four blocks of three transactions, and the node dies as the third is about to be sent."""
    send = node._send

    def send_or_die(signed):
        if node._rpc.call("eth_blockNumber") == "0x2":
            os.kill(node.process.pid, signal.SIGKILL)
        send(signed)

    monkeypatch.setattr(node, "_send", send_or_die)
    handle = node.submit_block(batch(node, probe), START)
    with pytest.raises(
        EngineError,
        match=f"{node.name} failed in block 3: .*process {node.process.pid} was ended by SIGKILL"
        r".*6 of the 10 receipts of this submission are known",
    ) as died:
        node.collect(handle)
    assert [receipt.block_number for receipt in died.value.receipts] == [1, 1, 1, 2, 2, 2]
    for later in (lambda: node.call(node.accounts[0], b""), lambda: node.send_block([], START + 50)):
        with pytest.raises(EngineError, match="was ended by SIGKILL"):
            later()
    node.close()
    assert not runs(node.process.pid)
    assert port_is_free(node.process.port)


def test_closing_stops_the_process_and_removes_its_files(node):
    folder = node.process.output_path.parent
    assert runs(node.process.pid)
    assert folder.is_dir()
    node.close()
    node.close()
    assert not runs(node.process.pid)
    assert port_is_free(node.process.port)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["ganache", "anvil"])
def test_node_does_not_outlive_a_killed_parent(name):
    script = (
        "import os, signal\n"
        "from voltberg.chain.engine import open_engine\n"
        f"engine = open_engine({name!r}, account_count=2)\n"
        "print(engine.process.pid, engine.process.output_path.parent, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    number, folder = done.stdout.split()
    for _ in range(600):
        if not runs(int(number)) and not Path(folder).exists():
            return
        time.sleep(0.05)
    if runs(int(number)):
        os.kill(int(number), signal.SIGKILL)
        pytest.fail(f"{name} {number} still runs")
    pytest.fail(f"{name} is gone, its folder {folder} is not")


@pytest.mark.parametrize("name", ["ganache", "anvil"])
def test_port_in_use_is_named(name):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=f"port {port} on 127.0.0.1 cannot be used"):
            open_engine(name, account_count=1, port=port)


def test_node_that_ends_at_once_is_quoted():
    command = [sys.executable, "-c", "import sys; print('no such flag'); sys.exit(3)"]
    with pytest.raises(
        EngineError, match=r"toy did not start: process \d+ ended with code 3; it said: no such flag"
    ):
        NodeProcess("toy", lambda _: command, None)


def test_missing_programs_are_named(tmp_path):
    with pytest.raises(EngineError, match=r"ganache is not installed: no .*make setup"):
        find_in_node_modules("ganache/dist/node/cli.js", tmp_path, "ganache")
    with pytest.raises(EngineError, match="no-such-node is not on the search path"):
        find_program("no-such-node")


def test_unknown_engine_is_refused():
    with pytest.raises(
        EngineError, match="no engine is called 'geth'; expected one of ganache, anvil, evm, rpc"
    ):
        open_engine("geth")


def test_url_must_be_http():
    with pytest.raises(ConnectionLost, match="not an HTTP endpoint: 'ws://x'"):
        JsonRpcClient("ws://x")
