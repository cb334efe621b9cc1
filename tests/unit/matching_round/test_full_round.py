"""The largest round: 4,096 entries of 512 sellers."""

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.deploy import RoleAccounts, deploy_market
from voltberg.chain.engine import open_engine
from voltberg.chain.market import checked_address
from voltberg.chain.onboarding import onboard
from voltberg.configuration import MarketConfiguration
from voltberg.models import Role
from voltberg.reference.round_words import pack_entry, pack_feeder_limit, pack_trade
from voltberg.reference.words import pack_tariff

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)
SELLERS, OFFERS_EACH = 512, 8
FRAME_SECONDS, GATE_LEAD_SECONDS, REFUSAL_LEAD_SECONDS = 1_800, 600, 300
MARGIN_MICRO = 10**6
GAS_LIMIT = 29_000_000
OFFER_GAS = 250_000


class FullRound:
    """A market of its own with a round that one more entry fills."""

    def __init__(self, engine, root):
        self.engine = engine
        accounts = [checked_address(account) for account in engine.accounts]
        self.market = deploy_market(
            engine, compile_contracts(root), MarketConfiguration(), accounts[0], RoleAccounts(*accounts[1:7])
        ).market
        self.operator, self.sellers = accounts[5], accounts[7 : 7 + SELLERS]
        # The last one is seller, consumer and exchange at once.
        self.extra = accounts[7 + SELLERS]
        roles = int(Role.PROSUMER | Role.EXCHANGE)
        onboard(self.market, accounts[0], accounts[7:], roles, 0, {"round": MARGIN_MICRO})
        self.first = engine.timestamp // FRAME_SECONDS + 40
        start = self.first * FRAME_SECONDS
        self.deadlines = start - GATE_LEAD_SECONDS, start - 400, start - REFUSAL_LEAD_SECONDS
        tariff = pack_tariff(150, 150, 140, 3, 2)
        self.send(self.operator, "house", "openFrames", self.market.addresses["round"], self.first, [tariff])
        terms = (self.first, 1, 1, 0, 0, 0, *self.deadlines)
        self.send(self.operator, "round", "openRound", terms, [pack_feeder_limit(10**6, 10**6)])

    def send(self, sender, contract, function, *args, timestamp=None):
        """One transaction: its receipt and its error in words, None when it succeeds."""
        call = self.market.transaction(sender, contract, function, *args, gas_limit=GAS_LIMIT)
        receipt = self.engine.send_block([call], timestamp or self.engine.timestamp + 1)[0]
        return receipt, None if receipt.succeeded else self.market.decode_error(receipt.output)

    def entry(self, participant_id, tick=100):
        return pack_entry(participant_id, 50, tick, 0, 0, 0)

    def offers(self):
        """All offers, each seller's one after the other."""
        for number, seller in enumerate(self.sellers, start=7):
            for _ in range(OFFERS_EACH):
                yield self.market.transaction(
                    seller, "round", "offer", 1, self.entry(number), gas_limit=OFFER_GAS
                )


@pytest.fixture(scope="module")
def full(project_root):
    with open_engine("evm", account_count=8 + SELLERS) as engine:
        yield FullRound(engine, project_root)


@pytest.fixture(scope="module")
def refused(full):
    """Fill the round; give what the last offer is told, which finds no place beside the request."""
    full.send(full.extra, "round", "nameExchange", 7 + SELLERS, 1_000, 191, 0, full.first)
    assert full.send(full.extra, "round", "requestFor", 1, [full.entry(7 + SELLERS, 120)])[1] is None
    *fitting, last = full.offers()
    now = full.engine.timestamp
    for at in range(0, len(fitting), 100):
        now += 1
        assert all(receipt.succeeded for receipt in full.engine.send_block(fitting[at : at + 100], now))
    receipt = full.engine.send_block([last], now + 1)[0]
    return full.market.decode_error(receipt.output)


def test_a_round_holds_4096_entries(full, refused):
    assert refused == "Round_Full: 1, 4096"
    assert full.market.call("round", "stateOf", 1)[:2] == (1, 4_096)
    # A request is passed over with the reason; its exchange is another, whose list is still empty.
    full.send(full.extra, "round", "nameExchange", 7, 1_000, 191, 0, full.first)
    words = [full.entry(7 + SELLERS, 120)]
    receipt, _ = full.send(full.sellers[0], "round", "requestFor", 1, words)
    assert [entry.args[3] for entry in full.market.decode_logs(receipt.logs)] == [12]


def test_verifying_one_trade_takes_little_more_gas_for_all_the_others_that_stand(full, refused):
    assert refused
    trade = pack_trade(0, 4_095, 0, 110, 50)
    receipt, error = full.send(full.extra, "round", "submit", 1, 50, [trade], timestamp=full.deadlines[0])
    assert error is None
    assert receipt.gas_used < 150_000
