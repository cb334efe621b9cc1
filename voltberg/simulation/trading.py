"""The trading of one delivery frame: two calls for orders, then gate closure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltberg.models import Side
from voltberg.reference.market import ReferenceMarket
from voltberg.reference.words import pack_request
from voltberg.simulation.blocks import BlockBuilder
from voltberg.simulation.prices import TickPrices
from voltberg.simulation.settings import ReplaySettings
from voltberg.simulation.strategy import MarketView, OrderIntent, Strategy

HIGHEST_TICK = 191


@dataclass(slots=True)
class TradingRound:
    """Lets every household decide about one frame.

    Parameters
    ----------
    market : ReferenceMarket
        The twin.
    build : BlockBuilder
        Takes the calls.
    settings : ReplaySettings
        The replay's settings.
    strategy : Strategy
        Decides.
    rng : numpy.random.Generator
        Draws the order in which households are asked, and whatever the strategy draws.
    household_names : tuple of str
        Names of the households.
    accounts : tuple of str
        Their addresses.
    participant_ids : tuple of int
        Their numbers.
    frame, position : int
        The frame on the global grid and in the day.
    wanted_wh : ndarray of int64, shape (households,)
        Net export that each foresees [Wh]: what it wants to sell, or, negative, to buy.
    prices : TickPrices
        Tariffs and fees.
    """

    market: ReferenceMarket
    build: BlockBuilder
    settings: ReplaySettings
    strategy: Strategy
    rng: np.random.Generator
    household_names: tuple[str, ...]
    accounts: tuple[str, ...]
    participant_ids: tuple[int, ...]
    frame: int
    position: int
    wanted_wh: NDArray[np.int64]
    prices: TickPrices

    def run(self, trading_round: int) -> None:
        """Ask every household once, in drawn order.

        Parameters
        ----------
        trading_round : int
            0 or 1.
        """
        for row in self.rng.permutation(len(self.accounts)).tolist():
            intents = self.strategy.decide(self._view(row, trading_round), self.rng)
            if intents:
                for order_id in self.market.book.resting_orders(self.frame, self.participant_ids[row]):
                    self.build.call(self.frame, "cancel", "book", "cancel", (order_id,), self.accounts[row])
            for intent in intents:
                self._place(row, intent)

    def release(self, sender: str) -> None:
        """After gate closure, give the locks of what is left in the book back.

        Parameters
        ----------
        sender : str
            Who calls; anyone may.
        """
        resting = self.market.book.resting_orders(self.frame)
        if resting:
            self.build.call(self.frame, "release", "book", "release", (resting,), sender)

    def _view(self, row: int, trading_round: int) -> MarketView:
        bid_found, bid_tick, ask_found, ask_tick = self.market.book.best_prices(self.frame)
        bought_wh, sold_wh, *_ = self.market.book.position_of(self.frame, self.participant_ids[row])
        return MarketView(
            household_id=self.household_names[row],
            position=self.position,
            trading_round=trading_round,
            open_wh=int(self.wanted_wh[row]) - (sold_wh - bought_wh),
            tariff_tick=min(self.prices.supply(self.position), HIGHEST_TICK),
            feed_in_tick=self.prices.feed_in[self.position],
            fee_ticks=self.prices.fees,
            best_bid_tick=bid_tick if bid_found else None,
            best_ask_tick=ask_tick if ask_found else None,
            minimum_wh=self.settings.market.book.minimum_quantity_wh,
        )

    def _place(self, row: int, intent: OrderIntent) -> None:
        account = self.accounts[row]
        self._top_up(row, intent)
        request = pack_request(
            self.frame,
            int(intent.side),
            intent.tick,
            intent.quantity_wh,
            intent.peak_wh,
            intent.price_step_ticks,
            int(intent.kind),
            self.settings.agents.max_fills,
        )
        self.build.call(self.frame, "place", "book", "place", (request,), account)

    def _top_up(self, row: int, intent: OrderIntent) -> None:
        """Move money to the book when free margin does not cover what the order locks (M2)."""
        market, participant_id, account = self.market, self.participant_ids[row], self.accounts[row]
        bid = intent.side is Side.BID
        lock_ticks = intent.tick + self.prices.fees if bid else max(1, self.prices.cap - intent.tick)
        lock_micro = intent.quantity_wh * lock_ticks * self.settings.market.settlement.tick_micro_per_wh
        missing_micro = lock_micro - market.book.margin_of(participant_id)
        balance_micro = market.house.account_of(participant_id)[0]
        if missing_micro <= 0 or not balance_micro:
            return
        amount_micro = min(balance_micro, max(missing_micro, self.settings.agents.margin_micro))
        args = (market.address_of("book"), amount_micro)
        self.build.call(self.frame, "move_to_venue", "house", "moveToVenue", args, account)
