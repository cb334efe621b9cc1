"""Words enter a chain: checks in their order, locks, allowance, digest (A1, A8, M2)."""

import pytest

from voltberg.models import Role
from voltberg.reference.auction_words import chain_digest, pack_auction_request

BID, ASK = 0, 1


def test_chain_is_what_its_words_hash_to(auction, people, market):
    auction.place(people[0], BID, 60, 500)
    auction.send(people[0], "cancel", auction.frame, auction.frame, 0)
    requests = [auction.request(ASK, tick, 500, peak=100) for tick in (40, 41)]
    assert auction.send(people[1], "placeMany", auction.frame, requests).returned == 2
    digest, words, *_ = auction.view("frameOf", auction.frame)
    assert words == len(auction.words[auction.frame]) == 4
    assert digest == chain_digest(market.address("auction"), auction.frame, auction.words[auction.frame])


def test_orders_lock_for_the_highest_of_all_frames_that_they_may_enter(auction, people, market):
    market.open_frame(
        auction.frame + 2, cap_tick=200, grid_fee_ticks=9, platform_fee_ticks=3, venue="auction"
    )
    for rolls, side, lock_ticks in ((0, BID, 65), (2, BID, 72), (0, ASK, 90), (1, ASK, 90), (2, ASK, 140)):
        before = auction.margin(people[0])
        auction.place(people[0], side, 60, 500, rolls=rolls)
        assert before - auction.margin(people[0]) == 500 * lock_ticks * 2, (rolls, side)
    auction.place(people[1], ASK, 191, 500)
    assert auction.margin(people[1]) == 1_000_000_000 - 500 * 1 * 2


def test_checks_come_in_their_order(auction, people, market):
    frame, actor = auction.frame, people[0]

    def refused(text, **changed):
        options = {"side": BID, "tick": 60, "quantity": 500} | changed
        with market.reverts(text):
            auction.place(
                changed.get("actor", actor),
                options.pop("side"),
                options.pop("tick"),
                **{key: value for key, value in options.items() if key != "actor"},
            )

    refused(f"Auction_InvalidRequest: {pack_auction_request(frame, 2, 60, 500, 0, 0)}", side=2)
    with market.reverts(f"Auction_InvalidRequest: {1 << 120}"):
        auction.send(actor, "place", 1 << 120)
    with market.reverts(f"Auction_InvalidRequest: {1 << 143 | 1 << 120}"):
        auction.send(actor, "place", 1 << 143 | 1 << 120)
    refused(f"Venue_NotRegistered: {market.outsider.address}", actor=market.outsider)
    refused(f"Auction_FrameNotOpen: {frame + 9}", frame=frame + 9)
    refused("Auction_TickOutOfRange: 192, 191", tick=192)
    largest = auction.view("maximumQuantityWh")
    assert largest == 129_000_000 // (255 * 2)
    refused(f"Auction_QuantityOutOfRange: 49, 50, {largest}", quantity=49)
    refused(f"Auction_QuantityOutOfRange: {largest + 1}, 50, {largest}", quantity=largest + 1)
    refused("Auction_InvalidPeak: 501, 500, 50", peak=501)
    refused("Auction_InvalidPeak: 49, 500, 50", peak=49)
    refused("Auction_InvalidPeak: 50, 1601, 50", quantity=1_601, peak=50)
    refused(f"Auction_FrameNotOpen: {frame + 2}", rolls=2)
    auction.place(actor, BID, 60, 1_600, peak=50)
    market.transact(market.operator, "auction", "setFramePaused", frame, True)
    refused(f"Auction_FramePaused: {frame}")
    auction.send(actor, "cancel", frame, frame, 0)
    market.transact(market.operator, "auction", "setFramePaused", frame, False)
    market.transact(market.supervisor, "house", "setSuspended", actor.id, True)
    refused(f"Auction_Suspended: {actor.id}, 1")
    auction.send(actor, "cancel", frame, frame, 0)
    auction.close_gate()
    closure = market.gate_closure_of(frame)
    refused(f"Auction_GateClosed: {frame}, {closure}, {closure}", actor=people[1])


