"""Homes and EVs as active and reactive power at the buses of a feeder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles.feeder import Feeder

DEFAULT_EV_POWER_FACTOR: Final = 0.98
"""Of a charger, in both directions; assumed [F]."""

Power = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FeederLoads:
    """What the buses of a feeder draw in each frame.

    Parameters
    ----------
    buses : tuple of int
        The buses that draw something, by number in the feeder.
    active_w : ndarray of float64, shape (buses, frames)
        Active power, negative where it is fed in [W].
    reactive_var : ndarray of float64, shape (buses, frames)
        Reactive power, positive where it lags [var].

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or a bus is named twice.
    """

    buses: tuple[int, ...]
    active_w: Power
    reactive_var: Power

    def __post_init__(self) -> None:
        """Check that the parts fit."""
        if len(set(self.buses)) < len(self.buses):
            raise ValueError(f"a bus is named twice in {self.buses}")
        shapes = (self.active_w.shape, self.reactive_var.shape)
        if shapes[0] != shapes[1] or self.active_w.ndim != 2 or len(self.active_w) != len(self.buses):
            raise ValueError(f"powers have shapes {shapes}, expected ({len(self.buses)}, frames) twice")
        if not (np.isfinite(self.active_w).all() and np.isfinite(self.reactive_var).all()):
            raise ValueError("a power is not finite")

    @property
    def plain_w(self) -> Power:
        """Sum of the active powers, as if the grid lost nothing, by frame [W]."""
        total: Power = self.active_w.sum(axis=0)
        return total


def feeder_power_factor(feeder: Feeder) -> float:
    """Give the power factor of a feeder's own connection points together.

    Parameters
    ----------
    feeder : Feeder
        The feeder.

    Returns
    -------
    float
        Active by apparent peak power; 1 if the feeder states none.
    """
    active = sum(load.p_mw for load in feeder.loads)
    apparent = math.hypot(active, sum(load.q_mvar for load in feeder.loads))
    return active / apparent if active > 0 else 1.0


def place_on_buses(
    feeder: Feeder,
    homes_w: NDArray[Any],
    evs_w: NDArray[Any],
    *,
    home_power_factor: float | None = None,
    ev_power_factor: float = DEFAULT_EV_POWER_FACTOR,
) -> FeederLoads:
    """Hang homes and EVs on the feeder's connection points of households, in turn.

    EV ``i`` charges at home ``i``; if there are more EVs than homes, the rest go round again.

    Parameters
    ----------
    feeder : Feeder
        The feeder.
    homes_w : ndarray, shape (homes, frames)
        Mean power of each home without its EV, negative where it feeds in [W].
    evs_w : ndarray, shape (evs, frames)
        Mean power into each EV, negative out of it [W].
    home_power_factor : float or None
        Of the homes, lagging; None for the feeder's own.
    ev_power_factor : float
        Of the chargers, lagging in both directions.

    Returns
    -------
    FeederLoads
        The powers at the buses.

    Raises
    ------
    ValueError
        If there is no home, the frames differ, or a power factor is not in (0, 1].
    """
    if homes_w.ndim != 2 or evs_w.ndim != 2 or not len(homes_w) or homes_w.shape[1] != evs_w.shape[1]:
        raise ValueError(f"homes_w has shape {homes_w.shape} and evs_w {evs_w.shape}: frames must agree")
    home_factor = feeder_power_factor(feeder) if home_power_factor is None else home_power_factor
    home_share, ev_share = _reactive_share(home_factor), _reactive_share(ev_power_factor)
    at_home = feeder.household_buses(len(homes_w))
    at_ev = [at_home[ev % len(at_home)] for ev in range(len(evs_w))]
    buses = tuple(sorted(set(at_home)))
    row = {bus: index for index, bus in enumerate(buses)}
    active = np.zeros((len(buses), homes_w.shape[1]))
    reactive = np.zeros_like(active)
    for places, power_w, share in ((at_home, homes_w, home_share), (at_ev, evs_w, ev_share)):
        rows = [row[bus] for bus in places]
        np.add.at(active, rows, power_w)
        # inverters of homes and chargers draw reactive power whichever way the energy goes
        np.add.at(reactive, rows, np.abs(power_w) * share)
    return FeederLoads(buses, active, reactive)


def _reactive_share(power_factor: float) -> float:
    if not 0 < power_factor <= 1:
        raise ValueError(f"power factor is {power_factor}, expected more than 0 and at most 1")
    return math.tan(math.acos(power_factor))
