"""When EVs are plugged in: the stay-online model of Xiao & Hou 2022 fitted to sessions, and its windows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit

from voltberg.profiles.calendar import FrameCalendar
from voltberg.profiles.ev_session import EvSession
from voltberg.units import PERCENT

Floats = NDArray[np.float64]
Windows = NDArray[np.bool_]

DEFAULT_ORDER: Final = 4
PARAMETERS_PER_SINE: Final = 3
MOST_EVALUATIONS: Final = 5_000
TOLERANCE: Final = 1e-12
"""Relative change at which a fit has converged: tight, so that it is found again whatever the last bits."""
FINER: Final = 8
"""Frequencies are searched so many times more finely than the day's own."""


class ActivityError(ValueError):
    """Sessions make no stay-online model."""


@dataclass(frozen=True, slots=True)
class OnlineModel:
    r"""Share of EVs that are plugged in, as a sum of sines.

    Parameters
    ----------
    amplitude_pct, frequency, phase : ndarray of float64, shape (order,)
        Of each sine: its height [%], its angle by frame [rad] and at the first frame [rad].
    frames : int
        Frames of the day it was fitted to.
    rms_residual_pct : float
        Root mean square of what it misses of that day, before it is cut to 0..100 % [%].

    Notes
    -----
    .. math:: k(t) = \sum_{j=1}^J a_j \sin(b_j t + c_j) + \varepsilon

    (Xiao & Hou 2022, eq. 3; eq. 4 is its values over the day.)
    """

    amplitude_pct: Floats
    frequency: Floats
    phase: Floats
    frames: int
    rms_residual_pct: float

    @property
    def order(self) -> int:
        """Number of sines, J."""
        return len(self.amplitude_pct)

    def share_pct(self) -> Floats:
        """Give the share of EVs online in each frame (eq. 4), no less than 0 and no more than 100.

        Returns
        -------
        ndarray of float64, shape (frames,)
            Share [%].
        """
        time = np.arange(self.frames, dtype=np.float64)
        share: Floats = np.clip(_sines(time, *self._parameters()), 0.0, float(PERCENT))
        return share

    def cars(self, evs: int) -> Floats:
        """Give how many of some EVs are online in each frame on average (eq. 5).

        Parameters
        ----------
        evs : int
            All EVs of the area.

        Returns
        -------
        ndarray of float64, shape (frames,)
            Expected number.
        """
        cars: Floats = evs * self.share_pct() / PERCENT
        return cars

    def draw_windows(self, evs: int, rng: np.random.Generator) -> Windows:
        """Draw when each EV is plugged in, so that the expected share online is the model's in every frame.

        Each EV gets a threshold, uniform in (0, 1), and is online while the share is above it. No other
        assumption is made: an EV with a low threshold is nearly always online, one with a high threshold
        comes at the peak only, and one above the peak not at all.

        Parameters
        ----------
        evs : int
            How many.
        rng : numpy.random.Generator
            Source of the thresholds.

        Returns
        -------
        ndarray of bool, shape (evs, frames)
            Whether an EV is online (eq. 1).
        """
        threshold = rng.uniform(size=evs)
        online: Windows = self.share_pct()[None, :] > threshold[:, None] * PERCENT
        return online

    def _parameters(self) -> Floats:
        return np.column_stack([self.amplitude_pct, self.frequency, self.phase]).ravel()


def session_windows(sessions: Sequence[EvSession], calendar: FrameCalendar) -> Windows:
    """Lay sessions on a day that repeats itself: what passes its end goes on at its beginning.

    Arrival and departure are rounded to the nearest edge of a frame.

    Parameters
    ----------
    sessions : sequence of EvSession
        The sessions.
    calendar : FrameCalendar
        The day.

    Returns
    -------
    ndarray of bool, shape (sessions, frames)
        Whether the EV of a session is plugged in; nowhere if the session is shorter than half a frame.
    """
    online = np.zeros((len(sessions), calendar.frames), dtype=np.bool_)
    for row, session in enumerate(sessions):
        first, end = (
            _nearest_edge(unix_s - calendar.start_utc, calendar.frame_seconds)
            for unix_s in (session.arrival_utc, session.departure_utc)
        )
        online[row, np.arange(first, min(end, first + calendar.frames)) % calendar.frames] = True
    return online


def online_share_pct(
    sessions: Sequence[EvSession], calendar: FrameCalendar, evs: int | None = None
) -> Floats:
    """Measure which share of EVs is plugged in, by frame of a day that repeats itself.

    Parameters
    ----------
    sessions : sequence of EvSession
        Sessions of one day.
    calendar : FrameCalendar
        The day.
    evs : int or None
        All EVs of the area; None for those that have a session, each session of an unnamed EV being
        another EV's.

    Returns
    -------
    ndarray of float64, shape (frames,)
        Share [%].

    Raises
    ------
    ActivityError
        If there is no session, or more EVs have one than there are.
    """
    if not sessions:
        raise ActivityError("no session: there is nothing to measure a share from")
    windows = session_windows(sessions, calendar)
    rows: dict[str, list[int]] = {}
    for row, session in enumerate(sessions):
        rows.setdefault(session.ev_id or f"session {session.session_id}", []).append(row)
    area = len(rows) if evs is None else evs
    if area < len(rows):
        raise ActivityError(f"{len(rows)} EVs have sessions, more than the {area} of the area")
    online = np.array([windows[of_ev].any(axis=0) for of_ev in rows.values()])
    share: Floats = PERCENT * online.sum(axis=0) / area
    return share


