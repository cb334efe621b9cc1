"""The next nonce of an account, on whatever a deployment sends through."""

from __future__ import annotations

from typing import Any


def next_nonce(chain: Any, address: str) -> int:  # noqa: ANN401 - engines keep it in different places
    """Return the next nonce of an account, submitted transactions counted.

    Parameters
    ----------
    chain : Any
        An engine, or a chain with a method ``nonce``.
    address : str
        The account.

    Returns
    -------
    int
        The nonce that its next transaction will carry.

    Raises
    ------
    ValueError
        If the chain doesn't know: it neither signs for the account nor has a method ``nonce``.
    """
    account = address.lower()
    if hasattr(chain, "nonce"):
        return int(chain.nonce(account))
    # The engines' interface has no word for it: node engines count in their signer, the in-process one in its state.
    if hasattr(chain, "_signer"):
        nonces = chain._signer.nonces
        if account in nonces:
            return int(nonces[account])
    elif hasattr(chain, "_state"):
        return int(chain._state.account(account).nonce)
    raise ValueError(f"{getattr(chain, 'name', chain)} does not know the next nonce of {address}")
