"""The 250 kVA feeder out of SimBench's tables."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pandas as pd

from voltberg.profiles.sample_build.wheels import member

FOLDER = "simbench/networks/1-complete_data-mixed-all-0-sw"
SUBNET = "LV2.101"
FREQUENCY_HZ = 50
DIGITS = 9


def feeder(wheel: Path) -> dict[str, Any]:
    """Cut the feeder ``1-LV-rural2--0-sw`` out of the complete data set.

    Nodes that a closed switch joins become one bus, so the feeder has no switches.

    Parameters
    ----------
    wheel : Path
        The simbench wheel.

    Returns
    -------
    dict
        The feeder in the documented schema.
    """
    transformer = _table(wheel, "Transformer").query("subnet == @SUBNET").iloc[0]
    nodes = _table(wheel, "Node")
    own = nodes[(nodes["subnet"] == SUBNET) | (nodes["id"] == transformer["nodeHV"])]
    bus_of, buses = _buses(own, _table(wheel, "Switch").query("subnet == @SUBNET and cond == 1"))
    lines = _table(wheel, "Line").query("subnet == @SUBNET")
    loads = _table(wheel, "Load").query("subnet == @SUBNET")
    return {
        "source": "simbench 1.6.1, 1-LV-rural2--0-sw",
        "licence": "ODbL 1.0 (database), DbCL 1.0 (contents)",
        "units": "kV, km, ohm/km, nF/km, kA, MW, Mvar, MVA",
        "trafo": _transformer(transformer, _table(wheel, "TransformerType"), bus_of),
        "bus": buses,
        "line": _lines(lines, _table(wheel, "LineType"), bus_of),
        "load": [
            {
                "load": number,
                "name": row["id"],
                "bus": bus_of[row["node"]],
                "p_mw": float(row["pLoad"]),
                "q_mvar": float(row["qLoad"]),
                "profile": row["profile"],
            }
            for number, row in enumerate(loads.to_dict("records"))
        ],
    }


def _table(wheel: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(member(wheel, f"{FOLDER}/{name}.csv")), sep=";", na_values="NULL", low_memory=False
    )


def _buses(nodes: pd.DataFrame, closed: pd.DataFrame) -> tuple[dict[str, int], list[dict[str, Any]]]:
    root = {name: name for name in nodes["id"]}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for row in closed.to_dict("records"):
        # the busbar, which is listed first, stands for the ends of the lines on it
        if row["nodeA"] in root and row["nodeB"] in root:
            root[find(row["nodeB"])] = find(row["nodeA"])
    heads = [name for name in nodes["id"] if find(name) == name]
    number = {name: i for i, name in enumerate(heads)}
    volts = dict(zip(nodes["id"], nodes["vmR"], strict=True))
    buses = [{"bus": number[name], "name": name, "vn_kv": float(volts[name])} for name in heads]
    return {name: number[find(name)] for name in nodes["id"]}, buses


def _lines(lines: pd.DataFrame, types: pd.DataFrame, bus_of: dict[str, int]) -> list[dict[str, Any]]:
    by_type = types.set_index("id")
    result = []
    for number, row in enumerate(lines.to_dict("records")):
        kind = by_type.loc[row["type"]]
        # b is in microsiemens per km: C = b / (2 pi f)
        c_nf_per_km = float(kind["b"]) * 1000 / (2 * math.pi * FREQUENCY_HZ)
        result.append(
            {
                "line": number,
                "from_bus": bus_of[row["nodeA"]],
                "to_bus": bus_of[row["nodeB"]],
                "length_km": float(row["length"]),
                "r_ohm_per_km": float(kind["r"]),
                "x_ohm_per_km": float(kind["x"]),
                "c_nf_per_km": round(c_nf_per_km, DIGITS),
                "max_i_ka": float(kind["iMax"]) / 1000,
                "std_type": row["type"],
            }
        )
    return result


def _transformer(row: pd.Series, types: pd.DataFrame, bus_of: dict[str, int]) -> dict[str, Any]:
    kind = types.set_index("id").loc[row["type"]]
    rated_mva = float(kind["sR"])
    return {
        "sn_mva": rated_mva,
        "vn_hv_kv": float(kind["vmHV"]),
        "vn_lv_kv": float(kind["vmLV"]),
        "vk_percent": float(kind["vmImp"]),
        "vkr_percent": round(float(kind["pCu"]) / (rated_mva * 1000) * 100, DIGITS),
        "pfe_kw": float(kind["pFe"]),
        "i0_percent": float(kind["iNoLoad"]),
        "hv_bus": bus_of[row["nodeHV"]],
        "lv_bus": bus_of[row["nodeLV"]],
        "std_type": row["type"],
    }
