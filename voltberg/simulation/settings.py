"""The one validated object that a replay is a function of."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from voltberg.configuration import MarketConfiguration
from voltberg.units import MICRO, WH_PER_KWH

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputSettings(_Settings):
    """Where the day comes from: the shipped sample, or files of the user's own.

    Attributes
    ----------
    season : str
        Day of the shipped sample; used when no load file is named.
    households : int or None
        How many households take part, the first ones; None for all.
    load, pv, sessions, tariff : Path or None
        Files of the documented schema.
    day : date or None
        Local date to replay; None for the load file's first full day.
    time_zone : str
        IANA zone of times without a UTC offset.
    session_date : date or None
        Date whose sessions are laid on the day.
    session_source, market : str or None
        Which source of the sessions file and which market of the tariff file.
    """

    season: Literal["winter", "summer"] = "summer"
    households: Annotated[int, Field(ge=2, le=1000)] | None = None
    load: Path | None = None
    pv: Path | None = None
    sessions: Path | None = None
    tariff: Path | None = None
    day: date | None = None
    time_zone: str = "UTC"
    session_date: date | None = None
    session_source: str | None = None
    market: str | None = None


class AgentSettings(_Settings):
    """How the participants behave.

    Attributes
    ----------
    strategy : str
        ``module:Class`` of the strategy.
    deviation : float
        Standard deviation of metered against forecast energy, relative.
    silent_share : float
        Share of readings that never arrive.
    max_fills : int
        Most orders that one placing visits.
    wallet_micro, deposit_micro, margin_micro : int
        Tokens that a household owns, deposits in the house, and moves to the book [micro].
    renters : int
        Households that try to book storage: those with most surplus.
    booked_capacity_wh, booked_power_w : int
        What each of them books [Wh], [W].
    charge_share : float
        Share of its surplus that a renter stores.
    discharge_from_hour : int
        Local hour from which renters discharge.
    """

    strategy: str = "voltberg.simulation.strategy:SurplusNeedStrategy"
    deviation: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    silent_share: Share = 0.005
    max_fills: Annotated[int, Field(ge=1, le=200)] = 12
    wallet_micro: Count = 200 * MICRO
    deposit_micro: Count = 50 * MICRO
    margin_micro: Count = 10 * MICRO
    renters: Count = 52
    booked_capacity_wh: Annotated[int, Field(ge=1)] = 4 * WH_PER_KWH
    booked_power_w: Annotated[int, Field(ge=1)] = 1_000
    charge_share: Share = 0.5
    discharge_from_hour: Annotated[int, Field(ge=0, le=23)] = 17


class FeeSettings(_Settings):
    """What the operator posts for every frame.

    Attributes
    ----------
    grid_fee_ticks, platform_fee_ticks : int
        Fees that buyers pay on top of the price [ticks] (Wang et al. 2023, eq. 6).
    cap_margin_ticks : int
        How far the cap lies above the day's highest tariff [ticks].
    """

    grid_fee_ticks: Annotated[int, Field(ge=0, le=15)] = 2
    platform_fee_ticks: Annotated[int, Field(ge=0, le=15)] = 1
    cap_margin_ticks: Annotated[int, Field(ge=0, le=50)] = 10


class ReplaySettings(_Settings):
    """Everything that decides a replay's results.

    Attributes
    ----------
    seed : int
        Seed of every draw.
    venue : str
        Where the day trades: the continuous book or the frame auction.
    inputs : InputSettings
        The day.
    agents : AgentSettings
        The participants.
    fees : FeeSettings
        What is posted per frame.
    market : MarketConfiguration
        What the contracts are deployed with.
    """

    seed: Count = 1
    venue: Literal["book", "auction"] = "book"
    inputs: InputSettings = InputSettings()
    agents: AgentSettings = AgentSettings()
    fees: FeeSettings = FeeSettings()
    market: MarketConfiguration = MarketConfiguration()
