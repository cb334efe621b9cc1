"""Twin of ``TradeSettlement``, the clearing house: frames and their settlement (rules M1 to M9, M13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from voltberg.models import Role, VenueKind
from voltberg.reference.house_roots import RootSettlement
from voltberg.reference.parameters import CreditPolicy, FrameClock
from voltberg.reference.registry import RegistryTwin
from voltberg.reference.settlement_rule import FrameRecord
from voltberg.reference.state import ZERO_ADDRESS, Contract, Revert, State, external, method_of, view
from voltberg.reference.token import TokenTwin
from voltberg.reference.words import (
    MASK_8,
    MASK_32,
    NOT_POSTED_TICK,
    pack_deliveries,
    unpack_position,
)

MAXIMUM_FEE_TICKS: Final = 15
LAST_TIMESTAMP: Final = (1 << 256) - 1
SKIPPED_SETTLED: Final = 1
SKIPPED_NO_POSITION: Final = 2
SKIPPED_NOT_REGISTERED: Final = 3


class HouseTwin(RootSettlement):
    """The clearing house."""

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
        super().__init__(state, address, registry, token, credit, clock, tick_micro_per_wh, policy, contracts)
        self._ring: dict[int, int] = {}
        self._settled: dict[tuple[int, int], bool] = {}

    # Frames

    @external
    def open_frames(self, sender: str, venue: str, first_frame: int, tariffs: Sequence[int]) -> None:
        """Open frames with their tariffs, fixed from then on."""
        self._only_role(sender, Role.OPERATOR)
        if not self._suppliers:
            raise Revert("Settlement_NotConfigured")
        if not self._venues.get(venue, VenueKind.MARGIN_ONLY):
            raise Revert("Settlement_NotVenue", venue)
        for offset, tariff in enumerate(tariffs):
            self._open_frame(venue, first_frame + offset, tariff)

    def _open_frame(self, venue: str, frame: int, tariff: int) -> None:
        if tariff >> 40:
            raise Revert("Settlement_InvalidRecord", tariff)
        if frame in self._frames:
            raise Revert("Settlement_FrameExists", frame)
        now = self._state.timestamp
        gate = self._clock.gate_closure(frame)
        if now >= gate:
            raise Revert("Settlement_TooLateToOpen", frame, gate, now)
        self._check_ring(frame)
        cap, grid, retailer, grid_fee, platform_fee = (tariff >> shift & MASK_8 for shift in range(0, 40, 8))
        posted = [tick for tick in (grid, retailer) if tick != NOT_POSTED_TICK]
        too_dear = any(tick > cap for tick in posted)
        if too_dear or grid_fee + platform_fee > MAXIMUM_FEE_TICKS or cap in (0, NOT_POSTED_TICK):
            raise Revert("Settlement_InvalidTariff", frame, cap, grid, retailer, grid_fee, platform_fee)
        roots = self._venues[venue] == VenueKind.ROOTS
        record = FrameRecord(venue, cap, grid, retailer, grid_fee, platform_fee, roots=roots)
        self._state.write(self._frames, frame, record)
        self._state.write(self._ring, frame % self._clock.ring_frames, frame)
        self._emit("FrameOpened", frame, venue, cap, grid, retailer, grid_fee, platform_fee)
        method_of(self.contracts, venue, "open_frame")(self.address, frame, cap, grid_fee + platform_fee)

    def _check_ring(self, frame: int) -> None:
        ring = self._clock.ring_frames
        if frame > self._clock.current(self._state.timestamp) + ring:
            raise Revert("Settlement_RingOccupied", frame, frame - ring)
        older = self._ring.get(frame % ring)
        if older is not None and not self._frames[older].finalised:
            raise Revert("Settlement_RingOccupied", frame, older)

    # Settlement

    @external
    def report_delivery(self, sender: str, frame: int, readings: Sequence[int]) -> None:
        """Take metered deliveries and settle them."""
        self._only_role(sender, Role.METER)
        record = self._unfinished_of(frame, roots=False)
        self._check_metering(frame)
        for reading in readings:
            if reading >> 72:
                raise Revert("Settlement_InvalidRecord", reading)
        delivered = [(reading & MASK_32, reading >> 32) for reading in readings]
        self._settle(frame, record, delivered)

    @external
    def settle_unmetered(self, _sender: str, frame: int, participant_ids: Sequence[int]) -> None:
        """Settle participants that were not read, after the metering deadline."""
        record = self._unfinished_of(frame, roots=False)
        self._check_unmetered(frame)
        self._settle(frame, record, [(participant_id, None) for participant_id in participant_ids])

    def _settle(self, frame: int, record: FrameRecord, delivered: Sequence[tuple[int, int | None]]) -> None:
        words = method_of(self.contracts, record.venue, "positions_of")(
            frame, [entry[0] for entry in delivered]
        )
        records = []
        for (participant_id, delivered_wh), word in zip(delivered, words, strict=True):
            reason = self._skip_reason(frame, participant_id, word)
            if reason:
                self._emit("SettlementSkipped", frame, participant_id, reason)
            else:
                records.append(self._settle_one(frame, participant_id, delivered_wh, word))
        if records:
            self._emit("DeliveriesSettled", frame, pack_deliveries(records))

    def _skip_reason(self, frame: int, participant_id: int, word: int) -> int:
        if (frame, participant_id) in self._settled:
            return SKIPPED_SETTLED
        if participant_id not in self._participants.accounts:
            return SKIPPED_NOT_REGISTERED
        return 0 if word else SKIPPED_NO_POSITION

    def _settle_one(self, frame: int, participant_id: int, delivered_wh: int | None, word: int) -> int:
        position = unpack_position(word)
        record = self._frames[frame]
        payment, rating = self._outcome(record, position, delivered_wh)
        self._state.write(self._settled, (frame, participant_id), True)
        settled = record.settled(position.sold_wh, payment, read=delivered_wh is not None)
        self._state.write(self._frames, frame, settled)
        self._take_held(record.venue, position.sale_micro + position.lock_micro)
        return self._paid_and_rated(participant_id, position, payment, rating)

    @external
    def finalise_frame(self, _sender: str, frame: int) -> None:
        """Pay a frame's fees and shortfall money once all sold energy is settled."""
        record = self._unfinished(frame)
        end, now = self._clock.end(frame), self._state.timestamp
        if now < end:
            raise Revert("Settlement_OutsideMeteringWindow", frame, end, LAST_TIMESTAMP, now)
        traded_wh = method_of(self.contracts, record.venue, "close_frame")(self.address, frame)
        if record.settled_sold_wh != traded_wh:
            raise Revert("Settlement_Unsettled", frame, traded_wh, record.settled_sold_wh)
        if record.roots:
            self._check_records_settled(frame, record)
        self._state.write(self._frames, frame, replace(record, finalised=True))
        grid_fees = traded_wh * record.grid_fee_ticks * self._tick_micro_per_wh
        platform_fees = traded_wh * record.platform_fee_ticks * self._tick_micro_per_wh
        self._take_held(record.venue, grid_fees + platform_fees)
        grid_id, retailer_id, platform_id = self.suppliers()
        self._pay(grid_id, grid_fees)
        self._pay(platform_id, platform_fees + record.surplus_micro)
        self._pay(retailer_id if record.fallback_is_retailer else grid_id, record.fallback_micro)
        self._emit(
            "FrameFinalised",
            frame,
            traded_wh,
            grid_fees,
            platform_fees,
            record.fallback_micro,
            record.surplus_micro,
        )

    # Views

    @view
    def frame_of(self, frame: int) -> tuple[str, int, int, int, int, int, bool, bool, int, int, int]:
        """Tell a frame's record, in the order of ``ITradeSettlement.frameOf``."""
        record = self._frames.get(frame) or FrameRecord(ZERO_ADDRESS, 0, 0, 0, 0, 0)
        return (
            record.venue,
            record.cap_tick,
            record.grid_tick,
            record.retailer_tick,
            record.grid_fee_ticks,
            record.platform_fee_ticks,
            record.any_read,
            record.finalised,
            record.settled_sold_wh,
            record.fallback_micro,
            record.surplus_micro,
        )

    @view
    def is_settled(self, frame: int, participant_id: int) -> bool:
        """Whether a participant's stored position is settled; true for everybody once the frame is final."""
        record = self._frames.get(frame)
        return (record is not None and record.finalised) or (frame, participant_id) in self._settled

    def frames(self) -> dict[int, FrameRecord]:
        """All frames ever opened."""
        return dict(self._frames)

    def unpaid_micro(self) -> int:
        """Shortfall money of frames that are not final yet [micro]."""
        return sum(
            record.fallback_micro + record.surplus_micro
            for record in self._frames.values()
            if not record.finalised
        )
