"""What every device shows now: the newest believed readings, and who has fallen silent.

Knows no topic and no broker. Time comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mitmeter.model import DeviceId, Field, Origin, Reading, Severity
from mitmeter.sinks.homeassistant_classes import Entity, Part, entities
from mitmeter.sinks.homeassistant_controls import Control
from mitmeter.sinks.homeassistant_guard import Counter, Verdict, confirm, weigh
from mitmeter.sinks.mqtt_memory import Memory, Remembered
from mitmeter.store import Store

# A device is silent after so many of its usual steps.
_PATIENCE = 4.0
_SMOOTHING = 0.25
_LONGEST_PACE = 86_400.0
# A silence counts as no more than so many usual steps.
_FARTHEST = 16
# Home Assistant takes no longer text as a state [O].
_LONGEST_TEXT = 255
_MOST_REPLAYED = 5000
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Shown = dict[str, object]
Wanted = Callable[[Reading], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """What is to become an event."""

    eventid: str
    message: str
    severity: Severity
    fields: Mapping[str, Field]


@dataclass(slots=True)
class Held:
    """The newest reading of one quantity. at: of its value; received: when we were last told."""

    value: Decimal | str
    at: datetime
    received: datetime


@dataclass(slots=True)
class Device:
    """One device as it stands.

    facts: the public ones, as last looked up. heard: when it last said anything.
    stale: silent for too long. expired: live quantities that are old.
    controls: what can be commanded now; answer: what became of the last command.
    """

    device: DeviceId
    memory: Remembered
    held: dict[str, Held] = field(default_factory=dict)
    entities: dict[str, tuple[Entity, ...]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    simulated: bool = False
    heard: datetime = _NEVER
    stale: bool = False
    expired: frozenset[str] = frozenset()
    controls: tuple[Control, ...] = ()
    answer: str = ""

    @property
    def name(self) -> str:
        return self.memory.name

    def learn(self, facts: Mapping[str, str], currency: str) -> None:
        """Take in the facts; a currency changes the units of prices."""
        self.facts = facts
        if currency != self.currency:
            self.currency = currency
            self.entities = {name: entities(name, currency) for name in self.entities}


class Book:
    """Every device, by what readings say.

    expire: seconds of silence that are never too long.
    urgent: something is to be remembered now, not in a while.
    said:   what is to be told of counters that are doubted; whoever uses the book empties it.
    """

    def __init__(self, memory: Memory, wanted: Wanted, expire: float) -> None:
        self.memory = memory
        self.devices: dict[DeviceId, Device] = {}
        self.urgent = False
        self.said: list[Said] = []
        self._wanted = wanted
        self._expire = expire

    # --- readings ---------------------------------------------------------------------------------

    def seed(self, store: Store) -> None:
        """Begin with what the store holds: the newest of everything. Raises StoreError."""
        newest = [each for each in store.latest() if self._wanted(each)]
        # Who was heard first gets the first name.
        order = sorted(store.devices(), key=lambda each: (each.first_seen, each.device))
        chosen = {each.device for each in newest}
        for each in order:
            if each.device in chosen:
                self.memory.of(each.device)
        for reading in newest:
            counter = self._remembered(reading)
            if counter is not None:
                since = counter.at
                for missed in store.readings(
                    reading.device, reading.quantity, since=since, limit=_MOST_REPLAYED
                ):
                    self.take(missed)
            self.take(reading)
        self.look_up(store)

    def look_up(self, store: Store) -> None:
        """Take in the devices' facts. Raises StoreError."""
        for known in store.devices():
            device = self.devices.get(known.device)
            if device is not None:
                device.learn(known.facts, _currency(known.facts))

    def take(self, reading: Reading) -> Device | None:
        """Take in a reading; return its device when that shows anything else now."""
        if not self._wanted(reading):
            return None
        device = self.devices.get(reading.device)
        if device is None:
            device = self._new(reading.device)
        quantity, at = reading.quantity, reading.at or reading.received
        held = device.held.get(quantity)
        if held is not None and at <= held.at:
            return None
        device.heard = max(device.heard, reading.received)
        if quantity not in device.entities:
            device.entities[quantity] = entities(quantity, device.currency)
        value = reading.value
        if device.entities[quantity][0].counter and isinstance(value, Decimal):
            believed = self._weigh(device, quantity, value, at)
            if believed is None:
                return None
            value, at = believed.value, believed.at
        if held is not None:
            _pace(device, quantity, at, held.at)
        device.held[quantity] = Held(value, at, reading.received)
        device.simulated = reading.origin is Origin.SYNTHETIC
        return device

    def confirm(self, device: DeviceId) -> Device | None:
        """The device's meter was changed: believe what was doubted of it."""
        found = self.devices.get(device)
        if found is None:
            return None
        for quantity, counter in list(found.memory.counters.items()):
            after = confirm(counter)
            held = found.held.get(quantity)
            if after is not counter and held is not None:
                self._believe(found, quantity, counter, after)
                found.held[quantity] = Held(after.value, after.at, held.received)
        return found

    # --- silence ----------------------------------------------------------------------------------

    def check(self, now: datetime) -> list[Device]:
        """Return the devices that fell silent, or speak again, or hold a value that expired."""
        changed = []
        for device in self.devices.values():
            stale = now - device.heard > timedelta(seconds=self.patience(device))
            expired = frozenset(
                quantity
                for quantity, held in device.held.items()
                if device.entities[quantity][0].live
                and (
                    stale
                    or now - held.received > timedelta(seconds=self.patience(device, quantity))
                )
            )
            if (stale, expired) != (device.stale, device.expired):
                device.stale, device.expired = stale, expired
                changed.append(device)
        return changed

    def patience(self, device: Device, quantity: str = "") -> float:
        """Return after how many seconds of silence a quantity is old; without one, the device."""
        paces = device.memory.paces
        usual = paces.get(quantity, 0.0) if quantity else min(paces.values(), default=0.0)
        return max(self._expire, _PATIENCE * usual)

    # --- what is shown ----------------------------------------------------------------------------

    def state(self, device: Device) -> Shown:
        """Return the device's state: `ts`, a field per entity, `stale`; too old ones are None."""
        newest = max((each.at for each in device.held.values()), default=device.heard)
        shown: Shown = {"ts": newest.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        for quantity in sorted(device.held):
            expired = quantity in device.expired
            for entity in device.entities[quantity]:
                value = None if expired else _part(device.held[quantity].value, entity.part)
                shown[entity.field] = value
            counter = device.memory.counters.get(quantity)
            if counter is not None and counter.offset:
                shown[f"{device.entities[quantity][0].field}_running"] = counter.running
        for control in device.controls:
            if control.field:
                shown[control.field] = device.memory.settings.get(control.field, control.usual)
        if device.controls:
            shown["answer"] = device.answer[:_LONGEST_TEXT] or None
        shown["stale"] = device.stale
        return shown

    # --- counters ---------------------------------------------------------------------------------

    def _new(self, device: DeviceId) -> Device:
        made = self.devices[device] = Device(device, self.memory.of(device))
        return made

    def _remembered(self, reading: Reading) -> Counter | None:
        known = self.memory.devices.get(reading.device)
        return None if known is None else known.counters.get(reading.quantity)

    def _weigh(self, device: Device, quantity: str, value: Decimal, at: datetime) -> Counter | None:
        """Return the counter as it is believed now; None when the reading changes nothing."""
        before = device.memory.counters.get(quantity)
        after, verdict = weigh(before, value, at)
        if after is None:
            return None
        if verdict is Verdict.OLD:
            # What a restart found believed already is shown again all the same.
            return None if quantity in device.held else after
        if verdict is Verdict.CHANGED and before is not None:
            self._believe(device, quantity, before, after)
            return after
        device.memory.counters[quantity] = after
        if verdict is Verdict.TAKEN:
            self.urgent |= before is None or before.doubted is not None
            return after
        if verdict is not Verdict.STILL and before is not None:
            self.urgent = True
            self._say_held(device, quantity, before, value, verdict)
        return None if quantity in device.held else after

    def _believe(self, device: Device, quantity: str, before: Counter, after: Counter) -> None:
        device.memory.counters[quantity] = after
        self.urgent = True
        on = f"; in Home Assistant it runs on at {after.running}" if after.offset else ""
        self._say(
            "mitmeter.counter.changed",
            f"{device.name} {quantity} stands at {after.value} now, after {before.value}: another"
            f" meter, or it was set{on}",
            Severity.WARNING,
            device,
            quantity,
            {"before": float(before.value), "after": float(after.value)},
        )

    def _say_held(
        self, device: Device, quantity: str, before: Counter, value: Decimal, verdict: Verdict
    ) -> None:
        dip = verdict is Verdict.DIP
        why = "is a step back" if dip else "is no step a house can make"
        self._say(
            "mitmeter.counter.dipped" if dip else "mitmeter.counter.doubted",
            f"{device.name} {quantity}: {value} after {before.value} {why}; it is not passed on to"
            f" MQTT {'until it has caught up' if dip else 'until another reading agrees'}",
            Severity.NOTICE if dip else Severity.WARNING,
            device,
            quantity,
            {"before": float(before.value), "after": float(value)},
        )

    def _say(
        self,
        eventid: str,
        message: str,
        severity: Severity,
        device: Device,
        quantity: str,
        fields: Mapping[str, Field],
    ) -> None:
        about: dict[str, Field] = {"counter_of": str(device.device), "quantity": quantity}
        self.said.append(Said(eventid, message, severity, about | dict(fields)))


def _pace(device: Device, quantity: str, at: datetime, before: datetime) -> None:
    """Learn how often a quantity is told; a long silence says nothing about that."""
    step = (at - before).total_seconds()
    usual = device.memory.paces.get(quantity)
    if usual is None:
        if step < _LONGEST_PACE:
            device.memory.paces[quantity] = step
    else:
        nearer = min(step, _FARTHEST * usual)
        device.memory.paces[quantity] = usual + _SMOOTHING * (nearer - usual)


def _part(value: Decimal | str, part: Part) -> Decimal | str | None:
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if not value.is_finite():
        return None
    if part is Part.POSITIVE:
        return max(value, Decimal(0))
    if part is Part.NEGATIVE:
        return max(-value, Decimal(0))
    return value


def _currency(facts: Mapping[str, str]) -> str:
    """Return the ISO 4217 code among the facts; "" when what is there is none."""
    found = facts.get("currency", "")
    return found if len(found) == 3 and found.isascii() and found.isupper() else ""
