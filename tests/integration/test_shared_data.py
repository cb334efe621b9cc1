"""Real days from outside the repository, through the documented schema."""

from pathlib import Path

import pytest

from voltberg.chain.compile import compile_contracts
from voltberg.experiments.replay_run import ReplayRun, read_inputs
from voltberg.simulation.settings import InputSettings, ReplaySettings

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FILES = {
    "load": DATA / "load_halfhourly.csv",
    "pv": DATA / "pv_halfhourly.csv",
    "sessions": DATA / "ev_sessions.csv",
    "tariff": DATA / "prices.csv",
}
missing = [path.name for path in FILES.values() if not path.exists()]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"the shared data are not here: {', '.join(missing)}")

DAYS = {"January": "2014-01-15", "June": "2013-06-15"}


@pytest.mark.parametrize("month", DAYS)
def test_uk_day_with_norwegian_sessions_replays(month: str, tmp_path: Path, project_root: Path) -> None:
    inputs = InputSettings(
        **FILES,
        day=DAYS[month],
        time_zone="Europe/London",
        session_source="norway_residential",
        market="GB_2018_LOCAL",
        households=100,
    )
    settings = ReplaySettings(inputs=inputs)
    day = read_inputs(inputs, settings.seed, 1800)
    assert day.load_wh.shape == (100, 48)
    assert len(day.sessions) > 0
    result = ReplayRun(settings, "evm", compile_contracts(project_root), tmp_path).execute()
    assert result.summary["transactions_unexplained"] == 0
    assert result.summary["money_residual_micro"] == 0
    assert result.summary["energy_residual_wh"] == 0
    assert result.summary["p2p_energy_wh"] > 0
