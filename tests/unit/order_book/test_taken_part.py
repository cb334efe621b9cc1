"""What a trade takes from a part of a plain order stands in its level, not in the order: nothing shows it."""

import pytest

from tests.unit.order_book.test_batches import ANY
from voltberg.models import Role

TICK = 100
GONE = (0,) * 6
SIDES = pytest.mark.parametrize("side", [0, 1])


class Head:
    """A level at `TICK` with orders of 1,000 and 500 Wh of two makers, the first of which has sold 400 Wh."""

    def __init__(self, book, traders, side=1):
        self.first_maker, self.second_maker, self.third_maker, *_, self.taker = traders
        self.book, self.side = book, side
        self.start = book.margin(self.first_maker)
        self.first = self.rest(self.first_maker, 1_000)
        self.second = self.rest(self.second_maker, 500)
        self.lock = book.order(self.first)[5]
        assert self.take(400) == [(self.first_maker.id, 400)]

    def rest(self, maker, quantity, tick=TICK, **options):
        return self.book.place(maker, self.side, tick, quantity, **options)

    def meet(self, taker, quantity, tick=TICK, **options):
        return self.book.place(taker, 1 - self.side, tick, quantity, **options)

    def take(self, quantity, **options):
        return self.meet(self.taker, quantity, **options).served

    def locked(self):
        """What of the first maker's margin is neither there nor in its position [Wh at its order's lock]."""
        bought, sold, purchases, _, lock = self.book.position(self.first_maker)
        spent = lock if sold else purchases + bought * 5 * 2
        locked, rest = divmod(self.start - self.book.margin(self.first_maker) - spent, self.lock * 2)
        assert rest == 0
        return locked


@pytest.fixture
def head(book, traders):
    return Head(book, traders)


@SIDES
def test_views_show_what_is_left(book, market, traders, side):
    head = Head(book, traders, side)
    assert book.order(head.first) == (head.first_maker.id, 600, 0, 600, 0, head.lock)
    assert book.order(head.second)[1:4] == (500, 0, 500)
    assert book.depth(side) == [(TICK, 1_100, 0)]
    assert book.level(side, TICK) == (0, 2, 0, 0, 400)
    assert book.traded() == 400
    assert tuple(market.call("book", "queuePositionOf", head.first.order_id)) == (0, 0)
    assert tuple(market.call("book", "queuePositionOf", head.second.order_id)) == (1, 600)
    third = head.rest(head.third_maker, 300)
    assert tuple(market.call("book", "queuePositionOf", third.order_id)) == (2, 1_100)
    found = market.call("book", "ordersOf", book.frame, head.first_maker.id, 0, 50)
    assert list(found[0]) == [head.first.order_id]
    assert head.locked() == 600


@SIDES
def test_parts_add_up_until_the_next_order_comes_whole(book, traders, side):
    head = Head(book, traders, side)
    assert head.take(350) == [(head.first_maker.id, 350)]
    assert (book.remaining(head.first), head.locked()) == (250, 250)
    assert head.take(250) == [(head.first_maker.id, 250)]
    assert book.order(head.first) == GONE
    assert book.order(head.second)[1:4] == (500, 0, 500)
    assert book.depth(side) == [(TICK, 500, 0)]
    assert book.level(side, TICK) == (1, 2, 0, 0, 1_000)
    assert head.take(500) == [(head.second_maker.id, 500)]
    assert book.levels() == []
    assert head.locked() == 0


@SIDES
def test_a_take_goes_over_the_rest_into_the_next_order(book, traders, side):
    head = Head(book, traders, side)
    assert head.take(700) == [(head.first_maker.id, 600), (head.second_maker.id, 100)]
    assert book.remaining(head.second) == 400
    assert head.take(150) == [(head.second_maker.id, 150)]
    assert book.depth(side) == [(TICK, 250, 0)]


def test_orders_that_come_later_are_whole_also_at_a_level_that_was_empty(book, head):
    third = head.rest(head.third_maker, 300)
    assert (book.remaining(head.first), book.remaining(third)) == (600, 300)
    assert [energy for _, energy in head.take(1_400)] == [600, 500, 300]
    assert book.level(book.ASK, TICK) == (3, 3, 0, 0, 0)
    assert book.traded() == 1_800
    again = head.rest(head.third_maker, 300)
    assert (book.remaining(again), book.depth(book.ASK)) == (300, [(TICK, 300, 0)])
    assert head.take(100) == [(head.third_maker.id, 100)]
    assert book.remaining(again) == 200


