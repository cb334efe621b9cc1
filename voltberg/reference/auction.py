"""Twin of ``AuctionPlacing``: how orders and cancels enter a chain (A1, A8, M2), and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voltberg.models import Role, Side
from voltberg.reference.auction_results import AuctionResults
from voltberg.reference.auction_state import ALLOWED_WORDS, AuctionFrame
from voltberg.reference.auction_words import (
    AUCTION_REQUEST_BITS,
    AuctionCancel,
    AuctionOrder,
    first_digest,
    next_digest,
    pack_auction_cancel,
    pack_auction_order,
    pack_chained,
    pack_first_chained,
    words_bytes,
)
from voltberg.reference.book_state import HIGHEST_TICK
from voltberg.reference.state import Revert, external
from voltberg.reference.words import MASK_8, MASK_32
from voltberg.units import BPS

CANCEL_RESERVE: Final = 32
"""Words of the allowance that only cancels may use (A8)."""
MOST_ORDERED_WORDS: Final = 3_072
MOST_WORDS: Final = 4_096
PEAK_SHARE: Final = 32


class AuctionOrders(AuctionResults):
    """The frame auction with orders of one account."""

    @external
    def place(self, sender: str, request: int) -> int:
        """Place an order; return its number in the frame's chain.

        A request of more than 144 bits cannot be encoded: the contract never sees one.
        """
        return self._place(sender, request)

    @external
    def place_many(self, sender: str, frame: int, requests: Sequence[int]) -> int:
        """Place several orders in one frame, all or none; return the number of the first."""
        participant_id = self._known(sender)
        if not requests:
            raise Revert("Auction_InvalidRequest", 0)
        self._check_active(participant_id)
        record = self._placeable(frame)
        orders = []
        for request in requests:
            self._check_request(request, frame)
            orders.append(self._order(sender, participant_id, request, record))
        self._pay_for(participant_id, orders)
        if record.words + len(orders) > MOST_ORDERED_WORDS:
            raise Revert("Auction_FrameFull", frame)
        return self._chain_many(frame, [pack_auction_order(order) for order in orders])

    @external
    def cancel(self, sender: str, frame: int, origin_frame: int, index: int) -> None:
        """Enter a cancel; whether it names an order of the caller is seen when the frame is cleared."""
        participant_id = self._known(sender)
        record = self._opened(frame)
        self._check_gate(frame)
        self._use_words(participant_id, 1, ALLOWED_WORDS - self._used_words(participant_id))
        if record.words >= MOST_WORDS:
            raise Revert("Auction_FrameFull", frame)
        self._chain(frame, pack_auction_cancel(AuctionCancel(participant_id, index, origin_frame)))

    def _place(self, owner: str, request: int) -> int:
        self._check_request(request, request & MASK_32)
        frame, participant_id = request & MASK_32, self._known(owner)
        self._check_active(participant_id)
        record = self._placeable(frame)
        order = self._order(owner, participant_id, request, record)
        self._pay_for(participant_id, [order])
        if record.words >= MOST_ORDERED_WORDS:
            raise Revert("Auction_FrameFull", frame)
        return self._chain(frame, pack_auction_order(order))

    @staticmethod
    def _check_request(request: int, frame: int) -> None:
        spilt = request >> AUCTION_REQUEST_BITS or request >> 32 & MASK_8 > Side.ASK
        if spilt or request & MASK_32 != frame:
            raise Revert("Auction_InvalidRequest", request)

    def _check_active(self, participant_id: int) -> None:
        status = self._statuses.get(participant_id, 0)
        if status:
            raise Revert("Auction_Suspended", participant_id, status)

    def _placeable(self, frame: int) -> AuctionFrame:
        record = self._opened(frame)
        if record.paused:
            raise Revert("Auction_FramePaused", frame)
        self._check_gate(frame)
        return record

    def _check_gate(self, frame: int) -> None:
        now, gate = self._state.timestamp, self._clock.gate_closure(frame)
        if now >= gate:
            raise Revert("Auction_GateClosed", frame, gate, now)

    def _order(self, sender: str, participant_id: int, request: int, record: AuctionFrame) -> AuctionOrder:
        """Check a request from its tick on and make the order of it."""
        side, tick = request >> 32 & MASK_8, request >> 40 & MASK_8
        if tick > HIGHEST_TICK:
            raise Revert("Auction_TickOutOfRange", tick, HIGHEST_TICK)
        quantity_wh, peak_wh = request >> 48 & MASK_32, request >> 80 & MASK_32
        factor_bps = self._factors.get(participant_id, BPS)
        if side == Side.BID and factor_bps != BPS:
            quantity_wh = quantity_wh * factor_bps // BPS
            peak_wh = min(peak_wh, quantity_wh)
        self._check_quantity(quantity_wh, peak_wh)
        frame, rolls = request & MASK_32, request >> 112
        entered = [record, *(self._opened(frame + further) for further in range(1, rolls + 1))]
        if side == Side.BID:
            lock_ticks = tick + max(each.fee_ticks for each in entered)
        else:
            lock_ticks = max(1, max(each.cap_tick for each in entered) - tick)
        supplier = self._participants.has_role(sender, Role.SUPPLIER)
        order = AuctionOrder(participant_id, quantity_wh, peak_wh, tick, lock_ticks, rolls, side, supplier)
        lock_micro, minimum_micro = self._lock_of(order), self._terms.minimum_lock_micro
        if lock_micro < minimum_micro:
            raise Revert("Auction_LockBelowMinimum", lock_micro, minimum_micro)
        return order

    def _check_quantity(self, quantity_wh: int, peak_wh: int) -> None:
        minimum_wh, maximum_wh = self._terms.minimum_quantity_wh, self._maximum_quantity_wh
        if not minimum_wh <= quantity_wh <= maximum_wh:
            raise Revert("Auction_QuantityOutOfRange", quantity_wh, minimum_wh, maximum_wh)
        if peak_wh and (peak_wh > quantity_wh or peak_wh < minimum_wh or peak_wh * PEAK_SHARE < quantity_wh):
            raise Revert("Auction_InvalidPeak", peak_wh, quantity_wh, minimum_wh)

    def _pay_for(self, participant_id: int, orders: Sequence[AuctionOrder]) -> None:
        """Take the locks and the words of orders that enter together."""
        self._take_margin(participant_id, sum(map(self._lock_of, orders)))
        allowed = ALLOWED_WORDS - CANCEL_RESERVE - self._used_words(participant_id)
        self._use_words(participant_id, len(orders), max(0, allowed))

    def _use_words(self, participant_id: int, needed: int, allowed: int) -> None:
        if needed > allowed:
            raise Revert("Auction_TooManyWords", participant_id, needed, allowed)
        use = self._used_words(participant_id) + needed, self._clock.current(self._state.timestamp)
        self._state.write(self._uses, participant_id, use)

    def _chain(self, frame: int, word: int) -> int:
        """Let one word enter a frame's chain; return its number."""
        index = self._enter_words(frame, [word])
        self._emit("WordChained", pack_chained(word, frame, index))
        return index

    def _chain_many(self, frame: int, words: Sequence[int]) -> int:
        """Let the words of one call enter a frame's chain; return the number of the first."""
        first = self._enter_words(frame, words)
        self._emit("WordsChained", pack_first_chained(frame, first), words_bytes(words))
        return first

    def _enter_words(self, frame: int, words: Sequence[int]) -> int:
        record = self._frames[frame]
        first, digest = record.words, record.digest
        for number, word in enumerate(words, start=first):
            self._state.write(self._words, (frame, number), word)
            digest = next_digest(digest, word)
        self._set_frame(frame, record._replace(words=first + len(words), digest=digest))
        return first

    # The operator and the house

    @external
    def set_frame_paused(self, sender: str, frame: int, paused: bool) -> None:
        """Halt or allow placing in a frame."""
        self._only_role(sender, Role.OPERATOR)
        self._set_frame(frame, self._undecided(frame)._replace(paused=paused))
        self._emit("FramePaused", frame, paused)

    @external
    def open_frame(self, sender: str, frame: int, cap_tick: int, fee_ticks: int) -> None:
        """Open a frame for orders."""
        self._only_house(sender)
        if frame in self._frames:
            raise Revert("Auction_FrameAlreadyOpen", frame)
        self._set_frame(frame, AuctionFrame(cap_tick, fee_ticks, first_digest(self.address, frame)))
        self._emit("FrameOpened", frame, cap_tick, fee_ticks)