def fit_online_model(share_pct: Floats, order: int = DEFAULT_ORDER) -> OnlineModel:
    """Fit a sum of sines to the share of EVs online, by least squares.

    It needs no guess: sines are added one by one, each the wave that is strongest in what is still missing,
    and all are refined together after each; the strongest terms of the day's Fourier series, refined, stand
    in where they miss less.

    Parameters
    ----------
    share_pct : ndarray of float64, shape (frames,)
        Share by frame [%].
    order : int
        Number of sines, 1 to a third of the frames.

    Returns
    -------
    OnlineModel
        The model, with what it misses.

    Raises
    ------
    ActivityError
        If the order does not suit the number of frames, or a share is no percentage.
    """
    frames = len(share_pct)
    if not 1 <= order <= frames // PARAMETERS_PER_SINE:
        raise ActivityError(f"order is {order}, expected 1 to {frames // PARAMETERS_PER_SINE}")
    if not (np.isfinite(share_pct).all() and (share_pct >= 0).all() and (share_pct <= PERCENT).all()):
        raise ActivityError(f"a share of {share_pct.min()} to {share_pct.max()} is no percentage")
    time = np.arange(frames, dtype=np.float64)
    found = (
        _one_by_one(time, share_pct, order),
        _refined(time, share_pct, _strongest_terms(share_pct, order)),
    )
    best = min(found, key=lambda sines: _rms(time, share_pct, sines))
    amplitude, frequency, phase = best.reshape(order, PARAMETERS_PER_SINE).T
    return OnlineModel(amplitude, frequency, phase, frames, _rms(time, share_pct, best))


def _nearest_edge(seconds: int, frame_seconds: int) -> int:
    return (2 * seconds + frame_seconds) // (2 * frame_seconds)


def _sines(time: Floats, *parameters: float) -> Floats:
    amplitude, frequency, phase = np.array(parameters).reshape(-1, PARAMETERS_PER_SINE).T
    waves: Floats = (amplitude * np.sin(time[:, None] * frequency + phase)).sum(axis=1)
    return waves


def _slopes(time: Floats, *parameters: float) -> Floats:
    amplitude, frequency, phase = np.array(parameters).reshape(-1, PARAMETERS_PER_SINE).T
    angle = time[:, None] * frequency + phase
    ahead = amplitude * np.cos(angle)
    return np.stack([np.sin(angle), time[:, None] * ahead, ahead], axis=2).reshape(len(time), -1)


def _strongest_terms(share_pct: Floats, order: int) -> Floats:
    frames = len(share_pct)
    series = np.fft.rfft(share_pct) / frames
    # both signs of a frequency meet in one sine, but for the mean and the highest
    height = np.abs(series) * np.where(np.isin(np.arange(len(series)), (0, frames / 2)), 1, 2)
    strongest = np.argsort(-height, kind="stable")[:order]
    phase = np.angle(series[strongest]) + np.pi / 2
    terms = zip(height[strongest], 2 * np.pi * strongest / frames, phase, strict=True)
    return np.concatenate([_off_crest(*term) for term in terms])


def _one_by_one(time: Floats, share_pct: Floats, order: int) -> Floats:
    sines = np.empty(0)
    for _ in range(order):
        missing = share_pct - _sines(time, *sines)
        series = np.fft.rfft(missing, FINER * len(missing))
        strongest = int(np.abs(series).argmax())
        angle = 2 * np.pi * strongest / (FINER * len(missing))
        wave = np.column_stack([np.sin(time * angle), np.cos(time * angle)])
        (in_phase, ahead), *_ = np.linalg.lstsq(wave, missing)
        term = _off_crest(np.hypot(in_phase, ahead), angle, np.arctan2(ahead, in_phase))
        sines = _refined(time, share_pct, np.append(sines, term))
    return sines


def _off_crest(amplitude: float, angle: float, phase: float) -> Floats:
    # a constant as the crest of a wave is a point where no small change helps: half way up it can be refined
    if angle == 0:
        return np.array([2 * amplitude * np.sin(phase), 0.0, np.pi / 6])
    return np.array([amplitude, angle, phase])


def _refined(time: Floats, share_pct: Floats, start: Floats) -> Floats:
    with warnings.catch_warnings():
        # flat directions are no fault here: the covariance is not asked for
        warnings.simplefilter("ignore", OptimizeWarning)
        try:
            fitted, _ = curve_fit(
                _sines,
                time,
                share_pct,
                p0=start,
                jac=_slopes,
                maxfev=MOST_EVALUATIONS,
                ftol=TOLERANCE,
                xtol=TOLERANCE,
            )
        except RuntimeError:  # not converged: what it started from stands
            return start
    found: Floats = np.asarray(fitted, dtype=np.float64)
    return min(start, found, key=lambda sines: _rms(time, share_pct, sines))


def _rms(time: Floats, share_pct: Floats, parameters: Floats) -> float:
    return float(np.sqrt(np.mean((share_pct - _sines(time, *parameters)) ** 2)))
