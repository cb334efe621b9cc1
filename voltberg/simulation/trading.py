"""A call for orders of one delivery frame: every household decides once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltberg.models import Side
from voltberg.reference.market import ReferenceMarket
from voltberg.simulation.blocks import BlockBuilder
from voltberg.simulation.prices import TickPrices
from voltberg.simulation.settings import ReplaySettings
from voltberg.simulation.strategy import MarketView, OrderIntent, Strategy
from voltberg.simulation.venue import DayVenue

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
    venue : DayVenue
        Where orders go.
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
    venue: DayVenue
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
            Number of the call for orders, from 0.
        """
        for row in self.rng.permutation(len(self.accounts)).tolist():
            intents = self.strategy.decide(self._view(row, trading_round), self.rng)
            if intents:
                self.venue.cancel_orders(self.frame, self.participant_ids[row], self.accounts[row])
            for intent in intents:
                self._top_up(row, intent)
                self.venue.place(self.frame, intent, self.accounts[row])

    def _view(self, row: int, trading_round: int) -> MarketView:
        best_bid_tick, best_ask_tick = self.venue.quotes(self.frame)
        bought_wh, sold_wh = self.venue.position(self.frame, self.participant_ids[row])
        return MarketView(
            household_id=self.household_names[row],
            position=self.position,
            trading_round=trading_round,
            open_wh=int(self.wanted_wh[row]) - (sold_wh - bought_wh),
            tariff_tick=min(self.prices.supply(self.position), HIGHEST_TICK),
            feed_in_tick=self.prices.feed_in[self.position],
            fee_ticks=self.prices.fees,
            best_bid_tick=best_bid_tick,
            best_ask_tick=best_ask_tick,
            minimum_wh=self.settings.market.book.minimum_quantity_wh,
        )

    def _top_up(self, row: int, intent: OrderIntent) -> None:
        """Move money to the venue when free margin does not cover what the order locks (M2)."""
        market, participant_id, account = self.market, self.participant_ids[row], self.accounts[row]
        bid = intent.side is Side.BID
        lock_ticks = intent.tick + self.prices.fees if bid else max(1, self.prices.cap - intent.tick)
        lock_micro = intent.quantity_wh * lock_ticks * self.settings.market.settlement.tick_micro_per_wh
        missing_micro = lock_micro - getattr(market, self.venue.name).margin_of(participant_id)
        balance_micro = market.house.account_of(participant_id)[0]
        if missing_micro <= 0 or not balance_micro:
            return
        amount_micro = min(balance_micro, max(missing_micro, self.settings.agents.margin_micro))
        args = (market.address_of(self.venue.name), amount_micro)
        self.build.call(self.frame, "move_to_venue", "house", "moveToVenue", args, account)
