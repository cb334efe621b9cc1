"""Days of a schedule of EVs on the contracts: who calls what, when, and what the exact twins say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from voltberg.configuration import AuctionTerms
from voltberg.models import RoleId, Side
from voltberg.scheduling.problem import IntArray, Schedule
from voltberg.simulation.book_day import BookDay
from voltberg.simulation.ev_book import place_at_book, take_rests
from voltberg.simulation.ev_market import FRAMES_PER_CALL, TIME_UNITS, EvMarket
from voltberg.simulation.ev_orders import ScheduledOrders
from voltberg.simulation.plan import Block
from voltberg.units import DEFAULT_TICK_MICRO_PER_KWH, WH_PER_KWH

GRID: Final = "grid"
"""Market in which EVs meet the grid."""
NEIGHBOURS: Final = "neighbours"
"""Market in which EVs meet each other before; only where the grid does not take."""
FIRST_DAY: Final = "first_day"
SECOND_DAY: Final = "second_day"
DAYS: Final = (FIRST_DAY, SECOND_DAY)
"""The second writes the slots that the first has written."""
MOST_EVS: Final = 1_000
"""A frame is cleared in one call, which takes 1,024 positions (A7); the grid has some of them."""
MOST_ORDER_WH: Final = AuctionTerms.maximum_quantity_wh(DEFAULT_TICK_MICRO_PER_KWH // WH_PER_KWH)

METER, ORDERS, NEIGHBOURS_CLEAR, GRID_ORDERS, GRID_CLEAR = 2, 4, 21, 22, 41
"""When what is done: sixtieths of the frame before delivery, the meter's of the frame after it."""


@dataclass(frozen=True, slots=True)
class ReplayedDay:
    """A day on which the schedule is traded once more.

    Parameters
    ----------
    name : str
        `FIRST_DAY` or `SECOND_DAY`.
    first_frame : int
        Its first frame on the global grid.
    """

    name: str
    first_frame: int


def replayed_days(first_frame: int, frames: int, names: tuple[str, ...]) -> list[ReplayedDay]:
    """Lay days on the calendar.

    Parameters
    ----------
    first_frame : int
        First frame of the first day.
    frames : int
        Frames of a day.
    names : tuple of str
        Which days.

    Returns
    -------
    list of ReplayedDay
        One after the other.
    """
    return [ReplayedDay(name, first_frame + number * frames) for number, name in enumerate(names)]


