"""Twin and storage agree on every answer to a movement in one word, taken or refused."""

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.chain.engine import open_engine
from voltberg.configuration import MarketConfiguration
from voltberg.experiments.fuzz.pair import ACCOUNTS, FuzzSetup, Pair
from voltberg.reference.market import Call
from voltberg.reference.words import pack_framed_movement

pytest.importorskip(
    "pyrevm", reason="the in-process engine needs pyrevm, which has wheels for Python 3.11 and 3.12"
)


def test_every_answer_is_equal_when_one_movement_is_reported(project_root):
    with open_engine("evm", account_count=ACCOUNTS) as engine:
        pair = Pair(engine, compile_contracts(project_root), FuzzSetup("storage", MarketConfiguration()))
        renter, meter = pair.cast.participants[0], pair.cast.meter
        frame = engine.timestamp // 1800 + 2

        def send(sender, function, *args, at=0):
            timestamp = max(at, engine.timestamp + 1)
            return pair.step(Call("storage", function, args, sender, timestamp)).outcome

        assert send(renter, "book", frame, 4, 5_000, 4_000, 2_000).status
        one = pack_framed_movement(1, 2_000, 500, frame)
        end = (frame + 1) * 1800
        assert send(renter, "moveOne", one).error.startswith("Venue_MissingRole")
        assert send(meter, "moveOne", one, at=end - 1).error.startswith("Storage_FrameNotOver")
        assert send(meter, "moveOne", one | 1 << 128, at=end).error.startswith("Storage_InvalidRecord")
        for word, error in (
            (pack_framed_movement(9, 1, 0, frame), "Storage_NoBooking"),
            (pack_framed_movement(1, 2_001, 0, frame), "Storage_PowerLimit"),
            (pack_framed_movement(1, 0, 1_001, frame), "Storage_PowerLimit"),
            (pack_framed_movement(1, 0, 1, frame), "Storage_Empty"),
        ):
            assert send(meter, "moveOne", word).error.startswith(error)
        assert send(meter, "moveOne", one).status
        assert send(meter, "moveOne", one).error.startswith("Storage_FrameOutsideBooking")
        assert send(meter, "moveOne", one, at=end + 30 * 86_400).error.startswith("Storage_TooLate")
        assert pair.checkpoint() > 0
