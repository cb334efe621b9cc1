"""Invariants of `tests/stateful/INVARIANTS.md` that can be read off a twin, by their ids.

The twin equals the contracts value by value, so what holds for it holds for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from voltberg.reference.conservation import PositionVenue
from voltberg.reference.market import ReferenceMarket
from voltberg.units import BPS, WAD


def broken_invariants(market: ReferenceMarket) -> list[str]:
    """List the invariants that do not hold.

    Parameters
    ----------
    market : ReferenceMarket
        Between two transactions.

    Returns
    -------
    list of str
        Id and values of each; empty for a sound market.
    """
    return [*_money(market), *_sellers(market), *_book(market), *_storage(market), *_scores(market)]


def _money(market: ReferenceMarket) -> Iterator[str]:
    found = market.conservation()
    for ids, residual in (
        ("I1", found.money_residual_micro),
        ("I3", found.book_residual_micro),
        ("I3", found.round_residual_micro),
        ("I4", found.storage_residual_micro),
        ("I35", found.auction_residual_micro),
        ("I10", found.energy_residual_wh),
    ):
        if residual:
            yield f"{ids}: {residual} left over"
    held = market.token.balance_of(market.address_of("house"))
    accounted = market.house.accounted_micro()
    if held < accounted:
        yield f"I2: the house holds {held} micro, accounts for {accounted}"


def _sellers(market: ReferenceMarket) -> Iterator[str]:
    house, tick_micro = market.house, market.house.tick_micro_per_wh()
    venues: dict[str, PositionVenue] = {venue.address: venue for venue in (market.book, market.round)}
    for frame, record in house.frames().items():
        venue = venues.get(record.venue)
        if venue is None or record.finalised:
            continue
        for number, position in venue.positions_in(frame).items():
            secured = position.sale_micro + position.lock_micro
            needed = position.sold_wh * record.cap_tick * tick_micro
            if secured < needed and not house.is_settled(frame, number):
                yield f"I7: seller {number} in frame {frame} secures {secured} micro of {needed}"


def _book(market: ReferenceMarket) -> Iterator[str]:
    book = market.book
    for frame in book.open_frames():
        has_bid, bid, has_ask, ask = book.best_prices(frame)
        if has_bid and has_ask and bid >= ask:
            yield f"I17: frame {frame} bids {bid} against an ask at {ask}"
    for order_id in book.all_resting_orders():
        _, remaining, peak, visible, _, _ = book.order_of(order_id)
        if visible > remaining or (peak and visible > peak) or not visible:
            yield f"I20: order {order_id} shows {visible} Wh of {remaining}, peak {peak}"


def _storage(market: ReferenceMarket) -> Iterator[str]:
    storage = market.storage
    capacity, charge, discharge = storage.terms()[:3]
    for number, booking in storage.bookings().items():
        stored = storage.booking_of(number)[9]
        if not 0 <= stored <= booking.capacity_wh:
            yield f"I14: booking {number} holds {stored} of {booking.capacity_wh} Wh"
        for frame in range(booking.first_frame, booking.first_frame + booking.frames):
            booked = storage.booked_of(frame)
            if any(taken > most for taken, most in zip(booked, (capacity, charge, discharge), strict=True)):
                yield f"I15: {booked} booked in frame {frame} of {(capacity, charge, discharge)}"


def _scores(market: ReferenceMarket) -> Iterator[str]:
    for number in range(1, market.registry.participant_count() + 1):
        score, factor = market.house.score_wad(number), market.credit.demand_factor_bps(number)
        if not -WAD <= score <= WAD:
            yield f"I29: participant {number} has score {score}"
        if not 0 <= factor <= BPS or factor != market.book.account_of(number)[2]:
            yield f"I31: participant {number} has factor {factor}, the book {market.book.account_of(number)}"
