"""What every engine checks before it runs anything, and how a list of transactions becomes blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

from voltberg.chain.engine import BLOCK_GAS_LIMIT, EngineError, Transaction

TRANSACTION_GAS: Final = 21_000
CREATE_GAS: Final = 32_000
ZERO_BYTE_GAS: Final = 4
NONZERO_BYTE_GAS: Final = 16
INIT_CODE_WORD_GAS: Final = 2
MAX_INIT_CODE_BYTES: Final = 49_152
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def intrinsic_gas(data: bytes, *, creates: bool) -> int:
    """Gas that a transaction costs before its first instruction, by the rules of shanghai.

    Parameters
    ----------
    data : bytes
        Calldata or init code.
    creates : bool
        Whether it deploys a contract.

    Returns
    -------
    int
        Gas: 21,000, plus 4 for each zero and 16 for each other byte, plus what EIP-3860 asks of init code.
    """
    zeros = data.count(0)
    gas = TRANSACTION_GAS + ZERO_BYTE_GAS * zeros + NONZERO_BYTE_GAS * (len(data) - zeros)
    if creates:
        gas += CREATE_GAS + INIT_CODE_WORD_GAS * ((len(data) + 31) // 32)
    return gas


def normalize_address(address: str) -> str:
    """Return an address in the form that engines use inside.

    Parameters
    ----------
    address : str
        20 bytes in hex with ``0x``, in any case.

    Returns
    -------
    str
        The same in lower case.

    Raises
    ------
    EngineError
        If it is no address.
    """
    lower = _lower_address(address) if isinstance(address, str) else None
    if lower is None:
        raise EngineError(f"not an address: {address!r}; expected 0x and 40 hex digits")
    return lower


@lru_cache(maxsize=8_192)
def _lower_address(address: str) -> str | None:
    """Kept, since a campaign asks for the same few accounts in every call."""
    return address.lower() if _ADDRESS.fullmatch(address) else None


def check_transactions(
    transactions: Sequence[Transaction],
    senders: Collection[str],
    max_init_code_bytes: int = MAX_INIT_CODE_BYTES,
) -> None:
    """Refuse transactions that no chain would take, so that all engines refuse the same ones.

    Parameters
    ----------
    transactions : Sequence[Transaction]
        What is about to be submitted.
    senders : Collection[str]
        Addresses whose keys the engine has, lower case.
    max_init_code_bytes : int, optional
        Longest init code that the chain takes [byte].

    Raises
    ------
    EngineError
        Naming the first transaction that cannot be sent, and why.
    """
    for index, transaction in enumerate(transactions):
        fault = _fault(transaction, senders, max_init_code_bytes)
        if fault:
            raise EngineError(f"transaction {index} of {len(transactions)} cannot be sent: {fault}")


def _fault(transaction: Transaction, senders: Collection[str], max_init_code_bytes: int) -> str | None:
    if transaction.sender.lower() not in senders:
        return f"no key for sender {transaction.sender}"
    if transaction.to is not None and not _ADDRESS.fullmatch(transaction.to):
        return f"recipient {transaction.to!r} is no address"
    if transaction.value_wei < 0:
        return f"value {transaction.value_wei} wei is negative"
    creates = transaction.to is None
    if creates and len(transaction.data) > max_init_code_bytes:
        return f"init code of {len(transaction.data)} bytes exceeds {max_init_code_bytes}"
    if transaction.gas_limit > BLOCK_GAS_LIMIT:
        return f"gas limit {transaction.gas_limit} exceeds a block's {BLOCK_GAS_LIMIT}"
    needed = intrinsic_gas(transaction.data, creates=creates)
    if transaction.gas_limit < needed:
        return f"gas limit {transaction.gas_limit} is below the intrinsic {needed}"
    return None


def split_into_blocks(
    transactions: Sequence[Transaction], gas_limit: int = BLOCK_GAS_LIMIT
) -> list[Sequence[Transaction]]:
    """Cut a list into blocks, each as long as its gas limits allow, without changing the order.

    Gas *limits* are summed, not gas used: what is used is only known afterwards, and the cut must be the
    same on every engine.

    Parameters
    ----------
    transactions : Sequence[Transaction]
        In the order in which they shall run.
    gas_limit : int, optional
        Most gas of one block.

    Returns
    -------
    list[Sequence[Transaction]]
        At least one block; a single empty one if there are no transactions.
    """
    blocks: list[Sequence[Transaction]] = []
    start = 0
    gas = 0
    for index, transaction in enumerate(transactions):
        if gas + transaction.gas_limit > gas_limit and index > start:
            blocks.append(transactions[start:index])
            start, gas = index, 0
        gas += transaction.gas_limit
    blocks.append(transactions[start:])
    return blocks


def check_timestamp(timestamp: int, latest: int) -> None:
    """Refuse a block time that does not lie after the latest block's.

    Parameters
    ----------
    timestamp : int
        Time of the block to come [unix s].
    latest : int
        Time of the latest block [unix s].

    Raises
    ------
    EngineError
        If time would stand still or go back.
    """
    if timestamp <= latest:
        raise EngineError(f"block time {timestamp} does not lie after the latest block's {latest}")
