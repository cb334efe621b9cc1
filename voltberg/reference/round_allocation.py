"""Verification of an allocation, as ``MatchingRound.submit`` does it (rules R6 and R7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voltberg.reference.round_state import OFFER, REQUEST, Entry, RoundRecord
from voltberg.reference.round_words import (
    CHUNK_TRADES,
    TRADE_BITS,
    entry_id,
    unpack_feeder_limit,
    unpack_trade,
)
from voltberg.reference.state import Revert


class Allocation:
    """An allocation on its way through its verification.

    Parameters
    ----------
    number : int
        The round.
    record : RoundRecord
        Its terms and limits.
    entries : Mapping[int, Entry]
        Standing entries by id.
    """

    def __init__(self, number: int, record: RoundRecord, entries: Mapping[int, Entry]) -> None:
        self._number = number
        self._record = record
        self._standing = entries
        self._left: dict[int, int] = {}
        self._net_import: dict[tuple[int, int], int] = {}
        self._charged: dict[int, int] = {}
        self._discharged: dict[int, int] = {}

    def verify(self, trades: Sequence[int]) -> int:
        """Check all trades.

        Parameters
        ----------
        trades : sequence of int
            Trade words.

        Returns
        -------
        int
            The objective: welfare [ticks x Wh] or energy [Wh].

        Raises
        ------
        Revert
            If one is against the rules.
        """
        score = 0
        for start in range(0, len(trades), CHUNK_TRADES):
            chunk = trades[start : start + CHUNK_TRADES]
            for trade in chunk:
                score += self._take(trade)
            for trade in chunk:
                self._check_limits(trade)
        return score

    def _take(self, trade: int) -> int:
        terms = self._record.terms
        request_index, offer_index, frame, tick, energy_wh = unpack_trade(trade)
        if trade >> TRADE_BITS or frame >= terms.frames or energy_wh == 0:
            raise Revert("Round_InvalidRecord", trade)
        request = self._entry(request_index, REQUEST)
        offer = self._entry(offer_index, OFFER)
        if request.participant_id == offer.participant_id:
            raise Revert("Round_SelfTrade", trade, request.participant_id)
        for index, entry in ((request_index, request), (offer_index, offer)):
            if not entry.first <= frame <= entry.last:
                number = entry_id(self._number, index)
                raise Revert("Round_OutsideWindow", trade, number, entry.first, entry.last)
        if not offer.tick <= tick <= request.tick:
            raise Revert("Round_PriceOutsideLimits", trade, offer.tick, request.tick)
        self._use(trade, request_index, request, energy_wh)
        self._use(trade, offer_index, offer, energy_wh)
        self._add(frame, request, offer, energy_wh)
        return energy_wh if terms.objective else energy_wh * (request.tick - offer.tick)

    def _entry(self, index: int, side: int) -> Entry:
        number = entry_id(self._number, index)
        entry = self._standing.get(number)
        if entry is None or entry.side != side:
            raise Revert("Round_NoEntry", number, side)
        return entry

    def _use(self, trade: int, index: int, entry: Entry, energy_wh: int) -> None:
        left = self._left.get(index, entry.remaining_wh)
        if energy_wh > left:
            raise Revert("Round_QuantityExceeded", trade, entry_id(self._number, index), left)
        self._left[index] = left - energy_wh

    def _add(self, frame: int, request: Entry, offer: Entry, energy_wh: int) -> None:
        net, storage_id = self._net_import, self._record.terms.storage_id
        for feeder, amount in ((request.feeder, energy_wh), (offer.feeder, -energy_wh)):
            net[frame, feeder] = net.get((frame, feeder), 0) + amount
        for entry, moved in ((request, self._charged), (offer, self._discharged)):
            if entry.participant_id == storage_id:
                moved[frame] = moved.get(frame, 0) + energy_wh

    def _check_limits(self, trade: int) -> None:
        request_index, offer_index, frame, _, _ = unpack_trade(trade)
        terms = self._record.terms
        delivery_frame = terms.first_frame + frame
        for index in (request_index, offer_index):
            feeder = self._standing[entry_id(self._number, index)].feeder
            net = self._net_import[frame, feeder]
            limits = unpack_feeder_limit(self._record.feeder_limits[feeder])
            exporting = net < 0
            if abs(net) > limits[exporting]:
                raise Revert(
                    "Round_FeederOverloaded", delivery_frame, feeder, exporting, abs(net), limits[exporting]
                )
        charged, discharged = self._charged.get(frame, 0), self._discharged.get(frame, 0)
        if charged > terms.charge_wh:
            raise Revert("Round_StorageOverloaded", delivery_frame, False, charged, terms.charge_wh)
        if discharged > terms.discharge_wh:
            raise Revert("Round_StorageOverloaded", delivery_frame, True, discharged, terms.discharge_wh)
