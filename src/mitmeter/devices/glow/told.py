"""What one conversation has told of one display already, so that the same is not told again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mitmeter.devices.glow.metered import MeterListener, Value
from mitmeter.devices.glow.registers import Meter
from mitmeter.model import DeviceId, Event, Fact, Field, Reading, Severity

Said = Reading | Event | Fact

# How many undescribed fields one conversation may bring.
MAX_STATES = 256
_MOST_FACTS = 64
_MOST_TEXT = 128
_MOST_ONCE = 128
# Where the meter's own numbers change every half hour, the same number counts anew as often [O].
_AGAIN = timedelta(minutes=30)


class Teller:
    """Tells of one display. Call `begin` first, for each message.

    at:       when the message was received.
    reported: the display's own time of it, None where its clock has not been set.
    live:     sent when it was measured, so that the clock's skew can be told from it.
    """

    __slots__ = (
        "_facts",
        "_listeners",
        "_once",
        "_registers",
        "_repeats",
        "_states",
        "_texts",
        "at",
        "device",
        "live",
        "reported",
    )

    def __init__(self, device: DeviceId) -> None:
        self.device = device
        self.begin(datetime(1970, 1, 1, tzinfo=UTC), None)
        self._facts: dict[str, str] = {}
        self._states: dict[str, Value] = {}
        self._texts: dict[str, str] = {}
        self._listeners: dict[Meter, MeterListener] = {}
        self._repeats: dict[str, tuple[Decimal, datetime]] = {}
        self._registers: dict[str, tuple[Decimal, datetime]] = {}
        self._once: set[str] = set()

    def begin(self, at: datetime, reported: datetime | None, *, live: bool = True) -> None:
        self.at = at
        self.reported = reported
        self.live = live

    def reading(self, quantity: str, value: Value) -> Reading:
        return Reading(self.device, quantity, value, self.at, self.reported, self.live)

    def repeated(self, quantity: str, value: Decimal) -> Reading | None:
        """Return the reading, unless the same number was told less than half an hour before.

        The display sends what is half an hour old with every message; that is no new reading.
        """
        moment = self.reported or self.at
        before = self._repeats.get(quantity)
        if before is not None and before[0] == value:
            passed = _between(before[1], moment)
            if passed is not None and passed < _AGAIN:
                return None
        self._repeats[quantity] = (value, moment)
        return self.reading(quantity, value)

    def changed(self, quantity: str, value: Value) -> bool:
        """Note a state; tell whether it is new. At most MAX_STATES different ones are followed."""
        states = self._states
        if states.get(quantity) == value or (len(states) >= MAX_STATES and quantity not in states):
            return False
        states[quantity] = value
        return True

    def noticed(self, member: str, text: str) -> bool:
        """Note a member's text; tell whether it is other than the last time."""
        if self._texts.get(member) == text:
            return False
        self._texts[member] = text[:_MOST_TEXT]
        return True

    def listener(self, meter: Meter) -> MeterListener:
        """Return who reads that meter."""
        found = self._listeners.get(meter)
        if found is None:
            found = self._listeners[meter] = MeterListener(meter)
        return found

    def fact(self, name: str, value: str, private: bool = False) -> Fact | None:
        """Return the fact if it is new."""
        facts = self._facts
        if facts.get(name) == value or (len(facts) >= _MOST_FACTS and name not in facts):
            return None
        facts[name] = value
        return Fact(self.device, name, value, private)

    def knows(self, name: str) -> bool:
        return name in self._facts

    def first(self, what: str) -> bool:
        """Tell whether this happens for the first time since `again` was called for it."""
        if what in self._once or len(self._once) >= _MOST_ONCE:
            return False
        self._once.add(what)
        return True

    def happened(self, what: str) -> bool:
        return what in self._once

    def again(self, what: str) -> None:
        self._once.discard(what)

    def fell(self, quantity: str, value: Decimal) -> Decimal | None:
        """Note a lifetime register; return what it was before, if that was more.

        A message that is older than the last one tells an older register, rightly.
        """
        moment = self.reported or self.at
        before = self._registers.get(quantity)
        if before is not None and moment < before[1]:
            return None
        self._registers[quantity] = (value, moment)
        return before[0] if before is not None and value < before[0] else None

    def event(
        self,
        what: str,
        text: str,
        severity: Severity = Severity.INFO,
        fields: Mapping[str, Field] | None = None,
    ) -> Event:
        return Event(f"mitmeter.glow.{what}", self.at, text, severity, self.device, fields or {})


def _between(before: datetime, moment: datetime) -> timedelta | None:
    """Return the time that has passed; None when the clock went back meanwhile."""
    passed = moment - before
    return passed if passed >= timedelta(0) else None
