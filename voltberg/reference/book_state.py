"""What the twin of the order book stores: orders, levels and frames.

Unlike the contract, which finds both sides in one bitmap, the twin keeps the levels of bids and asks apart: a
mistake in telling the sides apart shows as a difference.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from voltberg.models import Side
from voltberg.reference.state import Revert, State
from voltberg.reference.words import MASK_32

HIGHEST_TICK: Final = 191
MAXIMUM_ARRIVALS: Final = 65_535
LEVEL_LIMIT_WH: Final = MASK_32
FRAME_LIMIT_WH: Final = 64 << 32


class Resting(NamedTuple):
    """A resting order."""

    maker_id: int
    remaining_wh: int
    peak_wh: int
    visible_wh: int
    price_step_ticks: int
    lock_ticks: int


class Level(NamedTuple):
    """Cursors of a level and its energy traded since it opened."""

    next_index: int
    tail: int
    replenished_next: int
    replenished_tail: int
    traded_wh: int


class BookFrame(NamedTuple):
    """A frame: halted or not, tariff, levels with orders by side, traded energy of emptied levels."""

    paused: bool
    cap_tick: int
    fee_ticks: int
    asks_from: int
    bids: int
    asks: int
    traded_wh: int
    folded: bool


NO_LEVEL: Final = Level(0, 0, 0, 0, 0)


def lock_ticks(side: int, tick: int, cap_tick: int, fee_ticks: int) -> int:
    """Lock per Wh of an order at a tick [ticks] (rule M2)."""
    return tick + fee_ticks if side == Side.BID else max(1, cap_tick - tick)


def stepped_tick(side: int, tick: int, step_ticks: int) -> int:
    """Tick of an iceberg's next slice; one that would leave the ticks stays (rule B2)."""
    moved = tick - step_ticks if side == Side.BID else tick + step_ticks
    return moved if 0 <= moved <= HIGHEST_TICK else tick


