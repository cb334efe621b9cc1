"""The journal gives back what was written, and drops what a kill cut off."""

from pathlib import Path

from voltberg.simulation.journal import Journal
from voltberg.simulation.ledger import Execution

FIRST = [Execution(7, 50_000, 36, "", (("book", "Filled", (2**200 + 1,)), ("house", "S", (3, (1, 2)))), 0.25)]
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


def test_is_empty_before_the_first_block(tmp_path: Path) -> None:
    assert list(Journal(tmp_path).blocks()) == []
    Journal(tmp_path).trim(0)
