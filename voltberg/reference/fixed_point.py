"""Fixed-point mathematics of the credit contract, bit by bit: exponential and evaluation of stations.

All divisions round toward minus infinity; values are WAD unless a name says otherwise.
"""

from __future__ import annotations

from typing import Final

from voltberg.configuration import MAXIMUM_EXPONENT_WAD, CreditTerms
from voltberg.units import WAD

HIGHEST_RATING: Final = 5
_ONE_36: Final = WAD * WAD
_LN2_36: Final = 693_147_180_559_945_309_417_232_121_458_176_568


def exp_wad(exponent_wad: int) -> int:
    """Exponential function.

    The exponent is split into k ln 2 + r with 0 <= r < ln 2; the Taylor series of r runs until a term
    vanishes in 36 decimals.

    Parameters
    ----------
    exponent_wad : int
        Within -40 .. 40 WAD.

    Returns
    -------
    int
        e to that power [WAD], rounded down.

    Raises
    ------
    ValueError
        If the exponent is out of range.
    """
    if abs(exponent_wad) > MAXIMUM_EXPONENT_WAD:
        msg = f"exponent is {exponent_wad} WAD, expected -{MAXIMUM_EXPONENT_WAD} .. {MAXIMUM_EXPONENT_WAD}"
        raise ValueError(msg)
    doublings, rest = divmod(exponent_wad * WAD, _LN2_36)
    term = total = _ONE_36
    order = 1
    while term := term * rest // _ONE_36 // order:
        total += term
        order += 1
    if doublings >= 0:
        return (total << doublings) // WAD
    return total // (WAD << -doublings)


def evaluated(
    evaluation_wad: int,
    rating: int,
    weight_wad: int,
    endorsements: int,
    all_endorsements: int,
    terms: CreditTerms,
) -> int:
    """Evaluate a station once (Cui et al. 2023, eqs 1 and 3, with W / 5 in place of W).

    Parameters
    ----------
    evaluation_wad : int
        R before [WAD].
    rating : int
        W, 1 .. 5.
    weight_wad : int
        Score of the user, 0 .. 1 [WAD].
    endorsements : int
        l, ledger updates endorsed by the station.
    all_endorsements : int
        L, those of all stations.
    terms : CreditTerms
        alpha, sigma, beta and D.

    Returns
    -------
    int
        R after [WAD], within 0 .. D.
    """
    top_wad = terms.top_wad
    experience_wad = terms.beta_wad * endorsements // all_endorsements if all_endorsements else 0
    gain = (WAD + experience_wad) * WAD // terms.alpha_wad
    damping = WAD - WAD * WAD // (WAD + exp_wad((top_wad - evaluation_wad) * WAD // terms.sigma_wad))
    step = gain * damping // WAD * weight_wad // WAD
    target = rating * WAD // HIGHEST_RATING
    expected = evaluation_wad * WAD // top_wad
    if target >= expected:
        return min(top_wad, evaluation_wad + step * (target - expected) // WAD)
    return max(0, evaluation_wad - step * (expected - target) // WAD)
