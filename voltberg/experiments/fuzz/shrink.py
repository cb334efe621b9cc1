"""Delta debugging: the shortest list found that still shows what a longer one shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shrink(items: Sequence[Item], shows: Callable[[list[Item]], bool], budget: int) -> list[Item]:
    """Leave out whatever is not needed, large pieces first.

    Parameters
    ----------
    items : sequence
        A list that shows it.
    shows : callable
        Whether a shorter list still does.
    budget : int
        How many items the lists that are tried may have together.

    Returns
    -------
    list
        A list that shows it. If the budget was enough, none of its items can be left out alone.
    """
    kept = list(items)
    size = max(1, len(kept) // 2)
    while budget > 0:
        start, shorter = len(kept), False
        # From the end: later calls hang on earlier ones, not the other way round.
        while start > 0 and budget > 0:
            start = max(0, start - size)
            tried = kept[:start] + kept[start + size :]
            budget -= len(tried) + 1
            if len(tried) < len(kept) and shows(tried):
                kept, shorter = tried, True
        if size > 1:
            size //= 2
        elif not shorter:
            break
    return kept


def shortest_prefix(items: Sequence[Item], shows: Callable[[list[Item]], bool]) -> list[Item]:
    """Cut a list off behind the place where it begins to show something, by bisection.

    Parameters
    ----------
    items : sequence
        A list that shows it.
    shows : callable
        Whether a prefix does.

    Returns
    -------
    list
        A prefix that shows it; the shortest one, if every longer one does too.
    """
    low, high = 0, len(items)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(list(items[:middle])) else (middle, high)
    return list(items[:high])
