"""Twin of how a frame of the auction gets its result: clearing, voiding, refusals (A1 to A9, M7, M8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from eth_hash.auto import keccak

from voltberg.models import Role
from voltberg.reference.auction_clearing import FrameResult, void_records
from voltberg.reference.auction_sequence import by_participant, sequence_of
from voltberg.reference.auction_state import AuctionFrame, AuctionState
from voltberg.reference.auction_words import (
    CARRIED_BYTES,
    AuctionFill,
    AuctionRecord,
    carried_bytes,
    carried_digest,
    pack_fills,
    position_bytes,
    unpack_record,
    words_bytes,
)
from voltberg.reference.book_state import HIGHEST_TICK
from voltberg.reference.record_tree import CHUNK_RECORDS, NO_ROOT, chunk_hashes, root_of, root_of_range
from voltberg.reference.state import Revert, external
from voltberg.reference.words import MASK_32
from voltberg.units import ceil_div

CLEARED_AT_ONCE: Final = 1_024
"""Most positions of a frame that one call clears."""


class AuctionResults(AuctionState):
    """Frames get their results."""

    @external
    def clear(self, _sender: str, frame: int, clearing: Sequence[Any]) -> None:
        """Clear a frame with exactly the input that its words call for."""
        words, carried, participants, crossing, bids, asks, rolled = clearing
        record = self._undecided(frame)
        self._check_window(frame)
        positions = record.words + len(carried) // CARRIED_BYTES
        if positions > CLEARED_AT_ONCE:
            raise Revert("Auction_WrongChunk", frame, positions)
        result = self._checked_result(frame, record, words, carried, participants, crossing)
        self._check_service(
            frame, (bids, asks, rolled), (result.bid_service, result.ask_service, result.rolled)
        )
        self._decide(frame, record, result, result.fills)

    @external
    def clear_chunk(self, _sender: str, frame: int, clearing: Sequence[Any], state: bytes) -> None:
        """Clear the next chunk of a large frame (A7)."""
        words, carried, participants, crossing, bids, asks, rolled = clearing
        record = self._undecided(frame)
        self._check_window(frame)
        positions = record.words + len(carried) // CARRIED_BYTES
        if positions <= CLEARED_AT_ONCE:
            raise Revert("Auction_WrongChunk", frame, positions)
        done, digest = self._checkpoints.get(frame, (0, NO_ROOT))
        if (keccak(bytes(state)) != digest) if done else state:
            raise Revert("Auction_WrongState", frame)
        result = self._checked_result(frame, record, words, carried, participants, crossing)
        chunk = self.service_chunk_of(frame, done)
        right = chunk.bid_service, chunk.ask_service, () if chunk.state else result.rolled
        self._check_service(frame, (bids, asks, rolled), right)
        if not chunk.state:
            self._state.write(self._checkpoints, frame, None)
            self._decide(frame, record, result, chunk.fills)
            return
        digest = keccak(chunk.state)
        self._state.write(self._checkpoints, frame, (done + 1, digest))
        self._emit("Fills", frame, pack_fills(chunk.fills))
        self._emit("Checkpoint", frame, digest, chunk.state)

    def _checked_result(
        self,
        frame: int,
        record: AuctionFrame,
        words: bytes,
        carried: bytes,
        participants: bytes,
        crossing: int,
    ) -> FrameResult:
        """Check what does not depend on chunks and give the frame's result."""
        self._check_words(frame, record, words, carried)
        result = self.result_for(frame)
        if bytes(participants) != position_bytes(result.participants):
            raise Revert("Auction_WrongParticipants", frame)
        if crossing != result.crossing:
            raise Revert("Auction_WrongCrossing", frame, crossing)
        return result

    @staticmethod
    def _check_service(frame: int, given: Sequence[bytes], right: Sequence[Sequence[int]]) -> None:
        if [bytes(part) for part in given] != [position_bytes(positions) for positions in right]:
            raise Revert("Auction_WrongService", frame)

    def _decide(
        self, frame: int, record: AuctionFrame, result: FrameResult, fills: Sequence[AuctionFill]
    ) -> None:
        if fills:
            self._emit("Fills", frame, pack_fills(fills))
        if result.carried:
            later = self._opened(frame + 1)
            self._set_frame(frame + 1, later._replace(carried=result.carried))
            digest = carried_digest(result.carried)
            self._state.write(self._carried_digests, self._slot(frame + 1), digest)
            self._emit("Rolled", frame + 1, digest, len(result.carried))
        cleared = self._with_records(frame, record, result.records)
        self._set_frame(frame, cleared._replace(traded_wh=result.traded_wh))
        self._emit(
            "FrameCleared",
            frame,
            cleared.root,
            len(result.records),
            result.traded_wh,
            result.crossing_tick,
            result.uniform_tick,
        )

    @external
    def void_frame(self, _sender: str, frame: int, words: bytes, carried: bytes, participants: bytes) -> None:
        """End all orders of a frame that was not cleared in time."""
        record = self._undecided(frame)
        now, deadline = self._state.timestamp, self.clearing_deadline(frame)
        if now < deadline:
            raise Revert("Auction_BeforeClearingDeadline", frame, deadline, now)
        self._check_words(frame, record, words, carried)
        entries = sequence_of(
            frame, self.words_of(frame), record.carried, roll_keeps_rank=self.rules.roll_keeps_rank
        )
        if bytes(participants) != position_bytes(by_participant(entries)):
            raise Revert("Auction_WrongParticipants", frame)
        records = void_records(entries, self._tick_micro_per_wh)
        self._state.write(self._checkpoints, frame, None)
        voided = self._with_records(frame, record, records)._replace(voided=True)
        self._set_frame(frame, voided)
        self._emit("FrameVoided", frame, voided.root, len(records))

    def _with_records(self, frame: int, record: AuctionFrame, records: tuple[int, ...]) -> AuctionFrame:
        results = [unpack_record(word) for word in records]
        owed = sum(result.sale_micro + result.lock_micro + result.refund_micro for result in results)
        root = root_of(chunk_hashes(records))
        if records:
            self._state.write(self._roots, self._slot(frame), root)
        return record._replace(decided=True, records=records, root=root, owed_micro=owed)

    def _check_window(self, frame: int) -> None:
        opens, closes = self._clock.gate_closure(frame), self.clearing_deadline(frame)
        now = self._state.timestamp
        if not opens <= now < closes:
            raise Revert("Auction_OutsideClearingWindow", frame, opens, closes, now)

    def _check_words(self, frame: int, record: AuctionFrame, words: bytes, carried: bytes) -> None:
        right = words_bytes(self.words_of(frame)), carried_bytes(record.carried)
        if (bytes(words), bytes(carried)) != right:
            raise Revert("Auction_WrongWords", frame)

    # The operator

    @external
    def refuse_trade(
        self, sender: str, frame: int, entry: int, buyer: Sequence[Any], seller: Sequence[Any]
    ) -> None:
        """Take a trade that the network cannot carry out of both positions (rule M8)."""
        self._only_role(sender, Role.OPERATOR)
        record = self._opened(frame)
        if not record.decided:
            raise Revert("Auction_Undecided", frame)
        # What is decided has closed: refusals open with the result.
        opens, closes = self._clock.gate_closure(frame), self._clock.refusal_deadline(frame)
        now = self._state.timestamp
        if now >= closes:
            raise Revert("Auction_OutsideRefusalWindow", frame, opens, closes, now)
        for chunk in (buyer, seller):
            self._check_chunk(frame, record, chunk)
        buyer_id, seller_id, energy_wh = entry & MASK_32, entry >> 32 & MASK_32, entry >> 64 & MASK_32
        tick = entry >> 96
        value_micro = energy_wh * tick * self._tick_micro_per_wh
        if (
            energy_wh == 0
            or tick > HIGHEST_TICK
            or buyer_id == seller_id
            or not self._buyer_can(frame, buyer_id, buyer[1], energy_wh, value_micro)
            or not self._seller_can(frame, seller_id, seller[1], energy_wh, value_micro)
        ):
            raise Revert("Auction_InvalidRefusal", frame, buyer_id, seller_id, energy_wh, tick)
        self._refuse(frame, record, buyer_id, seller_id, energy_wh, value_micro)
        self._emit("TradeRefused", frame, buyer_id, seller_id, energy_wh, tick)

    def _check_chunk(self, frame: int, record: AuctionFrame, chunk: Sequence[Any]) -> None:
        number, records, proof = chunk
        chunks = ceil_div(len(record.records), CHUNK_RECORDS)
        root = root_of_range(number, chunk_hashes(records), chunks, proof)
        if root == NO_ROOT or root != record.root:
            raise Revert("Auction_WrongRecord", frame)

    def _buyer_can(
        self, frame: int, owner: int, records: Sequence[int], energy_wh: int, value_micro: int
    ) -> bool:
        left = self._left(frame, owner, records)
        return left is not None and left.bought_wh >= energy_wh and left.purchase_micro >= value_micro

    def _seller_can(
        self, frame: int, owner: int, records: Sequence[int], energy_wh: int, value_micro: int
    ) -> bool:
        left = self._left(frame, owner, records)
        if left is None or left.sold_wh < energy_wh or left.sale_micro < value_micro:
            return False
        cap_micro = self._frames[frame].cap_tick * self._tick_micro_per_wh
        return left.sale_micro - value_micro + left.lock_micro >= (left.sold_wh - energy_wh) * cap_micro

    def _left(self, frame: int, owner: int, records: Sequence[int]) -> AuctionRecord | None:
        """Subtract what was refused from a participant's record; None if it is not among those given."""
        found = next((unpack_record(word) for word in records if word & MASK_32 == owner), None)
        if found is None:
            return None
        refused = self.refused(frame, owner)
        return replace(
            found,
            bought_wh=found.bought_wh - refused.bought_wh,
            sold_wh=found.sold_wh - refused.sold_wh,
            purchase_micro=found.purchase_micro - refused.purchase_micro,
            sale_micro=found.sale_micro - refused.sale_micro,
        )

    def _refuse(
        self,
        frame: int,
        record: AuctionFrame,
        buyer_id: int,
        seller_id: int,
        energy_wh: int,
        value_micro: int,
    ) -> None:
        bought, sold = self.refused(frame, buyer_id), self.refused(frame, seller_id)
        bought = replace(
            bought,
            bought_wh=bought.bought_wh + energy_wh,
            purchase_micro=bought.purchase_micro + value_micro,
        )
        sold = replace(sold, sold_wh=sold.sold_wh + energy_wh, sale_micro=sold.sale_micro + value_micro)
        slot = self._slot(frame)
        self._state.write(self._refused, (slot, buyer_id), (frame, bought))
        self._state.write(self._refused, (slot, seller_id), (frame, sold))
        less = record._replace(
            traded_wh=record.traded_wh - energy_wh,
            owed_micro=record.owed_micro - value_micro,
            any_refused=True,
        )
        self._set_frame(frame, less)
        fees_micro = energy_wh * record.fee_ticks * self._tick_micro_per_wh
        self._add_margin(buyer_id, value_micro + fees_micro)

    # The house

    @external
    def close_frame(self, sender: str, frame: int) -> int:
        """Tell the energy traded and not refused [Wh]; a frame with orders has a result by then."""
        self._only_house(sender)
        record = self._frames.get(frame)
        if record is None:
            return 0
        if not record.decided and (record.words or record.carried):
            raise Revert("Auction_Undecided", frame)
        return record.traded_wh
