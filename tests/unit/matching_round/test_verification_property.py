"""The contract takes an allocation exactly when sums that are made another way find nothing against it."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.matching_round.conftest import Rounds
from voltberg.chain.market import TransactionReverted
from voltberg.reference.round_words import CHUNK_TRADES, pack_feeder_limit

FRAMES, FEEDERS = 3, 2
SIZES = st.sampled_from((50, 120, 400))
TICKS = st.integers(10, 40)
WINDOWS = st.sampled_from(((0, 2), (0, 0), (1, 2), (2, 2)))
LIMITS = st.tuples(st.sampled_from((0, 60, 10**6)), st.sampled_from((0, 60, 10**6)))
ENTRIES = st.lists(st.tuples(SIZES, TICKS, WINDOWS, st.integers(0, FEEDERS - 1)), min_size=2, max_size=4)
TRADES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, FRAMES - 1),
        st.integers(0, 4),
        st.sampled_from((1, 30, 50, 120)),
    ),
    min_size=1,
    max_size=6,
)


def is_feasible(requests, offers, limits, storage, trades):
    """Sums over all trades from the first one on, at the end of every chunk."""
    for request, offer, frame, tick, _ in trades:
        for entry in (request, offer):
            if not entry["window"][0] <= frame <= entry["window"][1]:
                return False
        if not offer["tick"] <= tick <= request["tick"] or offer["owner"] == request["owner"]:
            return False
    for end in (*range(CHUNK_TRADES, len(trades), CHUNK_TRADES), len(trades)):
        used, net, stored = Counter(), Counter(), Counter()
        for request, offer, frame, _, energy in trades[:end]:
            used[request["index"]] += energy
            used[offer["index"]] += energy
            net[frame, request["feeder"]] += energy
            net[frame, offer["feeder"]] -= energy
            stored[frame, "in"] += energy * (request["owner"] == storage["id"])
            stored[frame, "out"] += energy * (offer["owner"] == storage["id"])
        entries = {entry["index"]: entry["quantity"] for entry in (*requests, *offers)}
        within = (
            all(amount <= entries[index] for index, amount in used.items()),
            all(-limits[feeder][1] <= amount <= limits[feeder][0] for (_, feeder), amount in net.items()),
            all(amount <= storage[way] for (_, way), amount in stored.items()),
        )
        if not all(within):
            return False
    return True


@settings(max_examples=150, suppress_health_check=HealthCheck.all())
@given(
    requests=ENTRIES,
    offers=ENTRIES,
    limits=st.tuples(LIMITS, LIMITS),
    stored=LIMITS,
    drawn=TRADES,
    repeat=st.sampled_from((1, 1, 1, 40)),
)
def test_an_allocation_is_taken_exactly_when_it_breaks_no_limit(
    session_market, requests, offers, limits, stored, drawn, repeat
):
    snapshot, now = session_market.engine.snapshot(), session_market.now
    try:
        rounds = Rounds(session_market)
        storage = {"id": rounds.consumers[0].id, "in": stored[0], "out": stored[1]}
        rounds.open(
            limits=[pack_feeder_limit(*limit) for limit in limits],
            storage_id=storage["id"],
            charge_wh=stored[0],
            discharge_wh=stored[1],
            objective=1,
        )
        placed = {"request": [], "offer": []}
        actors = {"request": rounds.consumers, "offer": (rounds.consumers[0], *rounds.sellers)}
        for kind, entries in (("request", requests), ("offer", offers)):
            for actor, (quantity, tick, window, feeder) in zip(actors[kind], entries, strict=False):
                place = getattr(rounds, kind)
                index = place(actor, quantity, tick, first=window[0], last=window[1], feeder=feeder)
                placed[kind].append(
                    {
                        "index": index,
                        "owner": actor.id,
                        "quantity": quantity,
                        "tick": tick,
                        "window": window,
                        "feeder": feeder,
                    }
                )
        trades = []
        for request, offer, frame, tick, energy in drawn * repeat:
            sides = (
                placed["request"][request % len(requests)],
                placed["offer"][offer % len(placed["offer"])],
            )
            # Mostly a price between the limits, if there is one.
            price = sides[1]["tick"] + tick * (sides[0]["tick"] - sides[1]["tick"]) // 3
            trades.append((*sides, frame, max(0, price), energy // repeat or 1))
        rounds.to_submission()
        words = [rounds.trade(r["index"], o["index"], tick, wh, frame) for r, o, frame, tick, wh in trades]
        try:
            rounds.submit(sum(trade[4] for trade in trades), *words)
            accepted = True
        except TransactionReverted:
            accepted = False
        assert accepted == is_feasible(placed["request"], placed["offer"], limits, storage, trades)
    finally:
        session_market.engine.revert(snapshot)
        session_market.now = now
