"""The frames of a replay: local days laid on the global grid of UTC frames."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from voltberg.profiles.errors import CalendarError
from voltberg.units import DEFAULT_FRAME_SECONDS, SECONDS_PER_HOUR


def zone(name: str) -> ZoneInfo:
    """Look up an IANA time zone.

    Parameters
    ----------
    name : str
        Name such as ``"Europe/London"`` or ``"UTC"``.

    Returns
    -------
    ZoneInfo
        The zone.

    Raises
    ------
    CalendarError
        If there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"time zone {name!r} is unknown, expected an IANA name such as 'Europe/London' or 'UTC'"
        raise CalendarError(msg) from error


@dataclass(frozen=True, slots=True)
class FrameCalendar:
    """A run of consecutive frames.

    Parameters
    ----------
    start_utc : int
        Unix time of the first frame's start [s]; a multiple of ``frame_seconds``.
    frame_seconds : int
        Length of a frame [s].
    frames : int
        Number of frames.
    time_zone : str
        IANA name of the zone in which times without a zone are read.

    Raises
    ------
    CalendarError
        If the start is not on the grid of frames, a number is not positive, or the zone is unknown.
    """

    start_utc: int
    frame_seconds: int
    frames: int
    time_zone: str

    def __post_init__(self) -> None:
        """Check what the grid of frames demands."""
        if self.frame_seconds <= 0 or self.frames <= 0:
            msg = f"frame_seconds {self.frame_seconds} and frames {self.frames} must both be positive"
            raise CalendarError(msg)
        if self.start_utc % self.frame_seconds:
            msg = f"start {self.start_utc} is not a multiple of the frame length {self.frame_seconds} s"
            raise CalendarError(msg)
        zone(self.time_zone)

    @classmethod
    def for_day(
        cls, day: date, time_zone: str = "UTC", frame_seconds: int = DEFAULT_FRAME_SECONDS
    ) -> FrameCalendar:
        """Lay out one local day, midnight to midnight.

        A day on which the clocks change has 23 or 25 hours, hence 46 or 50 half hours.

        Parameters
        ----------
        day : date
            The local day.
        time_zone : str
            IANA name of the zone.
        frame_seconds : int
            Length of a frame [s].

        Returns
        -------
        FrameCalendar
            The day's frames.

        Raises
        ------
        CalendarError
            If the day does not consist of whole frames in that zone.
        """
        tz = zone(time_zone)
        start = int(datetime.combine(day, time(), tzinfo=tz).timestamp())
        end = int(datetime.combine(day + timedelta(days=1), time(), tzinfo=tz).timestamp())
        if frame_seconds <= 0 or (end - start) % frame_seconds or start % frame_seconds:
            msg = f"{day} in {time_zone} does not consist of whole frames of {frame_seconds} s"
            raise CalendarError(msg)
        return cls(start, frame_seconds, (end - start) // frame_seconds, time_zone)

    @property
    def end_utc(self) -> int:
        """Unix time of the last frame's end [s]."""
        return self.start_utc + self.frames * self.frame_seconds

    @property
    def first_frame(self) -> int:
        """Index of the first frame on the global grid, ``start_utc // frame_seconds``."""
        return self.start_utc // self.frame_seconds

    @property
    def day(self) -> date:
        """Local date of the first frame."""
        return datetime.fromtimestamp(self.start_utc, tz=zone(self.time_zone)).date()

    @property
    def hours(self) -> float:
        """Length of the calendar [h]."""
        return self.frames * self.frame_seconds / SECONDS_PER_HOUR

    def edges_utc(self) -> NDArray[np.int64]:
        """Give the boundaries of the frames.

        Returns
        -------
        ndarray of int64, shape (frames + 1,)
            Unix times [s].
        """
        return self.start_utc + self.frame_seconds * np.arange(self.frames + 1, dtype=np.int64)

    def position_of(self, unix_s: int) -> int:
        """Give the position in this calendar of the frame that holds a time.

        Parameters
        ----------
        unix_s : int
            Unix time [s].

        Returns
        -------
        int
            Position, 0 for the first frame; negative or at least ``frames`` outside the calendar.
        """
        return unix_s // self.frame_seconds - self.first_frame

    def describe(self) -> str:
        """Say in words which span this is.

        Returns
        -------
        str
            The local start, the zone, hours and frames.
        """
        local = datetime.fromtimestamp(self.start_utc, tz=UTC).astimezone(zone(self.time_zone))
        return (
            f"{local:%Y-%m-%d %H:%M} {self.time_zone}, {self.hours:g} hours, "
            f"{self.frames} frames of {self.frame_seconds} s"
        )
