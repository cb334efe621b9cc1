"""Tariffs in the ticks of the market."""

from __future__ import annotations

from dataclasses import dataclass

from voltberg.profiles.tariff import Tariff
from voltberg.simulation.settings import FeeSettings
from voltberg.units import WH_PER_KWH

HIGHEST_CAP_TICK = 254
"""255 stands for a tariff that was not posted."""


@dataclass(frozen=True, slots=True)
class TickPrices:
    """Prices of a day, by position of the frame [ticks].

    Parameters
    ----------
    grid, retailer, feed_in : tuple of int
        Tariffs, not negative.
    cap : int
        Highest fallback price.
    grid_fee, platform_fee : int
        Fees on top of the price.
    """

    grid: tuple[int, ...]
    retailer: tuple[int, ...]
    feed_in: tuple[int, ...]
    cap: int
    grid_fee: int
    platform_fee: int

    @property
    def fees(self) -> int:
        """Both fees together [ticks]."""
        return self.grid_fee + self.platform_fee

    def supply(self, position: int) -> int:
        """Give the cheaper supplier's price of a frame [ticks]."""
        return min(self.grid[position], self.retailer[position])

    def tariff_of(self, position: int) -> tuple[int, int, int, int, int]:
        """Give what is posted for a frame: cap, grid, retailer, grid fee, platform fee [ticks]."""
        return self.cap, self.grid[position], self.retailer[position], self.grid_fee, self.platform_fee


def day_prices(tariff: Tariff, tick_micro_per_wh: int, fees: FeeSettings) -> TickPrices:
    """Round a day's tariffs to ticks.

    Order prices and posted tariffs are not negative: a negative tariff is posted as 0.

    Parameters
    ----------
    tariff : Tariff
        Prices in micro per kWh.
    tick_micro_per_wh : int
        Money per Wh and tick [micro].
    fees : FeeSettings
        Fees, and how far the cap lies above the highest tariff.

    Returns
    -------
    TickPrices
        The prices in ticks, half-even rounded.

    Raises
    ------
    ValueError
        If a tariff is higher than what can be posted: the tick is too small for this day.
    """
    rounded = tariff.whole_ticks_half_even(tick_micro_per_wh * WH_PER_KWH)
    tick_micro_per_kwh = tick_micro_per_wh * WH_PER_KWH
    grid, retailer, feed_in = (
        tuple(max(0, int(price) // tick_micro_per_kwh) for price in prices)
        for prices in (
            rounded.grid_micro_per_kwh,
            rounded.retailer_micro_per_kwh,
            rounded.feed_in_micro_per_kwh,
        )
    )
    cap = max(1, *grid, *retailer) + fees.cap_margin_ticks
    if cap > HIGHEST_CAP_TICK:
        raise ValueError(
            f"the highest tariff is {cap - fees.cap_margin_ticks} ticks of {tick_micro_per_kwh} micro per "
            f"kWh, expected at most {HIGHEST_CAP_TICK - fees.cap_margin_ticks}: deploy with a larger tick"
        )
    return TickPrices(grid, retailer, feed_in, cap, fees.grid_fee_ticks, fees.platform_fee_ticks)
