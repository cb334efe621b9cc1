"""The twin predicts the contracts exactly where words are full. Random sequences: `tests/stateful`."""

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import open_engine
from voltberg.configuration import MarketConfiguration
from voltberg.experiments.fuzz.pair import ACCOUNTS, FuzzSetup, Pair
from voltberg.models import Side
from voltberg.reference.market import Call
from voltberg.reference.words import pack_request, pack_tariff

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)


def test_every_value_is_equal_when_a_level_trades_more_than_its_word_holds(project_root):
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        setup = FuzzSetup("rich", MarketConfiguration(), margin_micro=10**13)
        pair = Pair(engine, compile_contracts(project_root), setup)
        first, second, third, buyer = pair.cast.participants[:4]
        frame = engine.timestamp // 1800 + 3
        most = 2**32 - 1

        def send(sender, contract, function, *args):
            return pair.step(Call(contract, function, args, sender, pair.engine.timestamp + 1)).outcome

        tariff = pack_tariff(150, 150, 140, 3, 2)
        send(pair.cast.operator, "house", "openFrames", pair.twin.address_of("book"), frame, [tariff])
        for seller in (first, second, third):
            assert send(seller, "book", "place", pack_request(frame, Side.ASK, 149, most)).status
        assert send(buyer, "book", "place", pack_request(frame, Side.BID, 149, most)).status
        refused = send(buyer, "book", "place", pack_request(frame, Side.BID, 149, most))
        assert refused.error == f"OrderBook_FrameOverflow: {frame}, {2 * most}"
        assert pair.checkpoint() > 0
