"""The rules together: an emulated battery talks through them to a stand-in cloud."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from zoneinfo import ZoneInfo

from mitmeter.devices.alphaess import SPEC
from mitmeter.devices.alphaess.codec import AlphaEssCodec
from mitmeter.devices.alphaess.device import Battery
from mitmeter.devices.alphaess.headend import Headend
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReport,
    History,
    Message,
    ServerCommand,
    Status,
)
from mitmeter.devices.alphaess.rules import RULES
from mitmeter.model import DeviceId, Event, Side
from mitmeter.protocol import (
    Answer,
    Command,
    Decoded,
    DeviceContext,
    HeadendContext,
    Identify,
    Report,
    SetTimer,
)
from mitmeter.roles.conversation import Effect, Relay, Talk, Transmit
from mitmeter.testing.house import SteadyHouse

START = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
OWNER = ("1 Sample Street", "LIC0000000000001", "example-pass")
PERSONA = {
    "identity": {"serial": "AL9900000000007", "password": "example-pass"},
    "configuration": {"Address": "1 Sample Street", "License": "LIC0000000000001"},
}


class Wire:
    """What has passed on one of the two links, decoded."""

    def __init__(self) -> None:
        self._codec = AlphaEssCodec()
        self.raw: dict[Side, bytes] = {Side.DEVICE: b"", Side.HEADEND: b""}
        self.said: dict[Side, list[Message]] = {Side.DEVICE: [], Side.HEADEND: []}

    def carry(self, sender: Side, data: bytes) -> None:
        self.raw[sender] += data
        for item in self._codec.feed(sender, data):
            assert isinstance(item, Decoded), item
            self.said[sender].append(item.message)


class Proxied:
    """Battery, proxy and cloud in simulated time; lines take no time."""

    def __init__(
        self, rules: Sequence[str], options: dict[str, str] | None = None, gap_minutes: int = 0
    ) -> None:
        self.now = START
        self.inner, self.outer = Wire(), Wire()  # the battery's link, the cloud's link
        self.device: DeviceId | None = None
        self.answers: list[Answer] = []
        self.events: list[Event] = []
        context = HeadendContext(zone=LONDON, control=True, options=options or {})
        self._relay = Relay(AlphaEssCodec, [RULES[name](context) for name in rules])
        battery = Battery(DeviceContext(SteadyHouse(), persona=PERSONA, zone=LONDON))
        cloud = Headend(HeadendContext(gaps=self._gaps))
        self._gap_minutes = gap_minutes
        self._gap: tuple[tuple[datetime, datetime], ...] = ()
        self._talks = {
            Side.DEVICE: Talk(AlphaEssCodec(), battery, Side.DEVICE),
            Side.HEADEND: Talk(AlphaEssCodec(), cloud, Side.HEADEND),
        }
        self._timers: dict[tuple[str, str], int] = {}
        self._due: list[tuple[datetime, int, str, str]] = []
        self._order = count()
        self._later: deque[Callable[[], None]] = deque()
        for side, talk in self._talks.items():
            self._party(side, talk.opened(self.now))
        self._settle()

    def run(self, minutes: float) -> None:
        until = self.now + timedelta(minutes=minutes)
        while self._due and self._due[0][0] <= until:
            at, number, owner, name = heapq.heappop(self._due)
            if self._timers.get((owner, name)) == number:
                self.now = at
                self._wake(owner, name)
                self._settle()
        self.now = until

    def command(self, name: str, **arguments: str) -> None:
        assert self.device is not None
        wish = Command("wish", self.device, name, arguments)
        self._proxy(self._relay.commanded(wish, self.now))
        self._settle()

    def _gaps(
        self, device: DeviceId, since: datetime, until: datetime, longest: timedelta
    ) -> tuple[tuple[datetime, datetime], ...]:
        if self._gap_minutes and not self._gap:
            self._gap = ((until - timedelta(minutes=self._gap_minutes), until),)
        return self._gap

    def _wake(self, owner: str, name: str) -> None:
        if owner == "proxy":
            self._proxy(self._relay.timer(name, self.now))
        else:
            self._party(Side(owner), self._talks[Side(owner)].timer(name, self.now))

    def _settle(self) -> None:
        while self._later:
            self._later.popleft()()

    def _party(self, side: Side, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                (self.inner if side is Side.DEVICE else self.outer).carry(side, effect.data)
                self._later.append(partial(self._reach_proxy, side, effect.data))
            elif isinstance(effect, SetTimer):
                self._set(side.value, effect)

    def _reach_proxy(self, side: Side, data: bytes) -> None:
        self._proxy(self._relay.received(side, data, self.now))

    def _reach_party(self, side: Side, data: bytes) -> None:
        self._party(side, self._talks[side].received(data, self.now))

    def _proxy(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                wire = self.inner if effect.to is Side.DEVICE else self.outer
                wire.carry(effect.to.other, effect.data)
                self._later.append(partial(self._reach_party, effect.to, effect.data))
            elif isinstance(effect, SetTimer):
                self._set("proxy", effect)
            elif isinstance(effect, Identify):
                self.device = effect.device
            elif isinstance(effect, Report):
                self.events.append(effect.event)
            elif isinstance(effect, Answer):
                self.answers.append(effect)

    def _set(self, owner: str, timer: SetTimer) -> None:
        number = next(self._order)
        self._timers[owner, timer.name] = number
        at = self.now + timedelta(seconds=timer.seconds)
        heapq.heappush(self._due, (at, number, owner, timer.name))


def kinds(messages: Sequence[Message]) -> list[str]:
    return [type(message).__name__ for message in messages]


def last_report(wire: Wire) -> ConfigReport:
    return [m for m in wire.said[Side.DEVICE] if isinstance(m, ConfigReport)][-1]


def test_the_spec_offers_every_rule() -> None:
    assert dict(SPEC.rules) == RULES
    assert sorted(RULES) == ["deny-writes", "inject", "redact"]


def test_the_owner_never_reaches_the_cloud_and_the_readings_do() -> None:
    talk = Proxied(["redact"])
    talk.run(minutes=15)
    for text in OWNER:
        assert text.encode() in talk.inner.raw[Side.DEVICE]
        assert text.encode() not in talk.outer.raw[Side.DEVICE]
    assert len(talk.outer.raw[Side.DEVICE]) == len(talk.inner.raw[Side.DEVICE])
    assert kinds(talk.outer.said[Side.DEVICE]) == kinds(talk.inner.said[Side.DEVICE])
    assert talk.outer.raw[Side.HEADEND] == talk.inner.raw[Side.HEADEND]


def test_the_clouds_resume_is_refused_and_the_conversation_goes_on() -> None:
    talk = Proxied(["deny-writes"], gap_minutes=10)
    talk.run(minutes=5)
    asked = [m for m in talk.outer.said[Side.HEADEND] if isinstance(m, ServerCommand)]
    assert [m.get("Command") for m in asked] == ["Resume", "Resume"]
    assert "ServerCommand" not in kinds(talk.inner.said[Side.HEADEND])
    told = [m for m in talk.outer.said[Side.DEVICE] if isinstance(m, Acknowledgement)]
    assert [m.get("Status") for m in told] == ["Failed", "Failed"]
    assert [event.message for event in talk.events] == [
        "the cloud asked the battery to Resume: refused"
    ] * 2
    assert isinstance(talk.outer.said[Side.DEVICE][-1], Status)


def test_an_allowed_resume_brings_the_rows() -> None:
    talk = Proxied(["deny-writes"], {"allow": "Resume"}, gap_minutes=10)
    talk.run(minutes=5)
    assert any(isinstance(m, History) for m in talk.outer.said[Side.DEVICE])
    assert talk.events == []


def test_a_command_is_injected_and_the_cloud_hears_nothing_of_it() -> None:
    talk = Proxied(["deny-writes", "inject", "redact"])
    talk.run(minutes=15)
    before = kinds(talk.outer.said[Side.DEVICE])
    said = len(talk.inner.said[Side.HEADEND])
    talk.command("charge-from-grid", **{"from": "1", "until": "5", "stop-at": "80"})
    talk.run(minutes=1)

    (answer,) = talk.answers
    assert answer.accepted, answer.text
    new = talk.inner.said[Side.HEADEND][said:]
    assert [m.get("Command") for m in new if isinstance(m, ServerCommand)] == ["SetConfig"]
    held = last_report(talk.inner)
    assert (held.get("GridCharge"), held.get("TimeChaF2"), held.get("TimeChaE2")) == (
        "true",
        "1",
        "5",
    )
    assert held.get("Address") == "1 Sample Street"
    after = talk.outer.said[Side.DEVICE][len(before) :]
    assert set(kinds(after)) <= {"Status", "Telemetry"}
    assert len(after) >= 6


def test_hours_through_all_rules_leave_nothing_undecodable() -> None:
    talk = Proxied(["deny-writes", "inject", "redact"])
    talk.run(minutes=3 * 60)
    statuses = [m for m in talk.outer.said[Side.DEVICE] if isinstance(m, Status)]
    assert len(statuses) > 1070
    assert talk.events == []
