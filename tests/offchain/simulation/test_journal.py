"""The journal gives back what was written, and drops what a kill cut off."""

from pathlib import Path

import pytest

from voltberg.simulation.journal import Journal, JournalError
from voltberg.simulation.ledger import Execution

LOGS = (("book", "Filled", (2**200 + 1,)), ("auction", "Fills", (3, (1, 2), b"\x00\xff")))
FIRST = [Execution(7, 50_000, 36, "", LOGS, 0.25)]
SECOND = [Execution(8, 21_000, 4, "Name: 1, 2", (), 0.5), Execution(8, 22_000, 4, "", (), 0.5)]


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(FIRST)
    journal.append(SECOND)
    assert list(journal.blocks()) == [FIRST, SECOND]


def test_drops_a_line_that_a_kill_cut_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(FIRST)
    journal.append(SECOND)
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-5])
    assert list(journal.blocks()) == [FIRST]
    journal.trim(1)
    journal.append(SECOND)
    assert journal.path.read_bytes() == whole


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_says_that_the_disk_is_full(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.path.symlink_to("/dev/full")
    with pytest.raises(JournalError, match=r"No space left on device.*--resume"):
        journal.append(FIRST)


def test_is_empty_before_the_first_block(tmp_path: Path) -> None:
    assert list(Journal(tmp_path).blocks()) == []
    Journal(tmp_path).trim(0)
