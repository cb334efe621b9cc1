"""Reader of a low-voltage feeder: one transformer, lines, and the buses where loads hang."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from voltberg.profiles.errors import ProfileError
from voltberg.units import MICRO

HOUSEHOLD_PROFILE_PREFIX = "H0"


@dataclass(frozen=True, slots=True)
class Transformer:
    """Two-winding transformer, in the terms of pandapower.

    Parameters
    ----------
    sn_mva : float
        Rated apparent power [MVA].
    vn_hv_kv, vn_lv_kv : float
        Rated voltages [kV].
    vk_percent, vkr_percent : float
        Short-circuit voltage and its real part [%].
    pfe_kw : float
        Iron losses [kW].
    i0_percent : float
        Open-loop current [%].
    hv_bus, lv_bus : int
        Buses of the two sides.
    std_type : str
        Name of the type.
    """

    sn_mva: float
    vn_hv_kv: float
    vn_lv_kv: float
    vk_percent: float
    vkr_percent: float
    pfe_kw: float
    i0_percent: float
    hv_bus: int
    lv_bus: int
    std_type: str


@dataclass(frozen=True, slots=True)
class Bus:
    """A node of the grid.

    Parameters
    ----------
    bus : int
        Number.
    name : str
        Name in the source.
    vn_kv : float
        Rated voltage [kV].
    """

    bus: int
    name: str
    vn_kv: float


@dataclass(frozen=True, slots=True)
class Line:
    """A cable between two buses.

    Parameters
    ----------
    line : int
        Number.
    from_bus, to_bus : int
        Its ends.
    length_km : float
        Length [km].
    r_ohm_per_km, x_ohm_per_km : float
        Series impedance [ohm/km].
    c_nf_per_km : float
        Capacitance [nF/km].
    max_i_ka : float
        Thermal limit [kA].
    std_type : str
        Name of the type.
    """

    line: int
    from_bus: int
    to_bus: int
    length_km: float
    r_ohm_per_km: float
    x_ohm_per_km: float
    c_nf_per_km: float
    max_i_ka: float
    std_type: str


@dataclass(frozen=True, slots=True)
class FeederLoad:
    """A connection point.

    Parameters
    ----------
    load : int
        Number.
    name : str
        Name in the source.
    bus : int
        Where it hangs.
    p_mw, q_mvar : float
        Its peak powers in the source [MW, Mvar].
    profile : str
        Its class in the source; households begin with ``H0``.
    """

    load: int
    name: str
    bus: int
    p_mw: float
    q_mvar: float
    profile: str


@dataclass(frozen=True, slots=True)
class Feeder:
    """A radial or meshed low-voltage feeder.

    Parameters
    ----------
    source, licence : str
        Where it comes from, and its licence.
    transformer : Transformer
        The supply.
    buses : tuple of Bus
        All buses.
    lines : tuple of Line
        All lines.
    loads : tuple of FeederLoad
        All connection points.
    """

    source: str
    licence: str
    transformer: Transformer
    buses: tuple[Bus, ...]
    lines: tuple[Line, ...]
    loads: tuple[FeederLoad, ...]

    @property
    def transformer_limit_w(self) -> int:
        """Rated power of the transformer at power factor 1 [W]."""
        return round(self.transformer.sn_mva * MICRO)

    def household_buses(self, households: int) -> tuple[int, ...]:
        """Place households: round the connection points of households in turn.

        Parameters
        ----------
        households : int
            How many.

        Returns
        -------
        tuple of int
            Bus of each household.
        """
        homes = [load.bus for load in self.loads if load.profile.startswith(HOUSEHOLD_PROFILE_PREFIX)]
        homes = homes or [load.bus for load in self.loads]
        return tuple(homes[i % len(homes)] for i in range(households))


Part = TypeVar("Part", Transformer, Bus, Line, FeederLoad)


def read_feeder(path: Path | str) -> Feeder:
    """Read a feeder from JSON.

    Parameters
    ----------
    path : Path or str
        A JSON object with ``source``, ``licence``, ``trafo``, ``bus``, ``line`` and ``load``
        (``docs/profiles.md``).

    Returns
    -------
    Feeder
        The feeder.

    Raises
    ------
    ProfileError
        If the file can't be read, a field is missing or of the wrong type, or a bus is unknown or not
        connected.
    """
    path = Path(path)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(path, None, f"the feeder can't be read: {error}") from error
    if not isinstance(raw, dict):
        raise ProfileError(path, None, f"the feeder is a {type(raw).__name__}, expected a JSON object")
    feeder = Feeder(
        str(raw.get("source", "")),
        str(raw.get("licence", "")),
        _part(path, Transformer, raw.get("trafo"), "trafo"),
        _parts(path, Bus, raw.get("bus"), "bus"),
        _parts(path, Line, raw.get("line"), "line"),
        _parts(path, FeederLoad, raw.get("load"), "load"),
    )
    _check_connected(path, feeder)
    return feeder


def _parts(path: Path, kind: type[Part], raw: object, name: str) -> tuple[Part, ...]:
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw:
        raise ProfileError(path, None, f"feeder field {name!r} is missing or empty, expected a list")
    return tuple(_part(path, kind, item, f"{name}[{i}]") for i, item in enumerate(raw))


def _part(path: Path, kind: type[Part], raw: object, name: str) -> Part:
    if not isinstance(raw, Mapping):
        raise ProfileError(path, None, f"feeder field {name!r} is missing, expected an object")
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = raw.get(field.name)
        if field.type == "str":
            good = isinstance(value, str)
        else:
            good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good:
            raise ProfileError(
                path, None, f"feeder field {name}.{field.name} is {value!r}, expected {field.type}"
            )
        values[field.name] = int(value) if field.type == "int" and value is not None else value
    return kind(**values)


def _check_connected(path: Path, feeder: Feeder) -> None:
    buses = {bus.bus for bus in feeder.buses}
    neighbours: dict[int, list[int]] = {bus: [] for bus in buses}
    trafo = feeder.transformer
    edges = [(line.from_bus, line.to_bus) for line in feeder.lines] + [(trafo.hv_bus, trafo.lv_bus)]
    for a, b in [*edges, *((load.bus, load.bus) for load in feeder.loads)]:
        if a not in buses or b not in buses:
            raise ProfileError(path, None, f"feeder bus {a if a not in buses else b} is used and not listed")
        neighbours[a].append(b)
        neighbours[b].append(a)
    reached, front = {trafo.lv_bus}, [trafo.lv_bus]
    while front:
        front = [bus for at in front for bus in neighbours[at] if bus not in reached]
        reached.update(front)
    if lost := sorted(load.bus for load in feeder.loads if load.bus not in reached):
        raise ProfileError(path, None, f"feeder bus {lost[0]} has a load and no line to the transformer")
