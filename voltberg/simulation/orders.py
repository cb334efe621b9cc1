"""The fate of every order, told from the venue's own events: what is common to venues, and the book's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from voltberg.models import RestReason, Trade
from voltberg.reference.words import (
    trade_of,
    unpack_cancellation,
    unpack_fill,
    unpack_move,
    unpack_order_id,
    unpack_placement,
    unpack_reduction,
    unpack_request,
    unpack_rest,
)
from voltberg.simulation.ledger import Step

REST_REASONS = {
    RestReason.IMMEDIATE_OR_CANCEL: "IOC",
    RestReason.SELF_TRADE: "self-trade",
    RestReason.MAX_FILLS: "maxFills reached",
}


@dataclass(slots=True)
class OrderFate:
    """What became of one order.

    Parameters
    ----------
    transaction : int
        Row of the transactions table that placed it.
    frame, participant_account : int, str
        Delivery frame; who placed it.
    side, tick, requested_wh, peak_wh, price_step_ticks, kind : int
        The request.
    quantity_wh : int
        What was accepted of it: a penalised buyer's quantity is cut (RET) [Wh].
    gas_used : int
        Gas of placing it.
    order_id : int
        Its last id in the book, 0 if it never rested.
    filled_wh : int
        Energy traded.
    returned_wh : int
        Energy that was cancelled, released or not allowed to rest.
    visible_wh : int
        Displayed part while resting.
    slices_replenished : int
        How often a new slice was shown.
    reason : str
        Why it was refused, or why the rest left the book.
    last_tick : int
        Price level at the end.
    hidden_rest_wh : int
        Hidden energy when it left the book.
    """

    transaction: int
    frame: int
    participant_account: str
    side: int
    tick: int
    requested_wh: int
    quantity_wh: int
    peak_wh: int
    price_step_ticks: int
    kind: int
    gas_used: int
    order_id: int = 0
    filled_wh: int = 0
    returned_wh: int = 0
    visible_wh: int = 0
    slices_replenished: int = 0
    reason: str = ""
    last_tick: int = 0
    hidden_rest_wh: int = 0

    @property
    def resting_wh(self) -> int:
        """Energy still in the book [Wh]."""
        return self.quantity_wh - self.filled_wh - self.returned_wh if self.order_id else 0

    @property
    def fate(self) -> str:
        """``refused``, ``filled``, ``partly filled``, ``rested``, or ``unfilled`` if it did none of these."""
        if not self.order_id and not self.filled_wh and self.reason and self.returned_wh == 0:
            return "refused"
        if self.filled_wh == self.quantity_wh:
            return "filled"
        if self.filled_wh:
            return "partly filled"
        return "rested" if self.order_id else "unfilled"


@dataclass(frozen=True, slots=True)
class PlacedTrade:
    """A trade and where it happened.

    Parameters
    ----------
    transaction : int
        Row of the transactions table.
    trade : Trade
        Buyer, seller, energy and price.
    maker_id : int
        Which of the two was in the book first; 0 at an auction.
    """

    transaction: int
    trade: Trade
    maker_id: int


@dataclass(frozen=True, slots=True)
class DepthLevel:
    """What stood in the book at one level when the gate closed.

    Parameters
    ----------
    frame, side, tick : int
        The level.
    orders : int
        How many orders.
    displayed_wh, hidden_wh : int
        Displayed and hidden energy [Wh].
    """

    frame: int
    side: int
    tick: int
    orders: int
    displayed_wh: int
    hidden_wh: int


class OrderFollower(Protocol):
    """Rebuilds orders, trades and depth from a replay's transactions.

    Attributes
    ----------
    orders : list of OrderFate
        In the order of placing.
    trades : list of PlacedTrade
        In the order of trading.
    depth : list of DepthLevel
        By frame, at gate closure.
    """

    orders: list[OrderFate]
    trades: list[PlacedTrade]
    depth: list[DepthLevel]

    def follow(self, steps: Iterable[Step]) -> None:
        """Read all transactions of a replay, in order."""


class OrderBookFollower:
    """The :class:`OrderFollower` of the continuous book."""

    def __init__(self) -> None:
        self.orders: list[OrderFate] = []
        self.trades: list[PlacedTrade] = []
        self.depth: list[DepthLevel] = []
        self._resting: dict[int, OrderFate] = {}

    def follow(self, steps: Iterable[Step]) -> None:
        """Read transactions in order.

        Parameters
        ----------
        steps : iterable of Step
            All of a replay.
        """
        for number, step in enumerate(steps):
            placed = self._placed(number, step) if step.planned.operation == "place" else None
            if step.planned.operation == "release":
                self._photograph(step.planned.frame)
            for contract, event, args in step.execution.logs:
                if contract == "book":
                    self._event(number, event, args, placed, step.planned.operation)
            if placed is not None and not placed.order_id and not placed.reason:
                placed.quantity_wh = placed.filled_wh  # nothing rests and nothing came back

    def _placed(self, number: int, step: Step) -> OrderFate:
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
            price_step_ticks=request.price_step_ticks,
            kind=request.kind,
            gas_used=step.execution.gas_used,
            reason=step.execution.error,
            last_tick=request.tick,
        )
        self.orders.append(order)
        return order

    def _event(
        self, number: int, event: str, args: tuple[int, ...], placed: OrderFate | None, operation: str
    ) -> None:
        if event == "Filled":
            self._filled(number, args[0], placed)
        elif event == "OrderPlaced" and placed is not None:
            placement = unpack_placement(args[0])
            placed.order_id, placed.visible_wh = placement.order_id, placement.visible_wh
            placed.quantity_wh = placed.filled_wh + placement.quantity_wh
            placed.last_tick = _tick_of(placement.order_id)
            self._resting[placement.order_id] = placed
        elif event == "RestReturned" and placed is not None:
            _, _, energy_wh, reason = unpack_rest(args[0])
            placed.returned_wh += energy_wh
            placed.quantity_wh = placed.filled_wh + energy_wh
            placed.reason = REST_REASONS[RestReason(reason)]
        elif event == "OrderCancelled":
            order_id, energy_wh = unpack_cancellation(args[0])
            order = self._resting.pop(order_id)
            order.hidden_rest_wh = energy_wh - min(order.visible_wh, energy_wh)
            order.returned_wh += energy_wh
            order.reason = "gate closure" if operation == "release" else "cancelled by owner"
        elif event == "OrderReduced":
            order_id, energy_wh, visible_wh = unpack_reduction(args[0])
            order = self._resting[order_id]
            order.returned_wh += energy_wh
            order.visible_wh = visible_wh
        elif event == "OrderMoved":
            old_order_id, order_id = unpack_move(args[0])
            order = self._resting.pop(old_order_id)
            order.order_id, order.last_tick = order_id, _tick_of(order_id)
            self._resting[order_id] = order

    def _filled(self, number: int, word: int, placed: OrderFate | None) -> None:
        fill = unpack_fill(word)
        self.trades.append(PlacedTrade(number, trade_of(fill), fill.maker_id))
        if placed is not None:
            placed.filled_wh += fill.energy_wh
        maker = self._resting[fill.maker_order_id]
        maker.filled_wh += fill.energy_wh
        maker.visible_wh -= fill.energy_wh
        rest_wh = maker.resting_wh
        if rest_wh == 0:
            del self._resting[fill.maker_order_id]
        elif maker.visible_wh == 0:
            maker.visible_wh = min(maker.peak_wh, rest_wh)
            maker.slices_replenished += 1

    def _photograph(self, frame: int) -> None:
        resting = [order for order in self._resting.values() if order.frame == frame]
        self.depth.extend(depth_of(frame, resting))


def depth_of(frame: int, orders: Iterable[OrderFate]) -> list[DepthLevel]:
    """Sum up by level what orders show and hide.

    Parameters
    ----------
    frame : int
        Their frame.
    orders : iterable of OrderFate
        Orders that stand there now.

    Returns
    -------
    list of DepthLevel
        By side and tick.
    """
    levels: dict[tuple[int, int], list[int]] = {}
    for order in orders:
        level = levels.setdefault((order.side, order.last_tick), [0, 0, 0])
        level[0] += 1
        level[1] += order.visible_wh
        level[2] += order.resting_wh - order.visible_wh
    return [DepthLevel(frame, side, tick, *sums) for (side, tick), sums in sorted(levels.items())]


def _tick_of(order_id: int) -> int:
    return unpack_order_id(order_id)[2]
