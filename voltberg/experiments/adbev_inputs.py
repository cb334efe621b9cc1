"""The days on which the AdBEV methods compete: the paper's, the sample's, the user's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voltberg.experiments.adbev_settings import AdbevSettings
from voltberg.experiments.replay_run import read_inputs
from voltberg.profiles import DayProfile, Feeder, FrameCalendar, read_feeder, sample_day
from voltberg.profiles.calendar import zone
from voltberg.profiles.day_profile import Provenance
from voltberg.profiles.ev_activity import OnlineModel, fit_online_model, online_share_pct, session_windows
from voltberg.profiles.sample import SAMPLE_DIR
from voltberg.scheduling.problem import ChargingProblem, IntArray
from voltberg.scheduling.xiao import (
    FIRST_FRAME_OF_DAY,
    HOMES,
    LIMIT_W,
    expected_problem,
    winter_base_w,
    xiao_problem,
)
from voltberg.units import DEFAULT_FRAME_SECONDS, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

SECONDS_PER_DAY: Final = 24 * SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class AdbevDay:
    """One day for all methods.

    Parameters
    ----------
    problem : ChargingProblem
        The day.
    forecast : ChargingProblem or None
        What one expected of it the day before, if there is such a forecast.
    homes_w : ndarray of int64, shape (homes, frames)
        Mean power of each home without EVs [W].
    home_of_ev : ndarray of int64, shape (evs,)
        Where each EV charges.
    labels : tuple of str
        Start of each frame on the clock.
    """

    problem: ChargingProblem
    forecast: ChargingProblem | None
    homes_w: IntArray
    home_of_ev: IntArray
    labels: tuple[str, ...]

    def evs_at_homes_w(self, power_w: NDArray[Any]) -> IntArray:
        """Add up the EVs of each home.

        Parameters
        ----------
        power_w : ndarray, shape (evs, frames)
            Power into each EV [W].

        Returns
        -------
        ndarray of int64, shape (homes, frames)
            Power into the EVs of each home [W].
        """
        at_homes = np.zeros_like(self.homes_w)
        np.add.at(at_homes, self.home_of_ev, power_w)
        return at_homes


@dataclass(frozen=True, slots=True)
class AdbevInput:
    """Where the days of a run come from.

    Parameters
    ----------
    settings : AdbevSettings
        The run's.
    feeder : Feeder
        The grid of the power flows.
    provenance : tuple of Provenance
        What is measured, drawn and assumed.
    profile : DayProfile or None
        The day read, unless it is the paper's.
    online : OnlineModel
        The stay-online model of the sessions at hand; of the winter sample's for the paper's day.
    measured_share_pct : ndarray of float64, shape (frames,)
        The share that it is fitted to [%].
    notes : dict of str to float
        What laying sessions on frames left out, by name.
    """

    settings: AdbevSettings
    feeder: Feeder
    provenance: tuple[Provenance, ...]
    profile: DayProfile | None
    online: OnlineModel
    measured_share_pct: NDArray[np.float64]
    notes: dict[str, float]

    def day(self, seed: int) -> AdbevDay:
        """Give the day of a seed; days that are read are the same for all.

        Parameters
        ----------
        seed : int
            The seed.

        Returns
        -------
        AdbevDay
            The day.
        """
        if self.profile is not None:
            return real_day(self.profile)[0]
        day = paper_day(seed, windows_per_ev=self.settings.windows_per_ev)
        if self.settings.windows == "drawn":
            return with_windows(day, self.online, np.random.default_rng([seed, 2]))
        return day


def read_input(settings: AdbevSettings) -> AdbevInput:
    """Read what a run needs.

    Parameters
    ----------
    settings : AdbevSettings
        The run's.

    Returns
    -------
    AdbevInput
        Its days.

    Raises
    ------
    ProfileError
        If a file breaks the schema.
    ValueError
        If no session is left, or the settings do not fit each other.
    """
    feeder = read_feeder(SAMPLE_DIR / "feeder.json")
    if settings.input == "paper":
        sample = sample_day("winter")
        share = online_share_pct(sample.sessions, sample.calendar)
        online = fit_online_model(share, settings.online_order)
        told = (
            Provenance("set-up", "modelled", "Xiao & Hou 2022, section 4: EVs, windows, states of charge"),
            Provenance(
                "load", "assumed", f"an average winter day of {HOMES} homes after Elexon's class 1 [F]"
            ),
            Provenance("feeder", "assumed", f"{feeder.source}: the paper names none [F]"),
        )
        return AdbevInput(settings, feeder, told, None, online, share, {})
    if settings.input == "files" and settings.inputs.load is None:
        raise ValueError("input is 'files' and no load file is named")
    if settings.input == "sample" and settings.inputs.load is not None:
        raise ValueError("input is 'sample' and a load file is named: name input 'files' to use it")
    profile = read_inputs(settings.inputs, settings.first_seed, DEFAULT_FRAME_SECONDS)
    notes = real_day(profile)[1]
    share = online_share_pct(profile.sessions, profile.calendar)
    online = fit_online_model(share, settings.online_order)
    return AdbevInput(settings, profile.feeder or feeder, profile.provenance, profile, online, share, notes)


def paper_day(seed: int, *, evs: int = HOMES, homes: int = HOMES, windows_per_ev: int = 2) -> AdbevDay:
    """Draw the paper's day, of any number of EVs and homes; the transformer grows with the homes.

    Parameters
    ----------
    seed : int
        Of all draws.
    evs : int
        How many EVs.
    homes : int
        How many homes.
    windows_per_ev : int
        In how many of the two windows an EV is connected.

    Returns
    -------
    AdbevDay
        The day from 06:00 to 06:00.
    """
    base_w, limit_w = winter_base_w(homes), LIMIT_W * homes // HOMES
    rng = np.random.default_rng([seed, 0])
    problem = xiao_problem(rng, base_w, evs, limit_w, windows_per_ev)
    forecast = expected_problem(base_w, evs, limit_w, windows_per_ev)
    return AdbevDay(
        problem,
        forecast,
        np.tile(winter_base_w(1), (homes, 1)),
        np.arange(evs) % homes,
        _labels(FIRST_FRAME_OF_DAY, problem.frames, problem.frame_seconds),
    )


def with_windows(day: AdbevDay, online: OnlineModel, rng: np.random.Generator) -> AdbevDay:
    """Give the paper's EVs windows of a stay-online model in place of its own.

    An EV that could not reach its target in its windows arrives with as much more as it lacks.

    Parameters
    ----------
    day : AdbevDay
        The paper's day.
    online : OnlineModel
        Fitted from midnight on.
    rng : numpy.random.Generator
        Draws the windows.

    Returns
    -------
    AdbevDay
        The day; there is no forecast of it.
    """
    problem = day.problem
    connected = np.roll(online.draw_windows(problem.evs, rng), -FIRST_FRAME_OF_DAY, axis=1)
    least_wh = problem.target_wh - problem.most_wh * connected.sum(axis=1)
    initial_wh = np.maximum(problem.initial_wh, least_wh)
    return replace(day, problem=replace(problem, connected=connected, initial_wh=initial_wh), forecast=None)


def real_day(profile: DayProfile) -> tuple[AdbevDay, dict[str, float]]:
    """Make a day that repeats itself from one that was read: each session is an EV that buys its energy.

    The day begins with the frame at whose start fewest EVs are plugged in; a session that passes it ends
    there. What a session's whole frames cannot carry is left out and told.

    Parameters
    ----------
    profile : DayProfile
        The day.

    Returns
    -------
    AdbevDay
        The day.
    dict of str to float
        Sessions and energy that are left out.

    Raises
    ------
    ValueError
        If no session is left.
    """
    calendar = profile.calendar
    windows = session_windows(profile.sessions, calendar)
    if not windows.any():
        raise ValueError("no session is as long as half a frame: there is nothing to schedule")
    start = int((windows & np.roll(windows, 1, axis=1)).sum(axis=0).argmin())
    connected = _until_the_end(windows, profile, start)
    kept = np.flatnonzero(connected.any(axis=1))
    sessions = [profile.sessions[row] for row in kept]
    connected = connected[kept]
    rate_w = np.array([session.max_power_w for session in sessions], dtype=np.int64)
    wanted_wh = np.array([session.energy_wh for session in sessions], dtype=np.int64)
    possible_wh = rate_w * calendar.frame_seconds // SECONDS_PER_HOUR * connected.sum(axis=1)
    energy_wh = np.minimum(wanted_wh, possible_wh)
    known_wh = [session.initial_wh or 0 for session in sessions]
    initial_wh = np.array(known_wh, dtype=np.int64)
    battery_wh = np.array([session.battery_wh or 0 for session in sessions], dtype=np.int64)
    homes_w = np.roll(profile.net_wh() * (SECONDS_PER_HOUR // calendar.frame_seconds), -start, axis=1)
    feeder = profile.feeder
    problem = ChargingProblem(
        base_w=homes_w.sum(axis=0),
        battery_wh=np.maximum(battery_wh, initial_wh + energy_wh),
        initial_wh=initial_wh,
        target_wh=initial_wh + energy_wh,
        rate_w=rate_w,
        connected=connected,
        limit_w=feeder.transformer_limit_w if feeder else LIMIT_W,
        frame_seconds=calendar.frame_seconds,
    )
    row_of = {household: row for row, household in enumerate(profile.household_ids)}
    at = np.array([row_of[str(session.household_id)] for session in sessions], dtype=np.int64)
    left_out = sum(session.energy_wh for session in profile.sessions) - int(energy_wh.sum())
    notes: dict[str, float] = {
        "sessions": len(profile.sessions),
        "sessions_too_short": len(profile.sessions) - len(kept),
        "energy_left_out_wh": left_out,
    }
    labels = _labels(_first_half_hour(calendar) + start, calendar.frames, calendar.frame_seconds)
    return AdbevDay(problem, None, homes_w, at, labels), notes


def _until_the_end(windows: NDArray[np.bool_], profile: DayProfile, start: int) -> NDArray[np.bool_]:
    calendar = profile.calendar
    turned = np.roll(windows, -start, axis=1)
    half = calendar.frame_seconds // 2
    for row, session in enumerate(profile.sessions):
        arrival = (session.arrival_utc - calendar.start_utc + half) // calendar.frame_seconds
        turned[row, : (arrival - start) % calendar.frames] = False
    return turned


def _first_half_hour(calendar: FrameCalendar) -> int:
    local = datetime.fromtimestamp(calendar.start_utc, tz=zone(calendar.time_zone))
    seconds = local.hour * SECONDS_PER_HOUR + local.minute * SECONDS_PER_MINUTE
    return seconds // calendar.frame_seconds


def _labels(first: int, frames: int, frame_seconds: int) -> tuple[str, ...]:
    starts = [(first + frame) * frame_seconds % SECONDS_PER_DAY for frame in range(frames)]
    return tuple(
        f"{s // SECONDS_PER_HOUR:02}:{s % SECONDS_PER_HOUR // SECONDS_PER_MINUTE:02}" for s in starts
    )
