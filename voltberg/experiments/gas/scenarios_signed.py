"""Scenarios of orders that their owner signs and somebody else submits, at both venues that take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.eip712 import sign_auction_order, sign_order
from voltberg.experiments.gas.auction_desk import frame_request, trade_frame
from voltberg.experiments.gas.auction_frames import read_frame
from voltberg.experiments.gas.book_desk import ASK, ORDER_WH, request, rest
from voltberg.experiments.gas.registry import MARKET, Figures, scenario
from voltberg.experiments.gas.stage import ROLE_ACCOUNTS, Actor, Stage

ORDERS: Final = 10
VALID_SECONDS: Final = 86_400
Signer = Callable[[bytes, int, str, int, int, int], bytes]


def _signed(
    stage: Stage, venue: str, sign: Signer, word: int, owner: int, nonce: int
) -> tuple[int, str, int, int, bytes]:
    """Arguments of ``placeSigned``.

    Expiry and signature are without a zero byte, as three of four are: calldata costs the same whatever
    the venue's address is.
    """
    account = accounts_of_mnemonic(TEST_MNEMONIC, ROLE_ACCOUNTS + owner + 1)[-1]
    expiry = stage.now + VALID_SECONDS
    while True:
        signature = sign(account.key, stage.engine.chain_id, stage.address(venue), word, nonce, expiry)
        if all(signature + expiry.to_bytes(4)):
            return word, stage.participants[owner].address, nonce, expiry, signature
        expiry += 1


def _figures(stage: Stage, venue: str, sign: Signer, word: int, owner: int, prefix: str) -> Figures:
    """Submit ten signed orders of one owner, whose first opens a word of 256 nonces, one transaction each."""
    relayer, name = Actor(stage.newcomers[0], 0), f"{prefix}place_signed"
    labels = [f"{name}_first", name, *[f"{name}_further"] * (ORDERS - 2)]
    gas = [
        stage.measure(label, relayer, venue, "placeSigned", *_signed(stage, venue, sign, word, owner, nonce))
        for nonce, label in enumerate(labels, start=1)
    ]
    return {name: gas[1], f"{name}_first": gas[0], f"{name}10_each": -(-sum(gas) // ORDERS)}


@scenario(MARKET, "place_signed", "place_signed_first", "place_signed10_each")
def book_signed(stage: Stage) -> Figures:
    """Place signed orders on a level of the book where an order rests."""
    rest(stage, 1)
    return _figures(stage, "book", sign_order, request(stage, ASK, quantity_wh=5 * ORDER_WH), 0, "")


@scenario(MARKET, "frame_place_signed", "frame_place_signed_first", "frame_place_signed10_each")
def auction_signed(stage: Stage) -> Figures:
    """Place signed orders in a frame of the auction, behind a hundred others."""
    trade_frame(stage, "100")
    order = next(order for order in read_frame("100_half_iceberg") if not order.peak_wh)
    word = frame_request(stage, order)
    return _figures(stage, "auction", sign_auction_order, word, order.account, "frame_")
