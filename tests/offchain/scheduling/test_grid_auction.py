"""EVs and the grid in one auction: ranks in place of limits, against the auction's twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltberg.models import Side
from voltberg.reference.auction_clearing import clear_frame
from voltberg.reference.auction_words import AuctionOrder, pack_auction_order
from voltberg.scheduling.frame_market import RANK_RULES, FrameMarket
from voltberg.scheduling.grid_prices import GRID_ASK_TICK, GRID_BID_TICK, MOST_RANKS, ticks_by_rank
from voltberg.scheduling.orders import OrderTerms

GRID = 99


def market_of(orders):
    """A frame of orders (side, tick, Wh), placed in this order."""
    sides, ticks, shown_wh = zip(*orders, strict=True)
    terms = OrderTerms(np.array(ticks)[:, None], np.arange(len(orders)), np.zeros(len(orders), dtype=bool))
    return FrameMarket(0, terms, np.array(shown_wh), np.array(sides) == Side.BID)


def by_the_auction(orders, offered_wh, taken_wh):
    """What each trades in all and with the grid, by the twin of the contract, limits replaced by hand."""
    placed = []
    for number, (side, tick, shown_wh) in enumerate(orders):
        better = {t for s, t, _ in orders if s == side and (t > tick if side == Side.BID else t < tick)}
        worse = len({t for s, t, _ in orders if s == side}) - 1 - len(better)
        at = GRID_ASK_TICK + worse if side == Side.BID else GRID_BID_TICK - worse
        placed.append(AuctionOrder(number, 2 * shown_wh, shown_wh, at, 191, 0, side))
    if offered_wh:
        placed.append(AuctionOrder(GRID, offered_wh, 0, GRID_ASK_TICK, 191, 0, Side.ASK, supplier=True))
    if taken_wh:
        placed.append(AuctionOrder(GRID, taken_wh, 0, GRID_BID_TICK, 191, 0, Side.BID, supplier=True))
    rules = RANK_RULES._replace(slices_per_frame=1)
    between, grid = [0] * len(orders), [0] * len(orders)
    for fill in clear_frame(1, [pack_auction_order(order) for order in placed], (), rules, 0, 2).fills:
        pair = [placed[at].participant_id for at in (fill.buyer_position, fill.seller_position)]
        for owner in pair:
            if owner != GRID:
                (grid if GRID in pair else between)[owner] += fill.energy_wh
    return between, grid


ORDERS = st.lists(
    st.tuples(st.sampled_from(list(Side)), st.integers(50, 150), st.integers(1, 400)), min_size=1, max_size=12
)


@given(ORDERS, st.integers(0, 2_000), st.integers(0, 2_000))
def test_evs_and_grid_meet_as_in_the_contract(orders, offered_wh, taken_wh):
    between_wh, grid_wh = market_of(orders).with_grid(offered_wh, taken_wh)
    assert (between_wh.tolist(), grid_wh.tolist()) == by_the_auction(orders, offered_wh, taken_wh)


@given(ORDERS)
def test_with_room_enough_everybody_trades_all_and_the_grid_moves_the_difference(orders):
    between_wh, grid_wh = market_of(orders).with_grid(10_000, 10_000)
    shown_wh = np.array([wh for *_, wh in orders])
    bought = np.array([side == Side.BID for side, *_ in orders])
    assert (between_wh + grid_wh == shown_wh).all()
    assert not (grid_wh[bought].any() and grid_wh[~bought].any())
    assert grid_wh.sum() == abs(shown_wh[bought].sum() - shown_wh[~bought].sum())


def test_room_goes_to_who_stands_first():
    # prices far apart, so that rank decides: 70 of 100 Wh come from the seller and the grid
    orders = [(Side.BID, 60, 50), (Side.BID, 140, 50), (Side.ASK, 100, 30)]
    between_wh, grid_wh = market_of(orders).with_grid(40, 0)
    assert (between_wh + grid_wh).tolist() == [20, 50, 30]
    between_wh, grid_wh = market_of(orders).with_grid(0, 0)
    assert (between_wh + grid_wh).tolist() == [0, 30, 30]


@given(st.lists(st.integers(0, 191), min_size=1, max_size=150), st.sampled_from(list(Side)))
def test_ranks_keep_the_order_of_limits_on_the_grids_side(limits, side):
    ticks = ticks_by_rank(side, limits)
    best = sorted(set(limits), reverse=side is Side.BID)
    for limit, tick in zip(limits, ticks, strict=True):
        rank, last = best.index(limit), min(len(best), MOST_RANKS) - 1
        away = last - min(rank, last)
        assert tick == (GRID_ASK_TICK + away if side is Side.BID else GRID_BID_TICK - away)
        assert 0 <= tick <= 191


def test_every_bid_is_above_every_ask_and_the_grid_does_not_trade_with_itself():
    limits = list(range(192))
    assert min(ticks_by_rank(Side.BID, limits)) > max(ticks_by_rank(Side.ASK, limits))
    assert GRID_ASK_TICK > GRID_BID_TICK


@pytest.mark.parametrize("offered_wh", range(0, 200, 10))
def test_one_auction_cannot_let_the_grid_offer_and_leave_sells_waiting(offered_wh):
    """Why AdBEV as printed needs two auctions: no offer of the grid gives what the two give.

    At crossing prices the buyer at 120 takes 40 of the seller's 100 Wh; the buyer at 60 gets 40 Wh from the
    grid, and 60 Wh wait. With bids that accept the grid's price the waiting sell is nearer than the grid; at
    their limits no price lets both the ask at 100 and the bid at 60 in.
    """
    orders = [(Side.BID, 120, 40), (Side.BID, 60, 40), (Side.ASK, 100, 100)]
    first = market_of(orders).matched_wh(prices_cross=True)
    assert first.tolist() == [40, 0, 40]
    _, second = market_of([(Side.BID, 60, 40)]).with_grid(500, 0)
    assert second.tolist() == [40]
    wanted = [40, 40, 40]

    at_grid_prices = sum(market_of(orders).with_grid(offered_wh, 0))
    assert at_grid_prices.tolist() != wanted
    for grid_tick in range(192):
        placed = [AuctionOrder(n, wh, 0, tick, 191, 0, side) for n, (side, tick, wh) in enumerate(orders)]
        if offered_wh:
            placed.append(AuctionOrder(GRID, offered_wh, 0, grid_tick, 191, 0, Side.ASK, supplier=True))
        moved = [0, 0, 0]
        for fill in clear_frame(1, list(map(pack_auction_order, placed)), (), RANK_RULES, 0, 2).fills:
            for at in (fill.buyer_position, fill.seller_position):
                if at < len(moved):
                    moved[at] += fill.energy_wh
        assert moved != wanted, grid_tick
