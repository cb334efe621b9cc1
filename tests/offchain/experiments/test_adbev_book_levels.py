"""What a placing did at the book, by its logs: what takes leave of orders and their levels."""

import pytest

from voltberg.experiments.adbev_book_levels import Levels
from voltberg.models import Placement
from voltberg.reference.words import pack_cancellation, pack_fill, pack_placement
from voltberg.simulation.ledger import Execution, Step
from voltberg.simulation.plan import PlannedCall

FRAME, TAKER = 981_792, 7
LOW, HIGH = 60, 61


def order_id(tick, index):
    return FRAME << 32 | 1 << 24 | tick << 16 | index


def placing(*logs):
    """A placing whose transaction logged this."""
    entries = tuple(("book", event, (word,)) for event, word in logs)
    return Step(0, PlannedCall(FRAME, "place", "book", "place", (), ""), Execution(1, 0, 0, "", entries, 0.0))


def rests(tick, index, energy_wh):
    return "OrderPlaced", pack_placement(Placement(order_id(tick, index), 8, energy_wh, 0, energy_wh, 0))


def fill(tick, index, energy_wh):
    return "Filled", pack_fill(order_id(tick, index), 8, TAKER, energy_wh)


def cancelled(tick, index, energy_wh):
    return "OrderCancelled", pack_cancellation(order_id(tick, index), energy_wh)


@pytest.fixture
def levels():
    """Six orders of 100 Wh at one level, one at the next."""
    found = Levels()
    names = [found.placing(placing(rests(LOW, index, 100))) for index in range(6)]
    assert names == ["place_new_level", *["place_existing_level"] * 5]
    assert found.placing(placing(rests(HIGH, 0, 100))) == "place_new_level"
    return found


def fills(count, last_wh=100):
    return [fill(LOW, index, 100 if index < count - 1 else last_wh) for index in range(count)]


@pytest.mark.parametrize(
    ("logs", "name"),
    [
        (fills(1), "take_1"),
        (fills(1, last_wh=99), "take_1_part"),
        (fills(5), "take_5"),
        (fills(5, last_wh=1), "take_5_part"),
        (fills(4), "take"),
        (fills(4, last_wh=40), "take_part"),
        (fills(6), "take_emptying"),
        ([fill(HIGH, 0, 100)], "take_1_emptying"),
        # of two levels one is used up, whatever the other keeps
        ([*fills(6), fill(HIGH, 0, 50)], "take_emptying"),
        ([], "take"),
        ([fill(LOW, 0, 100), rests(LOW, 6, 10)], "take_and_rest"),
    ],
)
def test_a_take_is_named_by_what_it_leaves(levels, logs, name):
    assert levels.placing(placing(*logs)) == name


def test_levels_are_followed_from_placing_to_placing(levels):
    assert levels.placing(placing(*fills(5, last_wh=30))) == "take_5_part"
    # the rest of the fifth, and nothing of the sixth
    assert levels.placing(placing(fill(LOW, 4, 70))) == "take_1"
    assert levels.placing(placing(fill(LOW, 5, 100))) == "take_1_emptying"
    # orders have stood there
    assert levels.placing(placing(rests(LOW, 6, 10))) == "place_existing_level"
    assert levels.placing(placing(cancelled(LOW, 6, 10), fill(HIGH, 0, 1))) == "take_1_part"
    assert levels.placing(placing(rests(LOW, 7, 10))) == "place_existing_level"
    assert levels.placing(placing(fill(LOW, 7, 10))) == "take_1_emptying"
