"""What somebody with bad intentions can try, and the bound on what it costs the others (docs/security.md)."""

import pytest

from voltberg.models import Role, Side
from voltberg.reference.words import pack_request

MINIMUM_WH = 50
HONEST_WH = 1_000


def place(market, actor, frame, side, tick, quantity_wh, peak_wh=0, max_fills=64):
    return market.transact(
        actor, "book", "place", pack_request(frame, side, tick, quantity_wh, peak_wh, max_fills=max_fills)
    )


def flood(market, frame, count):
    attacker = market.participants[0]
    for _ in range(count):
        place(market, attacker, frame, Side.ASK, 40, MINIMUM_WH)


@pytest.mark.parametrize("resting", [5, 40])
def test_a_flood_of_dust_costs_a_taker_its_own_maximum_of_fills(market, resting):
    """The attacker pays for each dust order; a taker visits as many as it allowed, however many there are."""
    frame = market.open_frame()
    flood(market, frame, resting)
    place(market, market.participants[1], frame, Side.ASK, 41, HONEST_WH)
    taken = place(market, market.participants[2], frame, Side.BID, 41, HONEST_WH, max_fills=4)
    _, filled_wh = taken.returned
    assert filled_wh == 4 * MINIMUM_WH
    assert len(taken.events("Filled")) == 4


def test_the_length_of_a_queue_does_not_make_taking_from_it_dearer(market):
    frame = market.open_frame()
    flood(market, frame, 6)
    buyer = market.participants[2]
    place(market, buyer, frame, Side.BID, 40, MINIMUM_WH)
    few = place(market, buyer, frame, Side.BID, 40, MINIMUM_WH).gas_used
    flood(market, frame, 60)
    many = place(market, buyer, frame, Side.BID, 40, MINIMUM_WH).gas_used
    assert abs(many - few) <= 500


def test_a_flood_does_not_stop_anybody_from_cancelling(market):
    frame = market.open_frame()
    owner = market.participants[1]
    before = market.call("book", "marginOf", owner.id)
    order_id, _ = place(market, owner, frame, Side.ASK, 40, HONEST_WH).returned
    flood(market, frame, 40)
    market.transact(owner, "book", "cancel", order_id)
    assert market.call("book", "marginOf", owner.id) == before


def test_an_iceberg_shows_at_most_33_slices_to_whoever_takes_all_of_it(market):
    """Else one order of many tiny slices would use up every taker's fills and gas."""
    frame = market.open_frame()
    quantity_wh = 32 * MINIMUM_WH + 31
    peak_wh = -(-quantity_wh // 32)
    with market.reverts_named("OrderBook_InvalidPeak"):
        place(market, market.participants[0], frame, Side.ASK, 40, quantity_wh, peak_wh - 1)
    place(market, market.participants[0], frame, Side.ASK, 40, quantity_wh, peak_wh)
    taken = place(market, market.participants[1], frame, Side.BID, 40, quantity_wh, max_fills=33)
    _, filled_wh = taken.returned
    assert filled_wh == quantity_wh
    assert 1 <= len(taken.events("Filled")) <= 33


@pytest.mark.parametrize(
    ("role", "holder", "call", "error"),
    [
        (Role.OPERATOR, "operator", "openFrames", "Settlement_MissingRole"),
        (Role.METER, "meter", "reportDelivery", "Settlement_MissingRole"),
    ],
)
def test_a_lost_role_key_is_replaced_and_the_old_one_is_worth_nothing(market, role, holder, call, error):
    lost = getattr(market, holder)
    market.transact(market.supervisor, "registry", "setRoles", lost.address, 0)
    successor = market.register(int(role))
    frame = market.frame + 4
    arguments = {
        "openFrames": (market.address("book"), frame, [100 | 100 << 8 | 100 << 16]),
        "reportDelivery": (frame, []),
    }[call]
    with market.reverts(f"{error}: {lost.address}, {int(role)}"):
        market.transact(lost, "house", call, *arguments)
    assert market.call("registry", "rolesOf", successor.address) == role
    if call == "openFrames":
        market.transact(successor, "house", call, *arguments)
    else:
        # The new key passes the check of roles: what is wrong now is the frame.
        with market.reverts_named("Settlement_FrameNotOpen"):
            market.transact(successor, "house", call, *arguments)


def test_a_lost_supervisor_key_is_handed_over_in_two_steps_and_can_be_aimed_again(market):
    """A handover to a mistyped address is corrected by another, as long as nobody accepted."""
    mistyped, successor = market.outsider, market.participants[0]
    market.transact(market.supervisor, "registry", "transferOwnership", mistyped.address)
    market.transact(market.supervisor, "registry", "transferOwnership", successor.address)
    with market.reverts(f"OwnableUnauthorizedAccount: {mistyped.address}"):
        market.transact(mistyped, "registry", "acceptOwnership")
    market.transact(successor, "registry", "acceptOwnership")
    assert market.call("registry", "owner") == successor.address
    with market.reverts(f"Credit_NotSupervisor: {market.supervisor.address}"):
        market.transact(market.supervisor, "credit", "setRiskParameters", 1, 1)


def test_a_pause_traps_no_money(market):
    frame = market.open_frame()
    owner = market.participants[0]
    before = market.call("token", "balanceOf", owner.address)
    order_id, _ = place(market, owner, frame, Side.BID, 40, HONEST_WH).returned
    market.transact(market.operator, "book", "setFramePaused", frame, True)
    with market.reverts(f"OrderBook_FramePaused: {frame}"):
        place(market, owner, frame, Side.BID, 40, HONEST_WH)
    market.transact(owner, "book", "cancel", order_id)
    for venue in ("book", "storage"):
        market.transact(owner, venue, "withdrawMargin", market.call(venue, "marginOf", owner.id))
    balance = market.call("house", "accountOf", owner.id)[0]
    market.transact(owner, "house", "withdraw", balance)
    assert market.call("token", "balanceOf", owner.address) == before + balance
    assert balance > 0
