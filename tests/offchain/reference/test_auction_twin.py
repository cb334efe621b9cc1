"""The frame auction's twin alone: all checks in their order, rolling, voiding, refusals, no money lost."""

from random import Random

import pytest

from voltberg.configuration import AuctionTerms
from voltberg.matching.frame import chunk_with, clearing_input
from voltberg.models import Role
from voltberg.reference.auction_batches import AuctionTwin
from voltberg.reference.auction_clearing import FrameResult
from voltberg.reference.auction_words import pack_auction_request as request
from voltberg.reference.auction_words import pack_chained, unpack_record
from voltberg.reference.parameters import FrameClock
from voltberg.reference.state import Revert, State
from voltberg.reference.words import pack_refusal

BUY, SELL = 0, 1
FRAME, CAP, FEES, TICK_MICRO = 1_000, 150, 5, 2
CLOCK = FrameClock(1_800, 600, 300, 7_200, 512)
GATE = CLOCK.gate_closure(FRAME)
MARGIN = 9 * 10**7


def account(number):
    return f"0x3{number:039d}"


class House:
    address = account(0)

    def credit_from_venue(self, sender, participant_id, amount_micro):
        """Money that leaves the auction."""


class Scene:
    """An auction with participants 1 to 9, 8 a supplier and 9 the operator, and three open frames."""

    def __init__(self, **terms):
        self.state = State(GATE - 10_000)
        registry = account(99)
        self.auction = AuctionTwin(
            self.state, account(98), registry, House(), account(97), AuctionTerms(**terms), CLOCK, TICK_MICRO
        )
        for number in range(1, 10):
            role = {8: Role.SUPPLIER, 9: Role.OPERATOR}.get(number, Role.PROSUMER)
            self.auction.on_participant(registry, account(number), number, int(role))
            self.auction.credit_margin(House.address, number, MARGIN)
        for number in range(3):
            self.auction.open_frame(House.address, FRAME + number, CAP - number, FEES + number)

    def place(self, number, side, tick, wh, peak=0, rolls=0, frame=FRAME):
        return self.auction.place(account(number), request(frame, side, tick, wh, peak, rolls))

    def input_of(self, frame=FRAME):
        words, carried = self.auction.words_of(frame), self.auction.carried_of(frame)
        return clearing_input(words, carried, self.auction.result_for(frame))

    def clear(self, frame=FRAME):
        self.state.timestamp = max(self.state.timestamp, CLOCK.gate_closure(frame))
        self.auction.clear(account(5), frame, self.input_of(frame))

    def void(self, frame=FRAME):
        self.state.timestamp = CLOCK.gate_closure(frame) + 240
        given = self.input_of(frame)
        self.auction.void_frame(account(5), frame, given.words, given.carried, given.participants)

    def record(self, owner, frame=FRAME):
        records = map(unpack_record, self.auction.records_of(frame))
        return next(record for record in records if record.participant_id == owner)

    def money(self):
        auction = self.auction
        frames = [frame for frame in auction.open_frames() if auction.frame_of(frame)[3]]
        results = sum(auction.unsettled_micro(frame) + auction.fees_micro(frame) for frame in frames)
        assert results == sum(auction.result_of(f)[3] + auction.fees_micro(f) for f in frames)
        return auction.total_margin_micro() + auction.locked_micro() + results


@pytest.fixture
def scene():
    return Scene()


def refused(error, call, *arguments):
    with pytest.raises(Revert) as caught:
        call(*arguments)
    assert str(caught.value) == error


