"""A venue whose positions are written by hand, beside the deployed market, so that each rule stands alone.

Prices are in ticks of 2 micro/Wh.
"""

import contextlib

import pytest
from eth_abi.abi import encode as abi_encode

from voltberg.chain.abi_codec import FunctionCodec, canonical_type
from voltberg.chain.engine import Transaction
from voltberg.chain.market import TransactionReverted
from voltberg.reference.record_tree import chunk_hashes, proof_of, root_of

TICK_MICRO = 2
GRID_TICK, RETAILER_TICK, CAP_TICK = 100, 90, 120
GRID_FEE_TICKS, PLATFORM_FEE_TICKS = 3, 2
NOT_READ = 2**40 - 1


class Deployed:
    """A contract of its own beside the market."""

    def __init__(self, market, name, *args):
        self.market = market
        artifact = market.chain.artifacts[name]
        inputs = next((e["inputs"] for e in artifact.abi if e["type"] == "constructor"), [])
        code = artifact.creation_code() + abi_encode([canonical_type(item) for item in inputs], args)
        self.address = self._send(
            # Coverage is measured on code without an optimizer, which is twice as long.
            Transaction(market.supervisor.address, None, code, 20_000_000)
        ).contract_address
        entries = [entry for entry in artifact.abi if entry["type"] == "function"]
        self.codecs = {entry["name"]: FunctionCodec.of(name, entry) for entry in entries}

    def _send(self, transaction):
        market = self.market
        receipt = market.engine.send_block([transaction], market.now)[0]
        market.now = market.engine.timestamp + 1
        if not receipt.succeeded:
            raise TransactionReverted(market.chain.decode_error(receipt.output), receipt)
        return receipt

    def encode(self, function, *args):
        return self.codecs[function].encode(args)

    def transact(self, sender, function, *args):
        return self._send(Transaction(sender.address, self.address, self.encode(function, *args), 10_000_000))

    def call(self, function, *args):
        output = self.market.engine.call(
            self.address, self.encode(function, *args), timestamp=self.market.now
        )
        return self.codecs[function].decode(output)


def position(bought_wh=0, sold_wh=0, purchase_micro=0, sale_micro=0, lock_micro=0):
    """Position word as a venue keeps it."""
    return bought_wh | sold_wh << 40 | purchase_micro << 80 | sale_micro << 136 | lock_micro << 192


class Desk:
    """Open frames at the mock venue, write positions with the money behind them, settle."""

    mock, kind = "MockVenue", 1

    def __init__(self, market):
        self.market = market
        self.venue = Deployed(market, self.mock, market.address("registry"), market.address("house"))
        market.transact(market.supervisor, "registry", "addListener", self.venue.address)
        market.transact(market.supervisor, "house", "addVenue", self.venue.address, self.kind)
        market.transact(market.operator, "registry", "sync", 1, 18)
        self.seller, self.buyer, self.other = market.participants[:3]

    def deploy(self, name, *args):
        return Deployed(self.market, name, *args)

    def tariff(
        self,
        cap=CAP_TICK,
        grid=GRID_TICK,
        retailer=RETAILER_TICK,
        grid_fee=GRID_FEE_TICKS,
        platform_fee=PLATFORM_FEE_TICKS,
    ):
        return cap | grid << 8 | retailer << 16 | grid_fee << 24 | platform_fee << 32

    def open_frame(self, frame=None, **tariff):
        frame = self.market.frame + 4 if frame is None else frame
        words = [self.tariff(**tariff)]
        self.market.transact(self.market.operator, "house", "openFrames", self.venue.address, frame, words)
        return frame

    def fund_venue(self, amount_micro):
        """Move money to the venue: what it holds for its trades."""
        self.market.transact(self.other, "house", "moveToVenue", self.venue.address, amount_micro)

    def hold(self, frame, participant, **fields):
        """Write a position; its sale value and lock are put at the venue."""
        self.venue.transact(participant, "setPosition", frame, participant.id, position(**fields))
        held = fields.get("sale_micro", 0) + fields.get("lock_micro", 0)
        if held:
            self.fund_venue(held)

    def sell(self, frame, participant, wh, tick, lock_tick=None):
        """A sale at one tick, locked up to the cap."""
        lock_tick = max(1, CAP_TICK - tick) if lock_tick is None else lock_tick
        sale, lock = wh * tick * TICK_MICRO, wh * lock_tick * TICK_MICRO
        self.hold(frame, participant, sold_wh=wh, sale_micro=sale, lock_micro=lock)
        return sale, lock

    def traded(self, frame, wh):
        """What the venue will tell as traded, with its fees put there."""
        self.venue.transact(self.seller, "setTraded", frame, wh)
        fees = wh * (GRID_FEE_TICKS + PLATFORM_FEE_TICKS) * TICK_MICRO
        if fees:
            self.fund_venue(fees)

    def to_metering(self, frame):
        self.market.travel_to(self.market.end_of(frame))

    def past_metering(self, frame):
        self.market.travel_to(self.market.metering_deadline_of(frame))

    def report(self, frame, *readings):
        words = [participant.id | wh << 32 for participant, wh in readings]
        return self.market.transact(self.market.meter, "house", "reportDelivery", frame, words)

    def settle_unmetered(self, frame, *participants):
        ids = [participant.id for participant in participants]
        return self.market.transact(self.market.outsider, "house", "settleUnmetered", frame, ids)

    def finalise(self, frame):
        return self.market.transact(self.market.outsider, "house", "finaliseFrame", frame)

    def rate(self, participant, weight_wh, good):
        record = participant.id | weight_wh << 32 | int(good) << 72
        return self.market.transact(self.market.meter, "house", "rate", [record])

    def account(self, participant):
        names = ("balance", "rated_frames", "rated_wh", "good_wh", "status", "probation", "until")
        return dict(zip(names, self.market.call("house", "accountOf", participant.id), strict=True))

    def balance(self, participant):
        return self.account(participant)["balance"]

    def frame_record(self, frame):
        names = (
            "venue",
            "cap",
            "grid",
            "retailer",
            "grid_fee",
            "platform_fee",
            "read",
            "final",
            "sold",
            "fallback",
            "surplus",
        )
        return dict(zip(names, self.market.call("house", "frameOf", frame), strict=True))

    def held(self):
        return self.market.call("house", "heldByVenue", self.venue.address)

    def money_residual(self, *frames):
        """M1: what is accounted for, less what is found in balances, venues and frames not yet final."""
        market = self.market
        count = market.call("registry", "participantCount")
        balances = sum(market.call("house", "accountOf", number)[0] for number in range(1, count + 1))
        venues = [self.venue.address, *map(market.address, ("book", "round", "auction", "storage"))]
        held = sum(market.call("house", "heldByVenue", venue) for venue in venues)
        records = [self.frame_record(frame) for frame in frames]
        due = sum(r["fallback"] + r["surplus"] for r in records if not r["final"])
        return market.call("house", "accountedMicro") - balances - held - due

    def tokens_of_house(self):
        return self.market.call("token", "balanceOf", self.market.address("house"))

    @contextlib.contextmanager
    def gains(self, **expected):
        """Expect these actors' house balances to grow by so much, and nobody else's of the market's roles."""
        actors = {name: getattr(self, name, None) or getattr(self.market, name) for name in expected}
        before = {name: self.balance(actor) for name, actor in actors.items()}
        yield
        after = {name: self.balance(actor) - before[name] for name, actor in actors.items()}
        assert after == expected


