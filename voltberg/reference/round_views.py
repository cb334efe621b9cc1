"""Views of the twin of ``MatchingRound``, and what only a twin can tell: locked money, fees due."""

from __future__ import annotations

from typing import Final

from voltberg.configuration import BookTerms
from voltberg.reference.delegation import MandatesTwin
from voltberg.reference.parameters import FrameClock
from voltberg.reference.position_venue import PositionVenueTwin
from voltberg.reference.round_state import RoundRecord, RoundState, RoundTerms
from voltberg.reference.round_words import NO_COMMITMENT
from voltberg.reference.state import State, view
from voltberg.reference.venue import MarginHouse
from voltberg.reference.words import MASK_32

NO_TERMS: Final = RoundTerms(*[0] * len(RoundTerms._fields))
UNKNOWN, COLLECTING, SUBMITTING, APPLYING, CLOSED = range(5)


class RoundViews(PositionVenueTwin, MandatesTwin):
    """State and views of the venue of rounds."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: str,
        house: MarginHouse,
        credit: str,
        terms: BookTerms,
        clock: FrameClock,
        tick_micro_per_wh: int,
    ) -> None:
        super().__init__(state, "round", address, registry, house, credit, clock, tick_micro_per_wh)
        self._minimum_quantity_wh = terms.minimum_quantity_wh
        self._minimum_lock_micro = terms.minimum_lock_micro
        self._rounds = RoundState(state)

    @view
    def round_count(self) -> int:
        """Count the rounds ever opened."""
        return len(self._rounds.rounds)

    @view
    def terms_of(self, number: int) -> RoundTerms:
        """Terms of a round; zeros when there is none."""
        record = self._rounds.rounds.get(number)
        return record.terms if record else NO_TERMS

    @view
    def feeder_limits_of(self, number: int) -> tuple[int, ...]:
        """Feeder limit words of a round."""
        record = self._rounds.rounds.get(number)
        return record.feeder_limits if record else ()

    @view
    def state_of(self, number: int) -> tuple[int, int, int, int, bytes]:
        """Phase, entries, best score, its solver, and the commitment to what is left to apply."""
        record = self._rounds.rounds.get(number)
        if record is None:
            return UNKNOWN, 0, 0, 0, NO_COMMITMENT
        return self.phase_of(record), record.entries, record.score, record.solver_id, record.commitment

    @view
    def entry_of(self, number: int) -> tuple[int, int, int, int, int, int, int, int]:
        """Owner, side, remaining, limit, window, feeder and lock of an entry; zeros otherwise."""
        entry = self._rounds.entries.get(number)
        if entry is None:
            return (0,) * 8
        start = self._rounds.rounds[number >> 16].terms.first_frame
        return (
            entry.participant_id,
            entry.side,
            entry.remaining_wh,
            entry.tick,
            start + entry.first,
            start + entry.last,
            entry.feeder,
            entry.lock_ticks,
        )

    @view
    def list_of(self, number: int, exchange_id: int) -> tuple[int, int, int]:
        """Last good consumer, good requests and taken ones of an exchange's list."""
        return self._rounds.lists.get((number, exchange_id), (0, 0, 0))

    @view
    def offers_of(self, number: int, participant_id: int) -> int:
        """Offers that a participant made in a round."""
        return self._rounds.offers.get((number, participant_id), 0)

    @view
    def frame_of(self, frame: int) -> tuple[bool, int, int, int, int]:
        """Open, cap, fees, round and energy traded."""
        record = self._rounds.frames.get(frame)
        return (record is not None, *(record or (0, 0, 0, 0)))

    @view
    def minimum_quantity_wh(self) -> int:
        """Least quantity of an entry [Wh]."""
        return self._minimum_quantity_wh

    @view
    def minimum_lock_micro(self) -> int:
        """Least lock of an entry [micro]."""
        return self._minimum_lock_micro

    def phase_of(self, record: RoundRecord) -> int:
        """Tell where a round stands at the present time."""
        now, terms = self._state.timestamp, record.terms
        if now < terms.collection_ends:
            return COLLECTING
        if now < terms.submission_ends:
            return SUBMITTING
        if now < terms.application_ends and record.commitment != NO_COMMITMENT:
            return APPLYING
        return CLOSED

    def open_frames(self) -> list[int]:
        """Frames ever opened here, ascending."""
        return sorted(self._rounds.frames)

    def standing_entries(self, number: int) -> list[int]:
        """Ids of a round's entries that were neither used up nor closed, ascending."""
        return sorted(entry for entry in self._rounds.entries if entry >> 16 == number & MASK_32)

    def unapplied_trades(self, number: int) -> tuple[int, ...]:
        """Trades of the best allocation that are left to apply."""
        return self._rounds.unapplied.get(number, ())

    def locked_micro(self) -> int:
        """Money locked by standing entries [micro]."""
        locked = sum(entry.remaining_wh * entry.lock_ticks for entry in self._rounds.entries.values())
        return locked * self._tick_micro_per_wh

    def traded_wh(self, frame: int) -> int:
        """Energy traded in a frame and not refused [Wh]."""
        record = self._rounds.frames.get(frame)
        return record.traded_wh if record else 0

    def fees_micro(self, frame: int) -> int:
        """Fees of a frame's trades [micro]."""
        record = self._rounds.frames.get(frame)
        return record.traded_wh * record.fee_ticks * self._tick_micro_per_wh if record else 0
