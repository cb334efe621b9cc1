"""The packed words of the contracts' calldata and logs: the one place that knows their layouts.

A word is a 256-bit integer whose fields are listed from the lowest bit; the layouts are those of the
interfaces' documentation. Packing checks that every field fits: one that spills would change its neighbour.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from voltberg.models import Fill, Movement, OrderRequest, Placement, Position, SettledDelivery, Side, Trade

MASK_8: Final = 0xFF
MASK_16: Final = 0xFFFF
MASK_32: Final = 0xFFFF_FFFF
MASK_40: Final = (1 << 40) - 1
MASK_48: Final = (1 << 48) - 1
MASK_56: Final = (1 << 56) - 1
MASK_64: Final = (1 << 64) - 1

REQUEST_BITS: Final = 144
DELIVERY_BYTES: Final = 16
"""Bytes of a record of ``DeliveriesSettled``."""
NOT_POSTED_TICK: Final = 255
"""A tariff that was not posted."""


def packed(name: str, fields: tuple[tuple[int, int], ...]) -> int:
    """Join (value, bits) from the lowest bit; a value that does not fit is a ``ValueError``."""
    word = 0
    shift = 0
    for value, bits in fields:
        if not 0 <= value < 1 << bits:
            msg = f"field of {name} at bit {shift} is {value}, expected 0 .. 2^{bits} - 1"
            raise ValueError(msg)
        word |= value << shift
        shift += bits
    return word


def pack_request(
    frame: int,
    side: int,
    tick: int,
    quantity_wh: int,
    peak_wh: int = 0,
    price_step_ticks: int = 0,
    kind: int = 0,
    max_fills: int = 64,
) -> int:
    """Pack an order for ``IcebergOrderBook.place``.

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
        Displayed part [Wh]; 0 displays all.
    price_step_ticks : int, optional
        Move of the limit per new slice [ticks].
    kind : int, optional
        An :class:`~voltberg.models.OrderKind`.
    max_fills : int, optional
        Most resting orders that may be visited.

    Returns
    -------
    int
        frame 32 | side 8 | tick 8 | quantity 32 | peak 32 | price step 8 | kind 8 | maxFills 16.

    Raises
    ------
    ValueError
        If a field does not fit its bits.
    """
    return packed(
        "order request",
        (
            (frame, 32),
            (side, 8),
            (tick, 8),
            (quantity_wh, 32),
            (peak_wh, 32),
            (price_step_ticks, 8),
            (kind, 8),
            (max_fills, 16),
        ),
    )


def unpack_request(word: int) -> OrderRequest:
    """Inverse of :func:`pack_request`; bits beyond the layout are ignored."""
    return OrderRequest(
        frame=word & MASK_32,
        side=word >> 32 & MASK_8,
        tick=word >> 40 & MASK_8,
        quantity_wh=word >> 48 & MASK_32,
        peak_wh=word >> 80 & MASK_32,
        price_step_ticks=word >> 112 & MASK_8,
        kind=word >> 120 & MASK_8,
        max_fills=word >> 128 & MASK_16,
    )


def pack_order_id(frame: int, side: int, tick: int, index: int) -> int:
    """Id of the order that arrived as number `index` at its level."""
    return packed("order id", ((index, 16), (tick, 8), (side, 8), (frame, 32)))


def unpack_order_id(order_id: int) -> tuple[int, int, int, int]:
    """Frame, side, tick and index of an order id."""
    return order_id >> 32, order_id >> 24 & MASK_8, order_id >> 16 & MASK_8, order_id & MASK_16


def pack_placement(placement: Placement) -> int:
    """Argument of ``OrderPlaced``."""
    return (
        placement.order_id
        | placement.participant_id << 64
        | placement.quantity_wh << 96
        | placement.peak_wh << 128
        | placement.visible_wh << 160
        | placement.price_step_ticks << 192
    )


def unpack_placement(word: int) -> Placement:
    """Read the argument of ``OrderPlaced``."""
    return Placement(
        order_id=word & MASK_64,
        participant_id=word >> 64 & MASK_32,
        quantity_wh=word >> 96 & MASK_32,
        peak_wh=word >> 128 & MASK_32,
        visible_wh=word >> 160 & MASK_32,
        price_step_ticks=word >> 192 & MASK_8,
    )


def pack_fill(maker_order_id: int, maker_id: int, taker_id: int, energy_wh: int) -> int:
    """Argument of ``Filled``."""
    return maker_order_id | maker_id << 64 | taker_id << 96 | energy_wh << 128


def unpack_fill(word: int) -> Fill:
    """Read the argument of ``Filled``."""
    return Fill(word & MASK_64, word >> 64 & MASK_32, word >> 96 & MASK_32, word >> 128 & MASK_32)


def trade_of(fill: Fill) -> Trade:
    """Who bought from whom: the maker is the buyer when its order is a bid."""
    frame, side, tick, _ = unpack_order_id(fill.maker_order_id)
    if side == Side.BID:
        return Trade(frame, fill.maker_id, fill.taker_id, fill.energy_wh, tick)
    return Trade(frame, fill.taker_id, fill.maker_id, fill.energy_wh, tick)


def pack_rest(frame: int, participant_id: int, energy_wh: int, reason: int) -> int:
    """Argument of ``RestReturned``."""
    return frame | participant_id << 32 | energy_wh << 64 | reason << 96


def unpack_rest(word: int) -> tuple[int, int, int, int]:
    """Frame, participant, energy [Wh] and reason of ``RestReturned``."""
    return word & MASK_32, word >> 32 & MASK_32, word >> 64 & MASK_32, word >> 96 & MASK_8


def pack_cancellation(order_id: int, energy_wh: int) -> int:
    """Argument of ``OrderCancelled``."""
    return order_id | energy_wh << 64


def unpack_cancellation(word: int) -> tuple[int, int]:
    """Order id and energy [Wh] of ``OrderCancelled``."""
    return word & MASK_64, word >> 64 & MASK_32


def pack_reduction(order_id: int, reduction_wh: int, visible_wh: int) -> int:
    """Argument of ``OrderReduced``."""
    return order_id | reduction_wh << 64 | visible_wh << 96


def unpack_reduction(word: int) -> tuple[int, int, int]:
    """Order id, energy taken off and visible energy left [Wh] of ``OrderReduced``."""
    return word & MASK_64, word >> 64 & MASK_32, word >> 96 & MASK_32


def pack_move(old_order_id: int, new_order_id: int) -> int:
    """Argument of ``OrderMoved``."""
    return old_order_id | new_order_id << 64


def unpack_move(word: int) -> tuple[int, int]:
    """Old and new order id of ``OrderMoved``."""
    return word & MASK_64, word >> 64 & MASK_64


def pack_refusal(buyer_id: int, seller_id: int, energy_wh: int, tick: int) -> int:
    """Entry of ``IcebergOrderBook.refuseTrades``."""
    return packed("refusal", ((buyer_id, 32), (seller_id, 32), (energy_wh, 32), (tick, 8)))


def position_tag(frame: int, ring_frames: int) -> int:
    """Tag that tells the frames apart which share a position slot."""
    return (frame // ring_frames + 1) & MASK_16


def pack_position(position: Position, tag: int = 0) -> int:
    """Pack a position as ``IVenue.positionsOf`` gives it, with its frame's tag."""
    return (
        position.bought_wh
        | position.sold_wh << 40
        | position.purchase_micro << 80
        | position.sale_micro << 136
        | position.lock_micro << 192
        | tag << 240
    )


