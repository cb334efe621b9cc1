"""A greedy solver of rounds: the dearest requests meet the cheapest offers."""

from __future__ import annotations

from voltberg.matching.round_problem import Headroom, RoundProblem, RoundTrade, middle_tick


def greedy_allocation(problem: RoundProblem) -> tuple[RoundTrade, ...]:
    """Allocate energy by limits alone.

    Requests are served by limit, highest first, offers by limit, lowest first, frames in their order. Ties
    go to the lower index, so the result is a function of the round.

    Parameters
    ----------
    problem : RoundProblem
        The round.

    Returns
    -------
    tuple of RoundTrade
        A feasible allocation, every prefix of it too; O(requests x offers x frames).

    Notes
    -----
    Without windows, feeders and storage this is the optimum of welfare; with them it is a lower bound that
    :func:`voltberg.matching.round_linear.linear_allocation` improves on.
    """
    headroom = Headroom(problem)
    offers = sorted(problem.offers, key=lambda entry: (entry.limit_tick, entry.index))
    trades = []
    for request in sorted(problem.requests, key=lambda entry: (-entry.limit_tick, entry.index)):
        for offer in offers:
            for frame in range(request.first, request.last + 1):
                energy_wh = headroom.room_wh(request, offer, frame)
                if energy_wh > 0:
                    trade = RoundTrade(request, offer, frame, middle_tick(request, offer), energy_wh)
                    headroom.take(trade)
                    trades.append(trade)
    return tuple(trades)
