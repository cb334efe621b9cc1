"""The plots of a day by frame."""

from __future__ import annotations

from typing import Final

from voltberg.reports.figures import (
    Figure,
    FrameAxis,
    bars,
    bars_below,
    layout,
    line,
    mirrored_ticks,
)
from voltberg.reports.formatting import grouped
from voltberg.reports.run_data import RunData
from voltberg.reports.statistics import energy_sources, stored_by_frame
from voltberg.units import MICRO, W_PER_KW, WH_PER_KWH

KWH: Final = "%{y:,.1f} kWh"
KWH_BELOW_ZERO: Final = "%{customdata:,.1f} kWh"
PRICE: Final = "%{y:.3f} per kWh"
HIDDEN: Final = {"pattern": {"shape": "/", "size": 5, "solidity": 0.35}}


def energy_plot(data: RunData, axis: FrameAxis) -> Figure:
    """Show by frame where energy came from and where it went.

    Parameters
    ----------
    data : RunData
        The run.
    axis : FrameAxis
        Its frames.

    Returns
    -------
    Figure
        Sources above zero, uses below.
    """
    energy = energy_sources(data.frames) / WH_PER_KWH
    sources = (
        ("PV, kept", "kept_pv_wh", "pv"),
        ("PV, sold", "neighbours_wh", "neighbours"),
        ("from storage", "storage_wh", "storage"),
        ("from grid", "grid_wh", "grid"),
    )
    uses = (
        ("load", "load_wh", "load"),
        ("EV charging", "ev_wh", "ev"),
        ("into storage", "storage_in_wh", "storage"),
        ("to grid", "export_wh", "faint"),
    )
    traces = [bars(name, axis.labels, energy[column], colour, KWH) for name, column, colour in sources]
    traces += [
        bars_below(name, axis.labels, energy[column], colour, KWH_BELOW_ZERO, opacity=0.75)
        for name, column, colour in uses
    ]
    top = energy[[column for _, column, _ in sources]].sum(axis=1).max()
    bottom = energy[[column for _, column, _ in uses]].sum(axis=1).max()
    return Figure(
        "energy",
        "Where the energy came from and where it went",
        "kWh per frame. Above the line: sources. Below it: uses. Both sides are equal in every frame.",
        traces,
        layout(axis.layout(), mirrored_ticks(top, bottom), barmode="relative"),
        height_px=400,
        wide=True,
    )


def price_plot(data: RunData, axis: FrameAxis) -> Figure:
    """Show price and volume by frame.

    Parameters
    ----------
    data : RunData
        The run.
    axis : FrameAxis
        Its frames.

    Returns
    -------
    Figure
        Tariffs as steps, mean price of trades as a line with points, volume as bars.
    """
    frames = data.frames
    step = {"line": {"shape": "hvh", "width": 1.6}}
    traded = bars(
        "traded energy", axis.labels, frames["traded_wh"] / WH_PER_KWH, "faint", KWH, yaxis="y2", opacity=0.5
    )
    lines = [
        line(name, axis.labels, frames[f"{column}_price_micro_per_kwh"] / MICRO, colour, PRICE, **step)
        for name, column, colour in (
            ("grid tariff", "grid", "grid"),
            ("retailer tariff", "retailer", "ev"),
            ("feed-in", "feed_in", "pv"),
        )
    ]
    mean = line(
        "mean price between neighbours",
        axis.labels,
        frames["mean_price_micro_per_kwh"] / MICRO,
        "neighbours",
        PRICE,
        mode="lines+markers",
        marker={"size": 5},
        line={"width": 2.6},
    )
    return Figure(
        "price",
        "Price and volume by frame",
        "Tokens per kWh (left) and kWh traded (bars, right). The price between neighbours is before fees.",
        [traded, *lines, mean],
        layout(
            axis.layout(),
            {"rangemode": "tozero", "tickformat": ".2f", "overlaying": "y2"},
            yaxis2={
                "side": "right",
                "showgrid": False,
                "fixedrange": True,
                "automargin": True,
                "rangemode": "tozero",
            },
        ),
        height_px=360,
        wide=True,
    )


