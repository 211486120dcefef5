"""The house at any instant: powers that sum to zero, and their exact integrals."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from itertools import pairwise

from mitmeter.model import nanoseconds
from mitmeter.protocol import BatterySchedule, HouseEnergy, HouseState
from mitmeter.simulate.battery import (
    STEP_S,
    STEPS_PER_MINUTE,
    Battery,
    DayInputs,
    Flow,
    Ledger,
    Regime,
)
from mitmeter.simulate.gas import GasLedger, Heating
from mitmeter.simulate.load import Household, utc_offset_s
from mitmeter.simulate.noise import octets
from mitmeter.simulate.site import Site
from mitmeter.simulate.weather import DAY_S, Weather

_STEP_US = STEP_S * 1_000_000
_STEPS_PER_DAY = DAY_S // STEP_S
_SPAN = 90  # steps between two checkpoints of a day: a quarter of an hour
_KEPT_DAYS = 3
_KEPT_STATES = 64
_KEPT_REGIMES = 1024
_US_PER_KWH = Decimal(3_600_000_000_000)
_EXACT = Context(prec=28)
_VOLUME_FACTOR = Decimal("1.02264")  # gas to 15 °C and 1013.25 mbar; fixed by UK law


@dataclass(frozen=True, slots=True)
class Integrals:
    """What HouseEnergy says in kWh, as exact whole watt-microseconds."""

    imported: int
    exported: int
    pv: int
    charged: int
    discharged: int
    load: int
    charged_from_grid: int
    imported_low: int
    gas: int


@dataclass(frozen=True, slots=True)
class _Moment:
    ledger: Ledger
    flow: Flow
    low_rate: bool


@dataclass(frozen=True, slots=True)
class _Change:
    step: int
    schedule: BatterySchedule


@dataclass(frozen=True, slots=True)
class _DayBlock:
    """One day's inputs and the ledger at each quarter of an hour."""

    inputs: DayInputs
    checkpoints: tuple[Ledger, ...]


_NOTHING = Flow(0, 0, 0, 0)


