"""The fixed-point exponential against 60 digits."""

from decimal import Decimal, localcontext

import pytest

from voltberg.chain.market import TransactionReverted

WAD = 10**18
LIMIT = 40 * WAD
LN2_WAD = 693_147_180_559_945_309


@pytest.fixture(autouse=True)
def sixty_digits():
    with localcontext() as context:
        context.prec = 60
        yield


def exact(x_wad):
    """The power [1e-18], correctly rounded to 60 digits."""
    return (Decimal(x_wad) / WAD).exp() * WAD


GRID = sorted(
    {sign * value for sign in (1, -1) for value in (0, 1, 2, WAD - 1, WAD, WAD + 1, LIMIT - 1, LIMIT)}
    | {multiple * LN2_WAD + shift for multiple in (-57, -2, -1, 1, 2, 57) for shift in (-1, 0, 1)}
    | {step * (2 * LIMIT) // 97 - LIMIT for step in range(98)}
)


def test_rounds_down_to_the_last_digit_when_argument_is_in_range(math):
    for x_wad in GRID:
        answer = math.expWadDown(x_wad)
        gap = exact(x_wad) - answer
        # One digit by rounding down, and 1e-33 of the value by the series' own truncations.
        slack = exact(x_wad) * Decimal("1e-33")
        assert -slack <= gap < 1 + slack, f"exp({x_wad}) = {answer}, off by {gap}"


def test_error_is_below_1e15th_when_result_has_fifteen_digits(math):
    for x_wad in (x for x in GRID if x >= -3 * WAD):
        relative = abs(math.expWadDown(x_wad) / exact(x_wad) - 1)
        assert relative < Decimal("1e-15"), f"exp({x_wad})"


def test_never_falls_when_argument_rises(math):
    values = [math.expWadDown(x_wad) for x_wad in GRID]
    assert values == sorted(values)


def test_is_one_when_argument_is_zero(math):
    assert math.expWadDown(0) == WAD


@pytest.mark.parametrize("x_wad", [LIMIT + 1, -LIMIT - 1, 2**255 - 1, -(2**255)])
def test_refuses_argument_when_out_of_range(math, x_wad):
    with pytest.raises(TransactionReverted) as caught:
        math.expWadDown(x_wad)
    assert caught.value.text == f"FixedExp_OutOfRange: {x_wad}"
