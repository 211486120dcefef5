"""The battery and its strategy: what it does in one 10-second step, and quickly through many.

Everything is an integer. Energy is counted in watt-steps (1 W for 10 s); stored energy in units
fine enough that both efficiencies stay whole numbers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from mitmeter.protocol import BatterySchedule
from mitmeter.simulate.site import BatterySize

STEP_S = 10
STEPS_PER_MINUTE = 6
STEPS_PER_KWH = 3_600_000 // STEP_S

# How the six steps of a minute lie about its mean, in units of its swing: each sums to zero.
_SWING_REACH = 8
_LOAD_SHAPES = (
    (3, -5, 8, -2, -7, 3), (-1, 2, -3, 6, -8, 4), (0, 5, -4, -6, 7, -2), (-8, -3, 1, 4, 8, -2),
    (2, -1, 5, -6, 3, -3), (7, 1, -8, 2, -4, 2), (-3, 6, 0, -5, -2, 4), (1, -7, 2, 8, -1, -3),
)  # fmt: skip
_PV_SHAPES = (
    (-8, -5, -1, 2, 5, 7), (7, 6, 1, -2, -4, -8), (-2, 1, 4, 3, -1, -5), (3, 0, -4, -6, 1, 6),
    (-6, -1, 5, 8, 1, -7), (5, 2, -3, -8, -1, 5), (1, -2, 3, -1, -3, 2), (-4, 4, -6, 6, -3, 3),
)  # fmt: skip
# What a regulating inverter leaves at the meter, watts; + is import.
_TRIM_REACH = 19
_TRIMS = (
    (6, -3, 13, 2, -8, 5), (-4, 9, 3, -11, 7, 14), (12, 5, -6, 1, 8, -2), (3, 19, -7, 4, -1, 6),
)  # fmt: skip
_TRIM_SUMS = tuple(sum(trim) for trim in _TRIMS)
_TRIM_IMPORTS = tuple(sum(w for w in trim if w > 0) for trim in _TRIMS)
_TRIM_EXPORTS = tuple(-sum(w for w in trim if w < 0) for trim in _TRIMS)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What has flowed since the house began, in watt-steps; what the battery holds, in units."""

    stored: int
    imported: int = 0
    exported: int = 0
    pv: int = 0
    load: int = 0
    charged: int = 0
    discharged: int = 0
    charged_from_grid: int = 0
    imported_low: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """Watts during one step; grid = load − pv − battery."""

    load_w: int
    pv_w: int
    battery_w: int
    from_grid_w: int

    @property
    def grid_w(self) -> int:
        return self.load_w - self.pv_w - self.battery_w


@dataclass(frozen=True, slots=True)
class DayInputs:
    """What one UTC day brings, whatever the battery does; one entry or byte per minute."""

    load_w: array[int]
    pv_w: array[int]
    pv_swing_w: array[int]
    shapes: bytes


@dataclass(frozen=True, slots=True)
class Regime:
    """What the schedule asks for: `ceiling` of grid charging and `floor` of discharge, in units.

    low_rate: whether what is imported meanwhile is cheap; the battery does not care.
    """

    from_grid: bool
    ceiling: int
    floor: int
    low_rate: bool = False


