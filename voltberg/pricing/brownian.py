"""The price process of Xiao & Hou 2022, eqs 20-22: geometric Brownian motion between two bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def price_paths(
    rng: np.random.Generator,
    start: FloatArray,
    steps: int,
    *,
    step_days: float,
    drift: float = 0.0,
    volatility: float,
    bounds: tuple[float, float] | None = None,
) -> FloatArray:
    r"""Draw one path of prices for each start.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the Wiener process.
    start : ndarray of float64, shape (n,)
        First price of each path, positive [any unit].
    steps : int
        Length of a path; the first price is the start.
    step_days : float
        Time between two prices [d].
    drift : float
        :math:`\mu` [1/d].
    volatility : float
        :math:`\sigma` [1/sqrt(d)].
    bounds : tuple of float and float, optional
        Lowest and highest price; a path that reaches one is reflected, its logarithm folded back.

    Returns
    -------
    ndarray of float64, shape (n, steps)
        Prices.

    Raises
    ------
    ValueError
        If a start or a bound is not positive, or a start is out of the bounds.

    Notes
    -----
    .. math:: S_t = S_0 \exp((\mu - \sigma^2 / 2) t + \sigma W_t), \quad E(S_t) = S_0 e^{\mu t}

    The mean (22) holds without bounds only. The paper writes :math:`S_t < \bar S` and an interval of 10 to 30
    pence, not how a path is kept in it.
    """
    low, high = bounds if bounds is not None else (0.0, np.inf)
    if (start <= 0).any() or (start < low).any() or (start > high).any() or (bounds and low <= 0):
        lowest, highest = start.min(initial=np.inf), start.max(initial=0)
        msg = f"starts from {lowest} to {highest}, expected positive ones in {low} .. {high}"
        raise ValueError(msg)
    shocks = rng.standard_normal((len(start), max(steps - 1, 0)))
    changes = (drift - volatility**2 / 2) * step_days + volatility * np.sqrt(step_days) * shocks
    log_price = np.log(start)[:, None] + np.pad(np.cumsum(changes, axis=1), ((0, 0), (1, 0)))
    if bounds is None:
        unbounded: FloatArray = np.exp(log_price)
        return unbounded
    bottom, width = np.log(low), np.log(high / low)
    folded = width - np.abs((log_price - bottom) % (2 * width) - width)
    bounded: FloatArray = np.clip(np.exp(bottom + folded), low, high)
    return bounded
