"""Twin of ``FrameAuction``: orders that come from exchanges (M11), or with a signature (M14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from voltberg.models import Role
from voltberg.reference.auction import CANCEL_RESERVE, MOST_ORDERED_WORDS, MOST_WORDS, AuctionOrders
from voltberg.reference.auction_state import ALLOWED_WORDS
from voltberg.reference.auction_words import AuctionCancel, pack_auction_cancel, pack_auction_order
from voltberg.reference.signatures import auction_order_digest, domain_separator
from voltberg.reference.signed_orders import SignedOrdersTwin
from voltberg.reference.state import Revert, external
from voltberg.reference.words import MASK_8, MASK_16, MASK_32, packed

ORDER_ENTRY_BITS: Final = 88
"""An order of an exchange's batch is its request without the frame, and above it the consumer's address."""
CANCEL_ENTRY_BITS: Final = 48
ADDRESS_BITS: Final = 160

Entered = tuple[int, int]
"""Participant number and word of a good entry."""


def pack_order_entry(request: int, account: str) -> int:
    """Pack an order for ``FrameAuction.placeFor``.

    Parameters
    ----------
    request : int
        Word of the order as for ``place``; its frame is the call's.
    account : str
        Address of the consumer.

    Returns
    -------
    int
        side 8 | tick 8 | quantity 32 | peak 32 | rolls 8 | address 160.
    """
    return packed("order entry", ((request >> 32, ORDER_ENTRY_BITS), (int(account, 16), ADDRESS_BITS)))


def pack_cancel_entry(origin_frame: int, index: int, account: str) -> int:
    """Pack an order's name for ``FrameAuction.cancelFor``.

    Parameters
    ----------
    origin_frame : int
        Frame that the order was placed in.
    index : int
        Its number there.
    account : str
        Address of the consumer.

    Returns
    -------
    int
        origin frame 32 | index 16 | address 160.
    """
    fields = ((origin_frame, 32), (index, 16), (int(account, 16), ADDRESS_BITS))
    return packed("cancel entry", fields)


class AuctionTwin(AuctionOrders, SignedOrdersTwin):
    """The frame auction."""

    @external
    def place_for(self, sender: str, frame: int, entries: Sequence[int]) -> None:
        """Place orders of consumers who named the caller."""
        self._only_role(sender, Role.EXCHANGE)
        exchange_id = self._known(sender)
        self._placeable(frame)
        quota = self._quota(exchange_id, len(entries))

        def entered(entry: int, count: int) -> Entered:
            return self._order_entry(exchange_id, frame, entry, count)

        self._enter(frame, entries, quota, entered)

    @external
    def cancel_for(self, sender: str, frame: int, entries: Sequence[int]) -> None:
        """Enter cancels of consumers who named the caller."""
        self._only_role(sender, Role.EXCHANGE)
        exchange_id = self._known(sender)
        self._opened(frame)
        self._check_gate(frame)

        def entered(entry: int, count: int) -> Entered:
            return self._cancel_entry(exchange_id, frame, entry, count)

        self._enter(frame, entries, len(entries), entered)

    @external
    def place_signed(
        self, _sender: str, request: int, owner: str, nonce: int, expiry: int, signature: bytes
    ) -> int:
        """Place an order that its owner signed; return its number in the frame's chain."""
        separator = domain_separator(self.chain_id, self.address)
        digest = auction_order_digest(separator, request, owner, nonce, expiry)
        self._use_signature(owner, nonce, expiry, digest, signature)
        return self._place(owner, request)

    def _enter(
        self, frame: int, entries: Sequence[int], quota: int, entered: Callable[[int, int], Entered]
    ) -> None:
        """Let the good entries of a call enter a frame's chain; skip the others."""
        words: list[int] = []
        for number, entry in enumerate(entries):
            if number >= quota:
                self._skip(entry, "Venue_QuotaExceeded")
                continue
            try:
                participant_id, word = entered(entry, self._frames[frame].words + len(words))
            except Revert as error:
                self._skip(entry, error.name)
                continue
            use = self._used_words(participant_id) + 1, self._clock.current(self._state.timestamp)
            self._state.write(self._uses, participant_id, use)
            words.append(word)
        if words:
            self._chain_many(frame, words)

    def _order_entry(self, exchange_id: int, frame: int, entry: int, count: int) -> Entered:
        """Check an order's entry, then take its lock."""
        request = (entry & (1 << ORDER_ENTRY_BITS) - 1) << 32 | frame
        if entry >> ORDER_ENTRY_BITS + ADDRESS_BITS:
            raise Revert("Auction_InvalidRequest", entry)
        self._check_request(request, frame)
        owner, consumer_id = self._consumer(entry >> ORDER_ENTRY_BITS)
        side, tick, quantity_wh = request >> 32 & MASK_8, request >> 40 & MASK_8, request >> 48 & MASK_32
        self._check_mandate(consumer_id, exchange_id, frame, side, tick, quantity_wh)
        self._check_active(consumer_id)
        order = self._order(owner, consumer_id, request, self._frames[frame])
        lock_micro, margin_micro = self._lock_of(order), self.margin_of(consumer_id)
        if lock_micro > margin_micro:
            raise Revert("Venue_InsufficientMargin", consumer_id, lock_micro, margin_micro)
        self._check_room(frame, consumer_id, ALLOWED_WORDS - CANCEL_RESERVE, MOST_ORDERED_WORDS - count)
        self._take_margin(consumer_id, lock_micro)
        return consumer_id, pack_auction_order(order)

    def _cancel_entry(self, exchange_id: int, frame: int, entry: int, count: int) -> Entered:
        """Check a cancel's entry."""
        if entry >> CANCEL_ENTRY_BITS + ADDRESS_BITS:
            raise Revert("Auction_InvalidRequest", entry)
        _, consumer_id = self._consumer(entry >> CANCEL_ENTRY_BITS)
        if not self._is_mandated(consumer_id, exchange_id):
            raise Revert("Venue_NotMandated", consumer_id, exchange_id)
        self._check_room(frame, consumer_id, ALLOWED_WORDS, MOST_WORDS - count)
        origin_frame, index = entry & MASK_32, entry >> 32 & MASK_16
        return consumer_id, pack_auction_cancel(AuctionCancel(consumer_id, index, origin_frame))

    def _consumer(self, address: int) -> tuple[str, int]:
        """Find an account and its number, 0 if it is not registered."""
        for account, participant_id in self._ids.items():
            if int(account, 16) == address:
                return account, participant_id
        return "", 0

    def _check_room(self, frame: int, participant_id: int, allowance: int, room: int) -> None:
        """Check that one more word is allowed to its owner and fits into the chain."""
        used = self._used_words(participant_id)
        if used >= allowance:
            raise Revert("Auction_TooManyWords", participant_id, 1, max(0, allowance - used))
        if room <= 0:
            raise Revert("Auction_FrameFull", frame)
