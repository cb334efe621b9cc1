"""Between JSON-RPC's hex objects and the engine's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from voltberg.chain.blocks import TRANSACTION_GAS, normalize_address
from voltberg.chain.engine import BLOCK_GAS_LIMIT, Call, Log, Receipt, Transaction

CALL_GAS_LIMIT: Final = BLOCK_GAS_LIMIT
"""Gas of a read-only call, the same on every engine: a contract can see it."""


def receipt_of_rpc(raw: dict[str, Any], calldata_bytes: int, seconds: float) -> Receipt:
    """Read a receipt as nodes give it.

    Parameters
    ----------
    raw : dict
        Result of ``eth_getTransactionReceipt``, with the revert data of a failed transaction added under
        ``output``.
    calldata_bytes : int
        Length of the transaction's data [bytes].
    seconds : float
        Wall time [s].

    Returns
    -------
    Receipt
        The same.
    """
    status = int(raw["status"], 16)
    # Nodes name the address that a failed deployment would have had; nothing is there.
    created = raw.get("contractAddress") if status else None
    return Receipt(
        status=status,
        gas_used=int(raw["gasUsed"], 16),
        logs=tuple(
            Log(
                log["address"].lower(),
                tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
                bytes.fromhex(log["data"][2:]),
            )
            for log in raw["logs"]
        ),
        contract_address=created.lower() if created else None,
        block_number=int(raw["blockNumber"], 16),
        output=raw.get("output", b""),
        calldata_bytes=calldata_bytes,
        seconds=seconds,
    )


def call_params(call: Call) -> list[Any]:
    """Give the parameters of ``eth_call`` on the latest block.

    Parameters
    ----------
    call : Call
        Call.

    Returns
    -------
    list[Any]
        Its JSON-RPC parameters.
    """
    return [
        {
            "from": normalize_address(call.sender),
            "to": normalize_address(call.to),
            "data": "0x" + call.data.hex(),
            "gas": hex(CALL_GAS_LIMIT),
        },
        "latest",
    ]


def fund_transactions(sender: str, addresses: Sequence[str], amount_wei: int) -> list[Transaction]:
    """Make one plain transfer for each address.

    Parameters
    ----------
    sender : str
        Who pays.
    addresses : Sequence[str]
        Who is paid; accounts without code.
    amount_wei : int
        How much each gets [wei].

    Returns
    -------
    list[Transaction]
        Transfers.
    """
    return [
        Transaction(sender, normalize_address(address), b"", TRANSACTION_GAS, amount_wei)
        for address in addresses
    ]
