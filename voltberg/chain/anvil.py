"""Anvil: a fast local chain."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any, Final

from voltberg.chain.accounts import DEFAULT_BALANCE_ETHER
from voltberg.chain.engine import CHAIN_ID, NODE_GAS_LIMIT, EngineError
from voltberg.chain.json_rpc import RpcError
from voltberg.chain.node import NodeEngine
from voltberg.chain.node_process import HOST, find_in_node_modules
from voltberg.chain.signing import SignedTransaction

_ERROR_BATCH: Final = 500


def _find_anvil() -> str:
    try:
        return str(find_in_node_modules("@foundry-rs/anvil-*/bin/anvil", None, "anvil"))
    except EngineError:
        path = shutil.which("anvil")
        if path is None:
            raise
        return path


class AnvilEngine(NodeEngine):
    """Anvil as a child process; the arguments are those of ``NodeEngine``."""

    name = "anvil"

    def _command(
        self, mnemonic: str, accounts: int, genesis_timestamp: int
    ) -> Callable[[int], Sequence[str]]:
        program = _find_anvil()
        options = {
            "host": HOST,
            "hardfork": "shanghai",
            "chain-id": CHAIN_ID,
            "gas-limit": NODE_GAS_LIMIT,
            "timestamp": genesis_timestamp,
            "mnemonic": mnemonic,
            "accounts": accounts,
            "balance": DEFAULT_BALANCE_ETHER,
        }
        arguments = [f"--{key}={value}" for key, value in options.items()]
        # Automine with large batches hangs after some thousand transactions.
        return lambda port: [program, "--silent", "--no-mining", f"--port={port}", *arguments]

    def _mine(self, signed: Sequence[SignedTransaction], timestamp: int, number: int) -> list[dict[str, Any]]:
        self._send(signed)
        self._rpc.call("evm_mine", {"timestamp": timestamp})
        if not signed:
            return []
        receipts = self._checked(self._rpc.call("eth_getBlockReceipts", hex(number)) or [], signed, number)
        failed = [receipt for receipt in receipts if receipt["status"] == "0x0"]
        for start in range(0, len(failed), _ERROR_BATCH):
            chunk = failed[start : start + _ERROR_BATCH]
            # The Otterscan call looks the revert data up; debug_traceTransaction runs the block again.
            outputs = self._rpc.batch(
                "ots_getTransactionError", [[item["transactionHash"]] for item in chunk]
            )
            for receipt, output in zip(chunk, outputs, strict=True):
                if isinstance(output, RpcError):
                    raise output
                receipt["output"] = bytes.fromhex(output[2:])
        return receipts
