"""The fate of every order of a frame auction, told from its words and fills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from voltberg.models import OrderKind, Side, Trade
from voltberg.reference.auction_clearing import NO_PRICE_TICK
from voltberg.reference.auction_words import (
    is_cancel,
    unpack_auction_cancel,
    unpack_auction_order,
    unpack_chained,
    unpack_fills,
)
from voltberg.reference.words import unpack_request
from voltberg.simulation.ledger import Step
from voltberg.simulation.orders import DepthLevel, OrderFate, PlacedTrade, depth_of

POSITION_BYTES = 2


class AuctionFollower:
    """The :class:`~voltberg.simulation.orders.OrderFollower` of the frame auction.

    An order's id is its frame and its number in the frame's chain, as in the word's log.
    """

    def __init__(self) -> None:
        self.orders: list[OrderFate] = []
        self.trades: list[PlacedTrade] = []
        self.depth: list[DepthLevel] = []
        self._standing: dict[int, dict[int, OrderFate]] = {}
        self._owners: dict[int, int] = {}

    def follow(self, steps: Iterable[Step]) -> None:
        """Read all transactions of a replay, in order."""
        for number, step in enumerate(steps):
            logs = {event: args for name, event, args in step.execution.logs if name == "auction"}
            if step.planned.operation == "place":
                self._placed(number, step, logs)
            elif step.planned.operation == "cancel" and "WordChained" in logs:
                self._cancelled(step.planned.frame, logs["WordChained"][0])
            elif step.planned.operation == "clear" and "FrameCleared" in logs:
                self._cleared(number, step, logs)

    def _placed(self, number: int, step: Step, logs: Mapping[str, tuple[Any, ...]]) -> None:
        request = unpack_request(step.planned.args[0])
        order = OrderFate(
            transaction=number,
            frame=request.frame,
            participant_account=step.planned.sender,
            side=request.side,
            tick=request.tick,
            requested_wh=request.quantity_wh,
            quantity_wh=request.quantity_wh,
            peak_wh=request.peak_wh,
            price_step_ticks=0,
            kind=int(OrderKind.LIMIT),
            gas_used=step.execution.gas_used,
            reason=step.execution.error,
            last_tick=request.tick,
        )
        self.orders.append(order)
        told = logs.get("WordChained")
        if told is None:
            return
        word, frame, index = unpack_chained(told[0])
        chained = unpack_auction_order(word)
        order.quantity_wh = chained.quantity_wh
        order.visible_wh = chained.peak_wh or chained.quantity_wh
        order.order_id = frame << 16 | index
        self._standing.setdefault(frame, {})[index] = order
        self._owners[order.order_id] = chained.participant_id

    def _cancelled(self, frame: int, entry: int) -> None:
        word, _, _ = unpack_chained(entry)
        if is_cancel(word):
            order = self._standing.get(frame, {}).get(unpack_auction_cancel(word).index)
            if order is not None:
                order.returned_wh, order.reason = order.quantity_wh, "cancelled by owner"

    def _cleared(self, number: int, step: Step, logs: Mapping[str, tuple[Any, ...]]) -> None:
        frame, clearing = step.planned.args
        standing = self._standing.get(frame, {})
        live = [order for order in standing.values() if not order.returned_wh]
        self.depth.extend(depth_of(frame, live))
        uniform_tick = logs["FrameCleared"][-1]
        for fill in unpack_fills(logs["Fills"][1]) if "Fills" in logs else ():
            buy, sell = standing[fill.buyer_position], standing[fill.seller_position]
            buy.filled_wh += fill.energy_wh
            sell.filled_wh += fill.energy_wh
            tick = fill.tick if uniform_tick == NO_PRICE_TICK else uniform_tick
            trade = Trade(
                frame, self._owners[buy.order_id], self._owners[sell.order_id], fill.energy_wh, tick
            )
            self.trades.append(PlacedTrade(number, trade, 0))
        for side in Side:
            for position, slices in Counter(_positions(clearing[4 + side])).items():
                standing[position].slices_replenished = slices - 1
        for order in live:
            order.returned_wh = order.quantity_wh - order.filled_wh
            if order.returned_wh:
                order.reason = "gate closure"
                order.hidden_rest_wh = max(0, order.returned_wh - order.visible_wh)


def _positions(service: bytes) -> list[int]:
    return [
        int.from_bytes(service[at : at + POSITION_BYTES]) for at in range(0, len(service), POSITION_BYTES)
    ]
