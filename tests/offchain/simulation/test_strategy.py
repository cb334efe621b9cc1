"""The default strategy quotes within reason, and users can bring their own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg.models import OrderKind, Side
from voltberg.simulation.strategy import MarketView, SurplusNeedStrategy, load_strategy


def view(
    open_wh: int, trading_round: int = 0, bid: int | None = None, ask: int | None = None, tariff: int = 100
) -> MarketView:
    return MarketView("h", 0, trading_round, open_wh, tariff, 20, 3, bid, ask, 50)


@given(open_wh=st.integers(-20_000, 20_000), tariff=st.integers(0, 191), seed=st.integers(0, 1000))
def test_first_quote_lies_between_feed_in_and_tariff_less_fees(open_wh: int, tariff: int, seed: int) -> None:
    orders = SurplusNeedStrategy().decide(view(open_wh, tariff=tariff), np.random.default_rng(seed))
    if abs(open_wh) < 50 or tariff < 20 + 1 + 3 + 1:
        assert orders == []
        return
    (order,) = orders
    assert order.side is (Side.ASK if open_wh > 0 else Side.BID)
    assert 20 < order.tick < tariff - 3
    assert order.quantity_wh == abs(open_wh)
    if order.peak_wh:
        assert max(50, order.quantity_wh / 32) <= order.peak_wh <= order.quantity_wh


def test_second_round_takes_a_price_within_reason() -> None:
    rng = np.random.default_rng(1)
    (order,) = SurplusNeedStrategy().decide(view(-600, 1, ask=60), rng)
    assert (order.side, order.tick, order.kind) == (Side.BID, 60, OrderKind.IMMEDIATE_OR_CANCEL)


@pytest.mark.parametrize("best", [None, 20, 97])
def test_second_round_leaves_other_prices_alone(best: int | None) -> None:
    assert SurplusNeedStrategy().decide(view(600, 1, bid=best), np.random.default_rng(1)) == []


class OwnStrategy:
    """A user's strategy that never trades."""

    def decide(self, view: MarketView, rng: np.random.Generator) -> list[object]:
        return []


def test_loads_a_users_class() -> None:
    assert type(load_strategy(f"{__name__}:OwnStrategy")).__name__ == "OwnStrategy"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nonsense", "expected 'module:Class'"),
        ("no.such.module:Strategy", "No module named 'no'"),
        ("voltberg.units:Missing", "has no attribute 'Missing'"),
        ("builtins:dict", "has no method 'decide"),
    ],
)
def test_says_what_is_wrong_with_a_strategy(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_strategy(path)
