"""What levels of the book remember of the orders at their heads, read from storage (I43)."""

from random import Random

import pytest
from eth_hash.auto import keccak

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import open_engine
from voltberg.experiments.fuzz.actions import Actions
from voltberg.experiments.fuzz.batch_calls import BATCH_CALLS
from voltberg.experiments.fuzz.book_calls import BOOK_CALLS
from voltberg.experiments.fuzz.house_calls import HOUSE_CALLS
from voltberg.experiments.fuzz.pair import ACCOUNTS, Pair
from voltberg.experiments.fuzz.setups import STRICT, USUAL

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)
MASK_24, MASK_32 = (1 << 24) - 1, (1 << 32) - 1
CALLS, EVERY = 3_000, 20


class Storage:
    """The book's words, where the compiler says they are."""

    def __init__(self, pair, artifacts):
        book = artifacts["IcebergOrderBook"].storage_layout["storage"]
        slots = {item["label"]: int(item["slot"]) for item in book}
        self.levels, self.orders = slots["_queue"], slots["_orders"]
        self.evm, self.address = pair.engine.state.evm, pair.chain.addresses["book"]

    def _word(self, mapping, key):
        place = keccak(key.to_bytes(32, "big") + mapping.to_bytes(32, "big"))
        # A read loads the account, which must not be seen by the next transaction.
        checkpoint = self.evm.snapshot()
        word = self.evm.storage(self.address, int.from_bytes(place, "big"))
        self.evm.revert(checkpoint)
        return word

    def head(self, level_key):
        """Of a level: id of the arrival whose turn it is, its stored word, and what was taken from it."""
        level = self._word(self.levels, level_key)
        order_id = level_key << 16 | level & MASK_24
        return order_id, self._word(self.orders, order_id), level >> 136


def check(storage, twin):
    """Compare every level with what I43 says; count those that remember something."""
    partly = 0
    for frame, side, tick in twin.book.level_keys():
        order_id, word, taken_wh = storage.head(frame << 16 | side << 8 | tick)
        told = f"level {frame}/{side}/{tick} took {taken_wh} Wh, its head is {word:#x}"
        if word == 0:
            assert taken_wh == 0 or twin.timestamp >= twin.clock.gate_closure(frame), told
        elif word >> 64 & MASK_32:
            assert taken_wh == 0, told
        else:
            left_wh = twin.book.order_of(order_id)[1]
            assert taken_wh == (word >> 32 & MASK_32) - left_wh, told
            assert left_wh > 0, told
        partly += taken_wh != 0
    return partly


@pytest.mark.parametrize("setup", [USUAL, STRICT], ids=lambda setup: setup.name)
def test_levels_remember_what_was_taken_from_plain_arrivals_at_their_heads(project_root, setup):
    artifacts = compile_contracts(project_root)
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        pair = Pair(engine, artifacts, setup)
        storage = Storage(pair, artifacts)
        draw = Random("levels")
        actions = Actions(pair.twin, pair.cast, draw, jump_of_100=1, scale=setup.scale)
        actions.now = engine.timestamp + 1
        makers, weights = zip(*BOOK_CALLS, *BATCH_CALLS, *HOUSE_CALLS, strict=True)
        seen = 0
        for number, maker in enumerate(draw.choices(makers, weights, k=CALLS)):
            call = actions.call_by(maker)
            if call is not None:
                pair.step(call)
            if number % EVERY == 0:
                seen += check(storage, pair.twin)
        # Or the draw has shown nothing.
        assert seen > CALLS // EVERY
