"""The flat form: fixed names, fixed types, one line of ASCII."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.model import DeviceId, Event, Severity
from mitmeter.sinks.flat import flat_event, flat_reading, json_line, split_address
from mitmeter.sinks.sink import Occurrence
from tests.sinks.sinkkit import reading

AT = datetime(2026, 11, 20, 10, 15, 3, 123456, tzinfo=UTC)
COMMAND = Event(
    "mitmeter.kamstrup.command",
    AT,
    "KMP read of registers 1, 1023",
    Severity.NOTICE,
    DeviceId("kamstrup", "12345678"),
    {"command": "get_register", "registers": (1, 1023), "known": True},
)
HAPPENED = Occurrence(
    5,
    COMMAND,
    "meter",
    "01JD4W9Q6S3M0000",
    "01JD4W9Q6S3M0000/4",
    "kamstrup",
    "emulate",
    "203.0.113.9:50211",
)


def test_an_event_is_flat_and_says_who_did_what_to_whom() -> None:
    flat = flat_event(HAPPENED, "attic-pi", {"meter": ("192.0.2.10", 1025)})
    assert json.loads(json_line(flat)) == {
        "eventid": "mitmeter.kamstrup.command",
        "timestamp": "2026-11-20T10:15:03.123456Z",
        "sensor": "attic-pi",
        "severity": "notice",
        "message": "KMP read of registers 1, 1023",
        "session": "01JD4W9Q6S3M0000",
        "station": "meter",
        "protocol": "kamstrup",
        "role": "emulate",
        "device": "kamstrup:12345678",
        "src_ip": "203.0.113.9",
        "src_port": 50211,
        "dst_ip": "192.0.2.10",
        "dst_port": 1025,
        "source": "01JD4W9Q6S3M0000/4",
        "command": "get_register",
        "registers": [1, 1023],
        "known": True,
    }


def test_what_is_not_known_is_left_out() -> None:
    bare = Occurrence(1, Event("mitmeter.x", AT, "something"))
    assert set(flat_event(bare, "home")) == {
        *("eventid", "timestamp", "sensor", "severity", "message")
    }


def test_a_field_cannot_pose_as_a_fixed_name() -> None:
    fields = {"eventid": "fake", "src_ip": "198.51.100.1", "timestamp": "never", "own": "yes"}
    posing = Occurrence(1, Event("mitmeter.x", AT, "m", fields=fields), peer="192.0.2.7:5")
    flat = flat_event(posing, "home")
    assert (flat["eventid"], flat["src_ip"], flat["own"]) == ("mitmeter.x", "192.0.2.7", "yes")
    assert str(flat["timestamp"]).startswith("2026")


@given(message=st.text(), name=st.text(), value=st.text() | st.integers() | st.floats())
def test_any_event_is_one_line_of_ascii_json(
    message: str, name: str, value: str | int | float
) -> None:
    happened = Occurrence(1, Event("mitmeter.x", AT, message, fields={name: value}))
    line = json_line(flat_event(happened, "home"))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == message


def test_a_reading_keeps_every_digit() -> None:
    line = json_line(flat_reading(reading(3, Decimal("23.10")), "home"))
    assert '"value":23.10,' in line
    assert json.loads(line)["quantity"] == "battery.soc"
    assert '"value":null' in json_line(flat_reading(reading(3, Decimal("NaN")), "home"))


@pytest.mark.parametrize(
    ("peer", "found"),
    [
        ("192.0.2.7:40000", ("192.0.2.7", 40000)),
        ("[2001:db8::7]:40000", ("2001:db8::7", 40000)),
        ("", ("", 0)),
        ("nonsense", ("", 0)),
        ("host:port", ("", 0)),
    ],
)
def test_an_address_is_split(peer: str, found: tuple[str, int]) -> None:
    assert split_address(peer) == found
