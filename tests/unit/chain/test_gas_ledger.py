"""The gas ledger."""

import pytest

from voltberg.chain.engine import Receipt
from voltberg.chain.gas_ledger import COLUMNS, GasLedger


def receipt(status=1, gas=21_000, output=b"", data=4):
    return Receipt(status, gas, (), None, 7, output, data, 0.5)


def test_rows_keep_their_order_and_types():
    asked = []

    def decode(data):
        asked.append(data)
        return f"Reason: {data[0]}"

    ledger = GasLedger(decode)
    ledger.add(3, "book.place", "0xa", receipt())
    failed = [receipt(0, 30_000, b"\x05"), receipt(0, 31_000, b"\x05"), receipt(0, 100_000)]
    ledger.extend(4, [("book.place", "0xb"), ("book.cancel", "0xa"), ("book.take", "0xc")], failed)
    table = ledger.to_frame()
    assert tuple(table.columns) == COLUMNS
    assert table["revert_reason"].tolist() == ["", "Reason: 5", "Reason: 5", "halted"]
    assert asked == [b"\x05"], "each different revert data is decoded once"
    assert table["frame"].tolist() == [3, 4, 4, 4]
    assert table["sender"].tolist() == ["0xa", "0xb", "0xa", "0xc"]
    assert table["status"].tolist() == [1, 0, 0, 0]
    assert table["gas"].dtype == "int64"
    assert table["seconds"].dtype == "float64"
    assert (len(ledger), ledger.gas_total) == (4, 182_000)


def test_empty_ledger_has_its_columns_and_types():
    table = GasLedger().to_frame()
    assert tuple(table.columns) == COLUMNS
    assert (len(table), table["gas"].dtype, GasLedger().gas_total) == (0, "int64", 0)


def test_without_a_decoder_the_reason_is_hex():
    assert GasLedger().reason(receipt(0, output=b"\xde\xad")) == "0xdead"


def test_operations_and_receipts_must_match():
    with pytest.raises(ValueError, match="shorter"):
        GasLedger().extend(1, [("a", "0xa"), ("b", "0xa")], [receipt()])