def cancelled(market, head, way):
    """Cancel the head; give what `OrderCancelled` tells of its energy."""
    maker, order_id = head.first_maker, head.first.order_id
    if way == "cancelFor":
        exchange = market.register(int(Role.EXCHANGE))
        market.transact(maker, "book", "nameExchange", exchange.id, *ANY)
        done = market.transact(exchange, "book", "cancelFor", [order_id])
    else:
        done = market.transact(maker, "book", way, order_id if way == "cancel" else [order_id])
    ((word,),) = done.events("OrderCancelled")
    assert word & (1 << 64) - 1 == order_id
    return word >> 64


WAYS = pytest.mark.parametrize("way", ["cancel", "cancelMany", "cancelFor"])


@WAYS
@SIDES
def test_cancelling_the_head_returns_its_rest_and_takes_nothing_from_the_next(
    book, market, traders, side, way
):
    head = Head(book, traders, side)
    assert cancelled(market, head, way) == 600
    assert head.locked() == 0
    assert book.order(head.first) == GONE
    assert book.order(head.second)[1:4] == (500, 0, 500)
    assert book.depth(side) == [(TICK, 500, 0)]
    assert tuple(market.call("book", "queuePositionOf", head.second.order_id)) == (0, 0)
    assert head.take(100) == [(head.second_maker.id, 100)]
    assert book.remaining(head.second) == 400
    assert head.take(400) == [(head.second_maker.id, 400)]
    assert book.level(side, TICK)[:2] == (2, 2)


@WAYS
def test_takers_with_slices_pass_over_a_head_that_was_cancelled(book, market, head, way):
    cancelled(market, head, way)
    assert head.take(600, peak=200) == [(head.second_maker.id, 200)] * 2 + [(head.second_maker.id, 100)]
    assert book.levels() == [TICK]


def test_post_only_walks_over_a_cancelled_head(book, market, head):
    book.cancel(head.first_maker, head.first)
    with market.reverts(f"OrderBook_WouldTrade: {head.second.order_id}"):
        head.meet(head.taker, 100, kind=book.POST_ONLY)
    head.take(100)
    book.cancel(head.second_maker, head.second)
    placed = head.meet(head.taker, 100, kind=book.POST_ONLY)
    assert book.remaining(placed) == 100
    assert book.level(book.ASK, TICK) == (2, 2, 0, 0, 0)
    assert book.traded() == 500
    book.cancel(head.taker, placed)
    third = head.rest(head.third_maker, 300)
    assert book.remaining(third) == 300


def test_post_only_is_refused_by_the_rest(book, market, head):
    with market.reverts(f"OrderBook_WouldTrade: {head.first.order_id}"):
        head.meet(head.taker, 100, kind=book.POST_ONLY)
    assert book.remaining(head.first) == 600


def test_cancelling_another_order_leaves_the_head_as_it_was(book, head):
    book.cancel(head.second_maker, head.second)
    assert book.remaining(head.first) == 600
    assert head.take(700) == [(head.first_maker.id, 600)]


def test_the_head_is_reduced_from_what_is_left(book, market, head):
    maker, order_id = head.first_maker, head.first.order_id
    with market.reverts(f"OrderBook_InvalidReduction: {order_id}, 551, 600"):
        market.transact(maker, "book", "reduce", order_id, 551)
    done = market.transact(maker, "book", "reduce", order_id, 200)
    assert done.events("OrderReduced") == [(order_id | 200 << 64 | 400 << 96,)]
    assert book.order(head.first)[1:4] == (400, 0, 400)
    assert (book.depth(book.ASK), head.locked()) == ([(TICK, 900, 0)], 400)
    assert head.take(100) == [(maker.id, 100)]
    market.transact(maker, "book", "reduce", order_id, 250)
    assert book.order(head.first)[1:4] == (50, 0, 50)
    assert head.take(150) == [(maker.id, 50), (head.second_maker.id, 100)]
    assert (book.remaining(head.second), head.locked()) == (400, 0)


def test_reducing_another_order_leaves_the_head_as_it_was(book, market, head):
    market.transact(head.second_maker, "book", "reduce", head.second.order_id, 300)
    assert (book.remaining(head.first), book.remaining(head.second)) == (600, 200)


def test_a_taker_with_slices_takes_the_rest(book, head):
    first, second = head.first_maker.id, head.second_maker.id
    assert head.take(700, peak=250) == [(first, 250), (first, 250), (first, 100), (second, 100)]
    assert (book.order(head.first), book.remaining(head.second)) == (GONE, 400)


