"""Bring participants into a market on a local chain: number, tokens, allowance, balance, margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from voltberg.chain.engine import Receipt, Transaction
from voltberg.chain.market import ChainMarket, TransactionReverted

REGISTER_CHUNK: Final = 40
"""Accounts in one `registerMany`: each costs about 250,000 gas, of the 30,000,000 of a block."""
REGISTER_GAS_EACH: Final = 400_000
CALL_GAS: Final = 300_000
UNLIMITED_ALLOWANCE: Final = 2**256 - 1


def onboarding_transactions(
    market: ChainMarket,
    supervisor: str,
    accounts: Sequence[str],
    roles: int,
    balance_micro: int,
    margins_micro: Mapping[str, int],
) -> list[Transaction]:
    """List the transactions that bring participants in.

    Parameters
    ----------
    market : ChainMarket
        The market; its token must be the mock.
    supervisor : str
        Owner of the registry.
    accounts : sequence of str
        The participants, in the order of their numbers.
    roles : int
        Role bits of each.
    balance_micro : int
        What each has in the house in the end, beside the margins [micro].
    margins_micro : Mapping[str, int]
        What each moves to a venue, by the venue's contract name [micro].

    Returns
    -------
    list of Transaction
        In order: registration by the supervisor, then per participant mint, approve, deposit and moves.
    """
    total_micro = balance_micro + sum(margins_micro.values())
    house = market.addresses["house"]
    transactions = []
    for start in range(0, len(accounts), REGISTER_CHUNK):
        chunk = list(accounts[start : start + REGISTER_CHUNK])
        gas = REGISTER_GAS_EACH * len(chunk) + CALL_GAS
        transactions.append(
            market.transaction(supervisor, "registry", "registerMany", chunk, roles, gas_limit=gas)
        )
    for account in accounts if total_micro else ():
        calls = [
            ("token", "mint", (account, total_micro)),
            ("token", "approve", (house, UNLIMITED_ALLOWANCE)),
            ("house", "deposit", (total_micro,)),
        ]
        calls += [
            ("house", "moveToVenue", (market.addresses[venue], amount))
            for venue, amount in margins_micro.items()
            if amount
        ]
        transactions += [
            market.transaction(account, contract, function, *args, gas_limit=CALL_GAS)
            for contract, function, args in calls
        ]
    return transactions


def onboard(
    market: ChainMarket,
    supervisor: str,
    accounts: Sequence[str],
    roles: int,
    balance_micro: int,
    margins_micro: Mapping[str, int],
    timestamp: int | None = None,
) -> list[Receipt]:
    """Bring participants in.

    Parameters
    ----------
    market : ChainMarket
        The market, with its engine.
    supervisor : str
        Owner of the registry.
    accounts : sequence of str
        The participants, in the order of their numbers.
    roles : int
        Role bits of each.
    balance_micro : int
        See `onboarding_transactions`.
    margins_micro : Mapping[str, int]
        See `onboarding_transactions`.
    timestamp : int or None, optional
        Time of the first block [unix s]; None for one second after the latest.

    Returns
    -------
    list of Receipt
        All receipts.

    Raises
    ------
    TransactionReverted
        If one of the transactions failed.
    """
    transactions = onboarding_transactions(market, supervisor, accounts, roles, balance_micro, margins_micro)
    engine = market.engine
    receipts = engine.send_block(transactions, max(timestamp or 0, engine.timestamp + 1))
    for receipt in receipts:
        if not receipt.succeeded:
            raise TransactionReverted(market.decode_error(receipt.output), receipt)
    return receipts
