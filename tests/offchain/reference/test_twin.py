"""Worked examples on the twin alone: priority with icebergs, shortfall, unmetered sellers, atomicity."""

from dataclasses import dataclass

import pytest

from voltberg.models import Fill, OrderKind, Side, Trade
from voltberg.reference.market import Call, ReferenceMarket
from voltberg.reference.state import Revert
from voltberg.reference.words import (
    pack_order_id,
    pack_reading,
    pack_refusal,
    pack_request,
    pack_tariff,
    trade_of,
    unpack_deliveries,
    unpack_fill,
    unpack_move,
)

NOW = 1_767_225_600
FRAME = NOW // 1800 + 4
CAP, FEES, TICK_MICRO = 150, 5, 2


def account(number):
    return f"0x3{number:039d}"


@dataclass(frozen=True)
class Roles:
    grid: str = account(1)
    retailer: str = account(2)
    platform: str = account(3)
    storage_operator: str = account(4)
    operator: str = account(5)
    meter: str = account(6)


class Scene:
    """A market with participants 7 to 11 and one open frame: cap 150, grid 150, retailer 140, fees 3 + 2."""

    def __init__(self):
        self.market = ReferenceMarket(timestamp=NOW)
        self.market.wire(Roles())
        accounts = [account(number) for number in range(7, 12)]
        self.market.registry.register_many(self.market.supervisor, accounts, 1)
        for owner in accounts:
            self.market.token.mint(owner, owner, 10**10)
            self.market.token.approve(owner, self.market.address_of("house"), 10**10)
            self.market.house.deposit(owner, 10**10)
            self.market.house.move_to_venue(owner, self.market.address_of("book"), 10**9)
        tariff = pack_tariff(CAP, 150, 140, 3, 2)
        self.market.house.open_frames(account(5), self.market.address_of("book"), FRAME, [tariff])

    def place(self, number, side, tick, quantity_wh, **terms):
        return self.market.book.place(account(number), pack_request(FRAME, side, tick, quantity_wh, **terms))

    def fills(self):
        """Maker and energy of each fill of the last call."""
        found = [unpack_fill(args[0]) for _, event, args in self.market.logs if event == "Filled"]
        return [(fill.maker_id, fill.energy_wh) for fill in found]

    def after_delivery(self):
        self.market.timestamp = self.market.clock.end(FRAME)

    def report(self, *readings):
        self.market.house.report_delivery(account(6), FRAME, [pack_reading(*reading) for reading in readings])

    def balance(self, number):
        return self.market.house.account_of(number)[0]


@pytest.fixture
def scene():
    made = Scene()
    yield made
    assert made.market.conservation().holds, made.market.conservation()


def test_slices_go_to_the_back_of_their_level_when_used_up(scene):
    scene.place(7, Side.ASK, 60, 300, peak_wh=100)
    scene.place(8, Side.ASK, 60, 100)
    scene.place(9, Side.ASK, 60, 200, peak_wh=100)
    scene.place(10, Side.BID, 60, 150)
    assert scene.fills() == [(7, 100), (8, 50)]
    # 7's second slice was shown before this order came, and goes before it.
    scene.place(11, Side.ASK, 60, 100)
    scene.place(10, Side.BID, 60, 550)
    assert scene.fills() == [(8, 50), (9, 100), (7, 100), (11, 100), (9, 100), (7, 100)]


def test_better_price_goes_first_when_it_came_later(scene):
    scene.place(7, Side.ASK, 61, 100)
    scene.place(8, Side.ASK, 60, 100)
    scene.place(10, Side.BID, 70, 150)
    assert scene.fills() == [(8, 100), (7, 50)]
    assert scene.market.book.position_of(FRAME, 10) == (150, 0, (100 * 60 + 50 * 61) * TICK_MICRO, 0, 0)


def test_stepped_iceberg_moves_away_when_its_slice_is_used_up(scene):
    order_id, _ = scene.place(7, Side.ASK, 60, 300, peak_wh=100, price_step_ticks=4)
    margin = scene.market.book.margin_of(7)
    scene.place(10, Side.BID, 60, 100)
    (moved,) = [unpack_move(args[0]) for _, event, args in scene.market.logs if event == "OrderMoved"]
    assert moved == (order_id, pack_order_id(FRAME, Side.ASK, 64, 0))
    assert scene.market.book.margin_of(7) - margin == 200 * 4 * TICK_MICRO
    assert scene.market.book.best_prices(FRAME) == (False, 0, True, 64)


def test_incoming_iceberg_takes_slice_by_slice_and_rests_with_what_its_slice_left(scene):
    scene.place(7, Side.ASK, 60, 250)
    order_id, filled_wh = scene.place(10, Side.BID, 60, 400, peak_wh=100)
    assert scene.fills() == [(7, 100), (7, 100), (7, 50)]
    assert filled_wh == 250
    assert scene.market.book.order_of(order_id)[1:4] == (150, 100, 50)


def test_nothing_changes_when_a_call_reverts(scene):
    scene.place(7, Side.ASK, 60, 100)
    before = (
        scene.market.book.frame_of(FRAME),
        scene.market.book.margin_of(10),
        scene.market.book.level_of(FRAME, 1, 60),
    )
    request = pack_request(FRAME, Side.BID, 60, 150, kind=OrderKind.FILL_OR_KILL)
    outcome = scene.market.apply(Call("book", "place", (request,), account(10), NOW))
    assert outcome == (False, "OrderBook_NotFilled: 150, 100", None, [])
    after = (
        scene.market.book.frame_of(FRAME),
        scene.market.book.margin_of(10),
        scene.market.book.level_of(FRAME, 1, 60),
    )
    assert after == before


