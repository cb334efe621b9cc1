"""Solvers of rounds: feasible by the contract's own rules, whole and in every part, and how good they are."""

from random import Random

import pytest

from voltberg.matching.round_greedy import greedy_allocation
from voltberg.matching.round_linear import linear_allocation
from voltberg.matching.round_problem import Objective, RoundEntry, RoundProblem, problem_of, score_of
from voltberg.reference.round_allocation import Allocation
from voltberg.reference.round_state import OFFER, REQUEST, Entry, RoundRecord, RoundTerms
from voltberg.reference.round_words import pack_feeder_limit

FRAMES = 4
SOLVERS = (greedy_allocation, linear_allocation)


def entry(index, quantity_wh, tick, window=(0, FRAMES - 1), feeder=0, owner=None):
    return RoundEntry(index, owner or 100 + index, quantity_wh, tick, *window, feeder)


def random_problem(draw, objective=Objective.WELFARE, *, free=False):
    """A round of up to 24 entries; a free one has no windows, feeders or storage to mind."""
    count = draw.randrange(2, 25)
    entries = []
    for index in range(count):
        first = 0 if free else draw.randrange(FRAMES)
        last = FRAMES - 1 if free else draw.randrange(first, FRAMES)
        entries.append(
            entry(
                index,
                draw.randrange(1, 900),
                draw.randrange(10, 60),
                (first, last),
                0 if free else draw.randrange(3),
                draw.randrange(1, 30) if not free else None,
            )
        )
    cut = draw.randrange(1, count)
    limits = tuple((draw.choice((0, 300, 10**6)), draw.choice((0, 300, 10**6))) for _ in range(3))
    return RoundProblem(
        tuple(entries[:cut]), tuple(entries[cut:]), limits, objective, 0 if free else 5, 250, 350
    )


def verified(problem, trades):
    """Score by the twin of the contract, which refuses what is not feasible."""
    terms = RoundTerms(
        1000,
        FRAMES,
        int(problem.objective),
        problem.storage_id,
        problem.charge_wh,
        problem.discharge_wh,
        *(0, 0, 0),
    )
    record = RoundRecord(terms, tuple(pack_feeder_limit(*limit) for limit in problem.feeder_limits))
    standing = {
        1 << 16 | e.index: Entry(
            e.participant_id, side, e.quantity_wh, e.limit_tick, e.first, e.last, e.feeder, 1
        )
        for side, entries in ((REQUEST, problem.requests), (OFFER, problem.offers))
        for e in entries
    }
    return Allocation(1, record, standing).verify([trade.word for trade in trades])


@pytest.mark.parametrize("objective", list(Objective))
@pytest.mark.parametrize("solver", SOLVERS)
def test_allocations_are_feasible_in_whole_and_in_every_part(solver, objective):
    draw = Random(1)
    for _ in range(60):
        problem = random_problem(draw, objective)
        trades = solver(problem)
        assert verified(problem, trades) == score_of(objective, trades)
        for end in range(len(trades)):
            verified(problem, trades[:end])


@pytest.mark.parametrize("objective", list(Objective))
def test_the_programme_is_never_worse_and_often_better(objective):
    draw = Random(2)
    pairs = []
    for _ in range(150):
        problem = random_problem(draw, objective)
        pairs.append([score_of(objective, solver(problem)) for solver in SOLVERS])
    assert all(linear >= greedy for greedy, linear in pairs)
    assert sum(linear > greedy for greedy, linear in pairs) >= 5


def test_greedy_finds_the_best_welfare_where_only_limits_count():
    draw = Random(3)
    for _ in range(30):
        problem = random_problem(draw, free=True)
        greedy, linear = (score_of(problem.objective, solver(problem)) for solver in SOLVERS)
        assert greedy == linear == best_welfare(problem)


def best_welfare(problem):
    """Area between demand and supply, Wh by Wh."""
    bids = sorted((e.limit_tick for e in problem.requests for _ in range(e.quantity_wh)), reverse=True)
    asks = sorted(e.limit_tick for e in problem.offers for _ in range(e.quantity_wh))
    return sum(max(0, bid - ask) for bid, ask in zip(bids, asks, strict=False))


def test_the_programme_sees_windows_that_greed_does_not():
    # The dear request takes the cheap offer in spite of another that only it can use.
    problem = RoundProblem(
        (entry(0, 100, 50), entry(1, 100, 40, (0, 0))),
        (entry(2, 100, 10, (0, 0)), entry(3, 100, 12, (1, 1))),
        ((10**6, 10**6),),
    )
    assert score_of(problem.objective, greedy_allocation(problem)) == 100 * 40
    assert score_of(problem.objective, linear_allocation(problem)) == 100 * 38 + 100 * 30


def test_nothing_crosses_nothing_trades():
    problem = RoundProblem((entry(0, 100, 9),), (entry(1, 100, 10),), ((10**6, 10**6),))
    assert [solver(problem) for solver in SOLVERS] == [(), ()]


def test_a_problem_is_made_of_what_the_views_show():
    terms = (1000, 3, 1, 7, 20, 30, 1, 2, 3)
    entries = {1 << 16 | 1: (9, 1, 300, 12, 1001, 1002, 1, 5), 1 << 16: (8, 0, 200, 40, 1000, 1002, 0, 45)}
    problem = problem_of(terms, [pack_feeder_limit(5, 6)], entries)
    assert problem == RoundProblem(
        (RoundEntry(0, 8, 200, 40, 0, 2, 0),),
        (RoundEntry(1, 9, 300, 12, 1, 2, 1),),
        ((5, 6),),
        Objective.ENERGY,
        7,
        20,
        30,
    )