def test_an_order_locks_enters_the_chain_and_is_told(scene):
    assert scene.place(1, BUY, 60, 500, peak=100, rolls=2) == 0
    locked = 500 * (60 + FEES + 2) * TICK_MICRO
    assert scene.auction.margin_of(1) == MARGIN - locked
    (word,) = scene.auction.words_of(FRAME)
    assert scene.state.events == [("auction", "WordChained", (pack_chained(word, FRAME, 0),))]
    assert scene.place(8, SELL, 149, 500, rolls=1) == 1
    assert scene.auction.margin_of(8) == MARGIN - 500 * 1 * TICK_MICRO
    assert scene.auction.locked_micro() == locked + 500 * TICK_MICRO
    scene.auction.cancel(account(3), FRAME, FRAME, 0)
    assert scene.auction.frame_of(FRAME)[1] == 3


def test_checks_of_placing_in_their_order(scene):
    place, auction = scene.place, scene.auction
    good = request(FRAME, BUY, 60, 500)
    refused(f"Auction_InvalidRequest: {good | 1 << 120}", auction.place, account(1), good | 1 << 120)
    refused(f"Auction_InvalidRequest: {good | 2 << 32}", auction.place, account(50), good | 2 << 32)
    refused(f"Venue_NotRegistered: {account(50)}", place, 50, BUY, 200, 1)
    auction.set_status(House.address, 1, 2)
    refused("Auction_Suspended: 1, 2", place, 1, BUY, 200, 1, 0, 0, 7)
    refused("Auction_FrameNotOpen: 7", place, 2, BUY, 200, 1, 0, 0, 7)
    auction.set_frame_paused(account(9), FRAME, True)
    scene.state.timestamp = GATE
    refused(f"Auction_FramePaused: {FRAME}", place, 2, BUY, 200, 1)
    auction.set_frame_paused(account(9), FRAME, False)
    refused(f"Auction_GateClosed: {FRAME}, {GATE}, {GATE}", place, 2, BUY, 200, 1)
    scene.state.timestamp = GATE - 1
    refused("Auction_TickOutOfRange: 192, 191", place, 2, BUY, 192, 1)
    refused("Auction_QuantityOutOfRange: 49, 50, 252941", place, 2, BUY, 0, 49, 60, 9)
    refused("Auction_QuantityOutOfRange: 252942, 50, 252941", place, 2, BUY, 0, 252_942, 60, 9)
    refused("Auction_InvalidPeak: 101, 100, 50", place, 2, BUY, 0, 100, 101, 9)
    refused("Auction_InvalidPeak: 49, 100, 50", place, 2, BUY, 0, 100, 49, 9)
    refused("Auction_InvalidPeak: 50, 1601, 50", place, 2, BUY, 0, 1_601, 50, 9)
    refused(f"Auction_FrameNotOpen: {FRAME + 3}", place, 2, SELL, 191, 50, 0, 9)
    few = Scene(minimum_lock_micro=101)
    refused("Auction_LockBelowMinimum: 100, 101", few.place, 2, SELL, 191, 50)
    refused(f"Venue_InsufficientMargin: 2, {252_941 * 392}, {MARGIN - 10}", lambda: poor(scene))


def poor(scene):
    scene.auction.withdraw_margin(account(2), 10)
    scene.place(2, BUY, 191, 252_941)


def test_a_penalised_buyer_is_cut_a_seller_not(scene):
    scene.auction.set_demand_factor(scene.auction._house.address, 1, 8_000)
    refused("Auction_QuantityOutOfRange: 48, 50, 252941", scene.place, 1, BUY, 60, 60)
    scene.place(1, BUY, 60, 601, peak=500)
    scene.place(1, SELL, 60, 601, peak=601)
    locked = 480 * 65 + 601 * 90
    assert scene.auction.margin_of(1) == MARGIN - locked * TICK_MICRO


