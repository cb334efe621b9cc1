"""Keys of local chains: the same on every engine, from one well-known test mnemonic."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import pbkdf2_hmac
from typing import Final

from coincurve import PrivateKey
from eth_account.hdaccount.deterministic import HardNode, SoftNode, derive_child_key
from eth_hash.auto import keccak

from voltberg.chain.engine import EngineError

TEST_MNEMONIC: Final = "test test test test test test test test test test test junk"
"""Public, and so worthless anywhere but on a local chain."""
DEFAULT_ACCOUNT_COUNT: Final = 300
DEFAULT_BALANCE_ETHER: Final = 1_000_000
WEI_PER_ETHER: Final = 10**18
_KEY_BYTES: Final = 32
_PARENT_PATH: Final = (HardNode(44), HardNode(60), HardNode(0), SoftNode(0))


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """An address and the key that signs for it. Its ``repr`` shows no key.

    Attributes
    ----------
    address : str
        Lower-case hex.
    key : bytes
        Private key, 32 bytes.
    """

    address: str
    key: bytes

    def __repr__(self) -> str:
        """Name the address only."""
        return f"Account({self.address})"


def account_of_key(key: bytes) -> Account:
    """Return the account that a private key belongs to.

    Parameters
    ----------
    key : bytes
        Private key, 32 bytes.

    Returns
    -------
    Account
        With its address.

    Raises
    ------
    EngineError
        If the key is no valid key; the message doesn't contain it.
    """
    if len(key) != _KEY_BYTES:
        raise EngineError(f"a private key has {len(key)} bytes; expected {_KEY_BYTES}")
    try:
        public = PrivateKey(key).public_key.format(compressed=False)
    except ValueError as error:
        raise EngineError(
            "a private key is not valid: it is zero or beyond the order of the curve"
        ) from error
    return Account("0x" + keccak(public[1:])[12:].hex(), key)


@lru_cache(maxsize=8)
def accounts_of_mnemonic(mnemonic: str, count: int) -> tuple[Account, ...]:
    """Derive the first accounts of a mnemonic by BIP-39, BIP-32 and BIP-44, as wallets and nodes do.

    Parameters
    ----------
    mnemonic : str
        Words, separated by single spaces.
    count : int
        Number of accounts.

    Returns
    -------
    tuple[Account, ...]
        Accounts of ``m/44'/60'/0'/0/i`` for i from 0.

    Raises
    ------
    EngineError
        If the count is below 1.
    """
    if count < 1:
        raise EngineError(f"{count} accounts were asked for; expected at least 1")
    words = unicodedata.normalize("NFKD", mnemonic)
    seed = pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048, dklen=64)
    main = hmac.digest(b"Bitcoin seed", seed, "sha512")
    key, chain_code = main[:32], main[32:]
    # The five steps down to the accounts' parent are walked once, not once an account.
    for node in _PARENT_PATH:
        key, chain_code = derive_child_key(key, chain_code, node)
    return tuple(
        account_of_key(derive_child_key(key, chain_code, SoftNode(index))[0]) for index in range(count)
    )
