"""Cui et al. 2023, eqs 1 and 3, against 50 digits, at the fixed point and at the ends of the range."""

import itertools
from decimal import Decimal, localcontext

import pytest

WAD = 10**18
# alpha 15, sigma 0.5, beta 0.5, D 5: the paper's.
TERMS = (15 * WAD, WAD // 2, WAD // 2, 5 * WAD, WAD // 2)
FASTEST = (WAD, WAD // 20, WAD, 2 * WAD, WAD)


def exact_path(terms, start_wad, ratings, score, endorsements=0, total=0):
    """Equation 3 in 50 digits."""
    alpha, sigma, beta, top, _ = (Decimal(value) / WAD for value in terms)
    evaluation, path = Decimal(start_wad) / WAD, []
    weight = beta * endorsements / total if total else Decimal(0)
    for rating in ratings:
        damping = 1 - 1 / (1 + ((top - evaluation) / sigma).exp())
        gap = Decimal(rating) / 5 - evaluation / top
        evaluation += (1 + weight) / alpha * damping * score * gap
        path.append(evaluation)
    return path


@pytest.mark.parametrize(
    ("score_wad", "endorsements", "total"),
    [(WAD, 0, 0), (WAD // 2, 0, 9), (WAD, 3, 4), (WAD // 3, 7, 7), (0, 1, 2)],
)
def test_follows_equation_3_when_ratings_vary(math, score_wad, endorsements, total):
    ratings = [4, 5, 1, 3, 2, 5, 5, 4] * 25
    path = math.evaluations(TERMS, 0, ratings, score_wad, endorsements, total)
    with localcontext() as context:
        context.prec = 50
        expected = exact_path(TERMS, 0, ratings, Decimal(score_wad) / WAD, endorsements, total)
        worst = max(abs(Decimal(value) / WAD - wanted) for value, wanted in zip(path, expected, strict=True))
    assert worst < 200 * Decimal("8e-18"), "a few last digits a step at most"


@pytest.mark.parametrize("rating", [1, 2, 3, 4])
def test_settles_at_the_mean_rating_when_ratings_are_equal(math, rating):
    # With the printed W instead of W / 5 there is no fixed point below D: R runs past the mean and past D.
    path = math.evaluations(TERMS, 0, [rating] * 900, WAD, 0, 0)
    assert abs(path[-1] - rating * WAD) < WAD // 1000
    assert max(path) <= rating * WAD


def test_settles_at_the_mean_rating_when_ratings_are_mixed(math):
    path = math.evaluations(TERMS, 0, [3, 5, 4] * 300, WAD, 0, 0)
    assert all(abs(value - 4 * WAD) < WAD // 50 for value in path[-30:])


def test_approaches_the_rating_from_above_when_a_station_gets_worse(math):
    path = math.evaluations(TERMS, 5 * WAD, [2] * 900, WAD, 0, 0)
    assert all(later < earlier for earlier, later in itertools.pairwise(path))
    assert 2 * WAD <= path[-1] < 2 * WAD + WAD // 1000


def test_rises_in_ever_smaller_steps_when_ratings_are_equal(math):
    path = [0, *math.evaluations(TERMS, 0, [4] * 300, WAD, 0, 0)]
    steps = [later - earlier for earlier, later in itertools.pairwise(path)]
    assert all(step > 0 for step in steps)
    assert steps == sorted(steps, reverse=True)


def test_is_within_a_tenth_of_the_rating_when_200_transactions_are_over(math):
    # The paper's figures settle after about 200 transactions.
    path = math.evaluations(TERMS, 0, [4] * 200, WAD, 0, 0)
    assert path[-1] > 3.6 * WAD
    assert path[49] < 3 * WAD, "not at once"


def test_moves_faster_when_a_station_endorses_more(math):
    ends = [math.evaluations(TERMS, 0, [4] * 50, WAD, share, 10)[-1] for share in (1, 5, 10)]
    assert ends[0] < ends[1] < ends[2]


def test_moves_faster_when_the_user_has_more_credit(math):
    none, half, full = (math.evaluations(TERMS, WAD, [5], score, 0, 0)[0] for score in (0, WAD // 2, WAD))
    assert none == WAD
    assert none < half < full


def test_damping_falls_from_one_to_a_half_when_evaluation_rises(math):
    values = [math.dampingWad(TERMS, evaluation * WAD // 10) for evaluation in range(51)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == WAD // 2
    assert 0 < WAD - values[0] < WAD // 10_000


@pytest.mark.parametrize("start_wad", [0, 1, WAD, 2 * WAD - 1, 2 * WAD])
def test_stays_within_zero_and_top_when_constants_are_the_fastest(math, start_wad):
    for ratings in ([5] * 40, [1] * 40, [5, 1] * 20):
        path = math.evaluations(FASTEST, start_wad, ratings, WAD, 1, 1)
        assert all(0 <= value <= 2 * WAD for value in path)


def test_never_passes_its_target_when_constants_are_the_fastest(math):
    target = 2 * WAD * 3 // 5
    assert max(math.evaluations(FASTEST, 0, [3] * 40, WAD, 1, 1)) <= target
    assert min(math.evaluations(FASTEST, 2 * WAD, [3] * 40, WAD, 1, 1)) >= target
