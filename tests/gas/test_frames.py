"""The frames that the gas of a clear is measured on are the ones that their seeds give."""

from collections import Counter

import pytest

from voltberg.configuration import MarketConfiguration
from voltberg.experiments.gas.auction_frames import (
    ROOT,
    SLICES,
    SPECS,
    frame_path,
    frame_text,
    read_frame,
)
from voltberg.experiments.gas.seasoning import SEASONING_FRAME
from voltberg.experiments.gas.stage import CAP_TICK
from voltberg.reference.auction_clearing import clear_frame
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import AuctionOrder, pack_auction_order


@pytest.mark.parametrize("name", SPECS)
def test_frame_is_drawn_from_its_seed(name):
    assert frame_path(name).read_text(encoding="utf-8") == frame_text(SPECS[name])


@pytest.mark.parametrize("name", SPECS)
def test_frame_has_the_orders_that_the_measurement_is_about(name):
    spec, orders = SPECS[name], read_frame(name)
    assert len(orders) == spec.orders
    assert max(Counter(order.account for order in orders).values()) == spec.orders // spec.accounts
    icebergs = [order for order in orders if order.peak_wh]
    assert 10 * len(icebergs) == spec.icebergs_of_ten * spec.orders
    assert all(order.quantity_wh == SLICES * order.peak_wh for order in icebergs)
    assert Counter(order.side for order in orders) == {0: spec.orders // 2, 1: spec.orders // 2}


# Orders, fills: of the frames on which the limits were measured.
MODELS = {"100": (102, 93), "100_half_iceberg": (100, 189), "1000": (1_000, 1_047)}


def fills_of(name):
    spec, terms = read_frame(name), MarketConfiguration().auction
    chain = [
        pack_auction_order(
            AuctionOrder(1 + row.account, row.quantity_wh, row.peak_wh, row.tick, CAP_TICK, 0, row.side)
        )
        for row in spec
    ]
    rules = AuctionRules(*(getattr(terms, field) for field in AuctionRules._fields))
    return len(clear_frame(1, chain, [], rules, 0, 1).fills)


@pytest.mark.parametrize(("name", "model"), MODELS.items())
def test_frame_with_a_limit_has_the_fills_that_the_limit_was_made_for(name, model):
    orders, fills = model
    assert fills_of(name) / SPECS[name].orders == pytest.approx(fills / orders, rel=0.03)


@pytest.mark.parametrize("name", SPECS)
def test_page_tells_the_fills_of_each_measured_frame(name):
    page = (ROOT / "docs" / "gas.md").read_text(encoding="utf-8")
    row = f"| `{name}` | {SPECS[name].shift_ticks} | {fills_of(name):,} |"
    assert (row in page) == (name != SEASONING_FRAME)
