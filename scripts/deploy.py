"""Deploy the market with Brownie's own account: brownie run deploy --network ganache."""

from pathlib import Path

from brownie import accounts
from brownie._config import CONFIG

from voltberg.chain.brownie_chain import BrownieChain
from voltberg.chain.compile import compile_contracts
from voltberg.chain.deploy import deploy_market
from voltberg.chain.deployment_plan import RoleAccounts
from voltberg.commands.deploy import role_accounts
from voltberg.configuration import MarketConfiguration

ROOT = Path(__file__).resolve().parents[1]


def main(account_name=None, token=None, roles_file=None, folder=ROOT / "deployments"):
    """Deploy from the first account; on a live network from a stored one, with token and roles named."""
    live = CONFIG.network_type == "live"
    if live and not (account_name and token and roles_file):
        raise SystemExit("on a live network: brownie run deploy main ACCOUNT_NAME TOKEN ROLES_FILE")
    account = accounts.load(account_name) if live else accounts[0]
    chain = BrownieChain(account)
    deployment = deploy_market(
        chain,
        compile_contracts(ROOT, print),
        MarketConfiguration(),
        account.address,
        role_accounts(Path(roles_file), chain.chain_id) if live else RoleAccounts(*map(str, accounts[1:7])),
        token=token,
        folder=folder,
        # Brownie starts a development chain anew each time: what the file says is of an older one.
        fresh=not live,
        progress=lambda step: print(f"[{step.number:2}/{step.count}] {step.label}"),
    )
    for name, address in deployment.record.addresses.items():
        print(f"{name:9}{address}")
    return deployment
