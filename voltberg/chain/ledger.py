"""A deployed market as the ledger of a replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from voltberg.chain.engine import BlockHandle, Engine, EngineError, Receipt
from voltberg.chain.market import ChainMarket
from voltberg.simulation.ledger import Execution, LedgerError, PreparedBlock, View
from voltberg.simulation.plan import Block

READS_PER_BATCH = 500
NO_REVERT_DATA = "halted"
"""Said of a failure that left no data: out of gas, or an invalid instruction."""


class ChainLedger:
    """Sends a replay's blocks to an engine and reads back what became of them.

    Parameters
    ----------
    engine : Engine
        The chain.
    market : ChainMarket
        The market deployed on it.
    """

    def __init__(self, engine: Engine, market: ChainMarket) -> None:
        self.engine = engine
        self.market = market
        self._in_flight: BlockHandle | None = None
        self._executed = 0

    def prepare(self, block: Block) -> PreparedBlock:
        """Encode and sign a block.

        Parameters
        ----------
        block : Block
            The calls.

        Returns
        -------
        PreparedBlock
            For :meth:`submit`, in the order of preparation.
        """
        transactions = [
            self.market.transaction(
                call.sender, call.contract, call.function, *call.args, gas_limit=call.gas_limit
            )
            for call in block.calls
        ]
        return PreparedBlock(block.timestamp, self.engine.sign(transactions))

    def submit(self, prepared: PreparedBlock) -> None:
        """Start a block.

        Parameters
        ----------
        prepared : PreparedBlock
            The block.

        Raises
        ------
        LedgerError
            If a block is in flight already, or the engine gives up.
        """
        if self._in_flight is not None:
            raise LedgerError("a block is in flight already: collect it first")
        try:
            self._in_flight = self.engine.submit_block(prepared.transactions, prepared.timestamp)
        except EngineError as error:
            self._give_up(error)

    def collect(self) -> list[Execution]:
        """Wait for the block in flight.

        Returns
        -------
        list of Execution
            In the order of its calls.

        Raises
        ------
        LedgerError
            If no block is in flight, or the engine gives up; the message says how far the replay got.
        """
        if self._in_flight is None:
            raise LedgerError("no block is in flight: submit one first")
        handle, self._in_flight = self._in_flight, None
        try:
            receipts = self.engine.collect(handle)
        except EngineError as error:
            self._give_up(error)
        self._executed += len(receipts)
        return [self._execution(receipt) for receipt in receipts]

    def recall(self, block_number: int) -> list[Execution]:
        """Read again what became of a block that was mined in an earlier, killed run.

        Parameters
        ----------
        block_number : int
            Its number.

        Returns
        -------
        list of Execution
            In the order of its calls.

        Raises
        ------
        LedgerError
            If the engine keeps no chain, or has no such block.
        """
        mined_block = getattr(self.engine, "mined_block", None)
        if mined_block is None:
            raise LedgerError(f"{self.engine.name} keeps no chain beyond its process")
        try:
            return [self._execution(receipt) for receipt in mined_block(block_number)]
        except EngineError as error:
            self._give_up(error)

    def read(self, views: Sequence[View]) -> list[Any]:
        """Read views on the latest block, in batches.

        Parameters
        ----------
        views : sequence of View
            Contract, function and arguments of each.

        Returns
        -------
        list
            What each returned.

        Raises
        ------
        LedgerError
            If the engine gives up.
        """
        values: list[Any] = []
        try:
            for first in range(0, len(views), READS_PER_BATCH):
                values += self.market.read(views[first : first + READS_PER_BATCH])
        except EngineError as error:
            self._give_up(error)
        return values

    def _execution(self, receipt: Receipt) -> Execution:
        error = ""
        if not receipt.status:
            error = self.market.decode_error(receipt.output) if receipt.output else NO_REVERT_DATA
        entries = self.market.decode_logs(receipt.logs)
        logs = tuple((entry.contract, entry.event, entry.args) for entry in entries)
        return Execution(
            receipt.block_number, receipt.gas_used, receipt.calldata_bytes, error, logs, receipt.seconds
        )

    def _give_up(self, error: EngineError) -> NoReturn:
        raise LedgerError(f"after {self._executed} transactions: {error}") from error