class Battery:
    """A battery that covers the load from what the sun left over, and obeys a schedule."""

    def __init__(self, size: BatterySize) -> None:
        self._most_in = size.charge_limit_w
        self._most_out = size.discharge_limit_w
        # Charging by one watt-step adds η·units, discharging takes units/η: both whole numbers.
        self._unit_in = size.charge_permille * size.discharge_permille
        self._unit_out = 1_000_000
        self.capacity = size.capacity_wh * (STEPS_PER_KWH // 1000) * 1000 * size.discharge_permille
        self.initial = self.capacity * size.initial_percent // 100

    def regime(
        self, schedule: BatterySchedule, *, in_window: bool, low_rate: bool = False
    ) -> Regime:
        return Regime(
            from_grid=in_window,
            ceiling=int(self.capacity * schedule.stop_charging_percent / 100),
            floor=int(self.capacity * schedule.reserve_percent / 100),
            low_rate=low_rate,
        )

    def step(self, stored: int, net_w: int, trim_w: int, regime: Regime) -> int:
        """Return the battery's watts for one step; + is discharge.

        net_w: load minus PV. trim_w: what regulation leaves at the meter.
        While a window is open the battery charges from the grid up to the ceiling, from the sun
        beyond it, and does not discharge [A].
        """
        if regime.from_grid:
            ordered = min(self._most_in, max(0, regime.ceiling - stored) // self._unit_in)
            surplus = min(-net_w, self._most_in, (self.capacity - stored) // self._unit_in)
            return -max(ordered, surplus, 0)
        want = net_w - trim_w
        if want > 0:
            return min(want, self._most_out, max(0, stored - regime.floor) // self._unit_out)
        return -min(-want, self._most_in, (self.capacity - stored) // self._unit_in)

    def flows(
        self, stored: int, day: DayInputs, first: int, last: int, regime: Regime
    ) -> Iterator[Flow]:
        """Yield the powers of each of the day's steps from `first` up to `last`."""
        for step in range(first, last):
            minute, k = divmod(step, STEPS_PER_MINUTE)
            shape, load, pv = day.shapes[minute], day.load_w[minute], day.pv_w[minute]
            load += _LOAD_SHAPES[shape & 7][k] * (1 + load // 250)
            pv += _PV_SHAPES[shape >> 3 & 7][k] * day.pv_swing_w[minute]
            battery = self.step(stored, load - pv, _TRIMS[shape >> 6][k], regime)
            from_grid = max(0, -battery - max(0, pv - load)) if regime.from_grid else 0
            stored -= battery * (self._unit_out if battery > 0 else self._unit_in)
            yield Flow(load, pv, battery, from_grid)

    def after(self, ledger: Ledger, flow: Flow, *, low_rate: bool = False) -> Ledger:
        """Return the ledger one step later."""
        grid, charge, discharge = flow.grid_w, max(0, -flow.battery_w), max(0, flow.battery_w)
        return Ledger(
            stored=ledger.stored + charge * self._unit_in - discharge * self._unit_out,
            imported=ledger.imported + max(0, grid),
            exported=ledger.exported + max(0, -grid),
            pv=ledger.pv + flow.pv_w,
            load=ledger.load + flow.load_w,
            charged=ledger.charged + charge,
            discharged=ledger.discharged + discharge,
            charged_from_grid=ledger.charged_from_grid + flow.from_grid_w,
            imported_low=ledger.imported_low + (max(0, grid) if low_rate else 0),
        )

    def advance(
        self, ledger: Ledger, day: DayInputs, first: int, last: int, regime: Regime
    ) -> Ledger:
        """Return the ledger after the day's steps `first` up to `last`."""
        whole_first = -(-first // STEPS_PER_MINUTE)
        whole_last = last // STEPS_PER_MINUTE
        if whole_first >= whole_last:
            return self._walk(ledger, day, first, last, regime)
        ledger = self._walk(ledger, day, first, whole_first * STEPS_PER_MINUTE, regime)
        ledger = self._stride(ledger, day, whole_first, whole_last, regime)
        return self._walk(ledger, day, whole_last * STEPS_PER_MINUTE, last, regime)

    def _walk(
        self, ledger: Ledger, day: DayInputs, first: int, last: int, regime: Regime
    ) -> Ledger:
        for flow in self.flows(ledger.stored, day, first, last, regime):
            ledger = self.after(ledger, flow, low_rate=regime.low_rate)
        return ledger

    def _stride(
        self, ledger: Ledger, day: DayInputs, first: int, last: int, regime: Regime
    ) -> Ledger:
        """Do whole minutes at once where no step of the minute can meet a limit or turn a sign.

        Equal to walking, only faster; any minute in doubt is walked. Local names because a year is
        half a million rounds of this loop.
        """
        six, unit_in, unit_out = STEPS_PER_MINUTE, self._unit_in, self._unit_out
        loads, pvs, swings, shapes = day.load_w, day.pv_w, day.pv_swing_w, day.shapes
        stored, imported, exported = ledger.stored, ledger.imported, ledger.exported
        charged, discharged, granted = ledger.charged, ledger.discharged, ledger.charged_from_grid
        pv_sum, load_sum = ledger.pv, ledger.load
        for minute in range(first, last):
            load, pv = loads[minute], pvs[minute]
            net, trim = load - pv, shapes[minute] >> 6
            reach = _SWING_REACH * (1 + load // 250 + swings[minute]) + _TRIM_REACH
            if net > reach:
                sure = self._covering(stored, net, reach, trim, regime)
            elif net < -reach:
                sure = self._taking_in(stored, net, reach, trim, regime)
            else:
                sure = None
            if sure is None:
                so_far = Ledger(
                    *(stored, imported, exported, pv_sum, load_sum, charged, discharged, granted)
                )
                walked = self._walk(so_far, day, minute * six, minute * six + six, regime)
                stored, imported, exported = walked.stored, walked.imported, walked.exported
                charged, discharged = walked.charged, walked.discharged
                granted = walked.charged_from_grid
                pv_sum, load_sum = walked.pv, walked.load
                continue
            battery, regulated = sure
            if regulated:
                imported += _TRIM_IMPORTS[trim]
                exported += _TRIM_EXPORTS[trim]
            elif net > 0:
                imported += six * net - battery
            else:
                exported += battery - six * net
            if battery > 0:
                discharged += battery
                stored -= battery * unit_out
            elif battery < 0:
                charged -= battery
                stored -= battery * unit_in
                if net > 0:
                    granted -= battery
            pv_sum += six * pv
            load_sum += six * load
        low = ledger.imported_low + (imported - ledger.imported if regime.low_rate else 0)
        return Ledger(
            *(stored, imported, exported, pv_sum, load_sum, charged, discharged, granted, low)
        )

    def _covering(
        self, stored: int, net: int, reach: int, trim: int, regime: Regime
    ) -> tuple[int, bool] | None:
        """Return (battery watt-steps, regulated) of a minute that always needs more than the sun.

        Not regulated means that the grid takes the rest. None when its steps may differ in kind.
        """
        six = STEPS_PER_MINUTE
        if regime.from_grid:
            room = max(0, regime.ceiling - stored)
            if room < self._unit_in:
                return 0, False
            full = six * self._most_in
            return (-full, False) if full * self._unit_in <= room else None
        room = stored - regime.floor
        if room < self._unit_out:
            return 0, False
        if net + reach <= self._most_out:
            out = six * net - _TRIM_SUMS[trim]
            return (out, True) if out * self._unit_out <= room else None
        out = six * self._most_out
        sure = net - reach >= self._most_out and out * self._unit_out <= room
        return (out, False) if sure else None

    def _taking_in(
        self, stored: int, net: int, reach: int, trim: int, regime: Regime
    ) -> tuple[int, bool] | None:
        """Return what `_covering` does, for a minute in which the sun always gives more."""
        six = STEPS_PER_MINUTE
        if regime.from_grid and regime.ceiling - stored >= self._unit_in:
            return None
        room = self.capacity - stored
        if room < self._unit_in:
            return 0, False
        if reach - net <= self._most_in:
            into = -six * net if regime.from_grid else _TRIM_SUMS[trim] - six * net
            return (-into, not regime.from_grid) if into * self._unit_in <= room else None
        into = six * self._most_in
        sure = -net - reach >= self._most_in and into * self._unit_in <= room
        return (-into, False) if sure else None
