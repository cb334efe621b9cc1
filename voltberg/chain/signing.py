"""Legacy transactions, signed ahead: nonces are kept here and prices give the order inside a block.

The bytes are those of ``eth_account.Account.sign_transaction`` (a test compares them), made with the same
libraries underneath (coincurve, eth-hash) at several times its speed: at anvil's rate the signing would be
the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coincurve import PrivateKey
from eth_hash.auto import keccak

from voltberg.chain.accounts import Account
from voltberg.chain.engine import Transaction

GAS_PRICE_WEI: Final = 10 * 10**9
"""Price of the last transaction of a block [wei per gas]; above the base fee of 1 gwei that local chains
start with."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed transaction.

    Attributes
    ----------
    raw : bytes
        As it is sent.
    hash : str
        Hash by which a node knows it, hex.
    calldata_bytes : int
        Length of its calldata or init code [bytes].
    """

    raw: bytes
    hash: str
    calldata_bytes: int


def _rlp_string(value: bytes) -> bytes:
    length = len(value)
    if length == 1 and value[0] < 0x80:
        return value
    if length < 56:
        return bytes((0x80 + length,)) + value
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0xB7 + len(size),)) + size + value


def _rlp_list(payload: bytes) -> bytes:
    length = len(payload)
    if length < 56:
        return bytes((0xC0 + length,)) + payload
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0xF7 + len(size),)) + size + payload


def _rlp_int(value: int) -> bytes:
    return _rlp_string(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Signer:
    """Keys, and the next nonce of each.

    Parameters
    ----------
    accounts : Sequence[Account]
        Accounts that may send.
    chain_id : int
        Chain that the signatures are good for (EIP-155).
    """

    def __init__(self, accounts: Sequence[Account], chain_id: int) -> None:
        self._keys = {account.address: PrivateKey(account.key) for account in accounts}
        self.nonces = dict.fromkeys(self._keys, 0)
        self.chain_id = chain_id
        self._tail = _rlp_int(chain_id) + b"\x80\x80"

    def sign_block(
        self, transactions: Sequence[Transaction], lowest_gas_price_wei: int = GAS_PRICE_WEI
    ) -> list[SignedTransaction]:
        """Sign the transactions of one block so that a node mines them in this order.

        Nodes order senders by price and a sender's own transactions by nonce. Prices fall by 1 wei from each
        transaction to the next, so at any moment the one that is due pays the most.

        Parameters
        ----------
        transactions : Sequence[Transaction]
            In the order in which they shall run.
        lowest_gas_price_wei : int, optional
            Price of the last one [wei per gas].

        Returns
        -------
        list[SignedTransaction]
            In the same order.
        """
        top = lowest_gas_price_wei + len(transactions)
        return [self._sign(item, top - 1 - index) for index, item in enumerate(transactions)]

    def _sign(self, transaction: Transaction, gas_price_wei: int) -> SignedTransaction:
        sender = transaction.sender.lower()
        nonce = self.nonces[sender]
        self.nonces[sender] = nonce + 1
        to = b"" if transaction.to is None else bytes.fromhex(transaction.to[2:])
        fields = (
            _rlp_int(nonce)
            + _rlp_int(gas_price_wei)
            + _rlp_int(transaction.gas_limit)
            + _rlp_string(to)
            + _rlp_int(transaction.value_wei)
            + _rlp_string(transaction.data)
        )
        digest = keccak(_rlp_list(fields + self._tail))
        signature = self._keys[sender].sign_recoverable(digest, hasher=None)
        raw = _rlp_list(
            fields
            + _rlp_int(signature[64] + 35 + 2 * self.chain_id)
            + _rlp_string(signature[:32].lstrip(b"\0"))
            + _rlp_string(signature[32:64].lstrip(b"\0"))
        )
        return SignedTransaction(raw, "0x" + keccak(raw).hex(), len(transaction.data))
