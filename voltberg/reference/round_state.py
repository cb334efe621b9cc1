"""What the twin of ``MatchingRound`` remembers: rounds, entries, lists and frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from voltberg.reference.round_words import NO_COMMITMENT, entry_id
from voltberg.reference.state import State
from voltberg.reference.words import MASK_8, MASK_32, packed

REQUEST: Final = 0
OFFER: Final = 1
ANY_SIDE: Final = 255
"""Stands in an error for a side that the caller did not give."""

MAXIMUM_FRAMES: Final = 48
MAXIMUM_FEEDERS: Final = 32
MAXIMUM_ENTRIES: Final = 4_096
MAXIMUM_OFFERS: Final = 8
MAXIMUM_QUANTITY_WH: Final = (1 << 28) - 1
MAXIMUM_LOCK_MICRO: Final = (1 << 36) - 1


class RoundTerms(NamedTuple):
    """What the operator posts; fields in the order of ``IMatchingRound.RoundTerms``."""

    first_frame: int
    frames: int
    objective: int
    storage_id: int
    charge_wh: int
    discharge_wh: int
    collection_ends: int
    submission_ends: int
    application_ends: int


class RoundRecord(NamedTuple):
    """A round and what came of it so far."""

    terms: RoundTerms
    feeder_limits: tuple[int, ...]
    entries: int = 0
    score: int = 0
    solver_id: int = 0
    commitment: bytes = NO_COMMITMENT


class Entry(NamedTuple):
    """A standing request or offer; frames count from the span's first one."""

    participant_id: int
    side: int
    remaining_wh: int
    tick: int
    first: int
    last: int
    feeder: int
    lock_ticks: int

    @classmethod
    def read(cls, word: int, side: int) -> Entry:
        """Read an entry from calldata; its lock is not known yet."""
        return cls(
            participant_id=word & MASK_32,
            side=side,
            remaining_wh=word >> 32 & MASK_32,
            tick=word >> 64 & MASK_8,
            first=word >> 72 & MASK_8,
            last=word >> 80 & MASK_8,
            feeder=word >> 88 & MASK_8,
            lock_ticks=0,
        )

    def placement(self, number: int) -> int:
        """Argument of ``EntryPlaced``."""
        return packed(
            "placement",
            (
                (number, 48),
                (self.participant_id, 32),
                (self.remaining_wh, 32),
                (self.tick, 8),
                (self.first, 8),
                (self.last, 8),
                (self.feeder, 8),
                (self.side, 8),
                (self.lock_ticks, 16),
            ),
        )


class Listing(NamedTuple):
    """How far an exchange's list in a round is."""

    last_consumer_id: int = 0
    good: int = 0
    taken: int = 0


class RoundFrame(NamedTuple):
    """A frame that opened for rounds."""

    cap_tick: int
    fee_ticks: int
    round_number: int = 0
    traded_wh: int = 0


class RoundState:
    """Storage of the rounds.

    Parameters
    ----------
    state : State
        Shared by all contracts of a market.
    """

    def __init__(self, state: State) -> None:
        self._write = state.write
        self.rounds: dict[int, RoundRecord] = {}
        self.entries: dict[int, Entry] = {}
        self.frames: dict[int, RoundFrame] = {}
        self.lists: dict[tuple[int, int], Listing] = {}
        self.offers: dict[tuple[int, int], int] = {}
        self.unapplied: dict[int, tuple[int, ...]] = {}

    def set_round(self, number: int, record: RoundRecord) -> None:
        """Store a round."""
        self._write(self.rounds, number, record)

    def set_unapplied(self, number: int, trades: Sequence[int]) -> None:
        """Remember what is left to apply of the best allocation, which the chain has in calldata only."""
        self._write(self.unapplied, number, tuple(trades))

    def set_entry(self, number: int, entry: Entry | None) -> None:
        """Store an entry; None when it leaves or is used up."""
        self._write(self.entries, number, entry)

    def enter(self, round_number: int, entry: Entry) -> int:
        """Give an entry the round's next number and store it; return its id."""
        record = self.rounds[round_number]
        number = entry_id(round_number, record.entries)
        self.set_entry(number, entry)
        self.set_round(round_number, record._replace(entries=record.entries + 1))
        return number

    def set_frame(self, frame: int, record: RoundFrame) -> None:
        """Store a frame."""
        self._write(self.frames, frame, record)

    def set_list(self, round_number: int, exchange_id: int, listing: Listing) -> None:
        """Store how far a list is."""
        self._write(self.lists, (round_number, exchange_id), listing)

    def count_offer(self, round_number: int, participant_id: int) -> None:
        """Count one more offer of a participant."""
        key = round_number, participant_id
        self._write(self.offers, key, self.offers.get(key, 0) + 1)
