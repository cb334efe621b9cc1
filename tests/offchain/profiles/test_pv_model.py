"""Modelled PV: the two equations, and days that a sun could make."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from voltberg.profiles import FrameCalendar, PvArray, PvSite
from voltberg.profiles.pv_model import (
    clear_sky_weather,
    conversion_efficiency,
    power_w,
    pv_energy_half_up_wh,
    sample_times,
    typical_weather,
)

LONDON = PvSite(51.5, -0.1)
JUNE = FrameCalendar.for_day(date(2024, 6, 21), "Europe/London")
DECEMBER = FrameCalendar.for_day(date(2024, 12, 21), "Europe/London")
ARRAY = PvArray(area_m2=20.0, efficiency=0.2, temperature_coefficient_per_k=0.005)


def test_equation_1_falls_with_temperature_from_298_k() -> None:
    found = conversion_efficiency(ARRAY, np.array([298.0, 318.0, 278.0, 600.0]))

    np.testing.assert_allclose(found, [0.2, 0.18, 0.22, 0.0])


def test_equation_2_is_irradiance_times_area_times_efficiency() -> None:
    found = power_w(ARRAY, np.array([0.0, 500.0, 1000.0]), np.array([298.0, 298.0, 318.0]))

    np.testing.assert_allclose(found, [0.0, 2000.0, 3600.0])


def test_a_clear_day_rises_and_falls_once_and_is_dark_at_night() -> None:
    energy = pv_energy_half_up_wh(JUNE, LONDON, ARRAY, clear_sky_weather(JUNE, LONDON))

    peak = int(energy.argmax())
    assert 22 <= peak <= 28  # about 13:00 summer time
    assert (np.diff(energy[: peak + 1]) >= 0).all()
    assert (np.diff(energy[peak:]) <= 0).all()
    assert energy[:8].sum() == 0
    assert energy[44:].sum() == 0


def test_summer_and_size_and_cold_give_more() -> None:
    def day_wh(calendar: FrameCalendar, array: PvArray, air_c: float = 20.0) -> int:
        return int(
            pv_energy_half_up_wh(calendar, LONDON, array, clear_sky_weather(calendar, LONDON, air_c)).sum()
        )

    june = day_wh(JUNE, ARRAY)
    assert june > 2 * day_wh(DECEMBER, ARRAY)
    assert abs(day_wh(JUNE, PvArray(40.0, 0.2, 0.005)) - 2 * june) <= 2
    assert day_wh(JUNE, ARRAY, -10.0) > june > day_wh(JUNE, ARRAY, 40.0)


def test_a_north_roof_gets_less() -> None:
    weather = clear_sky_weather(DECEMBER, LONDON)
    south, north = (
        pv_energy_half_up_wh(DECEMBER, LONDON, PvArray(20.0, azimuth_deg=azimuth), weather).sum()
        for azimuth in (180.0, 0.0)
    )

    assert south > 3 * north


def test_typical_weather_has_cloud_and_follows_the_season() -> None:
    totals = {1: 0, 6: 0}
    for month, day in [(month, day) for month in totals for day in range(2, 29, 5)]:
        calendar = FrameCalendar.for_day(date(2023, month, day), "America/New_York")
        weather, site = typical_weather(calendar)
        energy = int(pv_energy_half_up_wh(calendar, site, ARRAY, weather).sum())
        clear = int(pv_energy_half_up_wh(calendar, site, ARRAY, clear_sky_weather(calendar, site)).sum())
        assert 0 < energy < 1.2 * clear
        totals[month] += energy
    assert totals[6] > 1.3 * totals[1]


def test_typical_weather_is_dark_when_the_sun_is_down_and_bright_when_it_is_up() -> None:
    calendar = FrameCalendar.for_day(date(2023, 6, 12), "America/New_York")
    weather, site = typical_weather(calendar)
    elevation = site.location().get_solarposition(weather.index)["apparent_elevation"]

    # a whole hour has one value, so dawn and dusk may be off by part of an hour
    assert (weather["ghi"][elevation < -12] == 0).all()
    assert (weather["ghi"][elevation > 12] > 0).all()


def test_the_leap_day_takes_the_weather_of_the_day_before() -> None:
    leap, before, first_of_march = (
        typical_weather(FrameCalendar.for_day(day, "Etc/GMT+5"))[0].to_numpy()
        for day in (date(2024, 2, 29), date(2024, 2, 28), date(2023, 3, 1))
    )

    np.testing.assert_array_equal(leap, before)
    march_after_leap = typical_weather(FrameCalendar.for_day(date(2024, 3, 1), "Etc/GMT+5"))[0].to_numpy()
    np.testing.assert_array_equal(march_after_leap, first_of_march)
    assert not np.array_equal(leap, first_of_march)


def test_weather_of_other_times_is_refused() -> None:
    weather = clear_sky_weather(JUNE, LONDON)

    assert weather.index.equals(pd.DatetimeIndex(sample_times(JUNE)))
    with pytest.raises(ValueError, match="other times"):
        pv_energy_half_up_wh(DECEMBER, LONDON, ARRAY, weather)
    with pytest.raises(ValueError, match=r"lacks \['dni'\]"):
        pv_energy_half_up_wh(JUNE, LONDON, ARRAY, weather.drop(columns="dni"))


@pytest.mark.parametrize("array", [{"area_m2": 0.0}, {"area_m2": 10.0, "efficiency": 1.5}])
def test_impossible_arrays_are_refused(array: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be positive and efficiency"):
        PvArray(**array)