@pytest.fixture
def desk(market):
    return Desk(market)


def record(participant, bought_wh=0, sold_wh=0, purchase_micro=0, sale_micro=0, lock_micro=0, refund_micro=0):
    """Record word as a root venue keeps it."""
    number = participant if isinstance(participant, int) else participant.id
    energy = number | bought_wh << 32 | sold_wh << 64
    return energy | purchase_micro << 96 | sale_micro << 136 | lock_micro << 176 | refund_micro << 216


def owed_micro(word):
    """Sale value, lock and refund of a record."""
    mask = (1 << 40) - 1
    return (word >> 136 & mask) + (word >> 176 & mask) + (word >> 216)


class RootDesk(Desk):
    """Open frames at a venue whose roots are written by hand; settle by records."""

    mock, kind = "MockRootVenue", 2

    def __init__(self, market):
        super().__init__(market)
        self.records = {}

    def seal(self, frame, records, traded_wh=None, owed=None):
        """Give a frame its result, and the venue what it owes with the fees."""
        self.records[frame] = list(records)
        sold = sum(word >> 64 & 0xFFFF_FFFF for word in records)
        traded_wh = sold if traded_wh is None else traded_wh
        owed = sum(map(owed_micro, records)) if owed is None else owed
        root = root_of(chunk_hashes(records))
        self.venue.transact(self.seller, "setResult", frame, root, len(records), owed, traded_wh)
        money = owed + traded_wh * (GRID_FEE_TICKS + PLATFORM_FEE_TICKS) * TICK_MICRO
        if money:
            self.fund_venue(money)

    def part(self, frame, first=0, chunks=None):
        """Arguments that show consecutive chunks: first, records, proof."""
        records = self.records[frame]
        hashes = chunk_hashes(records)
        chunks = len(hashes) - first if chunks is None else chunks
        return first, records[8 * first : 8 * (first + chunks)], proof_of(hashes, first, chunks)

    def report_records(self, frame, readings, first=0, chunks=None):
        """Report by participant number; others of the chunks are not read."""
        shown = self.part(frame, first, chunks)
        data = b"".join(readings.get(word & 0xFFFF_FFFF, NOT_READ).to_bytes(5, "big") for word in shown[1])
        return self.market.transact(self.market.meter, "house", "reportDeliveryFromRoot", frame, *shown, data)

    def settle_unmetered_records(self, frame, first=0, chunks=None):
        part = self.part(frame, first, chunks)
        return self.market.transact(self.market.outsider, "house", "settleUnmeteredFromRoot", frame, *part)

    def release_records(self, frame, first=0, chunks=None):
        part = self.part(frame, first, chunks)
        return self.market.transact(self.market.outsider, "house", "releaseFromRoot", frame, *part)


@pytest.fixture
def root_desk(market):
    return RootDesk(market)
