"""Units and exact conversions: the only module that knows how many of one unit make another.

Inside Voltberg energy is integer Wh, power integer W, time unix seconds (UTC), money integer micro-units of
the settlement token, price integer micro-units per kWh, ratios WAD. ``docs/units.md`` is the glossary. A
conversion that can lose something says in its name which way it rounds.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

WH_PER_KWH: Final = 10**3
W_PER_KW: Final = 10**3
KWH_PER_MWH: Final = 10**3
MILLI: Final = 10**3
MICRO: Final = 10**6
WAD: Final = 10**18
BPS: Final = 10**4
PERCENT: Final = 10**2
SECONDS_PER_MINUTE: Final = 60
SECONDS_PER_HOUR: Final = 3600
MILLIJOULE_PER_WH: Final = SECONDS_PER_HOUR * MILLI
DEFAULT_FRAME_SECONDS: Final = 1800
TOKEN_DECIMALS: Final = 6
PRICE_GRAIN_MICRO_PER_KWH: Final = 10**3
"""A tick is a multiple of this, so that Wh times price is a whole number of micro-units."""
DEFAULT_TICK_MICRO_PER_KWH: Final = 2 * 10**3
DEFAULT_TICKS: Final = 192
"""Number of price ticks of a venue; prices lie in ``[0, DEFAULT_TICKS)`` ticks."""


def half_even_div(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, ties to the even one.

    Parameters
    ----------
    numerator : int
        Any integer.
    denominator : int
        A positive integer.

    Returns
    -------
    int
        The nearest integer to the quotient.

    Raises
    ------
    ValueError
        If the denominator is not positive.
    """
    if denominator <= 0:
        msg = f"denominator is {denominator}, expected a positive integer"
        raise ValueError(msg)
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + int(twice > denominator or (twice == denominator and quotient % 2 == 1))


def ceil_div(numerator: int, denominator: int) -> int:
    """Divide and round up.

    Parameters
    ----------
    numerator : int
        Any integer.
    denominator : int
        A positive integer.

    Returns
    -------
    int
        The smallest integer that is not below the quotient.

    Raises
    ------
    ValueError
        If the denominator is not positive.
    """
    if denominator <= 0:
        msg = f"denominator is {denominator}, expected a positive integer"
        raise ValueError(msg)
    return -(-numerator // denominator)


def kwh_to_wh_half_even(energy_kwh: Decimal | float | str) -> int:
    """Convert an energy to whole Wh, half to even.

    Parameters
    ----------
    energy_kwh : Decimal, float or str
        Energy [kWh]; a float is taken at its shortest decimal form.

    Returns
    -------
    int
        Energy [Wh].
    """
    return _scaled_half_even(energy_kwh, WH_PER_KWH)


def kw_to_w_half_even(power_kw: Decimal | float | str) -> int:
    """Convert a power to whole W, half to even.

    Parameters
    ----------
    power_kw : Decimal, float or str
        Power [kW].

    Returns
    -------
    int
        Power [W].
    """
    return _scaled_half_even(power_kw, W_PER_KW)


def price_to_micro_half_even(price_per_kwh: Decimal | float | str) -> int:
    """Convert a price in whole currency units to micro-units, half to even.

    Parameters
    ----------
    price_per_kwh : Decimal, float or str
        Price [token per kWh]; negative is legal.

    Returns
    -------
    int
        Price [micro per kWh].
    """
    return _scaled_half_even(price_per_kwh, MICRO)


def energy_down_wh(power_w: int, seconds: int) -> int:
    """Energy of a constant power over a time, rounded down.

    Parameters
    ----------
    power_w : int
        Power [W], not negative.
    seconds : int
        Duration [s], not negative.

    Returns
    -------
    int
        Energy [Wh].
    """
    return power_w * seconds // SECONDS_PER_HOUR


def power_up_w(energy_wh: int, seconds: int) -> int:
    """Smallest whole power that moves an energy within a time.

    Parameters
    ----------
    energy_wh : int
        Energy [Wh], not negative.
    seconds : int
        Duration [s], positive.

    Returns
    -------
    int
        Power [W].
    """
    return ceil_div(energy_wh * SECONDS_PER_HOUR, seconds)


def value_exact_micro(energy_wh: int, price_micro_per_kwh: int) -> int:
    """Value of an energy at a price, which must come out whole.

    Parameters
    ----------
    energy_wh : int
        Energy [Wh].
    price_micro_per_kwh : int
        Price [micro per kWh].

    Returns
    -------
    int
        Value [micro].

    Raises
    ------
    ValueError
        If the value has a fraction: the price is not a multiple of 1,000 micro per kWh.
    """
    value, rest = divmod(energy_wh * price_micro_per_kwh, WH_PER_KWH)
    if rest:
        msg = f"{energy_wh} Wh at {price_micro_per_kwh} micro per kWh is not a whole number of micro-units"
        raise ValueError(msg)
    return value


def value_down_micro(energy_wh: int, price_micro_per_kwh: int) -> int:
    """Value of an energy at a price, rounded down (what a payee gets).

    Parameters
    ----------
    energy_wh : int
        Energy [Wh].
    price_micro_per_kwh : int
        Price [micro per kWh].

    Returns
    -------
    int
        Value [micro].
    """
    return energy_wh * price_micro_per_kwh // WH_PER_KWH


def value_up_micro(energy_wh: int, price_micro_per_kwh: int) -> int:
    """Value of an energy at a price, rounded up (what a payer owes).

    Parameters
    ----------
    energy_wh : int
        Energy [Wh].
    price_micro_per_kwh : int
        Price [micro per kWh].

    Returns
    -------
    int
        Value [micro].
    """
    return ceil_div(energy_wh * price_micro_per_kwh, WH_PER_KWH)


def _scaled_half_even(value: Decimal | float | str, scale: int) -> int:
    exact = Decimal(str(value)) * scale
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
