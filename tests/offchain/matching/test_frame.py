"""Worked examples of the frame auction's rules, its input for `clear` and the proofs of its records."""

import pytest
from eth_hash.auto import keccak

from voltberg.matching.frame import chunk_of, chunk_with, clearing_of
from voltberg.reference.auction_clearing import clear_frame, void_records
from voltberg.reference.auction_sequence import sequence_of
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import (
    AuctionCancel,
    AuctionFill,
    AuctionOrder,
    carried_digest,
    chain_digest,
    pack_auction_cancel,
    pack_auction_order,
    pack_auction_request,
    pack_carried,
    pack_chained,
    pack_fills,
    unpack_auction_cancel,
    unpack_auction_order,
    unpack_carried,
    unpack_chained,
    unpack_fills,
    unpack_record,
)
from voltberg.reference.record_tree import chunk_hashes, root_of, root_of_range

FRAME, FEES, CAP = 1000, 5, 150
BUY, SELL = 0, 1
RULES = AuctionRules(0, 10, 1, 5_000, uniform_price=False, roll_keeps_rank=True)


def order(owner, side, tick, wh, peak=0, rolls=0, supplier=False):
    lock = tick + FEES if side == BUY else max(1, CAP - tick)
    return pack_auction_order(AuctionOrder(owner, wh, peak, tick, lock, rolls, side, supplier))


def cancel(owner, index, origin=FRAME):
    return pack_auction_cancel(AuctionCancel(owner, index, origin))


def clear(*words, carried=(), **rules):
    return clear_frame(FRAME, words, carried, RULES._replace(**rules), FEES, 2)


def weights(result):
    return {at: priority.weight for at, priority in result.priorities.items()}


def record_of(result, owner):
    return next(r for r in map(unpack_record, result.records) if r.participant_id == owner)


# A1, A8


def test_a_cancel_works_only_for_its_owner_and_before_ranking():
    buys = [order(1, BUY, 60, 100), order(2, BUY, 50, 100)]
    sell = order(3, SELL, 40, 100)
    assert clear(*buys, sell).fills == (AuctionFill(0, 2, 100, 50),)
    assert clear(*buys, sell, cancel(1, 0)).fills == (AuctionFill(1, 2, 100, 45),)
    for useless in (cancel(2, 0), cancel(1, 1), cancel(1, 9), cancel(1, 0, FRAME - 1)):
        assert clear(*buys, sell, useless).fills == (AuctionFill(0, 2, 100, 50),)


def test_a_cancel_may_stand_before_its_order_and_name_a_carried_one():
    carried = pack_carried(order(1, BUY, 60, 100), FRAME - 3, 7)
    sell = order(3, SELL, 40, 100)
    assert clear(cancel(3, 1), sell, carried=[carried]).traded_wh == 0
    assert clear(sell, cancel(1, 7, FRAME - 3), carried=[carried]).traded_wh == 0
    assert clear(sell, cancel(1, 7), carried=[carried]).traded_wh == 100


def test_a_cancelled_order_is_refunded_through_its_record():
    result = clear(order(1, BUY, 60, 100, rolls=3), cancel(1, 0))
    assert record_of(result, 1).refund_micro == 100 * 65 * 2
    assert result.rolled == ()


def test_an_order_beyond_the_cap_is_refunded_and_takes_no_part():
    words = [order(1, BUY, 60, 100)] * 66
    result = clear(*words, order(2, SELL, 40, 10_000))
    assert result.traded_wh == 64 * 100
    refund_of_price = 6_400 * (65 - 50 - FEES)
    assert record_of(result, 1).refund_micro == (refund_of_price + 2 * 100 * 65) * 2


# A2


@pytest.mark.parametrize(("slices", "traded"), [(0, 500), (1, 100), (2, 200), (9, 500)])
def test_an_order_offers_so_many_slices_a_frame(slices, traded):
    result = clear(order(1, BUY, 60, 500, peak=100), order(2, SELL, 40, 500), slices_per_frame=slices)
    assert result.traded_wh == traded
    assert len(result.bid_service) == traded // 100


# A3


def test_the_crossing_has_the_largest_volume():
    result = clear(order(1, BUY, 60, 300), order(2, BUY, 50, 300), order(3, SELL, 40, 500))
    assert (result.crossing, result.crossing_tick, result.traded_wh) == (51, 41 - 1, 500)


