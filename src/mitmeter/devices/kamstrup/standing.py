"""What an emulated meter has come to: energy counted, relays, and when; remembered over restarts.

Energy is derived from time: what was counted up to an anchor, and since then what the house's exact
integrals say. The anchor moves with the relays, as nothing flows while they are open, and once an
hour, so that a house that is built anew (its year begins again) lets no counter fall.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Context, Decimal

from mitmeter.model import instant, nanoseconds
from mitmeter.protocol import DeviceMemory, House

NO_RELAY = 0x00
DISCONNECTED = 0x01
CONNECTED = 0x04
RELEASED = 0x08
# What SetCutOffState asks for, from which state, and what comes of it [O].
_MOVES = {
    0x01: (CONNECTED, DISCONNECTED),
    0x02: (DISCONNECTED, RELEASED),
    0x03: (RELEASED, CONNECTED),
}

_NAME = "meter.standing"
_HOUR_US = 3_600_000_000
_EXACT = Context(prec=40)
_US_PER_KWH = Decimal(3_600_000_000_000)


@dataclass(frozen=True, slots=True)
class Standing:
    """All instants are microseconds since 1970, energies watt-microseconds since `installed`.

    state:  of the relays, as GetCutOffState tells it. target, due: what they are moving to and
            when they will have; due is 0 while they rest.
    """

    installed: int
    anchor: int
    imported: int
    exported: int
    state: int
    target: int = 0
    due: int = 0

    @property
    def flows(self) -> bool:
        return self.state in (NO_RELAY, CONNECTED)

    @property
    def pending(self) -> bool:
        return self.due > 0


class Books:
    """The standing of one unit; every connection has its own Books over the same memory."""

    __slots__ = ("_feeds", "_house", "_known", "_memory", "_relay", "_text")

    def __init__(self, memory: DeviceMemory, house: House, *, relay: bool, feeds: str) -> None:
        self._memory = memory
        self._house = house
        self._relay = relay
        self._feeds = feeds
        self._text: str | None = None
        self._known: Standing | None = None

    def at(self, now: datetime) -> Standing:
        """Return the standing, with the relays as they are by now."""
        found = self._read()
        us = microseconds(now)
        if found is None:
            state = CONNECTED if self._relay else NO_RELAY
            return self._write(Standing(us, us, 0, 0, state))
        if found.pending and found.due <= us:
            found = replace(self._anchored(found, found.due), state=found.target, target=0, due=0)
            return self._write(found)
        if us - found.anchor >= _HOUR_US:
            return self._write(self._anchored(found, us))
        return found

    def order(self, command: int, now: datetime, seconds: float) -> Standing:
        """Do what SetCutOffState asks for, as far as it may be; it takes so many seconds."""
        found = self.at(now)
        move = _MOVES.get(command)
        if move is None or found.pending or found.state != move[0]:
            return found
        due = microseconds(now + timedelta(seconds=seconds))
        return self._write(replace(found, target=move[1], due=due))

    def energy(self, standing: Standing, at: datetime) -> tuple[int, int]:
        """Return what has been imported and exported by then, in watt-microseconds, exactly."""
        found = self._anchored(standing, max(standing.anchor, microseconds(at)))
        return found.imported, found.exported

    def _anchored(self, found: Standing, us: int) -> Standing:
        if not found.flows or us <= found.anchor:
            return replace(found, anchor=max(us, found.anchor))
        before, after = self._counted(found.anchor), self._counted(us)
        return replace(
            found,
            anchor=us,
            imported=found.imported + max(0, after[0] - before[0]),
            exported=found.exported + max(0, after[1] - before[1]),
        )

    def _counted(self, us: int) -> tuple[int, int]:
        """Return what the house says has passed the meter, in watt-microseconds."""
        energy = self._house.energy(instant(us * 1000))
        if self._feeds == "load":
            return _exact(energy.load), 0
        return _exact(energy.imported), _exact(energy.exported)

    def _read(self) -> Standing | None:
        text = self._memory.get(_NAME)
        if text is None or text != self._text:
            self._text = text
            self._known = None if text is None else _standing(text)
        return self._known

    def _write(self, found: Standing) -> Standing:
        self._known = found
        self._text = " ".join(
            str(each)
            for each in (
                found.installed,
                found.anchor,
                found.imported,
                found.exported,
                found.state,
                found.target,
                found.due,
            )
        )
        self._memory.set(_NAME, self._text)
        return found


def microseconds(at: datetime) -> int:
    return nanoseconds(at) // 1000


def _standing(text: str) -> Standing | None:
    """Return what was remembered; None for what is none: the meter begins anew."""
    parts = text.split()
    if len(parts) != 7 or not all(part.isdecimal() and len(part) < 30 for part in parts):
        return None
    return Standing(*map(int, parts))


def _exact(kwh: Decimal) -> int:
    """Return watt-microseconds, of which the house's integrals are whole numbers."""
    return int(_EXACT.multiply(kwh, _US_PER_KWH).to_integral_value(context=_EXACT))
