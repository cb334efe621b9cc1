"""Gas of other order books, from one data file with its source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Peers:
    """Other order books and what they cost.

    Attributes
    ----------
    source : str
        How the numbers were found.
    names : Mapping[str, str]
        Code measured, or where a number is quoted from, by peer.
    gas : Mapping[str, Mapping[str, int]]
        Gas by our figure and peer.
    """

    source: str
    names: Mapping[str, str]
    gas: Mapping[str, Mapping[str, int]]


def read_peers() -> Peers:
    """Read the data file.

    Returns
    -------
    Peers
        Its contents.
    """
    text = files("voltberg").joinpath("data", "gas_peers.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return Peers(content["source"], content["peers"], {row["ours"]: row["gas"] for row in content["rows"]})


def ratio(theirs: int, ours: int) -> str:
    """Tell how many times ours theirs is.

    Parameters
    ----------
    theirs : int
        A peer's gas.
    ours : int
        Gas of the same operation here.

    Returns
    -------
    str
        Such as ``"1.65x"``; below 1 the peer is the cheaper one.
    """
    return f"{theirs / ours:.2f}x"
