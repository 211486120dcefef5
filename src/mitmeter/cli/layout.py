"""How what is said stands on the page: a line each, with its bytes below, or side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mitmeter.model import Side

_ARROWS = {Side.DEVICE: "device ▶  ", Side.HEADEND: "◀ head-end"}
_ROW = 16
_MOST_UNDECODABLE = 64
# Two columns of a clock and eight bytes of hex need so much room.
WIDE = 120
_GUTTER = " │ "
_CLOCK = 14
_MOST_BYTES = 512


class Kind(StrEnum):
    """What became of the bytes."""

    MESSAGE = "message"
    UNKNOWN = "unknown"
    UNDECODABLE = "undecodable"
    PART = "part"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Said:
    """One message, or bytes that are none. All texts are safe for a terminal.

    clock: when, to the millisecond. tag: which conversation, "" while there is only one.
    type:  the message's class, "" for what is no message.
    """

    conversation: str
    clock: str
    tag: str
    sender: Side
    changed: bool
    kind: Kind = Kind.MESSAGE
    type: str = ""
    text: str = ""
    raw: bytes = b""

    @property
    def head(self) -> str:
        """When, and who."""
        mark = " (changed by us)" if self.changed else ""
        return f"{self.clock}  {self.tag}{_ARROWS[self.sender]}{mark}"


class Layout(Protocol):
    """Turns what is said into lines."""

    def lines(self, said: Said) -> Iterator[str]: ...

    def rest(self) -> Iterator[str]:
        """Yield what was kept back, because something else is to be printed, or nothing comes."""
        ...


class OneLine:
    """A line for each message; bytes only of what is none. width: cut to, 0 for never."""

    def __init__(self, width: int = 0) -> None:
        self._width = width

    def lines(self, said: Said) -> Iterator[str]:
        yield cut(f"{said.head} {said.text}", self._width)
        if said.kind is Kind.UNDECODABLE:
            yield from hex_lines(said.raw[:_MOST_UNDECODABLE])

    def rest(self) -> Iterator[str]:
        return iter(())


class Stacked:
    """Each message with its bytes below it. width: lines are folded at, 0 for never."""

    def __init__(self, width: int = 0) -> None:
        self._width = width

    def lines(self, said: Said) -> Iterator[str]:
        if said.kind is Kind.PART:
            return
        yield from folded(f"{said.head} {said.text}", self._width)
        yield from hex_lines(said.raw[:_MOST_BYTES])
        if len(said.raw) > _MOST_BYTES:
            yield f"    … {len(said.raw) - _MOST_BYTES:,} bytes more"

    def rest(self) -> Iterator[str]:
        return iter(())


class SideBySide:
    """The head-end's words left, the device's right: a request beside its answer.

    A message is kept back until the other side has spoken, or the same side again.
    """

    def __init__(self, width: int) -> None:
        self._column = (width - len(_GUTTER)) // 2
        self._left: Said | None = None

    def lines(self, said: Said) -> Iterator[str]:
        if said.kind is Kind.PART:
            return
        kept, self._left = self._left, None
        if said.sender is Side.HEADEND:
            if kept is not None:
                yield from self._block(kept, None)
            self._left = said
        elif kept is not None and kept.conversation != said.conversation:
            yield from self._block(kept, None)
            yield from self._block(None, said)
        else:
            yield from self._block(kept, said)

    def rest(self) -> Iterator[str]:
        kept, self._left = self._left, None
        if kept is not None:
            yield from self._block(kept, None)

    def _block(self, left: Said | None, right: Said | None) -> Iterator[str]:
        left_lines, right_lines = self._cell(left), self._cell(right)
        for at in range(max(len(left_lines), len(right_lines))):
            one = left_lines[at] if at < len(left_lines) else ""
            other = right_lines[at] if at < len(right_lines) else ""
            yield f"{one:{self._column}}{_GUTTER}{other}".rstrip()

    def _cell(self, said: Said | None) -> list[str]:
        if said is None:
            return []
        mark = "(changed by us) " if said.changed else ""
        indent = " " * _CLOCK
        lines = list(folded(f"{said.clock}  {said.tag}{mark}{said.text}", self._column, indent))
        row = 16 if self._column >= _CLOCK + 16 * 3 else 8
        shown = said.raw[:_MOST_BYTES]
        lines += (indent + shown[at : at + row].hex(" ") for at in range(0, len(shown), row))
        if len(said.raw) > _MOST_BYTES:
            lines.append(f"{indent}… {len(said.raw) - _MOST_BYTES:,} bytes more")
        return lines


def layout_for(width: int) -> Layout:
    """Return the layout that shows both messages and bytes in a window of so many columns."""
    return SideBySide(width) if width >= WIDE else Stacked(width)


def cut(line: str, width: int) -> str:
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def folded(line: str, width: int, indent: str = "    ") -> list[str]:
    """Return the line in as many as it takes to fit the width."""
    if not width or len(line) <= width:
        return [line]
    return textwrap.wrap(
        line, width, subsequent_indent=indent, drop_whitespace=False, break_on_hyphens=False
    )


def hex_lines(data: bytes) -> Iterator[str]:
    """Yield an offset, sixteen bytes as hex, and what of them is printable, line by line."""
    for start in range(0, len(data), _ROW):
        row = data[start : start + _ROW]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"    {start:06x}  {row.hex(' '):{_ROW * 3}} {text}"
