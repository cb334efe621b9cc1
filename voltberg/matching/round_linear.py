"""A solver of rounds by integer linear programming, for welfare and for fulfilled energy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array

from voltberg.matching.round_greedy import greedy_allocation
from voltberg.matching.round_problem import (
    Headroom,
    Objective,
    RoundEntry,
    RoundProblem,
    RoundTrade,
    middle_tick,
    score_of,
)

Candidate = tuple[RoundEntry, RoundEntry, int]


def linear_allocation(problem: RoundProblem) -> tuple[RoundTrade, ...]:
    r"""Maximise a round's objective.

    Parameters
    ----------
    problem : RoundProblem
        The round.

    Returns
    -------
    tuple of RoundTrade
        A feasible allocation, every prefix of it too, never worth less than the greedy one.

    Notes
    -----
    With :math:`x_{rof}` the whole Wh from offer o to request r in frame f, the program maximises
    :math:`\sum w_{ro} x_{rof}` (w = 1, or the difference of the limits) under the quantities, the feeders'
    net limits and the storage's limits. The trades then go through the same headroom as greedy ones, again
    and again until nothing moves, so that an optimum that needs two trades at once in opposite directions
    over a full feeder is not reached whole.
    """
    greedy = greedy_allocation(problem)
    candidates = _candidates(problem)
    if not candidates:
        return greedy
    amounts = _solved(problem, candidates)
    wanted = list(zip(candidates, amounts, strict=True))
    trades = _in_order(problem, wanted)
    return max(greedy, trades, key=lambda found: score_of(problem.objective, found))


def _candidates(problem: RoundProblem) -> list[Candidate]:
    return [
        (request, offer, frame)
        for request in problem.requests
        for offer in problem.offers
        for frame in range(max(request.first, offer.first), min(request.last, offer.last) + 1)
        if request.limit_tick >= offer.limit_tick and request.participant_id != offer.participant_id
    ]


def _solved(problem: RoundProblem, candidates: Sequence[Candidate]) -> list[int]:
    """Energy of every candidate [Wh]."""
    rows: dict[tuple[object, ...], int] = {}
    limits: list[int] = []
    cells: list[tuple[int, int, int]] = []

    def bound(key: tuple[object, ...], column: int, sign: int, limit_wh: int) -> None:
        if key not in rows:
            rows[key] = len(rows)
            limits.append(limit_wh)
        cells.append((rows[key], column, sign))

    for column, (request, offer, frame) in enumerate(candidates):
        for entry, sign, selling in ((request, 1, False), (offer, -1, True)):
            bound(("entry", entry.index), column, 1, entry.quantity_wh)
            if request.feeder != offer.feeder:
                imports, exports = problem.feeder_limits[entry.feeder]
                bound(("import", frame, entry.feeder), column, sign, imports)
                bound(("export", frame, entry.feeder), column, -sign, exports)
            if problem.storage_id and entry.participant_id == problem.storage_id:
                limit_wh = problem.discharge_wh if selling else problem.charge_wh
                bound(("storage", frame, selling), column, 1, limit_wh)
    row, column_numbers, signs = zip(*cells, strict=True)
    matrix = coo_array((signs, (row, column_numbers)), shape=(len(limits), len(candidates)))
    weights = np.array(
        [
            1.0 if problem.objective is Objective.ENERGY else request.limit_tick - offer.limit_tick
            for request, offer, _ in candidates
        ]
    )
    limit = LinearConstraint(matrix.tocsr(), ub=np.array(limits, dtype=float))
    found = milp(-weights, integrality=np.ones(len(candidates), dtype=int), constraints=limit)
    if found.x is None:
        return [0] * len(candidates)
    # The solver's whole numbers come out as floats, a rounding error away.
    return [round(value) for value in found.x]


def _in_order(problem: RoundProblem, wanted: list[tuple[Candidate, int]]) -> tuple[RoundTrade, ...]:
    """Let wanted trades through as far as every prefix stays feasible."""
    headroom = Headroom(problem)
    trades = []
    moved = True
    while moved:
        moved = False
        for place, ((request, offer, frame), amount) in enumerate(wanted):
            energy_wh = min(amount, headroom.room_wh(request, offer, frame))
            if energy_wh > 0:
                trade = RoundTrade(request, offer, frame, middle_tick(request, offer), energy_wh)
                headroom.take(trade)
                trades.append(trade)
                wanted[place] = ((request, offer, frame), amount - energy_wh)
                moved = True
    return tuple(trades)
