"""Cancel, reduce, gate closure and release (B6, M13)."""

import pytest


def test_cancel_returns_the_lock_of_what_has_not_traded(book, traders):
    maker, *_, taker = traders
    start = book.margin(maker)
    resting = book.sell(maker, 100, 1_000, peak=300)
    book.buy(taker, 100, 400)
    book.cancel(maker, resting)
    assert book.order(resting) == (0,) * 6
    assert start - book.margin(maker) == 400 * 50 * 2


def test_filled_plain_order_cannot_be_cancelled_for_a_second_payment(book, market, traders):
    """Its word is still there: only the level's cursor says that it has traded."""
    maker, other, *_, taker = traders
    filled = book.sell(maker, 100, 100)
    book.sell(other, 100, 100)
    book.buy(taker, 100, 100)
    with market.reverts(f"OrderBook_NotResting: {filled.order_id}"):
        book.cancel(maker, filled)
    assert book.order(filled) == (0,) * 6


def test_filled_iceberg_cannot_be_cancelled(book, market, traders):
    maker, other, *_, taker = traders
    filled = book.sell(maker, 100, 200, peak=100)
    book.sell(other, 100, 100)
    book.buy(taker, 100, 300)
    with market.reverts(f"OrderBook_NotResting: {filled.order_id}"):
        book.cancel(maker, filled)


def test_cancel_is_refused_twice(book, market, traders):
    placed = book.sell(traders[0], 100, 100)
    book.cancel(traders[0], placed)
    with market.reverts(f"OrderBook_NotResting: {placed.order_id}"):
        book.cancel(traders[0], placed)


def test_cancel_is_refused_when_the_order_is_anothers(book, market, traders):
    owner, other, *_ = traders
    placed = book.sell(owner, 100, 100)
    with market.reverts(f"OrderBook_NotOwner: {placed.order_id}, {owner.id}, {other.id}"):
        book.cancel(other, placed)


def test_cancel_is_refused_when_the_caller_is_not_registered(book, market, traders):
    placed = book.sell(traders[0], 100, 100)
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        book.cancel(market.outsider, placed)


def test_cancel_works_after_gate_closure_while_paused_and_while_suspended(book, market, traders):
    owner = traders[0]
    start = book.margin(owner)
    placed = book.sell(owner, 100, 100)
    market.transact(market.operator, "book", "setFramePaused", book.frame, True)
    market.transact(market.supervisor, "house", "setSuspended", owner.id, True)
    book.close_gate()
    book.cancel(owner, placed)
    assert book.margin(owner) == start


def test_reduce_takes_hidden_energy_first_and_keeps_the_place(book, market, traders):
    iceberg, plain, *_, taker = traders
    resting = book.sell(iceberg, 100, 300, peak=100)
    book.sell(plain, 100, 100)
    start = book.margin(iceberg)
    done = market.transact(iceberg, "book", "reduce", resting.order_id, 150)
    assert done.events("OrderReduced") == [(resting.order_id | 150 << 64 | 100 << 96,)]
    assert book.order(resting)[1:4] == (150, 100, 100)
    assert book.margin(iceberg) - start == 150 * 50 * 2
    market.transact(iceberg, "book", "reduce", resting.order_id, 70)
    assert book.order(resting)[1:4] == (80, 100, 80)
    assert book.buy(taker, 100, 180).served == [(iceberg.id, 80), (plain.id, 100)]


def test_reduce_of_a_plain_order_takes_what_it_shows(book, market, traders):
    resting = book.sell(traders[0], 100, 300)
    market.transact(traders[0], "book", "reduce", resting.order_id, 250)
    assert book.order(resting)[1:4] == (50, 0, 50)
    assert book.depth(book.ASK) == [(100, 50, 0)]


@pytest.mark.parametrize("reduction", [0, 251, 300, 301])
def test_reduce_is_refused_when_it_takes_nothing_or_leaves_too_little(book, market, traders, reduction):
    resting = book.sell(traders[0], 100, 300)
    with market.reverts(f"OrderBook_InvalidReduction: {resting.order_id}, {reduction}, 300"):
        market.transact(traders[0], "book", "reduce", resting.order_id, reduction)


def test_reduce_is_refused_when_the_order_is_gone_anothers_or_the_caller_unknown(book, market, traders):
    owner, other, *_ = traders
    placed = book.sell(owner, 100, 300)
    with market.reverts(f"OrderBook_NotOwner: {placed.order_id}, {owner.id}, {other.id}"):
        market.transact(other, "book", "reduce", placed.order_id, 100)
    with market.reverts(f"Venue_NotRegistered: {market.outsider.address}"):
        market.transact(market.outsider, "book", "reduce", placed.order_id, 100)
    book.cancel(owner, placed)
    with market.reverts(f"OrderBook_NotResting: {placed.order_id}"):
        market.transact(owner, "book", "reduce", placed.order_id, 100)


def test_reduce_is_refused_after_gate_closure(book, market, traders):
    placed = book.sell(traders[0], 100, 300)
    closure = book.close_gate()
    with market.reverts(f"OrderBook_GateClosed: {book.frame}, {closure}, {closure}"):
        market.transact(traders[0], "book", "reduce", placed.order_id, 100)


def test_placing_works_until_the_second_before_gate_closure(book, market, traders):
    closure = market.gate_closure_of(book.frame)
    market.travel_to(closure - 1)
    book.sell(traders[0], 100, 100)
    with market.reverts(f"OrderBook_GateClosed: {book.frame}, {closure}, {closure}"):
        book.sell(traders[0], 100, 100)


def test_anyone_releases_what_is_left_after_gate_closure(book, market, traders):
    """A participant who never comes back still gets its locks back; nobody can stop it."""
    owner, partly, gone, filled, *_, taker = traders
    starts = {actor: book.margin(actor) for actor in (owner, partly, gone)}
    ids = [book.buy(owner, 60, 300, peak=100).order_id]
    ids.append(book.sell(filled, 99, 100).order_id)
    ids.append(book.sell(partly, 100, 300).order_id)
    cancelled = book.sell(gone, 101, 300)
    book.cancel(gone, cancelled)
    ids.append(cancelled.order_id)
    book.buy(taker, 100, 200)
    book.close_gate()
    done = market.transact(market.outsider, "book", "release", [*ids, ids[0]])
    assert done.events("OrderCancelled") == [(ids[0] | 300 << 64,), (ids[2] | 200 << 64,)]
    assert book.margin(owner) == starts[owner]
    assert starts[partly] - book.margin(partly) == 100 * 50 * 2
    assert book.margin(gone) == starts[gone]
    assert book.best() == (False, 0, False, 0)


def test_release_is_refused_when_a_gate_is_open(book, market, traders):
    placed = book.sell(traders[0], 100, 100)
    closure = market.gate_closure_of(book.frame)
    now = market.now
    with market.reverts(f"OrderBook_GateOpen: {book.frame}, {closure}, {now}"):
        market.transact(market.outsider, "book", "release", [placed.order_id])


def test_release_skips_ids_that_never_were(market):
    done = market.transact(market.outsider, "book", "release", [0, 1 << 24, 5])
    assert done.logs == []


def test_margin_leaves_while_the_frame_is_paused(book, market, traders):
    owner = traders[0]
    market.transact(market.operator, "book", "setFramePaused", book.frame, True)
    free = book.margin(owner)
    market.transact(owner, "book", "withdrawMargin", free)
    assert book.margin(owner) == 0
    with market.reverts(f"Venue_InsufficientMargin: {owner.id}, 1, 0"):
        market.transact(owner, "book", "withdrawMargin", 1)
