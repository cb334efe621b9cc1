"""Power flows on a low-voltage feeder by pandapower, frame by frame."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voltberg.grid.load import FeederLoads
from voltberg.profiles.feeder import Feeder
from voltberg.units import MICRO

Values = NDArray[np.float64]

RECYCLED: Final = {"bus_pq": True, "trafo": False, "gen": False}
"""From frame to frame only the loads change: pandapower keeps the rest of its matrices."""


class PowerFlowError(ValueError):
    """The feeder cannot carry a frame at all: no voltages satisfy the powers."""


@dataclass(frozen=True, slots=True)
class FlowDay:
    """What flows in each frame; all arrays have the shape (frames,).

    Parameters
    ----------
    plain_w : ndarray of float64
        Sum of what the buses draw [W].
    active_w, reactive_var : ndarray of float64
        What the transformer draws from the medium voltage, losses included [W], [var].
    losses_w : ndarray of float64
        Lost in lines and transformer [W].
    voltage_min_pu, voltage_max_pu : ndarray of float64
        Lowest and highest voltage of the low-voltage buses, by the rated one.
    lowest_bus : ndarray of int64
        Where the voltage is lowest, by number in the feeder.
    line_loading_pct : ndarray of float64
        Current of the line loaded most, of its thermal limit [%].
    """

    plain_w: Values
    active_w: Values
    reactive_var: Values
    losses_w: Values
    voltage_min_pu: Values
    voltage_max_pu: Values
    lowest_bus: NDArray[np.int64]
    line_loading_pct: Values

    @property
    def apparent_va(self) -> Values:
        """Apparent power at the transformer, on the side of the medium voltage [VA]."""
        apparent: Values = np.hypot(self.active_w, self.reactive_var)
        return apparent


class FeederPowerFlow:
    """A feeder that answers what flows when its buses draw given powers.

    Parameters
    ----------
    feeder : Feeder
        The feeder.
    source_voltage_pu : float
        Voltage of the medium-voltage grid, by the rated one.

    Raises
    ------
    ValueError
        If the voltage is not positive.
    """

    def __init__(self, feeder: Feeder, source_voltage_pu: float = 1.0) -> None:
        if not (math.isfinite(source_voltage_pu) and source_voltage_pu > 0):
            raise ValueError(f"source_voltage_pu is {source_voltage_pu}, expected a positive number")
        self.feeder = feeder
        self._source_voltage_pu = source_voltage_pu
        self._index = {bus.bus: index for index, bus in enumerate(feeder.buses)}
        self._net = _net(feeder, self._index, source_voltage_pu)
        self._supplied = np.array(
            [index for bus, index in self._index.items() if bus != feeder.transformer.hv_bus]
        )

    def run(self, loads: FeederLoads) -> FlowDay:
        """Solve the power flow of every frame.

        Parameters
        ----------
        loads : FeederLoads
            What the buses draw.

        Returns
        -------
        FlowDay
            What flows.

        Raises
        ------
        PowerFlowError
            If a frame has no solution; the message names it.
        ValueError
            If a bus is not in the feeder, or is the medium-voltage one.
        """
        strange = [
            bus for bus in loads.buses if bus not in self._index or bus == self.feeder.transformer.hv_bus
        ]
        if strange:
            raise ValueError(f"bus {strange[0]} is no low-voltage bus of the feeder")
        at = [self._index[bus] for bus in loads.buses]
        rows = [self._frame(at, loads, frame) for frame in range(loads.active_w.shape[1])]
        columns = np.array(rows, dtype=np.float64).reshape(len(rows), 7).T
        return FlowDay(
            plain_w=loads.plain_w,
            active_w=columns[0],
            reactive_var=columns[1],
            losses_w=columns[2],
            voltage_min_pu=columns[3],
            voltage_max_pu=columns[4],
            lowest_bus=columns[5].astype(np.int64),
            line_loading_pct=columns[6],
        )

    def _frame(self, at: list[int], loads: FeederLoads, frame: int) -> tuple[float, ...]:
        for column, power in (("p_mw", loads.active_w), ("q_mvar", loads.reactive_var)):
            value = np.zeros(len(self._net.load))
            value[at] = power[:, frame] / MICRO
            self._net.load[column] = value
        self._solve(frame)
        net = self._net
        transformer, lines = net.res_trafo.iloc[0], net.res_line
        voltage = net.res_bus["vm_pu"].to_numpy()[self._supplied]
        lowest = int(self._supplied[int(voltage.argmin())])
        return (
            transformer["p_hv_mw"] * MICRO,
            transformer["q_hv_mvar"] * MICRO,
            (transformer["pl_mw"] + lines["pl_mw"].sum()) * MICRO,
            voltage.min(),
            voltage.max(),
            self.feeder.buses[lowest].bus,
            lines["loading_percent"].max(),
        )

    def _solve(self, frame: int) -> None:
        from pandapower import LoadflowNotConverged, runpp

        if self._net.converged:
            with suppress(LoadflowNotConverged):
                runpp(self._net, init="results", recycle=RECYCLED)
                return
        # begin afresh: pandapower has no voltages to go on from, or they were too far off
        loads = self._net.load[["p_mw", "q_mvar"]]
        self._net = _net(self.feeder, self._index, self._source_voltage_pu)
        self._net.load[["p_mw", "q_mvar"]] = loads
        try:
            runpp(self._net)
        except LoadflowNotConverged as error:
            raise PowerFlowError(f"frame {frame}: no voltages satisfy the feeder's loads") from error


def _net(feeder: Feeder, index: dict[int, int], source_voltage_pu: float) -> Any:  # noqa: ANN401 - pandapower has no types
    # pandapower is only imported where a flow is asked for: it takes seconds
    import pandapower as pp

    net = pp.create_empty_network()
    for bus in feeder.buses:
        pp.create_bus(net, bus.vn_kv, name=bus.name)
    transformer = feeder.transformer
    pp.create_ext_grid(net, index[transformer.hv_bus], vm_pu=source_voltage_pu)
    pp.create_transformer_from_parameters(
        net,
        index[transformer.hv_bus],
        index[transformer.lv_bus],
        sn_mva=transformer.sn_mva,
        vn_hv_kv=transformer.vn_hv_kv,
        vn_lv_kv=transformer.vn_lv_kv,
        vk_percent=transformer.vk_percent,
        vkr_percent=transformer.vkr_percent,
        pfe_kw=transformer.pfe_kw,
        i0_percent=transformer.i0_percent,
    )
    for line in feeder.lines:
        pp.create_line_from_parameters(
            net,
            index[line.from_bus],
            index[line.to_bus],
            line.length_km,
            line.r_ohm_per_km,
            line.x_ohm_per_km,
            line.c_nf_per_km,
            line.max_i_ka,
        )
    # one load a bus, so that a load's row is its bus's
    for row in range(len(feeder.buses)):
        pp.create_load(net, row, 0.0, 0.0)
    return net