def unpack_position(word: int) -> Position:
    """Read a word of ``IVenue.positionsOf``; 0 gives an empty position."""
    return Position(
        bought_wh=word & MASK_40,
        sold_wh=word >> 40 & MASK_40,
        purchase_micro=word >> 80 & MASK_56,
        sale_micro=word >> 136 & MASK_56,
        lock_micro=word >> 192 & MASK_48,
    )


def pack_tariff(
    cap_tick: int, grid_tick: int, retailer_tick: int, grid_fee_ticks: int, platform_fee_ticks: int
) -> int:
    """Entry of ``TradeSettlement.openFrames``; tick 255 = tariff not posted."""
    return packed(
        "tariff",
        ((cap_tick, 8), (grid_tick, 8), (retailer_tick, 8), (grid_fee_ticks, 8), (platform_fee_ticks, 8)),
    )


def pack_reading(participant_id: int, delivered_wh: int) -> int:
    """Entry of ``TradeSettlement.reportDelivery``."""
    return packed("reading", ((participant_id, 32), (delivered_wh, 40)))


def pack_record_reading(frame: int, index: int, delivered_wh: int) -> int:
    """First argument of ``TradeSettlement.reportRecord``."""
    return packed("record reading", ((frame, 32), (index, 16), (delivered_wh, 40)))


