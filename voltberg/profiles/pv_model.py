"""PV without measurements: weather by pvlib, power by Wang et al. 2023, equations 1 and 2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

from voltberg.profiles.calendar import FrameCalendar
from voltberg.profiles.errors import ProfileError
from voltberg.profiles.resample import to_frames_half_up_wh
from voltberg.units import MILLI, SECONDS_PER_MINUTE

REFERENCE_TEMPERATURE_K = 298.0
"""T_r of equation 1."""
ZERO_CELSIUS_K = 273.15
SAMPLE_SECONDS = 5 * SECONDS_PER_MINUTE
WEATHER_COLUMNS = ("ghi", "dni", "dhi", "temp_air", "wind_speed")
BUNDLED_WEATHER = "723170TYA.CSV"


@dataclass(frozen=True, slots=True)
class PvSite:
    """Where PV stands.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Position, north and east positive [degrees].
    altitude_m : float
        Height above sea level [m].
    """

    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0

    def location(self) -> pvlib.location.Location:
        """Give the site in pvlib's terms.

        Returns
        -------
        pvlib.location.Location
            The site, on UTC.
        """
        return pvlib.location.Location(self.latitude_deg, self.longitude_deg, "UTC", self.altitude_m)


@dataclass(frozen=True, slots=True)
class PvArray:
    """A rooftop array.

    Parameters
    ----------
    area_m2 : float
        A of equation 2 [m2].
    efficiency : float
        delta_0 of equation 1, at 298 K [1].
    temperature_coefficient_per_k : float
        r of equation 1 [1/K].
    tilt_deg : float
        Angle to the horizontal [degrees].
    azimuth_deg : float
        Direction it faces, clockwise from north [degrees].

    Raises
    ------
    ValueError
        If the area is not positive or the efficiency not within (0, 1].
    """

    area_m2: float
    efficiency: float = 0.18
    temperature_coefficient_per_k: float = 0.004
    tilt_deg: float = 35.0
    azimuth_deg: float = 180.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.area_m2 <= 0 or not 0 < self.efficiency <= 1:
            msg = f"area {self.area_m2} m2 must be positive and efficiency {self.efficiency} within (0, 1]"
            raise ValueError(msg)


def conversion_efficiency(array: PvArray, cell_temperature_k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Efficiency at a cell temperature.

    Parameters
    ----------
    array : PvArray
        The array.
    cell_temperature_k : ndarray of float64, shape (n,)
        T_P, the cell temperature [K].

    Returns
    -------
    ndarray of float64, shape (n,)
        Efficiency [1]; never below 0.

    Notes
    -----
    Wang et al. 2023, equation 1: delta = delta_0 (1 - r (T_P - T_r)), T_r = 298 K.
    """
    excess_k = cell_temperature_k - REFERENCE_TEMPERATURE_K
    return np.maximum(array.efficiency * (1 - array.temperature_coefficient_per_k * excess_k), 0.0)


