"""Stations, sessions and supply records in a line each, and the credit libraries' arithmetic."""

import pytest

from voltberg.chain.abi_codec import FunctionCodec, arguments_encoder
from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import CallFailed, Transaction, open_engine
from voltberg.chain.market import TransactionReverted

WAD = 10**18
STATION = 2
EXCHANGE = 4
TERMS_TYPE = "(uint256,uint256,uint256,uint256,uint256)"


class CreditDesk:
    """What meter, operator and users do at the credit contract, on `MarketHarness`."""

    def __init__(self, market):
        self.market = market
        self.user, self.other_user = market.participants[:2]
        self.station = market.register(STATION)

    def attest(self, station, *users):
        records = [station.id | user.id << 32 | 7_000 << 64 for user in users]
        return self.market.transact(self.market.meter, "credit", "attestSessions", records)

    def evaluate(self, user, station, rating):
        return self.market.transact(user, "credit", "evaluate", station.id, rating)

    def praise(self, user, station, rating):
        """A session and its evaluation; the station's new evaluation [WAD]."""
        self.attest(station, user)
        return self.evaluate(user, station, rating).events("StationEvaluated")[0][3]

    def rate_user(self, user, weight_wh, good):
        record = user.id | weight_wh << 32 | int(good) << 72
        self.market.transact(self.market.meter, "house", "rate", [record])

    def supply(self, participant, theoretical, practical, *, exchange=False):
        record = participant.id | theoretical << 32 | practical << 72 | int(exchange) << 112
        return self.market.transact(self.market.meter, "credit", "recordSupply", [record])

    def penalties(self, participant, *, exchange=False):
        return list(self.market.call("credit", "penaltiesOf", participant.id, exchange))

    def factor_at_book(self, participant):
        return self.market.call("book", "accountOf", participant.id)[2]

    def deploy(self, terms, consumer_risk_bps=2_000, exchange_risk_bps=2_000):
        """Deploy a credit contract of its own."""
        market = self.market
        encode = arguments_encoder(["address", "address", TERMS_TYPE, "uint16", "uint16"])
        places = [market.address(name) for name in ("registry", "house")]
        code = market.chain.artifacts["CreditScoring"].creation_code()
        code += encode([*places, terms, consumer_risk_bps, exchange_risk_bps])
        creation = Transaction(market.supervisor.address, None, code, 10_000_000)
        receipt = market.engine.send_block([creation], market.now)[0]
        market.now = market.engine.timestamp + 1
        if not receipt.succeeded:
            raise TransactionReverted(market.chain.decode_error(receipt.output), receipt)
        return receipt.contract_address


class CreditMath:
    """The harness contract: ``math.expWadDown(x)`` and so on; reverts raise `TransactionReverted`."""

    def __init__(self, engine, artifacts):
        self._engine, self._artifacts = engine, artifacts
        artifact = artifacts["CreditMathHarness"]
        creation = Transaction(engine.accounts[0], None, artifact.creation_code(), 10_000_000)
        self._address = engine.send_block([creation], engine.timestamp + 1)[0].contract_address
        entries = [entry for entry in artifact.abi if entry["type"] == "function"]
        self._codecs = {entry["name"]: FunctionCodec.of("harness", entry) for entry in entries}

    def __getattr__(self, name):
        codec = self._codecs[name]

        def ask(*args):
            try:
                return codec.decode(self._engine.call(self._address, codec.encode(args)))
            except CallFailed as failure:
                raise TransactionReverted(self._artifacts.decode_error(failure.data)) from failure

        return ask


@pytest.fixture
def desk(market):
    return CreditDesk(market)


@pytest.fixture(scope="session")
def math(project_root):
    with open_engine("evm") as engine:
        yield CreditMath(engine, compile_contracts(project_root))