def test_of_two_faults_that_of_the_first_check_is_told(auction, people, market):
    frame, (actor, suspended, poor), outsider = auction.frame, people[:3], market.outsider
    largest = auction.view("maximumQuantityWh")
    market.transact(market.supervisor, "house", "setSuspended", suspended.id, True)
    auction.send(poor, "placeMany", frame, [auction.request(ASK, 150, 50)] * 224)
    market.transact(poor, "auction", "withdrawMargin", auction.margin(poor) - 99)
    free = market.open_frame(frame + 2, grid_fee_ticks=0, platform_fee_ticks=0, venue="auction")
    no_side = auction.request(2, 60, 500)

    def refused(text, actor, side, tick, quantity, **options):
        with market.reverts(text):
            auction.place(actor, side, tick, quantity, **options)

    refused(f"Auction_InvalidRequest: {no_side}", outsider, 2, 60, 500)
    refused(f"Venue_NotRegistered: {outsider.address}", outsider, BID, 60, 500, frame=frame + 9)
    refused(f"Auction_Suspended: {suspended.id}, 1", suspended, BID, 60, 500, frame=frame + 9)
    refused("Auction_TickOutOfRange: 192, 191", actor, BID, 192, 49)
    refused(f"Auction_QuantityOutOfRange: 49, 50, {largest}", actor, BID, 60, 49, peak=50)
    refused("Auction_InvalidPeak: 501, 500, 50", actor, BID, 60, 500, peak=501, rolls=3)
    refused(f"Auction_FrameNotOpen: {free + 1}", actor, BID, 0, 50, frame=free, rolls=1)
    refused(f"Venue_InsufficientMargin: {poor.id}, 100, 99", poor, ASK, 150, 50)
    market.transact(market.operator, "auction", "setFramePaused", frame, True)
    auction.close_gate()
    refused(f"Auction_FramePaused: {frame}", actor, BID, 60, 500)
    market.transact(market.operator, "auction", "setFramePaused", frame, False)
    closure = market.gate_closure_of(frame)
    refused(f"Auction_GateClosed: {frame}, {closure}, {market.now}", actor, BID, 192, 500)


@pytest.mark.parametrize(
    ("side", "tick", "quantity", "peak"),
    [
        (BID, 191, 500, 0),
        (BID, 60, 50, 0),
        (ASK, 60, None, 0),
        (BID, 60, 500, 500),
        (BID, 60, 500, 50),
        (BID, 60, 1_600, 50),
    ],
)
def test_what_lies_on_a_bound_is_not_blamed_for_another_fault(
    auction, people, market, side, tick, quantity, peak
):
    """The fault is looked up only after all checks were made at once: the bounds there must be the same."""
    quantity = quantity or auction.view("maximumQuantityWh")
    with market.reverts(f"Auction_FrameNotOpen: {auction.frame + 2}"):
        auction.place(people[0], side, tick, quantity, peak=peak, rolls=2)
    assert auction.place(people[0], side, tick, quantity, peak=peak, rolls=1) == 0


def test_checks_of_a_batch_and_of_a_cancel_come_in_their_order(auction, people, market):
    frame, (actor, suspended), outsider = auction.frame, people[:2], market.outsider
    good, bad = auction.request(BID, 60, 500), auction.request(BID, 192, 500)
    market.transact(market.supervisor, "house", "setSuspended", suspended.id, True)
    auction.send(actor, "placeMany", frame, [auction.request(BID, 1, 50)] * 224)
    for _ in range(32):
        auction.send(actor, "cancel", frame, frame, 0)

    def refused(text, actor, function, *args):
        with market.reverts(text):
            auction.send(actor, function, *args)

    refused(f"Venue_NotRegistered: {outsider.address}", outsider, "placeMany", frame + 9, [])
    refused("Auction_InvalidRequest: 0", suspended, "placeMany", frame + 9, [])
    refused(f"Auction_Suspended: {suspended.id}, 1", suspended, "placeMany", frame + 9, [good])
    refused(f"Auction_FrameNotOpen: {frame + 9}", actor, "placeMany", frame + 9, [good])
    refused(f"Venue_NotRegistered: {outsider.address}", outsider, "cancel", frame + 9, frame, 0)
    refused(f"Auction_FrameNotOpen: {frame + 9}", actor, "cancel", frame + 9, frame, 0)
    refused(f"Auction_TooManyWords: {actor.id}, 1, 0", actor, "cancel", frame, frame, 0)
    market.transact(market.operator, "auction", "setFramePaused", frame, True)
    auction.close_gate()
    refused(f"Auction_FramePaused: {frame}", actor, "placeMany", frame, [good])
    market.transact(market.operator, "auction", "setFramePaused", frame, False)
    closure = market.gate_closure_of(frame)
    refused(f"Auction_GateClosed: {frame}, {closure}, {market.now}", actor, "placeMany", frame, [bad])
    refused(f"Auction_GateClosed: {frame}, {closure}, {market.now}", actor, "cancel", frame, frame, 0)


