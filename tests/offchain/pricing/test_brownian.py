"""Price paths: the printed solution (21), its mean (22), and what the bounds do to both."""

import numpy as np
import pytest

from voltberg.pricing.brownian import price_paths


def test_paths_are_the_printed_solution():
    start, drift, volatility, step = np.array([12.0, 20.0]), 0.3, 0.4, 1 / 48
    paths = price_paths(
        np.random.default_rng(7), start, 5, step_days=step, drift=drift, volatility=volatility
    )
    wiener = np.cumsum(np.random.default_rng(7).standard_normal((2, 4)) * step**0.5, axis=1)
    for number, first in enumerate(start):
        assert paths[number, 0] == pytest.approx(first)
        for k in range(1, 5):
            t = k * step
            expected = first * np.exp((drift - volatility**2 / 2) * t + volatility * wiener[number, k - 1])
            assert paths[number, k] == pytest.approx(expected)


def test_mean_without_bounds_is_the_printed_one():
    paths = price_paths(
        np.random.default_rng(1), np.full(40_000, 20.0), 2, step_days=1.0, drift=0.1, volatility=0.3
    )
    assert paths[:, 1].mean() == pytest.approx(20 * np.exp(0.1), rel=0.01)


def test_bounded_paths_stay_inside_and_are_reflected_not_stopped():
    free, held = (
        price_paths(
            np.random.default_rng(2), np.full(500, 29.0), 48, step_days=1.0, volatility=0.2, bounds=bounds
        )
        for bounds in (None, (10.0, 30.0))
    )
    assert free.max() > 30
    assert held.min() >= 10
    assert held.max() <= 30
    inside = np.logical_and.accumulate((free >= 10) & (free <= 30), axis=1)
    assert held[inside] == pytest.approx(free[inside])
    assert (held == 30).mean() < 0.01
    # the first step over the bound comes back by as much, in logarithms
    first_over = (free[:, 1] > 30) & (free[:, 1] < 60)
    assert first_over.any()
    assert held[first_over, 1] == pytest.approx(30 * 30 / free[first_over, 1])


@pytest.mark.parametrize(("start", "bounds"), [(0.0, None), (9.0, (10.0, 30.0)), (5.0, (0.0, 30.0))])
def test_impossible_starts_are_refused(start, bounds):
    with pytest.raises(ValueError, match="expected positive ones"):
        price_paths(
            np.random.default_rng(0), np.array([start]), 3, step_days=1.0, volatility=0.1, bounds=bounds
        )
