"""M1, M13: money in and out, and what the token may try."""

import pytest

SOME = 5_000_000


def test_m1_deposit_move_back_and_withdraw_keep_every_micro_unit(market, desk):
    accounted, tokens = market.call("house", "accountedMicro"), desk.tokens_of_house()
    assert accounted == tokens
    market.give_tokens(desk.seller, SOME)
    assert market.transact(desk.seller, "house", "deposit", SOME).events("Deposited") == [
        (desk.seller.id, SOME)
    ]
    moved = market.transact(desk.seller, "house", "moveToVenue", desk.venue.address, SOME)
    address = moved.events("MovedToVenue")[0][1]
    assert moved.events("MovedToVenue") == [(desk.seller.id, address, SOME)]
    assert (desk.held(), desk.venue.call("marginOf", desk.seller.id)) == (SOME, SOME)
    assert desk.money_residual() == 0
    with desk.gains(seller=SOME - 1):
        desk.venue.transact(desk.seller, "withdrawMargin", SOME - 1)
    assert (desk.held(), desk.venue.call("marginOf", desk.seller.id)) == (1, 1)
    withdrawn = market.transact(desk.seller, "house", "withdraw", SOME - 1)
    assert withdrawn.events("Withdrawn") == [(desk.seller.id, SOME - 1)]
    assert (market.call("house", "accountedMicro"), desk.tokens_of_house()) == (accounted + 1, tokens + 1)
    assert desk.money_residual() == 0


def test_m1_tokens_sent_without_a_deposit_lie_outside(market, desk):
    accounted = market.call("house", "accountedMicro")
    market.transact(market.outsider, "token", "transfer", market.address("house"), SOME)
    assert market.call("house", "accountedMicro") == accounted
    assert desk.tokens_of_house() == accounted + SOME
    # The gift does not make the next deposit count for more.
    market.give_tokens(desk.seller, 10)
    with desk.gains(seller=10):
        market.transact(desk.seller, "house", "deposit", 10)


def test_nothing_leaves_or_moves_beyond_the_balance(market, desk):
    balance = desk.balance(desk.seller)
    with market.reverts(f"Settlement_InsufficientBalance: {desk.seller.id}, {balance + 1}, {balance}"):
        market.transact(desk.seller, "house", "withdraw", balance + 1)
    with market.reverts(f"Settlement_InsufficientBalance: {desk.seller.id}, {balance + 1}, {balance}"):
        market.transact(desk.seller, "house", "moveToVenue", desk.venue.address, balance + 1)
    market.transact(desk.seller, "house", "withdraw", balance)
    assert desk.balance(desk.seller) == 0
    # An empty account is still an account: its number and its score stay.
    market.transact(desk.seller, "house", "deposit", 1)
    assert desk.balance(desk.seller) == 1


@pytest.mark.parametrize("function", ["deposit", "withdraw"])
def test_zero_and_strangers_are_refused(market, desk, function):
    with market.reverts("Settlement_ZeroAmount"):
        market.transact(desk.seller, "house", function, 0)
    with market.reverts(f"Settlement_NotRegistered: {market.outsider.address}"):
        market.transact(market.outsider, "house", function, 1)


def test_money_moves_to_known_venues_only(market, desk):
    with market.reverts(f"Settlement_NotRegistered: {market.outsider.address}"):
        market.transact(market.outsider, "house", "moveToVenue", desk.venue.address, 1)
    with market.reverts(f"Settlement_NotVenue: {market.meter.address}"):
        market.transact(desk.seller, "house", "moveToVenue", market.meter.address, 1)
    with market.reverts("Settlement_ZeroAmount"):
        market.transact(desk.seller, "house", "moveToVenue", desk.venue.address, 0)


def test_m1_a_venue_pays_out_what_it_holds_and_to_participants_only(market, desk):
    desk.fund_venue(100)
    with market.reverts_named("Settlement_VenueOverdrawn"):
        desk.venue.transact(desk.seller, "payOut", desk.seller.id, 101)
    with market.reverts("Settlement_NotRegistered: 0x0000000000000000000000000000000000000000"):
        desk.venue.transact(desk.seller, "payOut", 999, 1)
    with desk.gains(seller=100):
        desk.venue.transact(desk.seller, "payOut", desk.seller.id, 100)
    with market.reverts(f"Settlement_NotVenue: {desk.seller.address}"):
        market.transact(desk.seller, "house", "creditFromVenue", desk.seller.id, 1)


