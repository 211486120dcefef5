"""Messages → readings, events and facts, for one conversation.

Energy is not transmitted. A conversation may be as short as one request, so it cannot be summed up
here without losing or inventing some: it follows from the power readings, where all of them are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from mitmeter.devices.efergy import happenings
from mitmeter.devices.efergy.calibration import calibration
from mitmeter.devices.efergy.identity import hub, mac_of
from mitmeter.devices.efergy.measured import MOST_SENSORS, Moment, Sensors
from mitmeter.devices.efergy.messages import (
    Asked,
    Bulk,
    CurrentReport,
    KeyCheck,
    KeyRequest,
    Message,
    Odd,
    Ping,
    Reply,
    SensorReport,
    Strange,
)
from mitmeter.devices.efergy.registers import CLAMP, seconds_of, told_time
from mitmeter.model import DeviceId, Event, Fact, Reading, Side, printable

Said = Reading | Event | Fact

# What is told once per conversation is remembered up to here.
_MOST_TOLD = 64


class EfergyProjection:
    """The projection of one conversation; it remembers the hub, its sensors and what it told.

    options: the station's, see `calibration`. Raises ConfigError for what that refuses.
    """

    __slots__ = ("_facts", "_hub", "_odd", "_sensors", "_told", "_words")

    def __init__(self, options: Mapping[str, str] | None = None) -> None:
        used = calibration(options or {})
        self._words = used.in_words()
        self._sensors = Sensors(used)
        self._hub: DeviceId | None = None
        self._facts: dict[str, str] = {}
        self._odd = 0
        self._told: set[str] = set()

    def project(self, sender: Side, message: Message, at: datetime) -> list[Said]:
        said: list[Said] = []
        if isinstance(message, Reply):
            if message.status != 200:
                said.append(happenings.refusal(message, self._hub, at))
            return said
        self._bind(message, at, said)
        if isinstance(message, SensorReport):
            self._lines(message, at, said)
        elif isinstance(message, CurrentReport):
            self._currents(message, at, said)
        elif isinstance(message, Bulk):
            self._stored(message, at, said)
        else:
            self._happening(message, at, said)
        return said

    # who

    def _bind(self, message: Asked, at: datetime, said: list[Said]) -> None:
        """Note the hub a request names; one that names none belongs to the hub before it."""
        mac = mac_of(message)
        if mac is None:
            if self._hub is None and self._first("hub"):
                said.append(happenings.nameless(message.header("host"), at))
            return
        device = hub(mac)
        if device != self._hub:
            self._hub = device
            self._facts.clear()
            said.append(Fact(device, "serial", mac))

    # what was measured

    def _lines(self, message: SensorReport, at: datetime, said: list[Said]) -> None:
        moment = Moment(self._hub, at, self._time(message.header("x-ts"), at, said), True)
        self._source(message.generation, message.header("x-version"), said)
        self._meet((each.sid for each in message.lines if each.kind == CLAMP), True, at, said)
        self._meet((each.sid for each in message.lines), False, at, said)
        # A sensor may have been heard twice since the last report. Both would have the same time:
        # the newest, which comes last [A], counts.
        for line in {(each.sid, each.values[0][0]): each for each in message.lines}.values():
            said += self._sensors.values(moment, line.sid, line.kind, line.values)
            said += self._sensors.signal(moment, line)
        uptime = message.header("x-uptime")
        if self._hub is not None and len(uptime) < 12 and uptime.isascii() and uptime.isdigit():
            said.append(moment.reading(self._hub, "vendor.efergy.uptime", Decimal(uptime)))
        self._unread(message.odd, at, said)

    def _currents(self, message: CurrentReport, at: datetime, said: list[Said]) -> None:
        moment = Moment(self._hub, at, self._time(message.ts, at, said), True)
        self._source("h1", message.firmware, said)
        self._meet((each.sid for each in message.rows), True, at, said)
        for row in {each.sid: each for each in message.rows}.values():
            said += self._sensors.values(moment, row.sid, CLAMP, (("P1", row.milliamps),))
        self._unread(message.odd, at, said)

    def _stored(self, message: Bulk, at: datetime, said: list[Said]) -> None:
        """Tell stored records at their own times; without those they would be a lie about now."""
        placed = told_time(message.base, at) is not None
        said.append(happenings.stored(message, placed, self._hub, at))
        self._unread(message.odd, at, said)
        if not placed:
            return
        self._meet((each.sid for each in message.records if each.kind == CLAMP), True, at, said)
        self._meet((each.sid for each in message.records), False, at, said)
        for record in message.records:
            # A base of today may still give times of the day after tomorrow.
            if self._time(f"{_seconds(record.at):X}", at, said) is not None:
                moment = Moment(self._hub, at, record.at, False)
                said += self._sensors.values(moment, record.sid, record.kind, record.values)

    def _meet(self, sids: Iterable[int], clamps: bool, at: datetime, said: list[Said]) -> None:
        if not self._sensors.meet(self._hub, sids, clamps=clamps) and self._first("sensors"):
            said.append(happenings.too_many(MOST_SENSORS, self._hub, at))

    def _time(self, told: str, at: datetime, said: list[Said]) -> datetime | None:
        """Return the hub's time; None where it has none yet, or a wrong one, which is told once."""
        seconds = seconds_of(told)
        found = told_time(seconds, at)
        if found is None and seconds != 0 and self._first("time"):
            said.append(happenings.odd_time(told, self._hub, at))
        return found

    # what happened

    def _happening(
        self, message: KeyCheck | KeyRequest | Ping | Strange, at: datetime, said: list[Said]
    ) -> None:
        if isinstance(message, KeyCheck):
            said.append(happenings.key_checked(message, self._hub, at))
        elif isinstance(message, KeyRequest):
            said.append(happenings.key_asked(self._hub, at))
        elif isinstance(message, Ping):
            self._meet(message.sids, False, at, said)
            self._fact("sensors", ", ".join(str(sid) for sid in message.sids), said)
        elif self._first(f"{message.method} {message.path}"):
            said.append(happenings.strange(message, self._hub, at))

    def _unread(self, odd: tuple[Odd, ...], at: datetime, said: list[Said]) -> None:
        """Tell of what could not be read: the first, and then every doubling.

        An overflowing sensor says so in every report, for days.
        """
        if not odd:
            return
        before, self._odd = self._odd, self._odd + len(odd)
        if before.bit_length() != self._odd.bit_length():
            said.append(happenings.odd(odd, self._odd, self._hub, at))

    def _first(self, topic: str) -> bool:
        """Return whether this is the first time in this conversation that it is to be told."""
        if topic in self._told or len(self._told) >= _MOST_TOLD:
            return False
        self._told.add(topic)
        return True

    # what is known

    def _source(self, generation: str, firmware: str, said: list[Said]) -> None:
        self._fact("generation", generation, said)
        if firmware:
            self._fact("firmware", printable(firmware, 40), said)
        self._fact("gain", self._words, said)

    def _fact(self, name: str, value: str, said: list[Said]) -> None:
        if self._hub is not None and value and self._facts.get(name) != value:
            self._facts[name] = value
            said.append(Fact(self._hub, name, value))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
