"""Messages → readings, events and facts, for one conversation.

A meter is known by its serial number once a reader has asked for it; before that, and where nobody
ever asks, by its address (`kamstrup:address-3F`), or by the option `serial`.

Options of a station: `serial`, and `resolution`: `fine` takes the four energies of the grid from
the high-resolution registers 13 to 16, `coarse` from 1 to 4, for readers that ask only for those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from mitmeter.devices.kamstrup import happenings, identity
from mitmeter.devices.kamstrup.honeypot import WatchedMeter, is_honeypot
from mitmeter.devices.kamstrup.measured import (
    COARSE,
    EXPORT,
    FINE,
    PAIRS,
    Measurer,
    Taken,
    Values,
    exports,
    facts,
    meter_time,
    told_time,
)
from mitmeter.devices.kamstrup.messages import (
    BASE_MODULE,
    METER,
    TOP_MODULE,
    CutOffReply,
    EventStatusReply,
    GetRegister,
    Login,
    LoginReply,
    Message,
    OtherReply,
    OtherRequest,
    RegisterReply,
    Request,
    SerialReply,
    TypeReply,
    changes,
)
from mitmeter.errors import ConfigError, RemoteProtocolError
from mitmeter.model import DeviceId, Event, Fact, Reading, Side
from mitmeter.protocol import Projection

Said = Reading | Event | Fact

_PAIRED = frozenset(id for pair in PAIRS for id in (pair.taken, pair.given))
_GIVEN_BY_PHASE = frozenset(
    pair.given for pair in PAIRS if pair.quantity.startswith("grid.power.l")
)
# What is remembered of one conversation is bounded: facts, and what was told once.
_MOST_FACTS = 1024
_MOST_TOLD = 64


class KamstrupProjection:
    """The projection of one conversation; it remembers which meter is behind which address.

    Raises ConfigError for options it cannot use.
    """

    __slots__ = (
        "_absent",
        "_asked",
        "_by_reply",
        "_counts",
        "_energies",
        "_facts",
        "_given",
        "_giving",
        "_meters",
        "_told",
    )

    def __init__(self, options: Mapping[str, str] | None = None) -> None:
        options = options or {}
        self._energies = _energies(options.get("resolution", "fine"))
        self._given = _given(options.get("serial", ""))
        self._meters: dict[int, DeviceId] = {}
        self._by_reply: set[int] = set()  # addresses that told their serial by GetSerialNo
        self._asked: dict[int, tuple[int, ...]] = {}
        self._absent: dict[int, set[int]] = {}
        self._giving: dict[int, bool] = {}
        self._facts: dict[tuple[DeviceId, str], str] = {}
        self._counts: Counter[str] = Counter()
        self._told: set[object] = set()

    def project(self, sender: Side, message: Message, at: datetime) -> list[Said]:
        said: list[Said] = []
        if sender is Side.HEADEND:
            self._request(message, at, said)
        elif isinstance(message, RegisterReply):
            self._registers(message, at, said)
        elif isinstance(message, SerialReply):
            if identity.plausible(message.serial):
                self._bind(message.address, message.serial, True, at, said)
        elif isinstance(message, TypeReply):
            device = self._device(message.address)
            self._fact(Fact(device, "model", identity.model(message.code)), said)
            self._fact(Fact(device, "firmware", identity.software(message.revision)), said)
        elif isinstance(message, CutOffReply):
            state = Fact(self._device(message.address), "relays", identity.cut_off(message.state))
            self._fact(state, said)
        elif isinstance(message, EventStatusReply):
            words = ", ".join(identity.events(message.status)) or "none"
            self._fact(Fact(self._device(message.address), "events", words), said)
        elif isinstance(message, LoginReply):
            self._login_answered(message, at, said)
        elif isinstance(message, OtherReply):
            self._strange(message, at, said)
        return said

    # requests

    def _request(self, message: Message, at: datetime, said: list[Said]) -> None:
        if isinstance(message, GetRegister):
            self._asked[message.address] = message.ids
        elif isinstance(message, Login):
            count = self._doubled("login")
            if count:
                said.append(happenings.login(self._known(message.address), at, count))
        elif isinstance(message, Request) and changes(message):
            count = self._doubled(f"write {type(message).__name__}")
            if count:
                said.append(happenings.write(message, self._known(message.address), at, count))
        elif isinstance(message, OtherRequest) and message.why:
            self._strange(message, at, said)

    def _strange(self, message: OtherRequest | OtherReply, at: datetime, said: list[Said]) -> None:
        if message.why and self._first((type(message), message.cid)):
            said.append(happenings.strange(message, self._known(message.address), at))

    def _login_answered(self, message: LoginReply, at: datetime, said: list[Said]) -> None:
        if self._doubled(f"login answered {message.status}"):
            device = self._known(message.address)
            said.append(happenings.login_answered(message, device, at))

    # who

    def _device(self, address: int) -> DeviceId:
        known = self._known(address)
        return identity.nameless(_meter(address)) if known is None else known

    def _known(self, address: int) -> DeviceId | None:
        return self._meters.get(_meter(address), self._given)

    def _bind(self, address: int, serial: int, asked: bool, at: datetime, said: list[Said]) -> None:
        """Note whose address this is. What GetSerialNo says counts more than a register."""
        address = _meter(address)
        before = self._meters.get(address)
        device = identity.meter(serial)
        if before == device or (before and not asked and address in self._by_reply):
            self._by_reply |= {address} if asked else set()
            return
        self._meters[address] = device
        if asked:
            self._by_reply.add(address)
        if before is not None:
            said.append(happenings.replaced(before, device, at))
        self._fact(Fact(device, "serial", str(serial), private=True), said)

    # what was measured

    def _registers(self, message: RegisterReply, at: datetime, said: list[Said]) -> None:
        values: Values = {each.id: Taken(each.unit, each.value) for each in message.values}
        nothing = self._known_nothing(message.address, values)
        named = values.get(identity.SERIAL_REGISTER)
        serial = None if named is None else identity.serial_in(named.value)
        if serial is not None:
            self._bind(message.address, serial, False, at, said)
        device = self._device(message.address)
        time = meter_time(values, at)
        told = told_time(values)
        if time is None and told is not None and self._first("clock"):
            said.append(happenings.wrong_clock(told, device, at))
        measurer = Measurer(device, at, time, self._energies)
        readings = list(measurer.readings(values, nothing))
        if readings and self._known(message.address) is None and self._first("nameless"):
            said.append(happenings.nameless(device, at))
        said += readings
        for fact in facts(device, values):
            self._fact(fact, said)

    def _known_nothing(self, address: int, values: Values) -> set[int]:
        """Return the powers known to be 0 though this reply does not tell: the meter lacks them.

        A phase's missing export is 0 only while the house is known to give nothing.
        """
        asked = self._asked.pop(address, ())
        absent = self._absent.setdefault(address, set())
        absent |= {id for id in asked if id in _PAIRED and id not in values}
        absent.difference_update(values)
        giving = exports(values)
        if giving is not None:
            self._giving[address] = giving
        if self._giving.get(address, EXPORT not in absent):
            return absent - _GIVEN_BY_PHASE
        return absent

    # what is told once

    def _fact(self, fact: Fact, said: list[Said]) -> None:
        key = (fact.device, fact.name)
        if not fact.value or self._facts.get(key) == fact.value:
            return
        if key in self._facts or len(self._facts) < _MOST_FACTS:
            self._facts[key] = fact.value
            said.append(fact)

    def _doubled(self, topic: str) -> int:
        """Count; return the count where it is to be told, at the first time and every doubling."""
        self._counts[topic] += 1
        count = self._counts[topic]
        return 0 if count & (count - 1) else count

    def _first(self, topic: object) -> bool:
        if topic in self._told or len(self._told) >= _MOST_TOLD:
            return False
        self._told.add(topic)
        return True


def projection_with(options: Mapping[str, str]) -> Projection[Message]:
    """Return the projection for a station's options; a honeypot's is watched."""
    plain = KamstrupProjection(options)
    return WatchedMeter(plain) if is_honeypot(options) else plain


def _meter(address: int) -> int:
    """Return the address of the meter a module's logger belongs to."""
    return METER if address in (TOP_MODULE, BASE_MODULE) else address


def _energies(resolution: str) -> Mapping[int, str]:
    found = {"fine": FINE, "coarse": COARSE}.get(resolution)
    if found is None:
        raise ConfigError("options.resolution", f"{resolution!r} is neither fine nor coarse")
    return found


def _given(serial: str) -> DeviceId | None:
    if not serial:
        return None
    try:
        return DeviceId(identity.PROTOCOL, serial)
    except RemoteProtocolError as exc:
        raise ConfigError("options.serial", str(exc)) from None
