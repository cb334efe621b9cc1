"""Twin of ``MatchingRound``: rounds, allocations and their application (rules R1 to R9, M3, M8, M13)."""

from __future__ import annotations

from collections.abc import Sequence

from voltberg.models import Role
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
        record = self._rounds.frames.get(frame)
        if record is None:
            raise Revert("Round_FrameNotOpen", frame)
        refused_wh = self._refuse(frame, entries, record.cap_tick, record.fee_ticks)
        self._rounds.set_frame(frame, record._replace(traded_wh=record.traded_wh - refused_wh))

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
        self._positions.add_purchase(frame, request.participant_id, energy_wh, value_micro)
        lock_micro = self._lock_micro(offer, energy_wh)
        self._positions.add_sale(frame, offer.participant_id, energy_wh, value_micro, lock_micro)
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
