"""Twin of the house's accounts: balances, venues' holdings, ratings and suspension (M1, M10, M13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from voltberg.models import Role, Status, VenueKind
from voltberg.reference.parameters import CreditPolicy, FrameClock
from voltberg.reference.rating import GOOD, Account, rated, score_wad
from voltberg.reference.registry import Participants, RegistryTwin
from voltberg.reference.state import ZERO_ADDRESS, Contract, Revert, State, external, method_of, view
from voltberg.reference.token import TokenTwin
from voltberg.reference.words import MASK_32, MASK_40
from voltberg.units import BPS

MAXIMUM_VENUES: Final = 8
MONEY_LIMIT_MICRO: Final = (1 << 95) - 1


class HouseAccounts(Contract):
    """Accounts of the participants, money held by venues, rating."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: RegistryTwin,
        token: TokenTwin,
        credit: str,
        clock: FrameClock,
        policy: CreditPolicy,
        contracts: Mapping[str, Contract],
    ) -> None:
        super().__init__(state, "house", address)
        self._registry = registry
        self._token = token
        self._credit = credit
        self._clock = clock
        self._participants = Participants(state, registry.address)
        self._accounts: dict[int, Account] = {}
        self._venues: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._totals: dict[str, int] = {}
        self._policies: dict[str, CreditPolicy] = {"policy": policy}
        self._suppliers: dict[str, int] = {}
        self.contracts = contracts

    @property
    def _policy(self) -> CreditPolicy:
        return self._policies["policy"]

    @external
    def on_participant(self, sender: str, account: str, participant_id: int, roles: int) -> None:
        """Take over a participant's number and roles from the registry."""
        if sender != self._participants.registry:
            raise Revert("Settlement_NotRegistry", sender)
        self._participants.take_over(account, participant_id, roles)

    # Set-up

    @external
    def configure(self, sender: str, grid_id: int, retailer_id: int, platform_id: int) -> None:
        """Set the accounts of grid, retailer and platform, once."""
        self._only_supervisor(sender)
        if self._suppliers:
            raise Revert("Settlement_AlreadyConfigured")
        given = (grid_id, retailer_id, platform_id)
        for participant_id in given:
            if participant_id not in self._participants.accounts:
                raise Revert("Settlement_NotRegistered", ZERO_ADDRESS)
        for place, participant_id in enumerate(given):
            if participant_id in given[:place]:
                raise Revert("Settlement_InvalidRecord", participant_id)
        for name, participant_id in zip(("grid", "retailer", "platform"), given, strict=True):
            self._state.write(self._suppliers, name, participant_id)

    @external
    def add_venue(self, sender: str, venue: str, kind: int) -> int:
        """Let a contract hold margin; return how many did before."""
        self._only_supervisor(sender)
        if venue in self._venues:
            raise Revert("Settlement_VenueExists", venue)
        if venue not in self.contracts:
            raise Revert("Settlement_NotVenue", venue)
        index = len(self._venues)
        if index == MAXIMUM_VENUES:
            raise Revert("Settlement_TooManyVenues", MAXIMUM_VENUES)
        if kind not in tuple(VenueKind):
            raise Revert("Settlement_InvalidRecord", kind)
        self._state.write(self._venues, venue, kind)
        self._emit("VenueAdded", venue, index, kind)
        return index

    @external
    def set_credit_policy(self, sender: str, policy: Sequence[int]) -> None:
        """Replace the rating policy."""
        if sender != self._credit:
            raise Revert("Settlement_NotCredit", sender)
        new = CreditPolicy(*policy)
        for value in (new.tolerance_bps, abs(new.threshold_bps)):
            if value > BPS:
                raise Revert("Settlement_InvalidPolicy", value, BPS)
        self._state.write(self._policies, "policy", new)
        self._emit("CreditPolicyChanged", tuple(new))

    # Escrow

    @external
    def deposit(self, sender: str, amount_micro: int) -> None:
        """Move tokens from the caller into its balance."""
        participant_id = self._known(sender)
        self._check_amount(amount_micro)
        room = MONEY_LIMIT_MICRO - self.accounted_micro()
        if amount_micro > room:
            raise Revert("Settlement_MoneyLimit", amount_micro, room)
        self._state.write(self._totals, "accounted", self.accounted_micro() + amount_micro)
        self._pay(participant_id, amount_micro)
        self._emit("Deposited", participant_id, amount_micro)
        self._token.transfer_from(self.address, sender, self.address, amount_micro)

    @external
    def withdraw(self, sender: str, amount_micro: int) -> None:
        """Move tokens from the caller's balance to the caller."""
        participant_id = self._known(sender)
        self._check_amount(amount_micro)
        self._charge(participant_id, amount_micro)
        self._state.write(self._totals, "accounted", self.accounted_micro() - amount_micro)
        self._emit("Withdrawn", participant_id, amount_micro)
        self._token.transfer(self.address, sender, amount_micro)

    @external
    def move_to_venue(self, sender: str, venue: str, amount_micro: int) -> None:
        """Move money from the caller's balance to its margin at a venue."""
        participant_id = self._known(sender)
        if venue not in self._venues:
            raise Revert("Settlement_NotVenue", venue)
        self._check_amount(amount_micro)
        self._charge(participant_id, amount_micro)
        self._state.write(self._held, venue, self.held_by_venue(venue) + amount_micro)
        self._emit("MovedToVenue", participant_id, venue, amount_micro)
        method_of(self.contracts, venue, "credit_margin")(self.address, participant_id, amount_micro)

    @external
    def credit_from_venue(self, sender: str, participant_id: int, amount_micro: int) -> None:
        """Take margin back into a balance."""
        if sender not in self._venues:
            raise Revert("Settlement_NotVenue", sender)
        if participant_id not in self._participants.accounts:
            raise Revert("Settlement_NotRegistered", ZERO_ADDRESS)
        self._take_held(sender, amount_micro)
        self._pay(participant_id, amount_micro)
        self._emit("MovedFromVenue", participant_id, sender, amount_micro)

    # Rating and suspension

    @external
    def rate(self, sender: str, records: Sequence[int]) -> None:
        """Enter ratings that come from outside a settlement."""
        self._only_role(sender, Role.METER)
        for record in records:
            self._rate_record(record)
        self._emit("Rated", tuple(records))

    @external
    def rate_one(self, sender: str, record: int) -> None:
        """Enter one rating that comes from outside a settlement."""
        self._only_role(sender, Role.METER)
        self._rate_record(record)
        self._emit("RatedOne", record)

    @external
    def set_suspended(self, sender: str, participant_id: int, suspended: bool) -> None:
        """Set or lift the supervisor's suspension."""
        self._only_supervisor(sender)
        if participant_id not in self._participants.accounts:
            raise Revert("Settlement_NotRegistered", ZERO_ADDRESS)
        account = self._account(participant_id)
        status = account.status & Status.SUSPENDED_BY_CREDIT
        if suspended:
            status |= Status.SUSPENDED_BY_SUPERVISOR
        self._set_account(participant_id, account._replace(status=int(status)))
        self._tell_status(participant_id)

    @external
    def start_probation(self, _sender: str, participant_id: int) -> None:
        """Bring a participant suspended by credit back on probation."""
        account = self._account(participant_id)
        if not account.status & Status.SUSPENDED_BY_CREDIT:
            raise Revert("Settlement_NotSuspended", participant_id)
        current = self._clock.current(self._state.timestamp)
        if current < account.suspended_until:
            raise Revert("Settlement_StillSuspended", participant_id, account.suspended_until, current)
        status = account.status & Status.SUSPENDED_BY_SUPERVISOR
        self._set_account(
            participant_id, Account(account.balance_micro, status=int(status), on_probation=True)
        )
        self._tell_status(participant_id)

    def _rate_record(self, record: int) -> None:
        participant_id, weight_wh, good = record & MASK_32, record >> 32 & MASK_40, record >> 72
        if good > 1 or participant_id not in self._participants.accounts:
            raise Revert("Settlement_InvalidRecord", record)
        self._rate(participant_id, weight_wh, good)

    def _rate(self, participant_id: int, weight_wh: int, rating: int) -> None:
        before = self._account(participant_id)
        until = self._clock.current(self._state.timestamp) + self._clock.day_frames
        after = rated(before, weight_wh, rating == GOOD, self._policy, until)
        self._set_account(participant_id, after)
        if after.status != before.status:
            self._tell_status(participant_id)

    def _tell_status(self, participant_id: int) -> None:
        status = self._account(participant_id).status
        self._emit("StatusChanged", participant_id, status)
        for venue, kind in self._venues.items():
            if kind != VenueKind.MARGIN_ONLY:
                self._tell(venue, participant_id, "set_status", status)

    @external
    def push_demand_factor(self, sender: str, participant_id: int, factor_bps: int) -> None:
        """Tell the trading venues how much of a consumer's demand may be met."""
        if sender != self._credit:
            raise Revert("Settlement_NotCredit", sender)
        for venue, kind in self._venues.items():
            if kind != VenueKind.MARGIN_ONLY:
                self._tell(venue, participant_id, "set_demand_factor", factor_bps)

    @external
    def sync_venue(self, _sender: str, venue: str, first_id: int, last_id: int) -> None:
        """Tell a trading venue status and demand factor of participants."""
        if not self._venues.get(venue, VenueKind.MARGIN_ONLY):
            raise Revert("Settlement_NotVenue", venue)
        for participant_id in range(first_id, last_id + 1):
            if participant_id not in self._participants.accounts:
                raise Revert("Settlement_NotRegistered", ZERO_ADDRESS)
            status = self._account(participant_id).status
            method_of(self.contracts, venue, "set_status")(self.address, participant_id, status)
            factor_bps = method_of(self.contracts, self._credit, "demand_factor_bps")(participant_id)
            method_of(self.contracts, venue, "set_demand_factor")(self.address, participant_id, factor_bps)

    def _tell(self, venue: str, participant_id: int, function: str, value: int) -> None:
        """Tell a venue; one that refuses stops nobody."""
        try:
            method_of(self.contracts, venue, function)(self.address, participant_id, value)
        except Revert:
            self._emit("VenueNotTold", venue, participant_id)

    # Views

    @view
    def account_of(self, participant_id: int) -> tuple[int, int, int, int, int, bool, int]:
        """Balance, ratings, status, probation and first frame of a probation."""
        return self._account(participant_id)

    @view
    def score_wad(self, participant_id: int) -> int:
        """Score in [-1, 1] [WAD]."""
        return score_wad(self._account(participant_id))

    @view
    def held_by_venue(self, venue: str) -> int:
        """Money that a venue holds [micro]."""
        return self._held.get(venue, 0)

    @view
    def accounted_micro(self) -> int:
        """Tokens deposited and not withdrawn [micro] (rule M1)."""
        return self._totals.get("accounted", 0)

    @view
    def credit_policy(self) -> tuple[int, int, int, int, int]:
        """Tell the rating policy in force."""
        return self._policy

    @view
    def suppliers(self) -> tuple[int, int, int]:
        """Accounts of grid, retailer and platform."""
        suppliers = self._suppliers
        return suppliers.get("grid", 0), suppliers.get("retailer", 0), suppliers.get("platform", 0)

    def total_balance_micro(self) -> int:
        """Sum of all balances [micro]."""
        return sum(account.balance_micro for account in self._accounts.values())

    def venues(self) -> tuple[str, ...]:
        """Venues in the order in which they were added."""
        return tuple(self._venues)

    # Internal

    def _known(self, sender: str) -> int:
        participant_id = self._participants.ids.get(sender)
        if participant_id is None:
            raise Revert("Settlement_NotRegistered", sender)
        return participant_id

    def _only_role(self, sender: str, role: int) -> None:
        if not self._participants.has_role(sender, role):
            raise Revert("Settlement_MissingRole", sender, int(role))

    def _only_supervisor(self, sender: str) -> None:
        if sender != self._registry.owner():
            raise Revert("Settlement_NotSupervisor", sender)

    @staticmethod
    def _check_amount(amount_micro: int) -> None:
        if amount_micro == 0:
            raise Revert("Settlement_ZeroAmount")

    def _account(self, participant_id: int) -> Account:
        return self._accounts.get(participant_id, Account())

    def _set_account(self, participant_id: int, account: Account) -> None:
        self._state.write(self._accounts, participant_id, account)

    def _pay(self, participant_id: int, amount_micro: int) -> None:
        account = self._account(participant_id)
        self._set_account(participant_id, Account(account.balance_micro + amount_micro, *account[1:]))

    def _charge(self, participant_id: int, amount_micro: int) -> None:
        account = self._account(participant_id)
        if amount_micro > account.balance_micro:
            raise Revert(
                "Settlement_InsufficientBalance", participant_id, amount_micro, account.balance_micro
            )
        self._set_account(participant_id, Account(account.balance_micro - amount_micro, *account[1:]))

    def _take_held(self, venue: str, amount_micro: int) -> None:
        held = self.held_by_venue(venue)
        if amount_micro > held:
            raise Revert("Settlement_VenueOverdrawn", venue, amount_micro, held)
        self._state.write(self._held, venue, held - amount_micro)
