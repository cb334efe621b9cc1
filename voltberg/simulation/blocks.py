"""Collecting a replay's calls into blocks, with the twin's prediction for each."""

from __future__ import annotations

from dataclasses import replace

from voltberg.reference.market import Call, ReferenceMarket
from voltberg.simulation.plan import BLOCK_GAS_LIMIT, Block, PlannedCall


class BlockBuilder:
    """Collects calls, applies each to the twin at once, and cuts blocks at the gas limit.

    Parameters
    ----------
    market : ReferenceMarket
        The twin; after each call it is in the state that the ledger will be in.
    """

    def __init__(self, market: ReferenceMarket) -> None:
        self.market = market
        self._timestamp = 0
        self._calls: list[PlannedCall] = []
        self._gas = 0
        self._full: list[Block] = []

    def begin(self, timestamp: int) -> None:
        """Start a block.

        Parameters
        ----------
        timestamp : int
            Unix time [s], after the last block's.

        Raises
        ------
        ValueError
            If time would not go up.
        """
        if self._calls or timestamp <= self._timestamp:
            msg = f"a block at {timestamp} cannot follow the one at {self._timestamp}"
            raise ValueError(msg)
        self._timestamp = timestamp

    def call(
        self, frame: int, operation: str, contract: str, function: str, args: tuple[object, ...], sender: str
    ) -> object:
        """Add a call.

        Parameters
        ----------
        frame : int
            Frame that it is about.
        operation : str
            Name of the operation in the gas table.
        contract : str
            Contract that is called.
        function : str
            Its function.
        args : tuple
            Arguments.
        sender : str
            Who calls.

        Returns
        -------
        object
            What the call returns by the twin; None if it fails.
        """
        planned = PlannedCall(frame, operation, contract, function, args, sender)
        if self._gas + planned.gas_limit > BLOCK_GAS_LIMIT:
            self._cut()
            self._timestamp += 1
        outcome = self.market.apply(Call(contract, function, args, sender, self._timestamp))
        self._calls.append(replace(planned, error=outcome.error or "", logs=tuple(outcome.logs)))
        self._gas += planned.gas_limit
        return outcome.value if outcome.status else None

    def finish(self) -> list[Block]:
        """End the block.

        Returns
        -------
        list of Block
            The blocks that the calls since ``begin`` fill; none if there were no calls.
        """
        self._cut()
        full, self._full = self._full, []
        return full

    def _cut(self) -> None:
        if self._calls:
            self._full.append(Block(self._timestamp, tuple(self._calls)))
        self._calls, self._gas = [], 0
