"""Power flows on the feeder, and its limits, held against hand computation and conservation."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from voltberg.grid import (
    FeederLoads,
    FeederPowerFlow,
    GridLimits,
    PowerFlowError,
    check_limits,
    feeder_power_factor,
    place_on_buses,
)
from voltberg.profiles.feeder import Bus, Feeder, FeederLoad, Line, Transformer, read_feeder
from voltberg.profiles.sample import SAMPLE_DIR

LINE_OHM = complex(0.05, 0.02)
SUBSTATION_VA = 100_000.0


def two_bus_feeder() -> Feeder:
    """Return one transformer, one cable, one home: small enough to solve by hand."""
    transformer = Transformer(0.1, 20.0, 0.4, 4.0, 1.5, 0.0, 0.0, 10, 11, "small")
    buses = (Bus(10, "mv", 20.0), Bus(11, "lv", 0.4), Bus(12, "home", 0.4))
    line = Line(0, 11, 12, 0.1, LINE_OHM.real * 10, LINE_OHM.imag * 10, 0.0, 0.1, "cable")
    return Feeder(
        "test", "none", transformer, buses, (line,), (FeederLoad(0, "home", 12, 0.03, 0.0, "H0-A"),)
    )


def by_hand(active_w: float, reactive_var: float) -> tuple[complex, float]:
    """Return voltage [pu] and line current [A] by fixed-point iteration on complex phasors."""
    base_ohm = 400.0**2 / 100_000
    resistance, impedance = 0.015, 0.04
    series = complex(resistance, math.sqrt(impedance**2 - resistance**2)) + LINE_OHM / base_ohm
    power = complex(active_w, reactive_var) / 100_000
    voltage = 1 + 0j
    for _ in range(200):
        voltage = 1 - series * (power / voltage).conjugate()
    amps = abs(power / voltage) * 100_000 / (math.sqrt(3) * 400)
    return voltage, amps


@pytest.fixture(scope="module")
def rural() -> Feeder:
    return read_feeder(SAMPLE_DIR / "feeder.json")


@pytest.fixture(scope="module")
def rural_flow(rural: Feeder) -> FeederPowerFlow:
    return FeederPowerFlow(rural)


@pytest.mark.parametrize(
    ("active_w", "reactive_var"), [(0, 0), (30_000, 0), (40_000, 15_000), (-25_000, 5_000)]
)
def test_small_feeder_is_solved_as_by_hand(active_w: float, reactive_var: float) -> None:
    loads = FeederLoads((12,), np.array([[active_w]], dtype=float), np.array([[reactive_var]], dtype=float))

    day = FeederPowerFlow(two_bus_feeder()).run(loads)

    voltage, amps = by_hand(active_w, reactive_var)
    ends = sorted((abs(voltage), abs(by_hand_transformer(active_w, reactive_var, voltage))))
    assert (day.voltage_min_pu[0], day.voltage_max_pu[0]) == pytest.approx(ends, abs=1e-6)
    assert day.line_loading_pct[0] == pytest.approx(amps, abs=0.01)  # of 100 A
    # pandapower's transformer has its losses twice the half resistance, in series
    copper_w = 3 * amps**2 * (LINE_OHM.real + 0.015 * 400**2 / 100_000)
    assert day.losses_w[0] == pytest.approx(copper_w, rel=1e-4, abs=1e-3)
    assert day.active_w[0] == pytest.approx(active_w + copper_w, abs=1)


def by_hand_transformer(active_w: float, reactive_var: float, voltage: complex) -> complex:
    current = (complex(active_w, reactive_var) / 100_000 / voltage).conjugate()
    return voltage + current * LINE_OHM / (400.0**2 / 100_000)


def test_lowest_bus_is_named_by_the_feeder() -> None:
    loads = FeederLoads((12,), np.array([[30_000.0, -30_000.0]]), np.zeros((1, 2)))

    day = FeederPowerFlow(two_bus_feeder()).run(loads)

    assert day.lowest_bus.tolist() == [12, 11]
    assert cmath.isfinite(complex(day.voltage_min_pu[0]))


def test_frames_do_not_depend_on_those_before(rural: Feeder, rural_flow: FeederPowerFlow) -> None:
    rng = np.random.default_rng(3)
    homes_w = rng.uniform(0, 2_000, (100, 4))
    evs_w = rng.uniform(-1_000, 2_000, (100, 4))
    loads = place_on_buses(rural, homes_w, evs_w)

    day = rural_flow.run(loads)
    alone = FeederPowerFlow(rural).run(place_on_buses(rural, homes_w[:, 3:], evs_w[:, 3:]))

    assert day.active_w[3] == pytest.approx(alone.active_w[0], abs=0.1)
    assert day.voltage_min_pu[3] == pytest.approx(alone.voltage_min_pu[0], abs=1e-7)


def test_transformer_draws_the_plain_sum_and_the_losses(rural: Feeder, rural_flow: FeederPowerFlow) -> None:
    homes_w = np.full((100, 3), [[800.0, 1_600.0, 0.0]])

    day = rural_flow.run(place_on_buses(rural, homes_w, np.zeros((0, 3))))

    assert day.plain_w.tolist() == [80_000, 160_000, 0]
    assert day.active_w == pytest.approx(day.plain_w + day.losses_w, abs=0.5)
    assert day.losses_w[1] > 3.5 * (day.losses_w[0] - day.losses_w[2])  # they grow with the square
    assert day.losses_w[2] == pytest.approx(
        rural.transformer.pfe_kw * 1000, rel=0.05
    )  # iron, when nothing flows
    assert (day.apparent_va >= day.active_w).all()


def test_a_plain_sum_below_the_rating_may_still_break_it(rural: Feeder, rural_flow: FeederPowerFlow) -> None:
    homes_w = np.full((100, 2), [[1_000.0, 2_450.0]])

    report = check_limits(
        rural_flow.run(place_on_buses(rural, homes_w, np.zeros((0, 2)))), GridLimits.of(rural)
    )

    assert report.plain.tolist() == [False, False]
    assert report.substation.tolist() == [False, True]
    assert report.any.tolist() == [False, True]


def test_each_limit_is_reported_on_its_own() -> None:
    feeder = two_bus_feeder()
    loads = FeederLoads((12,), np.array([[5_000.0, 60_000.0, -60_000.0]]), np.zeros((1, 3)))
    day = FeederPowerFlow(feeder).run(loads)

    strict = check_limits(day, GridLimits(SUBSTATION_VA, 0.975, 1.01, 80.0))
    wide = check_limits(day, GridLimits(SUBSTATION_VA, 0.5, 1.5, 200.0))

    assert strict.voltage.tolist() == [False, True, True]
    assert strict.lines.tolist() == [False, True, True]
    assert not strict.substation.any()
    assert not wide.any.any()


def test_homes_and_evs_share_the_connection_points_in_turn(rural: Feeder) -> None:
    homes_w = np.arange(100.0)[:, None] * np.ones((1, 2))
    evs_w = np.full((150, 2), -10.0)

    loads = place_on_buses(rural, homes_w, evs_w, home_power_factor=1.0, ev_power_factor=0.8)

    assert set(loads.buses) == set(rural.household_buses(100))
    assert loads.plain_w.tolist() == [4950 - 1500] * 2
    assert loads.reactive_var.sum(axis=0) == pytest.approx(
        [1500 * 0.75] * 2
    )  # 0.6 / 0.8, also when discharging
    first = loads.buses.index(rural.household_buses(1)[0])
    served = [home for home, bus in enumerate(rural.household_buses(100)) if bus == loads.buses[first]]
    evs = sum(1 + (home + 100 < 150) for home in served)
    assert loads.active_w[first, 0] == sum(served) - 10 * evs


def test_power_factor_of_the_shipped_feeder_is_its_loads(rural: Feeder) -> None:
    assert feeder_power_factor(rural) == pytest.approx(0.930, abs=0.001)


def test_what_no_grid_can_carry_is_told_by_its_frame_and_forgotten() -> None:
    flow = FeederPowerFlow(two_bus_feeder())
    loads = FeederLoads((12,), np.array([[1_000.0, 5_000_000.0]]), np.zeros((1, 2)))

    with pytest.raises(PowerFlowError, match="frame 1: no voltages"):
        flow.run(loads)

    after = flow.run(FeederLoads((12,), np.array([[30_000.0]]), np.zeros((1, 1))))
    assert after.voltage_min_pu[0] == pytest.approx(abs(by_hand(30_000, 0)[0]), abs=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeederLoads((1, 1), np.zeros((2, 3)), np.zeros((2, 3))), "named twice"),
        (lambda: FeederLoads((1,), np.zeros((2, 3)), np.zeros((2, 3))), "expected \\(1, frames\\)"),
        (lambda: FeederLoads((1,), np.full((1, 1), np.nan), np.zeros((1, 1))), "not finite"),
        (lambda: GridLimits(0.0), "positive"),
        (lambda: GridLimits(1.0, 1.1, 0.9), "empty"),
        (lambda: FeederPowerFlow(two_bus_feeder(), 0.0), "source_voltage_pu is 0.0"),
        (lambda: place_on_buses(two_bus_feeder(), np.zeros((1, 2)), np.zeros((1, 3))), "frames must agree"),
        (
            lambda: place_on_buses(two_bus_feeder(), np.zeros((1, 2)), np.zeros((1, 2)), ev_power_factor=1.2),
            "power factor is 1.2",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("bus", [10, 99])
def test_a_load_hangs_on_a_low_voltage_bus(bus: int) -> None:
    with pytest.raises(ValueError, match=f"bus {bus} is no low-voltage bus"):
        FeederPowerFlow(two_bus_feeder()).run(FeederLoads((bus,), np.zeros((1, 1)), np.zeros((1, 1))))
