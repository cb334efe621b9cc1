"""Where a market's contracts are, and the times of its frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from voltberg.configuration import MarketConfiguration
from voltberg.models import CONTRACT_NAMES
from voltberg.units import SECONDS_PER_HOUR

SECONDS_PER_DAY: Final = 24 * SECONDS_PER_HOUR

STANDALONE_ADDRESSES: Final[Mapping[str, str]] = {
    name: f"0x20000000000000000000000000000000000000{number:02d}"
    for number, name in enumerate(CONTRACT_NAMES, start=1)
}
"""Addresses of a twin without a chain: of digits only, so each is its own checksum."""
STANDALONE_SUPERVISOR: Final = "0x1000000000000000000000000000000000000000"


class CreditPolicy(NamedTuple):
    """How delivery is rated (rule M10); fields in the order of ``ITradeSettlement.CreditPolicy``."""

    tolerance_bps: int
    minimum_rated_wh: int
    binding_frames: int
    probation_frames: int
    threshold_bps: int


@dataclass(frozen=True, slots=True)
class FrameClock:
    """Times of a delivery frame (rule M7), half-open intervals, unix seconds.

    Attributes
    ----------
    frame_seconds : int
        Length of a frame [s].
    gate_closure_lead_seconds, refusal_lead_seconds : int
        Ends of trading and of refusals before delivery [s].
    metering_window_seconds : int
        Time for readings after delivery [s].
    ring_frames : int
        Frames whose state lies side by side (rule T2).
    """

    frame_seconds: int
    gate_closure_lead_seconds: int
    refusal_lead_seconds: int
    metering_window_seconds: int
    ring_frames: int

    @classmethod
    def of(cls, configuration: MarketConfiguration) -> FrameClock:
        """Take the times from a configuration."""
        terms = configuration.settlement
        return cls(
            terms.frame_seconds,
            terms.gate_closure_lead_seconds,
            terms.refusal_lead_seconds,
            terms.metering_window_seconds,
            terms.ring_frames,
        )

    @property
    def day_frames(self) -> int:
        """Frames of a day."""
        return SECONDS_PER_DAY // self.frame_seconds

    def current(self, timestamp: int) -> int:
        """Frame being delivered."""
        return timestamp // self.frame_seconds

    def end(self, frame: int) -> int:
        """End of delivery."""
        return (frame + 1) * self.frame_seconds

    def gate_closure(self, frame: int) -> int:
        """End of trading."""
        return max(0, frame * self.frame_seconds - self.gate_closure_lead_seconds)

    def refusal_deadline(self, frame: int) -> int:
        """End of refusals."""
        return max(0, frame * self.frame_seconds - self.refusal_lead_seconds)

    def metering_deadline(self, frame: int) -> int:
        """End of readings."""
        return self.end(frame) + self.metering_window_seconds
