"""One generator of calls for differential tests and long campaigns: all contracts, good calls and bad ones.

`Actions` looks at the twin to make calls that mean something; every ninth or so is then spoilt. It draws
from a `random.Random`, so a seed or Hypothesis may drive it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from voltberg.experiments.fuzz.calls import CALLS
from voltberg.experiments.fuzz.draft import Draft, Maker
from voltberg.reference.market import Call, ReferenceMarket
from voltberg.reference.words import REQUEST_BITS

SPOILT_OF_100 = 11
WORD_BYTES = 32
WORD_BITS = 256
NARROW_WORDS = {
    ("book", "place"): REQUEST_BITS,
    ("auction", "place"): REQUEST_BITS,
    ("auction", "placeSigned"): REQUEST_BITS,
}
"""Bits of the packed words that functions take as narrower ones: more cannot be encoded."""
# By its owner it would leave the market without one.
NEVER_SPOILT = ("renounceOwnership",)
# Wrong arguments here stop the market for good (a supervisor's mistake), and with it the sequence.
ONLY_SENDER_SPOILT = ("addVenue", "addListener", "removeListener")


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts, as checksummed addresses.

    Attributes
    ----------
    supervisor : str
        Owner of the registry.
    grid, retailer, platform, storage_operator, operator, meter : str
        Participants 1 to 6.
    participants : tuple[str, ...]
        Registered, from number 7 on.
    outsiders : tuple[str, ...]
        Not registered.
    """

    supervisor: str
    grid: str
    retailer: str
    platform: str
    storage_operator: str
    operator: str
    meter: str
    participants: tuple[str, ...]
    outsiders: tuple[str, ...]

    @property
    def everyone(self) -> tuple[str, ...]:
        """All of them, registered or not."""
        return (
            self.supervisor,
            self.grid,
            self.retailer,
            self.platform,
            self.storage_operator,
            self.operator,
            self.meter,
            *self.participants,
            *self.outsiders,
        )


