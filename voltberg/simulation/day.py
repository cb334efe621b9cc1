"""One day, frame by frame: who calls what, when, and what the exact twin says will come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from voltberg.models import FIRST_PARTICIPANT_ID, Role
from voltberg.profiles import DayProfile
from voltberg.reference.market import ReferenceMarket
from voltberg.reference.words import pack_movement, pack_session, pack_supply, pack_tariff
from voltberg.simulation.auction_day import AuctionDay
from voltberg.simulation.blocks import BlockBuilder
from voltberg.simulation.book_day import BookDay
from voltberg.simulation.forecast import DayEnergy, EnergyPlan, booking_of, choose_renters, foresee_day
from voltberg.simulation.plan import Block, Cast, batches
from voltberg.simulation.prices import TickPrices, day_prices
from voltberg.simulation.settings import ReplaySettings
from voltberg.simulation.strategy import load_strategy
from voltberg.simulation.trading import TradingRound
from voltberg.simulation.venue import DayVenue

REGISTRATIONS_PER_CALL = 25


@dataclass(slots=True)
class _Unfinished:
    """A frame that waits for its metering deadline."""

    frame: int
    silent_ids: list[int] = field(default_factory=list)


class DayReplay:
    """The plan of a day.

    Parameters
    ----------
    day : DayProfile
        The profiles.
    settings : ReplaySettings
        Everything else that decides the results.
    market : ReferenceMarket
        The twin of the deployed market, in the state right after deployment.
    cast : Cast
        Addresses of all who act.
    """

    def __init__(
        self, day: DayProfile, settings: ReplaySettings, market: ReferenceMarket, cast: Cast
    ) -> None:
        self.day = day
        self.settings = settings
        self.market = market
        self.cast = cast
        self.first_frame = day.calendar.first_frame
        self.sites = sorted({session.station for session in day.sessions})
        self.station_ids = tuple(range(FIRST_PARTICIPANT_ID, FIRST_PARTICIPANT_ID + len(self.sites)))
        first_household = FIRST_PARTICIPANT_ID + len(self.sites)
        self.household_ids = tuple(range(first_household, first_household + len(day.household_ids)))
        self.prices: TickPrices = day_prices(
            day.tariff, settings.market.settlement.tick_micro_per_wh, settings.fees
        )
        # one stream a purpose, so that another strategy leaves the meters as they are
        self._meter_rng, self._agent_rng, self._user_rng = (
            np.random.default_rng([settings.seed, purpose]) for purpose in range(3)
        )
        self._energy: DayEnergy | None = None
        self.bookings: dict[int, int] = {}
        self._build = BlockBuilder(market)
        self.venue = self._venue()
        self._strategy = load_strategy(settings.agents.strategy)
        self._unfinished: list[_Unfinished] = []
        self._to_evaluate: list[tuple[int, int, int]] = []
        self._pending_sessions = sorted(day.sessions, key=lambda s: (s.departure_utc, s.session_id))

    def _venue(self) -> DayVenue:
        if self.settings.venue == "auction":
            return AuctionDay(self.market, self._build, self.cast)
        return BookDay(self.market, self._build, self.cast, self.settings.agents)

    def blocks(self) -> Iterator[Block]:
        """Give the day block by block.

        Yields
        ------
        Block
            Calls in the order of execution; the twin is one block ahead of whoever consumes them.
        """
        yield from self._setup()
        frames = self.day.calendar.frames
        metering_frames = -(-self.settings.market.settlement.metering_window_seconds // self._frame_seconds)
        for offset in range(-1, frames + metering_frames + 2):
            yield from self._step(self.first_frame + offset)
        yield from self._wind_up(self.first_frame + frames + metering_frames + 2)

    @property
    def metered(self) -> EnergyPlan:
        """What the meters see; known once the storage is booked."""
        return self._known_energy.metered

    @property
    def forecast(self) -> EnergyPlan:
        """What participants expect; known once the storage is booked."""
        return self._known_energy.forecast

    @property
    def _known_energy(self) -> DayEnergy:
        if self._energy is None:
            msg = "the day's energy is known only after its first blocks, in which storage is booked"
            raise RuntimeError(msg)
        return self._energy

    @property
    def _frame_seconds(self) -> int:
        return self.day.calendar.frame_seconds

    def _start(self, frame: int) -> int:
        return frame * self._frame_seconds

    def _delivers(self, frame: int) -> bool:
        return 0 <= frame - self.first_frame < self.day.calendar.frames

    # before the day

    def _setup(self) -> Iterator[Block]:
        build, cast, agents = self._build, self.cast, self.settings.agents
        frame = self.first_frame - 2
        start = self._start(frame)
        build.begin(start + 60)
        if cast.stations:
            build.call(
                frame,
                "register",
                "registry",
                "registerMany",
                (list(cast.stations), int(Role.STATION)),
                cast.supervisor,
            )
        for first in range(0, len(cast.households), REGISTRATIONS_PER_CALL):
            accounts = list(cast.households[first : first + REGISTRATIONS_PER_CALL])
            build.call(
                frame, "register", "registry", "registerMany", (accounts, int(Role.PROSUMER)), cast.supervisor
            )
        yield from build.finish()
        build.begin(start + 300)
        house, venue = self.market.address_of("house"), self.market.address_of(self.venue.name)
        for account in cast.households:
            build.call(frame, "mint", "token", "mint", (account, agents.wallet_micro), account)
            build.call(frame, "approve", "token", "approve", (house, agents.wallet_micro), account)
            build.call(frame, "deposit", "house", "deposit", (agents.deposit_micro,), account)
            build.call(frame, "move_to_venue", "house", "moveToVenue", (venue, agents.margin_micro), account)
        yield from build.finish()
        yield from self._book_storage(frame, start + 900)

    def _book_storage(self, frame: int, timestamp: int) -> Iterator[Block]:
        build, agents = self._build, self.settings.agents
        booking, frames = booking_of(agents), self.day.calendar.frames
        terms = (frames, booking.capacity_wh, booking.charge_w, booking.discharge_w)
        rent_micro, movement_micro = self.market.storage.quote(*terms)
        storage = self.market.address_of("storage")
        build.begin(timestamp)
        for row in choose_renters(self.day, agents.renters):
            account = self.cast.households[row]
            lock_micro = rent_micro + movement_micro
            build.call(frame, "move_to_venue", "house", "moveToVenue", (storage, lock_micro), account)
            booking_id = build.call(
                frame, "storage_book", "storage", "book", (self.first_frame, *terms), account
            )
            if isinstance(booking_id, int):
                self.bookings[row] = booking_id
        yield from build.finish()
        renters = tuple(self.bookings)
        self._energy = foresee_day(self.day, renters, agents, self.settings.market.storage, self._meter_rng)

    # the day

    def _step(self, frame: int) -> Iterator[Block]:
        """Do what is due while ``frame`` is being delivered: trade the next one, meter the last one."""
        start = self._start(frame)
        if self._delivers(frame + 1):
            yield from self._open(frame + 1, start + 30)
        yield from self._meter(frame - 1, start + 60)
        yield from self._evaluate(frame - 1, start + 180)
        if self._delivers(frame + 1):
            yield from self._trade(frame + 1, start)

    def _open(self, frame: int, timestamp: int) -> Iterator[Block]:
        word = pack_tariff(*self.prices.tariff_of(frame - self.first_frame))
        self._build.begin(timestamp)
        args = (self.market.address_of(self.venue.name), frame, [word])
        self._build.call(frame, "open_frames", "house", "openFrames", args, self.cast.operator)
        yield from self._build.finish()

    def _trade(self, frame: int, start: int) -> Iterator[Block]:
        position = frame - self.first_frame
        trading = TradingRound(
            market=self.market,
            build=self._build,
            settings=self.settings,
            venue=self.venue,
            strategy=self._strategy,
            rng=self._agent_rng,
            household_names=self.day.household_ids,
            accounts=self.cast.households,
            participant_ids=self.household_ids,
            frame=frame,
            position=position,
            wanted_wh=self._known_energy.forecast.net_export_wh[:, position],
            prices=self.prices,
        )
        for number, delay in enumerate(self.venue.calls_for_orders):
            self._build.begin(start + delay)
            trading.run(number)
            yield from self._build.finish()
        terms = self.settings.market.settlement
        self._build.begin(self._start(frame) - terms.gate_closure_lead_seconds + 30)
        self.venue.close_gate(frame)
        yield from self._build.finish()
        self._build.begin(self._start(frame) - terms.refusal_lead_seconds + 30)
        self.venue.end_refusals(frame)
        yield from self._build.finish()

    def _meter(self, frame: int, timestamp: int) -> Iterator[Block]:
        build = self._build
        build.begin(timestamp)
        if self._delivers(frame):
            self._report_storage(frame)
            self._report_deliveries(frame)
            self._attest_sessions(frame)
        for waiting in [w for w in self._unfinished if self._deadline_of(w.frame) <= timestamp]:
            self._unfinished.remove(waiting)
            self.venue.settle_unmetered(waiting.frame, waiting.silent_ids)
            build.call(
                waiting.frame, "finalise", "house", "finaliseFrame", (waiting.frame,), self.cast.operator
            )
        yield from build.finish()

    def _deadline_of(self, frame: int) -> int:
        return self._start(frame + 1) + self.settings.market.settlement.metering_window_seconds

    def _report_storage(self, frame: int) -> None:
        metered, position = self._known_energy.metered, frame - self.first_frame
        records = []
        for row, booking_id in self.bookings.items():
            in_wh, out_wh = (
                int(metered.storage_in_wh[row, position]),
                int(metered.storage_out_wh[row, position]),
            )
            if in_wh or out_wh:
                records.append(pack_movement(booking_id, in_wh, out_wh))
        for batch in batches(records):
            self._build.call(frame, "storage_move", "storage", "move", (frame, batch), self.cast.meter)

    def _report_deliveries(self, frame: int) -> None:
        position = frame - self.first_frame
        net_export_wh = self._known_energy.metered.net_export_wh[:, position]
        readings: dict[int, int] = {}
        supplies, silent = [], []
        for row, participant_id in enumerate(self.household_ids):
            bought_wh, sold_wh = self.venue.position(frame, participant_id)
            if not bought_wh and not sold_wh:
                continue
            if self._known_energy.silent[row, position]:
                silent.append(participant_id)
                continue
            readings[participant_id] = max(0, int(net_export_wh[row]))
            if bought_wh > sold_wh:
                available_wh = bought_wh - sold_wh
                taken_wh = min(available_wh, max(0, -int(net_export_wh[row])))
                supplies.append(pack_supply(participant_id, available_wh, taken_wh, exchange=False))
        self.venue.report_deliveries(frame, readings)
        for batch in batches(supplies):
            self._build.call(frame, "record_supply", "credit", "recordSupply", (batch,), self.cast.meter)
        if silent:
            self._unfinished.append(_Unfinished(frame, silent))
        else:
            self._build.call(frame, "finalise", "house", "finaliseFrame", (frame,), self.cast.operator)

    # sessions and stations

    def _ended_sessions(self, frame: int) -> list[tuple[int, int, int]]:
        """Give station, household row and energy of ended sessions; the last frame takes the rest."""
        last = frame - self.first_frame == self.day.calendar.frames - 1
        ended = []
        for session in self._pending_sessions:
            if not last and session.departure_utc >= self._start(frame + 1):
                break
            row = self.day.household_ids.index(session.household_id or "")
            ended.append((self.station_ids[self.sites.index(session.station)], row, session.energy_wh))
        self._pending_sessions = self._pending_sessions[len(ended) :]
        return ended

    def _attest_sessions(self, frame: int) -> None:
        self._to_evaluate = self._ended_sessions(frame)
        records = [
            pack_session(station_id, self.household_ids[row], energy_wh)
            for station_id, row, energy_wh in self._to_evaluate
        ]
        for batch in batches(records):
            self._build.call(frame, "attest_sessions", "credit", "attestSessions", (batch,), self.cast.meter)
        for station_id in sorted({station_id for station_id, _, _ in self._to_evaluate}):
            count = sum(station == station_id for station, _, _ in self._to_evaluate)
            args = (station_id, count)
            self._build.call(
                frame, "record_endorsements", "credit", "recordEndorsements", args, self.cast.operator
            )

    def _evaluate(self, frame: int, timestamp: int) -> Iterator[Block]:
        if not self._delivers(frame):
            return
        self._build.begin(timestamp)
        for station_id, row, _ in self._to_evaluate:
            # Cui et al. draw ratings from N(4, 0.6) for a good station
            rating = int(np.clip(np.rint(self._user_rng.normal(4.0, 0.6)), 1, 5))
            args = (station_id, rating)
            self._build.call(frame, "evaluate", "credit", "evaluate", args, self.cast.households[row])
        yield from self._build.finish()

    # after the day

    def _wind_up(self, frame: int) -> Iterator[Block]:
        build = self._build
        build.begin(self._start(frame) + 60)
        for booking_id in self.bookings.values():
            build.call(frame, "storage_close", "storage", "close", (booking_id,), self.cast.operator)
        build.call(frame, "collect_revenue", "storage", "collectRevenue", (), self.cast.operator)
        yield from build.finish()
        build.begin(self._start(frame) + 300)
        for account, participant_id in zip(self.cast.households, self.household_ids, strict=True):
            for venue in (self.venue.name, "storage"):
                margin_micro = getattr(self.market, venue).margin_of(participant_id)
                if margin_micro:
                    build.call(frame, "withdraw_margin", venue, "withdrawMargin", (margin_micro,), account)
        yield from build.finish()
