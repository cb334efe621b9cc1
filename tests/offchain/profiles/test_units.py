"""Conversions: exact, rounded as their names say."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg import units

ENERGY = st.integers(min_value=0, max_value=10**12)
PRICE = st.integers(min_value=0, max_value=10**9)


@given(numerator=st.integers(min_value=-(10**20), max_value=10**20), denominator=st.integers(1, 10**9))
def test_half_even_division_is_python_rounding_of_the_exact_fraction(
    numerator: int, denominator: int
) -> None:
    assert units.half_even_div(numerator, denominator) == round(Fraction(numerator, denominator))


@given(energy_wh=ENERGY, price=PRICE)
def test_values_bracket_the_exact_value(energy_wh: int, price: int) -> None:
    exact = Fraction(energy_wh * price, units.WH_PER_KWH)
    down, up = units.value_down_micro(energy_wh, price), units.value_up_micro(energy_wh, price)

    assert down <= exact <= up
    assert up - down == (exact.denominator != 1)


@given(energy_wh=ENERGY, ticks=st.integers(0, units.DEFAULT_TICKS))
def test_a_price_in_ticks_always_gives_a_whole_value(energy_wh: int, ticks: int) -> None:
    price = ticks * units.DEFAULT_TICK_MICRO_PER_KWH

    assert units.value_exact_micro(energy_wh, price) * units.WH_PER_KWH == energy_wh * price


def test_a_value_with_a_fraction_is_refused() -> None:
    with pytest.raises(ValueError, match="1 Wh at 1999 micro per kWh"):
        units.value_exact_micro(1, 1999)


@pytest.mark.parametrize("divide", [units.half_even_div, units.ceil_div])
def test_division_by_nothing_is_refused(divide: object) -> None:
    with pytest.raises(ValueError, match="denominator is 0"):
        divide(1, 0)


@pytest.mark.parametrize(
    ("kwh", "wh"), [("0.0005", 0), ("0.0015", 2), ("0.0025", 2), (12.345, 12345), ("-0.0015", -2), (0.1, 100)]
)
def test_energy_rounds_half_to_even(kwh: str | float, wh: int) -> None:
    assert units.kwh_to_wh_half_even(kwh) == wh


def test_prices_and_powers_keep_every_digit() -> None:
    assert units.price_to_micro_half_even("-0.15") == -150_000
    assert units.price_to_micro_half_even(0.057243) == 57_243
    assert units.kw_to_w_half_even(7.4) == 7400


@given(energy_wh=ENERGY, seconds=st.integers(1, 10**7))
def test_the_power_found_for_an_energy_is_the_smallest_that_moves_it(energy_wh: int, seconds: int) -> None:
    power = units.power_up_w(energy_wh, seconds)

    assert units.energy_down_wh(power, seconds) >= energy_wh
    assert power == 0 or Fraction((power - 1) * seconds, 3600) < energy_wh
