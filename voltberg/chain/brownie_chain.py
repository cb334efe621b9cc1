"""The network that Brownie is connected to, as far as a deployment needs it: for `brownie run`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voltberg.chain.engine import ZERO_ADDRESS, Call, CallFailed, EngineError, Receipt, Transaction
from voltberg.chain.market import checked_address


class BrownieChain:
    """Sends with one Brownie account and reads through Brownie's connection.

    Parameters
    ----------
    account : Any
        A Brownie account that can send.
    """

    name = "brownie"

    def __init__(self, account: Any) -> None:  # noqa: ANN401 - Brownie has no types
        from brownie import web3

        self._account = account
        self._eth: Any = web3.eth
        self.chain_id: int = web3.eth.chain_id

    @property
    def timestamp(self) -> int:
        """Time of the latest block [unix s]."""
        return int(self._eth.get_block("latest")["timestamp"])

    def nonce(self, address: str) -> int:
        """Return the next nonce of an account.

        Parameters
        ----------
        address : str
            The account.

        Returns
        -------
        int
            The next nonce, pending transactions counted.
        """
        return int(self._eth.get_transaction_count(checked_address(address), "pending"))

    def get_code(self, address: str) -> bytes:
        """Return the code at an address.

        Parameters
        ----------
        address : str
            The address.

        Returns
        -------
        bytes
            The code, empty if there is none.
        """
        return bytes(self._eth.get_code(checked_address(address)))

    def send_block(self, transactions: Sequence[Transaction], timestamp: int) -> list[Receipt]:
        """Send transactions one by one; Brownie's network decides the time of their blocks.

        Parameters
        ----------
        transactions : sequence of Transaction
            All from the account given.
        timestamp : int
            Not used: a development network mines by its own clock.

        Returns
        -------
        list of Receipt
            Their receipts, without logs.

        Raises
        ------
        EngineError
            If a transaction is from another account.
        """
        del timestamp
        receipts = []
        for item in transactions:
            if item.sender.lower() != str(self._account.address).lower():
                raise EngineError(f"{item.sender} cannot send here: the account is {self._account.address}")
            sent = self._account.transfer(
                item.to,
                item.value_wei,
                gas_limit=item.gas_limit,
                data="0x" + item.data.hex(),
                silent=True,
            )
            address = None if sent.contract_address is None else str(sent.contract_address).lower()
            receipts.append(
                Receipt(int(sent.status), sent.gas_used, (), address, sent.block_number, b"", len(item.data))
            )
        return receipts

    def call(
        self, to: str, data: bytes, *, sender: str = ZERO_ADDRESS, timestamp: int | None = None
    ) -> bytes:
        """Run a read-only call on the latest block.

        Parameters
        ----------
        to : str
            Contract called.
        data : bytes
            Calldata.
        sender : str, optional
            Caller that the contract sees.
        timestamp : int or None, optional
            Must be None.

        Returns
        -------
        bytes
            What it returned.

        Raises
        ------
        CallFailed
            If it reverted, with the revert data.
        EngineError
            If another time was asked for.
        """
        from web3.exceptions import ContractLogicError

        if timestamp is not None:
            raise EngineError(f"Brownie's network cannot call at time {timestamp}")
        request = {"to": checked_address(to), "data": "0x" + data.hex(), "from": checked_address(sender)}
        try:
            return bytes(self._eth.call(request))
        except ContractLogicError as error:
            text = str(error.data or "0x")
            raise CallFailed(f"call to {to} failed: {error}", bytes.fromhex(text[2:])) from error

    def call_many(self, calls: Sequence[Call]) -> list[bytes]:
        """Run read-only calls one after another.

        Parameters
        ----------
        calls : sequence of Call
            The calls.

        Returns
        -------
        list of bytes
            What each returned.
        """
        return [self.call(item.to, item.data, sender=item.sender) for item in calls]
