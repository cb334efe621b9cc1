"""The twin's fixed-point mathematics and rating against independent arithmetic."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg.configuration import MAXIMUM_EXPONENT_WAD, CreditTerms
from voltberg.models import Position, Status
from voltberg.reference.credit import penalty_factor_bps
from voltberg.reference.fixed_point import evaluated, exp_wad
from voltberg.reference.parameters import CreditPolicy
from voltberg.reference.rating import Account, rated, score_wad
from voltberg.reference.settlement_rule import payment_for_reading
from voltberg.units import WAD

POLICY = CreditPolicy(1_000, 50, 3, 1, 0)


@given(st.integers(-MAXIMUM_EXPONENT_WAD, MAXIMUM_EXPONENT_WAD))
def test_exponential_is_within_one_part_in_ten_to_the_fifteenth(exponent_wad):
    with localcontext() as context:
        context.prec = 60
        exact = (Decimal(exponent_wad) / WAD).exp() * WAD
        assert abs(Decimal(exp_wad(exponent_wad)) - exact) <= max(Decimal(1), exact / 10**15)


def test_exponential_refuses_what_it_was_not_made_for():
    with pytest.raises(ValueError, match="expected -40000000000000000000"):
        exp_wad(MAXIMUM_EXPONENT_WAD + 1)


@pytest.mark.parametrize("rating", [1, 2, 3, 4, 5])
def test_evaluation_tends_to_the_mean_rating(rating):
    """Cui eq. 3 with W / 5: the fixed point of always the same rating is that rating."""
    terms, evaluation_wad = CreditTerms(alpha_wad=2 * WAD), 0
    for _ in range(3_000):
        evaluation_wad = evaluated(evaluation_wad, rating, WAD, 0, 0, terms)
        assert 0 <= evaluation_wad <= terms.top_wad
    assert abs(evaluation_wad - rating * WAD) < WAD // 50


def test_suspension_binds_from_the_third_rated_frame_and_probation_sooner():
    account = Account()
    for _ in range(2):
        account = rated(account, 100, False, POLICY, 99)
        assert account.status == Status.ACTIVE
    account = rated(account, 100, False, POLICY, 99)
    assert (account.status, account.suspended_until, score_wad(account)) == (2, 99, -WAD)
    again = rated(Account(on_probation=True), 100, False, POLICY, 99)
    assert again.status == Status.SUSPENDED_BY_CREDIT


def test_good_ratings_are_compared_at_the_binding_count_and_on_probation_only():
    raised = POLICY._replace(threshold_bps=10_000)
    marked = Account(rated_frames=POLICY.binding_frames, rated_wh=1_000, good_wh=900)
    for _ in range(5):
        marked = rated(marked, 100, True, raised, 99)
        assert marked.status == Status.ACTIVE
    assert rated(marked, 0, False, raised, 99).status == Status.SUSPENDED_BY_CREDIT
    before = Account(rated_frames=POLICY.binding_frames - 1, rated_wh=1_000, good_wh=900)
    assert rated(before, 100, True, raised, 99).status == Status.SUSPENDED_BY_CREDIT
    returned = marked._replace(on_probation=True)
    assert rated(returned, 100, True, raised, 99).status == Status.SUSPENDED_BY_CREDIT


def test_sums_of_weights_are_halved_before_they_overflow():
    account = rated(Account(rated_wh=2**48 - 10, good_wh=2**47), 100, True, POLICY, 0)
    assert (account.rated_wh, account.good_wh) == (2**47 - 5 + 100, 2**46 + 100)


@given(
    sold_wh=st.integers(1, 10**6),
    tick=st.integers(0, 191),
    cap_tick=st.integers(1, 191),
    delivered_wh=st.integers(0, 2 * 10**6),
    fallback_tick=st.integers(0, 191),
)
def test_settlement_splits_value_and_lock_and_delivering_more_never_pays_less(
    sold_wh, tick, cap_tick, delivered_wh, fallback_tick
):
    """M5: nothing is made or lost, and the shortfall costs at least what it earned."""
    position = Position(0, sold_wh, 0, sold_wh * tick * 2, sold_wh * max(1, cap_tick - tick) * 2)
    whole = position.sale_micro + position.lock_micro
    fallback = min(fallback_tick, cap_tick) * 2
    payment = payment_for_reading(position, delivered_wh, fallback)
    assert payment.paid_micro + payment.fallback_micro + payment.surplus_micro == whole
    assert payment.paid_micro >= 0
    delivered = min(delivered_wh, sold_wh)
    assert payment.paid_micro <= position.lock_micro + delivered * tick * 2
    more = payment_for_reading(position, delivered_wh + 1, fallback)
    assert more.paid_micro >= payment.paid_micro


def test_penalties_multiply_and_round_down_at_each_step():
    assert penalty_factor_bps(()) == 10_000
    assert penalty_factor_bps((9_999, 9_999, 3_333)) == 3_332
