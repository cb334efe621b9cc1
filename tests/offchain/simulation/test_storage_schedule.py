"""A renter's schedule never asks of the storage what the contract would refuse, and wastes no room."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voltberg.simulation.storage_schedule import StorageBooking, schedule_storage

energies = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=1, max_size=30)


@given(
    wanted=energies,
    capacity_wh=st.integers(1, 5000),
    charge_w=st.integers(0, 4000),
    discharge_w=st.integers(0, 4000),
    efficiency_bps=st.integers(5000, 10_000),
)
def test_obeys_power_room_and_content_and_uses_them_up(
    wanted: list[tuple[int, int]], capacity_wh: int, charge_w: int, discharge_w: int, efficiency_bps: int
) -> None:
    wanted_in, wanted_out = (np.array(column, dtype=np.int64) for column in zip(*wanted, strict=True))
    schedule = schedule_storage(
        StorageBooking(capacity_wh, charge_w, discharge_w),
        wanted_in,
        wanted_out,
        frame_seconds=1800,
        efficiency_bps=efficiency_bps,
    )
    total_in = total_out = 0
    for position, (moved_in, moved_out) in enumerate(
        zip(schedule.in_wh.tolist(), schedule.out_wh.tolist(), strict=True)
    ):
        total_in += moved_in
        after_charge = total_in * efficiency_bps // 10_000 - total_out
        one_more = (total_in + 1) * efficiency_bps // 10_000 - total_out
        assert after_charge <= capacity_wh
        limited = moved_in == min(wanted_in[position], charge_w * 1800 // 3600)
        assert limited or one_more > capacity_wh
        assert moved_out == min(wanted_out[position], discharge_w * 1800 // 3600, after_charge)
        total_out += moved_out


def test_losses_fall_on_the_charge_leg() -> None:
    schedule = schedule_storage(
        StorageBooking(10_000, 2000, 2000),
        np.array([1000, 0], dtype=np.int64),
        np.array([0, 1000], dtype=np.int64),
        frame_seconds=1800,
        efficiency_bps=9500,
    )
    assert schedule.in_wh.tolist() == [1000, 0]
    assert schedule.out_wh.tolist() == [0, 950]
