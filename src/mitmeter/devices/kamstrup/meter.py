"""The emulated meter itself: registers, clock, relays and events at any instant.

One object per connection, all over one memory; what one connection changes, all see.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mitmeter.devices.kamstrup.meter_clock import LocalTime, local_time
from mitmeter.devices.kamstrup.persona import Persona, Register
from mitmeter.devices.kamstrup.phases import Phase, idle, phases
from mitmeter.devices.kamstrup.sources import SOURCES, rescaled
from mitmeter.devices.kamstrup.standing import DISCONNECTED, Books, Standing, microseconds
from mitmeter.model import instant
from mitmeter.protocol import DeviceContext, HouseState

_SELF_HEATING = 15  # K above the air around the meter [A]
_VALID, _NO_ERROR, _PENDING = 0x08, 0x10, 0x40
_DISCONNECT_LOGGED = 0x10
_MOST_PUT = 8  # bytes; longer registers are opaque blocks and texts [O]
_CLOCK = "meter.clock"
_EVENTS = "meter.events"


class Meter:
    """One unit as one connection sees it."""

    __slots__ = ("_books", "_context", "persona")

    def __init__(self, context: DeviceContext, persona: Persona) -> None:
        self.persona = persona
        self._context = context
        self._books = Books(context.memory, context.house, relay=persona.relay, feeds=persona.feeds)

    def moment(self, now: datetime) -> Moment:
        """Return the meter at this instant, or at the one it is frozen at."""
        frozen = self._context.frozen_at
        if frozen is not None:
            us = microseconds(frozen)
            return Moment(self, Standing(us, us, 0, 0, 4 if self.persona.relay else 0), frozen)
        return Moment(self, self._books.at(now), now)

    def raw(self, register: Register, moment: Moment) -> bytes:
        """Return a register's bytes. Frozen, it is its start value where it has one."""
        if not (register.told and self._context.frozen_at is not None):
            if register.source:
                return SOURCES[register.source].tell(moment, register)
            if register.follows is not None:
                other = self.persona.registers[register.follows]
                return rescaled(int.from_bytes(self.raw(other, moment), "big"), register, other)
        written = self._context.memory.get(_written(register.id))
        return register.raw if written is None else bytes.fromhex(written)

    def put(self, number: int, unit: int, raw: bytes) -> bool:
        """Take a register's new bytes, if it is a plain number of that size; tell whether."""
        register = self.persona.registers.get(number)
        if register is None or register.unit != unit or len(raw) != register.length:
            return False
        if register.source or register.follows is not None or len(raw) > _MOST_PUT:
            return False
        self._context.memory.set(_written(number), raw.hex())
        return True

    # --- clock

    def time(self, standing: Standing, at: datetime) -> LocalTime:
        """Return what the meter's clock shows."""
        setting = self.persona.clock
        since, offset = instant(standing.installed * 1000), timedelta(0)
        words = (self._context.memory.get(_CLOCK) or "").split()
        if len(words) == 2 and self._context.frozen_at is None:
            since = instant(int(words[0]) * 1000)
            offset = timedelta(microseconds=int(words[1]))
        told = at + offset + setting.ahead(since, at)
        return local_time(told, setting, self._context.zone)

    def set_clock(self, told: datetime, now: datetime) -> None:
        """Set the clock to local time `told` (naive)."""
        plain = local_time(now, self.persona.clock, self._context.zone).shown
        offset = told - plain
        self._context.memory.set(
            _CLOCK, f"{microseconds(now)} {offset // timedelta(microseconds=1)}"
        )

    # --- relays and events

    def order(self, command: int, now: datetime) -> bytes:
        """Return state and feedback after SetCutOffState; the relays move later."""
        standing = self._books.order(command, now, self.persona.timing.relay)
        if standing.pending and standing.target == DISCONNECTED:
            events = bytearray(self.events())
            events[2] |= _DISCONNECT_LOGGED
            self._context.memory.set(_EVENTS, events.hex())
        return _cut_off(standing)

    def cut_off(self, now: datetime) -> bytes:
        """Return state and feedback: three voltages, valid, no error [O]."""
        return _cut_off(self._books.at(now))

    def events(self) -> bytes:
        held = self._context.memory.get(_EVENTS)
        return self.persona.events if held is None else bytes.fromhex(held)

    def clear_events(self) -> None:
        self._context.memory.set(_EVENTS, bytes(len(self.persona.events)).hex())

    # --- the house, as the meter measures it

    def house(self, at: datetime) -> HouseState:
        return self._context.house.state(at)

    def wires(self, house: HouseState, standing: Standing, at: datetime) -> tuple[Phase, ...]:
        if not standing.flows:
            return idle(house, self.persona.wiring)
        watts = house.load_w if self.persona.feeds == "load" else house.grid_w
        return phases(
            house, watts, at, self.persona.wiring, self.persona.seed or self._context.seed
        )

    def energy(self, standing: Standing, at: datetime) -> tuple[int, int]:
        return self._books.energy(standing, at)


class Moment:
    """The meter at one instant; what sources ask for is found when it is first asked for."""

    __slots__ = ("_at", "_energy", "_house", "_meter", "_phases", "_standing", "_time")

    def __init__(self, meter: Meter, standing: Standing, at: datetime) -> None:
        self._meter = meter
        self._standing = standing
        self._at = at
        self._energy: tuple[int, int] | None = None
        self._house: HouseState | None = None
        self._phases: tuple[Phase, ...] | None = None
        self._time: LocalTime | None = None

    @property
    def imported(self) -> int:
        """Watt-microseconds since the meter was installed; `exported` the same."""
        return self._counted()[0]

    @property
    def exported(self) -> int:
        return self._counted()[1]

    @property
    def seconds(self) -> int:
        """Whole seconds since the meter was installed."""
        return max(0, microseconds(self._at) - self._standing.installed) // 1_000_000

    @property
    def power_w(self) -> int:
        return sum(phase.power_w for phase in self.phases)

    @property
    def phases(self) -> tuple[Phase, ...]:
        if self._phases is None:
            self._phases = self._meter.wires(self._state(), self._standing, self._at)
        return self._phases

    @property
    def decikelvin(self) -> int:
        return int(self._state().temperature_c * 10) + 2_732 + 10 * _SELF_HEATING

    @property
    def centihertz(self) -> int:
        return int(self._state().frequency_hz * 100)

    @property
    def relay_state(self) -> int:
        return self._standing.state

    @property
    def time(self) -> LocalTime:
        if self._time is None:
            self._time = self._meter.time(self._standing, self._at)
        return self._time

    def _counted(self) -> tuple[int, int]:
        if self._energy is None:
            self._energy = self._meter.energy(self._standing, self._at)
        return self._energy

    def _state(self) -> HouseState:
        if self._house is None:
            self._house = self._meter.house(self._at)
        return self._house


def _written(number: int) -> str:
    return f"register.{number:04x}"


def _cut_off(standing: Standing) -> bytes:
    feedback = 0x07 | _VALID | _NO_ERROR | (_PENDING if standing.pending else 0)
    return bytes((standing.state, feedback))
