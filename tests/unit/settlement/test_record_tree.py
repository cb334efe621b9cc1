"""The tree over records: every range of small trees, against a tree that is built whole."""

from random import Random

import pytest

from voltberg.reference.record_tree import NO_ROOT, chunk_hashes, proof_of, root_of, root_of_range


@pytest.fixture
def math(desk):
    return desk.deploy("SettlementMathHarness")


def leaves(count):
    return [bytes([number + 1]) * 32 for number in range(count)]


@pytest.mark.parametrize("total", [1, 2, 3, 5, 8, 13])
def test_every_range_proves_the_root_and_nothing_else_does(math, total):
    hashes = leaves(total)
    root = root_of(hashes)
    assert math.call("treeRoot", hashes) == root != NO_ROOT
    for first in range(total):
        for count in range(1, total - first + 1):
            proof = proof_of(hashes, first, count)
            given = (first, hashes[first : first + count], total)
            assert math.call("rootOfRange", *given, proof) == root
            assert root_of_range(*given, proof) == root
            for wrong in (proof[:-1], [*proof, NO_ROOT]) if proof else ([NO_ROOT],):
                assert math.call("rootOfRange", *given, wrong) == root_of_range(*given, wrong) == NO_ROOT


def test_a_changed_chunk_place_width_or_node_leads_elsewhere(math):
    draw = Random(4)
    hashes = leaves(13)
    root = root_of(hashes)
    for _ in range(40):
        first = draw.randrange(13)
        count = draw.randrange(1, 14 - first)
        part, proof = hashes[first : first + count], proof_of(hashes, first, count)
        changed = [*part]
        changed[draw.randrange(count)] = b"x" * 32
        given = [(first, changed, 13, proof), (first + 1, part, 13, proof), (first, part, 12, proof)]
        if proof:
            place = draw.randrange(len(proof))
            given.append((first, part, 13, [*proof[:place], b"y" * 32, *proof[place + 1 :]]))
        for wrong in given:
            found = math.call("rootOfRange", *wrong)
            assert found == root_of_range(*wrong)
            # The width matters where the shape of the range's path depends on it.
            assert found != root or wrong[2] == 12


def test_nothing_has_no_root(math):
    assert math.call("treeRoot", []) == root_of([]) == NO_ROOT
    for given in [(0, [], 0, []), (0, [], 1, []), (1, leaves(1), 1, []), (2**255, leaves(1), 5, [])]:
        assert math.call("rootOfRange", *given) == root_of_range(*given) == NO_ROOT


def test_records_are_hashed_in_chunks_of_eight():
    hashes = chunk_hashes(range(1, 18))
    assert len(hashes) == 3
    assert hashes[2] == chunk_hashes([17])[0]
    assert hashes[1] == chunk_hashes(range(9, 17))[0]
