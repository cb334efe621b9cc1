"""The storage's counter: bookings and metered reports in a line each, and contracts with other terms."""

import pytest

from voltberg.chain.abi_codec import arguments_encoder
from voltberg.chain.engine import Transaction
from voltberg.chain.market import TransactionReverted

TERMS_TYPE = "(uint64,uint64,uint64,uint16,uint32,uint32,uint32,uint32,uint32)"


class StorageDesk:
    """What a renter and the meter do, on `MarketHarness`."""

    def __init__(self, market):
        self.market = market
        self.first = market.frame + 2
        self.renter, self.neighbour = market.participants[:2]

    def book(self, renter=None, first=None, frames=4, capacity_wh=10_000, charge_w=5_000, discharge_w=5_000):
        renter = self.renter if renter is None else renter
        first = self.first if first is None else first
        terms = (first, frames, capacity_wh, charge_w, discharge_w)
        return self.market.transact(renter, "storage", "book", *terms)

    def report(self, frame, *movements):
        """Report `(booking, in Wh, out Wh)` of a frame, at its end if that is still to come."""
        if self.market.now < self.market.end_of(frame):
            self.market.travel_to(self.market.end_of(frame))
        records = [booking | in_wh << 32 | out_wh << 64 for booking, in_wh, out_wh in movements]
        return self.market.transact(self.market.meter, "storage", "move", frame, records)

    def margin(self, actor):
        return self.market.call("storage", "marginOf", actor.id)

    def booking(self, booking_id):
        names = [
            "renter",
            "first",
            "frames",
            "next",
            "capacity",
            "charge",
            "discharge",
            "in",
            "out",
            "stored",
        ]
        return dict(zip(names, self.market.call("storage", "bookingOf", booking_id), strict=True))

    def operator_account(self):
        names = ("revenue", "rent", "movement", "cost", "stock")
        return dict(zip(names, self.market.call("storage", "operatorAccount"), strict=True))

    def held_micro(self):
        return self.market.call("house", "heldByVenue", self.market.address("storage"))

    def end_of_booking(self, booking_id):
        booking = self.booking(booking_id)
        return self.market.metering_deadline_of(booking["first"] + booking["frames"] - 1)

    def deploy(self, terms, operator_id=4):
        """Deploy a storage of its own; return its address."""
        market = self.market
        encode = arguments_encoder(["address", "address", "uint32", TERMS_TYPE])
        arguments = encode([market.address("registry"), market.address("house"), operator_id, terms])
        code = market.chain.artifacts["StorageRental"].creation_code() + arguments
        creation = Transaction(market.supervisor.address, None, code, 10_000_000)
        receipt = market.engine.send_block([creation], market.now)[0]
        market.now = market.engine.timestamp + 1
        if not receipt.succeeded:
            raise TransactionReverted(market.chain.decode_error(receipt.output), receipt)
        return receipt.contract_address

    def ask(self, address, function, *args):
        """Read a view of a storage that was deployed here."""
        codec = self.market.chain.function("storage", function)
        return codec.decode(self.market.engine.call(address, codec.encode(args)))

    def send_raw(self, sender, address, function, *args):
        """Send a transaction to a storage that was deployed here."""
        data = self.market.chain.encode("storage", function, *args)
        transaction = Transaction(sender.address, address, data, 10_000_000)
        receipt = self.market.engine.send_block([transaction], self.market.now)[0]
        self.market.now = self.market.engine.timestamp + 1
        if not receipt.succeeded:
            raise TransactionReverted(self.market.chain.decode_error(receipt.output), receipt)
        return receipt


@pytest.fixture
def desk(market):
    return StorageDesk(market)
