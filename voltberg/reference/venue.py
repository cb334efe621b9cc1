"""Twin of the accounts that every contract with margin keeps (``VenueAccounts``)."""

from __future__ import annotations

from typing import Protocol

from voltberg.reference.registry import Participants
from voltberg.reference.state import ZERO_ADDRESS, Contract, Revert, State, external, view


class MarginHouse(Protocol):
    """What a venue asks of the clearing house."""

    address: str

    def credit_from_venue(self, sender: str, participant_id: int, amount_micro: int) -> None:
        """Take margin back into a balance."""


class VenueTwin(Contract):
    """Participants with free margin at a venue."""

    def __init__(self, state: State, name: str, address: str, registry: str, house: MarginHouse) -> None:
        super().__init__(state, name, address)
        self._house = house
        self._participants = Participants(state, registry)
        self._ids = self._participants.ids
        self._margins: dict[int, int] = {}

    @external
    def on_participant(self, sender: str, account: str, participant_id: int, roles: int) -> None:
        """Take over a participant's number and roles from the registry."""
        if sender != self._participants.registry:
            raise Revert("Venue_NotRegistry", sender)
        self._participants.take_over(account, participant_id, roles)

    @external
    def credit_margin(self, sender: str, participant_id: int, amount_micro: int) -> None:
        """Take margin from the house."""
        self._only_house(sender)
        if participant_id not in self._participants.accounts:
            raise Revert("Venue_NotRegistered", ZERO_ADDRESS)
        self._add_margin(participant_id, amount_micro)
        self._emit("MarginDeposited", participant_id, amount_micro)

    @external
    def withdraw_margin(self, sender: str, amount_micro: int) -> None:
        """Send free margin back to the house."""
        participant_id = self._known(sender)
        self._take_margin(participant_id, amount_micro)
        self._emit("MarginWithdrawn", participant_id, amount_micro)
        self._house.credit_from_venue(self.address, participant_id, amount_micro)

    @view
    def margin_of(self, participant_id: int) -> int:
        """Free margin [micro]."""
        return self._margins.get(participant_id, 0)

    def total_margin_micro(self) -> int:
        """Sum of all free margins [micro]."""
        return sum(self._margins.values())

    def _known(self, sender: str) -> int:
        participant_id = self._ids.get(sender)
        if participant_id is None:
            raise Revert("Venue_NotRegistered", sender)
        return participant_id

    def _only_house(self, sender: str) -> None:
        if sender != self._house.address:
            raise Revert("Venue_NotHouse", sender)

    def _only_role(self, sender: str, role: int) -> None:
        if not self._participants.has_role(sender, role):
            raise Revert("Venue_MissingRole", sender, int(role))

    def _add_margin(self, participant_id: int, amount_micro: int) -> None:
        margins = self._margins
        self._state.write(margins, participant_id, margins.get(participant_id, 0) + amount_micro)

    def _take_margin(self, participant_id: int, amount_micro: int) -> None:
        available = self._margins.get(participant_id, 0)
        if amount_micro > available:
            raise Revert("Venue_InsufficientMargin", participant_id, amount_micro, available)
        self._state.write(self._margins, participant_id, available - amount_micro)
