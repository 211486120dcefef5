"""What bytes of an unknown kind are shown as: lines, pieces, and HTTP where they are that."""

from __future__ import annotations

from dataclasses import dataclass

from mitmeter.wire.http import Headers


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. ending: "\\n", "\\r\\n", or "" where it was not ended."""

    text: str
    ending: str = "\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are no text."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. body: as text where it is UTF-8, else as bytes."""

    method: str
    target: str
    headers: Headers
    body: str | bytes
    version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; fields as in Request."""

    status: int
    reason: str
    headers: Headers
    body: str | bytes
    version: str = "1.1"


Message = Line | Piece | Request | Response
