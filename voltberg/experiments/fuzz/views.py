"""Every public value of a market, as a list of views to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voltberg.chain.market import ViewCall
from voltberg.experiments.fuzz.actions import Cast
from voltberg.reference.market import ReferenceMarket

SIDES = (0, 1)
CONSTANTS = (
    ("registry", "owner"),
    ("registry", "pendingOwner"),
    ("registry", "participantCount"),
    ("registry", "listenerCount"),
    ("token", "totalSupply"),
    ("house", "accountedMicro"),
    ("house", "creditPolicy"),
    ("house", "suppliers"),
    ("house", "tickMicroPerWh"),
    ("book", "tickMicroPerWh"),
    ("book", "gateClosureLeadSeconds"),
    ("auction", "params"),
    ("auction", "tickMicroPerWh"),
    ("auction", "gateClosureLeadSeconds"),
    ("auction", "maximumQuantityWh"),
    ("book", "domainSeparator"),
    ("auction", "domainSeparator"),
    ("round", "tickMicroPerWh"),
    ("round", "gateClosureLeadSeconds"),
    ("round", "roundCount"),
    ("round", "minimumQuantityWh"),
    ("round", "minimumLockMicro"),
    ("storage", "operatorAccount"),
    ("storage", "terms"),
    ("storage", "operatorId"),
    ("storage", "bookingCount"),
    ("credit", "totalEndorsements"),
    ("credit", "evaluationTerms"),
    ("credit", "riskParameters"),
)


def all_views(market: ReferenceMarket, cast: Cast, order_ids: Sequence[int]) -> list[ViewCall]:
    """List the views of everything that the market has touched."""
    return [
        *(ViewCall(*constant) for constant in CONSTANTS),
        *_of_accounts(market, cast),
        *_of_participants(market),
        *_of_frames(market),
        *_of_rounds(market),
        *(ViewCall("book", "orderOf", (order_id,)) for order_id in order_ids),
        *(ViewCall("book", "queuePositionOf", (order_id,)) for order_id in market.book.all_resting_orders()),
        *(
            ViewCall("storage", "bookingOf", (number,))
            for number in range(market.storage.booking_count() + 2)
        ),
    ]


def _of_accounts(market: ReferenceMarket, cast: Cast) -> Iterator[ViewCall]:
    places = market.addresses
    for account in (*cast.everyone, places["house"]):
        yield ViewCall("registry", "idOf", (account,))
        for venue in ("book", "auction"):
            yield ViewCall(venue, "usedNonces", (account, 0))
            yield ViewCall(venue, "usedNonces", (account, 1))
        yield ViewCall("registry", "rolesOf", (account,))
        yield ViewCall("token", "balanceOf", (account,))
        yield ViewCall("token", "allowance", (account, places["house"]))
    for venue in ("book", "auction", "round", "storage", "credit"):
        yield ViewCall("house", "heldByVenue", (places[venue],))
    for index in range(market.registry.listener_count()):
        yield ViewCall("registry", "listenerAt", (index,))


def _of_participants(market: ReferenceMarket) -> Iterator[ViewCall]:
    count = market.registry.participant_count()
    for number in range(count + 2):
        for contract, function in (
            ("registry", "accountOf"),
            ("house", "accountOf"),
            ("house", "scoreWad"),
            ("book", "accountOf"),
            ("book", "marginOf"),
            ("auction", "accountOf"),
            ("auction", "marginOf"),
            ("auction", "allowedWordsOf"),
            ("auction", "mandateOf"),
            ("book", "mandateOf"),
            ("round", "accountOf"),
            ("round", "marginOf"),
            ("round", "mandateOf"),
            ("storage", "marginOf"),
            ("credit", "scoreWad"),
            ("credit", "demandFactorBps"),
            ("credit", "stationOf"),
        ):
            yield ViewCall(contract, function, (number,))
        for exchange in (False, True):
            yield ViewCall("credit", "penaltiesOf", (number, exchange))
        yield ViewCall("credit", "requestQuota", (number, 1_000_003))
        for station in (7, 8):
            yield ViewCall("credit", "openSessions", (station, number))


def _of_frames(market: ReferenceMarket) -> Iterator[ViewCall]:
    ids = list(range(market.registry.participant_count() + 2))
    for frame in market.book.open_frames():
        for contract in ("house", "book"):
            yield ViewCall(contract, "frameOf", (frame,))
        yield ViewCall("book", "bestPrices", (frame,))
        yield ViewCall("book", "ordersOf", (frame, ids[-2], 0, 4))
        yield ViewCall("book", "ordersOf", (frame, ids[-4], frame << 32 | 1 << 24, 400))
        yield ViewCall("book", "positionsOf", (frame, ids))
        for side in SIDES:
            yield ViewCall("book", "depthOf", (frame, side, 3))
            yield ViewCall("book", "depthOf", (frame, side, 300))
        for number in ids:
            yield ViewCall("book", "positionOf", (frame, number))
            yield ViewCall("house", "isSettled", (frame, number))
    for frame in market.auction.open_frames():
        yield ViewCall("house", "frameOf", (frame,))
        for function in ("frameOf", "resultOf", "checkpointOf"):
            yield ViewCall("auction", function, (frame,))
        yield ViewCall("auction", "refusedOf", (frame, ids))
        yield ViewCall("house", "recordsOf", (frame,))
        for index in range(len(ids)):
            yield ViewCall("house", "isRecordSettled", (frame, index))
    for frame, side, tick in market.book.level_keys():
        yield ViewCall("book", "levelOf", (frame, side, tick))
    current = market.clock.current(market.timestamp)
    for frame in range(current - 4, current + 8):
        yield ViewCall("storage", "bookedOf", (frame,))


def _of_rounds(market: ReferenceMarket) -> Iterator[ViewCall]:
    ids = list(range(market.registry.participant_count() + 2))
    for frame in market.round.open_frames():
        for contract in ("house", "round"):
            yield ViewCall(contract, "frameOf", (frame,))
        yield ViewCall("round", "positionsOf", (frame, ids))
        for number in ids:
            yield ViewCall("round", "positionOf", (frame, number))
            yield ViewCall("house", "isSettled", (frame, number))
    for number in range(market.round.round_count() + 2):
        for function in ("termsOf", "feederLimitsOf", "stateOf"):
            yield ViewCall("round", function, (number,))
        for participant_id in ids:
            yield ViewCall("round", "listOf", (number, participant_id))
            yield ViewCall("round", "offersOf", (number, participant_id))
        for index in range(market.round.state_of(number)[1] + 1):
            yield ViewCall("round", "entryOf", (number << 16 | index,))
