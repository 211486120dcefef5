"""RFC 5424, to the letter."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mitmeter.model import Severity
from mitmeter.sinks.syslog_message import escaped, framed, syslog_message

AT = datetime(2026, 11, 20, 10, 15, 3, 123456, tzinfo=UTC)


def made(**other: object) -> bytes:
    parts: dict[str, object] = {
        "facility": "local0",
        "severity": Severity.NOTICE,
        "at": AT,
        "host": "attic-pi",
        "process": 71,
        "msgid": "kamstrup.command",
        "data": {"session": "01JD", "device": ""},
        "message": "{}",
    }
    return syslog_message(**(parts | other))  # type: ignore[arg-type]  # by name


def test_a_message_has_priority_version_header_data_and_text() -> None:
    # local0 is 16, notice is 5: 16 * 8 + 5
    assert made() == (
        b"<133>1 2026-11-20T10:15:03.123456Z attic-pi mitmeter 71 kamstrup.command"
        b' [mitmeter@32473 session="01JD"] {}'
    )


def test_each_severity_has_its_level() -> None:
    heads = [made(facility="daemon", severity=each).split(b">")[0] for each in Severity]
    assert heads == [b"<30", b"<29", b"<28", b"<25"]


def test_data_without_values_is_a_dash() -> None:
    assert b" kamstrup.command - {}" in made(data={"device": ""})


def test_header_fields_hold_printable_ascii_without_spaces() -> None:
    text = made(host="my pi\nü" + "h" * 300, msgid="x y" * 30)
    _, _, host, _, _, msgid, *_ = text.split(b" ")
    assert host == b"mypi" + b"h" * 251
    assert len(msgid) == 32


def test_a_value_is_escaped() -> None:
    assert escaped('a"b]c\\d') == 'a\\"b\\]c\\\\d'
    assert escaped("x\ny") == "x\\\\x0ay"


@given(value=st.text())
def test_no_value_ends_its_parameter_early(value: str) -> None:
    rest = escaped(value).replace("\\\\", "").replace('\\"', "").replace("\\]", "")
    assert '"' not in rest
    assert "]" not in rest
    assert "\\" not in rest


def test_a_frame_counts_octets_not_characters() -> None:
    assert framed("ä".encode()) == b"2 \xc3\xa4"
