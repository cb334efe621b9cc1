"""Place an iceberg order with plain web3 at a running `voltberg node`: one_order.py [URL] [FOLDER]."""

import json
import sys
from pathlib import Path

from eth_account import Account
from web3 import Web3

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8545"
FOLDER = Path(sys.argv[2] if len(sys.argv) > 2 else "deployments")
BUY, LIMIT = 0, 0

chain = Web3(Web3.HTTPProvider(URL))
record = json.loads((FOLDER / f"{chain.eth.chain_id}.json").read_text())
abis = json.loads((FOLDER / "abi.json").read_text())
house, book = (
    chain.eth.contract(entry["address"], abi=abis[entry["contract"]])
    for entry in (record["contracts"]["house"], record["contracts"]["book"])
)

# The first prosumer of the node, whose mnemonic is public.
Account.enable_unaudited_hdwallet_features()
prosumer = Account.from_mnemonic("test " * 11 + "junk", account_path="m/44'/60'/0'/0/7")

# 1,500 Wh two hours ahead at 60 ticks (0.12 per kWh), 500 Wh of it displayed at a time.
frame = chain.eth.get_block("latest")["timestamp"] // house.functions.frameSeconds().call() + 4
request = book.functions.packRequest(frame, BUY, 60, 1500, 500, 0, LIMIT, 20).call()
order = book.functions.place(request).build_transaction(
    {"from": prosumer.address, "nonce": chain.eth.get_transaction_count(prosumer.address), "gas": 500_000,
     "gasPrice": 2 * chain.eth.gas_price, "chainId": chain.eth.chain_id}
)  # fmt: skip
sent = chain.eth.send_raw_transaction(prosumer.sign_transaction(order).raw_transaction)
receipt = chain.eth.wait_for_transaction_receipt(sent)
event = book.events.OrderPlaced().process_log(receipt["logs"][-1])
order_id = event["args"]["placement"] & 2**64 - 1
print(
    f"status {receipt['status']}, {receipt['gasUsed']} gas, order {order_id}:",
    book.functions.orderOf(order_id).call(),
)