def power_w(
    array: PvArray, irradiance_w_per_m2: NDArray[np.float64], cell_temperature_k: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Power of an array.

    Parameters
    ----------
    array : PvArray
        The array.
    irradiance_w_per_m2 : ndarray of float64, shape (n,)
        I, the irradiance on the array's plane [W/m2].
    cell_temperature_k : ndarray of float64, shape (n,)
        T_P, the cell temperature [K].

    Returns
    -------
    ndarray of float64, shape (n,)
        Power [W].

    Notes
    -----
    Wang et al. 2023, equation 2: P = I A delta.
    """
    return irradiance_w_per_m2 * array.area_m2 * conversion_efficiency(array, cell_temperature_k)


def sample_times(calendar: FrameCalendar) -> pd.DatetimeIndex:
    """Give the middles of the short intervals over which the model is summed.

    Parameters
    ----------
    calendar : FrameCalendar
        The frames.

    Returns
    -------
    DatetimeIndex
        Times every 5 minutes, on UTC.
    """
    starts = np.arange(calendar.start_utc, calendar.end_utc, SAMPLE_SECONDS)
    return pd.DatetimeIndex(pd.to_datetime(starts + SAMPLE_SECONDS // 2, unit="s", utc=True))


def clear_sky_weather(
    calendar: FrameCalendar, site: PvSite, air_temperature_c: float = 20.0, wind_m_per_s: float = 1.0
) -> pd.DataFrame:
    """Weather of a cloudless day (Ineichen's model with pvlib's bundled turbidity).

    Parameters
    ----------
    calendar : FrameCalendar
        The frames.
    site : PvSite
        The place.
    air_temperature_c : float
        Air temperature [degrees C].
    wind_m_per_s : float
        Wind speed [m/s].

    Returns
    -------
    DataFrame
        ``ghi``, ``dni``, ``dhi`` [W/m2], ``temp_air`` [degrees C], ``wind_speed`` [m/s] at `sample_times`.
    """
    weather: pd.DataFrame = site.location().get_clearsky(sample_times(calendar), model="ineichen")
    complete = weather.assign(temp_air=air_temperature_c, wind_speed=wind_m_per_s)
    return complete[list(WEATHER_COLUMNS)]


def typical_weather(calendar: FrameCalendar, path: Path | str | None = None) -> tuple[pd.DataFrame, PvSite]:
    """Weather of the same date in a typical year (TMY3).

    Parameters
    ----------
    calendar : FrameCalendar
        The frames; each is looked up by the month, day and hour that the station's standard time shows.
    path : Path or str or None
        A TMY3 file; None for the one that pvlib brings with it (Greensboro, North Carolina).

    Returns
    -------
    weather : DataFrame
        As from `clear_sky_weather`.
    site : PvSite
        The station.

    Raises
    ------
    ProfileError
        If the file is not a TMY3 file.
    """
    file = Path(path) if path is not None else Path(pvlib.__file__).parent / "data" / BUNDLED_WEATHER
    try:
        year, meta = pvlib.iotools.read_tmy3(file, coerce_year=2001, map_variables=True)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise ProfileError(file, None, f"not a TMY3 weather file: {error}") from error
    site = PvSite(float(meta["latitude"]), float(meta["longitude"]), float(meta["altitude"]))
    table = year.set_axis(np.arange(len(year)))[list(WEATHER_COLUMNS)]
    local = sample_times(calendar).tz_localize(None) + pd.Timedelta(hours=float(meta["TZ"]))
    # 2001 has no leap day: 29 February takes the weather of the 28th
    feb_29 = np.asarray((local.month == 2) & (local.day == 29))
    leap_days_passed = np.asarray(local.is_leap_year & (local.month > 2)) | feb_29
    hour = (np.asarray(local.dayofyear) - 1 - leap_days_passed) * 24 + np.asarray(local.hour)
    weather = table.iloc[hour].set_axis(sample_times(calendar))
    return weather, site


def pv_energy_half_up_wh(
    calendar: FrameCalendar, site: PvSite, array: PvArray, weather: pd.DataFrame
) -> NDArray[np.int64]:
    """Model the energy of an array per frame.

    Parameters
    ----------
    calendar : FrameCalendar
        The frames.
    site : PvSite
        The place.
    array : PvArray
        The array.
    weather : DataFrame
        Weather at `sample_times`, columns as from `clear_sky_weather`.

    Returns
    -------
    ndarray of int64, shape (frames,)
        Generation [Wh].

    Raises
    ------
    ValueError
        If the weather has other times or lacks a column.
    """
    times = sample_times(calendar)
    lacking = [name for name in WEATHER_COLUMNS if name not in weather]
    if lacking or not weather.index.equals(times):
        msg = f"weather lacks {lacking} or has other times than the {len(times)} of sample_times"
        raise ValueError(msg)
    sun = site.location().get_solarposition(times)
    plane = pvlib.irradiance.get_total_irradiance(
        array.tilt_deg,
        array.azimuth_deg,
        sun["apparent_zenith"],
        sun["azimuth"],
        weather["dni"],
        weather["ghi"],
        weather["dhi"],
    )["poa_global"].fillna(0.0)
    model = pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_polymer"]
    cell_c = pvlib.temperature.sapm_cell(plane, weather["temp_air"], weather["wind_speed"], **model)
    watts = power_w(array, plane.to_numpy(np.float64), cell_c.to_numpy(np.float64) + ZERO_CELSIUS_K)
    energy_mj = np.rint(np.maximum(watts, 0.0) * MILLI).astype(np.int64)[np.newaxis] * SAMPLE_SECONDS
    energy_wh: NDArray[np.int64] = to_frames_half_up_wh(
        energy_mj, calendar.start_utc, SAMPLE_SECONDS, calendar
    )[0]
    return energy_wh