def test_the_house_takes_less_than_2_to_the_95(market, desk):
    room = 2**95 - 1 - market.call("house", "accountedMicro")
    market.give_tokens(desk.seller, 2**96)
    with market.reverts(f"Settlement_MoneyLimit: {room + 1}, {room}"):
        market.transact(desk.seller, "house", "deposit", room + 1)
    market.transact(desk.seller, "house", "deposit", room)
    with market.reverts("Settlement_MoneyLimit: 1, 0"):
        market.transact(desk.seller, "house", "deposit", 1)
    market.transact(desk.seller, "house", "moveToVenue", desk.venue.address, room)
    assert desk.venue.call("marginOf", desk.seller.id) == room
    assert desk.money_residual() == 0


def test_m13_a_suspended_participant_or_one_without_roles_still_gets_its_money_out(market, desk):
    market.transact(desk.seller, "house", "moveToVenue", desk.venue.address, 10)
    market.transact(market.supervisor, "house", "setSuspended", desk.seller.id, True)
    market.transact(market.supervisor, "registry", "setRoles", desk.seller.address, 0)
    with desk.gains(seller=10):
        desk.venue.transact(desk.seller, "withdrawMargin", 10)
    market.transact(desk.seller, "house", "withdraw", desk.balance(desk.seller))
    assert desk.balance(desk.seller) == 0


class TokenHouse:
    """A house of its own on another token, with the seller registered and holding tokens."""

    def __init__(self, desk, token_name):
        market = desk.market
        self.market, self.seller = market, desk.seller
        self.token = desk.deploy(token_name)
        self.registry = desk.deploy("Registry", market.supervisor.address)
        parameters = ((1_800, 2, 600, 300, 7_200, 512), (1_000, 50, 10, 3, 0))
        self.house = desk.deploy(
            "TradeSettlement", self.registry.address, self.token.address, market.meter.address, *parameters
        )
        self.registry.transact(market.supervisor, "addListener", self.house.address)
        self.registry.transact(market.supervisor, "register", self.seller.address, 1)
        self.token.transact(self.seller, "mint", self.seller.address, 1_000)
        self.token.transact(self.seller, "approve", self.house.address, 1_000)

    def balance(self, participant_id=1):
        return self.house.call("accountOf", participant_id)[0]


def test_m1_a_token_that_takes_a_fee_is_refused_both_ways(market, desk):
    bank = TokenHouse(desk, "FeeOnTransferToken")
    bank.house.transact(bank.seller, "deposit", 500)
    bank.token.transact(bank.seller, "setFees", 1, 0)
    with market.reverts("Settlement_TokenAmountMismatch: 100, 99"):
        bank.house.transact(bank.seller, "deposit", 100)
    # What the receiver loses on a withdrawal is between it and its token: the house parts with the amount.
    bank.house.transact(bank.seller, "withdraw", 100)
    bank.token.transact(bank.seller, "setFees", 0, 3)
    with market.reverts("Settlement_TokenAmountMismatch: 100, 103"):
        bank.house.transact(bank.seller, "withdraw", 100)
    assert bank.balance() == bank.house.call("accountedMicro") == 400
    assert bank.token.call("balanceOf", bank.house.address) == 400


def test_m1_a_token_that_keeps_all_or_gives_it_back_is_refused(market, desk):
    bank = TokenHouse(desk, "FeeOnTransferToken")
    bank.house.transact(bank.seller, "deposit", 500)
    bank.token.transact(bank.seller, "setFees", 100, 0)
    with market.reverts("Settlement_TokenAmountMismatch: 100, 0"):
        bank.house.transact(bank.seller, "deposit", 100)
    giving = TokenHouse(desk, "ReentrantToken")
    giving.house.transact(giving.seller, "deposit", 500)
    gift = giving.token.encode("mint", giving.house.address, 100)
    giving.token.transact(giving.seller, "arm", giving.token.address, gift)
    with market.reverts("Settlement_TokenAmountMismatch: 100, 0"):
        giving.house.transact(giving.seller, "withdraw", 100)
    assert bank.house.call("accountedMicro") == giving.house.call("accountedMicro") == 500


def test_m1_a_reentrant_token_gets_nowhere(market, desk):
    bank = TokenHouse(desk, "ReentrantToken")
    bank.registry.transact(market.supervisor, "register", bank.token.address, 1)
    bank.house.transact(bank.seller, "deposit", 500)
    for function in ("withdraw", "deposit"):
        for inner in ("withdraw", "deposit"):
            bank.token.transact(bank.seller, "arm", bank.house.address, bank.house.encode(inner, 1))
            with market.reverts("ReentrancyGuardReentrantCall"):
                bank.house.transact(bank.seller, function, 100)
    # A call that needs no guard finds the books right already: the money in transit is counted once.
    bank.token.transact(bank.seller, "arm", bank.house.address, bank.house.encode("accountedMicro"))
    bank.house.transact(bank.seller, "withdraw", 100)
    assert bank.balance() == bank.house.call("accountedMicro") == 400
