"""What the wires allow: power flows on a feeder, and its limits by frame."""

from voltberg.grid.limits import GridLimits, LimitReport, check_limits
from voltberg.grid.load import DEFAULT_EV_POWER_FACTOR, FeederLoads, feeder_power_factor, place_on_buses
from voltberg.grid.power_flow import FeederPowerFlow, FlowDay, PowerFlowError

__all__ = [
    "DEFAULT_EV_POWER_FACTOR",
    "FeederLoads",
    "FeederPowerFlow",
    "FlowDay",
    "GridLimits",
    "LimitReport",
    "PowerFlowError",
    "check_limits",
    "feeder_power_factor",
    "place_on_buses",
]