def test_a_mandate_s_prices_bind_the_exchange_and_not_its_owner(auction, people, market):
    owner, exchange = people[0], market.register(int(Role.EXCHANGE))
    market.transact(owner, "auction", "nameExchange", exchange.id, 100, 59, 61, auction.frame)
    assert auction.place(owner, BID, 60, 500) == 0
    assert auction.place(owner, ASK, 60, 500) == 1
    requests = [auction.request(side, 60, 500) for side in (BID, ASK)]
    assert auction.send(owner, "placeMany", auction.frame, requests).returned == 2


def test_money_must_cover_all_of_a_batch(auction, people, market):
    market.transact(people[0], "auction", "withdrawMargin", auction.margin(people[0]) - 100_000)
    requests = [auction.request(BID, 45, 500)] * 3
    with market.reverts(f"Venue_InsufficientMargin: {people[0].id}, 150000, 100000"):
        auction.send(people[0], "placeMany", auction.frame, requests)
    auction.send(people[0], "placeMany", auction.frame, requests[:2])
    assert auction.margin(people[0]) == 0


def test_batch_names_one_frame_and_is_not_empty(auction, people, market):
    other = auction.request(BID, 45, 500, frame=auction.next)
    with market.reverts(f"Auction_InvalidRequest: {other}"):
        auction.send(people[0], "placeMany", auction.frame, [auction.request(BID, 45, 500), other])
    with market.reverts("Auction_InvalidRequest: 0"):
        auction.send(people[0], "placeMany", auction.frame, [])


def test_least_lock_is_checked(auction, people, market):
    # 50 Wh at a lock of one tick are 100 micro-units, the least that is allowed.
    auction.place(people[0], ASK, 150, 50)
    assert auction.view("params")[:2] == (50, 100)


def test_allowance_bounds_words_and_grows_with_time(auction, people, market):
    actor, many = people[0], [auction.request(BID, 1, 50)] * 224
    assert auction.view("allowedWordsOf", actor.id) == 256
    auction.send(actor, "placeMany", auction.frame, many)
    assert auction.view("allowedWordsOf", actor.id) == 32
    with market.reverts(f"Auction_TooManyWords: {actor.id}, 1, 0"):
        auction.place(actor, BID, 1, 50)
    auction.send(actor, "cancel", auction.frame, auction.frame, 0)
    market.travel_to(market.start_of(market.frame + 1))
    # 16 words a frame of time, of which cancels keep 32.
    assert auction.view("allowedWordsOf", actor.id) == 31 + 16
    with market.reverts(f"Auction_TooManyWords: {actor.id}, 16, 15"):
        auction.send(actor, "placeMany", auction.frame, many[:16])
    auction.send(actor, "placeMany", auction.frame, many[:15])
    for _ in range(32):
        auction.send(actor, "cancel", auction.frame, auction.frame, 0)
    with market.reverts(f"Auction_TooManyWords: {actor.id}, 1, 0"):
        auction.send(actor, "cancel", auction.frame, auction.frame, 0)


def test_full_chain_takes_cancels_still(auction, market):
    batch = [auction.request(BID, 1, 50)] * 192
    for _ in range(16):
        actor = market.register(1)
        market.give_margin(actor, "auction", 10_000_000)
        auction.send(actor, "placeMany", auction.frame, batch)
    assert auction.view("frameOf", auction.frame)[1] == 3_072
    with market.reverts(f"Auction_FrameFull: {auction.frame}"):
        auction.place(market.participants[0], BID, 1, 50)
    with market.reverts(f"Auction_FrameFull: {auction.frame}"):
        auction.send(market.participants[0], "placeMany", auction.frame, batch[:2])
    auction.send(market.participants[0], "cancel", auction.frame, auction.frame, 0)


def test_only_operator_pauses_and_only_house_opens(auction, people, market):
    with market.reverts(f"Venue_MissingRole: {people[0].address}, 16"):
        market.transact(people[0], "auction", "setFramePaused", auction.frame, True)
    with market.reverts(f"Auction_FrameNotOpen: {auction.frame + 9}"):
        market.transact(market.operator, "auction", "setFramePaused", auction.frame + 9, True)
    with market.reverts(f"Venue_NotHouse: {people[0].address}"):
        market.transact(people[0], "auction", "openFrame", auction.frame, 150, 5)
    with market.reverts(f"Venue_NotHouse: {people[0].address}"):
        market.transact(people[0], "auction", "closeFrame", auction.frame)
