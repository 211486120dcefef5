"""The body of an h2 or h3 report: text ⇄ sensor lines.

`sid|flag|type|data[|rssi]`, CRLF behind each; LF and a missing last end are taken too. data is
`P1,<value>` for a clamp and `M,<value>&T,<value>&L,<value>` for the others. [O]
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from mitmeter.devices.efergy.messages import Line, Odd
from mitmeter.devices.efergy.registers import CLAMP, CLIMATE, MOST_LINES, number, sid_of

_RSSI = re.compile(r"-?[0-9]{1,4}")
_NAME = re.compile(r"[A-Z][A-Z0-9]{0,7}")
_SHOWN = 80


def parse_lines(body: bytes) -> tuple[tuple[Line, ...], tuple[str, ...], tuple[Odd, ...]]:
    """Return the sensors' lines, the hub's own (SID 0), and what could not be read. Total."""
    lines: list[Line] = []
    status: list[str] = []
    odd: list[Odd] = []
    texts = [text for text in body.decode("latin-1").replace("\r", "").split("\n") if text]
    for text in texts[:MOST_LINES]:
        found = _parse(text)
        if isinstance(found, Line):
            lines.append(found)
        elif isinstance(found, Odd):
            odd.append(found)
        else:
            status.append(found)
    if len(texts) > MOST_LINES:
        odd.append(Odd("", f"{len(texts) - MOST_LINES} lines beyond the {MOST_LINES}th"))
    return tuple(lines), tuple(status), tuple(odd)


def _parse(text: str) -> Line | Odd | str:
    """Return one line; the text itself where the hub speaks of itself."""
    fields = text.split("|")
    sid = sid_of(fields[0])
    if sid is None:
        return Odd(text[:_SHOWN], "no sensor id of 1 to 7 digits")
    if sid == 0:
        return text[:_SHOWN]
    if len(fields) < 4:
        return Odd(text[:_SHOWN], f"{len(fields)} fields, at least 4 expected")
    written = fields[2].upper()
    kind = next((each for each in (CLAMP, CLIMATE) if written.startswith(each)), "")
    if not kind:
        return Odd(text[:_SHOWN], "the type is neither EFCT nor EFMS")
    values: list[tuple[str, Decimal]] = []
    for pair in fields[3].split("&"):
        name, _, digits = pair.partition(",")
        value = number(digits)
        if value is None or not _NAME.fullmatch(name.upper()):
            return Odd(text[:_SHOWN], "a value is missing, no number, or an overflow")
        values.append((name.upper(), value))
    rssi = int(fields[4]) if len(fields) > 4 and _RSSI.fullmatch(fields[4]) else None
    return Line(sid, fields[1], kind, tuple(values), rssi)


def line_texts(lines: Iterable[Line]) -> bytes:
    """Return the body that says these lines, as a hub writes it."""
    return "".join(_text(line) for line in lines).encode("latin-1")


def _text(line: Line) -> str:
    written = "EFMS1" if line.kind == CLIMATE else line.kind
    data = "&".join(f"{name},{value:.2f}" for name, value in line.values)
    rssi = "" if line.rssi is None else f"|{line.rssi}"
    return f"{line.sid}|{line.flag}|{written}|{data}{rssi}\r\n"
