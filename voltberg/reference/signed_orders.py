"""Twin of ``SignedOrders``: signatures that are used once."""

from __future__ import annotations

from collections.abc import Mapping

from voltberg.reference.signatures import domain_separator, signer_of
from voltberg.reference.state import NO_REASON, Contract, Revert, State, external, view


class SignedOrdersTwin(Contract):
    """A venue that takes signed orders for its chain."""

    def __init__(self, state: State, name: str, address: str) -> None:
        super().__init__(state, name, address)
        self.chain_id = 0
        self._used: dict[tuple[str, int], int] = {}
        self._contracts: Mapping[str, Contract] = {}

    def join_chain(self, chain_id: int, contracts: Mapping[str, Contract]) -> None:
        """Tell the chain, and the contracts on it by address."""
        self.chain_id = chain_id
        self._contracts = contracts

    @external
    def cancel_nonces(self, sender: str, word: int, mask: int) -> None:
        """Cancel nonces of the caller."""
        self._state.write(self._used, (sender, word), self.used_nonces(sender, word) | mask)
        self._emit("NoncesCancelled", sender, word, mask)

    @view
    def used_nonces(self, owner: str, word: int) -> int:
        """Tell used and cancelled nonces, a bit each."""
        return self._used.get((owner, word), 0)

    @view
    def domain_separator(self) -> bytes:
        """EIP-712 domain separator."""
        return domain_separator(self.chain_id, self.address)

    def _use_signature(self, owner: str, nonce: int, expiry: int, digest: bytes, signature: bytes) -> None:
        now = self._state.timestamp
        if now > expiry:
            raise Revert("Venue_SignatureExpired", expiry, now)
        word, bit = nonce >> 8, 1 << (nonce & 0xFF)
        used = self.used_nonces(owner, word)
        if used & bit:
            raise Revert("Venue_NonceUsed", owner, nonce)
        self._state.write(self._used, (owner, word), used | bit)
        if owner in self._contracts:
            # None of the market's contracts answers for signatures.
            raise Revert(NO_REASON)
        if signer_of(digest, signature) != owner:
            raise Revert("Venue_InvalidSignature", owner)
