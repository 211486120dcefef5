"""Messages → readings, events and facts, for one conversation.

Every request names its display, so one conversation may be of several. What is measured is told
with every message; states, facts and complaints when they change. Gas changes every half hour only,
and is told as often.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mitmeter.devices.glow import happenings, local
from mitmeter.devices.glow.identity import UNNAMED, device_of, header
from mitmeter.devices.glow.messages import (
    Message,
    MeterReport,
    MqttOther,
    MqttReading,
    MqttState,
    Prices,
    Reply,
    Request,
)
from mitmeter.devices.glow.metered import Heard, hear_unknown
from mitmeter.devices.glow.pricing import Unreadable, read_tariff, unix_time
from mitmeter.devices.glow.registers import GAS, METERS, UINT32, hex_value
from mitmeter.devices.glow.telling import (
    tell_heard,
    tell_network,
    tell_pan,
    tell_radio,
    tell_text,
)
from mitmeter.devices.glow.told import Said, Teller
from mitmeter.model import DeviceId, Side

# One connection may carry several displays, through a proxy of the owner's; not any number.
_MOST_DISPLAYS = 64
# What was measured longer before it was sent was held back, and tells nothing of the clock.
_LIVE_SECONDS = 60

# Member, fact, whether it is private, and the word before it.
_FACTS = (
    ("hversion", "model", False, ""),
    ("zbSoftVer", "firmware", False, "radio "),
    ("smetsVer", "meters", False, ""),
    ("gid", "eui", True, ""),
)
_DESCRIBED = frozenset(
    {name for name, *_ in _FACTS}
    | {meter.key for meter in METERS}
    | {"time", "gmtime", "ts", "ets", "pan"}
)


class GlowProjection:
    """The projection of one conversation; it remembers what it told of each display."""

    __slots__ = ("_expects", "_last", "_tellers", "_unknown")

    def __init__(self) -> None:
        self._tellers: dict[DeviceId, Teller] = {}
        self._last: Teller | None = None  # who spoke last, whom the head-end answers
        self._expects = False  # whether that was a message with a known answer
        self._unknown = happenings.Unknown()

    def project(self, sender: Side, message: Message, at: datetime) -> list[Said]:
        said: list[Said] = []
        if type(message) is MeterReport:
            self._report(message, at, said)
        elif isinstance(message, Reply):
            self._reply(message, at, said)
        elif isinstance(message, Prices):
            self._prices(message, at, said)
        elif isinstance(message, MqttReading | MqttState):
            self._published(message, at, said)
        elif isinstance(message, Request):
            self._expects = False
            said += self._unknown.request(message, device_of(message), at)
        elif isinstance(message, MqttOther):
            said += self._unknown.topic(message, device_of(message), at)
        return said

    # who

    def _teller(self, message: Message, at: datetime, said: list[Said]) -> Teller | None:
        """Return who tells of the display that says this; None for one display too many."""
        device = device_of(message)
        if device is None:
            device = UNNAMED if self._last is None else self._last.device
        teller = self._tellers.get(device)
        if teller is None:
            if len(self._tellers) >= _MOST_DISPLAYS:
                said += self._unknown.crowd(_MOST_DISPLAYS, at)
                return None
            teller = self._tellers[device] = Teller(device)
            if device is UNNAMED:
                said.append(happenings.unnamed(at))
        self._last = teller
        return teller

    # over HTTPS

    def _report(self, message: MeterReport, at: datetime, said: list[Said]) -> None:
        self._expects = True
        teller = self._teller(message, at, said)
        if teller is None:
            return
        members = message.members
        sent = _hex_seconds(header(message.headers, "X-TS"))
        measured = _hex_seconds(members.get("time"))
        if measured is None:
            gmtime = members.get("gmtime")
            measured = gmtime if type(gmtime) is int and 0 <= gmtime < 1 << 32 else sent
        _begin(teller, at, measured, sent, said)
        joined = tell_pan(members.get("pan"), teller, said)
        teller.live = teller.live and joined
        for meter in METERS:
            if meter.key in members:
                heard = teller.listener(meter).hear(members[meter.key], stale=not joined)
                if meter is GAS:
                    _tell_gas(heard, teller, said)
                else:
                    tell_heard(heard, teller, said, repeats=False)
        for name, fact, private, words in _FACTS:
            value = members.get(name)
            if value and isinstance(value, str) and teller.noticed(name, value):
                tell_text(fact, words + value, teller, said, private=private)
        if not _DESCRIBED.issuperset(members):
            rest = Heard()
            for name, value in members.items():
                if name not in _DESCRIBED:
                    hear_unknown(name, value, rest)
            tell_heard(rest, teller, said, repeats=False)

    def _prices(self, message: Prices, at: datetime, said: list[Said]) -> None:
        self._expects = True
        teller = self._teller(message, at, said)
        if teller is None:
            return
        sent = _hex_seconds(header(message.headers, "X-TS"))
        _begin(teller, at, sent, sent, said)
        said.append(happenings.prices_received(teller))
        tariff = read_tariff(message.body, teller.reported)
        if isinstance(tariff, Unreadable):
            said.append(happenings.unreadable_prices(tariff, message, teller))
        else:
            happenings.tell_tariff(tariff, teller, said)

    def _reply(self, message: Reply, at: datetime, said: list[Said]) -> None:
        if self._expects and self._last is not None:
            self._last.begin(at, None)
            said += happenings.reply(message, self._last)

    # over MQTT

    def _published(self, message: MqttReading | MqttState, at: datetime, said: list[Said]) -> None:
        teller = self._teller(message, at, said)
        if teller is None:
            return
        members = message.members
        told = local.time_of(members)
        seconds = None if told is None else int(told.timestamp())
        if seconds is not None and not 0 <= seconds < 1 << 32:
            seconds = None
        _begin(teller, at, seconds, seconds, said)
        teller.live = not message.delivery.retained
        if isinstance(message, MqttState):
            status, rssi, lqi = local.reception(members)
            if tell_network(status, rssi, teller, said):
                tell_radio(rssi, lqi, teller, said)
            tell_heard(local.hear_state(members), teller, said, repeats=False)
            return
        meter = local.meter_of(members)
        if meter is None:
            tell_heard(local.hear_rooms(members), teller, said, repeats=False)
            return
        # Gas carries the time of its half hour, which is not when it is sent.
        teller.live = teller.live and meter is not GAS
        heard = local.hear_local_meter(meter, members)
        tell_heard(heard, teller, said, repeats=meter is GAS)


def _begin(
    teller: Teller, at: datetime, measured: int | None, sent: int | None, said: list[Said]
) -> None:
    """Set the message's times, in Unix seconds by the display's clock; tell of one not set."""
    reported = None if measured is None else unix_time(measured)
    live = measured is None or sent is None or abs(sent - measured) <= _LIVE_SECONDS
    teller.begin(at, reported, live=live)
    if measured is None:
        return
    if reported is not None:
        teller.again("clock")
    elif teller.first("clock"):
        said.append(happenings.clock_unset(measured, teller))


def _tell_gas(heard: Heard, teller: Teller, said: list[Said]) -> None:
    """Tell the gas meter's figures, under the meter's own time where it says that."""
    reported, live = teller.reported, teller.live
    taken = heard.snapshot
    if taken is not None and reported is not None and taken <= reported + timedelta(minutes=1):
        teller.begin(teller.at, taken, live=False)
    tell_heard(heard, teller, said, repeats=True)
    teller.begin(teller.at, reported, live=live)


def _hex_seconds(value: object) -> int | None:
    """Return Unix seconds from hexadecimal text of any length that fits 32 bits."""
    number = hex_value(value, UINT32) if isinstance(value, str) else None
    return number if isinstance(number, int) else None
