"""Positions of a venue that stores them: a ring of frames (rule M3)."""

from __future__ import annotations

from typing import NamedTuple

from voltberg.models import Position
from voltberg.reference.state import Revert, State
from voltberg.reference.words import MASK_32, MASK_40, MASK_48, MASK_56, position_tag


class FramePosition(NamedTuple):
    """A participant's position, with the tag of its frame."""

    tag: int
    bought_wh: int
    sold_wh: int
    purchase_micro: int
    sale_micro: int
    lock_micro: int


class PositionRing:
    """Positions by slot in the ring and participant's number, every change with its way back.

    Parameters
    ----------
    state : State
        Shared by all contracts of a market.
    ring_frames : int
        Frames of the ring.
    """

    def __init__(self, state: State, ring_frames: int) -> None:
        self._write = state.write
        self._ring_frames = ring_frames
        self._entries: dict[int, FramePosition] = {}

    def of(self, frame: int, participant_id: int) -> FramePosition | None:
        """Position of a participant in a frame; None if there is none or another frame has its slot."""
        entry = self._entries.get(frame % self._ring_frames << 32 | participant_id)
        return entry if entry is not None and entry.tag == self._tag(frame) else None

    def store(self, frame: int, participant_id: int, entry: FramePosition) -> None:
        """Store a position."""
        self._write(self._entries, frame % self._ring_frames << 32 | participant_id, entry)

    def add_purchase(self, frame: int, participant_id: int, energy_wh: int, value_micro: int) -> None:
        """Add what a participant bought to its position."""
        _, bought, sold, purchase, sale, lock = self.of(frame, participant_id) or (0,) * 6
        bought += energy_wh
        purchase += value_micro
        if bought > MASK_40 or purchase > MASK_56:
            raise Revert("Venue_PositionOverflow", participant_id, frame)
        self.store(frame, participant_id, FramePosition(self._tag(frame), bought, sold, purchase, sale, lock))

    def add_sale(
        self, frame: int, participant_id: int, energy_wh: int, value_micro: int, lock_micro: int
    ) -> None:
        """Add what a participant sold to its position."""
        _, bought, sold, purchase, sale, lock = self.of(frame, participant_id) or (0,) * 6
        sold += energy_wh
        sale += value_micro
        lock += lock_micro
        if sold > MASK_40 or sale > MASK_56 or lock > MASK_48:
            raise Revert("Venue_PositionOverflow", participant_id, frame)
        self.store(frame, participant_id, FramePosition(self._tag(frame), bought, sold, purchase, sale, lock))

    def in_frame(self, frame: int) -> dict[int, Position]:
        """Positions of a frame by participant."""
        tag, slot = self._tag(frame), frame % self._ring_frames
        return {
            key & MASK_32: Position(*entry[1:])
            for key, entry in self._entries.items()
            if key >> 32 == slot and entry.tag == tag
        }

    def _tag(self, frame: int) -> int:
        return position_tag(frame, self._ring_frames)
