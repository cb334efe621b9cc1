"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import Final

from voltberg.units import WH_PER_KWH

THIN_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"
MISSING: Final = "\N{EN DASH}"
SIGNIFICANT: Final = 4


def grouped(value: float, digits: int = 0) -> str:
    """Write a number with its thousands set apart.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Digits after the point.

    Returns
    -------
    str
        For instance ``"12 345.6"`` with narrow spaces; a dash for NaN.
    """
    if math.isnan(value):
        return MISSING
    text = f"{value:,.{digits}f}".replace(",", THIN_SPACE)
    return text.replace("-", "\N{MINUS SIGN}")


def short(value: float) -> str:
    """Write a number with about four significant digits.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        The number, rounded no further than to whole ones.
    """
    if math.isnan(value):
        return MISSING
    if value == 0:
        return "0"
    return grouped(value, max(0, SIGNIFICANT - 1 - math.floor(math.log10(abs(value)))))


def millions(value: float) -> str:
    """Write a large count in thousands, millions or billions.

    Parameters
    ----------
    value : float
        The count.

    Returns
    -------
    str
        For instance ``"5.13 M"``.
    """
    for divisor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= divisor:
            return f"{value / divisor:.3g}{THIN_SPACE}{unit}" if abs(value) < 1e3 * divisor else short(value)
    return short(value)


def energy(energy_wh: float) -> str:
    """Write an energy in kWh.

    Parameters
    ----------
    energy_wh : float
        Energy [Wh].

    Returns
    -------
    str
        Energy with its unit.
    """
    return f"{short(energy_wh / WH_PER_KWH)} kWh"


def tokens(amount: float) -> str:
    """Write an amount of the settlement token.

    Parameters
    ----------
    amount : float
        Amount [token].

    Returns
    -------
    str
        Amount with two digits.
    """
    return grouped(amount, 2)


def percent(share: float, digits: int = 1) -> str:
    """Write a percentage.

    Parameters
    ----------
    share : float
        Already in percent.
    digits : int
        Digits after the point.

    Returns
    -------
    str
        Number with the sign.
    """
    return f"{grouped(share, digits)} %"


def price(price_per_kwh: float) -> str:
    """Write a price.

    Parameters
    ----------
    price_per_kwh : float
        Price [token per kWh].

    Returns
    -------
    str
        Price with three digits, without its unit.
    """
    return grouped(price_per_kwh, 3)
