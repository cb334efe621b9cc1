"""Twin of ``Mandates`` and ``Delegation``: exchanges that act for consumers, and skipped entries (M11)."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from eth_hash.auto import keccak

from voltberg.models import Side
from voltberg.reference.parameters import FrameClock
from voltberg.reference.state import Revert, State, external, view
from voltberg.reference.trading_venue import TradingVenueTwin
from voltberg.reference.venue import MarginHouse

_SIGNATURES: Final = (
    "OrderBook_FrameNotOpen(uint32)",
    "OrderBook_FramePaused(uint32)",
    "OrderBook_GateClosed(uint32,uint256,uint256)",
    "OrderBook_TickOutOfRange(uint256,uint256)",
    "OrderBook_QuantityBelowMinimum(uint256,uint256)",
    "OrderBook_InvalidPeak(uint256,uint256,uint256)",
    "OrderBook_InvalidPriceStep(uint256)",
    "OrderBook_InvalidKind(uint256,uint256)",
    "OrderBook_ZeroMaxFills()",
    "OrderBook_InvalidRequest(uint256)",
    "OrderBook_LockBelowMinimum(uint256,uint256)",
    "OrderBook_Suspended(uint32,uint8)",
    "OrderBook_NotFilled(uint256,uint256)",
    "OrderBook_WouldTrade(uint64)",
    "OrderBook_LevelFull(uint32,uint8,uint8)",
    "Venue_PositionOverflow(uint32,uint32)",
    "OrderBook_FrameOverflow(uint32,uint256)",
    "OrderBook_NotResting(uint64)",
    "OrderBook_NotOwner(uint64,uint32,uint32)",
    "Auction_InvalidRequest(uint256)",
    "Auction_Suspended(uint32,uint8)",
    "Auction_TickOutOfRange(uint256,uint256)",
    "Auction_QuantityOutOfRange(uint256,uint256,uint256)",
    "Auction_InvalidPeak(uint256,uint256,uint256)",
    "Auction_FrameNotOpen(uint32)",
    "Auction_LockBelowMinimum(uint256,uint256)",
    "Auction_TooManyWords(uint32,uint256,uint256)",
    "Auction_FrameFull(uint32)",
    "Venue_InsufficientMargin(uint32,uint256,uint256)",
    "Venue_NotMandated(uint32,uint32)",
    "Venue_OutsideMandate(uint32,uint256)",
    "Venue_QuotaExceeded(uint32,uint256)",
)
REASONS: Final = {signature.split("(")[0]: keccak(signature.encode())[:4] for signature in _SIGNATURES}
"""Selector by name of every error for which an entry of a batch may be skipped."""


class Quotas(Protocol):
    """What a venue asks of the credit contract."""

    def request_quota(self, exchange_id: int, requests: int) -> int:
        """Count the requests that an exchange may submit."""


class Mandate(NamedTuple):
    """An exchange, the largest quantity [Wh], highest bid and lowest ask [ticks], the last frame."""

    exchange_id: int
    max_quantity_wh: int
    highest_bid_tick: int
    lowest_ask_tick: int
    last_frame: int

    def word(self) -> int:
        """Pack it as the contract does."""
        return (
            self.exchange_id
            | self.max_quantity_wh << 32
            | self.highest_bid_tick << 64
            | self.lowest_ask_tick << 72
            | self.last_frame << 80
        )

    def allows(self, frame: int, side: int, tick: int, quantity_wh: int) -> bool:
        """Whether an order is within the limits."""
        dear = tick > self.highest_bid_tick if side == Side.BID else tick < self.lowest_ask_tick
        return not dear and quantity_wh <= self.max_quantity_wh and frame <= self.last_frame


NOBODY: Final = Mandate(0, 0, 0, 0, 0)


class MandatesTwin(TradingVenueTwin):
    """A trading venue at which exchanges act for consumers."""

    def __init__(
        self,
        state: State,
        name: str,
        address: str,
        registry: str,
        house: MarginHouse,
        credit: str,
        clock: FrameClock,
        tick_micro_per_wh: int,
    ) -> None:
        super().__init__(state, name, address, registry, house, credit, clock, tick_micro_per_wh)
        self._mandates: dict[int, Mandate] = {}
        self._quotas: Quotas | None = None

    def ask_quotas_of(self, credit: Quotas) -> None:
        """Connect the credit contract, which is made after the venues."""
        self._quotas = credit

    @external
    def name_exchange(
        self,
        sender: str,
        exchange_id: int,
        max_quantity_wh: int,
        highest_bid_tick: int,
        lowest_ask_tick: int,
        last_frame: int,
    ) -> None:
        """Name the exchange that may act for the caller, or nobody."""
        consumer_id = self._known(sender)
        mandate = NOBODY
        if exchange_id:
            mandate = Mandate(exchange_id, max_quantity_wh, highest_bid_tick, lowest_ask_tick, last_frame)
        self._state.write(self._mandates, consumer_id, mandate)
        self._emit("ExchangeNamed", consumer_id, mandate.word())

    @view
    def mandate_of(self, consumer_id: int) -> Mandate:
        """Whom a consumer named, with its limits."""
        return self._mandates.get(consumer_id, NOBODY)

    def _is_mandated(self, consumer_id: int, exchange_id: int) -> bool:
        return self.mandate_of(consumer_id).exchange_id == exchange_id

    def _quota(self, exchange_id: int, entries: int) -> int:
        if self._quotas is None:
            msg = f"the credit contract of {self.name} is not connected"
            raise RuntimeError(msg)
        return self._quotas.request_quota(exchange_id, entries)


class DelegationTwin(MandatesTwin):
    """A trading venue that takes batches of exchanges."""

    def _check_mandate(
        self, consumer_id: int, exchange_id: int, frame: int, side: int, tick: int, quantity_wh: int
    ) -> None:
        mandate = self.mandate_of(consumer_id)
        if mandate.exchange_id != exchange_id:
            raise Revert("Venue_NotMandated", consumer_id, exchange_id)
        if not mandate.allows(frame, side, tick, quantity_wh):
            raise Revert("Venue_OutsideMandate", consumer_id, mandate.word())

    def _skip(self, entry: int, error_name: str) -> None:
        self._emit("EntrySkipped", entry, REASONS[error_name])