def depth_plot(data: RunData, axis: FrameAxis) -> Figure:
    """Show what stood in the book when each gate closed.

    Parameters
    ----------
    data : RunData
        The run.
    axis : FrameAxis
        Its frames.

    Returns
    -------
    Figure
        Bids above zero, asks below; hidden energy hatched.
    """
    frames = data.frames
    traces = []
    for side, draw, colour, hover in (
        ("bid", bars, "grid", KWH),
        ("ask", bars_below, "pv", KWH_BELOW_ZERO),
    ):
        for part in ("displayed", "hidden"):
            energy_kwh = frames[f"{side}_{part}_wh"] / WH_PER_KWH
            more = {"marker": HIDDEN} if part == "hidden" else {}
            traces.append(draw(f"{side}s, {part}", axis.labels, energy_kwh, colour, hover, **more))
    top, bottom = (
        (frames[f"{side}_displayed_wh"] + frames[f"{side}_hidden_wh"]).max() / WH_PER_KWH
        for side in ("bid", "ask")
    )
    return Figure(
        "depth",
        "Order book at gate closure",
        "Unmatched kWh per frame: bids above the line, asks below; hatched: hidden in icebergs.",
        traces,
        layout(axis.layout(), mirrored_ticks(top, bottom), barmode="relative"),
    )


def transformer_plot(data: RunData, axis: FrameAxis, rating_kva: float | None) -> Figure:
    """Show the transformer's load with and without the shared storage.

    Parameters
    ----------
    data : RunData
        The run.
    axis : FrameAxis
        Its frames.
    rating_kva : float or None
        Rated power of the feeder's transformer, None without a feeder [kVA].

    Returns
    -------
    Figure
        Mean power by frame, import positive.
    """
    frames = data.frames
    hover = "%{y:,.1f} kW"
    traces = [
        line(
            "without storage",
            axis.labels,
            frames["transformer_without_storage_w"] / W_PER_KW,
            "faint",
            hover,
            line={"dash": "dot"},
        ),
        line("with storage", axis.labels, frames["transformer_w"] / W_PER_KW, "accent", hover),
    ]
    note = "Mean kW per frame, import positive, unity power factor."
    if rating_kva is not None:
        rated = [rating_kva] * len(frames)
        traces.append(
            line("rated", axis.labels, rated, "alarm", "%{y:,.0f} kVA", line={"dash": "dash", "width": 1.4})
        )
        above = int((frames["transformer_w"].abs() > rating_kva * W_PER_KW).sum())
        note += f" Above the {rating_kva:g} kVA of the transformer in {above} of {len(frames)} frames."
    return Figure("transformer", "Transformer load", note, traces, layout(axis.layout(), {"tickformat": ","}))


def storage_plot(data: RunData, axis: FrameAxis) -> Figure:
    """Show what the shared storage holds.

    Parameters
    ----------
    data : RunData
        The run.
    axis : FrameAxis
        Its frames.

    Returns
    -------
    Figure
        Content at the end of every frame, and what went in and out.
    """
    stored = stored_by_frame(data.storage, data.frames["frame"]) / WH_PER_KWH
    moved = data.storage.groupby("frame")[["in_wh", "out_wh"]].sum() / WH_PER_KWH
    moved = moved.reindex(data.frames["frame"], fill_value=0.0)
    capacity_kwh = data.run["settings"]["market"]["storage"]["capacity_wh"] / WH_PER_KWH
    traces = [
        line(
            "stored", axis.labels, stored, "storage", KWH, fill="tozeroy", fillcolor="rgba(139,116,214,0.18)"
        ),
        bars("charged", axis.labels, moved["in_wh"], "pv", KWH),
        bars_below("discharged", axis.labels, moved["out_wh"], "grid", KWH_BELOW_ZERO),
    ]
    bookings = data.storage["booking_id"].nunique()
    note = f"kWh by frame, of {grouped(capacity_kwh)} kWh; {bookings} bookings moved energy."
    ticks = mirrored_ticks(
        max(float(stored.max()), float(moved["in_wh"].max())), float(moved["out_wh"].max())
    )
    return Figure("storage", "Shared storage", note, traces, layout(axis.layout(), ticks, barmode="relative"))
