"""Reads what a transaction changed out of pyrevm 0.3.7's ``journal_str``.

That text is a debug format, so the version is pinned and tests compare the engine with nodes. It is cut with
string searches: contract code makes up most of it and must not be walked through by a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from voltberg.chain.engine import EngineError

_START: Final = "JournaledState { state: {"
_END: Final = "}, transient_storage: "
_ACCOUNT: Final = ": Account { info: AccountInfo { balance: "
_ADDRESS_CHARACTERS: Final = 42
_HASH_CHARACTERS: Final = 64
_SLOT = re.compile(r"(\d+): StorageSlot \{ previous_or_original_value: (\d+), present_value: (\d+) \}")
_CODE = re.compile(r"bytecode: 0x([0-9a-f]*), state: Analysed \{ len: (\d+),")


class TouchedAccount(NamedTuple):
    """An account that a transaction read or wrote, as it is afterwards.

    A named tuple, because every transaction makes a handful of them.

    Attributes
    ----------
    address : str
        Lower-case hex.
    balance_wei : int
        Balance [wei].
    nonce : int
        Nonce.
    code_hash : bytes
        Keccak of its code.
    code : bytes or None
        Its code if the transaction deployed it.
    storage : dict[int, tuple[int, int]]
        Value before and after of each slot that was written to something else.
    destroyed : bool
        Whether it destroyed itself.
    created : bool
        Whether the transaction deployed it.
    """

    address: str
    balance_wei: int
    nonce: int
    code_hash: bytes
    code: bytes | None
    storage: dict[int, tuple[int, int]]
    destroyed: bool
    created: bool


def read_journal(text: str) -> Iterator[TouchedAccount]:
    """Read the accounts of a journal.

    Parameters
    ----------
    text : str
        ``EVM.journal_str``, read before the transaction is reverted.

    Yields
    ------
    TouchedAccount
        One for each account that was loaded.

    Raises
    ------
    EngineError
        If the text is not in the format of pyrevm 0.3.7.
    """
    try:
        state = text[text.index(_START) + len(_START) : text.index(_END)]
        pieces = state.split(_ACCOUNT)
        address = pieces[0][-_ADDRESS_CHARACTERS:]
        for body in pieces[1:]:
            yield _read_account(address, body)
            address = body[-_ADDRESS_CHARACTERS:]
    except (ValueError, AttributeError) as error:
        raise EngineError("pyrevm's journal is not in the format of version 0.3.7") from error


def _read_account(address: str, body: str) -> TouchedAccount:
    nonce_at = body.index(", nonce: ")
    hash_at = body.index(", code_hash: 0x", nonce_at)
    hash_from = hash_at + len(", code_hash: 0x")
    storage_at = body.index(" }, storage: {", hash_from)
    status_at = body.rindex("}, status: AccountStatus(")
    status = body[status_at : body.index(")", status_at)]
    created = "Created" in status
    code = None
    if created and (found := _CODE.search(body, hash_from, storage_at)):
        # The analysed code is padded with zeros; its length stands beside it.
        code = bytes.fromhex(found[1])[: int(found[2])]
    return TouchedAccount(
        address=address,
        balance_wei=int(body[:nonce_at]),
        nonce=int(body[nonce_at + len(", nonce: ") : hash_at]),
        code_hash=bytes.fromhex(body[hash_from : hash_from + _HASH_CHARACTERS]),
        code=code,
        storage={
            int(slot): (int(before), int(after))
            for slot, before, after in _SLOT.findall(body, storage_at, status_at)
            if before != after
        },
        destroyed="SelfDestructed" in status,
        created=created,
    )
