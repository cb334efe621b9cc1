"""Running a day against a ledger: one block ahead of it, and comparing every outcome with the twin's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

from voltberg.reference.market import ReferenceMarket
from voltberg.simulation.day import DayReplay
from voltberg.simulation.journal import Journal, JournalError
from voltberg.simulation.ledger import Execution, FinalState, Ledger, Step, View
from voltberg.simulation.plan import Block

Progress = Callable[[int, int], None]
"""Called after every block with the frames done and the transactions done."""


def run_replay(
    replay: DayReplay,
    ledger: Ledger,
    journal: Journal,
    *,
    held_blocks: int = 0,
    progress: Progress | None = None,
) -> list[Step]:
    """Send a day to a ledger.

    The next block is planned, encoded and signed while the ledger works on the present one.

    Parameters
    ----------
    replay : DayReplay
        The day.
    ledger : Ledger
        Executes it.
    journal : Journal
        Remembers it. Blocks that it holds from an earlier, killed run must come out the same again.
    held_blocks : int
        Blocks of the journal that the ledger still holds and that are not sent again.
    progress : callable or None
        Told after every block.

    Returns
    -------
    list of Step
        One a transaction, in order.

    Raises
    ------
    JournalError
        If the ledger does something else than what the journal says it did before.
    """
    known = list(journal.blocks())
    journal.trim(len(known))
    steps: list[Step] = []
    for number, (block, executions) in enumerate(_executed(replay.blocks(), ledger, known[:held_blocks])):
        if number < len(known):
            _check_same(number, known[number], executions)
        else:
            journal.append(executions)
        steps += steps_of(block, executions)
        if progress is not None:
            progress(block.calls[-1].frame, len(steps))
    return steps


def steps_of(block: Block, executions: list[Execution]) -> list[Step]:
    """Put a block's calls beside what became of them.

    Parameters
    ----------
    block : Block
        What was sent.
    executions : list of Execution
        What the ledger did, in the same order.

    Returns
    -------
    list of Step
        One a call.
    """
    return [
        Step(block.timestamp, planned, execution)
        for planned, execution in zip(block.calls, executions, strict=True)
    ]


def differences(twin: ReferenceMarket, final: FinalState) -> list[str]:
    """Compare public values of a market with its twin's.

    Parameters
    ----------
    twin : ReferenceMarket
        The twin, which has executed the same calls.
    final : FinalState
        The ledger's values after them.

    Returns
    -------
    list of str
        One sentence a difference; empty when ledger and twin agree.
    """
    found = []
    for (contract, function, args), value in final.items():
        expected = twin.read(contract, function, *args)
        if value != expected:
            found.append(f"{contract}.{function}{args}: the ledger says {value}, the twin {expected}")
    return found


def public_views(replay: DayReplay) -> Iterator[View]:
    """List the views that hold the market's state after a day.

    Parameters
    ----------
    replay : DayReplay
        The day.

    Yields
    ------
    View
        Contract, function, arguments.
    """
    participants = (*range(1, replay.household_ids[0]), *replay.household_ids)
    frames = range(replay.first_frame, replay.first_frame + replay.day.calendar.frames)
    for participant_id in participants:
        for contract, function in (
            ("house", "accountOf"),
            ("house", "scoreWad"),
            ("storage", "marginOf"),
            ("credit", "demandFactorBps"),
        ):
            yield contract, function, (participant_id,)
        yield "credit", "penaltiesOf", (participant_id, False)
    for frame in frames:
        yield "house", "frameOf", (frame,)
        yield "storage", "bookedOf", (frame,)
    yield from replay.venue.views(frames, participants)
    for station_id in replay.station_ids:
        yield "credit", "stationOf", (station_id,)
    for booking_id in range(1, replay.market.storage.booking_count() + 1):
        yield "storage", "bookingOf", (booking_id,)
    yield "storage", "operatorAccount", ()
    yield "house", "accountedMicro", ()
    for venue in (replay.venue.name, "storage"):
        yield "house", "heldByVenue", (replay.market.address_of(venue),)
    yield "token", "balanceOf", (replay.market.address_of("house"),)


def _executed(
    blocks: Iterator[Block], ledger: Ledger, held: list[list[Execution]]
) -> Iterator[tuple[Block, list[Execution]]]:
    """Pair blocks with what became of them, keeping one in flight while the next is planned."""
    in_flight: Block | None = None
    for block, executions in zip_longest(_prepared(blocks, ledger, len(held)), held):
        if executions is not None:
            yield block[0], executions
            continue
        finished = None if in_flight is None else (in_flight, ledger.collect())
        ledger.submit(block[1])
        in_flight = block[0]
        if finished is not None:
            yield finished
    if in_flight is not None:
        yield in_flight, ledger.collect()


def _prepared(blocks: Iterator[Block], ledger: Ledger, skip: int) -> Iterator[tuple[Block, Any]]:
    for number, block in enumerate(blocks):
        yield block, None if number < skip else ledger.prepare(block)


def _check_same(number: int, before: list[Execution], now: list[Execution]) -> None:
    for old, new in zip_longest(before, now):
        if old is None or new is None or old.same_but_time != new.same_but_time:
            msg = (
                f"block {number} differs from the journal: it says {old}, now it is {new}; "
                "resume with the inputs, seed and versions of run.json, or start a new run"
            )
            raise JournalError(msg)
