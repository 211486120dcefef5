"""The stand-in server: what it answers, and how often it asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mitmeter.devices.glow import SPEC
from mitmeter.devices.glow.headend import Headend
from mitmeter.devices.glow.messages import Expecting, Message, Prices, Reply, Request
from mitmeter.model import DeviceId
from mitmeter.protocol import (
    Answer,
    Close,
    Command,
    HeadendContext,
    Identify,
    Send,
    Undecodable,
)
from mitmeter.testing.dialogue import dialogue
from tests.devices.glow.glow_sayings import (
    DISPLAY,
    HEARD,
    decoded,
    example,
    members_of,
    prices,
    reading,
    reply,
    report,
)

G1 = report(members_of("G1"))
G5 = prices("EPRICE:no sense at all")


class Trap:
    """One conversation with the stand-in server, in which time passes only when told."""

    def __init__(self, known: dict[str, str] | None = None, start: datetime = HEARD) -> None:
        self.known = {} if known is None else known
        self.recalled = 0
        self.party = Headend(HeadendContext(recall=self._recall))
        self.now = start
        assert list(self.party.opened(self.now)) == []

    def _recall(self, device: DeviceId, name: str) -> str | None:
        self.recalled += 1
        return self.known.get(name)

    def hears(self, message: Message, after: float = 0.0) -> list[Any]:
        self.now += timedelta(seconds=after)
        return list(self.party.received(message, self.now))

    def answers(self, message: Message, after: float = 0.0) -> Reply:
        return said(self.hears(message, after))


def said(actions: Iterable[Any]) -> Reply:
    (answer,) = [each.message for each in actions if isinstance(each, Send)]
    assert isinstance(answer, Reply)
    return answer


def wire(answer: Reply) -> bytes:
    return SPEC.codec().encode(SPEC.dials.other, answer)


# --- answers


def test_a_report_is_acknowledged_with_three_characters_and_no_line_end() -> None:
    trap = Trap({"prices.received": HEARD.isoformat()})
    assert wire(trap.answers(G1)) == example("reply 200 acknowledges")


def test_a_display_whose_tariff_is_unknown_is_asked_for_it() -> None:
    assert wire(Trap().answers(G1)) == example("reply CURPRICE asks for the tariff")


@pytest.mark.parametrize(
    "body", [b"hello", b"", b"[1]", b"\xff", b'{"a":' * 60, b"EPRICE:\xff", b"0" * 60_000]
)
def test_whatever_is_posted_is_acknowledged_even_if_nobody_can_read_it(body: bytes) -> None:
    head = f"POST /zb02 HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
    (message,) = decoded(head.encode() + body)
    answer = Trap().answers(message)
    assert (answer.status, answer.body) == (200, "200")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/zb02", 405),
        ("PUT", "/zb02", 405),
        ("HEAD", "/zb02?x", 405),
        ("POST", "/", 404),
        ("GET", "/", 404),
        ("POST", "/zb03", 404),
        ("POST", "/zb02/", 404),
    ],
)
def test_other_paths_and_methods_are_answered_plainly(
    method: str, target: str, status: int
) -> None:
    answer = Trap().answers(Request(method, target, (("Host", "h"),), b"", "why"))
    assert (answer.status, answer.body) == (status, "")
    assert (("Allow", "POST") in answer.headers) is (status == 405)
    assert ("Content-Length", "0") in answer.headers


def test_what_is_no_http_is_refused_once_and_the_connection_closed() -> None:
    trap = Trap()
    garbage = Undecodable(b"\x16\x03\x01", "no HTTP")
    actions = list(trap.party.garbled(garbage, HEARD))
    assert said(actions).status == 400
    assert isinstance(actions[-1], Close)
    assert list(trap.party.garbled(garbage, HEARD)) == []


@pytest.mark.parametrize(
    ("version", "connection", "told", "closes"),
    [
        ("1.1", "", None, False),
        ("1.1", "keep-alive", None, False),
        ("1.1", "Close", "close", True),
        ("1.1", "foo, close", "close", True),
        ("1.0", "", "close", True),
        ("1.0", "Keep-Alive", "keep-alive", False),
    ],
)
def test_a_connection_is_kept_or_closed_as_the_display_wishes(
    version: str, connection: str, told: str | None, closes: bool
) -> None:
    headers = (("Connection", connection),) if connection else ()
    message = Prices(headers, "EPRICE:", version=version)
    actions = Trap().hears(message)
    assert dict(said(actions).headers).get("Connection") == told
    assert any(isinstance(each, Close) for each in actions) is closes


def test_mqtt_packets_are_listened_to_and_not_answered() -> None:
    trap = Trap()
    assert trap.hears(reading("gasmeter", {})) == [Identify(DeviceId("glow", "02005E302010"))]
    assert trap.hears(reading("gasmeter", {})) == []


def test_a_display_that_replies_is_not_answered() -> None:
    assert Trap().hears(reply("200")) == []


def test_a_command_is_refused_in_words() -> None:
    (answer,) = Trap().party.commanded(Command("c1", DISPLAY, "x", {}), HEARD)
    assert isinstance(answer, Answer)
    assert not answer.accepted


# --- who


def test_a_display_is_identified_once_and_again_when_another_speaks() -> None:
    trap = Trap()
    other = report(members_of("G1"), X_ID="other")
    found = [
        each.device
        for message in (G1, G1, other, other, G1)
        for each in trap.hears(message)
        if isinstance(each, Identify)
    ]
    assert [device.serial for device in found] == [DISPLAY.serial, "other", DISPLAY.serial]


def test_a_display_without_a_name_is_answered_like_any_other() -> None:
    trap = Trap()
    nameless = report({"time": "65A51E40"}, X_ID="")
    actions = trap.hears(nameless)
    assert Identify(DeviceId("glow", "unnamed")) in actions
    assert said(actions).body == "CURPRICE"


# --- how often it asks


def asked(trap: Trap, message: Message, seconds: int, step: int = 10) -> list[int]:
    """Return when, in seconds from now, the display is asked, hearing the message every `step`."""
    return [at for at in range(0, seconds, step) if trap.answers(message, step).body == "CURPRICE"]


def test_without_a_tariff_it_is_asked_for_once_a_minute_and_not_more() -> None:
    assert asked(Trap(), G1, 300) == [0, 60, 120, 180, 240]


def test_once_a_tariff_has_come_it_is_asked_for_every_ten_minutes() -> None:
    trap = Trap()
    assert trap.answers(G1).body == "CURPRICE"
    assert trap.answers(G5, 1).body == "200"
    times = []
    for at in range(10, 2400, 10):
        if trap.answers(G1, 10).body == "CURPRICE":
            times.append(at)
            assert trap.answers(G5).body == "200"
    assert times == [600, 1200, 1800]


def test_a_tariff_is_never_answered_with_the_wish_for_one() -> None:
    trap = Trap()
    assert [trap.answers(G5, 120).body for _ in range(20)] == ["200"] * 20


def test_a_display_that_has_no_tariff_after_all_is_asked_once_a_minute() -> None:
    trap = Trap({"prices.received": (HEARD - timedelta(minutes=10)).isoformat()})
    assert asked(trap, G1, 180) == [0, 60, 120]


@pytest.mark.parametrize(
    ("name", "ago", "body"),
    [
        ("prices.received", 599, "200"),
        ("prices.received", 600, "CURPRICE"),
        ("prices.asked", 59, "200"),
        ("prices.asked", 60, "CURPRICE"),
        ("prices.asked", -3600, "CURPRICE"),
        ("prices.received", -3600, "CURPRICE"),
    ],
)
def test_what_earlier_connections_brought_is_remembered(name: str, ago: int, body: str) -> None:
    trap = Trap({name: (HEARD - timedelta(seconds=ago)).isoformat()})
    assert trap.answers(G1).body == body


def test_what_another_connection_has_asked_meanwhile_is_not_asked_again() -> None:
    trap = Trap({"prices.received": HEARD.isoformat()})
    assert trap.answers(G1).body == "200"
    trap.known["prices.received"] = (HEARD + timedelta(minutes=9)).isoformat()
    assert trap.answers(G1, 600).body == "200"


def test_the_store_is_not_asked_with_every_report() -> None:
    trap = Trap({"prices.received": HEARD.isoformat()})
    for _ in range(50):
        trap.hears(G1, 10)
    assert trap.recalled <= 4


@pytest.mark.parametrize("text", ["", "yesterday", "2024-01-15T12:00:00"])
def test_a_memory_that_makes_no_sense_is_none(text: str) -> None:
    assert Trap({"prices.received": text, "prices.asked": text}).answers(G1).body == "CURPRICE"


# --- together with a display


def test_in_an_hour_a_display_is_asked_seven_times_at_most() -> None:
    talk = dialogue(SPEC, start=HEARD).run(hours=1)
    wishes = [m for m in talk.said_by(SPEC.dials.other) if isinstance(m, Reply) and m.body != "200"]
    tariffs = [m for m in talk.said_by(SPEC.dials) if isinstance(m, Prices)]
    assert {m.body for m in wishes} == {"CURPRICE"}
    assert 5 <= len(wishes) <= 7
    # One by itself shortly after the start, at most, beside those that were asked for.
    assert len(wishes) <= len(tariffs) <= len(wishes) + 1


@pytest.mark.parametrize("connection", ["keep", "close"])
def test_the_pace_is_the_same_with_a_connection_for_each_request(connection: str) -> None:
    options = {"connection": connection, "seconds": "10"}
    talk = dialogue(SPEC, start=HEARD, device_options=options).run(minutes=30)
    wishes = [m for m in talk.said_by(SPEC.dials.other) if isinstance(m, Reply) and m.body != "200"]
    assert 3 <= len(wishes) <= 4
    assert (len(talk.closings) > 100) is (connection == "close")


def test_a_sender_that_waits_is_told_to_go_on_and_gets_its_answer_afterwards() -> None:
    trap = Trap()
    assert trap.answers(Expecting("/zb02")) == Reply(100, "", (), "Continue")
    assert trap.answers(G1).status == 200