class Actions:
    """Draws calls; the caller applies each to the market before it asks for the next.

    Parameters
    ----------
    market : ReferenceMarket
        The twin, looked at and never changed.
    cast : Cast
        Who acts.
    draw : Random
        Decides everything.
    jump_of_100 : int, optional
        In how many of 100 calls time goes to an edge of a frame's life instead of a few seconds on.
    scale : int, optional
        Factor of ordered quantities.

    Attributes
    ----------
    now : int
        Time of the last call [unix s].
    """

    def __init__(
        self, market: ReferenceMarket, cast: Cast, draw: Random, jump_of_100: int = 6, scale: int = 1
    ) -> None:
        self.market = market
        self.cast = cast
        self.draw = draw
        self.now = market.timestamp
        self.scale = scale
        self._jump_of_100 = jump_of_100
        self._makers = [maker for maker, weight in CALLS for _ in range(weight)]
        self._final: set[int] = set()

    def next_call(self) -> Call:
        """Draw one call, at a later time than the last one.

        Returns
        -------
        Call
            The next transaction; one in nine is spoilt in its sender or an argument.
        """
        self._advance()
        draft = None
        while draft is None:
            draft = self.draw.choice(self._makers)(self)
        return self._call_of(draft)

    def call_by(self, maker: Maker) -> Call | None:
        """Let one maker draw a call, at a later time than the last one.

        Parameters
        ----------
        maker : callable
            One of `CALLS`.

        Returns
        -------
        Call or None
            None where the market has nothing of that kind to do.
        """
        self._advance()
        draft = maker(self)
        return self._call_of(draft) if draft else None

    def _call_of(self, draft: Draft) -> Call:
        if self.draw.randrange(100) < SPOILT_OF_100 and draft.function not in NEVER_SPOILT:
            draft = self._spoilt(draft)
        contract, function, args, sender = draft
        return Call(contract, function, tuple(args), sender, self.now)

    @property
    def frame(self) -> int:
        """Frame of the present time."""
        return self.market.clock.current(self.now)

    def recent_frames(self) -> list[int]:
        """List the frames of the book that are not final, or else the last final ones.

        Returns
        -------
        list of int
            Never empty: the frame after next where none is open.
        """
        frames = self.market.book.open_frames()
        final = self._final
        open_ones = [frame for frame in frames if frame not in final]
        final.update(frame for frame in open_ones if self.market.house.frame_of(frame)[7])
        open_ones = [frame for frame in open_ones if frame not in final]
        return open_ones or frames[-2:] or [self.frame + 2]

    def auction_frames(self) -> list[int]:
        """List the frames of the auction that are not final and whose metering is not long over.

        Returns
        -------
        list of int
            In order, none where none is open.
        """
        house, clock = self.market.house, self.market.clock
        return [
            frame
            for frame in self.market.auction.open_frames()
            if clock.metering_deadline(frame) + clock.frame_seconds > self.now
            and not house.frame_of(frame)[7]
        ]

    def participant(self) -> str:
        """Draw a participant."""
        return self.draw.choice(self.cast.participants)

    def trader(self) -> str:
        """Draw a participant, mostly one that is not suspended."""
        registry, house = self.market.registry, self.market.house
        active = [
            account for account in self.cast.participants if not house.account_of(registry.id_of(account))[4]
        ]
        return self.draw.choice(active) if active and self.draw.randrange(12) else self.participant()

    def some_id(self) -> int:
        """Draw a participant's number, now and then one that nobody has."""
        return self.draw.randrange(1, self.market.registry.participant_count() + 2)

    def _advance(self) -> None:
        """Let a few seconds pass; sometimes go to an edge of a frame's life or one second before it."""
        if self.draw.randrange(100) >= self._jump_of_100:
            self.now += self.draw.randrange(1, 20)
            return
        clock, edges = self.market.clock, []
        for frame in self.recent_frames():
            for edge in (
                clock.gate_closure(frame),
                clock.refusal_deadline(frame),
                clock.end(frame),
                clock.metering_deadline(frame),
            ):
                edges += [edge - 1, edge]
        for frame in self.auction_frames():
            opens, closes = clock.gate_closure(frame), self.market.auction.clearing_deadline(frame)
            edges += [opens - 1, opens, opens, closes - 1, closes, clock.refusal_deadline(frame)]
            edges += [clock.end(frame), clock.metering_deadline(frame)]
        for ends in self._round_deadlines():
            edges += [ends - 1, ends]
        edges = sorted(edge for edge in edges if edge > self.now)
        target = self.draw.choice(edges[:4]) if edges else self.now + clock.frame_seconds
        self.now = max(self.now + 1, target)

    def _round_deadlines(self) -> list[int]:
        """List the deadlines of the last two rounds [unix s]."""
        rounds = self.market.round
        last = rounds.round_count()
        found: list[int] = []
        for number in range(max(1, last - 1), last + 1):
            terms = rounds.terms_of(number)
            found += (terms.collection_ends, terms.submission_ends, terms.application_ends)
        return found

    def _spoilt(self, draft: Draft) -> Draft:
        contract, function, args, sender = draft
        if not args or function in ONLY_SENDER_SPOILT or self.draw.randrange(2):
            return Draft(contract, function, args, self.draw.choice(self.cast.everyone))
        place = self.draw.randrange(len(args))
        changed = list(args)
        changed[place] = self._wrong(changed[place], NARROW_WORDS.get((contract, function), WORD_BITS))
        return Draft(contract, function, changed, sender)

    def _wrong(self, value: Any, word_bits: int = WORD_BITS) -> Any:  # noqa: ANN401
        """Draw another value of the same type; only words may grow, up to their bits."""
        draw = self.draw
        if isinstance(value, bool):
            return not value
        if isinstance(value, str):
            return draw.choice((*self.cast.everyone, *self.market.addresses.values()))
        if isinstance(value, bytes):
            if len(value) == WORD_BYTES or (value and draw.randrange(2)):
                return bytes((value[0] ^ 1,)) + value[1:]
            return draw.choice((value + b"\x00", value[:-1], b""))
        if isinstance(value, (list, tuple)):
            items, fixed = list(value), isinstance(value, tuple)
            if items and isinstance(items[0], (int, bytes)) and (fixed or draw.randrange(4)):
                place = draw.randrange(len(items))
                items[place] = self._wrong(items[place])
                return tuple(items) if fixed else items
            return items * 2 if draw.randrange(2) else items[:-1]
        if value < 256:
            return draw.choice((0, 1, value ^ 1, min(255, value + 1)))
        bits = value.bit_length() if value < 1 << 72 or draw.randrange(2) else word_bits
        return draw.choice((0, 1, value - 1, value // 2, value ^ 1 << draw.randrange(bits)))
