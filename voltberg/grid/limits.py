"""The limits of the grid: the substation's power, the buses' voltage, the lines' current."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltberg.grid.power_flow import FlowDay
from voltberg.profiles.feeder import Feeder
from voltberg.units import MICRO

Frames = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GridLimits:
    """What must not be exceeded.

    Parameters
    ----------
    substation_va : float
        Rated power of the transformer (Xiao & Hou 2022, eq. 8) [VA].
    voltage_min_pu, voltage_max_pu : float
        Band of the voltage (eq. 9), by the rated one; by default EN 50160's of 10 %.
    line_loading_pct : float
        Highest current in a line, of its thermal limit [%].

    Raises
    ------
    ValueError
        If a limit is not positive or the band is empty.
    """

    substation_va: float
    voltage_min_pu: float = 0.9
    voltage_max_pu: float = 1.1
    line_loading_pct: float = 100.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (self.substation_va > 0 and self.line_loading_pct > 0):
            found = f"{self.substation_va} VA and {self.line_loading_pct} %"
            raise ValueError(f"limits are {found}, expected positive numbers")
        if not 0 < self.voltage_min_pu < self.voltage_max_pu:
            raise ValueError(f"the voltage band {self.voltage_min_pu} to {self.voltage_max_pu} is empty")

    @classmethod
    def of(cls, feeder: Feeder) -> GridLimits:
        """Take the substation's limit from a feeder's transformer.

        Parameters
        ----------
        feeder : Feeder
            The feeder.

        Returns
        -------
        GridLimits
            Its limits, with the usual voltage band.
        """
        return cls(feeder.transformer.sn_mva * MICRO)


@dataclass(frozen=True, slots=True)
class LimitReport:
    """In which frames a limit does not hold; all arrays have the shape (frames,).

    Parameters
    ----------
    plain : ndarray of bool
        The plain sum of the powers is above the substation's limit.
    substation : ndarray of bool
        The apparent power with losses is above it (eq. 8).
    voltage : ndarray of bool
        A bus is outside the voltage band (eq. 9).
    lines : ndarray of bool
        A line carries more than its thermal limit.
    """

    plain: Frames
    substation: Frames
    voltage: Frames
    lines: Frames

    @property
    def any(self) -> Frames:
        """Frames in which the power flow breaks a limit."""
        broken: Frames = self.substation | self.voltage | self.lines
        return broken


def check_limits(day: FlowDay, limits: GridLimits) -> LimitReport:
    """Hold the flows of a day against the limits.

    Parameters
    ----------
    day : FlowDay
        What flows.
    limits : GridLimits
        What must not be exceeded.

    Returns
    -------
    LimitReport
        The frames in which it is.
    """
    return LimitReport(
        plain=np.abs(day.plain_w) > limits.substation_va,
        substation=day.apparent_va > limits.substation_va,
        voltage=(day.voltage_min_pu < limits.voltage_min_pu) | (day.voltage_max_pu > limits.voltage_max_pu),
        lines=day.line_loading_pct > limits.line_loading_pct,
    )
