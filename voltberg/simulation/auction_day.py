"""A day at the frame auction: one call for orders a frame, cleared at gate closure, settled from its root."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from voltberg.matching.frame import RecordChunk, chunk_of, clearing_input
from voltberg.models import Position
from voltberg.reference.auction_words import (
    AuctionRecord,
    is_cancel,
    pack_auction_request,
    unpack_auction_order,
    unpack_record,
)
from voltberg.reference.market import ReferenceMarket
from voltberg.reference.record_tree import CHUNK_RECORDS
from voltberg.simulation.auction_orders import AuctionFollower
from voltberg.simulation.blocks import BlockBuilder
from voltberg.simulation.ledger import FinalState, View
from voltberg.simulation.plan import RECORDS_PER_CALL, Cast
from voltberg.simulation.strategy import OrderIntent

CHUNKS_PER_CALL: Final = -(-RECORDS_PER_CALL // CHUNK_RECORDS)
READING_BYTES: Final = 5
NOT_READ: Final = b"\xff" * READING_BYTES


class AuctionDay:
    """What a replay does at ``FrameAuction``; see :class:`~voltberg.simulation.venue.DayVenue`.

    An auction knows neither kinds of orders nor price steps: what does not trade at gate closure comes back,
    so every order is placed for its quantity, limit and peak.

    Parameters
    ----------
    market : ReferenceMarket
        The twin.
    build : BlockBuilder
        Takes the calls.
    cast : Cast
        Who clears, reports and settles.
    """

    name: Final = "auction"
    calls_for_orders: Final = (300,)

    def __init__(self, market: ReferenceMarket, build: BlockBuilder, cast: Cast) -> None:
        self._market = market
        self._build = build
        self._cast = cast

    def quotes(self, frame: int) -> tuple[int | None, int | None]:  # noqa: ARG002 (an auction has none)
        """Give no quotes: prices come of the clearing."""
        return None, None

    def position(self, frame: int, participant_id: int) -> tuple[int, int]:
        """Give what a participant bought and sold, nothing before the clearing [Wh]."""
        record = self._by_participant(frame).get(participant_id)
        return (record.bought_wh, record.sold_wh) if record else (0, 0)

    def cancel_orders(self, frame: int, participant_id: int, account: str) -> None:
        """Cancel a participant's orders of a frame."""
        for index, word in enumerate(self._market.auction.words_of(frame)):
            if not is_cancel(word) and unpack_auction_order(word).participant_id == participant_id:
                self._build.call(frame, "cancel", "auction", "cancel", (frame, frame, index), account)

    def place(self, frame: int, intent: OrderIntent, account: str) -> None:
        """Place an order."""
        request = pack_auction_request(
            frame, int(intent.side), intent.tick, intent.quantity_wh, intent.peak_wh
        )
        self._build.call(frame, "place", "auction", "place", (request,), account)

    def close_gate(self, frame: int) -> None:
        """Clear the frame; anyone may."""
        auction = self._market.auction
        words = auction.words_of(frame)
        if not words:
            return
        clearing = clearing_input(words, auction.carried_of(frame), auction.result_for(frame))
        self._build.call(frame, "clear", "auction", "clear", (frame, tuple(clearing)), self._cast.operator)

    def end_refusals(self, frame: int) -> None:
        """Pay back those who sold nothing, as nothing of theirs waits for a meter; anyone may."""
        unsold = {
            participant_id
            for participant_id, record in self._by_participant(frame).items()
            if not record.sold_wh
        }
        for part in self._parts(frame, unsold):
            args = (frame, part.number, part.records, part.proof)
            self._build.call(frame, "release_records", "house", "releaseFromRoot", args, self._cast.operator)

    def report_deliveries(self, frame: int, delivered_wh: Mapping[int, int]) -> None:
        """Report the readings of those who sold; buyers' records were released at the clearing."""
        sellers = {
            participant_id
            for participant_id, record in self._by_participant(frame).items()
            if record.sold_wh and participant_id in delivered_wh
        }
        self._report(frame, delivered_wh, sellers)

    def report_everybody(self, frame: int, delivered_wh: Mapping[int, int]) -> None:
        """Settle all records at once where none was released before; who is not named delivered nothing."""
        participants = self._by_participant(frame)
        readings = {number: delivered_wh.get(number, 0) for number in participants}
        self._report(frame, readings, participants)

    def _report(self, frame: int, delivered_wh: Mapping[int, int], read: Collection[int]) -> None:
        for part in self._parts(frame, read):
            readings = b"".join(
                delivered_wh[record.participant_id].to_bytes(READING_BYTES)
                if record.participant_id in read
                else NOT_READ
                for record in map(unpack_record, part.records)
            )
            args = (frame, part.number, part.records, part.proof, readings)
            self._build.call(
                frame, "report_delivery", "house", "reportDeliveryFromRoot", args, self._cast.meter
            )

    def settle_unmetered(self, frame: int, participant_ids: Sequence[int]) -> None:
        """Settle those who sold and were not read; anyone may."""
        records = self._by_participant(frame)
        sellers = [i for i in participant_ids if i in records and records[i].sold_wh]
        for part in self._parts(frame, sellers):
            args = (frame, part.number, part.records, part.proof)
            self._build.call(
                frame, "settle_unmetered", "house", "settleUnmeteredFromRoot", args, self._cast.operator
            )

    def views(self, frames: Sequence[int], participant_ids: tuple[int, ...]) -> Iterator[View]:
        """List accounts, frames and results."""
        for participant_id in participant_ids:
            yield self.name, "accountOf", (participant_id,)
        for frame in frames:
            yield self.name, "frameOf", (frame,)
            yield self.name, "resultOf", (frame,)

    def positions(self, final: FinalState) -> Iterator[tuple[int, int, Position, int]]:
        """Give every position and refund, from the records under the roots that the ledger told."""
        for contract, function, args in final:
            if (contract, function) == (self.name, "resultOf"):
                for participant_id, record in self._by_participant(args[0]).items():
                    if not record.bought_wh and not record.sold_wh:
                        continue
                    position = Position(
                        record.bought_wh,
                        record.sold_wh,
                        record.purchase_micro,
                        record.sale_micro,
                        record.lock_micro,
                    )
                    yield args[0], participant_id, position, record.refund_micro

    def follower(self) -> AuctionFollower:
        """Give what rebuilds orders and trades."""
        return AuctionFollower()

    def _by_participant(self, frame: int) -> dict[int, AuctionRecord]:
        records = map(unpack_record, self._market.auction.records_of(frame))
        return {record.participant_id: record for record in records}

    def _parts(self, frame: int, wanted: Collection[int]) -> Iterator[RecordChunk]:
        """Cut a frame's records into calls; those without anybody wanted are left out."""
        records = self._market.auction.records_of(frame) if wanted else ()
        for first in range(0, -(-len(records) // CHUNK_RECORDS), CHUNKS_PER_CALL):
            part = chunk_of(records, first, CHUNKS_PER_CALL)
            if any(unpack_record(record).participant_id in wanted for record in part.records):
                yield part
