"""What the twin of the frame auction stores, its views, and what only a twin can tell: locks, money owed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from voltberg.configuration import AuctionTerms
from voltberg.models import Position
from voltberg.reference.auction_chunks import ServiceChunk, service_chunk
from voltberg.reference.auction_clearing import FrameResult, clear_frame
from voltberg.reference.auction_service import AuctionRules
from voltberg.reference.auction_words import (
    AuctionOrder,
    AuctionRecord,
    is_cancel,
    pack_auction_request,
    unpack_auction_order,
    unpack_carried,
    unpack_record,
)
from voltberg.reference.delegation import DelegationTwin
from voltberg.reference.parameters import FrameClock
from voltberg.reference.record_tree import NO_ROOT
from voltberg.reference.state import Revert, State, view
from voltberg.reference.venue import MarginHouse
from voltberg.reference.words import pack_position

ALLOWED_WORDS: Final = 256
"""Words that a participant may chain at once (A8)."""
REGAINED_WORDS: Final = 16
"""Words that come back each frame of time."""
NO_DIGEST: Final = bytes(28)
NOTHING: Final = AuctionRecord(0)


class AuctionFrame(NamedTuple):
    """A frame: tariff, chain, and once it is decided its result."""

    cap_tick: int
    fee_ticks: int
    digest: bytes
    words: int = 0
    paused: bool = False
    decided: bool = False
    voided: bool = False
    any_refused: bool = False
    carried: tuple[int, ...] = ()
    traded_wh: int = 0
    owed_micro: int = 0
    root: bytes = NO_ROOT
    records: tuple[int, ...] = ()


class AuctionState(DelegationTwin):
    """State and views of the auction."""

    def __init__(
        self,
        state: State,
        address: str,
        registry: str,
        house: MarginHouse,
        credit: str,
        terms: AuctionTerms,
        clock: FrameClock,
        tick_micro_per_wh: int,
    ) -> None:
        super().__init__(state, "auction", address, registry, house, credit, clock, tick_micro_per_wh)
        self._terms = terms
        self._maximum_quantity_wh = terms.maximum_quantity_wh(tick_micro_per_wh)
        self.rules = AuctionRules(
            terms.slices_per_frame,
            terms.alpha,
            terms.beta,
            terms.price_weight_bps,
            terms.uniform_price,
            terms.roll_keeps_rank,
        )
        self._frames: dict[int, AuctionFrame] = {}
        self._words: dict[tuple[int, int], int] = {}
        self._uses: dict[int, tuple[int, int]] = {}
        self._refused: dict[tuple[int, int], tuple[int, AuctionRecord]] = {}
        self._roots: dict[int, bytes] = {}
        self._carried_digests: dict[int, bytes] = {}
        self._checkpoints: dict[int, tuple[int, bytes]] = {}
        self._results: dict[tuple[int, bytes, tuple[int, ...]], FrameResult] = {}

    # Views

    @view
    def frame_of(self, frame: int) -> tuple[bytes, int, bytes, bool, bool, bool, int, int, int]:
        """Tell a frame's state in the order of ``IFrameAuction.frameOf``."""
        record = self._frames.get(frame)
        if record is None:
            return NO_DIGEST, 0, bytes(32), False, False, False, 0, 0, 0
        return (
            NO_DIGEST if record.decided else record.digest,
            record.words,
            self._carried_digests[self._slot(frame)] if record.carried else bytes(32),
            record.decided,
            record.voided,
            record.paused,
            record.cap_tick,
            record.fee_ticks,
            record.traded_wh,
        )

    @view
    def result_of(self, frame: int) -> tuple[bytes, int, bool, int]:
        """Root, count of records, whether trades were refused, money owed [micro]."""
        record = self._frames.get(frame)
        if record is None:
            return NO_ROOT, 0, False, 0
        root = self._roots[self._slot(frame)] if record.records else NO_ROOT
        return root, len(record.records), record.any_refused, record.owed_micro

    @view
    def checkpoint_of(self, frame: int) -> bytes:
        """Digest of the state at the last checkpoint of a frame, zeros without one."""
        return self._checkpoints.get(frame, (0, NO_ROOT))[1]

    @view
    def refused_of(self, frame: int, participant_ids: Sequence[int]) -> tuple[int, ...]:
        """Position words of what was refused, without a tag."""
        return tuple(self._refused_word(self.refused(frame, number)) for number in participant_ids)

    @staticmethod
    def _refused_word(refused: AuctionRecord) -> int:
        position = Position(
            refused.bought_wh, refused.sold_wh, refused.purchase_micro, refused.sale_micro, refused.lock_micro
        )
        return pack_position(position)

    @view
    def allowed_words_of(self, participant_id: int) -> int:
        """Words that a participant may chain now (A8)."""
        if participant_id not in self._participants.accounts:
            return 0
        return ALLOWED_WORDS - self._used_words(participant_id)

    @view
    def pack_request(
        self, frame: int, side: int, tick: int, quantity_wh: int, peak_wh: int, rolls: int
    ) -> int:
        """Word of an order request."""
        return pack_auction_request(frame, side, tick, quantity_wh, peak_wh, rolls)

    @view
    def params(self) -> tuple[int, int, int, int, int, int, int, bool, bool]:
        """Tell the settings in the order of ``IFrameAuction.Params``."""
        terms = self._terms
        return (
            terms.minimum_quantity_wh,
            terms.minimum_lock_micro,
            terms.clearing_seconds,
            terms.slices_per_frame,
            terms.alpha,
            terms.beta,
            terms.price_weight_bps,
            terms.uniform_price,
            terms.roll_keeps_rank,
        )

    @view
    def maximum_quantity_wh(self) -> int:
        """Largest quantity of an order [Wh]."""
        return self._maximum_quantity_wh

    # What only a twin can tell

    def open_frames(self) -> list[int]:
        """Frames ever opened here."""
        return sorted(self._frames)

    def words_of(self, frame: int) -> tuple[int, ...]:
        """Words of a frame's chain, also after its result."""
        count = self._frames[frame].words if frame in self._frames else 0
        return tuple(self._words[frame, number] for number in range(count))

    def carried_of(self, frame: int) -> tuple[int, ...]:
        """Carried words that entered a frame."""
        return self._frames[frame].carried if frame in self._frames else ()

    def records_of(self, frame: int) -> tuple[int, ...]:
        """Record words of a decided frame; none before."""
        return self._frames[frame].records if frame in self._frames else ()

    def refused(self, frame: int, participant_id: int) -> AuctionRecord:
        """Sum what was refused of a participant's record."""
        of_frame, refused = self._refused.get((self._slot(frame), participant_id), (frame, NOTHING))
        return refused if of_frame == frame else NOTHING

    def _slot(self, frame: int) -> int:
        """Tell where in the ring a frame's root, carried digest and refusals lie (rule T2)."""
        return frame % self._clock.ring_frames

    def result_for(self, frame: int) -> FrameResult:
        """Compute what clearing a frame comes to, with the words that it has now."""
        record = self._opened(frame)
        key = frame, record.digest, record.carried
        if key not in self._results:
            self._results.clear()
            self._results[key] = clear_frame(
                frame,
                self.words_of(frame),
                record.carried,
                self.rules,
                record.fee_ticks,
                self._tick_micro_per_wh,
            )
        return self._results[key]

    def service_chunk_of(self, frame: int, number: int) -> ServiceChunk:
        """Cut a chunk out of a large frame's service (A7)."""
        words, carried = self.words_of(frame), self.carried_of(frame)
        return service_chunk(frame, words, carried, self.rules, self.result_for(frame), number)

    def clearing_deadline(self, frame: int) -> int:
        """End of the clearing window [unix s]."""
        return self._clock.gate_closure(frame) + self._terms.clearing_seconds

    def locked_micro(self) -> int:
        """Locks of all orders in frames without a result [micro]."""
        return sum(self._locked_in(frame) for frame, record in self._frames.items() if not record.decided)

    def _locked_in(self, frame: int) -> int:
        words = [word for word in self.words_of(frame) if not is_cancel(word)]
        words += [unpack_carried(word)[0] for word in self._frames[frame].carried]
        return sum(self._lock_of(unpack_auction_order(word)) for word in words)

    def _lock_of(self, order: AuctionOrder) -> int:
        return order.quantity_wh * order.lock_ticks * self._tick_micro_per_wh

    def fees_micro(self, frame: int) -> int:
        """Fees of a frame's trades that were not refused [micro]."""
        record = self._frames[frame]
        return record.traded_wh * record.fee_ticks * self._tick_micro_per_wh

    def unsettled_micro(self, frame: int, settled: Sequence[int] = ()) -> int:
        """Sum what a frame's records owe to those that are not settled yet [micro]."""
        owed = 0
        for word in self.records_of(frame):
            record = unpack_record(word)
            if record.participant_id not in settled:
                refused_micro = self.refused(frame, record.participant_id).sale_micro
                owed += record.sale_micro - refused_micro + record.lock_micro + record.refund_micro
        return owed

    def energy_residual_wh(self, frame: int) -> int:
        """Largest difference in a frame between bought or sold and traded energy [Wh] (M4)."""
        record = self._frames[frame]
        results = [unpack_record(word) for word in record.records]
        refused = [self.refused(frame, result.participant_id) for result in results]
        bought = sum(result.bought_wh for result in results) - sum(part.bought_wh for part in refused)
        sold = sum(result.sold_wh for result in results) - sum(part.sold_wh for part in refused)
        return max(bought - record.traded_wh, sold - record.traded_wh, key=abs)

    def net_sold_wh(self, frame: int, index: int) -> int:
        """Energy that a record sold, less what was refused of it [Wh]."""
        result = unpack_record(self.records_of(frame)[index])
        return result.sold_wh - self.refused(frame, result.participant_id).sold_wh

    # Internal

    def _opened(self, frame: int) -> AuctionFrame:
        record = self._frames.get(frame)
        if record is None:
            raise Revert("Auction_FrameNotOpen", frame)
        return record

    def _undecided(self, frame: int) -> AuctionFrame:
        record = self._opened(frame)
        if record.decided:
            raise Revert("Auction_Decided", frame)
        return record

    def _set_frame(self, frame: int, record: AuctionFrame) -> None:
        self._state.write(self._frames, frame, record)

    def _used_words(self, participant_id: int) -> int:
        used, at = self._uses.get(participant_id, (0, 0))
        return max(0, used - REGAINED_WORDS * (self._clock.current(self._state.timestamp) - at))