class BookState:
    """Orders, levels and frames, every change with its way back.

    Keys: an order's is its id, a level's is the id without the index.
    """

    def __init__(self, state: State) -> None:
        self.orders: dict[int, Resting] = {}
        self.levels: dict[int, Level] = {}
        self.frames: dict[int, BookFrame] = {}
        self._replenished: dict[int, int] = {}
        self._write = state.write

    # Orders and levels

    def head_of(self, level_key: int, level: Level) -> tuple[int, bool]:
        """Index of the order that is served next, and whether it is a replenished slice.

        A replenished slice comes after the orders that had arrived when it was shown.
        """
        if level.replenished_next < level.replenished_tail:
            entry = self._replenished[level_key << 24 | level.replenished_next]
            if entry & 0xFFFF <= level.next_index:
                return entry >> 16, True
        return level.next_index, False

    def set_order(self, order_id: int, order: Resting | None) -> None:
        """Store an order; None takes it out of the book."""
        self._write(self.orders, order_id, order)

    def arrive(self, frame: int, side: int, tick: int, order: Resting) -> int:
        """Let an order rest at the back of a level; return its id.

        The level must not be full.
        """
        level_key = frame << 16 | side << 8 | tick
        level = self.levels.get(level_key, NO_LEVEL)
        order_id = level_key << 16 | level.tail
        self._write(self.orders, order_id, order)
        self._write(
            self.levels,
            level_key,
            Level(
                level.next_index,
                level.tail + 1,
                level.replenished_next,
                level.replenished_tail,
                level.traded_wh,
            ),
        )
        self._open_level(frame, side, tick)
        return order_id

    def is_full(self, frame: int, side: int, tick: int) -> bool:
        """Whether a level can take no more arrivals."""
        level = self.levels.get(frame << 16 | side << 8 | tick)
        return level is not None and level.tail >= MAXIMUM_ARRIVALS

    def advance(self, level_key: int, level: Level, replenished: bool, traded_wh: int) -> None:
        """Step past the head of a level, adding what it traded; close the level after its last order."""
        following = Level(
            level.next_index + (not replenished),
            level.tail,
            level.replenished_next + replenished,
            level.replenished_tail,
            level.traded_wh + traded_wh,
        )
        if replenished:
            self._write(self._replenished, level_key << 24 | level.replenished_next, None)
        if (
            following.next_index == following.tail
            and following.replenished_next == following.replenished_tail
        ):
            self._close_level(level_key, following)
        else:
            self._write(self.levels, level_key, following)

    def replenish(self, level_key: int, level: Level, index: int, replenished: bool, traded_wh: int) -> None:
        """Step past the head of a level and put its next slice at the back."""
        self._write(self._replenished, level_key << 24 | level.replenished_tail, index << 16 | level.tail)
        longer = level._replace(replenished_tail=level.replenished_tail + 1)
        self.advance(level_key, longer, replenished, traded_wh)

    def add_traded(self, level_key: int, level: Level, traded_wh: int) -> None:
        """Add traded energy to a level whose head stays."""
        self._write(
            self.levels,
            level_key,
            Level(
                level.next_index,
                level.tail,
                level.replenished_next,
                level.replenished_tail,
                level.traded_wh + traded_wh,
            ),
        )

    def queue_of(self, level_key: int) -> list[int]:
        """Ids of a level's resting orders, arrivals and replenished slices, in no particular order."""
        level = self.levels.get(level_key, NO_LEVEL)
        indices = list(range(level.next_index, level.tail))
        indices += [
            self._replenished[level_key << 24 | place] >> 16
            for place in range(level.replenished_next, level.replenished_tail)
        ]
        return [level_key << 16 | index for index in indices if level_key << 16 | index in self.orders]

    def served_order(self, level_key: int) -> list[int]:
        """Ids in the order in which a level serves its places, those of cancelled orders included."""
        level = self.levels[level_key]
        served = []
        while (level.next_index, level.replenished_next) != (level.tail, level.replenished_tail):
            index, replenished = self.head_of(level_key, level)
            served.append(level_key << 16 | index)
            level = level._replace(
                next_index=level.next_index + (not replenished),
                replenished_next=level.replenished_next + replenished,
            )
        return served

    def places_of(self, frame: int) -> list[int]:
        """Ids of a frame at which orders may rest, ascending: a whole level where slices wait."""
        if frame not in self.frames:
            return []
        places = []
        for level_key in self.open_levels(frame):
            level = self.levels[level_key]
            waiting = level.replenished_next != level.replenished_tail
            first = 0 if waiting else level.next_index
            places += [level_key << 16 | index for index in range(first, level.tail)]
        return sorted(places)

    # Frames

    def _open_level(self, frame: int, side: int, tick: int) -> None:
        record = self.frames[frame]
        bit = 1 << tick
        asks_from, bids, asks = record.asks_from, record.bids, record.asks
        if side == Side.ASK:
            asks |= bit
            asks_from = min(asks_from, tick)
        else:
            bids |= bit
            asks_from = max(asks_from, tick + 1)
        if (asks_from, bids, asks) != record[3:6]:
            changed = BookFrame(*record[:3], asks_from, bids, asks, *record[6:])
            self._write(self.frames, frame, changed)

    def _close_level(self, level_key: int, level: Level) -> None:
        frame, side, tick = level_key >> 16, level_key >> 8 & 0xFF, level_key & 0xFF
        record = self.frames[frame]
        traded_wh = record.traded_wh + level.traded_wh
        if traded_wh > FRAME_LIMIT_WH:
            raise Revert("OrderBook_FrameOverflow", frame, traded_wh)
        bids, asks = record.bids, record.asks
        if side == Side.ASK:
            asks &= ~(1 << tick)
        else:
            bids &= ~(1 << tick)
        changed = BookFrame(*record[:4], bids, asks, traded_wh, record.folded)
        self._write(self.frames, frame, changed)
        self._write(self.levels, level_key, Level(*level[:4], 0))

    def check_level(self, level_key: int) -> None:
        """Refuse a sweep after which a level's traded energy would not fit the contract's word."""
        traded_wh = self.levels[level_key].traded_wh
        if traded_wh > LEVEL_LIMIT_WH:
            raise Revert("OrderBook_FrameOverflow", level_key >> 16, traded_wh)

    def traded_wh(self, frame: int) -> int:
        """Energy traded in a frame and not refused [Wh]."""
        record = self.frames.get(frame)
        if record is None:
            return 0
        if record.folded:
            return record.traded_wh
        return record.traded_wh + sum(
            self.levels[level_key].traded_wh for level_key in self.open_levels(frame)
        )

    def open_levels(self, frame: int) -> list[int]:
        """Keys of the levels whose bit is set."""
        record = self.frames[frame]
        return [
            frame << 16 | side << 8 | tick
            for side, bits in ((Side.BID, record.bids), (Side.ASK, record.asks))
            for tick in range(HIGHEST_TICK + 1)
            if bits >> tick & 1
        ]

    def fold(self, frame: int) -> None:
        """Bring the levels' traded energy into the frame, once."""
        record = self.frames.get(frame)
        if record is not None and not record.folded:
            total = self.traded_wh(frame)
            self._write(self.frames, frame, record._replace(traded_wh=total, folded=True))

    def take_off(self, frame: int, refused_wh: int) -> None:
        """Fold a frame and take refused energy off what it traded."""
        self.fold(frame)
        record = self.frames[frame]
        self._write(self.frames, frame, record._replace(traded_wh=record.traded_wh - refused_wh))
