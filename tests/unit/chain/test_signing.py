"""Keys, signatures, and how transactions become blocks."""

from itertools import pairwise

import pytest
from eth_account import Account as EthAccount
from eth_utils import to_checksum_address
from hypothesis import example, given
from hypothesis import strategies as st

from voltberg.chain.accounts import TEST_MNEMONIC, account_of_key, accounts_of_mnemonic
from voltberg.chain.blocks import (
    check_transactions,
    intrinsic_gas,
    normalize_address,
    split_into_blocks,
)
from voltberg.chain.engine import EngineError, Transaction
from voltberg.chain.signing import Signer

KEYS = accounts_of_mnemonic(TEST_MNEMONIC, 3)
TO = "0x" + "ab" * 20


def test_accounts_are_those_that_wallets_derive():
    EthAccount.enable_unaudited_hdwallet_features()
    for index, account in enumerate(KEYS):
        expected = EthAccount.from_mnemonic(TEST_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        assert (account.address, account.key) == (expected.address.lower(), bytes(expected.key))


def test_no_key_is_shown():
    assert KEYS[0].key.hex() not in repr(KEYS[0])
    with pytest.raises(EngineError, match="a private key has 31 bytes; expected 32") as refused:
        account_of_key(b"\x11" * 31)
    assert "1111" not in str(refused.value)
    with pytest.raises(EngineError, match="a private key is not valid"):
        account_of_key(bytes(32))


def test_some_account_is_needed():
    with pytest.raises(EngineError, match="0 accounts were asked for"):
        accounts_of_mnemonic(TEST_MNEMONIC, 0)


@given(
    nonce=st.integers(0, 2**40),
    price=st.integers(1, 2**60),
    gas=st.integers(21_000, 30_000_000),
    value=st.one_of(st.just(0), st.integers(0, 2**100)),
    data=st.binary(max_size=400),
    creates=st.booleans(),
    chain_id=st.sampled_from([1, 1337, 11155111]),
)
@example(nonce=0, price=1, gas=21_000, value=0, data=b"", creates=False, chain_id=1337)
@example(nonce=127, price=127, gas=21_000, value=127, data=b"\x7f", creates=False, chain_id=1337)
@example(nonce=128, price=128, gas=21_000, value=128, data=b"\x80", creates=False, chain_id=1337)
@example(nonce=1, price=1, gas=21_000, value=1, data=b"\x00", creates=True, chain_id=1337)
@example(nonce=1, price=1, gas=21_000, value=1, data=b"a" * 70_000, creates=True, chain_id=1337)
def test_bytes_are_those_of_eth_account(nonce, price, gas, value, data, creates, chain_id):
    signer = Signer(KEYS, chain_id)
    signer.nonces[KEYS[1].address] = nonce
    transaction = Transaction(KEYS[1].address, None if creates else TO, data, gas, value)
    signed = signer.sign_block([transaction], price)[0]
    fields = {
        "nonce": nonce, "gasPrice": price, "gas": gas, "value": value, "data": data, "chainId": chain_id
    } | ({} if creates else {"to": to_checksum_address(TO)})  # fmt: skip
    expected = EthAccount.from_key(KEYS[1].key).sign_transaction(fields)
    assert signed.raw == bytes(expected.raw_transaction)
    assert signed.hash == "0x" + bytes(expected.hash).hex()
    assert signed.calldata_bytes == len(data)


def test_prices_fall_and_nonces_rise_in_the_order_given():
    signer = Signer(KEYS, 1337)
    order = [0, 1, 0, 2, 1, 0]
    signed = signer.sign_block([Transaction(KEYS[i].address, TO) for i in order], 100)
    again = Signer(KEYS, 1337)
    singles = [
        again.sign_block([Transaction(KEYS[sender].address, TO)], 105 - place)[0]
        for place, sender in enumerate(order)
    ]
    assert signed == singles
    assert [signer.nonces[account.address] for account in KEYS] == [3, 2, 1]


def test_intrinsic_gas_counts_bytes_and_init_code():
    assert intrinsic_gas(b"", creates=False) == 21_000
    assert intrinsic_gas(b"\0\0\x01", creates=False) == 21_000 + 2 * 4 + 16
    assert intrinsic_gas(b"\0" * 33, creates=True) == 21_000 + 32_000 + 33 * 4 + 2 * 2


@given(gas=st.lists(st.integers(1, 100), max_size=60), limit=st.integers(100, 250))
def test_split_keeps_order_fills_blocks_and_never_overfills(gas, limit):
    transactions = [Transaction(TO, TO, bytes([i]), item) for i, item in enumerate(gas)]
    blocks = split_into_blocks(transactions, limit)
    assert [item for block in blocks for item in block] == transactions
    sums = [sum(item.gas_limit for item in block) for block in blocks]
    assert max(sums) <= limit
    assert all(blocks) or len(blocks) == 1
    for this, following in pairwise(blocks):
        assert sum(item.gas_limit for item in this) + following[0].gas_limit > limit


def test_address_is_checked_and_lowered():
    assert normalize_address("0x" + "AB" * 20) == TO
    for wrong in ("", "0x12", "ab" * 20, "0x" + "g" * 40, None):
        with pytest.raises(EngineError, match="not an address"):
            normalize_address(wrong)


def test_checking_names_the_first_transaction_at_fault():
    good = Transaction(KEYS[0].address, TO)
    with pytest.raises(EngineError, match="transaction 2 of 4 cannot be sent: no key for sender"):
        check_transactions([good, good, Transaction(TO, TO), Transaction(TO, "")], {KEYS[0].address})
