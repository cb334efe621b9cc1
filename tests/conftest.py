"""Settings that all tests share."""

import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# CI draws the same examples every time, `make properties` new and many more. No deadline: no verdict by the
# clock.
settings.register_profile(
    "default", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long",
    deadline=None,
    max_examples=2000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("default")


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Root folder of the repository."""
    return ROOT


@pytest.fixture
def state_machine():
    """Brownie's stateful runner, from the shipped source.

    The compiled module of Brownie 1.22.2 refuses the state machine class that it makes itself
    ("_BrownieStateMachine object expected"); the same file loaded as plain Python does not.
    """
    brownie = sys.modules.get("brownie")
    if brownie is None or not brownie.network.is_connected():
        pytest.fail("state_machine needs a chain: run this file with `brownie test FILE --network ganache`")
    path = Path(brownie.__file__).parent / "test" / "stateful.py"
    spec = importlib.util.spec_from_file_location("brownie_stateful_source", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.state_machine