def test_of_equal_volumes_the_smallest_imbalance_decides_then_the_lowest_tick():
    # From 40 to 50 300 Wh trade; above 50 only what is wanted at 60.
    words = [order(1, BUY, 60, 100), order(2, BUY, 50, 200), order(3, SELL, 40, 300)]
    assert clear(*words).crossing_tick == 40
    # At 55 supply grows: the same volume at 55 .. 60, less balanced.
    words = [order(1, BUY, 60, 100), order(2, SELL, 40, 100), order(3, SELL, 55, 100)]
    assert clear(*words).crossing_tick == 40
    # Too much is wanted up to 45: the same volume there, less balanced.
    words = [order(1, BUY, 60, 100), order(2, BUY, 45, 50), order(3, SELL, 40, 100)]
    assert (clear(*words).crossing, clear(*words).crossing_tick) == (46, 46)


def test_without_a_crossing_there_are_no_fills():
    result = clear(order(1, BUY, 40, 100), order(2, SELL, 41, 100))
    assert (result.fills, result.priorities, result.uniform_tick) == ((), {}, 255)
    assert record_of(result, 2).refund_micro == 100 * (CAP - 41) * 2


def test_without_words_everything_is_empty():
    result = clear()
    assert (result.crossing, result.records, result.root) == (0, (), bytes(32))


def test_an_ineligible_order_cannot_trade_below_another_s_limit():
    # At 50 and above 100 Wh are wanted and offered; the buy at 45 crosses the sell at 40 but is not eligible.
    words = [order(1, BUY, 50, 100), order(2, BUY, 45, 100), order(3, SELL, 40, 100)]
    assert clear(*words).fills == (AuctionFill(0, 2, 100, 45),)


# A4


def test_priorities_of_the_paper_s_order_book():
    """Xiao & Hou 2022, table 1 and (24): buys 13, 12, 11, sells 17, 15, 14 pence, alpha = 10 beta."""
    buys = [order(1, BUY, 13, 2140), order(70, BUY, 12, 4000), order(12, BUY, 11, 1070)]
    sells = [order(100, SELL, 17, 4000), order(18, SELL, 15, 440), order(48, SELL, 14, 1800)]
    with_seller, with_buyer = order(99, SELL, 0, 10**4), order(99, BUY, 30, 10**4)
    # As printed, from top to bottom: the buys stand in the order of their priority, the sells against it.
    assert weights(clear(*buys, with_seller)) == {0: 0, 1: 11, 2: 22, 3: 0}
    assert weights(clear(*sells, with_buyer)) == {0: 20, 1: 11, 2: 2, 3: 0}
    # The other way round in time a better price still wins: ten ranks of time are one of price.
    assert weights(clear(*reversed(buys), with_seller)) == {0: 20, 1: 11, 2: 2, 3: 0}
    assert clear(*buys, *sells).fills == ()


def test_ten_places_in_time_outweigh_one_in_price_and_ties_go_to_the_price():
    waiting = [order(owner, BUY, 50, 10) for owner in range(1, 12)]
    better = order(20, BUY, 51, 10)
    sell = order(30, SELL, 40, 1_000)
    result = clear(*waiting, better, sell)
    # f = 10 + 0, 10 + 1 ... against 0 + 11: the order at position 1 ties and has the worse price.
    assert result.bid_service[:3] == (0, 11, 1)
    assert clear(*waiting, better, sell, alpha=0).bid_service[0] == 11


def test_consecutive_orders_of_one_participant_share_a_time_rank():
    words = [order(1, BUY, 50, 10), order(1, BUY, 50, 10), order(2, BUY, 50, 10), order(1, BUY, 50, 10)]
    assert weights(clear(*words, order(3, SELL, 40, 10))) == {0: 0, 1: 0, 2: 1, 3: 2, 4: 0}
    # Sells and cancels between them do not part them.
    words = [order(1, BUY, 50, 10), order(3, SELL, 40, 10), cancel(2, 0), order(1, BUY, 50, 10)]
    assert weights(clear(*words)) == {0: 0, 1: 0, 3: 0}


def test_a_new_slice_goes_behind_those_who_wait_at_its_price():
    words = [order(1, BUY, 50, 300, peak=100), order(2, BUY, 50, 100), order(3, BUY, 50, 100)]
    result = clear(*words, order(4, SELL, 40, 500))
    assert result.bid_service == (0, 1, 2, 0, 0)
    assert result.ask_service == (3,)
    assert [fill.energy_wh for fill in result.fills] == [100] * 5


