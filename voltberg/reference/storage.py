"""Twin of ``StorageRental`` (rule M12; Wang et al. 2023, eqs 27 to 31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from voltberg.configuration import StorageTerms
from voltberg.models import Role, RoleId
from voltberg.reference.parameters import FrameClock
from voltberg.reference.state import ZERO_ADDRESS, Revert, State, external, view
from voltberg.reference.venue import MarginHouse, VenueTwin
from voltberg.reference.words import MASK_32

BPS: Final = 10_000
MAXIMUM_FRAMES: Final = 96
HORIZON_FRAMES: Final = 1_024
RECORD_BITS: Final = 96


@dataclass(frozen=True, slots=True)
class Booking:
    """Capacity and power let to a renter over a span of frames, and what was moved so far."""

    renter_id: int
    first_frame: int
    frames: int
    next_offset: int
    capacity_wh: int
    charge_w: int
    discharge_w: int
    total_in_wh: int = 0
    total_out_wh: int = 0


@dataclass(frozen=True, slots=True)
class OperatorAccount:
    """What the storage earned and cost so far."""

    revenue_micro: int = 0
    rent_micro: int = 0
    movement_micro: int = 0
    cost_micro: int = 0
    stock_wh: int = 0


class StorageTwin(VenueTwin):
    """A storage for rent."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: str,
        house: MarginHouse,
        terms: StorageTerms,
        clock: FrameClock,
    ) -> None:
        super().__init__(state, "storage", address, registry, house)
        self._terms = terms
        self._clock = clock
        self._bookings: dict[int, Booking] = {}
        self._counts: dict[str, int] = {}
        self._booked: dict[int, tuple[int, int, int]] = {}
        self._operator: dict[str, OperatorAccount] = {"account": OperatorAccount()}

    @external
    def book(
        self, sender: str, first_frame: int, frames: int, capacity_wh: int, charge_w: int, discharge_w: int
    ) -> int:
        """Book capacity and power; return the booking's number."""
        renter_id = self._known(sender)
        self._check_span(first_frame, frames)
        if capacity_wh == 0 or (charge_w == 0 and discharge_w == 0):
            raise Revert("Storage_EmptyBooking", capacity_wh, charge_w, discharge_w)
        lock_micro = sum(self.quote(frames, capacity_wh, charge_w, discharge_w))
        self._take_margin(renter_id, lock_micro)
        for frame in range(first_frame, first_frame + frames):
            self._let(frame, capacity_wh, charge_w, discharge_w)
        booking_id = self.booking_count() + 1
        self._state.write(self._counts, "bookings", booking_id)
        booking = Booking(renter_id, first_frame, frames, 0, capacity_wh, charge_w, discharge_w)
        self._state.write(self._bookings, booking_id, booking)
        self._emit(
            "Booked",
            booking_id,
            renter_id,
            first_frame,
            frames,
            capacity_wh,
            charge_w,
            discharge_w,
            lock_micro,
        )
        return booking_id

    def _check_span(self, first_frame: int, frames: int) -> None:
        current = self._clock.current(self._state.timestamp)
        if (
            not 0 < frames <= MAXIMUM_FRAMES
            or first_frame <= current
            or first_frame + frames - 1 > current + HORIZON_FRAMES
        ):
            raise Revert("Storage_InvalidSpan", first_frame, frames, current)

    def _let(self, frame: int, capacity_wh: int, charge_w: int, discharge_w: int) -> None:
        terms = self._terms
        before = self._booked.get(frame, (0, 0, 0))
        booked = (before[0] + capacity_wh, before[1] + charge_w, before[2] + discharge_w)
        if booked[0] > terms.capacity_wh:
            raise Revert("Storage_CapacityExceeded", frame, booked[0], terms.capacity_wh)
        if booked[1] > terms.charge_w:
            raise Revert("Storage_ChargePowerExceeded", frame, booked[1], terms.charge_w)
        if booked[2] > terms.discharge_w:
            raise Revert("Storage_DischargePowerExceeded", frame, booked[2], terms.discharge_w)
        self._state.write(self._booked, frame, booked)

    @external
    def move(self, sender: str, frame: int, records: Sequence[int]) -> None:
        """Take metered movements of a frame."""
        self._only_role(sender, Role.METER)
        self._require_metering_open(frame)
        for record in records:
            if record >> RECORD_BITS:
                raise Revert("Storage_InvalidRecord", record)
            self._move(frame, record)

    @external
    def move_one(self, sender: str, movement: int) -> None:
        """Take one metered movement with its frame in the word."""
        self._only_role(sender, Role.METER)
        frame = movement >> RECORD_BITS
        if frame > MASK_32:
            raise Revert("Storage_InvalidRecord", movement)
        self._require_metering_open(frame)
        self._move(frame, movement & (1 << RECORD_BITS) - 1)

    def _require_metering_open(self, frame: int) -> None:
        now = self._state.timestamp
        frame_end = self._clock.end(frame)
        if now < frame_end:
            raise Revert("Storage_FrameNotOver", frame, frame_end, now)
        deadline = self._clock.metering_deadline(frame)
        if now >= deadline:
            raise Revert("Storage_TooLate", frame, deadline, now)

    def _move(self, frame: int, record: int) -> None:
        booking_id, in_wh, out_wh = record & MASK_32, record >> 32 & MASK_32, record >> 64
        booking = self._open_booking(booking_id)
        next_frame = booking.first_frame + booking.next_offset
        end_frame = booking.first_frame + booking.frames
        if not next_frame <= frame < end_frame:
            raise Revert("Storage_FrameOutsideBooking", booking_id, frame, next_frame, end_frame)
        limit_in = self._energy_down_wh(booking.charge_w)
        if in_wh > limit_in:
            raise Revert("Storage_PowerLimit", booking_id, in_wh, limit_in)
        limit_out = self._energy_down_wh(booking.discharge_w)
        if out_wh > limit_out:
            raise Revert("Storage_PowerLimit", booking_id, out_wh, limit_out)
        moved = replace(
            booking, total_in_wh=booking.total_in_wh + in_wh, next_offset=frame - booking.first_frame + 1
        )
        stored_wh = self._stored_wh(moved)
        if stored_wh > booking.capacity_wh:
            raise Revert("Storage_CapacityLimit", booking_id, stored_wh, booking.capacity_wh)
        if out_wh > stored_wh:
            raise Revert("Storage_Empty", booking_id, out_wh, stored_wh)
        moved = replace(moved, total_out_wh=booking.total_out_wh + out_wh)
        self._state.write(self._bookings, booking_id, moved)
        stored_wh -= out_wh
        self._emit("EnergyMoved", booking_id | in_wh << 32 | out_wh << 64 | stored_wh << 96 | frame << 136)

    @external
    def close(self, _sender: str, booking_id: int) -> None:
        """End a booking after its span and the metering window."""
        booking = self._open_booking(booking_id)
        ends_at = self._clock.metering_deadline(booking.first_frame + booking.frames - 1)
        now = self._state.timestamp
        if now < ends_at:
            raise Revert("Storage_NotEnded", booking_id, ends_at, now)
        terms = self._terms
        rent, most_movement = self._quote_of(booking)
        movement = (booking.total_in_wh + booking.total_out_wh) * terms.movement_micro_per_wh
        cost = (
            booking.total_in_wh * terms.charge_cost_micro_per_wh
            + booking.total_out_wh * terms.discharge_cost_micro_per_wh
        )
        returned = most_movement - movement
        left_wh = self._stored_wh(booking)
        before = self._operator["account"]
        after = OperatorAccount(
            before.revenue_micro + rent + movement,
            before.rent_micro + rent,
            before.movement_micro + movement,
            before.cost_micro + cost,
            before.stock_wh + left_wh,
        )
        self._state.write(self._operator, "account", after)
        self._state.write(self._bookings, booking_id, None)
        self._add_margin(booking.renter_id, returned)
        self._emit("BookingClosed", booking_id, booking.renter_id, rent, movement, returned, left_wh)

    @external
    def collect_revenue(self, _sender: str) -> None:
        """Move the revenue to the operator's margin."""
        operator_id = int(RoleId.STORAGE_OPERATOR)
        if operator_id not in self._participants.accounts:
            raise Revert("Venue_NotRegistered", ZERO_ADDRESS)
        account = self._operator["account"]
        self._state.write(self._operator, "account", replace(account, revenue_micro=0))
        self._add_margin(operator_id, account.revenue_micro)
        self._emit("RevenueCollected", account.revenue_micro)

    @view
    def booking_of(self, booking_id: int) -> tuple[int, int, int, int, int, int, int, int, int, int]:
        """Renter, span, next offset, capacity, powers, totals and stored energy; zeros when closed."""
        booking = self._bookings.get(booking_id)
        if booking is None:
            return (0,) * 10
        return (
            booking.renter_id,
            booking.first_frame,
            booking.frames,
            booking.next_offset,
            booking.capacity_wh,
            booking.charge_w,
            booking.discharge_w,
            booking.total_in_wh,
            booking.total_out_wh,
            self._stored_wh(booking),
        )

    @view
    def booked_of(self, frame: int) -> tuple[int, int, int]:
        """Capacity [Wh], charge and discharge power [W] booked in a frame."""
        return self._booked.get(frame, (0, 0, 0))

    @view
    def quote(self, frames: int, capacity_wh: int, charge_w: int, discharge_w: int) -> tuple[int, int]:
        """Rent and most movement fees of a booking [micro]."""
        terms = self._terms
        started_kwh = -(-capacity_wh // 1_000)
        started_kw = -(-(charge_w + discharge_w) // 1_000)
        rent = frames * (started_kwh * terms.capacity_rent_micro + started_kw * terms.power_rent_micro)
        most_wh = self._energy_down_wh(charge_w) + self._energy_down_wh(discharge_w)
        return rent, frames * most_wh * terms.movement_micro_per_wh

    @view
    def operator_account(self) -> tuple[int, int, int, int, int]:
        """Revenue not collected, rent, movement fees and cost ever [micro], stock [Wh]."""
        account = self._operator["account"]
        return (
            account.revenue_micro,
            account.rent_micro,
            account.movement_micro,
            account.cost_micro,
            account.stock_wh,
        )

    @view
    def terms(self) -> tuple[int, int, int, int, int, int, int, int, int]:
        """Terms of this storage, in the order of ``StorageTerms``."""
        terms = self._terms
        return (
            terms.capacity_wh,
            terms.charge_w,
            terms.discharge_w,
            terms.efficiency_bps,
            terms.capacity_rent_micro,
            terms.power_rent_micro,
            terms.movement_micro_per_wh,
            terms.charge_cost_micro_per_wh,
            terms.discharge_cost_micro_per_wh,
        )

    @view
    def operator_id(self) -> int:
        """Participant number of the storage's operator."""
        return int(RoleId.STORAGE_OPERATOR)

    @view
    def booking_count(self) -> int:
        """Count of bookings ever made."""
        return self._counts.get("bookings", 0)

    def locked_micro(self) -> int:
        """Money locked by open bookings and earned but not collected [micro]."""
        locks = sum(sum(self._quote_of(booking)) for booking in self._bookings.values())
        return locks + self._operator["account"].revenue_micro

    def bookings(self) -> dict[int, Booking]:
        """Open bookings by number."""
        return dict(self._bookings)

    def _open_booking(self, booking_id: int) -> Booking:
        booking = self._bookings.get(booking_id)
        if booking is None:
            raise Revert("Storage_NoBooking", booking_id)
        return booking

    def _quote_of(self, booking: Booking) -> tuple[int, int]:
        return self.quote(booking.frames, booking.capacity_wh, booking.charge_w, booking.discharge_w)

    def _energy_down_wh(self, power_w: int) -> int:
        return power_w * self._clock.frame_seconds // 3_600

    def _stored_wh(self, booking: Booking) -> int:
        return booking.total_in_wh * self._terms.efficiency_bps // BPS - booking.total_out_wh
