"""The market through Brownie: its own deployment, one trade to its payment, and a machine with a shadow."""

import brownie
import pytest
from brownie import (
    CreditScoring,
    FrameAuction,
    IcebergOrderBook,
    MatchingRound,
    MockToken,
    Registry,
    StorageRental,
    TradeSettlement,
    chain,
)
from brownie import accounts as all_accounts
from brownie.test import strategy

from scripts.deploy import main as deploy

FEE_TICKS = 5
CAP_TICK = 150
TARIFF = CAP_TICK | 150 << 8 | 140 << 16 | 3 << 24 | 2 << 32
TICK_MICRO = 2
MONEY_MICRO = 10**9
BUY, SELL = 0, 1
CONTRACTS = {
    "token": MockToken,
    "registry": Registry,
    "house": TradeSettlement,
    "book": IcebergOrderBook,
    "round": MatchingRound,
    "auction": FrameAuction,
    "storage": StorageRental,
    "credit": CreditScoring,
}


class Market:
    """The contracts as Brownie objects, roles by name, and three prosumers with margin at the book."""

    def __init__(self, folder):
        addresses = deploy(folder=folder).record.addresses
        for name, address in addresses.items():
            setattr(self, name, CONTRACTS[name].at(address))
        self.supervisor, self.operator, self.meter = all_accounts[0], all_accounts[5], all_accounts[6]
        self.prosumers = all_accounts[7:10]
        self.registry.registerMany(self.prosumers, 1, {"from": self.supervisor})
        for account in self.prosumers:
            self.token.mint(account, MONEY_MICRO, {"from": account})
            self.token.approve(self.house, MONEY_MICRO, {"from": account})
            self.house.deposit(MONEY_MICRO, {"from": account})
            self.house.moveToVenue(self.book, MONEY_MICRO, {"from": account})
        self.frame = chain.time() // 1800 + 4
        self.house.openFrames(self.book, self.frame, [TARIFF], {"from": self.operator})

    def id_of(self, account):
        return self.registry.idOf(account)

    def request(self, side, tick, quantity_wh, peak_wh=0):
        return self.book.packRequest(self.frame, side, tick, quantity_wh, peak_wh, 0, 0, 50)


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return Market(tmp_path_factory.mktemp("deployments"))


def test_brownie_deploys_the_plan_and_writes_its_record(tmp_path):
    deployment = deploy(folder=tmp_path)
    assert deployment.path == tmp_path / f"{chain.id}.json"
    assert deployment.record.complete
    house = TradeSettlement.at(deployment.record.addresses["house"])
    assert house.token() == deployment.record.addresses["token"]
    # Brownie compares its own numbers only with numbers, not inside tuples.
    assert [int(item) for item in house.suppliers()] == [1, 2, 3]
    again = deploy(folder=tmp_path)
    assert not set(again.record.addresses.values()) & set(deployment.record.addresses.values())


def test_one_trade_from_order_to_payment(market, fn_isolation):
    seller, buyer = market.prosumers[:2]
    market.book.place(market.request(SELL, 60, 1500, 500), {"from": seller})
    market.book.place(market.request(BUY, 80, 1000), {"from": buyer})
    assert market.book.marginOf(market.id_of(buyer)) == MONEY_MICRO - 1000 * (60 + FEE_TICKS) * TICK_MICRO
    chain.sleep((market.frame + 1) * 1800 - chain.time())
    readings = [market.id_of(seller) | 900 << 32, market.id_of(buyer)]
    market.house.reportDelivery(market.frame, readings, {"from": market.meter})
    market.house.finaliseFrame(market.frame, {"from": buyer})
    # 100 Wh were not delivered and cost the fallback price of 140 ticks; the lock of the 1,000 Wh came back.
    value, lock, cost = 1000 * 60 * TICK_MICRO, 1000 * 90 * TICK_MICRO, 100 * 140 * TICK_MICRO
    assert market.house.accountOf(market.id_of(seller))[0] == value + lock - cost
    assert market.house.accountedMicro() == 3 * MONEY_MICRO == market.token.balanceOf(market.house)


def test_outsider_is_refused_by_name(market, fn_isolation):
    outsider = all_accounts[0]
    with brownie.reverts(f"Venue_NotRegistered: {outsider.address.lower()}"):
        market.book.place(market.request(BUY, 10, 500), {"from": outsider})


class OneSidedBook:
    """Bids of three prosumers rest below every ask there could be: a dictionary follows them."""

    st_who = strategy("uint8", max_value=2)
    st_pick = strategy("uint8")
    st_tick = strategy("uint8", max_value=200)
    st_quantity = strategy("uint32", min_value=1, max_value=3000)

    def __init__(cls, market):
        cls.market = market
        cls.placed = 0

    def setup(self):
        self.orders = {}
        self.margins_micro = [MONEY_MICRO] * 3

    def rule_place(self, st_who, st_tick, st_quantity):
        market, account = self.market, self.market.prosumers[st_who]
        request = market.request(BUY, st_tick, st_quantity)
        lock_micro = st_quantity * (st_tick + FEE_TICKS) * TICK_MICRO
        if st_tick > 191:
            expected = f"OrderBook_TickOutOfRange: {st_tick}, 191"
        elif st_quantity < 50:
            expected = f"OrderBook_QuantityBelowMinimum: {st_quantity}, 50"
        else:
            order_id, _ = market.book.place.call(request, {"from": account})
            market.book.place(request, {"from": account})
            assert order_id not in self.orders
            self.orders[order_id] = (st_who, st_quantity, st_tick + FEE_TICKS)
            self.margins_micro[st_who] -= lock_micro
            type(self).placed += 1
            return
        with brownie.reverts(expected):
            market.book.place(request, {"from": account})

    def rule_cancel(self, st_who, st_pick):
        if not self.orders:
            return
        order_id = sorted(self.orders)[st_pick % len(self.orders)]
        owner, quantity_wh, lock_ticks = self.orders[order_id]
        market, account = self.market, self.market.prosumers[st_who]
        if owner != st_who:
            ids = [market.id_of(market.prosumers[who]) for who in (owner, st_who)]
            with brownie.reverts(f"OrderBook_NotOwner: {order_id}, {ids[0]}, {ids[1]}"):
                market.book.cancel(order_id, {"from": account})
            return
        market.book.cancel(order_id, {"from": account})
        del self.orders[order_id]
        self.margins_micro[owner] += quantity_wh * lock_ticks * TICK_MICRO

    def invariant_margins_and_orders_follow_the_shadow(self):
        market = self.market
        assert [market.book.marginOf(market.id_of(a)) for a in market.prosumers] == self.margins_micro
        for order_id, (owner, quantity_wh, lock_ticks) in self.orders.items():
            order = market.book.orderOf(order_id)
            assert (order[0], order[1], order[5]) == (
                market.id_of(market.prosumers[owner]),
                quantity_wh,
                lock_ticks,
            )

    def invariant_money_is_accounted_for(self):
        house = self.market.house
        assert house.accountedMicro() == 3 * MONEY_MICRO == house.heldByVenue(self.market.book)

    def teardown_final(cls):
        assert cls.placed > 0, "no order was ever placed: the machine tests nothing"


def test_state_machine_follows_a_shadow_book(market, state_machine):
    state_machine(OneSidedBook, market, settings={"max_examples": 10, "stateful_step_count": 12})