def test_a_taker_with_slices_leaves_a_part(book, head):
    assert head.take(500, peak=250) == [(head.first_maker.id, 250)] * 2
    assert (book.remaining(head.first), head.locked()) == (100, 100)
    assert head.take(150) == [(head.first_maker.id, 100), (head.second_maker.id, 50)]
    assert book.remaining(head.second) == 450


@pytest.mark.parametrize("options", [{}, {"peak": 100}])
def test_the_owner_at_the_head_stops_a_take_and_keeps_its_rest(book, head, options):
    placed = head.meet(head.first_maker, 300, **options)
    assert placed.returned == [(300, book.REASON_SELF_TRADE)]
    assert book.remaining(head.first) == 600
    assert head.take(600) == [(head.first_maker.id, 600)]
    assert book.remaining(head.second) == 500


@pytest.mark.parametrize("options", [{}, {"peak": 500}])
def test_the_owner_behind_the_head_stops_a_take_that_used_it_up(book, head, options):
    placed = head.meet(head.second_maker, 1_000, **options)
    assert sum(energy for _, energy in placed.served) == 600
    assert placed.returned == [(400, book.REASON_SELF_TRADE)]
    assert book.remaining(head.second) == 500


def test_orders_that_may_not_rest_take_the_rest(book, market, head):
    assert head.take(100, kind=book.IOC) == [(head.first_maker.id, 100)]
    with market.reverts("OrderBook_NotFilled: 1001, 1000"):
        head.take(1_001, kind=book.FOK)
    assert book.remaining(head.first) == 500
    assert head.take(450, kind=book.FOK) == [(head.first_maker.id, 450)]
    placed = head.meet(head.taker, 600, kind=book.IOC)
    assert [energy for _, energy in placed.served] == [50, 500]
    assert placed.returned == [(50, book.REASON_IOC)]


def test_a_take_whose_visits_end_at_the_head_leaves_the_next_whole(book, head):
    placed = head.meet(head.taker, 700, max_fills=1)
    assert placed.served == [(head.first_maker.id, 600)]
    assert placed.returned == [(100, book.REASON_MAX_FILLS)]
    assert book.order(head.second)[1:4] == (500, 0, 500)


def test_a_take_that_comes_from_a_better_level_finds_and_leaves_parts(book, head):
    """Beyond the first level a sweep goes on with memory: both ways read and write the same level."""
    third = head.rest(head.third_maker, 50, tick=TICK - 1)
    assert head.take(150) == [(head.third_maker.id, 50), (head.first_maker.id, 100)]
    assert (book.order(third), book.remaining(head.first)) == (GONE, 500)
    head.rest(head.third_maker, 50, tick=TICK - 1)
    assert [energy for _, energy in head.take(600)] == [50, 500, 50]
    assert (book.order(head.first), book.remaining(head.second)) == (GONE, 450)
    assert head.take(100) == [(head.second_maker.id, 100)]
    book.cancel(head.second_maker, head.second)
    assert book.levels() == [TICK]
    last = head.rest(head.third_maker, 80)
    assert head.take(60) == [(head.third_maker.id, 60)]
    assert book.order(last)[1:4] == (20, 0, 20)


def test_a_part_is_taken_while_a_slice_waits_behind(book, market, traders):
    iceberg_maker, plain_maker, *_, taker = traders
    iceberg = book.sell(iceberg_maker, TICK, 300, peak=100)
    plain = book.sell(plain_maker, TICK, 500)
    book.buy(taker, TICK, 60)
    assert book.order(iceberg)[1:4] == (240, 100, 40)
    assert book.order(plain)[1:4] == (500, 0, 500)
    assert book.buy(taker, TICK, 240).served == [(iceberg_maker.id, 40), (plain_maker.id, 200)]
    assert book.level(book.ASK, TICK) == (1, 2, 0, 1, 300)
    assert (book.order(plain)[1:4], book.order(iceberg)[1:4]) == ((300, 0, 300), (200, 100, 100))
    assert tuple(market.call("book", "queuePositionOf", iceberg.order_id)) == (1, 300)
    assert book.depth(book.ASK) == [(TICK, 400, 100)]
    assert book.buy(taker, TICK, 100).served == [(plain_maker.id, 100)]
    assert book.buy(taker, TICK, 250).served == [(plain_maker.id, 200), (iceberg_maker.id, 50)]
    assert book.order(iceberg)[1:4] == (150, 100, 50)
    last = book.sell(plain_maker, TICK, 500)
    assert book.buy(taker, TICK, 150).served == [(iceberg_maker.id, 50), (plain_maker.id, 100)]
    assert book.order(last)[1:4] == (400, 0, 400)


