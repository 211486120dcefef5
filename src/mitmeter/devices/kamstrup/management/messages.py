"""What is said on the management port: lines, and telnet negotiation that means nothing here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line, either way.

    text:   one character per byte (Latin-1), telnet sequences inside it included.
    ending: what ended it. A client's CR and LF end one each, so its CR LF is a line and an empty
            one; the module's lines end with LF, mostly after CR; "" is a line that never ended.
    """

    text: str
    ending: str = "\r\n"


@dataclass(frozen=True, slots=True)
class Negotiation:
    """A client's telnet command before a line begins: `FF` and what belongs to it."""

    raw: bytes


Message = Line | Negotiation


def told(text: str) -> tuple[Line, ...]:
    """Return the module's text, with CR LF between, as the lines it is made of."""
    *whole, rest = text.split("\r\n")
    lines = [Line(each) for each in whole]
    return (*lines, Line(rest, "")) if rest else tuple(lines)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A client's line as the module takes it: command word, upper case, and parameters."""

    word: str
    parameters: str


def spoken(line: Line) -> Spoken | None:
    """Return what a line asks for; None for an empty one, which gets no answer [H]."""
    word, _, parameters = _plain(line.text).strip().partition(" ")
    return Spoken(word.upper(), parameters) if word else None


def _plain(text: str) -> str:
    """Return the text without telnet sequences; `FF FF` is the character itself."""
    if "\xff" not in text:
        return text
    kept, at = [], 0
    while at < len(text):
        if text[at] != "\xff":
            kept.append(text[at])
            at += 1
            continue
        kind = text[at + 1 : at + 2]
        if kind == "\xff":
            kept.append("\xff")
        if "\xfb" <= kind <= "\xfe":
            at += 3
        elif kind == "\xfa":
            end = text.find("\xff\xf0", at)
            at = len(text) if end < 0 else end + 2
        else:
            at += 2
    return "".join(kept)
