"""Coverage from traces, on code of a few bytes: what ran, which way decisions went, which require failed."""

import pytest

from voltberg.chain.artifacts import Artifact, Artifacts, CompilerSettings
from voltberg.chain.coverage_build import CoverageBuild, is_measured
from voltberg.chain.coverage_report import coverage_of, dump, load
from voltberg.chain.coverage_trace import TRACED_IN_VAIN, Code, Patience, Recorder

PATH = "contracts/Tiny.sol"
SOURCE = "if(a) b();\nrequire(c);"
# 0 PUSH1, 2 JUMPI (if), 3 the call b(), 4 PUSH1, 6 JUMP (require), 7 JUMPDEST, 8 STOP, 9 REVERT
CODE = "0x" + "6007" + "57" + "01" + "6009" + "56" + "5b" + "00" + "fd"
SPANS = ["0:10:0", "0:10:0", "6:3:0", "11:10:0", "11:10:0", "11:10:0", "0:22:0", "-1:0:-1"]
TREE = {
    "nodeType": "SourceUnit",
    "src": "0:22:0",
    "nodes": [
        {
            "nodeType": "IfStatement",
            "src": "0:10:0",
            "condition": {"nodeType": "Identifier", "src": "3:1:0"},
            "trueBody": {"nodeType": "ExpressionStatement", "src": "6:3:0"},
        },
        {
            "nodeType": "ExpressionStatement",
            "src": "11:10:0",
            "expression": {
                "nodeType": "FunctionCall",
                "src": "11:10:0",
                "expression": {"nodeType": "Identifier", "src": "11:7:0", "name": "require"},
            },
        },
    ],
}
FELL_AND_HELD = [
    (0, "PUSH1"),
    (2, "JUMPI"),
    (3, "ADD"),
    (4, "PUSH1"),
    (6, "JUMP"),
    (7, "JUMPDEST"),
    (8, "STOP"),
]
FAILED = [(0, "PUSH1"), (2, "JUMPI"), (4, "PUSH1"), (6, "JUMP"), (9, "REVERT")]


@pytest.fixture
def recorder():
    tiny = Artifact("Tiny", PATH, [], "0x00", CODE, {}, {}, {}, "", ";".join(SPANS), {})
    settings = CompilerSettings("0.8.30", "shanghai", True, False, 0, ())
    build = CoverageBuild(
        Artifacts({"Tiny": tiny}, settings, "", {}), {PATH: TREE}, {0: PATH}, {PATH: SOURCE}
    )
    return Recorder(build)


def trace(recorder, *frames):
    steps = [(pc, op.encode(), 1) for pc, op in frames]
    return recorder.add(steps, iter([recorder.find(bytes.fromhex(CODE[2:]), created=False)]))


def figures(recorder):
    (file,) = coverage_of(recorder)
    return file.statements_hit, file.statements, file.branches_hit, file.branches


def test_nothing_is_covered_before_anything_ran(recorder):
    assert figures(recorder) == (0, 3, 0, 4)


def test_one_way_through_covers_one_outcome_of_each_decision(recorder):
    trace(recorder, *FELL_AND_HELD)
    assert figures(recorder) == (3, 3, 2, 4)
    (file,) = coverage_of(recorder)
    assert [line.split(": ")[1:3] for line in file.missed] == [
        ["IfStatement", "one outcome"],
        ["require", "never fails"],
    ]


def test_a_require_that_reverts_is_not_taken_for_one_that_holds(recorder):
    trace(recorder, *FAILED)
    (file,) = coverage_of(recorder)
    assert figures(recorder) == (2, 3, 2, 4)
    assert "2: require: never holds: require(c)" in file.missed


def test_a_revert_after_a_require_that_held_is_not_its_own(recorder):
    trace(recorder, *FELL_AND_HELD[:-1], (9, "REVERT"))
    assert any("never fails" in line for line in coverage_of(recorder)[0].missed)


def test_what_two_workers_saw_adds_up(recorder):
    trace(recorder, *FELL_AND_HELD)
    other = Recorder(recorder.build)
    trace(other, *FAILED)
    load(recorder, dump(other))
    assert figures(recorder) == (3, 3, 4, 4)
    assert recorder.executed[Code("Tiny", "deployed")] == {0, 2, 3, 4, 6, 7, 8, 9}


def test_a_trace_tells_whether_it_showed_anything_new(recorder):
    assert trace(recorder, *FELL_AND_HELD)
    assert not trace(recorder, *FELL_AND_HELD)
    # The same instructions but for the last, and the other outcome of both decisions.
    assert trace(recorder, *FAILED)
    assert not trace(recorder, *FAILED)


def test_alike_calls_are_traced_ever_more_rarely_until_one_shows_something_new():
    patience, traced = Patience(), []
    for number in range(TRACED_IN_VAIN + 10):
        if not patience.is_over():
            traced.append(number)
            patience.learn(1, new=False)
    first = TRACED_IN_VAIN
    # All up to the limit and the next; then one is left out, then two, then three.
    assert traced == [*range(first + 1), first + 2, first + 5, first + 9]
    patience.learn(1, new=True)
    assert not patience.is_over()


def test_what_counts_more_is_given_up_sooner_and_what_counts_nothing_never():
    dear, cheap = Patience(), Patience()
    dear.learn(TRACED_IN_VAIN + 1, new=False)
    assert [dear.is_over() for _ in range(2)] == [True, False]
    for _ in range(3 * TRACED_IN_VAIN):
        cheap.learn(0, new=False)
    assert not cheap.is_over()


def test_foreign_code_is_left_out(recorder):
    assert recorder.find(b"\x01\x02", created=False) is None
    recorder.add([(0, b"STOP", 1)], iter([None]))
    assert figures(recorder) == (0, 3, 0, 4)


def test_mocks_and_packages_are_not_measured():
    assert is_measured("contracts/libraries/LevelQueue.sol")
    assert not is_measured("contracts/mocks/MockToken.sol")
    assert not is_measured("node_modules/@openzeppelin/contracts/utils/Address.sol")
