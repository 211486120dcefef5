"""What is shared of a history names no device."""

from __future__ import annotations

from mitmeter.devices.history.codec import decode
from mitmeter.devices.history.redact import redact
from mitmeter.model import Side


class Crosses:
    """Stand-ins that are easily seen."""

    def text(self, value: str) -> str:
        return "x" * len(value)


def shown(raw: bytes) -> bytes:
    return redact(Side.DEVICE, decode(raw), Crosses())


def test_serial_numbers_are_hidden_and_nothing_else() -> None:
    line = b'{"device":"glow:02005EFFFE302010","value":1,"at":"2025-01-01T10:00:00Z"}\r\n'
    assert shown(line) == line.replace(b"02005EFFFE302010", b"x" * 16)
    assert shown(b"glow:AB,grid.power,1,2025-01-01T10:00:00Z\n") == (
        b"glow:xx,grid.power,1,2025-01-01T10:00:00Z\n"
    )


def test_what_is_no_line_is_blotted_out() -> None:
    assert shown(b"\xff glow:AB") == b"*" * 9
