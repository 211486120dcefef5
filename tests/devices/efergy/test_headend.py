from datetime import timedelta

import pytest

from mitmeter.devices.efergy.codec import read
from mitmeter.devices.efergy.headend import Headend, reply
from mitmeter.devices.efergy.messages import Asked, Reply
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId
from mitmeter.protocol import Answer, Close, Command, HeadendContext, Identify, Send, Undecodable
from tests.devices.efergy.efergy_sayings import H3_HOST, NOON, STORED, currents, report, stored

HUB = DeviceId("efergy", "02005E302010")
SUCCESS = (
    ("Date", "Mon, 15 Jan 2024 12:00:00 GMT"),
    ("Content-Type", "text/html; charset=UTF-8"),
    ("Content-Length", "7"),
)


def answered(message: Asked, headend: Headend | None = None) -> Reply:
    actions = (headend or Headend(HeadendContext())).received(message, NOON)
    (said,) = [each.message for each in actions if isinstance(each, Send)]
    assert isinstance(said, Reply)
    return said


@pytest.mark.parametrize(
    "message",
    [
        read("GET", "/check_key.html", (), b""),
        report("700001|1|EFCT|P1,12000.00|-61"),
        report("700001|1|EFCT|P1,2500.00", path="/h2"),
        currents('[700001,"mA","E1",10000,0,0,65535]'),
        report("nothing of this can be read"),
        report(""),
        read("POST", "/recjson", (), b"nor of this"),
        read("POST", "/h2bulk", (), b"\xff"),
        read("GET", "/favicon.ico", (), b""),
        read("POST", "/h3", (("Content-Type", "application/eh-ping"),), b"700001"),
    ],
)
def test_everything_a_hub_says_is_answered_with_success(message: Asked) -> None:
    assert answered(message) == Reply(200, "OK", SUCCESS, b"success", "1.1")


@pytest.mark.parametrize("body", [STORED, b"cut short"])
def test_stored_data_are_answered_as_the_vendor_did(body: bytes) -> None:
    said = answered(stored(body))
    assert (said.status, said.body) == (200, b"200")
    assert said.header("content-type") == "application/octet-stream"
    assert said.header("content-length") == "3"


def test_who_asks_for_a_key_gets_one_of_13_characters() -> None:
    said = answered(read("GET", "/get_key.html", (), b""))
    assert said.body == b"TT|ABCDEFGHIJKLM\n"
    assert said.header("content-length") == "17"


def test_the_date_is_the_moment_of_the_answer() -> None:
    headend = Headend(HeadendContext())
    later = NOON + timedelta(days=200, seconds=5, microseconds=999_999)
    (said,) = [
        each.message for each in headend.received(report(""), later) if isinstance(each, Send)
    ]
    assert isinstance(said, Reply)
    assert said.header("date") == "Fri, 02 Aug 2024 12:00:05 GMT"


def test_a_hub_is_identified_once() -> None:
    headend = Headend(HeadendContext())
    first = [each for each in headend.received(report(""), NOON) if isinstance(each, Identify)]
    again = [each for each in headend.received(report(""), NOON) if isinstance(each, Identify)]
    assert first == [Identify(HUB)]
    assert again == []


def test_a_nameless_hub_is_answered_and_not_identified() -> None:
    actions = list(Headend(HeadendContext()).received(report("", host="192.0.2.1"), NOON))
    assert [type(each) for each in actions] == [Send]


def test_a_connection_is_kept_unless_the_hub_asks_otherwise() -> None:
    actions = Headend(HeadendContext()).received(report(""), NOON)
    assert not [each for each in actions if isinstance(each, Close)]


@pytest.mark.parametrize(
    ("version", "connection", "closes"),
    [
        ("1.1", "close", True),
        ("1.1", "Close", True),
        ("1.0", "", True),
        ("1.0", "keep-alive", False),
    ],
)
def test_a_connection_is_closed_when_the_hub_asks_for_it(
    version: str, connection: str, closes: bool
) -> None:
    message = read("POST", "/h3", (("Connection", connection),), b"", version)
    actions = list(Headend(HeadendContext()).received(message, NOON))
    assert isinstance(actions[-1], Close) is closes
    (said,) = [each.message for each in actions if isinstance(each, Send)]
    assert isinstance(said, Reply)
    assert said.version == "1.1"
    assert (said.header("connection") == "close") is closes


@pytest.mark.parametrize("method", ["CONNECT", "OPTIONS", "DELETE", "HEAD"])
def test_methods_no_hub_uses_are_refused_without_a_body(method: str) -> None:
    actions = list(Headend(HeadendContext()).received(read(method, "*", (), b""), NOON))
    assert isinstance(actions[-1], Close)
    (said,) = [each.message for each in actions if isinstance(each, Send)]
    assert isinstance(said, Reply)
    assert (said.status, said.body) == (405, b"")


def test_what_is_no_http_ends_the_conversation() -> None:
    (action,) = Headend(HeadendContext()).garbled(Undecodable(b"\x16\x03", "a TLS hello"), NOON)
    assert isinstance(action, Close)
    assert "a TLS hello" in action.reason


def test_an_answer_is_never_answered() -> None:
    assert list(Headend(HeadendContext()).received(reply(NOON, b"success"), NOON)) == []


def test_a_hub_takes_no_commands() -> None:
    command = Command("1", HUB, "resume", {})
    (answer,) = Headend(HeadendContext()).commanded(command, NOON)
    assert isinstance(answer, Answer)
    assert not answer.accepted


def test_a_wrong_option_is_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"options\.mains"):
        Headend(HeadendContext(options={"mains": "house"}))


def test_two_hubs_behind_one_front_are_both_identified() -> None:
    headend = Headend(HeadendContext())
    hosts = (H3_HOST, "10.20.31.02005e.h3.sensornet.info", H3_HOST)
    named = [
        each.device.serial
        for host in hosts
        for each in headend.received(report("", host=host), NOON)
        if isinstance(each, Identify)
    ]
    assert named == ["02005E302010", "02005E312010", "02005E302010"]
