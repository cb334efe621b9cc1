"""Twin of what comes into rounds: request lists and offers (rules R1 to R5, M2, M11)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from voltberg.models import Role, Side
from voltberg.reference.book_state import HIGHEST_TICK
from voltberg.reference.round_state import (
    MAXIMUM_ENTRIES,
    MAXIMUM_LOCK_MICRO,
    MAXIMUM_OFFERS,
    MAXIMUM_QUANTITY_WH,
    OFFER,
    REQUEST,
    Entry,
    Listing,
    RoundRecord,
)
from voltberg.reference.round_views import RoundViews
from voltberg.reference.round_words import ENTRY_BITS
from voltberg.reference.state import Revert, external
from voltberg.reference.words import MASK_32
from voltberg.units import BPS


class Fault(IntEnum):
    """Why an entry may not come in; the reasons of ``RequestSkipped``."""

    NONE = 0
    BITS = 1
    ORDER = 2
    MANDATE = 3
    SUSPENDED = 4
    WINDOW = 5
    FEEDER = 6
    TICK = 7
    CONSUMER_LIMITS = 8
    QUANTITY = 9
    LOCK = 10
    MARGIN = 11
    FULL = 12
    QUOTA = 13


class RoundEntries(RoundViews):
    """Requests and offers."""

    @external
    def request_for(self, sender: str, number: int, requests: Sequence[int]) -> int:
        """Add to the calling exchange's list; return how many requests entered."""
        self._only_role(sender, Role.EXCHANGE)
        self._collecting(number)
        exchange_id = self._known(sender)
        quota_bps = self._quota(exchange_id, BPS)
        before = self._rounds.lists.get((number, exchange_id), Listing())
        listing = before
        for word in requests:
            fault, listing = self._request(number, listing, exchange_id, quota_bps, word)
            if fault:
                self._emit("RequestSkipped", number, exchange_id, word, int(fault))
        self._rounds.set_list(number, exchange_id, listing)
        return listing.taken - before.taken

    def _request(
        self, number: int, listing: Listing, exchange_id: int, quota_bps: int, word: int
    ) -> tuple[Fault, Listing]:
        if word >> ENTRY_BITS:
            return Fault.BITS, listing
        entry = Entry.read(word, REQUEST)
        consumer_id = entry.participant_id
        if consumer_id <= listing.last_consumer_id:
            return Fault.ORDER, listing
        if not self._is_mandated(consumer_id, exchange_id):
            return Fault.MANDATE, listing
        record = self._rounds.rounds[number]
        last_frame = record.terms.first_frame + entry.last
        allowed = self.mandate_of(consumer_id).allows(last_frame, Side.BID, entry.tick, entry.remaining_wh)
        cut_wh = entry.remaining_wh * self._factors.get(consumer_id, BPS) // BPS
        entry = entry._replace(remaining_wh=cut_wh)
        fault, entry = self._examined(record, entry)
        if not allowed and (fault is Fault.NONE or fault > Fault.CONSUMER_LIMITS):
            fault = Fault.CONSUMER_LIMITS
        if fault:
            return fault, listing
        good, taken = listing.good + 1, listing.taken
        if good * quota_bps // BPS <= taken:
            return Fault.QUOTA, Listing(consumer_id, good, taken)
        self._enter(number, entry)
        return Fault.NONE, Listing(consumer_id, good, taken + 1)

    @external
    def offer(self, sender: str, number: int, word: int) -> int:
        """Offer energy of the caller's; return the entry's id."""
        seller_id = self._known(sender)
        record = self._collecting(number)
        if word >> ENTRY_BITS or word & MASK_32 != seller_id:
            raise Revert("Round_InvalidRecord", word)
        fault, entry = self._examined(record, Entry.read(word, OFFER))
        if fault:
            raise self._error_of(number, fault, record, entry)
        if self.offers_of(number, seller_id) >= MAXIMUM_OFFERS:
            raise Revert("Round_TooManyOffers", seller_id, MAXIMUM_OFFERS)
        self._rounds.count_offer(number, seller_id)
        return self._enter(number, entry)

    def _collecting(self, number: int) -> RoundRecord:
        record = self._round(number)
        self._check_phase(number, 0, record.terms.collection_ends)
        return record

    def _round(self, number: int) -> RoundRecord:
        record = self._rounds.rounds.get(number)
        if record is None:
            raise Revert("Round_Unknown", number)
        return record

    def _check_phase(self, number: int, opens: int, closes: int) -> None:
        now = self._state.timestamp
        if not opens <= now < closes:
            raise Revert("Round_OutsidePhase", number, opens, closes, now)

    def _examined(self, record: RoundRecord, entry: Entry) -> tuple[Fault, Entry]:
        """Tell what is wrong with an entry first, and give it its lock."""
        terms = record.terms
        if self._statuses.get(entry.participant_id, 0):
            return Fault.SUSPENDED, entry
        if entry.first > entry.last or entry.last >= terms.frames:
            return Fault.WINDOW, entry
        if entry.feeder >= len(record.feeder_limits):
            return Fault.FEEDER, entry
        if entry.tick > HIGHEST_TICK:
            return Fault.TICK, entry
        if not self._minimum_quantity_wh <= entry.remaining_wh <= MAXIMUM_QUANTITY_WH:
            return Fault.QUANTITY, entry
        entry = entry._replace(lock_ticks=self._lock_ticks(terms.first_frame, entry))
        lock_micro = self._lock_micro(entry, entry.remaining_wh)
        if not self._minimum_lock_micro <= lock_micro <= MAXIMUM_LOCK_MICRO:
            return Fault.LOCK, entry
        if lock_micro > self._margins.get(entry.participant_id, 0):
            return Fault.MARGIN, entry
        return Fault.FULL if record.entries >= MAXIMUM_ENTRIES else Fault.NONE, entry

    def _lock_ticks(self, first_frame: int, entry: Entry) -> int:
        window = range(first_frame + entry.first, first_frame + entry.last + 1)
        frames = [self._rounds.frames[frame] for frame in window]
        if entry.side == REQUEST:
            return entry.tick + max(frame.fee_ticks for frame in frames)
        return max(1, max(frame.cap_tick for frame in frames) - entry.tick)

    def _lock_micro(self, entry: Entry, energy_wh: int) -> int:
        return energy_wh * entry.lock_ticks * self._tick_micro_per_wh

    def _enter(self, number: int, entry: Entry) -> int:
        self._take_margin(entry.participant_id, self._lock_micro(entry, entry.remaining_wh))
        entry_number = self._rounds.enter(number, entry)
        self._emit("EntryPlaced", entry.placement(entry_number))
        return entry_number

    def _error_of(self, number: int, fault: Fault, record: RoundRecord, entry: Entry) -> Revert:
        """Tell an offer's fault as its error."""
        seller_id = entry.participant_id
        lock_micro = self._lock_micro(entry, entry.remaining_wh)
        values: dict[Fault, tuple[str, tuple[int, ...]]] = {
            Fault.SUSPENDED: ("Round_Suspended", (seller_id, self._statuses.get(seller_id, 0))),
            Fault.WINDOW: ("Round_InvalidWindow", (entry.first, entry.last, record.terms.frames)),
            Fault.FEEDER: ("Round_UnknownFeeder", (entry.feeder, len(record.feeder_limits))),
            Fault.TICK: ("Round_TickOutOfRange", (entry.tick, HIGHEST_TICK)),
            Fault.QUANTITY: (
                "Round_QuantityOutOfRange",
                (entry.remaining_wh, self._minimum_quantity_wh, MAXIMUM_QUANTITY_WH),
            ),
            Fault.LOCK: ("Round_LockOutOfRange", (lock_micro, self._minimum_lock_micro, MAXIMUM_LOCK_MICRO)),
            Fault.MARGIN: (
                "Venue_InsufficientMargin",
                (seller_id, lock_micro, self._margins.get(seller_id, 0)),
            ),
            Fault.FULL: ("Round_Full", (number, MAXIMUM_ENTRIES)),
        }
        name, arguments = values[fault]
        return Revert(name, *arguments)
