"""Bytes → lines of UTF-8, whichever side they are said by. What they mean is the projection's.

A line that is longer than `MOST_LINE`, no UTF-8, or has control characters in it is no message.
"""

from __future__ import annotations

import re

from mitmeter.devices.history.messages import MOST_LINE, Line, Message
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_ENDINGS = ("\n", "\r\n", "")
_TOO_LONG = f"a line of more than {MOST_LINE} bytes"

Item = Decoded[Message] | Undecodable


class _Lines:
    """One sender's bytes."""

    __slots__ = ("_held", "_overlong", "_searched")

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0
        self._overlong = False

    def feed(self, data: bytes) -> list[Item]:
        self._held += data
        held, items, start = self._held, list[Item](), 0
        search = self._searched
        while True:
            # Decided by the place in the stream, never by how it was cut.
            stop = held.find(b"\n", search, start + MOST_LINE)
            if stop >= 0:
                items.append(self._line(bytes(held[start : stop + 1])))
                start = search = stop + 1
            elif len(held) - start >= MOST_LINE:
                items.append(Undecodable(bytes(held[start : start + MOST_LINE]), _TOO_LONG))
                self._overlong = True
                start = search = start + MOST_LINE
            else:
                break
        del held[:start]
        self._searched = len(held)
        return items

    def end(self) -> list[Item]:
        rest = bytes(self._held)
        self._held.clear()
        self._searched = 0
        items = [self._line(rest)] if rest else []
        self._overlong = False
        return items

    def _line(self, raw: bytes) -> Item:
        if self._overlong:
            self._overlong = False
            return Undecodable(raw, "the rest of a line that is too long")
        return decode(raw)


class HistoryCodec:
    """Fulfils `mitmeter.protocol.Codec`; both sides speak alike."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines = {side: _Lines() for side in Side}

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        return self._lines[sender].feed(data)

    def end(self, sender: Side) -> list[Item]:
        return self._lines[sender].end()

    def encode(self, sender: Side, message: Message) -> bytes:
        if message.ending not in _ENDINGS:
            raise LocalProtocolError(f"a line cannot end with {message.ending!r}")
        try:
            raw = (message.text + message.ending).encode()
        except UnicodeEncodeError as exc:
            raise LocalProtocolError(f"a line that is no text: {exc.reason}") from exc
        if not raw or decode(raw) != Decoded(raw, message):
            raise LocalProtocolError("this text is not one line")
        return raw


def decode(raw: bytes) -> Item:
    """Return one whole line, with or without its end, as a message; or why it is none."""
    if len(raw) > MOST_LINE or (len(raw) == MOST_LINE and raw[-1:] != b"\n"):
        return Undecodable(raw, _TOO_LONG)
    try:
        text = raw.decode()
    except UnicodeDecodeError as exc:
        return Undecodable(raw, f"no UTF-8: {exc.reason} at byte {exc.start}")
    ending = ""
    if text.endswith("\n"):
        ending = "\r\n" if text.endswith("\r\n") else "\n"
        text = text[: -len(ending)]
    odd = _CONTROL.search(text)
    if odd is not None:
        return Undecodable(raw, f"control character 0x{ord(odd[0]):02x} at character {odd.start()}")
    return Decoded(raw, Line(text, ending))
