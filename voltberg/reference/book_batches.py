"""Twin of ``OrderBookBatches``: the whole order book, with batches, exchanges and signed orders."""

from __future__ import annotations

from collections.abc import Sequence

from voltberg.models import Role, Side
from voltberg.reference.book import BookOrders
from voltberg.reference.signatures import domain_separator, order_digest
from voltberg.reference.signed_orders import SignedOrdersTwin
from voltberg.reference.state import Revert, external
from voltberg.reference.words import MASK_8, REQUEST_BITS, unpack_request

ENTRY_BITS = REQUEST_BITS + 32


class BookTwin(BookOrders, SignedOrdersTwin):
    """The order book."""

    @external
    def place_many(self, sender: str, requests: Sequence[int]) -> None:
        """Place orders of the caller, all or none."""
        self._known(sender)
        for request in requests:
            self._place(sender, request)

    @external
    def cancel_many(self, sender: str, order_ids: Sequence[int]) -> None:
        """Cancel resting orders of the caller, skipping those that are done or not its own."""
        participant_id = self._known(sender)
        for order_id in order_ids:
            order = self._book.orders.get(order_id)
            if order is None:
                self._skip(order_id, "OrderBook_NotResting")
            elif order.maker_id != participant_id:
                self._skip(order_id, "OrderBook_NotOwner")
            else:
                self._cancel(order_id, order)

    @external
    def place_for(self, sender: str, entries: Sequence[int]) -> None:
        """Place orders for consumers who named the caller."""
        self._only_role(sender, Role.EXCHANGE)
        exchange_id = self._known(sender)
        quota = self._quota(exchange_id, len(entries))
        for number, entry in enumerate(entries):
            if number >= quota:
                self._skip(entry, "Venue_QuotaExceeded")
                continue
            try:
                self.place_entry(self.address, entry, exchange_id)
            except Revert as error:
                self._skip(entry, error.name)

    @external
    def place_entry(self, sender: str, entry: int, exchange_id: int) -> None:
        """Place one entry of a batch."""
        if sender != self.address:
            raise Revert("Venue_NotSelf", sender)
        request = entry & (1 << REQUEST_BITS) - 1
        if entry >> ENTRY_BITS or request >> 32 & MASK_8 > Side.ASK:
            raise Revert("OrderBook_InvalidRequest", entry)
        consumer_id = entry >> REQUEST_BITS
        order = unpack_request(request)
        self._check_mandate(consumer_id, exchange_id, order.frame, order.side, order.tick, order.quantity_wh)
        self._place(self._participants.accounts[consumer_id], request)

    @external
    def cancel_for(self, sender: str, order_ids: Sequence[int]) -> None:
        """Cancel resting orders of consumers who named the caller."""
        self._only_role(sender, Role.EXCHANGE)
        exchange_id = self._known(sender)
        for order_id in order_ids:
            order = self._book.orders.get(order_id)
            if order is None:
                self._skip(order_id, "OrderBook_NotResting")
            elif not self._is_mandated(order.maker_id, exchange_id):
                self._skip(order_id, "Venue_NotMandated")
            else:
                self._cancel(order_id, order)

    @external
    def place_signed(
        self, _sender: str, request: int, owner: str, nonce: int, expiry: int, signature: bytes
    ) -> tuple[int, int]:
        """Place an order that its owner signed."""
        separator = domain_separator(self.chain_id, self.address)
        digest = order_digest(separator, request, owner, nonce, expiry)
        self._use_signature(owner, nonce, expiry, digest, signature)
        return self._place(owner, request)
