"""Small random days for the tests of schedules."""

import numpy as np

from voltberg.scheduling.problem import ChargingProblem


def random_day(seed, evs=6, frames=8, limit_w=10**6):
    """A day of EVs that differ in everything."""
    rng = np.random.default_rng(seed)
    connected = rng.random((evs, frames)) < 0.6
    battery_wh = rng.integers(1_000, 20_000, evs)
    rate_w = rng.integers(500, 9_000, evs)
    most_wh = rate_w // 2 * connected.sum(axis=1)
    target_wh = battery_wh // 2
    initial_wh = np.maximum(rng.integers(0, battery_wh), target_wh - most_wh)
    base_w = rng.integers(0, 20_000, frames)
    return ChargingProblem(base_w, battery_wh, initial_wh, target_wh, rate_w, connected, limit_w)
