"""What the market may cost at most, and which figures are known to miss it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SOURCE: Final = "floors measured on probe contracts, plus room for roles, fees and checks"
LIMITS: Final[Mapping[str, int]] = {
    "place_existing_level": 60_000,
    "place_new_level": 83_000,
    "place_iceberg_extra": 500,
    "place_batch10_each": 30_000,
    "frame_place": 36_000,
    "frame_place_batch10_each": 5_000,
    "frame_place_exchange10_each": 10_500,
    "place_depth_spread": 500,
    "cancel": 31_000,
    "fill_marginal": 10_000,
    "iceberg_slice_marginal": 6_500,
    "take_1": 50_000,
    "take_1_part": 50_000,
    "take_1_part_again": 50_000,
    "take_5": 89_000,
    "take_20": 235_000,
    "frame_clear_100_per_fill": 3_000,
    "frame_clear_100_half_iceberg_per_fill": 2_000,
    "frame_clear_100_total": 280_000,
    "frame_clear_100_half_iceberg_total": 380_000,
    "frame_clear_1000": 2_400_000,
    "settle_batch100_each": 6_500,
    "settle_few_ratings_batch100_each": 6_500,
    "settle_positions_batch100_each": 9_500,
    "settle_positions_few_ratings_batch100_each": 9_500,
    "settle_by_proof": 52_000,
    "storage_in": 31_000,
    "storage_out": 31_000,
    "credit_single": 31_000,
    "credit_batch100_each": 6_000,
    "credit_few_ratings_batch100_each": 6_000,
    "all_in_100": 45_000,
}
"""Most gas by figure of the snapshot ``market``, on the seasoned stage."""

KNOWN_MISSES: Final[Mapping[str, str]] = {}
"""Figures above their limit, with reasons, which ``docs/gas.md`` gives. One that holds may not stand here."""
