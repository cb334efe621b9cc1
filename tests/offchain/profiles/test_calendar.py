"""Frames of local days, clock changes included."""

from __future__ import annotations

from datetime import date

import pytest

from voltberg.profiles import CalendarError, FrameCalendar


@pytest.mark.parametrize(
    ("day", "zone_name", "frames"),
    [
        (date(2024, 2, 6), "Europe/London", 48),
        (date(2024, 3, 31), "Europe/London", 46),
        (date(2024, 10, 27), "Europe/London", 50),
        (date(2017, 3, 12), "America/Los_Angeles", 46),
        (date(2017, 11, 5), "America/Los_Angeles", 50),
        (date(2024, 10, 27), "UTC", 48),
    ],
)
def test_a_day_has_the_half_hours_that_its_clock_shows(day: date, zone_name: str, frames: int) -> None:
    calendar = FrameCalendar.for_day(day, zone_name)

    assert calendar.frames == frames
    assert calendar.day == day
    assert calendar.hours == frames / 2


def test_consecutive_days_meet_and_share_one_numbering() -> None:
    before, changed, after = (
        FrameCalendar.for_day(date(2024, 10, day), "Europe/Oslo") for day in (26, 27, 28)
    )

    assert before.end_utc == changed.start_utc
    assert changed.end_utc == after.start_utc
    assert changed.first_frame + changed.frames == after.first_frame
    assert changed.first_frame == changed.start_utc // 1800


def test_positions_and_edges_agree() -> None:
    calendar = FrameCalendar.for_day(date(2024, 2, 6), "Europe/London", 3600)
    edges = calendar.edges_utc()

    assert [calendar.position_of(int(edge)) for edge in edges] == list(range(25))
    assert calendar.position_of(calendar.start_utc - 1) == -1
    assert (edges[0], edges[-1]) == (calendar.start_utc, calendar.end_utc)


def test_a_zone_off_the_grid_of_hours_needs_shorter_frames() -> None:
    assert FrameCalendar.for_day(date(2024, 2, 6), "Asia/Kathmandu", 900).frames == 96
    with pytest.raises(CalendarError, match="whole frames of 3600 s"):
        FrameCalendar.for_day(date(2024, 2, 6), "Asia/Kathmandu", 3600)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 1800, 48, "UTC"), "start 1 is not a multiple"),
        ((0, 0, 48, "UTC"), "must both be positive"),
        ((0, 1800, 0, "UTC"), "must both be positive"),
        ((0, 1800, 48, "Mars/Olympus"), "time zone 'Mars/Olympus' is unknown"),
    ],
)
def test_impossible_calendars_are_refused(arguments: tuple[int, int, int, str], message: str) -> None:
    with pytest.raises(CalendarError, match=message):
        FrameCalendar(*arguments)