def test_a_cancelled_part_is_not_taken_from_the_slice_that_waits(book, traders):
    iceberg_maker, plain_maker, *_, taker = traders
    iceberg = book.sell(iceberg_maker, TICK, 300, peak=100)
    plain = book.sell(plain_maker, TICK, 500)
    book.buy(taker, TICK, 150)
    book.cancel(plain_maker, plain)
    assert book.order(iceberg)[1:4] == (200, 100, 100)
    assert book.buy(taker, TICK, 130).served == [(iceberg_maker.id, 100), (iceberg_maker.id, 30)]


def test_icebergs_that_move_or_come_behind_leave_the_head_as_it_was(book, traders):
    head_maker, moving, *_, taker = traders
    head = book.sell(head_maker, TICK, 1_000)
    book.buy(taker, TICK, 400)
    iceberg = book.sell(moving, TICK - 1, 200, peak=100, step=1)
    ((_, moved),) = book.buy(taker, TICK - 1, 100).moves
    assert book.order(iceberg) == GONE
    assert (book.remaining(head), book.order(moved)[1:4]) == (600, (100, 100, 100))
    assert book.buy(taker, TICK, 650).served == [(head_maker.id, 600), (moving.id, 50)]
    assert book.order(moved)[1:4] == (50, 100, 50)


def test_the_largest_order_is_taken_from_by_one_wh_less_than_it_has(book, market, traders):
    maker, *_, taker = traders
    for actor in (maker, taker):
        market.give_margin(actor, "book", 10**15)
    most = 2**32 - 1
    resting = book.sell(maker, TICK, most)
    book.buy(taker, TICK, most - 50)
    assert book.order(resting)[1:4] == (50, 0, 50)
    assert book.level(book.ASK, TICK) == (0, 1, 0, 0, most - 50)
    assert book.buy(taker, TICK, 50).served == [(maker.id, 50)]
    assert book.traded() == most


def test_the_same_level_of_other_frames_is_another(book, market, head):
    """That of 512 frames later, too, where positions take the same words again."""

    def trade_in(frame):
        market.open_frame(frame)
        placed = head.rest(head.third_maker, 1_000, frame=frame)
        assert book.remaining(placed) == 1_000
        assert head.take(100, frame=frame) == [(head.third_maker.id, 100)]
        assert (book.remaining(placed), book.remaining(head.first)) == (900, 600)

    trade_in(book.frame + 1)
    market.travel_to(market.end_of(book.frame))
    records = [head.first_maker.id | 400 << 32, head.taker.id]
    market.transact(market.meter, "house", "reportDelivery", book.frame, records)
    market.transact(market.outsider, "house", "finaliseFrame", book.frame)
    market.travel_to(market.start_of(book.frame + 412))
    trade_in(book.frame + 512)


def test_release_pays_the_rest_out_and_views_forget_it(book, market, head):
    book.close_gate()
    done = market.transact(market.outsider, "book", "release", [head.first.order_id])
    assert done.events("OrderCancelled") == [(head.first.order_id | 600 << 64,)]
    assert head.locked() == 0
    assert book.order(head.first) == GONE
    assert book.depth(book.ASK) == [(TICK, 500, 0)]
    assert tuple(market.call("book", "queuePositionOf", head.second.order_id)) == (0, 0)
    assert list(market.call("book", "ordersOf", book.frame, head.first_maker.id, 0, 50)[0]) == []
    again = market.transact(market.outsider, "book", "release", [head.first.order_id, head.second.order_id])
    assert again.events("OrderCancelled") == [(head.second.order_id | 500 << 64,)]
    assert (book.depth(book.ASK), book.traded()) == ([], 400)


def test_cancelling_works_after_the_gate_has_closed_and_after_a_release(book, market, head):
    book.close_gate()
    market.transact(market.outsider, "book", "release", [head.second.order_id])
    assert cancelled(market, head, "cancel") == 600
    assert head.locked() == 0


def test_a_closed_frame_counts_parts_and_refuses_them(book, market, head):
    book.close_gate()
    entry = head.taker.id | head.first_maker.id << 32 | 150 << 64 | TICK << 96
    market.transact(market.operator, "book", "refuseTrades", book.frame, [entry])
    assert book.traded() == 250
    assert book.position(head.first_maker)[1] == 250
    assert book.remaining(head.first) == 600
