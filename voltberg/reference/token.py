"""Twin of the settlement token: balances, allowances and the errors of an ERC-20 (ERC-6093)."""

from __future__ import annotations

from typing import Final

from voltberg.reference.state import ZERO_ADDRESS, Contract, Revert, State, external, view

UNLIMITED: Final = (1 << 256) - 1


class TokenTwin(Contract):
    """MockToken: anyone may mint."""

    def __init__(self, state: State, address: str) -> None:
        super().__init__(state, "token", address)
        self._balances: dict[str, int] = {}
        self._allowances: dict[tuple[str, str], int] = {}
        self._supply: dict[str, int] = {}

    @external
    def mint(self, _sender: str, account: str, amount_micro: int) -> None:
        """Create tokens."""
        if account == ZERO_ADDRESS:
            raise Revert("ERC20InvalidReceiver", account)
        self._state.write(self._supply, "total", self.total_supply() + amount_micro)
        self._state.write(self._balances, account, self.balance_of(account) + amount_micro)
        self._emit("Transfer", ZERO_ADDRESS, account, amount_micro)

    @external
    def approve(self, sender: str, spender: str, amount_micro: int) -> bool:
        """Let another account move tokens."""
        if spender == ZERO_ADDRESS:
            raise Revert("ERC20InvalidSpender", spender)
        self._state.write(self._allowances, (sender, spender), amount_micro)
        self._emit("Approval", sender, spender, amount_micro)
        return True

    @external
    def transfer(self, sender: str, account: str, amount_micro: int) -> bool:
        """Move own tokens."""
        if account == ZERO_ADDRESS:
            raise Revert("ERC20InvalidReceiver", account)
        balance = self.balance_of(sender)
        if balance < amount_micro:
            raise Revert("ERC20InsufficientBalance", sender, balance, amount_micro)
        self._state.write(self._balances, sender, balance - amount_micro)
        self._state.write(self._balances, account, self.balance_of(account) + amount_micro)
        self._emit("Transfer", sender, account, amount_micro)
        return True

    @external
    def transfer_from(self, sender: str, owner: str, account: str, amount_micro: int) -> bool:
        """Move another's tokens within the allowance; an unlimited one is not used up."""
        allowed = self.allowance(owner, sender)
        if allowed != UNLIMITED:
            if allowed < amount_micro:
                raise Revert("ERC20InsufficientAllowance", sender, allowed, amount_micro)
            self._state.write(self._allowances, (owner, sender), allowed - amount_micro)
        self.transfer(owner, account, amount_micro)
        return True

    @view
    def balance_of(self, account: str) -> int:
        """Tokens of an account [micro]."""
        return self._balances.get(account, 0)

    @view
    def allowance(self, owner: str, spender: str) -> int:
        """Tokens that a spender may still move [micro]."""
        return self._allowances.get((owner, spender), 0)

    @view
    def total_supply(self) -> int:
        """Tokens there are [micro]."""
        return self._supply.get("total", 0)
