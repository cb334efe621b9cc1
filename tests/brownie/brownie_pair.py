"""The market as Brownie's own objects beside the twin: calls of the campaign's generator on a real node.

A node's clock runs on, so the time of a block is what the node says; the twin is asked what the call does
then. Return values cannot be had without traces and are left to the in-process engine.
"""

import brownie
from brownie import accounts, chain
from brownie.exceptions import VirtualMachineError

from scripts.deploy import ROOT
from voltberg.chain.accounts import TEST_MNEMONIC, accounts_of_mnemonic
from voltberg.chain.brownie_chain import BrownieChain
from voltberg.chain.compile import compile_contracts
from voltberg.chain.deploy import RoleAccounts, deploy_market
from voltberg.chain.market import ARTIFACT_NAMES
from voltberg.experiments.fuzz.invariants import broken_invariants
from voltberg.experiments.fuzz.pair import (
    ACCOUNTS,
    GAS_LIMIT,
    START_TIMESTAMP,
    Difference,
    bring_in_calls,
    cast_of,
    plain,
)
from voltberg.experiments.fuzz.views import all_views
from voltberg.reference.market import Call, ReferenceMarket

ETHER_EACH = "90 ether"


class BrownieMarket:
    """A deployed market, its twin, and the accounts of the in-process engine, so that addresses agree."""

    def __init__(self, setup):
        keys = accounts_of_mnemonic(TEST_MNEMONIC, ACCOUNTS)
        rich = list(accounts)[:10]
        self.cast = cast_of([key.address for key in keys])
        self._senders = {}
        for index, key in enumerate(keys):
            account = accounts.add(key.key.hex())
            self._senders[str(account.address)] = account
            if account.balance() < brownie.Wei(ETHER_EACH):
                rich[index % len(rich)].transfer(account, ETHER_EACH, silent=True)
        cast = self.cast
        self._roles = RoleAccounts(
            cast.grid, cast.retailer, cast.platform, cast.storage_operator, cast.operator, cast.meter
        )
        self.setup = setup
        deployer = self._senders[cast.supervisor]
        self.chain = deploy_market(
            BrownieChain(deployer),
            compile_contracts(ROOT),
            setup.configuration,
            deployer.address,
            self._roles,
            fresh=True,
        ).market
        self.addresses = self.chain.addresses
        self._names = {address: name for name, address in self.addresses.items()}
        self._contracts = {
            name: getattr(brownie, ARTIFACT_NAMES[name]).at(address)
            for name, address in self.addresses.items()
        }
        self.twin = self._new_twin()
        self._bring_in = []
        for contract, function, args, sender in bring_in_calls(self.twin, cast, setup.margin_micro):
            expected, sent = self.step(Call(contract, function, args, sender, START_TIMESTAMP - 600))
            assert expected.status, expected
            self._bring_in.append(sent)

    def _new_twin(self):
        twin = ReferenceMarket(self.setup.configuration, self.addresses, self.cast.supervisor, chain.time())
        twin.wire(self._roles)
        return twin

    def forget(self):
        """Put the twin where the chain is after a revert to the snapshot that follows the set-up."""
        self.twin = self._new_twin()
        for call in self._bring_in:
            self.twin.apply(call)

    def step(self, call):
        """Send a call, not before its time; compare status, error and events with the twin's."""
        if call.timestamp > chain.time():
            chain.sleep(call.timestamp - chain.time())
        sender = {"from": self._senders[call.sender], "gas_limit": GAS_LIMIT, "allow_revert": True}
        function = getattr(self._contracts[call.contract], call.function)
        error = None
        try:
            receipt = function(*call.args, {**sender, "silent": True})
        except VirtualMachineError as failure:
            receipt = chain.get_transaction(failure.txid)
            # Brownie puts a colon after the name of an error without arguments, too.
            error = (failure.revert_msg or "").removesuffix(": ")
        sent = call._replace(timestamp=int(receipt.timestamp))
        expected = self.twin.apply(sent)
        what = f"{call.contract}.{call.function}"
        self._compare(f"{what}: status and error", (error is None, error), expected[:2], sent)
        if error is None:
            logs = [
                (self._names[event.address], event.name, tuple(event.values())) for event in receipt.events
            ]
            self._compare(f"{what}: events", logs, expected.logs, sent)
        return expected, sent

    def checkpoint(self, draw=None, count=None):
        """Compare all views, or some that are drawn, and the invariants."""
        self.twin.timestamp = int(chain[-1].timestamp)
        views = all_views(self.twin, self.cast, self.twin.book.all_resting_orders())
        if draw is not None:
            views = draw.sample(views, min(count, len(views)))
        for view, found in zip(views, self.chain.read(views), strict=True):
            expected = self.twin.read(view[0], view[1], *view[2])
            self._compare(f"{view[0]}.{view[1]}{view[2]}", found, expected, None)
        assert not broken_invariants(self.twin)
        return len(views)

    @staticmethod
    def _compare(what, contract, twin, call):
        # Brownie writes the addresses in errors without capitals.
        if _lower(contract) != _lower(twin):
            raise Difference(f"{what} after {call}", contract, twin)


def _lower(value):
    value = plain(value)
    if isinstance(value, tuple):
        return tuple(_lower(item) for item in value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value.lower() if isinstance(value, str) else value
