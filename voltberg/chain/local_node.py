"""A local node for people: it mines every transaction as it comes, and its clock is the clock on the wall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from voltberg.chain.accounts import DEFAULT_BALANCE_ETHER, TEST_MNEMONIC
from voltberg.chain.anvil import _find_anvil
from voltberg.chain.engine import CHAIN_ID, NODE_GAS_LIMIT, EngineError
from voltberg.chain.node_process import HOST, NodeProcess, find_in_node_modules, find_program

NODE_NAMES: Final = ("ganache", "anvil")
_OBSERVER: Final = Path(__file__).with_name("ganache_observer.js")


def start_local_node(name: str, port: int | None, account_count: int) -> NodeProcess:
    """Start a node whose accounts are those of the public test mnemonic.

    Parameters
    ----------
    name : str
        ``ganache`` or ``anvil``.
    port : int or None
        Port on 127.0.0.1; None for a free one.
    account_count : int
        Number of funded accounts.

    Returns
    -------
    NodeProcess
        The node; stop it when done.

    Raises
    ------
    EngineError
        If there is no such node, it is not installed, or it doesn't start.
    """
    if name not in NODE_NAMES:
        raise EngineError(f"no local node is called {name!r}; expected one of {', '.join(NODE_NAMES)}")
    make = _ganache_command if name == "ganache" else _anvil_command
    command = make(account_count)
    return NodeProcess(name, lambda free_port: [*command, f"--port={free_port}"], port)


def _ganache_command(account_count: int) -> Sequence[str]:
    program = find_in_node_modules("ganache/dist/node/cli.js", None, "ganache")
    # The observer ends the node when this process dies, however it dies.
    return [
        find_program("node"),
        "--require",
        str(_OBSERVER),
        str(program),
        "--logging.quiet",
        f"--server.host={HOST}",
        "--chain.hardfork=shanghai",
        f"--chain.chainId={CHAIN_ID}",
        f"--chain.networkId={CHAIN_ID}",
        f"--miner.blockGasLimit={NODE_GAS_LIMIT}",
        f"--wallet.mnemonic={TEST_MNEMONIC}",
        f"--wallet.totalAccounts={account_count}",
        f"--wallet.defaultBalance={DEFAULT_BALANCE_ETHER}",
    ]


def _anvil_command(account_count: int) -> Sequence[str]:
    return [
        _find_anvil(),
        "--silent",
        f"--host={HOST}",
        "--hardfork=shanghai",
        f"--chain-id={CHAIN_ID}",
        f"--gas-limit={NODE_GAS_LIMIT}",
        f"--mnemonic={TEST_MNEMONIC}",
        f"--accounts={account_count}",
        f"--balance={DEFAULT_BALANCE_ETHER}",
    ]