def test_the_allowance_leaves_words_for_cancels_and_comes_back(scene):
    auction = scene.auction
    many = [request(FRAME, BUY, 1, 50)] * 224
    refused("Auction_TooManyWords: 1, 225, 224", auction.place_many, account(1), FRAME, [*many, many[0]])
    assert auction.place_many(account(1), FRAME, many) == 0
    refused("Auction_TooManyWords: 1, 1, 0", scene.place, 1, BUY, 1, 50)
    for number in range(32):
        auction.cancel(account(1), FRAME, FRAME, number)
    refused("Auction_TooManyWords: 1, 1, 0", auction.cancel, account(1), FRAME, FRAME, 0)
    assert auction.allowed_words_of(1) == 0
    scene.state.timestamp += 3 * 1_800
    assert [auction.allowed_words_of(number) for number in (1, 2, 60)] == [48, 256, 0]
    scene.place(1, BUY, 1, 50)
    refused("Auction_TooManyWords: 1, 16, 15", auction.place_many, account(1), FRAME, many[:16])


def test_several_orders_are_placed_together_or_not_at_all(scene):
    auction, good = scene.auction, request(FRAME, BUY, 60, 500)
    refused(f"Venue_NotRegistered: {account(50)}", auction.place_many, account(50), FRAME, [])
    refused("Auction_InvalidRequest: 0", auction.place_many, account(1), FRAME, [])
    other = request(FRAME + 1, BUY, 60, 500)
    refused(f"Auction_InvalidRequest: {other}", auction.place_many, account(1), FRAME, [good, other])
    dear = request(FRAME, BUY, 191, 252_941)
    refused(
        f"Venue_InsufficientMargin: 1, {(500 * 65 + 252_941 * 196) * 2}, {MARGIN}",
        auction.place_many, account(1), FRAME, [good, dear],
    )  # fmt: skip
    assert auction.words_of(FRAME) == ()
    assert auction.place_many(account(1), FRAME, [good, good]) == 0