def test_slices_of_a_better_price_come_before_a_worse_price():
    words = [order(1, BUY, 60, 300, peak=100), order(2, BUY, 50, 100)]
    assert clear(*words, order(4, SELL, 40, 350)).bid_service == (0, 0, 0, 1)


def test_a_supplier_comes_last_on_its_side():
    words = [order(1, SELL, 10, 100, supplier=True), order(2, SELL, 40, 100), order(3, BUY, 60, 150)]
    assert clear(*words).ask_service == (1, 0)


# A5


@pytest.mark.parametrize(("share", "price"), [(0, 40), (3_333, 43), (5_000, 45), (10_000, 51)])
def test_price_of_a_pair(share, price):
    words = order(1, BUY, 51, 100), order(2, SELL, 40, 100)
    assert clear(*words, price_weight_bps=share).fills[0].tick == price


def test_uniform_price_lies_between_the_marginal_orders_that_filled():
    words = [order(1, BUY, 90, 100), order(2, BUY, 71, 100), order(3, SELL, 20, 100), order(4, SELL, 60, 100)]
    result = clear(*words, uniform_price=True)
    assert (result.uniform_tick, {fill.tick for fill in result.fills}) == (65, {255})
    assert record_of(result, 1).purchase_micro == record_of(result, 4).sale_micro == 100 * 65 * 2
    assert [fill.tick for fill in clear(*words).fills] == [55, 65]


# A6


def test_a_rest_rolls_with_its_name_lock_and_one_roll_less():
    words = [order(1, BUY, 60, 500, peak=100, rolls=2, supplier=True), order(2, SELL, 40, 120)]
    result = clear(*words)
    (word,) = result.carried
    rest, origin, index = unpack_carried(word)
    assert (origin, index) == (FRAME, 0)
    assert unpack_auction_order(rest) == AuctionOrder(1, 380, 100, 60, 65, 1, BUY, True)
    assert record_of(result, 1).refund_micro == 120 * (65 - 50 - FEES) * 2


def test_the_last_frame_refunds_the_rest():
    result = clear(order(1, BUY, 60, 500, rolls=0), order(2, SELL, 40, 120))
    assert result.rolled == ()
    assert record_of(result, 1).refund_micro == (120 * (65 - 50 - FEES) + 380 * 65) * 2


def test_rests_roll_in_the_order_of_their_priority_then_of_their_place():
    words = [
        order(1, BUY, 30, 100, rolls=1),
        order(2, SELL, 45, 50, rolls=1),
        order(3, BUY, 50, 100, peak=20, rolls=1),
        order(4, SELL, 90, 50, rolls=1),
        order(5, BUY, 60, 300, peak=30, rolls=1),
        order(6, BUY, 20, 100, rolls=1),
    ]
    result = clear(*words, slices_per_frame=1)
    assert result.traded_wh == 50
    # The two icebergs are eligible, the better price first; the others keep their places.
    assert result.rolled == (4, 2, 0, 5, 3)


def test_at_most_512_orders_of_a_side_roll():
    words = [order(1 + at % 9, BUY, 30 + at % 2, 100, rolls=1) for at in range(576)]
    words += [order(20, SELL, 99, 100, rolls=1), order(21, SELL, 31, 100), order(22, BUY, 31, 100, rolls=1)]
    result = clear(*words)
    # A buy at 31 traded; 30 is not eligible. Refunded are the last ones in the order of rolling.
    eligible = [at for at in range(576) if at % 2] + [578]
    served = result.bid_service[0]
    assert len(result.rolled) == 513
    assert result.rolled[-1] == 576
    assert set(result.rolled[:288]) == set(eligible) - {served}
    assert result.rolled[288:512] == tuple(range(0, 448, 2))


def test_carried_orders_come_before_or_after_the_chain():
    carried = [pack_carried(order(1, BUY, 50, 100), FRAME - 1, 3)]
    words = [order(2, BUY, 50, 100), order(3, SELL, 40, 100)]
    assert clear(*words, carried=carried).fills[0].buyer_position == 0
    kept = clear(*words, carried=carried)
    new = clear(*words, carried=carried, roll_keeps_rank=False)
    assert (record_of(kept, 1).bought_wh, record_of(new, 1).bought_wh) == (100, 0)
    assert (kept.participants, new.participants) == ((0, 1, 2), (2, 0, 1))


# A9


