"""The residuals are 0 on a sound day and tell every micro-unit and Wh that is not where it should be."""

from dataclasses import replace

import pytest

from voltberg.profiles import sample_day
from voltberg.reference.market import ReferenceMarket
from voltberg.simulation.day import DayReplay
from voltberg.simulation.ledger import Execution, Step
from voltberg.simulation.plan import Cast
from voltberg.simulation.replay import differences, public_views
from voltberg.simulation.settings import ReplaySettings
from voltberg.simulation.summary import energy_residual_wh, fallback_residual_wh, money_residual_micro
from voltberg.simulation.tables import make_tables

HOUSEHOLDS = 12


@pytest.fixture(scope="module")
def finished_day():
    """A day that the twin alone has lived through: replay, final values, tables."""
    settings = ReplaySettings.model_validate({"seed": 3, "inputs": {"households": HOUSEHOLDS}})
    day = sample_day("summer", HOUSEHOLDS)
    accounts = [f"0x{number:040}" for number in range(1000, 1100)]
    cast = Cast(*accounts[:7], tuple(accounts[7:9]), tuple(accounts[9 : 9 + HOUSEHOLDS]))
    market = ReferenceMarket(settings.market, supervisor=cast.supervisor)
    market.wire(cast)
    replay = DayReplay(day, settings, market, cast)
    steps = [
        Step(block.timestamp, call, Execution(number, 21_000, 4, call.error, call.logs, 0.0))
        for number, block in enumerate(replay.blocks(), start=1)
        for call in block.calls
    ]
    final = {view: market.read(view[0], view[1], *view[2]) for view in public_views(replay)}
    return replay, final, make_tables(replay, steps, final)


def test_sound_day_has_no_residual(finished_day) -> None:
    replay, final, tables = finished_day
    assert len(tables.trades) > 100
    assert len(tables.storage) > 0
    assert money_residual_micro(replay, final) == 0
    assert energy_residual_wh(tables, 9_500) == 0
    assert fallback_residual_wh(tables, final, replay.settings.market.settlement.tick_micro_per_wh) == 0
    assert differences(replay.market, final) == []


def test_replenished_slices_are_those_of_the_book(finished_day) -> None:
    replay, _, tables = finished_day
    book = replay.market.book
    appended = sum(book.level_of(*key)[3] for key in book.level_keys())
    stepped = tables.orders["price_step_ticks"] > 0
    assert tables.orders.loc[~stepped, "slices_replenished"].sum() <= appended
    assert appended <= tables.orders["slices_replenished"].sum()
    assert appended > 20


@pytest.mark.parametrize(
    ("contract", "function", "argument", "field"),
    [
        ("token", "balanceOf", "house", None),
        ("house", "accountedMicro", None, None),
        ("house", "heldByVenue", "book", None),
        ("house", "heldByVenue", "storage", None),
        ("house", "accountOf", 3, 0),
        ("house", "accountOf", 12, 0),
        ("book", "accountOf", 12, 0),
        ("storage", "marginOf", 12, None),
        ("storage", "operatorAccount", None, 0),
    ],
)
@pytest.mark.parametrize("error_micro", [1, -1])
def test_one_micro_unit_too_much_or_too_little_shows(
    finished_day, contract: str, function: str, argument: object, field: int | None, error_micro: int
) -> None:
    replay, final, _ = finished_day
    args = () if argument is None else (argument,)
    if isinstance(argument, str):
        args = (replay.market.address_of(argument),)
    view = (contract, function, args)
    value = final[view]
    if field is None:
        tampered = value + error_micro
    else:
        tampered = (*value[:field], value[field] + error_micro, *value[field + 1 :])
    changed = {**final, view: tampered}
    assert money_residual_micro(replay, changed) >= 1
    (difference,) = differences(replay.market, changed)
    assert f"{contract}.{function}" in difference


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("positions", "bought_wh"),
        ("positions", "sold_wh"),
        ("trades", "energy_wh"),
        ("storage", "in_wh"),
        ("storage", "out_wh"),
    ],
)
def test_energy_out_of_place_shows(finished_day, table: str, column: str) -> None:
    _, _, tables = finished_day
    # 20 Wh: one Wh into the storage may vanish in the rounding of its losses
    changed = getattr(tables, table).copy()
    changed.loc[0, column] += 20
    assert energy_residual_wh(replace(tables, **{table: changed}), 9_500) >= 19


def test_shortfall_that_nobody_supplied_shows(finished_day) -> None:
    _, _, tables = finished_day
    positions = tables.positions.copy()
    row = positions.index[positions["metered"] & (positions["shortfall_wh"] > 0)][0]
    positions.loc[row, "shortfall_wh"] -= 1
    assert energy_residual_wh(replace(tables, positions=positions), 9_500) == 1


@pytest.mark.parametrize("wrong_wh", [1, -1])
def test_shortfall_that_the_house_did_not_buy_shows(finished_day, wrong_wh: int) -> None:
    replay, final, tables = finished_day
    positions = tables.positions.copy()
    row = positions.index[positions["metered"] & (positions["shortfall_wh"] > 1)][0]
    positions.loc[row, "shortfall_wh"] += wrong_wh
    tick_micro_per_wh = replay.settings.market.settlement.tick_micro_per_wh
    assert fallback_residual_wh(replace(tables, positions=positions), final, tick_micro_per_wh) == 1
