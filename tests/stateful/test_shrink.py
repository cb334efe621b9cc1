"""Delta debugging keeps what it must and leaves out what it can."""

from hypothesis import given
from hypothesis import strategies as st

from voltberg.experiments.fuzz.shrink import shortest_prefix, shrink


@given(st.sets(st.integers(0, 80), max_size=6), st.integers(81, 120))
def test_only_what_is_needed_is_kept(needed, count):
    assert shrink(range(count), lambda tried: needed <= set(tried), 10**6) == sorted(needed)


@given(st.integers(1, 200))
def test_budget_bounds_the_work_and_the_result_still_shows_it(budget):
    tried_items = []

    def shows(tried):
        tried_items.append(len(tried) + 1)
        return {3, 77} <= set(tried)

    kept = shrink(range(100), shows, budget)
    assert {3, 77} <= set(kept)
    assert sum(tried_items[:-1]) < budget


@given(st.integers(0, 60), st.integers(61, 90))
def test_prefix_ends_with_the_item_that_shows_it(last, count):
    assert shortest_prefix(range(count), lambda tried: last in tried) == list(range(last + 1))
