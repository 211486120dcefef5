"""Header lines → fields, and what the fields say of the body. The one judge of lengths."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_message import Headers

MAX_HEADERS = 100

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
TEXT = rb"[\t\x20-\x7e\x80-\xff]"
_FIELD = re.compile(rb"(" + TOKEN + rb"+):(" + TEXT + rb"*)")
_LENGTH = re.compile(r"[0-9]{1,18}")
_HEAD_ONLY = frozenset({"content-length", "expect", "host", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Sized:
    """A body of exactly so many bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class Chunked:
    """A body in chunks."""


@dataclass(frozen=True, slots=True)
class UntilClose:
    """A body that ends with the stream."""


Body = Sized | Chunked | UntilClose

NO_BODY = Sized(0)
CHUNKED = Chunked()
UNTIL_CLOSE = UntilClose()


@dataclass(frozen=True, slots=True)
class Sense:
    """What the fields of one message mean for its framing.

    length:  the Content-Length, None without one.
    chunked: whether the body comes in chunks.
    hosts:   how many Host fields there are.
    expects: the sender waits for `100 Continue`.
    problem: what was odd but harmless, in words.
    """

    length: int | None = None
    chunked: bool = False
    hosts: int = 0
    expects: bool = False
    problem: str = ""

    @property
    def body(self) -> Sized | Chunked | None:
        """Return the body these fields describe, None when they describe none."""
        if self.chunked:
            return CHUNKED
        return None if self.length is None else Sized(self.length)


def read_field(line: bytes) -> tuple[str, str]:
    """Return name and value of one header line.

    Raises RemoteProtocolError for a folded line, a blank before the colon and other nonsense.
    """
    match = _FIELD.fullmatch(line)
    if match is None:
        raise RemoteProtocolError(_why_no_field(line))
    return match[1].decode("latin-1"), match[2].decode("latin-1").strip(" \t")


def _why_no_field(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "folded header line"
    name, colon, _ = line.partition(b":")
    if not colon:
        return "header line without a colon"
    if name.endswith((b" ", b"\t")):
        return "blank between header name and colon"
    return "header name with characters that do not belong there" if name else "header without name"


def sense(headers: Headers) -> Sense:
    """Return what the headers mean for the framing.

    Raises RemoteProtocolError where readers could disagree about it.
    """
    lengths: list[str] = []
    codings: list[str] = []
    hosts, expects = 0, False
    for name, value in headers:
        key = name.lower()
        if key == "content-length":
            lengths.append(value)
        elif key == "host":
            hosts += 1
        elif key == "transfer-encoding":
            codings.append(value)
        elif key == "expect":
            expects = expects or value.lower() == "100-continue"
    if codings and lengths:
        raise RemoteProtocolError("both Content-Length and Transfer-Encoding")
    if hosts > 1:
        raise RemoteProtocolError("more than one Host")
    return Sense(
        _length(lengths) if lengths else None,
        _chunked(codings) if codings else False,
        hosts,
        expects,
        "Content-Length given more than once" if len(lengths) > 1 else "",
    )


def check_trailer(headers: Headers) -> None:
    """Raise RemoteProtocolError for trailers that belong into the head."""
    for name, _ in headers:
        if name.lower() in _HEAD_ONLY:
            raise RemoteProtocolError(f"{name[:40]} in the trailer")


def _length(values: list[str]) -> int:
    first = values[0]
    if len(values) > 1 and any(other != first for other in values):
        raise RemoteProtocolError("differing Content-Lengths")
    if not _LENGTH.fullmatch(first):
        # Signs, hex, lists, blanks, other alphabets' digits, absurd lengths.
        raise RemoteProtocolError(f"Content-Length {first[:40]!a} is no plain number")
    return int(first)


def _chunked(values: list[str]) -> bool:
    if len(values) > 1:
        raise RemoteProtocolError("more than one Transfer-Encoding")
    if values[0].lower() != "chunked":
        raise RemoteProtocolError(f"Transfer-Encoding {values[0][:40]!a} is not simply chunked")
    return True
