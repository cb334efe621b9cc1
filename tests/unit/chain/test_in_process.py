"""What only the in-process engine can get wrong."""

import sys
from collections import namedtuple

import pytest

from voltberg.chain.engine import EngineError
from voltberg.chain.evm_journal import read_journal
from voltberg.chain.in_process import InProcessEngine

HASH = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
INFO = "Account { info: AccountInfo { balance: %d, nonce: %d, code_hash: 0x" + HASH + ", code: "
CODE = 'Some(Bytecode { bytecode: 0x600100, state: Analysed { len: 2, jump_map: JumpMap { map: "00" } } })'
SLOT = "%d: StorageSlot { previous_or_original_value: %d, present_value: %d }"
JOURNAL = (
    "JournaledState { state: {0x" + "11" * 20 + ": " + INFO % (7, 2) + CODE
    + " }, storage: {" + SLOT % (5, 0, 8) + ", " + SLOT % (6, 9, 9)
    + "}, status: AccountStatus(Created | Touched) }, 0x" + "22" * 20 + ": " + INFO % (0, 0)
    + "None }, storage: {}, status: AccountStatus(Touched | SelfDestructed) }"
    + "}, transient_storage: {}, logs: [] }"
)  # fmt: skip


def test_journal_gives_accounts_code_and_changed_slots():
    first, second = read_journal(JOURNAL)
    assert (first.address, first.balance_wei, first.nonce) == ("0x" + "11" * 20, 7, 2)
    assert (first.code, first.created, first.destroyed) == (b"\x60\x01", True, False)
    assert first.storage == {5: (0, 8)}
    assert (second.address, second.code, second.storage) == ("0x" + "22" * 20, None, {})
    assert (second.created, second.destroyed) == (False, True)


@pytest.mark.parametrize("text", ["", JOURNAL.replace("nonce", "count"), JOURNAL.replace("state: {", "{", 1)])
def test_journal_in_another_format_is_refused(text):
    with pytest.raises(EngineError, match=r"not in the format of version 0\.3\.7"):
        list(read_journal(text))


def test_newer_python_is_told_what_the_engine_needs(monkeypatch):
    version = namedtuple("version", "major minor micro releaselevel serial")(3, 13, 0, "final", 0)
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(EngineError, match=r"needs Python 3\.11 or 3\.12 .*no wheels for 3\.13"):
        InProcessEngine()
