"""A registry of its own, empty, with the market's supervisor as owner."""

import pytest
from eth_abi.abi import encode as abi_encode

from voltberg.chain.abi_codec import EventCodec, FunctionCodec, canonical_type
from voltberg.chain.engine import Transaction
from voltberg.chain.market import TransactionReverted


class Contract:
    """Any artifact of the project, deployed beside the market."""

    def __init__(self, market, name, *args):
        self.market = market
        artifact = market.chain.artifacts[name]
        inputs = next((e["inputs"] for e in artifact.abi if e["type"] == "constructor"), [])
        code = artifact.creation_code() + abi_encode([canonical_type(item) for item in inputs], args)
        self.codecs = {e["name"]: FunctionCodec.of(name, e) for e in artifact.abi if e["type"] == "function"}
        events = [EventCodec.of(e) for e in artifact.abi if e["type"] == "event"]
        self.events = {event.topic: event for event in events}
        self.address = self._send(
            Transaction(market.supervisor.address, None, code, 10_000_000)
        ).contract_address

    def _send(self, transaction):
        market = self.market
        receipt = market.engine.send_block([transaction], market.now)[0]
        market.now = market.engine.timestamp + 1
        if not receipt.succeeded:
            raise TransactionReverted(market.chain.decode_error(receipt.output), receipt)
        return receipt

    def transact(self, sender, function, *args):
        """Names and arguments of this contract's events."""
        receipt = self._send(
            Transaction(sender.address, self.address, self.codecs[function].encode(args), 10_000_000)
        )
        own = [log for log in receipt.logs if log.address == self.address]
        codecs = [self.events[log.topics[0]] for log in own]
        return [
            (codec.name, *codec.decode(log.topics, log.data)) for codec, log in zip(codecs, own, strict=True)
        ]

    def call(self, function, *args):
        codec = self.codecs[function]
        return codec.decode(self.market.engine.call(self.address, codec.encode(args)))


@pytest.fixture
def registry(market):
    return Contract(market, "Registry", market.supervisor.address)


@pytest.fixture
def make_listener(market, registry):
    return lambda: Contract(market, "MockVenue", registry.address, market.address("house"))
