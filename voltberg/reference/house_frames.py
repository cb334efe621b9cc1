"""Twin of the house's frames, and of the settlement of one position whatever kind of venue it comes from."""

from __future__ import annotations

from collections.abc import Mapping

from voltberg.models import Position, SettledDelivery
from voltberg.reference.house_accounts import HouseAccounts
from voltberg.reference.parameters import CreditPolicy, FrameClock
from voltberg.reference.rating import UNRATED, verdict
from voltberg.reference.registry import RegistryTwin
from voltberg.reference.settlement_rule import FrameRecord, Payment, payment_for_reading, payment_unmetered
from voltberg.reference.state import Contract, Revert, State, view
from voltberg.reference.token import TokenTwin
from voltberg.reference.words import pack_delivery


class HouseFrames(HouseAccounts):
    """Frames with their records; what a position is paid, and its rating."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: RegistryTwin,
        token: TokenTwin,
        credit: str,
        clock: FrameClock,
        tick_micro_per_wh: int,
        policy: CreditPolicy,
        contracts: Mapping[str, Contract],
    ) -> None:
        super().__init__(state, address, registry, token, credit, clock, policy, contracts)
        self._tick_micro_per_wh = tick_micro_per_wh
        self._frames: dict[int, FrameRecord] = {}

    @view
    def tick_micro_per_wh(self) -> int:
        """Money per Wh and tick [micro]."""
        return self._tick_micro_per_wh

    def _unfinished(self, frame: int) -> FrameRecord:
        record = self._frames.get(frame)
        if record is None:
            raise Revert("Settlement_FrameNotOpen", frame)
        if record.finalised:
            raise Revert("Settlement_FrameFinal", frame)
        return record

    def _unfinished_of(self, frame: int, *, roots: bool) -> FrameRecord:
        record = self._unfinished(frame)
        if record.roots != roots:
            raise Revert("Settlement_OtherResults", frame)
        return record

    def _check_metering(self, frame: int) -> None:
        opens, closes = self._clock.end(frame), self._clock.metering_deadline(frame)
        if not opens <= self._state.timestamp < closes:
            raise Revert("Settlement_OutsideMeteringWindow", frame, opens, closes, self._state.timestamp)

    def _check_unmetered(self, frame: int) -> None:
        deadline, now = self._clock.metering_deadline(frame), self._state.timestamp
        if now < deadline:
            raise Revert("Settlement_BeforeMeteringDeadline", frame, deadline, now)

    def _outcome(
        self, record: FrameRecord, position: Position, delivered_wh: int | None
    ) -> tuple[Payment, int]:
        """Payment and rating of a position, read or (None) not."""
        fallback_micro_per_wh = record.fallback_tick * self._tick_micro_per_wh
        if delivered_wh is None:
            return payment_unmetered(position, fallback_micro_per_wh, any_read=record.any_read), UNRATED
        payment = payment_for_reading(position, delivered_wh, fallback_micro_per_wh)
        return payment, verdict(position.owed_wh, payment.shortfall_wh, self._policy)

    def _paid_and_rated(self, participant_id: int, position: Position, payment: Payment, rating: int) -> int:
        """Pay and rate a participant; return the record of the log."""
        self._pay(participant_id, payment.paid_micro)
        if rating != UNRATED:
            self._rate(participant_id, position.owed_wh, rating)
        return pack_delivery(SettledDelivery(participant_id, payment.delivered_wh, payment.paid_micro))
