"""Who is measured: participants with few ratings after the seasoning, and established ones."""

from pathlib import Path

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.experiments.gas.matrix import default_engine, stage_on
from voltberg.experiments.gas.seasoning import SEASONED_FRAMES, establish
from voltberg.models import Status

ROOT = Path(__file__).resolve().parents[2]


def ratings(stage):
    """Counts of ratings and statuses of those who trade."""
    accounts = [stage.call("house", "accountOf", actor.id) for actor in stage.participants]
    return {account[1] for account in accounts}, {account[4] for account in accounts}


@pytest.mark.parametrize(("later_frames", "few", "many"), [(0, {0}, {0}), (SEASONED_FRAMES, {0, 1, 2}, {10})])
def test_established_participants_have_passed_the_binding_count_once_seasoned(later_frames, few, many):
    with stage_on(default_engine(), compile_contracts(ROOT), later_frames) as stage:
        assert stage.configuration.rating.binding_frames == 10
        assert ratings(stage) == (few, {Status.ACTIVE})
        establish(stage)
        assert ratings(stage) == (many, {Status.ACTIVE})
