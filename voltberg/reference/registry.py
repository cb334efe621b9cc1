"""Twin of ``Registry``: numbers, roles, and the push of both to every contract that listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from voltberg.reference.state import ZERO_ADDRESS, Contract, Revert, State, external, method_of, view

MAXIMUM_LISTENERS: Final = 8
ALL_ROLES: Final = 63


class RegistryTwin(Contract):
    """Who may act as what; owned by the supervisor in two steps."""

    def __init__(
        self, state: State, address: str, supervisor: str, contracts: Mapping[str, Contract]
    ) -> None:
        super().__init__(state, "registry", address)
        self._contracts = contracts
        self._ids: dict[str, int] = {}
        self._accounts: dict[int, str] = {}
        self._roles: dict[str, int] = {}
        self._listeners: dict[int, str] = {}
        self._owners: dict[str, str] = {"owner": supervisor, "pending": ZERO_ADDRESS}

    def _only_owner(self, sender: str) -> None:
        if sender != self._owners["owner"]:
            raise Revert("OwnableUnauthorizedAccount", sender)

    def _push(self, account: str) -> None:
        participant_id, roles = self._ids[account], self._roles[account]
        for index in range(len(self._listeners)):
            push = method_of(self._contracts, self._listeners[index], "on_participant")
            push(self.address, account, participant_id, roles)

    def _register(self, account: str, roles: int) -> int:
        if account == ZERO_ADDRESS:
            raise Revert("Registry_ZeroAddress")
        if account in self._ids:
            raise Revert("Registry_AlreadyRegistered", account, self._ids[account])
        if not 0 < roles <= ALL_ROLES:
            raise Revert("Registry_UnknownRoles", roles)
        participant_id = len(self._ids) + 1
        self._state.write(self._ids, account, participant_id)
        self._state.write(self._accounts, participant_id, account)
        self._state.write(self._roles, account, roles)
        self._emit("ParticipantRegistered", account, participant_id, roles)
        self._push(account)
        return participant_id

    @external
    def register(self, sender: str, account: str, roles: int) -> int:
        """Register an account and return its number."""
        self._only_owner(sender)
        return self._register(account, roles)

    @external
    def register_many(self, sender: str, accounts: Sequence[str], roles: int) -> None:
        """Register accounts with the same roles."""
        self._only_owner(sender)
        for account in accounts:
            self._register(account, roles)

    @external
    def set_roles(self, sender: str, account: str, roles: int) -> None:
        """Replace an account's roles."""
        self._only_owner(sender)
        if account not in self._ids:
            raise Revert("Registry_NotRegistered", account)
        if roles > ALL_ROLES:
            raise Revert("Registry_UnknownRoles", roles)
        self._state.write(self._roles, account, roles)
        self._emit("RolesChanged", account, self._ids[account], roles)
        self._push(account)

    @external
    def add_listener(self, sender: str, listener: str) -> None:
        """Push to one more contract from now on."""
        self._only_owner(sender)
        if listener == ZERO_ADDRESS:
            raise Revert("Registry_ZeroAddress")
        if listener in self._listeners.values():
            raise Revert("Registry_AlreadyListening", listener)
        count = len(self._listeners)
        if count == MAXIMUM_LISTENERS:
            raise Revert("Registry_TooManyListeners", MAXIMUM_LISTENERS)
        if listener not in self._contracts:
            raise Revert("Registry_NotListener", listener)
        self._state.write(self._listeners, count, listener)
        self._emit("ListenerAdded", listener)

    @external
    def remove_listener(self, sender: str, listener: str) -> None:
        """Push no more to a contract; the last of the list takes its place."""
        self._only_owner(sender)
        places = [place for place, address in self._listeners.items() if address == listener]
        if not places:
            raise Revert("Registry_NotListener", listener)
        last = len(self._listeners) - 1
        self._state.write(self._listeners, places[0], self._listeners[last])
        self._state.write(self._listeners, last, None)
        self._emit("ListenerRemoved", listener)

    @external
    def sync(self, _sender: str, first_id: int, last_id: int) -> None:
        """Push participants again."""
        if first_id == 0 or last_id > len(self._ids):
            raise Revert("Registry_NotRegistered", ZERO_ADDRESS)
        for participant_id in range(first_id, last_id + 1):
            self._push(self._accounts[participant_id])

    @external
    def transfer_ownership(self, sender: str, successor: str) -> None:
        """Offer the supervisor's place."""
        self._only_owner(sender)
        self._state.write(self._owners, "pending", successor)
        self._emit("OwnershipTransferStarted", self._owners["owner"], successor)

    @external
    def accept_ownership(self, sender: str) -> None:
        """Take the supervisor's place that was offered."""
        if sender != self._owners["pending"]:
            raise Revert("OwnableUnauthorizedAccount", sender)
        self._hand_over(sender)

    @external
    def renounce_ownership(self, sender: str) -> None:
        """Leave the market without a supervisor."""
        self._only_owner(sender)
        self._hand_over(ZERO_ADDRESS)

    def _hand_over(self, successor: str) -> None:
        before = self._owners["owner"]
        self._state.write(self._owners, "pending", ZERO_ADDRESS)
        self._state.write(self._owners, "owner", successor)
        self._emit("OwnershipTransferred", before, successor)

    @view
    def owner(self) -> str:
        """Tell the supervisor."""
        return self._owners["owner"]

    @view
    def pending_owner(self) -> str:
        """Who may accept the supervisor's place."""
        return self._owners["pending"]

    @view
    def id_of(self, account: str) -> int:
        """Tell the number of an account, 0 when not registered."""
        return self._ids.get(account, 0)

    @view
    def account_of(self, participant_id: int) -> str:
        """Account of a number, zero when not given out."""
        return self._accounts.get(participant_id, ZERO_ADDRESS)

    @view
    def roles_of(self, account: str) -> int:
        """Role bits of an account."""
        return self._roles.get(account, 0)

    @view
    def participant_count(self) -> int:
        """Count of registered participants."""
        return len(self._ids)

    @view
    def listener_at(self, index: int) -> str:
        """Tell listener number `index`."""
        return self._listeners[index]

    @view
    def listener_count(self) -> int:
        """Count of listeners."""
        return len(self._listeners)


class Participants:
    """A contract's own copy of the registry's numbers and roles."""

    def __init__(self, state: State, registry: str) -> None:
        self._state = state
        self.registry = registry
        self.ids: dict[str, int] = {}
        self.accounts: dict[int, str] = {}
        self.roles: dict[str, int] = {}

    def take_over(self, account: str, participant_id: int, roles: int) -> None:
        """Store what the registry pushed."""
        write = self._state.write
        if account not in self.ids:
            write(self.ids, account, participant_id)
            write(self.accounts, participant_id, account)
        write(self.roles, account, roles)

    def has_role(self, account: str, role: int) -> bool:
        """Whether an account has a role."""
        return bool(self.roles.get(account, 0) & role)
