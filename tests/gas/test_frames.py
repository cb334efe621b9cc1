"""The frames that the gas of a clear is measured on are the ones that their seeds give."""

from collections import Counter

import pytest

from voltberg.experiments.gas.auction_frames import SLICES, SPECS, frame_path, frame_text, read_frame


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
