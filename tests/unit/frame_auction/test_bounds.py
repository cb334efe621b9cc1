"""What bounds an order beside its own terms, and which frames the house may close."""

import pytest

BID, ASK = 0, 1


def test_who_did_not_take_what_it_asked_for_bids_for_less_and_sells_all(auction, people, market):
    """RET: a buyer with a demand factor of 0.8 gets four fifths, its slices no longer than that."""
    penalised = people[0]
    record = penalised.id | 1_000 << 32 | 600 << 72
    market.transact(market.meter, "credit", "recordSupply", [record])
    for side, options, locked_wh in ((BID, {}, 800), (BID, {"peak": 900}, 800), (ASK, {"peak": 100}, 1_000)):
        before = auction.margin(penalised)
        auction.place(penalised, side, 60, 1_000, **options)
        lock_ticks = 65 if side == BID else 90
        assert before - auction.margin(penalised) == locked_wh * lock_ticks * 2, (side, options)
    largest = auction.view("maximumQuantityWh")
    with market.reverts(f"Auction_QuantityOutOfRange: 48, 50, {largest}"):
        auction.place(penalised, BID, 60, 60)
    auction.place(people[1], ASK, 40, 5_000)
    assert auction.clear().traded_wh == 1_600


def test_somebody_unknown_has_no_words(auction):
    assert auction.view("allowedWordsOf", 999) == 0


def test_least_lock_refuses_an_order_that_would_lock_less(auction, people, market):
    market.open_frame(
        auction.frame + 2, cap_tick=200, grid_fee_ticks=0, platform_fee_ticks=0, venue="auction"
    )
    with market.reverts("Auction_LockBelowMinimum: 0, 100"):
        auction.place(people[0], BID, 0, 50, frame=auction.frame + 2)


@pytest.mark.parametrize("carried_only", [True, False])
def test_the_house_closes_a_frame_that_is_decided_or_empty(auction, people, market, carried_only):
    later = market.open_frame(auction.frame + 2, venue="auction")
    auction.place(people[0], BID, 60, 500, rolls=1)
    auction.place(people[1], ASK, 40, 200)
    first = auction.clear()
    assert len(first.carried) == 1
    if not carried_only:
        auction.place(people[2], ASK, 40, 100, frame=auction.next)
    market.travel_to(market.metering_deadline_of(later))
    with market.reverts(f"Auction_Undecided: {auction.next}"):
        market.transact(market.outsider, "house", "finaliseFrame", auction.next)
    market.transact(market.outsider, "house", "finaliseFrame", later)
    clearing, _ = auction.answer(auction.next, first.carried)
    market.transact(market.outsider, "auction", "voidFrame", auction.next, *clearing[:3])
    assert auction.view("frameOf", auction.next)[3:5] == (True, True)


def test_an_order_that_may_roll_locks_for_the_highest_cap_and_fees_of_its_frames(auction, people, market):
    later = auction.frame + 2
    market.open_frame(later, cap_tick=190, grid_fee_ticks=7, platform_fee_ticks=6, venue="auction")
    for side, rolls, lock_ticks in ((BID, 1, 65), (BID, 2, 73), (ASK, 1, 90), (ASK, 2, 130)):
        before = auction.margin(people[0])
        auction.place(people[0], side, 60, 100, rolls=rolls)
        assert before - auction.margin(people[0]) == 100 * lock_ticks * 2
    for tick, lock_ticks in ((149, 1), (150, 1), (151, 1), (191, 1)):
        before = auction.margin(people[1])
        auction.place(people[1], ASK, tick, 100)
        assert before - auction.margin(people[1]) == 100 * lock_ticks * 2
