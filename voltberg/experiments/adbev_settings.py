"""What an AdBEV run is a function of."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from voltberg.simulation.ev_day import MOST_EVS
from voltberg.simulation.settings import InputSettings

CHAIN_PEERS: Final = (10, 20, 50, 100, 200)
SWEEP_EVS: Final = (25, 50, 75, 100, 125, 150, 175, 200)
TIMED_EVS: Final = (100, 200, 500, 1000, 2000)


class AdbevSettings(BaseModel):
    """All settings of ``voltberg run adbev``.

    Attributes
    ----------
    input : str
        ``paper`` for the synthetic day of Xiao & Hou, ``sample`` for the shipped one, ``files`` for own.
    seeds : int
        How many seeds; each draws a day (``paper``) and the terms of its orders.
    first_seed : int
        The first of them; the others follow it.
    windows : str
        When EVs of ``paper`` are connected: ``paper`` for its two windows, ``drawn`` for windows drawn from
        the stay-online model fitted to the shipped sample's sessions.
    windows_per_ev : int
        In how many of the paper's two windows each EV is connected.
    online_order : int
        Number of sines of the stay-online model.
    inputs : InputSettings
        Which day of the sample, or which files.
    power_flow : bool
        Whether the first seed's schedules are put through a power flow on the feeder.
    sweep_evs : tuple of int
        Numbers of EVs of the sweep over a fixed number of homes; none for no sweep.
    sweep_seeds : int
        Seeds of the sweep.
    timed_evs : tuple of int
        Numbers of EVs, homes in proportion, at which the methods are timed; none for no timing.
    on_chain : bool
        Whether the first seed's orders are placed on the contracts.
    engine : str
        The chain: ``evm`` (in-process), ``ganache`` or ``anvil``.
    chain_peers : tuple of int
        Numbers of EVs, homes in proportion, at which a day's gas is measured; none for the day alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Literal["paper", "sample", "files"] = "paper"
    seeds: Annotated[int, Field(ge=1, le=1000)] = 20
    first_seed: Annotated[int, Field(ge=0)] = 1
    windows: Literal["paper", "drawn"] = "paper"
    windows_per_ev: Annotated[int, Field(ge=1, le=2)] = 2
    online_order: Annotated[int, Field(ge=1, le=16)] = 4
    inputs: InputSettings = InputSettings(season="winter")
    power_flow: bool = True
    sweep_evs: tuple[Annotated[int, Field(ge=1)], ...] = SWEEP_EVS
    sweep_seeds: Annotated[int, Field(ge=1)] = 3
    timed_evs: tuple[Annotated[int, Field(ge=1)], ...] = TIMED_EVS
    on_chain: bool = True
    engine: Literal["evm", "ganache", "anvil"] = "evm"
    chain_peers: tuple[Annotated[int, Field(ge=1, le=MOST_EVS)], ...] = CHAIN_PEERS
