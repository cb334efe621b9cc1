"""The stay-online model: shares from sessions, the fit of sines, windows drawn from it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from voltberg.profiles import EvSession, FrameCalendar, read_sessions, sample_day
from voltberg.profiles.ev_activity import (
    ActivityError,
    OnlineModel,
    fit_online_model,
    online_share_pct,
    session_windows,
)

CALENDAR = FrameCalendar.for_day(date(2024, 2, 6))
SHARED_SESSIONS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "ev_sessions.csv"


def session(arrival_h: float, departure_h: float, ev_id: str | None = None, name: str = "") -> EvSession:
    start = CALENDAR.start_utc
    arrival, departure = (start + round(hours * 3600) for hours in (arrival_h, departure_h))
    return EvSession(name or f"{arrival_h}", "", "", ev_id, None, arrival, departure, 5_000, 11_000)


def online_hours(row: np.ndarray) -> list[float]:
    return [frame / 2 for frame in np.flatnonzero(row)]


def test_a_session_is_rounded_to_the_nearest_edges_and_goes_on_in_the_morning() -> None:
    windows = session_windows([session(8.24, 9.26), session(23.0, 25.0), session(10.0, 10.2)], CALENDAR)

    assert online_hours(windows[0]) == [8.0, 8.5, 9.0]
    assert online_hours(windows[1]) == [0.0, 0.5, 23.0, 23.5]
    assert online_hours(windows[2]) == []


def test_a_session_longer_than_a_day_is_online_throughout() -> None:
    assert session_windows([session(20.0, 60.0)], CALENDAR).all()


def test_an_ev_counts_once_however_many_sessions_it_has() -> None:
    sessions = [session(1, 3, "a"), session(2, 4, "a", "again"), session(2, 3, "b"), session(2, 3, None, "x")]

    share = online_share_pct(sessions, CALENDAR)

    assert share[2:8] == pytest.approx([100 / 3] * 2 + [100] * 2 + [100 / 3] * 2)
    assert online_share_pct(sessions, CALENDAR, evs=10)[4] == pytest.approx(30)


def test_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(ActivityError, match="no session"):
        online_share_pct([], CALENDAR)
    with pytest.raises(ActivityError, match="2 EVs have sessions, more than the 1"):
        online_share_pct([session(1, 2), session(3, 4)], CALENDAR, evs=1)


def test_sines_between_the_harmonics_are_found_again() -> None:
    time = np.arange(48)
    true = 50 + 25 * np.sin(0.16 * time + 1.0) + 8 * np.sin(0.45 * time)

    model = fit_online_model(true, order=3)

    assert model.rms_residual_pct < 1e-3
    assert model.share_pct() == pytest.approx(true, abs=0.01)


def test_residual_is_what_the_sum_of_sines_misses_and_falls_with_the_order() -> None:
    share = online_share_pct(sample_day("winter").sessions, sample_day("winter").calendar)

    models = [fit_online_model(share, order) for order in (1, 2, 4, 8)]

    residuals = [model.rms_residual_pct for model in models]
    assert residuals == sorted(residuals, reverse=True)
    assert residuals[0] > 2 * residuals[-1]
    for model, residual in zip(models, residuals, strict=True):
        time = np.arange(48)[:, None]
        waves = (model.amplitude_pct * np.sin(time * model.frequency + model.phase)).sum(axis=1)
        assert np.sqrt(np.mean((waves - share) ** 2)) == pytest.approx(residual)
        assert model.share_pct() == pytest.approx(np.clip(waves, 0, 100))


def test_the_fit_is_never_worse_than_the_fourier_terms() -> None:
    share = online_share_pct(sample_day("summer").sessions, sample_day("summer").calendar)
    series = np.fft.rfft(share)
    keep = np.argsort(-np.abs(series) * np.r_[1, np.full(23, 2), 1])[:4]
    short = np.zeros_like(series)
    short[keep] = series[keep]

    residual = fit_online_model(share, order=4).rms_residual_pct

    assert residual <= np.sqrt(np.mean((np.fft.irfft(short, 48) - share) ** 2)) + 1e-9


@pytest.mark.parametrize(
    ("share", "order", "message"),
    [
        (np.full(48, 50.0), 0, "order is 0, expected 1 to 16"),
        (np.full(48, 50.0), 17, "order is 17, expected 1 to 16"),
        (np.full(48, 101.0), 1, "no percentage"),
        (np.full(48, np.nan), 1, "no percentage"),
    ],
)
def test_fits_of_nothing_are_refused(share: np.ndarray, order: int, message: str) -> None:
    with pytest.raises(ActivityError, match=message):
        fit_online_model(share, order)


def model_of(share: np.ndarray) -> OnlineModel:
    return fit_online_model(share, order=3)


def test_drawn_windows_have_the_share_of_the_model_in_every_frame() -> None:
    model = model_of(50 + 30 * np.sin(2 * np.pi * np.arange(48) / 48))

    windows = model.draw_windows(20_000, np.random.default_rng(5))

    assert 100 * windows.mean(axis=0) == pytest.approx(model.share_pct(), abs=1.5)
    assert model.cars(200) == pytest.approx(2 * model.share_pct())


def test_windows_are_drawn_by_the_seed() -> None:
    model = model_of(50 + 30 * np.sin(2 * np.pi * np.arange(48) / 48))

    first, again, other = (model.draw_windows(50, np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.skipif(not SHARED_SESSIONS.exists(), reason=f"the shared data are not here: {SHARED_SESSIONS}")
def test_norwegian_evs_are_at_home_at_night() -> None:
    calendar = FrameCalendar.for_day(date(2020, 1, 15), "Europe/Oslo")
    sessions = read_sessions(SHARED_SESSIONS, calendar, source="norway_residential")

    share = online_share_pct(sessions, calendar)
    model = fit_online_model(share)

    night, noon = model.share_pct()[2:8].mean(), model.share_pct()[20:26].mean()
    assert night > 2 * noon
    assert model.rms_residual_pct < 5
