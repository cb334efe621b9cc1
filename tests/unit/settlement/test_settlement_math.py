"""The pure libraries at the edges of their words, beyond what a day of trading reaches."""

import pytest

from voltberg.chain.engine import CallFailed

POLICY = (1_000, 50, 10, 3, 0)


@pytest.fixture
def math(desk):
    return desk.deploy("SettlementMathHarness")


def test_halving_keeps_the_sums_in_their_words_and_the_score(math):
    """A meter may report weights up to 2^40: after 256 of them the sum of weights would not fit 48 bits."""
    full, weight = 2**48 - 1, 2**40 - 1
    frames, rated, good, _, _, _ = math.call("rate", 300, full, full, False, POLICY, weight, True)
    assert (frames, rated, good) == (301, full // 2 + weight, full // 2 + weight)
    assert math.call("rate", 300, full - weight, 5, False, POLICY, weight, False)[1:3] == (full, 5)
    assert math.call("rate", 300, full - weight + 1, 5, False, POLICY, weight, False)[1:3] == (
        2**47 - 2**39 + weight,
        2,
    )


def test_the_count_of_ratings_stops_at_its_word(math):
    assert math.call("rate", 2**16 - 1, 100, 100, False, POLICY, 100, True)[:3] == (2**16 - 1, 200, 200)


def test_ratings_without_weight_have_no_score_and_suspend_nobody(math):
    strict = (1_000, 0, 1, 1, 10_000)
    assert math.call("rate", 0, 0, 0, False, strict, 0, False) == (1, 0, 0, False, 0, 0)


def test_a_full_score_passes_the_highest_threshold(math):
    strict = (1_000, 0, 1, 1, 10_000)
    assert math.call("rate", 0, 0, 0, False, strict, 1, True)[4] == 0
    assert math.call("rate", 0, 2, 2, False, strict, 1, False)[4] == 2


def test_a_frames_sums_never_wrap(math, market):
    word = math.call("withSettled", 7 | 9 << 240, 2**40 - 1, 2**64 - 1, 2**64 - 1)
    assert word == 7 | (2**40 - 1) << 56 | (2**64 - 1) << 96 | (2**64 - 1) << 160 | 9 << 240
    for more in ((1, 0, 0), (0, 1, 0), (0, 0, 2**64)):
        with pytest.raises(CallFailed) as caught:
            math.call("withSettled", word, *more)
        assert market.chain.decode_error(caught.value.data) == "Panic: assertion failed"


def test_no_shortfall_costs_nothing(math):
    assert math.call("shortfallCost", 100, 5_000, 6_000, 0, 180) == (0, 0)
    assert math.call("unreadCost", 0, 0, 180) == (0, 0)
