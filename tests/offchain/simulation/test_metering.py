"""Meters deviate around the forecast, reproducibly, and never below zero."""

import numpy as np
import pytest

from voltberg.simulation.metering import deviate_wh, silent_meters

FORECAST = np.full((50, 48), 1000, dtype=np.int64)


def test_no_deviation_gives_the_forecast_back() -> None:
    assert (deviate_wh(FORECAST, 0.0, np.random.default_rng(1)) == FORECAST).all()


def test_deviation_has_the_size_asked_for() -> None:
    drawn = deviate_wh(FORECAST, 0.05, np.random.default_rng(1))
    assert drawn.std() == pytest.approx(50, rel=0.1)
    assert drawn.mean() == pytest.approx(1000, rel=0.01)


def test_never_falls_below_zero() -> None:
    drawn = deviate_wh(FORECAST, 1.0, np.random.default_rng(1))
    assert drawn.min() == 0


def test_same_seed_same_draw() -> None:
    first, second = (deviate_wh(FORECAST, 0.1, np.random.default_rng(9)) for _ in range(2))
    assert (first == second).all()


def test_refuses_a_negative_deviation() -> None:
    with pytest.raises(ValueError, match=r"-0\.1, expected 0 or more"):
        deviate_wh(FORECAST, -0.1, np.random.default_rng(1))


def test_silent_meters_have_the_share_asked_for() -> None:
    assert silent_meters((1000, 48), 0.1, np.random.default_rng(1)).mean() == pytest.approx(0.1, abs=0.01)
    assert not silent_meters((10, 48), 0.0, np.random.default_rng(1)).any()
    with pytest.raises(ValueError, match="expected 0 to 1"):
        silent_meters((1, 1), 1.5, np.random.default_rng(1))