def test_error_is_told_as_text_with_its_values(scene):
    order_id, _ = scene.place(7, Side.ASK, 60, 100)
    with pytest.raises(Revert) as caught:
        scene.market.book.cancel(account(8), order_id)
    assert str(caught.value) == f"OrderBook_NotOwner: {order_id}, 7, 8"


def test_not_delivering_never_pays_when_sold_below_the_fallback_price(scene):
    """M5: sold at 5, the retailer's 140 is charged for every Wh that is missing, out of value and lock."""
    scene.place(7, Side.ASK, 5, 1_000)
    scene.place(10, Side.BID, 5, 1_000)
    scene.after_delivery()
    before = scene.balance(7)
    scene.report((7, 0), (10, 0))
    value, lock = 1_000 * 5 * TICK_MICRO, 1_000 * (CAP - 5) * TICK_MICRO
    assert scene.balance(7) - before == value + lock - 1_000 * 140 * TICK_MICRO
    suppliers = scene.balance(1), scene.balance(2), scene.balance(3)
    scene.market.house.finalise_frame(account(11), FRAME)
    gained = [scene.balance(number) - then for number, then in zip((1, 2, 3), suppliers, strict=True)]
    assert gained == [1_000 * 3 * TICK_MICRO, 1_000 * 140 * TICK_MICRO, 1_000 * 2 * TICK_MICRO]


def test_shortfall_costs_the_own_price_when_it_is_above_the_fallback_price(scene):
    """M5: the fallback part goes to the retailer, the rest to the platform."""
    scene.place(7, Side.ASK, 145, 1_000)
    scene.place(10, Side.BID, 145, 1_000)
    scene.after_delivery()
    scene.report((7, 600), (10, 0))
    (records,) = [args[1] for _, event, args in scene.market.logs if event == "DeliveriesSettled"]
    delivery = unpack_deliveries(records)[0]
    whole = 1_000 * (145 + 5) * TICK_MICRO
    assert (delivery.delivered_wh, delivery.paid_micro) == (600, whole - 400 * 145 * TICK_MICRO)
    assert scene.market.house.account_of(7)[1:4] == (1, 1_000, 0)
    assert scene.market.house.frame_of(FRAME)[9:] == (400 * 140 * TICK_MICRO, 400 * 5 * TICK_MICRO)


def test_own_purchases_count_against_what_is_owed(scene):
    """M4: who sold 1,000 and bought 400 owes 600."""
    scene.place(7, Side.ASK, 60, 1_000)
    scene.place(10, Side.BID, 60, 1_000)
    scene.place(8, Side.ASK, 70, 400)
    scene.place(7, Side.BID, 70, 400)
    scene.after_delivery()
    scene.report((7, 600))
    assert scene.market.house.account_of(7)[1:4] == (1, 600, 600)


@pytest.mark.parametrize("others_read", [True, False])
def test_unread_seller_gets_its_lock_only_when_others_were_read(scene, others_read):
    """M9: zero pay and zero debt beside readings; the contract's terms when nothing was read. Unrated."""
    scene.place(7, Side.ASK, 60, 1_000)
    scene.place(10, Side.BID, 60, 1_000)
    scene.after_delivery()
    if others_read:
        scene.report((10, 0))
    before = scene.balance(7)
    scene.market.timestamp = scene.market.clock.metering_deadline(FRAME)
    scene.market.house.settle_unmetered(account(11), FRAME, [7, 10])
    lock, value = 1_000 * 90 * TICK_MICRO, 1_000 * 60 * TICK_MICRO
    assert scene.balance(7) - before == lock + (0 if others_read else value)
    assert scene.market.house.account_of(7)[1] == 0


def test_wholly_refused_seller_gets_its_lock_at_the_refusal(scene):
    """M8, M13: the frame may become final without this seller's settlement."""
    scene.place(7, Side.ASK, 60, 1_000)
    scene.place(10, Side.BID, 60, 1_000)
    margins = scene.market.book.margin_of(7), scene.market.book.margin_of(10)
    scene.market.timestamp = scene.market.clock.gate_closure(FRAME)
    scene.market.book.refuse_trades(account(5), FRAME, [pack_refusal(10, 7, 1_000, 60)])
    assert scene.market.book.margin_of(7) - margins[0] == 1_000 * 90 * TICK_MICRO
    assert scene.market.book.margin_of(10) - margins[1] == 1_000 * (60 + FEES) * TICK_MICRO
    scene.after_delivery()
    scene.market.house.finalise_frame(account(11), FRAME)


def test_buyer_of_a_trade_is_the_maker_when_its_order_is_a_bid():
    bid, ask = (pack_order_id(FRAME, side, 60, 3) for side in (Side.BID, Side.ASK))
    assert trade_of(Fill(bid, 7, 8, 50)) == Trade(FRAME, 7, 8, 50, 60)
    assert trade_of(Fill(ask, 7, 8, 50)) == Trade(FRAME, 8, 7, 50, 60)


def test_packing_refuses_a_field_that_would_spill():
    with pytest.raises(
        ValueError, match=r"field of order request at bit 40 is 256, expected 0 \.\. 2\^8 - 1"
    ):
        pack_request(FRAME, Side.BID, 256, 100)
