"""Words of the frame auction: requests, orders and cancels of a chain, carried rests, fills and records.

Layouts are those of ``IFrameAuction``. The words of a chain have 16 bytes, carried words 32, positions two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from eth_hash.auto import keccak

from voltberg.reference.words import MASK_8, MASK_16, MASK_32, MASK_40, packed

AUCTION_REQUEST_BITS: Final = 120
WORD_BYTES: Final = 16
CARRIED_BYTES: Final = 32
POSITION_BYTES: Final = 2
FILL_BYTES: Final = 8
DIGEST_BYTES: Final = 28
MASK_24: Final = (1 << 24) - 1
MASK_128: Final = (1 << 128) - 1
CANCEL_BIT: Final = 106
SUPPLIER_BIT: Final = 105
SIDE_BIT: Final = 104


@dataclass(frozen=True, slots=True)
class AuctionOrder:
    """An order's word, unpacked.

    Attributes
    ----------
    participant_id : int
        Its owner.
    quantity_wh, peak_wh : int
        What it still wants or offers, and the slice that it shows (0: all) [Wh].
    tick : int
        Limit price [ticks].
    lock_ticks : int
        Locked money per Wh [ticks].
    rolls : int
        Further frames that the rest may enter.
    side : int
        A :class:`~voltberg.models.Side`.
    supplier : bool
        Whether it comes last on its side.
    """

    participant_id: int
    quantity_wh: int
    peak_wh: int
    tick: int
    lock_ticks: int
    rolls: int
    side: int
    supplier: bool = False


@dataclass(frozen=True, slots=True)
class AuctionCancel:
    """A cancel's word, unpacked: who cancels which order (frame it was placed in, number in that chain)."""

    participant_id: int
    index: int
    origin_frame: int


@dataclass(frozen=True, slots=True)
class AuctionRecord:
    """What a frame brought a participant [Wh, micro]; the refund is all that it gets back."""

    participant_id: int
    bought_wh: int = 0
    sold_wh: int = 0
    purchase_micro: int = 0
    sale_micro: int = 0
    lock_micro: int = 0
    refund_micro: int = 0


@dataclass(frozen=True, slots=True)
class AuctionFill:
    """Positions that traded, energy [Wh] and price [ticks]; tick 255 stands for the frame's one price."""

    buyer_position: int
    seller_position: int
    energy_wh: int
    tick: int


def pack_auction_request(
    frame: int, side: int, tick: int, quantity_wh: int, peak_wh: int = 0, rolls: int = 0
) -> int:
    """Pack an order for ``FrameAuction.place``.

    Parameters
    ----------
    frame : int
        Delivery frame.
    side : int
        A :class:`~voltberg.models.Side`.
    tick : int
        Limit price [ticks].
    quantity_wh : int
        Whole quantity [Wh].
    peak_wh : int, optional
        Slice on display [Wh]; 0 displays all.
    rolls : int, optional
        Further frames that the rest may enter.

    Returns
    -------
    int
        frame 32 | side 8 | tick 8 | quantity 32 | peak 32 | rolls 8.
    """
    fields = ((frame, 32), (side, 8), (tick, 8), (quantity_wh, 32), (peak_wh, 32), (rolls, 8))
    return packed("auction request", fields)


def unpack_auction_request(request: int) -> tuple[int, int, int, int, int, int]:
    """Frame, side, tick, quantity [Wh], peak [Wh] and rolls of an order to place; without higher bits."""
    return (
        request & MASK_32,
        request >> 32 & MASK_8,
        request >> 40 & MASK_8,
        request >> 48 & MASK_32,
        request >> 80 & MASK_32,
        request >> 112 & MASK_8,
    )


def pack_auction_order(order: AuctionOrder) -> int:
    """Word of an order in a frame's chain."""
    return packed(
        "auction order",
        (
            (order.participant_id, 32),
            (order.quantity_wh, 24),
            (order.peak_wh, 24),
            (order.tick, 8),
            (order.lock_ticks, 8),
            (order.rolls, 8),
            (int(order.side), 1),
            (int(order.supplier), 1),
        ),
    )


def unpack_auction_order(word: int) -> AuctionOrder:
    """Inverse of :func:`pack_auction_order`."""
    return AuctionOrder(
        participant_id=word & MASK_32,
        quantity_wh=word >> 32 & MASK_24,
        peak_wh=word >> 56 & MASK_24,
        tick=word >> 80 & MASK_8,
        lock_ticks=word >> 88 & MASK_8,
        rolls=word >> 96 & MASK_8,
        side=word >> SIDE_BIT & 1,
        supplier=bool(word >> SUPPLIER_BIT & 1),
    )


def pack_auction_cancel(cancel: AuctionCancel) -> int:
    """Word of a cancel in a frame's chain."""
    fields = (
        (cancel.participant_id, 32),
        (cancel.index, 16),
        (cancel.origin_frame, 32),
        (0, 26),
        (1, 1),
    )
    return packed("auction cancel", fields)


