"""Each custom error of the interfaces is expected by name in a test."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ERRORS = sorted(
    {
        (path.stem, name)
        for folder in ("interfaces", "contracts")
        for path in (ROOT / folder).rglob("*.sol")
        if "mocks" not in path.parts
        for name in re.findall(r"^\s*error\s+(\w+)", path.read_text(), re.MULTILINE)
    }
)
TESTS = "\n".join(
    path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")) if "docs" not in path.parts
)


@pytest.mark.parametrize(("contract", "error"), ERRORS)
def test_error_is_expected_by_a_test(contract, error):
    assert re.search(rf"\b{error}\b", TESTS), f"no test expects {error} of {contract}"
