"""The parts that all plots share: palette, axes, traces. A figure is the plain object that Plotly draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from voltberg.reports.formatting import THIN_SPACE, grouped

Trace = dict[str, Any]
FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
COLOURS: Final = {
    "pv": "#e3a526",
    "neighbours": "#2f9e77",
    "storage": "#8b74d6",
    "grid": "#5b87b8",
    "load": "#94a3b3",
    "ev": "#e0785c",
    "faint": "#b9c3cd",
    "alarm": "#cf4a4a",
    "accent": "#0f8577",
}
HOURS_BETWEEN_LABELS: Final = 4
SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot for the template.

    Parameters
    ----------
    name : str
        Id of its element.
    title, note : str
        Heading, and a sentence on how to read it.
    data : list of dict
        Plotly's traces.
    layout : dict
        Plotly's layout.
    height_px : int
        Height on the page.
    wide : bool
        Whether it takes the whole width of the page.
    """

    name: str
    title: str
    note: str
    data: list[Trace]
    layout: dict[str, Any]
    height_px: int = 320
    wide: bool = False


@dataclass(frozen=True, slots=True)
class FrameAxis:
    """The frames of a day as local clock times.

    Parameters
    ----------
    labels : list of str
        Start of each frame on the local clock; both hours where it is set back.
    ticks : list of str
        Labels that are written out.
    """

    labels: list[str]
    ticks: list[str]

    @classmethod
    def of(cls, start_utc: pd.Series, time_zone: str) -> FrameAxis:
        """Make the axis of a day.

        Parameters
        ----------
        start_utc : Series of datetime
            Starts of its frames.
        time_zone : str
            IANA zone of the day.

        Returns
        -------
        FrameAxis
            The axis.
        """
        local = start_utc.dt.tz_convert(time_zone)
        labels = local.dt.strftime("%H:%M").tolist()
        if len(set(labels)) < len(labels):
            labels = local.dt.strftime("%H:%M %Z").tolist()
        if len(set(labels)) < len(labels):
            labels = local.dt.strftime("%a %H:%M %Z").tolist()
        whole_hours = (local.dt.hour % HOURS_BETWEEN_LABELS == 0) & (local.dt.minute == 0)
        return cls(labels, [label for label, whole in zip(labels, whole_hours, strict=True) if whole])

    def layout(self) -> dict[str, Any]:
        """Give Plotly's axis.

        Returns
        -------
        dict
            A category axis, so that a day of 25 hours shows all of them.
        """
        return {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": self.labels,
            "tickvals": self.ticks,
            "ticktext": [tick[-5:] if tick[-5:-3].isdigit() else tick for tick in self.ticks],
            "range": [-0.5, len(self.labels) - 0.5],
            "showgrid": False,
            "fixedrange": True,
            "ticks": "outside",
            "ticklen": 4,
        }


def layout(x: dict[str, Any], y: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give the layout that all plots share.

    Parameters
    ----------
    x : dict
        The horizontal axis.
    y : dict
        The vertical axis.
    **more : Any
        Whatever else Plotly's layout knows.

    Returns
    -------
    dict
        Plotly's layout.
    """
    return {
        "font": {"family": FONT, "size": 12, "color": "#3d4854"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        "hovermode": "x unified",
        "bargap": 0.12,
        "separators": f".{THIN_SPACE}",
        "xaxis": {"automargin": True, "zeroline": False, **x},
        "yaxis": {
            "automargin": True,
            "fixedrange": True,
            "gridcolor": "#e4e8ec",
            "zerolinecolor": "#a9b4bf",
            **y,
        },
        **more,
    }


def bars(name: str, x: Sequence[Any], y: Iterable[float], colour: str, hover: str, **more: Any) -> Trace:
    """Give a series of bars.

    Parameters
    ----------
    name : str
        For the legend.
    x : sequence
        Where they stand.
    y : iterable of float
        How high they are.
    colour : str
        Name within ``COLOURS``.
    hover : str
        Plotly's format of a value and its unit.
    **more : Any
        Whatever else a bar trace knows.

    Returns
    -------
    dict
        Plotly's trace.
    """
    return {
        "type": "bar",
        "name": name,
        "x": list(x),
        "y": [round(float(value), 4) for value in y],
        "marker": {"color": COLOURS[colour], "line": {"width": 0}, **more.pop("marker", {})},
        "hovertemplate": f"{hover}<extra>{name}</extra>",
        **more,
    }


def bars_below(name: str, x: Sequence[Any], y: pd.Series, colour: str, hover: str, **more: Any) -> Trace:
    """Give a series of bars that hang below the axis; pointing at one tells its value without a sign.

    Parameters
    ----------
    name : str
        For the legend.
    x : sequence
        Where they stand.
    y : Series
        How deep they hang.
    colour : str
        Name within ``COLOURS``.
    hover : str
        Plotly's format of a value, which is ``customdata`` here, and its unit.
    **more : Any
        Whatever else a bar trace knows.

    Returns
    -------
    dict
        Plotly's trace.
    """
    return bars(name, x, -y, colour, hover, customdata=y.tolist(), **more)


def line(name: str, x: Sequence[Any], y: Iterable[float], colour: str, hover: str, **more: Any) -> Trace:
    """Give a line; it breaks where a value is missing.

    Parameters
    ----------
    name : str
        For the legend.
    x : sequence
        Positions.
    y : iterable of float
        Values; NaN leaves a gap.
    colour : str
        Name within ``COLOURS``.
    hover : str
        Plotly's format of a value and its unit.
    **more : Any
        Whatever else a scatter trace knows; ``line`` is merged.

    Returns
    -------
    dict
        Plotly's trace.
    """
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": [None if pd.isna(value) else round(float(value), 4) for value in y],
        "line": {"color": COLOURS[colour], "width": 2, **more.pop("line", {})},
        "hovertemplate": f"{hover}<extra>{name}</extra>",
        **more,
    }


def mirrored_ticks(top: float, bottom: float) -> dict[str, list[Any]]:
    """Give ticks for an axis on which both directions count upwards.

    Parameters
    ----------
    top : float
        Largest value above zero.
    bottom : float
        Largest value below zero, without its sign.

    Returns
    -------
    dict of str to list
        Plotly's ``tickvals`` and ``ticktext``.
    """
    step = _round_step(max(top, bottom) / 4)
    values = [step * count for count in range(-int(bottom // step), int(top // step) + 1)]
    return {"tickvals": values, "ticktext": [grouped(abs(value), 0 if step >= 1 else 1) for value in values]}


def _round_step(value: float) -> float:
    if value <= 0:
        return 1.0
    magnitude = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return next((factor * magnitude for factor in (1, 2, 5) if factor * magnitude >= value), 10 * magnitude)