def pack_delivery(delivery: SettledDelivery) -> int:
    """Record of ``DeliveriesSettled`` or ``DeliverySettled``; money beyond 56 bits shows as the most."""
    return min(delivery.paid_micro, MASK_56) | delivery.participant_id << 56 | delivery.delivered_wh << 88


def unpack_delivery(word: int) -> SettledDelivery:
    """Read a record of ``DeliveriesSettled``, or the argument of ``DeliverySettled``."""
    return SettledDelivery(
        participant_id=word >> 56 & MASK_32, delivered_wh=word >> 88 & MASK_40, paid_micro=word & MASK_56
    )


def pack_deliveries(records: Iterable[int]) -> bytes:
    """Argument of ``DeliveriesSettled``, from its records."""
    return b"".join(record.to_bytes(DELIVERY_BYTES, "big") for record in records)


def unpack_deliveries(data: bytes) -> tuple[SettledDelivery, ...]:
    """Read the argument of ``DeliveriesSettled``."""
    return tuple(
        unpack_delivery(int.from_bytes(data[start : start + DELIVERY_BYTES], "big"))
        for start in range(0, len(data), DELIVERY_BYTES)
    )


def pack_rating(participant_id: int, weight_wh: int, good: int) -> int:
    """Record of ``TradeSettlement.rate``."""
    return packed("rating", ((participant_id, 32), (weight_wh, 40), (good, 8)))


def pack_movement(booking_id: int, in_wh: int, out_wh: int) -> int:
    """Record of ``StorageRental.move``."""
    return packed("movement", ((booking_id, 32), (in_wh, 32), (out_wh, 32)))


def pack_framed_movement(booking_id: int, in_wh: int, out_wh: int, frame: int) -> int:
    """Argument of ``StorageRental.moveOne``."""
    return packed("framed movement", ((booking_id, 32), (in_wh, 32), (out_wh, 32), (frame, 32)))


def unpack_movement(word: int) -> Movement:
    """Read the argument of ``EnergyMoved``."""
    return Movement(
        booking_id=word & MASK_32,
        in_wh=word >> 32 & MASK_32,
        out_wh=word >> 64 & MASK_32,
        stored_wh=word >> 96 & MASK_40,
        frame=word >> 136 & MASK_32,
    )


def pack_session(station_id: int, user_id: int, energy_wh: int) -> int:
    """Record of ``CreditScoring.attestSessions``."""
    return packed("session", ((station_id, 32), (user_id, 32), (energy_wh, 32)))


def pack_supply(participant_id: int, theoretical: int, practical: int, *, exchange: bool) -> int:
    """Record of ``CreditScoring.recordSupply``."""
    return packed("supply", ((participant_id, 32), (theoretical, 40), (practical, 40), (int(exchange), 8)))
