"""`openRound`: what the operator may post, and what frames it takes."""

import pytest

from tests.unit.matching_round.conftest import WIDE
from tests.unit.settlement.conftest import Deployed
from voltberg.reference.round_words import pack_feeder_limit


def test_a_round_shows_its_terms_and_takes_its_frames(rounds):
    number = rounds.open(limits=(WIDE, pack_feeder_limit(7, 9)), objective=1)
    market = rounds.market
    assert number == 1 == market.call("round", "roundCount")
    assert market.call("round", "termsOf", 1) == rounds.terms(objective=1)
    assert market.call("round", "feederLimitsOf", 1) == (WIDE, 7 | 9 << 40)
    assert rounds.state[:4] == (1, 0, 0, 0)
    assert market.call("round", "frameOf", rounds.first + 2) == (True, 160, 7, 1, 0)


def test_only_the_operator_opens_rounds(rounds):
    with rounds.market.reverts(f"Venue_MissingRole: {rounds.solver.address}, 16"):
        rounds.market.transact(rounds.solver, "round", "openRound", rounds.terms(), [WIDE])


@pytest.mark.parametrize("frames", [0, 49])
def test_a_span_has_1_to_48_frames(rounds, frames):
    with rounds.market.reverts(f"Round_InvalidSpan: {rounds.first}, {frames}, 48"):
        rounds.open(frames=frames)


def test_a_span_stays_within_32_bits(rounds):
    with rounds.market.reverts(f"Round_InvalidSpan: {2**32 - 2}, 3, 48"):
        rounds.open(first_frame=2**32 - 2)


def test_the_objective_is_welfare_or_energy(rounds):
    with rounds.market.reverts("Round_InvalidObjective: 2"):
        rounds.open(objective=2)


@pytest.mark.parametrize("feeders", [0, 33])
def test_a_round_has_1_to_32_feeders(rounds, feeders):
    with rounds.market.reverts(f"Round_InvalidFeeders: {feeders}, 32"):
        rounds.open(limits=[WIDE] * feeders)


def test_feeder_words_have_80_bits(rounds):
    with rounds.market.reverts(f"Round_InvalidRecord: {1 << 80}"):
        rounds.open(limits=(WIDE, 1 << 80))


def test_the_storage_is_a_participant(rounds):
    with rounds.market.reverts("Venue_NotRegistered: 0x0000000000000000000000000000000000000000"):
        rounds.open(storage_id=99)


@pytest.mark.parametrize(
    "changes",
    [
        {"collection_ends": 0},
        {"collection_ends": "submission_ends"},
        {"submission_ends": "application_ends"},
        {"application_ends": "one later"},
        {"collection_ends": "after the gate"},
    ],
)
def test_deadlines_are_in_order_and_before_those_of_the_first_frame(rounds, changes):
    named = {
        "submission_ends": rounds.submission_ends,
        "application_ends": rounds.application_ends,
        "one later": rounds.application_ends + 1,
        "after the gate": rounds.collection_ends + 1,
    }
    changes = {key: named.get(value, value) for key, value in changes.items()}
    ends = [changes.get(f"{name}_ends", getattr(rounds, f"{name}_ends")) for name in PHASES]
    expected = [rounds.market.now, *ends, rounds.collection_ends, rounds.application_ends]
    with rounds.market.reverts(f"Round_InvalidDeadlines: {', '.join(map(str, expected))}"):
        rounds.open(**changes)


PHASES = ("collection", "submission", "application")


def test_all_frames_are_open_here(rounds):
    with rounds.market.reverts(f"Round_FrameNotOpen: {rounds.first + 3}"):
        rounds.open(frames=4)
    elsewhere = rounds.market.open_frame(rounds.first + 3)
    with rounds.market.reverts(f"Round_FrameNotOpen: {elsewhere}"):
        rounds.open(frames=4)


def test_a_frame_belongs_to_one_round(rounds):
    rounds.open(first_frame=rounds.first, frames=2)
    with rounds.market.reverts(f"Round_FrameTaken: {rounds.first + 1}, 1"):
        rounds.open(first_frame=rounds.first + 1, frames=2)
    assert rounds.open(first_frame=rounds.first + 2, frames=1) == 2


def test_only_the_house_opens_and_closes_frames(rounds):
    market = rounds.market
    with market.reverts(f"Venue_NotHouse: {rounds.solver.address}"):
        market.transact(rounds.solver, "round", "openFrame", 9, 1, 1)
    with market.reverts(f"Venue_NotHouse: {rounds.solver.address}"):
        market.transact(rounds.solver, "round", "closeFrame", rounds.first)


def test_a_frame_without_a_gate_closure_meets_no_deadline(rounds):
    """T1: whoever starts less than the lead after 1970 has closed already."""
    market, ends = rounds.market, (rounds.collection_ends, rounds.submission_ends, rounds.application_ends)
    with market.reverts(f"Round_InvalidDeadlines: {', '.join(map(str, (market.now, *ends, 0, 0)))}"):
        rounds.open(first_frame=0)


def test_the_least_quantity_is_above_nothing(rounds):
    places = [rounds.market.address(name) for name in ("registry", "house", "credit")]
    with rounds.market.reverts(f"Round_QuantityOutOfRange: 0, 1, {2**28 - 1}"):
        Deployed(rounds.market, "MatchingRound", *places, 0, 100)


def test_a_round_that_there_is_not_shows_nothing(rounds):
    rounds.open()
    view = lambda name, number: rounds.market.call("round", name, number)  # noqa: E731
    assert view("stateOf", 2) == (0, 0, 0, 0, bytes(32))
    assert view("termsOf", 2) == (0,) * 9
    assert view("entryOf", 2 << 16) == (0,) * 8
