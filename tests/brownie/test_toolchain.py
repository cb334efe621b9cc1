"""Brownie on a node: errors in words, and the state machine that its wheel cannot run as it ships."""

import brownie
from brownie import MockToken, accounts
from brownie.test import strategy


class Balances:
    """Mint and transfer against a dictionary."""

    st_amount = strategy("uint64")
    st_receiver = strategy("uint8", max_value=3)
    st_sender = strategy("uint8", max_value=3)

    def __init__(cls, token):
        cls.token = token
        cls.transfers = 0

    def setup(self):
        self.balances_micro = [0, 0, 0, 0]

    def rule_mint(self, st_receiver, st_amount):
        self.token.mint(accounts[st_receiver], st_amount, {"from": accounts[0]})
        self.balances_micro[st_receiver] += st_amount

    def rule_transfer(self, st_sender, st_receiver, st_amount):
        sender, receiver = accounts[st_sender], accounts[st_receiver]
        held = self.balances_micro[st_sender]
        if held < st_amount:
            reason = f"ERC20InsufficientBalance: {sender.address.lower()}, {held}, {st_amount}"
            with brownie.reverts(reason):
                self.token.transfer(receiver, st_amount, {"from": sender})
            return
        self.token.transfer(receiver, st_amount, {"from": sender})
        self.balances_micro[st_sender] -= st_amount
        self.balances_micro[st_receiver] += st_amount
        type(self).transfers += 1

    def invariant_balances(self):
        held = [self.token.balanceOf(accounts[i]) for i in range(4)]
        assert held == self.balances_micro
        assert self.token.totalSupply() == sum(held)

    def teardown_final(cls):
        assert cls.transfers > 0, "no transfer ever succeeded: the machine tests nothing"


def test_state_machine_follows_the_token(state_machine):
    token = MockToken.deploy({"from": accounts[0]})
    state_machine(Balances, token, settings={"max_examples": 6, "stateful_step_count": 15})