def test_a_record_holds_what_was_bought_sold_and_comes_back():
    words = [order(1, BUY, 61, 100), order(1, SELL, 40, 30), order(2, SELL, 40, 70), cancel(9, 0)]
    result = clear(*words)
    one, two, nine = map(unpack_record, result.records)
    assert (one.bought_wh, one.sold_wh, two.sold_wh) == (100, 30, 70)
    assert (one.purchase_micro, one.sale_micro, two.sale_micro) == (100 * 50 * 2, 30 * 50 * 2, 70 * 50 * 2)
    assert (one.lock_micro, two.lock_micro) == (30 * 110 * 2, 70 * 110 * 2)
    assert one.refund_micro == 100 * (66 - 50 - FEES) * 2
    assert (nine.participant_id, result.records[2]) == (9, 9)


def test_voiding_refunds_everything():
    words = [order(1, BUY, 60, 100, rolls=2), order(2, SELL, 40, 100), order(1, SELL, 40, 10)]
    records = void_records(sequence_of(FRAME, words, [], roll_keeps_rank=True), 2)
    refunds = [unpack_record(record).refund_micro for record in records]
    assert refunds == [(100 * 65 + 10 * 110) * 2, 100 * 110 * 2]


# Bytes, digests, proofs


def test_the_input_of_clear_in_bytes():
    words = [order(300, BUY, 60, 100), order(2, SELL, 40, 150, rolls=1)]
    carried = [pack_carried(order(2, SELL, 99, 100), FRAME - 1, 258)]
    given, result = clearing_of(FRAME, words, carried, RULES, FEES, 2)
    assert given.words == words[0].to_bytes(16, "big") + words[1].to_bytes(16, "big")
    assert given.carried == carried[0].to_bytes(32, "big")
    assert given.participants == bytes((0, 0, 0, 2, 0, 1))
    assert (given.bid_service, given.ask_service) == (bytes((0, 1)), bytes((0, 2)))
    assert (given.crossing, given.rolled) == (40, bytes((0, 2)))
    assert pack_fills(result.fills) == bytes((0, 1, 0, 2, 0, 0, 100, 50))
    assert unpack_fills(pack_fills(result.fills)) == list(result.fills)


def test_words_go_back_and_forth():
    made = AuctionOrder(2**32 - 1, 2**24 - 1, 2**24 - 2, 191, 254, 255, SELL, True)
    assert unpack_auction_order(pack_auction_order(made)) == made
    assert pack_auction_order(made) < 1 << 106
    assert unpack_auction_cancel(cancel(8, 2**16 - 1, 2**32 - 1)) == AuctionCancel(8, 2**16 - 1, 2**32 - 1)
    assert cancel(0, 0, 0) == 1 << 106
    assert unpack_chained(pack_chained(cancel(8, 1), FRAME, 3)) == (cancel(8, 1), FRAME, 3)
    assert pack_auction_request(1, 1, 2, 3, 4, 5) == 1 | 1 << 32 | 2 << 40 | 3 << 48 | 4 << 80 | 5 << 112
    with pytest.raises(ValueError, match="field of auction order at bit 32 is 16777216"):
        order(1, BUY, 10, 1 << 24)


def test_digest_of_a_chain_is_the_rolling_hash_of_the_interface():
    auction = "0x" + "12" * 20
    start = keccak(bytes.fromhex("12" * 20) + FRAME.to_bytes(4, "big"))[:28]
    assert chain_digest(auction, FRAME, []) == start
    assert chain_digest(auction, FRAME, [5]) == keccak(start + bytes(15) + b"\x05")[:28]
    assert carried_digest([]) == bytes(32)
    assert carried_digest([1, 2]) == keccak(bytes(31) + b"\x01" + bytes(31) + b"\x02")


@pytest.mark.parametrize("count", [1, 8, 9, 17, 40, 41, 100])
def test_the_chunk_of_every_record_leads_to_the_root(count):
    records = [owner | owner * 3 << 32 for owner in range(1, count + 1)]
    root = root_of(chunk_hashes(records))
    for owner in range(1, count + 1):
        chunk = chunk_with(records, owner)
        assert chunk.records[(owner - 1) % 8] == records[owner - 1]
        hashes, chunks = chunk_hashes(chunk.records), -(-count // 8)
        assert root_of_range(chunk.number, hashes, chunks, chunk.proof) == root
    with pytest.raises(KeyError, match="no record"):
        chunk_with(records, count + 1)
    with pytest.raises(IndexError, match=f"chunk {-(-count // 8)} of {count} records"):
        chunk_of(records, -(-count // 8))
