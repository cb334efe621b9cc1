"""docs/roles.md against the contracts: every function that changes state, and every refusal."""

import re
from pathlib import Path

import pytest

from voltberg.chain.market import TransactionReverted
from voltberg.models import ARTIFACT_NAMES

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "roles.md").read_text(encoding="utf-8")
CONTRACTS = ("registry", "house", "book", "round", "auction", "storage", "credit")


def documented():
    """Every (contract, function, error that an outsider gets or None) of the tables."""
    rows = []
    for title, body in re.findall(r"^## (\w+).*?\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL):
        contract = {artifact: name for name, artifact in ARTIFACT_NAMES.items()}.get(title)
        for functions, caller, others in re.findall(r"^\| (`.*?) \| (.*?) \|(.*?)\|$", body, re.MULTILINE):
            error = others.strip().strip("`") or None
            assert (error is None) == caller.startswith("anyone"), (
                f"{functions}: {caller}, others get {error}"
            )
            rows += [(contract, name, error) for name in re.findall(r"`(\w+)`", functions)]
    return rows


def dummy(kind):
    if kind.endswith("[]"):
        return []
    if kind.startswith("("):
        return tuple(dummy(item) for item in kind[1:-1].split(","))
    if kind == "bytes32":
        return bytes(32)
    if kind == "bytes":
        return b""
    return "0x" + "11" * 20 if kind == "address" else 0


def test_every_function_that_changes_state_is_documented_once(market):
    actual = {
        (contract, entry["name"])
        for contract in CONTRACTS
        for entry in market.chain.artifacts[ARTIFACT_NAMES[contract]].abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }
    names = [(contract, name) for contract, name, _ in documented()]
    assert sorted(names) == sorted(actual)


@pytest.mark.parametrize(("contract", "function", "error"), documented())
def test_outsider_gets_what_the_document_says(market, contract, function, error):
    kinds = market.chain.function(contract, function).input_types
    try:
        market.transact(market.outsider, contract, function, *map(dummy, kinds))
        outcome = None
    except TransactionReverted as reverted:
        outcome = reverted.text
    if error is None:
        # Anyone may call: if it fails, then for want of something to do and not because of who called.
        assert outcome is None or market.outsider.address not in outcome
    else:
        assert outcome is not None, f"{contract}.{function} let an outsider through"
        assert outcome.split(":")[0] == error
        assert market.outsider.address in outcome
