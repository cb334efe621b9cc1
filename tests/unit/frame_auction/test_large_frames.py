"""Frames of more words than one call clears, and of more rests than the next frame takes."""

import pytest

from tests.unit.frame_auction.conftest import RULES
from voltberg.matching.frame import chunk_input
from voltberg.reference.auction_chunks import service_chunk
from voltberg.reference.auction_words import unpack_fills

BID, ASK = 0, 1
ORDERS_EACH, SLICES, PEAK_WH = 64, 32, 50
LARGEST_CALL, CHUNK_FILLS, MOST_ROLLED = 1_024, 8_192, 512


@pytest.fixture
def large(auction, people):
    """Twice 384 icebergs of 32 slices that all trade, and bids that don't; gate closed."""
    for number, person in enumerate(people):
        side, tick = (BID, 60) if number % 2 else (ASK, 40)
        iceberg = auction.request(side, tick, SLICES * PEAK_WH, peak=PEAK_WH)
        plain = auction.request(BID, 1, 50)
        auction.send(person, "placeMany", auction.frame, [iceberg] * ORDERS_EACH + [plain] * 22)
    assert len(auction.words[auction.frame]) > LARGEST_CALL
    clearing, result = auction.answer()
    auction.close_gate()
    return auction, clearing, result


def clear_chunk(market, frame, given, state, sender=None):
    """Dear without an optimizer, as when coverage is measured."""
    args = (frame, given, state)
    return market.transact(sender or market.outsider, "auction", "clearChunk", *args, gas_limit=30_000_000)


def chunk(large, number):
    auction, clearing, result = large
    words = auction.words[auction.frame]
    cut = service_chunk(auction.frame, words, (), RULES, result, number)
    return chunk_input(clearing, cut), cut.state


def test_chunks_come_to_the_result_of_the_whole(large, market):
    auction, _, result = large
    frame, fills = auction.frame, []
    given, state = chunk(large, 0)
    done = clear_chunk(market, frame, given, b"")
    fills += [fill for _, data in done.events("Fills") for fill in unpack_fills(data)]
    ((_, digest, logged),) = done.events("Checkpoint")
    assert (len(fills), logged) == (CHUNK_FILLS, state)
    assert auction.view("checkpointOf", frame) == digest
    assert not auction.view("frameOf", frame)[3]
    last, end = chunk(large, 1)
    assert not end
    for wrong in (b"", state[:-1] + bytes([state[-1] ^ 1]), state + bytes(32)):
        with market.reverts(f"Auction_WrongState: {frame}"):
            clear_chunk(market, frame, last, wrong)
    done = clear_chunk(market, frame, last, state, market.participants[3])
    fills += [fill for _, data in done.events("Fills") for fill in unpack_fills(data)]
    assert fills == list(result.fills)
    assert auction.view("resultOf", frame)[:2] == (result.root, len(result.records))
    assert auction.view("checkpointOf", frame) == bytes(32)


def test_nothing_rolls_before_the_last_chunk(large, market):
    auction, clearing, _ = large
    given, _ = chunk(large, 0)
    with market.reverts(f"Auction_WrongService: {auction.frame}"):
        forged = given._replace(rolled=b"\0\0")
        clear_chunk(market, auction.frame, forged, b"")
    with market.reverts_named("Auction_WrongChunk"):
        market.transact(market.outsider, "auction", "clear", auction.frame, clearing)


def test_a_frame_left_between_two_chunks_is_voided(large, market):
    """A7: what was half cleared has no effect; every order is refunded."""
    auction, clearing, _ = large
    given, state = chunk(large, 0)
    clear_chunk(market, auction.frame, given, b"")
    market.travel_to(market.gate_closure_of(auction.frame) + 240)
    with market.reverts_named("Auction_OutsideClearingWindow"):
        clear_chunk(market, auction.frame, chunk(large, 1)[0], state)
    market.transact(market.outsider, "auction", "voidFrame", auction.frame, *clearing[:3])
    assert auction.view("checkpointOf", auction.frame) == bytes(32)
    locked_wh_ticks = 6 * ORDERS_EACH * SLICES * PEAK_WH * (65 + 110) + 12 * 22 * 50 * 6
    assert auction.view("resultOf", auction.frame)[3] == locked_wh_ticks * 2
    assert auction.view("frameOf", auction.frame)[8] == 0


def test_a_large_frame_where_nothing_trades_is_one_chunk(auction, people, market):
    for person in people:
        auction.send(person, "placeMany", auction.frame, [auction.request(BID, 1, 50)] * 86)
    clearing, result = auction.answer()
    auction.close_gate()
    done = clear_chunk(market, auction.frame, clearing, b"")
    assert done.events("Fills") == done.events("Checkpoint") == []
    assert auction.view("resultOf", auction.frame)[:2] == (result.root, len(people))


def test_the_first_512_rests_of_a_side_roll_and_the_others_are_refunded(auction, people, market):
    """A6: else a frame's orders could outgrow what one call can void."""
    for person in people[:9]:
        auction.send(
            person, "placeMany", auction.frame, [auction.request(BID, 20, 50, rolls=1)] * ORDERS_EACH
        )
    auction.place(people[9], ASK, 40, 100, rolls=1)
    clearing, result = auction.answer()
    assert len(result.carried) == MOST_ROLLED + 1
    auction.close_gate()
    for rolled in (clearing.rolled[2:], clearing.rolled[:-4] + clearing.rolled[-2:]):
        with market.reverts(f"Auction_WrongService: {auction.frame}"):
            forged = clearing._replace(rolled=rolled)
            market.transact(market.outsider, "auction", "clear", auction.frame, forged)
    market.transact(market.outsider, "auction", "clear", auction.frame, clearing)
    assert auction.view("resultOf", auction.frame)[0] == result.root
    # Of the ninth, orders 512 to 575 find no room.
    assert auction.record(result, people[8]).refund_micro == 64 * 50 * 25 * 2
    assert auction.record(result, people[7]).refund_micro == 0