class EvDay:
    """Trades, delivers and settles a schedule on some days.

    Parameters
    ----------
    schedule : Schedule
        Made by a market.
    markets : Mapping of str to EvMarket
        `GRID`, and `NEIGHBOURS` where EVs meet first; at the book `GRID` alone.
    days : list of ReplayedDay
        The days, one after the other.
    """

    def __init__(self, schedule: Schedule, markets: Mapping[str, EvMarket], days: list[ReplayedDay]) -> None:
        self.schedule = schedule
        self.markets = markets
        self.days = days
        self._orders = ScheduledOrders(schedule, MOST_ORDER_WH)
        self._left_wh = self._whole_wh()
        self._frame_seconds = schedule.problem.frame_seconds
        self._position = {
            day.first_frame + offset: offset for day in days for offset in range(schedule.problem.frames)
        }

    @property
    def frames(self) -> list[int]:
        """All frames that are traded, on the global grid."""
        return sorted(self._position)

    def position(self, frame: int) -> int:
        """Give the frame of the schedule that a frame of the global grid repeats."""
        return self._position[frame]

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Give the days block by block.

        Yields
        ------
        tuple of str and Block
            Market, and calls in the order of execution; later blocks have later times.
        """
        first = self.days[0].first_frame - 2
        for number, (name, market) in enumerate(self.markets.items()):
            at = first * self._frame_seconds + number * self._frame_seconds // 2
            yield from _of(name, market.prepare(first, at + 1))
        openings = self._openings()
        present = sorted({frame + step for frame in self._position for step in (-1, 1)})
        for frame in present:
            if frame in openings:
                yield from self._open(openings[frame], self._time(frame, 0))
            if frame - 1 in self._position:
                yield from self._meter(frame - 1)
            if frame + 1 in self._position:
                yield from self._trade(frame + 1)

    def _time(self, frame: int, sixtieths: int) -> int:
        return frame * self._frame_seconds + sixtieths * self._frame_seconds // TIME_UNITS

    def _openings(self) -> dict[int, range]:
        """Tell in which frame which others open: those of a ring first, later ones when their slots are free.

        A frame becomes final in the one after it; in the next, frames with the slots of a dozen can open.
        """
        ring = self.markets[GRID].twin.clock.ring_frames
        first, end = self.frames[0], self.frames[-1] + 1
        openings = {first - 1: range(first, min(first + ring, end))}
        for begin in range(first + ring, end, FRAMES_PER_CALL):
            frames = range(begin, min(begin + FRAMES_PER_CALL, end))
            openings[frames.stop - ring + 1] = frames
        return openings

    def _open(self, frames: range, timestamp: int) -> Iterator[tuple[str, Block]]:
        for number, (name, market) in enumerate(self.markets.items()):
            yield from _of(name, market.open(frames[0], len(frames), timestamp + 1 + number))

    # trading

    def _trade(self, frame: int) -> Iterator[tuple[str, Block]]:
        if isinstance(self.markets[GRID].venue, BookDay):
            yield from self._trade_at_book(frame)
            return
        before, position = frame - 1, self._position[frame]
        grid = self.markets[GRID]
        bought_wh = np.zeros(self.schedule.problem.evs, dtype=np.int64)
        if self._orders.evs_meet_first:
            first = self.markets[NEIGHBOURS]
            first.build.begin(self._time(before, ORDERS))
            first.place(frame, self._orders.at_limits(position))
            yield from _of(NEIGHBOURS, first.build.finish())
            yield from self._close(NEIGHBOURS, frame, NEIGHBOURS_CLEAR)
            bought_wh = first.bought_wh(frame)
        grid.build.begin(self._time(before, GRID_ORDERS))
        grid.place(frame, self._orders.at_grid_prices(position, bought_wh))
        yield from _of(GRID, grid.build.finish())
        yield from self._close(GRID, frame, GRID_CLEAR)

    def _trade_at_book(self, frame: int) -> Iterator[tuple[str, Block]]:
        """Let EVs trade as they arrive; then the grid takes what rests, sells first, while it has room."""
        market, problem, position = self.markets[GRID], self.schedule.problem, self._position[frame]
        if position == 0:
            self._left_wh = self._whole_wh()
        market.build.begin(self._time(frame - 1, ORDERS))
        place_at_book(market, frame, self._orders.slices_at_limits(position, self._left_wh))
        yield from _of(GRID, market.build.finish())
        market.build.begin(self._time(frame - 1, GRID_ORDERS))
        room_wh = problem.import_room_wh(position)
        if not self._orders.evs_meet_first:
            room_wh += take_rests(market, frame, Side.BID, problem.export_room_wh(position))
        take_rests(market, frame, Side.ASK, room_wh)
        moved_wh = [sum(market.venue.position(frame, number)) for number in market.ids]
        self._left_wh = self._left_wh - np.array(moved_wh, dtype=np.int64)
        yield from _of(GRID, market.build.finish())
        yield from self._close(GRID, frame, GRID_CLEAR)

    def _whole_wh(self) -> IntArray:
        """Give what every EV buys or sells in a day [Wh]."""
        problem = self.schedule.problem
        return problem.need_wh + problem.surplus_wh

    def _close(self, name: str, frame: int, sixtieths: int) -> Iterator[tuple[str, Block]]:
        market = self.markets[name]
        market.build.begin(self._time(frame - 1, sixtieths))
        market.venue.close_gate(frame)
        yield from _of(name, market.build.finish())

    # delivery

    def _meter(self, frame: int) -> Iterator[tuple[str, Block]]:
        for number, (name, market) in enumerate(self.markets.items()):
            market.build.begin(self._time(frame + 1, METER * (number + 1) // 2 + 1))
            self._report(market, name, frame)
            market.build.call(frame, "finalise", "house", "finaliseFrame", (frame,), market.cast.operator)
            yield from _of(name, market.build.finish())

    def _report(self, market: EvMarket, name: str, frame: int) -> None:
        """Report what the schedule feeds in; at the book, which may trade otherwise, what was sold there."""
        if isinstance(market.venue, BookDay):
            numbers = (int(RoleId.GRID), *market.ids)
            sold = {number: market.venue.position(frame, number)[1] for number in numbers}
            market.venue.report_deliveries(frame, {number: wh for number, wh in sold.items() if wh})
            return
        energy_wh: IntArray = self.schedule.energy_wh[:, self._position[frame]]
        readings = {}
        if name == NEIGHBOURS or not self._orders.evs_meet_first:
            readings = dict(zip(market.ids, np.maximum(-energy_wh, 0).tolist(), strict=True))
        if name == GRID:
            readings[int(RoleId.GRID)] = max(0, int(energy_wh.sum()))
        market.venue.report_everybody(frame, readings)


def _of(name: str, blocks: Iterator[Block] | list[Block]) -> Iterator[tuple[str, Block]]:
    for block in blocks:
        yield name, block
