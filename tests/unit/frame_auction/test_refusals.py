"""Trades that the network cannot carry leave both records (M8)."""

import pytest

from voltberg.reference.words import pack_refusal

BID, ASK = 0, 1


@pytest.fixture
def cleared(auction, people):
    """Participant 0 bought 500 Wh of participant 1 at 50 ticks; 2 got nothing."""
    auction.place(people[0], BID, 60, 500)
    auction.place(people[1], ASK, 40, 500)
    auction.place(people[2], BID, 20, 500)
    return auction, auction.clear()


def refuse(cleared, market, buyer, seller, energy, tick, sender=None):
    auction, result = cleared
    return market.transact(
        sender or market.operator,
        "auction",
        "refuseTrade",
        auction.frame,
        pack_refusal(buyer.id, seller.id, energy, tick),
        auction.chunk(result, buyer),
        auction.chunk(result, seller),
    )


def test_buyer_gets_value_and_fees_back(cleared, people, market):
    auction, _ = cleared
    before, (_, _, _, owed) = auction.margin(people[0]), auction.view("resultOf", auction.frame)
    refuse(cleared, market, people[0], people[1], 200, 50)
    assert auction.margin(people[0]) - before == 200 * 55 * 2
    assert auction.view("resultOf", auction.frame)[2:] == (True, owed - 200 * 50 * 2)
    assert auction.view("frameOf", auction.frame)[8] == 300
    bought, sold, _ = auction.view("refusedOf", auction.frame, [people[i].id for i in range(3)])
    assert bought == 200 | 200 * 50 * 2 << 80
    assert sold == 200 << 40 | 200 * 50 * 2 << 136
    refuse(cleared, market, people[0], people[1], 300, 50)
    assert auction.view("frameOf", auction.frame)[8] == 0


@pytest.mark.parametrize(
    ("buyer", "seller", "energy", "tick"),
    [
        (0, 1, 501, 50),
        (0, 1, 0, 50),
        (0, 1, 200, 192),
        (0, 1, 300, 90),
        (1, 0, 100, 50),
        (0, 0, 100, 50),
        (2, 1, 100, 50),
        # The rest of the sale must still be covered.
        (0, 1, 130, 191),
    ],
)
def test_what_records_do_not_hold_is_refused(cleared, people, market, buyer, seller, energy, tick):
    with market.reverts_named("Auction_InvalidRefusal"):
        refuse(cleared, market, people[buyer], people[seller], energy, tick)


def test_role_window_result_and_records_are_checked(cleared, people, market):
    auction, result = cleared
    frame = auction.frame
    with market.reverts(f"Venue_MissingRole: {people[0].address}, 16"):
        refuse(cleared, market, people[0], people[1], 100, 50, sender=people[0])
    chunk = auction.chunk(result, people[0])
    entry = pack_refusal(people[0].id, people[1].id, 100, 50)
    forged = chunk._replace(records=(chunk.records[0] + (1 << 32), *chunk.records[1:]))
    # A frame of one chunk has no other: a place beyond it would let a shorter proof through.
    beyond = chunk._replace(number=chunk.number + 1)
    for pair in ((forged, chunk), (chunk, forged), (beyond, chunk), (chunk, beyond)):
        with market.reverts(f"Auction_WrongRecord: {frame}"):
            market.transact(market.operator, "auction", "refuseTrade", frame, entry, *pair)
    with market.reverts(f"Auction_Undecided: {auction.next}"):
        market.transact(market.operator, "auction", "refuseTrade", auction.next, entry, chunk, chunk)
    with market.reverts(f"Auction_FrameNotOpen: {frame + 9}"):
        market.transact(market.operator, "auction", "refuseTrade", frame + 9, entry, chunk, chunk)
    opens, closes = market.gate_closure_of(frame), market.refusal_deadline_of(frame)
    market.travel_to(closes)
    with market.reverts(f"Auction_OutsideRefusalWindow: {frame}, {opens}, {closes}, {closes}"):
        refuse(cleared, market, people[0], people[1], 100, 50)


def test_nothing_is_refused_before_gate_closure_nor_without_records(auction, people, market):
    entry = pack_refusal(people[0].id, people[1].id, 100, 50)
    auction.place(people[0], BID, 60, 500)
    auction.place(people[1], ASK, 40, 500)
    cleared = auction, auction.clear()
    # The next frame has no words, so its result has no records that a chunk could belong to.
    chunk = auction.chunk(cleared[1], people[0])
    clearing, _ = auction.answer(auction.next)
    auction.close_gate(auction.next)
    market.transact(market.outsider, "auction", "clear", auction.next, clearing)
    for empty in (chunk, chunk._replace(records=(), proof=())):
        with market.reverts(f"Auction_WrongRecord: {auction.next}"):
            market.transact(market.operator, "auction", "refuseTrade", auction.next, entry, empty, empty)