class House:
    """One simulated house; fulfils `mitmeter.protocol.House`.

    Powers are constant within each 10-second step of UTC, so the energy between any two instants is
    the sum of power × time. `start` is rounded down to its minute: the house begins there with all
    energies zero; earlier nothing is connected and every power is zero. Any instant may be asked,
    in any order; the first question about a day costs the days since the last one known (2 to 3 ms
    each), later ones microseconds. State of charge is that at the beginning of the step.
    """

    def __init__(self, seed: int, start: datetime, site: Site | None = None) -> None:
        self._seed = seed
        self._site = Site() if site is None else site
        self._weather = Weather(seed, self._site)
        self._household = Household(seed, self._site)
        self._battery = Battery(self._site.battery)
        minute = nanoseconds(start) // 60_000_000_000
        self._start_step = minute * STEPS_PER_MINUTE
        self._start_day = self._start_step // _STEPS_PER_DAY
        self._gas = GasLedger(Heating(seed, self._site, self._weather, self._household), minute)
        self._m3_per_kwh = _EXACT.divide(
            Decimal("3.6"), _EXACT.multiply(_VOLUME_FACTOR, self._site.calorific)
        )
        self._begin = Ledger(stored=self._battery.initial)
        self._changes = [_Change(self._start_step, BatterySchedule())]
        self._two_rates = self._site.tariff.night[0] != self._site.tariff.night[1]
        self._ends: list[Ledger] = []
        self._blocks: OrderedDict[int, _DayBlock] = OrderedDict()
        self._moments: dict[int, _Moment] = {}
        self._states: OrderedDict[int, HouseState] = OrderedDict()
        self._regimes: dict[int, Regime] = {}

    def state(self, at: datetime) -> HouseState:
        """Return what flows at this instant."""
        step = nanoseconds(at) // 1000 // _STEP_US
        found = self._states.get(step)
        if found is None:
            if len(self._states) >= _KEPT_STATES:
                self._states.popitem(last=False)
            found = self._states[step] = self._state(step)
        return found

    def energy(self, at: datetime) -> HouseEnergy:
        """Return the energies since `start` in kWh.

        Exact to 28 digits: a watt-second is 1/3 600 000 kWh, which no decimal number is.
        """
        sums = self.integrals(at)
        gas = _kwh(sums.gas)
        return HouseEnergy(
            imported=_kwh(sums.imported),
            exported=_kwh(sums.exported),
            pv=_kwh(sums.pv),
            charged=_kwh(sums.charged),
            discharged=_kwh(sums.discharged),
            load=_kwh(sums.load),
            charged_from_grid=_kwh(sums.charged_from_grid),
            imported_low=_kwh(sums.imported_low),
            gas=gas,
            gas_volume=_EXACT.multiply(gas, self._m3_per_kwh),
        )

    def integrals(self, at: datetime) -> Integrals:
        """Return the energies since `start`, exact to the microsecond."""
        total_us = nanoseconds(at) // 1000
        step, us = divmod(total_us, _STEP_US)
        moment = self._moment(step)
        ledger, flow = moment.ledger, moment.flow
        grid, battery = flow.grid_w, flow.battery_w
        return Integrals(
            imported=ledger.imported * _STEP_US + max(0, grid) * us,
            exported=ledger.exported * _STEP_US + max(0, -grid) * us,
            pv=ledger.pv * _STEP_US + flow.pv_w * us,
            charged=ledger.charged * _STEP_US + max(0, -battery) * us,
            discharged=ledger.discharged * _STEP_US + max(0, battery) * us,
            load=ledger.load * _STEP_US + flow.load_w * us,
            charged_from_grid=ledger.charged_from_grid * _STEP_US + flow.from_grid_w * us,
            imported_low=ledger.imported_low * _STEP_US
            + (max(0, grid) * us if moment.low_rate else 0),
            gas=self._gas.integral(total_us),
        )

    def schedule(self, at: datetime, schedule: BatterySchedule) -> None:
        """From `at` on, that is from the first step beginning then or later, follow this schedule.

        Replaces whatever had been asked for later; what was answered about earlier instants stays.
        """
        step = max(self._start_step, -(-nanoseconds(at) // (1000 * _STEP_US)))
        self._changes = [change for change in self._changes if change.step < step]
        self._changes.append(_Change(step, schedule))
        day = step // _STEPS_PER_DAY
        del self._ends[day - self._start_day :]
        for late in [known for known in self._blocks if known >= day]:
            del self._blocks[late]
        self._moments.clear()
        self._states.clear()
        self._regimes.clear()

    # --- one step ------------------------------------------------------------------------------

    def _state(self, step: int) -> HouseState:
        moment = self._moment(step)
        flow, weather, seconds = moment.flow, self._weather, step * STEP_S
        tariff = self._site.tariff
        sag = flow.grid_w / 5_000  # a house draws its own supply down a little
        return HouseState(
            grid_w=flow.grid_w,
            pv_w=flow.pv_w,
            battery_w=flow.battery_w,
            load_w=flow.load_w,
            soc_percent=_EXACT.divide(
                Decimal(100 * moment.ledger.stored), Decimal(self._battery.capacity)
            ),
            voltage_v=Decimal(round((weather.voltage_v(seconds) - sag) * 10)).scaleb(-1),
            frequency_hz=Decimal(round(weather.frequency_hz(seconds) * 100)).scaleb(-2),
            temperature_c=Decimal(round(weather.temperature_c(seconds) * 10)).scaleb(-1),
            gas_w=self._gas.power_w(step // STEPS_PER_MINUTE),
            price_import=tariff.price(low=moment.low_rate),
            price_standing=tariff.standing,
            low_rate=moment.low_rate,
        )

    def _moment(self, step: int) -> _Moment:
        if step < self._start_step:
            return _Moment(self._begin, _NOTHING, self._low_rate(step))
        found = self._moments.get(step)
        if found is None:
            self._moments = self._minute(step // STEPS_PER_MINUTE)
            found = self._moments[step]
        return found

    def _minute(self, minute: int) -> dict[int, _Moment]:
        """Return the six steps of a minute since 1970."""
        first = minute * STEPS_PER_MINUTE
        day, within = divmod(first, _STEPS_PER_DAY)
        block = self._block(day)
        checkpoint = within - within % _SPAN
        ledger = block.checkpoints[within // _SPAN]
        origin = first - within
        if checkpoint < self._start_step - origin:
            checkpoint = self._start_step - origin
        ledger = self._run(ledger, block.inputs, day, checkpoint, within)
        moments: dict[int, _Moment] = {}
        for start, end, regime in self._pieces(day, within, within + STEPS_PER_MINUTE):
            steps = self._battery.flows(ledger.stored, block.inputs, start, end, regime)
            for step, flow in enumerate(steps, origin + start):
                moments[step] = _Moment(ledger, flow, regime.low_rate)
                ledger = self._battery.after(ledger, flow, low_rate=regime.low_rate)
        return moments

    # --- days, chained from the start ----------------------------------------------------------

    def _block(self, day: int) -> _DayBlock:
        found = self._blocks.get(day)
        if found is not None:
            self._blocks.move_to_end(day)
            return found
        ledger = self._before(day)
        inputs = self._inputs(day)
        first = max(0, self._start_step - day * _STEPS_PER_DAY)
        checkpoints: list[Ledger] = []
        for start in range(0, _STEPS_PER_DAY, _SPAN):
            checkpoints.append(ledger)
            if start + _SPAN > first:
                ledger = self._run(ledger, inputs, day, max(first, start), start + _SPAN)
        block = _DayBlock(inputs, tuple(checkpoints))
        if len(self._blocks) >= _KEPT_DAYS:
            self._blocks.popitem(last=False)
        self._blocks[day] = block
        if len(self._ends) == day - self._start_day:
            self._ends.append(ledger)
        return block

    def _before(self, day: int) -> Ledger:
        """Return the ledger with which a day begins, chaining the days not yet known."""
        while len(self._ends) < day - self._start_day:
            next_day = self._start_day + len(self._ends)
            ledger = self._ends[-1] if self._ends else self._begin
            first = max(0, self._start_step - next_day * _STEPS_PER_DAY)
            inputs = self._inputs(next_day)
            self._ends.append(self._run(ledger, inputs, next_day, first, _STEPS_PER_DAY))
        return self._ends[day - self._start_day - 1] if day > self._start_day else self._begin

    def _inputs(self, day: int) -> DayInputs:
        sunshine = self._weather.sunshine(day)
        return DayInputs(
            load_w=self._household.minutes(day),
            pv_w=sunshine.mean_w,
            pv_swing_w=sunshine.swing_w,
            shapes=octets(1440, self._seed, "shapes", day),
        )

    def _run(self, ledger: Ledger, inputs: DayInputs, day: int, first: int, last: int) -> Ledger:
        for start, end, regime in self._pieces(day, first, last):
            ledger = self._battery.advance(ledger, inputs, start, end, regime)
        return ledger

    # --- the schedule --------------------------------------------------------------------------

    def _pieces(self, day: int, first: int, last: int) -> list[tuple[int, int, Regime]]:
        """Cut the day's steps `first` up to `last` where what is asked of the battery may change.

        Windows open and close on whole local hours; every zone's offset is whole quarter-hours.
        """
        if first >= last:
            return []
        origin = day * _STEPS_PER_DAY
        changes = [change.step - origin for change in self._changes]
        cuts = {first, last, *(step for step in changes if first < step < last)}
        windows = any(change.schedule.charge_windows for change in self._changes)
        if windows or self._two_rates:
            cuts.update(range(first - first % _SPAN + _SPAN, last, _SPAN))
        edges = sorted(cuts)
        # What holds at the beginning of a quarter holds for all of it, unless it is told otherwise.
        grain = _SPAN if len(changes) == 1 else 1
        starts = [(origin + start) // grain * grain for start in edges]
        regimes = map(self._regime, starts)
        return _joined(
            [(*edge, regime) for edge, regime in zip(pairwise(edges), regimes, strict=False)]
        )

    def _regime(self, step: int) -> Regime:
        found = self._regimes.get(step)
        if found is None:
            if len(self._regimes) >= _KEPT_REGIMES:
                self._regimes.clear()
            found = self._regimes[step] = self._new_regime(step)
        return found

    def _new_regime(self, step: int) -> Regime:
        schedule = self._changes[0].schedule
        for change in self._changes:
            if change.step <= step:
                schedule = change.schedule
        minute = self._local_minute(step)
        inside = any(_within(minute // 60, *window) for window in schedule.charge_windows)
        low = self._site.tariff.is_low(minute)
        return self._battery.regime(schedule, in_window=inside, low_rate=low)

    def _low_rate(self, step: int) -> bool:
        return self._site.tariff.is_low(self._local_minute(step))

    def _local_minute(self, step: int) -> int:
        seconds = step * STEP_S
        return (seconds + utc_offset_s(self._site.zone, seconds)) % DAY_S // 60


def _within(hour: int, start: int, end: int) -> bool:
    """Say whether a local hour lies in a window; equal ends mean never, 23 to 5 passes midnight."""
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end


def _joined(pieces: list[tuple[int, int, Regime]]) -> list[tuple[int, int, Regime]]:
    """Return the pieces with neighbours of one regime made one."""
    joined = pieces[:1]
    for start, end, regime in pieces[1:]:
        if regime == joined[-1][2]:
            joined[-1] = joined[-1][0], end, regime
        else:
            joined.append((start, end, regime))
    return joined


def _kwh(watt_microseconds: int) -> Decimal:
    return _EXACT.divide(Decimal(watt_microseconds), _US_PER_KWH)
