"""What the meters see: the profile with a deviation, and some meters that stay silent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def deviate_wh(energy_wh: NDArray[np.int64], deviation: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the metered energy around the forecast.

    Parameters
    ----------
    energy_wh : ndarray of int64, any shape
        Forecast energy [Wh], not negative.
    deviation : float
        Standard deviation of the relative error; 0 gives the forecast back.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    ndarray of int64, same shape
        Metered energy [Wh], not negative, half-even rounded.

    Raises
    ------
    ValueError
        If the deviation is negative.
    """
    if deviation < 0:
        msg = f"deviation is {deviation}, expected 0 or more"
        raise ValueError(msg)
    factor = np.clip(1.0 + deviation * rng.standard_normal(energy_wh.shape), 0.0, None)
    return np.rint(energy_wh * factor).astype(np.int64)


def silent_meters(shape: tuple[int, int], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which readings never arrive.

    Parameters
    ----------
    shape : tuple of int
        Households and frames.
    share : float
        Probability that one reading is missing, within [0, 1].
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    ndarray of bool, shape ``shape``
        True where the meter stays silent.

    Raises
    ------
    ValueError
        If the share is no probability.
    """
    if not 0.0 <= share <= 1.0:
        msg = f"share of silent meters is {share}, expected 0 to 1"
        raise ValueError(msg)
    return rng.random(shape) < share
