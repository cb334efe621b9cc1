"""What a solver of a round is given, and what it gives back.

A solver is a function from a :class:`RoundProblem` to trades. The contract verifies whatever it submits: see
rules R6 to R8 of the specification. Energy in Wh, prices in ticks, frames from the span's first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from voltberg.reference.round_words import pack_trade, unpack_feeder_limit

INDEX_MASK: Final = 0xFFFF
"""An entry's number in its round, out of its id."""


class Objective(IntEnum):
    """What a round's best allocation has most of."""

    WELFARE = 0
    ENERGY = 1


@dataclass(frozen=True, slots=True)
class RoundEntry:
    """A request or an offer.

    Attributes
    ----------
    index : int
        Number of the entry in its round.
    participant_id : int
        Its owner.
    quantity_wh : int
        What is asked for or offered [Wh].
    limit_tick : int
        Highest price of a request, lowest one of an offer [ticks].
    first, last : int
        Window of delivery, both ends included.
    feeder : int
        Where it is connected.
    """

    index: int
    participant_id: int
    quantity_wh: int
    limit_tick: int
    first: int
    last: int
    feeder: int


@dataclass(frozen=True, slots=True)
class RoundProblem:
    """A round as its solvers see it.

    Attributes
    ----------
    requests, offers : tuple of RoundEntry
        What stands when collection has ended.
    feeder_limits : tuple of tuple of int
        Net import and net export of every feeder per frame [Wh].
    objective : Objective
        What counts.
    storage_id : int
        Participant whose entries are the storage's; 0 for none.
    charge_wh, discharge_wh : int
        What the storage may buy and sell per frame [Wh].
    """

    requests: tuple[RoundEntry, ...]
    offers: tuple[RoundEntry, ...]
    feeder_limits: tuple[tuple[int, int], ...]
    objective: Objective = Objective.WELFARE
    storage_id: int = 0
    charge_wh: int = 0
    discharge_wh: int = 0


def problem_of(
    terms: Sequence[int], feeder_limits: Sequence[int], entries: Mapping[int, Sequence[int]]
) -> RoundProblem:
    """Make a problem of what a round's views show.

    Parameters
    ----------
    terms : sequence of int
        ``termsOf``: first frame, frames, objective, storage, charge and discharge limits, deadlines.
    feeder_limits : sequence of int
        ``feederLimitsOf``.
    entries : Mapping of int to sequence of int
        ``entryOf`` of every standing entry, by its id.

    Returns
    -------
    RoundProblem
        The round as a solver takes it.
    """
    first_frame, _, objective, storage_id, charge_wh, discharge_wh = terms[:6]
    sides: tuple[list[RoundEntry], list[RoundEntry]] = ([], [])
    for number, entry in sorted(entries.items()):
        participant_id, side, remaining_wh, tick, first, last, feeder, _ = entry
        window = first - first_frame, last - first_frame
        sides[side].append(
            RoundEntry(number & INDEX_MASK, participant_id, remaining_wh, tick, *window, feeder)
        )
    return RoundProblem(
        tuple(sides[0]),
        tuple(sides[1]),
        tuple(unpack_feeder_limit(limit) for limit in feeder_limits),
        Objective(objective),
        storage_id,
        charge_wh,
        discharge_wh,
    )


class RoundTrade(NamedTuple):
    """Energy from an offer to a request.

    Attributes
    ----------
    request, offer : RoundEntry
        The two sides.
    frame : int
        When it is delivered.
    tick : int
        Price [ticks].
    energy_wh : int
        How much [Wh].
    """

    request: RoundEntry
    offer: RoundEntry
    frame: int
    tick: int
    energy_wh: int

    @property
    def word(self) -> int:
        """The trade as ``MatchingRound.submit`` takes it."""
        return pack_trade(self.request.index, self.offer.index, self.frame, self.tick, self.energy_wh)


def score_of(objective: Objective, trades: Sequence[RoundTrade]) -> int:
    """Count what an allocation is worth.

    Parameters
    ----------
    objective : Objective
        What counts.
    trades : sequence of RoundTrade
        The allocation.

    Returns
    -------
    int
        Sum of (request's limit - offer's limit) x Wh [ticks x Wh], or of Wh.
    """
    if objective is Objective.ENERGY:
        return sum(trade.energy_wh for trade in trades)
    return sum(trade.energy_wh * (trade.request.limit_tick - trade.offer.limit_tick) for trade in trades)


def middle_tick(request: RoundEntry, offer: RoundEntry) -> int:
    """Halve what both gain, down to the tick."""
    return (request.limit_tick + offer.limit_tick) // 2


class Headroom:
    """What is left of quantities and limits while trades are put together one by one.

    Every prefix of what it lets through is feasible, so that it does not matter where a chunk ends.

    Parameters
    ----------
    problem : RoundProblem
        The round.
    """

    def __init__(self, problem: RoundProblem) -> None:
        self._problem = problem
        self._left = {entry.index: entry.quantity_wh for entry in (*problem.requests, *problem.offers)}
        self._net_import: dict[tuple[int, int], int] = {}
        self._storage: dict[tuple[int, bool], int] = {}

    def room_wh(self, request: RoundEntry, offer: RoundEntry, frame: int) -> int:
        """Most energy that the two may trade now [Wh]; 0 where they do not fit together."""
        outside = not (request.first <= frame <= request.last and offer.first <= frame <= offer.last)
        if outside or request.limit_tick < offer.limit_tick or request.participant_id == offer.participant_id:
            return 0
        room = min(self._left[request.index], self._left[offer.index])
        if request.feeder != offer.feeder:
            imports = self._problem.feeder_limits[request.feeder][0]
            exports = self._problem.feeder_limits[offer.feeder][1]
            room = min(
                room,
                imports - self._net_import.get((frame, request.feeder), 0),
                exports + self._net_import.get((frame, offer.feeder), 0),
            )
        for entry, selling, limit_wh in (
            (request, False, self._problem.charge_wh),
            (offer, True, self._problem.discharge_wh),
        ):
            if self._problem.storage_id and entry.participant_id == self._problem.storage_id:
                room = min(room, limit_wh - self._storage.get((frame, selling), 0))
        return room

    def take(self, trade: RoundTrade) -> None:
        """Count a trade."""
        request, offer, frame, energy_wh = trade.request, trade.offer, trade.frame, trade.energy_wh
        for entry, imported, selling in ((request, energy_wh, False), (offer, -energy_wh, True)):
            self._left[entry.index] -= energy_wh
            cell = frame, entry.feeder
            self._net_import[cell] = self._net_import.get(cell, 0) + imported
            if entry.participant_id == self._problem.storage_id:
                self._storage[frame, selling] = self._storage.get((frame, selling), 0) + energy_wh
