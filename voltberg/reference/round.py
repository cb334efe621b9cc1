"""Twin of ``MatchingRound``: rounds, allocations and their application (rules R1 to R9, M3, M8, M13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voltberg.models import Position, Role
from voltberg.reference.book_state import HIGHEST_TICK
from voltberg.reference.round_allocation import Allocation
from voltberg.reference.round_entries import RoundEntries
from voltberg.reference.round_state import (
    ANY_SIDE,
    MAXIMUM_FEEDERS,
    MAXIMUM_FRAMES,
    Entry,
    RoundFrame,
    RoundRecord,
    RoundTerms,
)
from voltberg.reference.round_views import CLOSED
from voltberg.reference.round_words import NO_COMMITMENT, commitment_of, entry_id, link, unpack_trade
from voltberg.reference.state import Revert, external
from voltberg.reference.words import MASK_32

FEEDER_LIMIT_BITS = 80


class RoundTwin(RoundEntries):
    """The venue of rounds."""

    # The operator

    @external
    def open_round(self, sender: str, terms: Sequence[int], feeder_limits: Sequence[int]) -> int:
        """Open a round over frames that opened here; return its number."""
        self._only_role(sender, Role.OPERATOR)
        posted = RoundTerms(*terms)
        self._check_terms(posted, feeder_limits)
        number = self.round_count() + 1
        for frame in range(posted.first_frame, posted.first_frame + posted.frames):
            record = self._rounds.frames.get(frame)
            if record is None:
                raise Revert("Round_FrameNotOpen", frame)
            if record.round_number:
                raise Revert("Round_FrameTaken", frame, record.round_number)
            self._rounds.set_frame(frame, record._replace(round_number=number))
        self._rounds.set_round(number, RoundRecord(posted, tuple(feeder_limits)))
        self._emit("RoundOpened", number, tuple(posted), tuple(feeder_limits))
        return number

    def _check_terms(self, terms: RoundTerms, feeder_limits: Sequence[int]) -> None:
        if not 0 < terms.frames <= MAXIMUM_FRAMES or terms.first_frame + terms.frames > MASK_32:
            raise Revert("Round_InvalidSpan", terms.first_frame, terms.frames, MAXIMUM_FRAMES)
        if terms.objective > 1:
            raise Revert("Round_InvalidObjective", terms.objective)
        if not 0 < len(feeder_limits) <= MAXIMUM_FEEDERS:
            raise Revert("Round_InvalidFeeders", len(feeder_limits), MAXIMUM_FEEDERS)
        for limit in feeder_limits:
            if limit >> FEEDER_LIMIT_BITS:
                raise Revert("Round_InvalidRecord", limit)
        if terms.storage_id:
            self._check_known_id(terms.storage_id)
        gate = self._clock.gate_closure(terms.first_frame)
        refusals = self._clock.refusal_deadline(terms.first_frame) if gate else 0
        ends = terms.collection_ends, terms.submission_ends, terms.application_ends
        now = self._state.timestamp
        if not (now < ends[0] < ends[1] < ends[2] and ends[0] <= gate and ends[2] <= refusals):
            raise Revert("Round_InvalidDeadlines", now, *ends, gate, refusals)

    @external
    def refuse_trades(self, sender: str, frame: int, entries: Sequence[int]) -> None:
        """Take trades that the network cannot carry out of both positions (rule M8)."""
        self._only_role(sender, Role.OPERATOR)
        if frame not in self._rounds.frames:
            raise Revert("Round_FrameNotOpen", frame)
        opens, closes = self._clock.gate_closure(frame), self._clock.refusal_deadline(frame)
        now = self._state.timestamp
        if not opens <= now < closes:
            raise Revert("Round_OutsideRefusalWindow", frame, opens, closes, now)
        for entry in entries:
            self._refuse(frame, entry)

    def _refuse(self, frame: int, entry: int) -> None:
        record = self._rounds.frames[frame]
        buyer_id, seller_id, energy_wh = entry & MASK_32, entry >> 32 & MASK_32, entry >> 64 & MASK_32
        tick = entry >> 96
        value_micro = energy_wh * tick * self._tick_micro_per_wh
        bought = self._rounds.position(frame, buyer_id) or Position()
        sold = self._rounds.position(frame, seller_id) or Position()
        left = replace(sold, sold_wh=sold.sold_wh - energy_wh, sale_micro=sold.sale_micro - value_micro)
        owed_micro = left.sold_wh * record.cap_tick * self._tick_micro_per_wh
        if (
            tick > HIGHEST_TICK
            or energy_wh == 0
            or buyer_id == seller_id
            or energy_wh > bought.bought_wh
            or value_micro > bought.purchase_micro
            or min(left.sold_wh, left.sale_micro) < 0
            or left.sale_micro + left.lock_micro < owed_micro
        ):
            raise Revert("Round_InvalidRefusal", frame, buyer_id, seller_id, energy_wh, tick)
        if left.sold_wh == 0:
            # The frame can become final without this seller's settlement: its money must not wait for one.
            self._add_margin(seller_id, left.sale_micro + left.lock_micro)
            left = replace(left, sale_micro=0, lock_micro=0)
        rest = replace(
            bought,
            bought_wh=bought.bought_wh - energy_wh,
            purchase_micro=bought.purchase_micro - value_micro,
        )
        self._rounds.set_position(frame, buyer_id, rest)
        self._rounds.set_position(frame, seller_id, left)
        self._add_margin(buyer_id, value_micro + energy_wh * record.fee_ticks * self._tick_micro_per_wh)
        self._rounds.set_frame(frame, record._replace(traded_wh=record.traded_wh - energy_wh))
        self._emit("TradeRefused", frame, buyer_id, seller_id, energy_wh, tick)

    # Leaving

    @external
    def cancel(self, sender: str, number: int) -> None:
        """Take back the caller's entry while its round collects."""
        caller_id = self._known(sender)
        self._collecting(_round_of(number))
        entry = self._rounds.entries.get(number)
        if entry is None:
            raise Revert("Round_NoEntry", number, ANY_SIDE)
        if entry.participant_id != caller_id:
            raise Revert("Round_NotOwner", number, entry.participant_id, caller_id)
        self._close(number, entry)

    @external
    def release(self, _sender: str, numbers: Sequence[int]) -> None:
        """Return the locks of what was not matched in closed rounds."""
        for number in numbers:
            record = self._round(_round_of(number))
            if self.phase_of(record) != CLOSED:
                raise Revert("Round_NotClosed", _round_of(number))
            entry = self._rounds.entries.get(number)
            if entry is not None:
                self._close(number, entry)

    def _close(self, number: int, entry: Entry) -> None:
        self._rounds.set_entry(number, None)
        self._add_margin(entry.participant_id, self._lock_micro(entry, entry.remaining_wh))
        self._emit("EntryClosed", number | entry.remaining_wh << 48)

    # Allocations

    @external
    def submit(self, sender: str, number: int, score: int, trades: Sequence[int]) -> None:
        """Submit an allocation; the best valid one wins, of equal ones the earliest."""
        solver_id = self._known(sender)
        record = self._round(number)
        self._check_phase(number, record.terms.collection_ends, record.terms.submission_ends)
        if score <= record.score:
            raise Revert("Round_NotBetter", number, score, record.score)
        found = Allocation(number, record, self._rounds.entries).verify(trades)
        if found != score:
            raise Revert("Round_WrongScore", number, score, found)
        commitment = commitment_of(trades)
        self._rounds.set_round(
            number, record._replace(score=score, solver_id=solver_id, commitment=commitment)
        )
        self._rounds.set_unapplied(number, trades)
        self._emit("AllocationAccepted", number, solver_id, score, len(trades), commitment)

    @external
    def finalise(self, _sender: str, number: int, trades: Sequence[int], rest: bytes) -> None:
        """Apply the next chunk of the best allocation."""
        record = self._round(number)
        self._check_phase(number, record.terms.submission_ends, record.terms.application_ends)
        if record.commitment == NO_COMMITMENT:
            raise Revert("Round_NothingToApply", number)
        given = link(trades, rest)
        if given != record.commitment:
            raise Revert("Round_WrongAllocation", number, record.commitment, given)
        self._rounds.set_round(number, record._replace(commitment=rest))
        self._rounds.set_unapplied(number, self._rounds.unapplied[number][len(trades) :])
        for trade in trades:
            self._apply(number, record.terms.first_frame, trade)
        self._emit("TradesApplied", number, tuple(trades))
        if rest == NO_COMMITMENT:
            self._emit("RoundFinalised", number, record.solver_id, record.score)

    def _apply(self, number: int, first_frame: int, trade: int) -> None:
        request_index, offer_index, offset, tick, energy_wh = unpack_trade(trade)
        frame = first_frame + offset
        request = self._used(entry_id(number, request_index), energy_wh)
        offer = self._used(entry_id(number, offer_index), energy_wh)
        record = self._rounds.frames[frame]
        value_micro = energy_wh * tick * self._tick_micro_per_wh
        fees_micro = energy_wh * record.fee_ticks * self._tick_micro_per_wh
        self._add_margin(
            request.participant_id, self._lock_micro(request, energy_wh) - value_micro - fees_micro
        )
        bought = self._rounds.position(frame, request.participant_id) or Position()
        bought = replace(
            bought,
            bought_wh=bought.bought_wh + energy_wh,
            purchase_micro=bought.purchase_micro + value_micro,
        )
        self._rounds.set_position(frame, request.participant_id, bought)
        sold = self._rounds.position(frame, offer.participant_id) or Position()
        sold = replace(
            sold,
            sold_wh=sold.sold_wh + energy_wh,
            sale_micro=sold.sale_micro + value_micro,
            lock_micro=sold.lock_micro + self._lock_micro(offer, energy_wh),
        )
        self._rounds.set_position(frame, offer.participant_id, sold)
        self._rounds.set_frame(frame, record._replace(traded_wh=record.traded_wh + energy_wh))

    def _used(self, number: int, energy_wh: int) -> Entry:
        """Take energy off an entry and return it as it was; a used up one is gone."""
        entry = self._rounds.entries[number]
        left_wh = entry.remaining_wh - energy_wh
        self._rounds.set_entry(number, entry._replace(remaining_wh=left_wh) if left_wh else None)
        return entry

    # Pushes from the house

    @external
    def open_frame(self, sender: str, frame: int, cap_tick: int, fee_ticks: int) -> None:
        """Open a frame for rounds."""
        self._only_house(sender)
        if frame in self._rounds.frames:
            raise Revert("Round_FrameAlreadyOpen", frame)
        self._rounds.set_frame(frame, RoundFrame(cap_tick, fee_ticks))
        self._emit("FrameOpened", frame, cap_tick, fee_ticks)

    @external
    def close_frame(self, sender: str, frame: int) -> int:
        """Tell the energy traded and not refused [Wh]."""
        self._only_house(sender)
        return self.traded_wh(frame)


def _round_of(number: int) -> int:
    """Round of an entry; what is wider than a round's number names none."""
    round_number = number >> 16
    return round_number if round_number <= MASK_32 else 0