def unpack_auction_cancel(word: int) -> AuctionCancel:
    """Inverse of :func:`pack_auction_cancel`."""
    return AuctionCancel(word & MASK_32, word >> 32 & MASK_16, word >> 48 & MASK_32)


def is_cancel(word: int) -> bool:
    """Whether a word of a chain is a cancel."""
    return bool(word >> CANCEL_BIT & 1)


def pack_carried(order_word: int, origin_frame: int, index: int) -> int:
    """Word of a rest that entered from the frame before, with the order's name."""
    return packed("carried order", ((order_word, 128), (origin_frame, 32), (index, 16)))


def unpack_carried(word: int) -> tuple[int, int, int]:
    """Order word, origin frame and index of a carried word."""
    return word & MASK_128, word >> 128 & MASK_32, word >> 160 & MASK_16


def pack_chained(word: int, frame: int, index: int) -> int:
    """Entry of ``WordChained``."""
    return packed("chained word", ((word, 128), (frame, 32), (index, 16)))


def unpack_chained(entry: int) -> tuple[int, int, int]:
    """Word, frame and index of an entry of ``WordChained``."""
    return unpack_carried(entry)


def pack_first_chained(frame: int, index: int) -> int:
    """Name of the first of the words of a ``WordsChained``."""
    return packed("first chained word", ((frame, 32), (index, 16)))


def unpack_first_chained(first: int) -> tuple[int, int]:
    """Frame and index of the first of the words of a ``WordsChained``."""
    return first & MASK_32, first >> 32


def pack_record(record: AuctionRecord) -> int:
    """Word of a participant's result in a frame."""
    return packed(
        "auction record",
        (
            (record.participant_id, 32),
            (record.bought_wh, 32),
            (record.sold_wh, 32),
            (record.purchase_micro, 40),
            (record.sale_micro, 40),
            (record.lock_micro, 40),
            (record.refund_micro, 40),
        ),
    )


def unpack_record(word: int) -> AuctionRecord:
    """Inverse of :func:`pack_record`."""
    return AuctionRecord(
        participant_id=word & MASK_32,
        bought_wh=word >> 32 & MASK_32,
        sold_wh=word >> 64 & MASK_32,
        purchase_micro=word >> 96 & MASK_40,
        sale_micro=word >> 136 & MASK_40,
        lock_micro=word >> 176 & MASK_40,
        refund_micro=word >> 216 & MASK_40,
    )


def pack_fills(fills: Iterable[AuctionFill]) -> bytes:
    """Bytes of ``Fills``, each from the highest: buyer's, seller's position 16 | energy 24 | tick 8."""
    return b"".join(
        (fill.buyer_position << 48 | fill.seller_position << 32 | fill.energy_wh << 8 | fill.tick).to_bytes(
            FILL_BYTES, "big"
        )
        for fill in fills
    )


def unpack_fills(data: bytes) -> list[AuctionFill]:
    """Inverse of :func:`pack_fills`."""
    words = (int.from_bytes(data[at : at + FILL_BYTES], "big") for at in range(0, len(data), FILL_BYTES))
    return [
        AuctionFill(word >> 48, word >> 32 & MASK_16, word >> 8 & MASK_24, word & MASK_8) for word in words
    ]


def words_bytes(words: Iterable[int]) -> bytes:
    """Words of a chain as ``clear`` takes them."""
    return b"".join(word.to_bytes(WORD_BYTES, "big") for word in words)


def carried_bytes(words: Iterable[int]) -> bytes:
    """Carried words as ``clear`` takes them."""
    return b"".join(word.to_bytes(CARRIED_BYTES, "big") for word in words)


def position_bytes(positions: Iterable[int]) -> bytes:
    """Positions as ``clear`` takes them."""
    return b"".join(position.to_bytes(POSITION_BYTES, "big") for position in positions)


def first_digest(auction: str, frame: int) -> bytes:
    """Digest of a frame's chain without words.

    Parameters
    ----------
    auction : str
        Address of the contract.
    frame : int
        Delivery frame.

    Returns
    -------
    bytes
        28 bytes.
    """
    return keccak(bytes.fromhex(auction.removeprefix("0x")) + frame.to_bytes(4, "big"))[:DIGEST_BYTES]


def next_digest(digest: bytes, word: int) -> bytes:
    """Digest of a chain after one more word."""
    return keccak(digest + word.to_bytes(WORD_BYTES, "big"))[:DIGEST_BYTES]


def chain_digest(auction: str, frame: int, words: Sequence[int]) -> bytes:
    """Digest of a frame's chain with all its words."""
    digest = first_digest(auction, frame)
    for word in words:
        digest = next_digest(digest, word)
    return digest


def carried_digest(words: Sequence[int]) -> bytes:
    """Digest of the carried words of a frame; zeros without any."""
    return keccak(carried_bytes(words)) if words else bytes(32)