def test_a_full_chain_takes_cancels_only(scene):
    auction, many = scene.auction, [request(FRAME, BUY, 1, 50)] * 224
    for number in range(3_072 // 224):
        scene.state.timestamp += 0 if number % 8 else 1_800
        auction.on_participant(account(99), account(100 + number), 100 + number, 1)
        auction.credit_margin(House.address, 100 + number, MARGIN)
        auction.place_many(account(100 + number), FRAME, many)
    left = 3_072 % 224
    refused(f"Auction_FrameFull: {FRAME}", auction.place_many, account(1), FRAME, many[: left + 1])
    auction.place_many(account(1), FRAME, many[:left])
    refused(f"Auction_FrameFull: {FRAME}", scene.place, 2, BUY, 1, 50)
    auction.cancel(account(2), FRAME, FRAME, 0)
    assert len(auction.words_of(FRAME)) == 3_073


def test_a_frame_is_cleared_only_to_its_one_result(scene):
    scene.place(1, BUY, 60, 500, peak=100, rolls=1)
    scene.place(2, SELL, 40, 320)
    scene.place(8, SELL, 30, 320)
    scene.place(3, BUY, 20, 90, rolls=1)
    auction, right = scene.auction, scene.input_of()
    window = f"{FRAME}, {GATE}, {GATE + 240}"
    for now in (GATE - 1, GATE + 240):
        scene.state.timestamp = now
        refused(f"Auction_OutsideClearingWindow: {window}, {now}", auction.clear, account(5), FRAME, right)
    scene.state.timestamp = GATE + 239
    refused("Auction_FrameNotOpen: 7", auction.clear, account(5), 7, right)
    wrong = {
        "words": right.words[16:], "carried": bytes(32), "participants": right.participants[2:],
        "crossing": right.crossing + 1, "bid_service": right.bid_service + right.bid_service[:2],
        "ask_service": right.ask_service[:-2], "rolled": b"",
    }  # fmt: skip
    errors = ["Words"] * 2 + ["Participants", "Crossing", "Service", "Service", "Service"]
    for (name, part), error in zip(wrong.items(), errors, strict=True):
        text = f"Auction_Wrong{error}: {FRAME}" + (f", {part}" if name == "crossing" else "")
        refused(text, auction.clear, account(5), FRAME, right._replace(**{name: part}))
    long = right._replace(carried=bytes(32 * 1_021))
    refused(f"Auction_WrongChunk: {FRAME}, 1025", auction.clear, account(5), FRAME, long)
    result: FrameResult = auction.result_for(FRAME)
    scene.clear()
    assert [event[1] for event in scene.state.events] == ["Fills", "Rolled", "FrameCleared"]
    # Of sells at 30 and 40 the supplier's comes last, though it is cheaper.
    assert (scene.record(2).sold_wh, scene.record(8).sold_wh, result.traded_wh) == (320, 180, 500)
    assert auction.result_of(FRAME)[:3] == (result.root, 4, False)
    assert auction.carried_of(FRAME + 1) == result.carried
    refused(f"Auction_Decided: {FRAME}", auction.clear, account(5), FRAME, right)
    refused(f"Auction_Decided: {FRAME}", auction.set_frame_paused, account(9), FRAME, True)


def test_rests_go_on_until_their_last_frame_and_no_money_is_lost(scene):
    before = scene.money()
    scene.place(1, BUY, 60, 500, peak=100, rolls=2)
    scene.place(2, SELL, 40, 200)
    scene.clear()
    scene.place(3, SELL, 50, 100, frame=FRAME + 1)
    scene.clear(FRAME + 1)
    assert scene.record(1, FRAME + 1).bought_wh == 100
    scene.clear(FRAME + 2)
    assert scene.record(1, FRAME + 2).refund_micro == 200 * (60 + FEES + 2) * TICK_MICRO
    assert scene.auction.carried_of(FRAME + 3) == ()
    assert scene.money() == before


def test_a_frame_that_nobody_cleared_is_voided(scene):
    scene.place(1, BUY, 60, 500, rolls=2)
    scene.place(2, SELL, 40, 200)
    given = scene.input_of()
    void = scene.auction.void_frame
    scene.state.timestamp = GATE + 239
    refused(
        f"Auction_BeforeClearingDeadline: {FRAME}, {GATE + 240}, {GATE + 239}",
        void, account(5), FRAME, given.words, given.carried, given.participants,
    )  # fmt: skip
    scene.state.timestamp = GATE + 240
    refused(f"Auction_WrongWords: {FRAME}", void, account(5), FRAME, given.words, bytes(32), b"")
    refused(f"Auction_WrongParticipants: {FRAME}", void, account(5), FRAME, given.words, b"", b"")
    refused(f"Auction_Undecided: {FRAME}", scene.auction.close_frame, House.address, FRAME)
    scene.void()
    assert [scene.record(owner).refund_micro for owner in (1, 2)] == [500 * 67 * 2, 200 * 110 * 2]
    assert scene.auction.frame_of(FRAME)[3:5] == (True, True)
    assert scene.auction.carried_of(FRAME + 1) == ()
    assert scene.auction.close_frame(House.address, FRAME) == 0


def test_a_frame_without_words_needs_no_result(scene):
    assert scene.auction.close_frame(House.address, FRAME) == 0
    scene.clear()
    assert scene.auction.result_of(FRAME) == (bytes(32), 0, False, 0)


def test_refused_trades_leave_both_records_and_nobody_s_money(scene):
    before = scene.money()
    for owner in range(1, 8):
        scene.place(owner, BUY if owner % 2 else SELL, 60, 100 * owner)
    scene.place(9, SELL, 60, 400)
    scene.place(8, BUY, 1, 50)
    scene.clear()
    auction, clock = scene.auction, (GATE, GATE + 300)
    records = auction.records_of(FRAME)
    one, two, nine = (chunk_with(records, owner) for owner in (1, 2, 9))
    assert (one.number, nine.number) == (0, 1)
    entry = pack_refusal(1, 2, 40, 60)
    refuse = auction.refuse_trade
    refused(f"Venue_MissingRole: {account(1)}, 16", refuse, account(1), 7, entry, one, two)
    refused("Auction_FrameNotOpen: 7", refuse, account(9), 7, entry, one, two)
    refused(f"Auction_Undecided: {FRAME + 1}", refuse, account(9), FRAME + 1, entry, one, two)
    scene.state.timestamp = clock[1]
    refused(
        f"Auction_OutsideRefusalWindow: {FRAME}, {clock[0]}, {clock[1]}, {clock[1]}",
        refuse, account(9), FRAME, entry, one, two,
    )  # fmt: skip
    scene.state.timestamp = clock[1] - 1
    for wrong in (one._replace(number=1), nine._replace(proof=()), nine._replace(records=(1,))):
        refused(f"Auction_WrongRecord: {FRAME}", refuse, account(9), FRAME, entry, one, wrong)
    for buyer, seller, wh, tick in ((1, 2, 0, 60), (1, 2, 40, 192), (1, 1, 40, 60), (1, 9, 40, 60),
                                    (1, 2, 101, 60), (1, 2, 40, 191), (2, 1, 1, 1)):  # fmt: skip
        refused(
            f"Auction_InvalidRefusal: {FRAME}, {buyer}, {seller}, {wh}, {tick}",
            refuse, account(9), FRAME, buyer | seller << 32 | wh << 64 | tick << 96, one, two,
        )  # fmt: skip
    refuse(account(9), FRAME, entry, one, two)
    refuse(account(9), FRAME, pack_refusal(1, 9, 60, 60), one, nine)
    refused(
        f"Auction_InvalidRefusal: {FRAME}, 1, 2, 1, 0",
        refuse, account(9), FRAME, pack_refusal(1, 2, 1, 0), one, two,
    )  # fmt: skip
    assert auction.refused_of(FRAME, [1, 2, 3]) == (100 | 12_000 << 80, 40 << 40 | 4_800 << 136, 0)
    assert auction.frame_of(FRAME)[8] == auction.result_for(FRAME).traded_wh - 100
    assert auction.result_of(FRAME)[2]
    assert auction.energy_residual_wh(FRAME) == 0
    assert scene.money() == before


@pytest.mark.parametrize("seed", range(12))
def test_money_and_energy_are_kept_over_random_days(seed):
    draw = Random(seed)
    scene = Scene(
        slices_per_frame=draw.choice((0, 1, 3)),
        alpha=draw.choice((0, 10)),
        uniform_price=draw.random() < 0.5,
        roll_keeps_rank=draw.random() < 0.5,
        price_weight_bps=draw.choice((0, 5_000, 10_000)),
    )
    before = scene.money()
    for frame in range(FRAME, FRAME + 3):
        for _ in range(60):
            wh = draw.randrange(50, 900)
            peak = draw.choice((0, max(50, wh // 7)))
            rolls = draw.randrange(FRAME + 3 - frame)
            scene.place(
                draw.randrange(1, 9), draw.randrange(2), draw.randrange(40, 60), wh, peak, rolls, frame
            )
            if not draw.randrange(6):
                origin, number = draw.randrange(FRAME, frame + 1), draw.randrange(60)
                scene.auction.cancel(account(draw.randrange(1, 9)), frame, origin, number)
        (scene.void if draw.random() < 0.2 else scene.clear)(frame)
        assert scene.auction.energy_residual_wh(frame) == 0
        assert scene.money() == before
    assert scene.auction.locked_micro() == 0


def test_pushes_come_from_the_house_only(scene):
    refused(f"Venue_NotHouse: {account(1)}", scene.auction.open_frame, account(1), 5, 100, 3)
    refused(f"Venue_NotHouse: {account(1)}", scene.auction.close_frame, account(1), FRAME)
    refused(f"Auction_FrameAlreadyOpen: {FRAME}", scene.auction.open_frame, House.address, FRAME, 100, 3)
    refused(f"Venue_MissingRole: {account(1)}, 16", scene.auction.set_frame_paused, account(1), 5, True)
    refused("Auction_FrameNotOpen: 5", scene.auction.set_frame_paused, account(9), 5, True)
