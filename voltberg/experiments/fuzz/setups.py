"""How the markets of a campaign begin: usual terms most of the time, and terms that strain every limit.

Rings of 48 and 17 frames come round within an episode; that of 512 does not.
"""

from __future__ import annotations

from typing import Final

from voltberg.configuration import (
    AuctionTerms,
    BookTerms,
    CreditTerms,
    MarketConfiguration,
    RatingPolicy,
    SettlementTerms,
    StorageTerms,
)
from voltberg.experiments.fuzz.pair import FuzzSetup

USUAL: Final = FuzzSetup("usual", MarketConfiguration())
SHORT_RING: Final = FuzzSetup("short ring", MarketConfiguration(settlement=SettlementTerms(ring_frames=17)))
STRICT: Final = FuzzSetup(
    "strict",
    MarketConfiguration(
        settlement=SettlementTerms(
            frame_seconds=900,
            tick_micro_per_wh=7,
            gate_closure_lead_seconds=300,
            refusal_lead_seconds=0,
            metering_window_seconds=1800,
            ring_frames=48,
        ),
        rating=RatingPolicy(
            tolerance_bps=0, minimum_rated_wh=0, binding_frames=2, probation_frames=1, threshold_bps=5_000
        ),
        book=BookTerms(minimum_quantity_wh=1, minimum_lock_micro=0),
        auction=AuctionTerms(
            minimum_quantity_wh=1,
            minimum_lock_micro=0,
            clearing_seconds=299,
            slices_per_frame=2,
            price_weight_bps=3_333,
            uniform_price=True,
            roll_keeps_rank=False,
        ),
        storage=StorageTerms(
            capacity_wh=61_000,
            charge_w=23_456,
            discharge_w=7_654,
            efficiency_bps=8_137,
            movement_micro_per_wh=0,
            charge_cost_micro_per_wh=3,
        ),
        credit=CreditTerms(consumer_risk_bps=1, exchange_risk_bps=9_999, alpha_wad=2 * 10**18),
    ),
    # Little money: locks, margins and balances run short all the time.
    margin_micro=3 * 10**6,
)
HUGE: Final = FuzzSetup(
    "huge",
    MarketConfiguration(
        settlement=SettlementTerms(tick_micro_per_wh=65_535), auction=AuctionTerms(minimum_quantity_wh=1)
    ),
    # Words overflow.
    margin_micro=2**88,
    scale=10**6,
)
ROTA: Final = (USUAL, USUAL, SHORT_RING, STRICT, USUAL, USUAL, SHORT_RING, HUGE)
"""Set-up of episode n is the one at n modulo its length."""
