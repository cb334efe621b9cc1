"""The market's parameters: one validated, frozen object that deployment, twin and simulation share."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from voltberg.units import (
    BPS,
    DEFAULT_FRAME_SECONDS,
    DEFAULT_TICK_MICRO_PER_KWH,
    PRICE_GRAIN_MICRO_PER_KWH,
    WAD,
    WH_PER_KWH,
)

Uint16 = Annotated[int, Field(ge=0, lt=2**16)]
Uint32 = Annotated[int, Field(ge=0, lt=2**32)]
Uint64 = Annotated[int, Field(ge=0, lt=2**64)]
Share = Annotated[int, Field(ge=0, le=WAD)]
HIGHEST_LOCK_TICKS: Final = 255
MAXIMUM_ORDER_LOCK_MICRO: Final = 129_000_000
"""Bounds an order of the auction, so that all that a participant can chain fits in its record's refund."""
Risk = Annotated[int, Field(ge=0, lt=BPS)]

LEAST_RING_SECONDS: Final = 28_800
"""2^16 rounds of so long a ring, after which the tags of positions come again, are 59 years."""
MAXIMUM_EXPONENT_WAD = 40 * WAD
"""Largest argument of the contracts' exponential."""


class _Terms(BaseModel):
    # `strict` keeps "1800" and 1800.0 out: a number of another type is a slip, not a wish.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SettlementTerms(_Terms):
    """Times and price grain of the clearing house (M7).

    Attributes
    ----------
    frame_seconds : int
        Length of a delivery frame [s].
    tick_micro_per_wh : int
        Money per Wh and price tick [micro].
    gate_closure_lead_seconds : int
        Time before delivery at which trading ends [s].
    refusal_lead_seconds : int
        Time before delivery at which refusals end [s], below the gate closure's lead.
    metering_window_seconds : int
        Time after delivery within which readings are taken [s].
    ring_frames : int
        Frames whose state lies side by side (T2), at least 2 and 28,800 s. So many ahead can be opened, and a
        frame waits until the one so many before is final; then slots are written again, which is cheaper.
    """

    frame_seconds: Annotated[int, Field(ge=60, le=86_400)] = DEFAULT_FRAME_SECONDS
    tick_micro_per_wh: Annotated[int, Field(ge=1, lt=2**16)] = (
        DEFAULT_TICK_MICRO_PER_KWH // PRICE_GRAIN_MICRO_PER_KWH
    )
    gate_closure_lead_seconds: Annotated[int, Field(ge=1, lt=2**32)] = 600
    refusal_lead_seconds: Uint32 = 300
    metering_window_seconds: Annotated[int, Field(ge=1, lt=2**32)] = 7_200
    ring_frames: Annotated[int, Field(ge=2, le=512)] = 512

    @model_validator(mode="after")
    def _deadlines_in_order(self) -> Self:
        if self.refusal_lead_seconds >= self.gate_closure_lead_seconds:
            msg = (
                f"refusal_lead_seconds is {self.refusal_lead_seconds}, expected below "
                f"gate_closure_lead_seconds {self.gate_closure_lead_seconds}"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _ring_outlasts_its_tags(self) -> Self:
        least = -(-LEAST_RING_SECONDS // self.frame_seconds)
        if self.ring_frames < least:
            msg = f"ring_frames is {self.ring_frames}, expected at least {least} of {self.frame_seconds} s"
            raise ValueError(msg)
        return self


class RatingPolicy(_Terms):
    """How deliveries are rated and when the threshold binds (M10).

    Attributes
    ----------
    tolerance_bps : int
        A shortfall above this share of the obligation rates -1 [1/10,000].
    minimum_rated_wh : int
        Obligations below are not rated [Wh].
    binding_frames : int
        Rated frames from which the threshold binds.
    probation_frames : int
        The same while on probation.
    threshold_bps : int
        Score below which a participant is suspended [1/10,000 of a score in [-1, 1]].
    """

    tolerance_bps: Annotated[int, Field(ge=0, le=BPS)] = 1_000
    minimum_rated_wh: Uint32 = 50
    binding_frames: Annotated[int, Field(ge=1, lt=2**16)] = 10
    probation_frames: Annotated[int, Field(ge=1, lt=2**16)] = 3
    threshold_bps: Annotated[int, Field(ge=-BPS, le=BPS)] = 0


class BookTerms(_Terms):
    """Least size of an order.

    Attributes
    ----------
    minimum_quantity_wh : int
        Least quantity [Wh].
    minimum_lock_micro : int
        Least money that an order locks [micro].
    """

    minimum_quantity_wh: Annotated[int, Field(ge=1, lt=2**32)] = 50
    minimum_lock_micro: Uint64 = 100


class AuctionTerms(_Terms):
    """Settings of the frame auction (A2, A4 to A7), in the order of ``IFrameAuction.Params``.

    Attributes
    ----------
    minimum_quantity_wh : int
        Least quantity and least peak [Wh].
    minimum_lock_micro : int
        Least money that an order locks [micro].
    clearing_seconds : int
        Time from gate closure on in which a frame can be cleared [s].
    slices_per_frame : int
        Slices that an order offers in a frame; 0 for all.
    alpha, beta : int
        Weights of price rank and time rank; alpha 0 for lexicographic price-time priority.
    price_weight_bps : int
        Share of the bid in the price [1/10,000].
    uniform_price : bool
        Whether all fills of a frame have one price.
    roll_keeps_rank : bool
        Whether rests stand before the next frame's new orders.
    """

    minimum_quantity_wh: Annotated[int, Field(ge=1, lt=2**24)] = 50
    minimum_lock_micro: Uint64 = 100
    clearing_seconds: Annotated[int, Field(ge=1, lt=2**32)] = 240
    slices_per_frame: Annotated[int, Field(ge=0, lt=2**8)] = 0
    alpha: Uint16 = 10
    beta: Uint16 = 1
    price_weight_bps: Annotated[int, Field(ge=0, le=BPS)] = BPS // 2
    uniform_price: bool = False
    roll_keeps_rank: bool = True

    @model_validator(mode="after")
    def _time_counts(self) -> Self:
        if self.alpha and not self.beta:
            msg = f"beta is 0, expected at least 1 with alpha {self.alpha}"
            raise ValueError(msg)
        return self

    @staticmethod
    def maximum_quantity_wh(tick_micro_per_wh: int) -> int:
        """Tell the largest quantity of an order [Wh]: what a record's refund has room for."""
        return MAXIMUM_ORDER_LOCK_MICRO // (HIGHEST_LOCK_TICKS * tick_micro_per_wh)


class StorageTerms(_Terms):
    """Size and tariff of the shared storage (M12; Wang et al. 2023, eqs 27-31).

    Attributes
    ----------
    capacity_wh : int
        Usable energy [Wh].
    charge_w : int
        Largest charging power of all bookings together [W].
    discharge_w : int
        Largest discharging power of all bookings together [W].
    efficiency_bps : int
        Share of the energy charged that is stored [1/10,000].
    capacity_rent_micro : int
        Rent per started kWh of capacity and frame [micro].
    power_rent_micro : int
        Rent per started kW and frame [micro].
    movement_micro_per_wh : int
        Fee per Wh moved in or out [micro].
    charge_cost_micro_per_wh : int
        Operator's cost per Wh charged [micro].
    discharge_cost_micro_per_wh : int
        Operator's cost per Wh discharged [micro].
    """

    capacity_wh: Annotated[int, Field(ge=1, lt=2**64)] = 200 * WH_PER_KWH
    charge_w: Uint64 = 50_000
    discharge_w: Uint64 = 50_000
    efficiency_bps: Annotated[int, Field(ge=1, le=BPS)] = 9_500
    capacity_rent_micro: Uint32 = 100
    power_rent_micro: Uint32 = 200
    movement_micro_per_wh: Uint32 = 4
    charge_cost_micro_per_wh: Uint32 = 1
    discharge_cost_micro_per_wh: Uint32 = 1


class CreditTerms(_Terms):
    """Evaluation of stations (Cui et al. 2023, eq. 3) and penalty lists (Liang 2024, eqs 4.1-4.4).

    Attributes
    ----------
    alpha_wad, sigma_wad, beta_wad, top_wad, unrated_weight_wad : int
        Speed in [1, 1e6], damping, weight of endorsements, highest evaluation in [2, 100], weight of an
        unrated user [WAD]; weights are at most 1, and damping is at least a 40th of the highest evaluation.
    consumer_risk_bps, exchange_risk_bps : int
        Risk parameters gamma_1 and gamma_2 [1/10,000], each below 10,000.
    """

    alpha_wad: Annotated[int, Field(ge=WAD, le=10**6 * WAD)] = 15 * WAD
    sigma_wad: Annotated[int, Field(ge=1, lt=2**128)] = WAD // 2
    beta_wad: Share = WAD // 2
    top_wad: Annotated[int, Field(ge=2 * WAD, le=100 * WAD)] = 5 * WAD
    unrated_weight_wad: Share = WAD // 2
    consumer_risk_bps: Risk = 2_000
    exchange_risk_bps: Risk = 2_000

    @model_validator(mode="after")
    def _damping_within_exponential(self) -> Self:
        if self.top_wad * WAD // self.sigma_wad > MAXIMUM_EXPONENT_WAD:
            msg = (
                f"sigma_wad is {self.sigma_wad}, expected at least a {MAXIMUM_EXPONENT_WAD // WAD}th of "
                f"top_wad {self.top_wad}"
            )
            raise ValueError(msg)
        return self


class MarketConfiguration(_Terms):
    """All parameters that the contracts are deployed with.

    Attributes
    ----------
    settlement : SettlementTerms
        Times and price grain.
    rating : RatingPolicy
        Rating of deliveries.
    book : BookTerms
        Least size of an order.
    auction : AuctionTerms
        Settings of the frame auction.
    storage : StorageTerms
        The shared storage.
    credit : CreditTerms
        Evaluation of stations and penalty lists.
    """

    settlement: SettlementTerms = SettlementTerms()
    rating: RatingPolicy = RatingPolicy()
    book: BookTerms = BookTerms()
    auction: AuctionTerms = AuctionTerms()
    storage: StorageTerms = StorageTerms()
    credit: CreditTerms = CreditTerms()

    @model_validator(mode="after")
    def _auction_fits(self) -> Self:
        settlement, auction = self.settlement, self.auction
        room = min(
            settlement.gate_closure_lead_seconds - settlement.refusal_lead_seconds, settlement.frame_seconds
        )
        if auction.clearing_seconds >= room:
            msg = (
                f"auction.clearing_seconds is {auction.clearing_seconds}, expected below {room}: "
                "the time from gate closure to the end of refusals, and a frame"
            )
            raise ValueError(msg)
        largest = auction.maximum_quantity_wh(settlement.tick_micro_per_wh)
        if auction.minimum_quantity_wh > largest:
            msg = f"auction.minimum_quantity_wh is {auction.minimum_quantity_wh}, expected at most {largest}"
            raise ValueError(msg)
        return self

    def fingerprint(self) -> str:
        """Hash the parameters, so that a deployment can be told from one with others.

        Returns
        -------
        str
            SHA-256 of the canonical JSON, in hex.
        """
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
