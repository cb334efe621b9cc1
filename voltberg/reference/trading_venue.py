"""Twin of what every trading venue shares (``TradingVenue``): clock, tick, status and demand factor."""

from __future__ import annotations

from voltberg.reference.parameters import FrameClock
from voltberg.reference.state import ZERO_ADDRESS, Revert, State, external, view
from voltberg.reference.venue import MarginHouse, VenueTwin
from voltberg.units import BPS


class TradingVenueTwin(VenueTwin):
    """Participants of a trading venue, with what the house pushes."""

    def __init__(
        self,
        state: State,
        name: str,
        address: str,
        registry: str,
        house: MarginHouse,
        credit: str,
        clock: FrameClock,
        tick_micro_per_wh: int,
    ) -> None:
        super().__init__(state, name, address, registry, house)
        self._credit = credit
        self._clock = clock
        self._tick_micro_per_wh = tick_micro_per_wh
        self._statuses: dict[int, int] = {}
        self._factors: dict[int, int] = {}

    @external
    def set_status(self, sender: str, participant_id: int, status: int) -> None:
        """Take over whether a participant may place orders."""
        self._only_house(sender)
        self._check_known_id(participant_id)
        self._state.write(self._statuses, participant_id, status)

    @external
    def set_demand_factor(self, sender: str, participant_id: int, factor_bps: int) -> None:
        """Take over how much of a penalised consumer's demand may be met."""
        self._only_house(sender)
        self._check_known_id(participant_id)
        self._state.write(self._factors, participant_id, factor_bps)

    @view
    def account_of(self, participant_id: int) -> tuple[int, int, int]:
        """Margin [micro], status and demand factor [1/10,000] of a participant."""
        if participant_id not in self._participants.accounts:
            return 0, 0, 0
        return (
            self._margins.get(participant_id, 0),
            self._statuses.get(participant_id, 0),
            self._factors.get(participant_id, BPS),
        )

    @view
    def gate_closure_lead_seconds(self) -> int:
        """Seconds before delivery at which the gate closes."""
        return self._clock.gate_closure_lead_seconds

    @view
    def tick_micro_per_wh(self) -> int:
        """Money per Wh and tick [micro]."""
        return self._tick_micro_per_wh

    def _check_known_id(self, participant_id: int) -> None:
        if participant_id not in self._participants.accounts:
            raise Revert("Venue_NotRegistered", ZERO_ADDRESS)
