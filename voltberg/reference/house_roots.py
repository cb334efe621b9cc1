"""Twin of the settlement of frames whose venue keeps a root over records (rules M4 to M10, M13, A9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from voltberg.models import Position, Role
from voltberg.reference.house_frames import HouseFrames
from voltberg.reference.parameters import CreditPolicy, FrameClock
from voltberg.reference.record_tree import CHUNK_RECORDS, NO_ROOT, chunk_hashes, root_of_range
from voltberg.reference.registry import RegistryTwin
from voltberg.reference.settlement_rule import FrameRecord
from voltberg.reference.state import Contract, Revert, State, external, method_of, view
from voltberg.reference.token import TokenTwin
from voltberg.reference.words import MASK_16, MASK_32, MASK_40, pack_deliveries, unpack_position

READING_BYTES: Final = 5
NOT_READ: Final = MASK_40
SKIPPED_SETTLED: Final = 1


class NetRecord(NamedTuple):
    """A record less what was refused of it."""

    participant_id: int
    position: Position
    refund_micro: int


def net_record(word: int, refused: int) -> NetRecord:
    """Read a record of ``IRootVenue`` and take off what was refused, a position word."""
    less = unpack_position(refused)
    position = Position(
        bought_wh=(word >> 32 & MASK_32) - less.bought_wh,
        sold_wh=(word >> 64 & MASK_32) - less.sold_wh,
        purchase_micro=(word >> 96 & MASK_40) - less.purchase_micro,
        sale_micro=(word >> 136 & MASK_40) - less.sale_micro,
        lock_micro=word >> 176 & MASK_40,
    )
    return NetRecord(word & MASK_32, position, word >> 216)


class RootSettlement(HouseFrames):
    """Settlement by records with a proof."""

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
        self._settled_records: dict[tuple[int, int], bool] = {}

    @external
    def report_delivery_from_root(
        self,
        sender: str,
        frame: int,
        first_chunk: int,
        records: Sequence[int],
        proof: Sequence[bytes],
        readings: bytes,
    ) -> None:
        """Take metered deliveries of a root venue's frame and settle them."""
        self._only_role(sender, Role.METER)
        self._unfinished_of(frame, roots=True)
        self._check_metering(frame)
        if len(readings) != READING_BYTES * len(records):
            raise Revert("Settlement_InvalidRecord", len(readings))
        net = self._verified(frame, first_chunk, records, proof)
        delivered = [
            int.from_bytes(readings[start : start + READING_BYTES], "big")
            for start in range(0, len(readings), READING_BYTES)
        ]
        first = first_chunk * CHUNK_RECORDS
        wanted = [
            (index, entry, delivered_wh)
            for index, (entry, delivered_wh) in enumerate(zip(net, delivered, strict=True), start=first)
            if delivered_wh != NOT_READ
        ]
        self._log_all(frame, self._settle_records(frame, wanted, read=True))

    @external
    def report_record(self, sender: str, reading: int, shown: Sequence[int]) -> None:
        """Take the metered delivery of one record and settle it."""
        self._only_role(sender, Role.METER)
        frame, index = reading & MASK_32, reading >> 32 & MASK_16
        self._unfinished_of(frame, roots=True)
        self._check_metering(frame)
        if reading >> 88:
            raise Revert("Settlement_InvalidRecord", reading)
        records = self._take_over(frame).records
        first = index - index % CHUNK_RECORDS
        if index >= records:
            raise Revert("Settlement_WrongRecords", frame)
        ends = min(CHUNK_RECORDS, records - first)
        proof = [node.to_bytes(32, "big") for node in shown[ends:]]
        net = self._verified(frame, index // CHUNK_RECORDS, shown[:ends], proof)
        wanted = [(index, net[index - first], reading >> 48)]
        for record in self._settle_records(frame, wanted, read=True):
            self._emit("DeliverySettled", frame, record)

    @external
    def settle_unmetered_from_root(
        self, _sender: str, frame: int, first_chunk: int, records: Sequence[int], proof: Sequence[bytes]
    ) -> None:
        """Settle records that were not read, after the metering deadline."""
        self._unfinished_of(frame, roots=True)
        self._check_unmetered(frame)
        self._settle_unread(frame, first_chunk, self._verified(frame, first_chunk, records, proof))

    @external
    def release_from_root(
        self, _sender: str, frame: int, first_chunk: int, records: Sequence[int], proof: Sequence[bytes]
    ) -> None:
        """Settle records that sold nothing, after the refusal deadline."""
        self._unfinished_of(frame, roots=True)
        deadline, now = self._clock.refusal_deadline(frame), self._state.timestamp
        if now < deadline:
            raise Revert("Settlement_BeforeRefusalDeadline", frame, deadline, now)
        net = self._verified(frame, first_chunk, records, proof)
        self._settle_unread(frame, first_chunk, net, buyers_only=True)

    @view
    def is_record_settled(self, frame: int, index: int) -> bool:
        """Whether a record of a root venue's frame is settled."""
        return (frame, index) in self._settled_records

    @view
    def records_of(self, frame: int) -> tuple[int, int]:
        """Count the records of a root venue's frame, and those settled."""
        record = self._frames.get(frame)
        return (record.records, record.settled_records) if record else (0, 0)

    def _check_records_settled(self, frame: int, record: FrameRecord) -> None:
        records = record.records
        if not record.taken:
            records = method_of(self.contracts, record.venue, "result_of")(frame)[1]
        if records != record.settled_records:
            raise Revert("Settlement_RecordsUnsettled", frame, records, record.settled_records)

    def _verified(
        self, frame: int, first_chunk: int, records: Sequence[int], proof: Sequence[bytes]
    ) -> list[NetRecord]:
        record = self._take_over(frame)
        root, total, _, _ = method_of(self.contracts, record.venue, "result_of")(frame)
        ends_with_all = first_chunk * CHUNK_RECORDS + len(records) == total
        chunks = -(-total // CHUNK_RECORDS)
        found = root_of_range(first_chunk, chunk_hashes(records), chunks, proof)
        if (len(records) % CHUNK_RECORDS and not ends_with_all) or found == NO_ROOT or found != root:
            raise Revert("Settlement_WrongRecords", frame)
        refused: Sequence[int] = [0] * len(records)
        if record.any_refused:
            ids = [word & MASK_32 for word in records]
            refused = method_of(self.contracts, record.venue, "refused_of")(frame, ids)
        return [net_record(word, less) for word, less in zip(records, refused, strict=True)]

    def _take_over(self, frame: int) -> FrameRecord:
        """Give a frame's record, with the result that it takes over from its venue if it has not yet."""
        record = self._frames[frame]
        if record.taken:
            return record
        _, total, any_refused, owed_micro = method_of(self.contracts, record.venue, "result_of")(frame)
        self._take_held(record.venue, owed_micro)
        record = replace(
            record,
            taken=True,
            any_refused=any_refused,
            records=total,
            surplus_micro=record.surplus_micro + owed_micro,
        )
        self._state.write(self._frames, frame, record)
        return record

    def _settle_unread(
        self, frame: int, first_chunk: int, net: Sequence[NetRecord], *, buyers_only: bool = False
    ) -> None:
        wanted = [
            (index, entry, None)
            for index, entry in enumerate(net, start=first_chunk * CHUNK_RECORDS)
            if (frame, index) not in self._settled_records and not (buyers_only and entry.position.sold_wh)
        ]
        self._log_all(frame, self._settle_records(frame, wanted, read=False))

    def _log_all(self, frame: int, logged: Sequence[int]) -> None:
        if logged:
            self._emit("DeliveriesSettled", frame, pack_deliveries(logged))

    def _settle_records(
        self, frame: int, wanted: Sequence[tuple[int, NetRecord, int | None]], *, read: bool
    ) -> list[int]:
        """Settle records in order, one that is settled already passed over in its place; return the log."""
        before = self._frames[frame]
        record, logged, spent = before, [], 0
        for index, entry, delivered_wh in wanted:
            if (frame, index) in self._settled_records:
                self._emit("SettlementSkipped", frame, entry.participant_id, SKIPPED_SETTLED)
                continue
            payment, rating = self._outcome(before, entry.position, delivered_wh)
            payment = payment._replace(paid_micro=payment.paid_micro + entry.refund_micro)
            self._state.write(self._settled_records, (frame, index), True)
            spent += payment.paid_micro + payment.fallback_micro
            record = record.settled(entry.position.sold_wh, payment._replace(surplus_micro=0), read=read)
            logged.append(self._paid_and_rated(entry.participant_id, entry.position, payment, rating))
        if not logged:
            return []
        if spent > before.surplus_micro:
            raise Revert("Settlement_VenueOverdrawn", before.venue, spent, before.surplus_micro)
        record = replace(
            record,
            surplus_micro=before.surplus_micro - spent,
            settled_records=before.settled_records + len(logged),
        )
        self._state.write(self._frames, frame, record)
        return logged
