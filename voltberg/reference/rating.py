"""Rating of deliveries and the threshold on the score (rule M10; Cui et al. 2023, eq. 2), pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from voltberg.models import Status
from voltberg.reference.parameters import CreditPolicy
from voltberg.units import BPS, WAD

MAXIMUM_COUNT: Final = 65_535
WEIGHT_LIMIT_WH: Final = 1 << 48

UNRATED: Final = 0
GOOD: Final = 1
BAD: Final = 2


class Account(NamedTuple):
    """A participant's account in the house."""

    balance_micro: int = 0
    rated_frames: int = 0
    rated_wh: int = 0
    good_wh: int = 0
    status: int = 0
    on_probation: bool = False
    suspended_until: int = 0


def verdict(owed_wh: int, shortfall_wh: int, policy: CreditPolicy) -> int:
    """Rate one delivery.

    Parameters
    ----------
    owed_wh : int
        Obligation [Wh].
    shortfall_wh : int
        What is missing of it [Wh].
    policy : CreditPolicy
        Tolerance and smallest rated obligation.

    Returns
    -------
    int
        0 not rated, 1 good, 2 bad.
    """
    if owed_wh == 0 or owed_wh < policy.minimum_rated_wh:
        return UNRATED
    return BAD if shortfall_wh * BPS > owed_wh * policy.tolerance_bps else GOOD


def rated(
    account: Account, weight_wh: int, good: bool, policy: CreditPolicy, suspended_until: int
) -> Account:
    """Enter a rating.

    Parameters
    ----------
    account : Account
        Before.
    weight_wh : int
        Weight of the rating [Wh].
    good : bool
        +1 or -1.
    policy : CreditPolicy
        Threshold and the counts from which it binds.
    suspended_until : int
        First frame of the probation, should the score fall below the threshold now.

    Returns
    -------
    Account
        After; its status tells whether it may place orders.
    """
    count = min(account.rated_frames + 1, MAXIMUM_COUNT)
    rated_wh, good_wh = account.rated_wh, account.good_wh
    if rated_wh + weight_wh >= WEIGHT_LIMIT_WH:
        rated_wh, good_wh = rated_wh // 2, good_wh // 2
    rated_wh += weight_wh
    good_wh += weight_wh if good else 0
    binds_from = policy.probation_frames if account.on_probation else policy.binding_frames
    below = (2 * good_wh - rated_wh) * BPS < policy.threshold_bps * rated_wh
    status, probation, until = account.status, account.on_probation, account.suspended_until
    # A good rating off probation cannot lower the score below what it was.
    compared = not good or account.on_probation or count == binds_from
    if compared and count >= binds_from and below:
        if not status & Status.SUSPENDED_BY_CREDIT:
            status, until = status | Status.SUSPENDED_BY_CREDIT, suspended_until
    elif count >= policy.binding_frames:
        probation = False
    return Account(account.balance_micro, count, rated_wh, good_wh, int(status), probation, until)


def score_wad(account: Account) -> int:
    """Score in [-1, 1] as WAD, rounded toward zero; 0 without ratings."""
    if account.rated_wh == 0:
        return 0
    numerator = (2 * account.good_wh - account.rated_wh) * WAD
    magnitude = abs(numerator) // account.rated_wh
    return magnitude if numerator >= 0 else -magnitude
