"""Twin of ``CreditScoring``: evaluation of stations and penalty lists.

Sources: Cui et al. 2023, eqs 1 to 3; Liang 2024, eqs 4.1 to 4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from voltberg.configuration import CreditTerms
from voltberg.models import Role
from voltberg.reference.fixed_point import HIGHEST_RATING, evaluated
from voltberg.reference.house import HouseTwin
from voltberg.reference.registry import Participants, RegistryTwin
from voltberg.reference.state import Contract, Revert, State, external, view
from voltberg.reference.words import MASK_32, MASK_40
from voltberg.units import BPS, WAD

PENALTY_ENTRIES: Final = 8
"""Entries that a penalty list keeps."""


@dataclass(frozen=True, slots=True)
class Station:
    """Evaluation R [WAD], count of evaluations, endorsed ledger updates l."""

    evaluation_wad: int = 0
    evaluations: int = 0
    endorsements: int = 0


def penalty_factor_bps(entries_bps: Sequence[int]) -> int:
    """Product of a penalty list, oldest entry first, each step rounded down [1/10,000]."""
    factor = BPS
    for entry in entries_bps:
        factor = factor * entry // BPS
    return factor


class CreditTwin(Contract):
    """User credit, station evaluation, penalty lists."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: RegistryTwin,
        house: HouseTwin,
        terms: CreditTerms,
    ) -> None:
        super().__init__(state, "credit", address)
        self._registry = registry
        self._house = house
        self._terms = terms
        self._participants = Participants(state, registry.address)
        self._risks: dict[bool, int] = {False: terms.consumer_risk_bps, True: terms.exchange_risk_bps}
        self._stations: dict[int, Station] = {}
        self._totals: dict[str, int] = {}
        self._sessions: dict[tuple[int, int], int] = {}
        self._penalties: dict[tuple[int, bool], tuple[int, ...]] = {}

    @external
    def on_participant(self, sender: str, account: str, participant_id: int, roles: int) -> None:
        """Take over a participant's number and roles from the registry."""
        if sender != self._registry.address:
            raise Revert("Credit_NotRegistry", sender)
        self._participants.take_over(account, participant_id, roles)

    @external
    def set_credit_policy(self, sender: str, policy: Sequence[int]) -> None:
        """Set the rating policy of users in the house."""
        self._only_supervisor(sender)
        self._house.set_credit_policy(self.address, policy)

    @external
    def set_risk_parameters(self, sender: str, consumer_risk_bps: int, exchange_risk_bps: int) -> None:
        """Set gamma_1 and gamma_2 of RET."""
        self._only_supervisor(sender)
        for risk in (consumer_risk_bps, exchange_risk_bps):
            if risk >= BPS:
                raise Revert("Credit_InvalidRisk", risk)
        self._state.write(self._risks, False, consumer_risk_bps)
        self._state.write(self._risks, True, exchange_risk_bps)
        self._emit("RiskParametersChanged", consumer_risk_bps, exchange_risk_bps)

    # Stations

    @external
    def attest_sessions(self, sender: str, records: Sequence[int]) -> None:
        """Attest charging sessions."""
        self._only_role(sender, Role.METER)
        for record in records:
            station_id, user_id, energy_wh = record & MASK_32, record >> 32 & MASK_32, record >> 64
            known = self._is_station(station_id) and user_id in self._participants.accounts
            if record >> 96 or not known or station_id == user_id:
                raise Revert("Credit_InvalidRecord", record)
            left = self.open_sessions(station_id, user_id)
            self._state.write(self._sessions, (station_id, user_id), left + 1)
            self._emit("SessionAttested", station_id, user_id, energy_wh)

    @external
    def record_endorsements(self, sender: str, station_id: int, count: int) -> None:
        """Count ledger updates that a station endorsed."""
        self._only_role(sender, Role.OPERATOR)
        if not self._is_station(station_id):
            raise Revert("Credit_UnknownStation", station_id)
        station = self._station(station_id)
        changed = replace(station, endorsements=station.endorsements + count)
        self._state.write(self._stations, station_id, changed)
        self._state.write(self._totals, "endorsements", self.total_endorsements() + count)
        self._emit("EndorsementsRecorded", station_id, count)

    @external
    def evaluate(self, sender: str, station_id: int, rating: int) -> None:
        """Evaluate a station after a session."""
        user_id = self._participants.ids.get(sender)
        if user_id is None:
            raise Revert("Credit_NotRegistered", sender)
        if not self._is_station(station_id):
            raise Revert("Credit_UnknownStation", station_id)
        if not 1 <= rating <= HIGHEST_RATING:
            raise Revert("Credit_InvalidRating", rating)
        left = self.open_sessions(station_id, user_id)
        if left == 0:
            raise Revert("Credit_NoSession", station_id, user_id)
        self._state.write(self._sessions, (station_id, user_id), left - 1)
        station = self._station(station_id)
        evaluation_wad = evaluated(
            station.evaluation_wad,
            rating,
            self._weight_wad(user_id),
            station.endorsements,
            self.total_endorsements(),
            self._terms,
        )
        changed = Station(evaluation_wad, station.evaluations + 1, station.endorsements)
        self._state.write(self._stations, station_id, changed)
        self._emit("StationEvaluated", station_id, user_id, rating, evaluation_wad)

    def _weight_wad(self, user_id: int) -> int:
        if self._house.account_of(user_id)[2] == 0:
            return self._terms.unrated_weight_wad
        return min(WAD, max(0, self._house.score_wad(user_id)))

    # Penalty lists

    @external
    def record_supply(self, sender: str, records: Sequence[int]) -> None:
        """Enter a round of supply into penalty lists."""
        self._only_role(sender, Role.METER)
        for record in records:
            self._record_supply(record)

    def _record_supply(self, record: int) -> None:
        participant_id = record & MASK_32
        theoretical, practical = record >> 32 & MASK_40, record >> 72 & MASK_40
        exchange = record >> 112
        account = self._participants.accounts.get(participant_id)
        if (
            exchange > 1
            or practical > theoretical
            or account is None
            or (exchange and not self._participants.has_role(account, Role.EXCHANGE))
        ):
            raise Revert("Credit_InvalidRecord", record)
        if theoretical == 0:
            return
        key = (participant_id, bool(exchange))
        before = self._penalties.get(key, ())
        ratio_bps = practical * BPS // theoretical
        risk_bps = self._risks[key[1]]
        if ratio_bps < BPS - risk_bps:
            after = (*before, ratio_bps + risk_bps)[-PENALTY_ENTRIES:]
        elif before:
            after = before[:-1]
        else:
            return
        self._state.write(self._penalties, key, after)
        self._tell_penalty(key, before, after)

    def _tell_penalty(self, key: tuple[int, bool], before: tuple[int, ...], after: tuple[int, ...]) -> None:
        participant_id, exchange = key
        factor_bps = penalty_factor_bps(after)
        word = len(after) << 128
        for place, entry in enumerate(after):
            word |= entry << 16 * place
        self._emit("PenaltyChanged", participant_id, exchange, word, factor_bps)
        if not exchange and factor_bps != penalty_factor_bps(before):
            self._house.push_demand_factor(self.address, participant_id, factor_bps)

    # Views

    @view
    def score_wad(self, participant_id: int) -> int:
        """Score of a user [WAD] (Cui eq. 2)."""
        return self._house.score_wad(participant_id)

    @view
    def station_of(self, station_id: int) -> tuple[int, int, int]:
        """Tell a station's evaluation [WAD], evaluations and endorsements."""
        station = self._station(station_id)
        return station.evaluation_wad, station.evaluations, station.endorsements

    @view
    def total_endorsements(self) -> int:
        """Ledger updates endorsed by all stations."""
        return self._totals.get("endorsements", 0)

    @view
    def open_sessions(self, station_id: int, user_id: int) -> int:
        """Sessions that a user may still evaluate at a station."""
        return self._sessions.get((station_id, user_id), 0)

    @view
    def penalties_of(self, participant_id: int, exchange: bool) -> tuple[int, ...]:
        """List penalties, oldest entry first [1/10,000]."""
        return self._penalties.get((participant_id, exchange), ())

    @view
    def demand_factor_bps(self, participant_id: int) -> int:
        """Share of a consumer's demand that may be met [1/10,000] (eq. 4.2)."""
        return penalty_factor_bps(self.penalties_of(participant_id, False))

    @view
    def request_quota(self, exchange_id: int, requests: int) -> int:
        """Count the requests that an exchange may submit of `requests` (eq. 4.4)."""
        return requests * penalty_factor_bps(self.penalties_of(exchange_id, True)) // BPS

    @view
    def evaluation_terms(self) -> tuple[int, int, int, int, int]:
        """Constants of the evaluation, in the order of ``EvaluationTerms``."""
        terms = self._terms
        return terms.alpha_wad, terms.sigma_wad, terms.beta_wad, terms.top_wad, terms.unrated_weight_wad

    @view
    def risk_parameters(self) -> tuple[int, int]:
        """gamma_1 and gamma_2 [1/10,000]."""
        return self._risks[False], self._risks[True]

    # Internal

    def _only_supervisor(self, sender: str) -> None:
        if sender != self._registry.owner():
            raise Revert("Credit_NotSupervisor", sender)

    def _only_role(self, sender: str, role: int) -> None:
        if not self._participants.has_role(sender, role):
            raise Revert("Credit_MissingRole", sender, int(role))

    def _is_station(self, participant_id: int) -> bool:
        account = self._participants.accounts.get(participant_id)
        return account is not None and self._participants.has_role(account, Role.STATION)

    def _station(self, station_id: int) -> Station:
        return self._stations.get(station_id, Station())
