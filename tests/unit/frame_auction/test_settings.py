"""Settings of the auction as its constructor takes them: in their ranges, and bound to the house's clock."""

import pytest

from tests.unit.settlement.conftest import Deployed

# In the order of IFrameAuction.Params; ticks are of 2 micro-units, refusals end 300 s after gate closure.
PARAMS = (50, 100, 240, 0, 10, 1, 5_000, False, True)
LARGEST_WH = 129_000_000 // (255 * 2)
POLICY = (1_000, 50, 10, 3, 0)


def deploy(market, house=None, **changed):
    values = [changed.get(str(index), value) for index, value in enumerate(PARAMS)]
    places = [market.address("registry"), house or market.address("house"), market.address("credit")]
    return Deployed(market, "FrameAuction", *places, tuple(values))


def deploy_house(market, *terms):
    places = [market.address(name) for name in ("registry", "token", "credit")]
    return Deployed(market, "TradeSettlement", *places, terms, POLICY).address


@pytest.mark.parametrize(
    ("index", "value", "maximum"),
    [
        (0, 0, LARGEST_WH),
        (0, LARGEST_WH + 1, LARGEST_WH),
        (2, 0, 299),
        (2, 300, 299),
        (5, 0, 65_535),
        (6, 10_001, 10_000),
    ],
)
def test_settings_out_of_range_are_refused(market, index, value, maximum):
    with market.reverts(f"Auction_InvalidSetting: {value}, {maximum}"):
        deploy(market, **{str(index): value})


@pytest.mark.parametrize(
    "changed",
    [{"0": LARGEST_WH}, {"2": 299}, {"4": 0, "5": 0}, {"6": 0}, {"6": 10_000, "7": True, "8": False}],
)
def test_settings_at_the_ends_of_their_ranges_are_kept(market, changed):
    expected = tuple(changed.get(str(index), value) for index, value in enumerate(PARAMS))
    assert tuple(deploy(market, **changed).call("params")) == expected


def test_clearing_ends_before_the_next_gate_closes_where_frames_are_shorter_than_the_refusals(market):
    house = deploy_house(market, 120, 2, 600, 300, 7_200, 512)
    assert deploy(market, house, **{"2": 119}).call("params")[2] == 119
    with market.reverts("Auction_InvalidSetting: 120, 119"):
        deploy(market, house, **{"2": 120})


def test_largest_order_shrinks_with_the_tick_so_that_a_refund_fits_its_word(market):
    house = deploy_house(market, 1_800, 65_535, 600, 300, 7_200, 512)
    assert deploy(market, house, **{"0": 7}).call("maximumQuantityWh") == 7
    with market.reverts("Auction_InvalidSetting: 8, 7"):
        deploy(market, house, **{"0": 8})
