"""HTTP messages → bytes. Pure, and refuses to say what our own reader would not take."""

from __future__ import annotations

import re
from http import HTTPStatus

from mitmeter.errors import LocalProtocolError, RemoteProtocolError
from mitmeter.wire.http_fields import MAX_HEADERS, TEXT, TOKEN, Sense, sense
from mitmeter.wire.http_message import Headers
from mitmeter.wire.http_voices import MAX_METHOD, SPECIAL, TARGET

_METHOD = re.compile(TOKEN.decode("latin-1") + f"{{1,{MAX_METHOD}}}")
_NAME = re.compile(TOKEN.decode("latin-1") + "+")
_VALUE = re.compile("(?![\t ])" + TEXT.decode("latin-1") + "*(?<![\t ])|")
_TARGET = re.compile(TARGET.decode("latin-1") + "+")
_REASON = re.compile(TEXT.decode("latin-1") + "*")
_VERSIONS = ("1.1", "1.0")

_USUAL_WORDS = {status.value: status.phrase for status in HTTPStatus}


def encode_request(
    method: str, target: str, headers: Headers, body: bytes = b"", version: str = "1.1"
) -> bytes:
    """Return the request's bytes, headers in the order given.

    A body's Content-Length is added at the end unless a length is given; with `Transfer-Encoding:
    chunked` given, the body goes out as one chunk.
    Raises LocalProtocolError for what cannot be said so that everyone reads the same.
    """
    sayable = _METHOD.fullmatch(method) and _TARGET.fullmatch(target) and version in _VERSIONS
    if not sayable or (method not in SPECIAL and method.upper() in SPECIAL):
        raise LocalProtocolError(f"{method!r} {target!r} HTTP/{version} is no request line")
    fields = _sense(headers, version)
    if fields.length not in (None, len(body)):
        raise LocalProtocolError(f"Content-Length {fields.length} for {len(body)} bytes of body")
    if method == "CONNECT" and (body or fields.body is not None):
        raise LocalProtocolError("CONNECT has no body")
    measure = bool(body) and fields.body is None
    return _encode(f"{method} {target} HTTP/{version}", headers, fields, body, measure=measure)


def encode_response(
    status: int,
    headers: Headers,
    body: bytes = b"",
    reason: str | None = None,
    version: str = "1.1",
) -> bytes:
    """Return the response's bytes, headers in the order given.

    Content-Length is added at the end unless a length is given or the status allows no body; with
    `Transfer-Encoding: chunked` given, the body goes out as one chunk. To answer HEAD, give the
    Content-Length and no body.
    reason: the usual words for the status when None; with "" there are none.
    Raises LocalProtocolError for what cannot be said so that everyone reads the same.
    """
    words = _USUAL_WORDS.get(status, "") if reason is None else reason
    if not 100 <= status <= 999 or not _REASON.fullmatch(words) or version not in _VERSIONS:
        raise LocalProtocolError(f"HTTP/{version} {status} {words!r} is no status line")
    fields = _sense(headers, version)
    bodiless = status < 200 or status in (204, 304)
    if bodiless and (body or fields.chunked or (fields.length and status != 304)):
        raise LocalProtocolError(f"status {status} has no body")
    if body and fields.length not in (None, len(body)):
        raise LocalProtocolError(f"Content-Length {fields.length} for {len(body)} bytes of body")
    measure = not bodiless and fields.body is None
    line = f"HTTP/{version} {status} {words}" if words else f"HTTP/{version} {status}"
    return _encode(line, headers, fields, body, measure=measure)


def encode_head(status: int, reason: str, headers: Headers) -> bytes:
    """Return a response's head alone, for a body that is passed on piece by piece.

    The headers say how long it is. Raises LocalProtocolError for what cannot be said.
    """
    if not 100 <= status <= 999 or not _REASON.fullmatch(reason):
        raise LocalProtocolError(f"HTTP/1.1 {status} {reason!r} is no status line")
    _sense(headers, "1.1")
    line = f"HTTP/1.1 {status} {reason}" if reason else f"HTTP/1.1 {status}"
    lines = [line, *(f"{name}: {value}" for name, value in headers), "", ""]
    if len(headers) > MAX_HEADERS:
        raise LocalProtocolError(f"more than {MAX_HEADERS} headers")
    return "\r\n".join(lines).encode("latin-1")


def _sense(headers: Headers, version: str) -> Sense:
    for name, value in headers:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise LocalProtocolError(f"{name!r}: {value!r} is no header")
    try:
        fields = sense(headers)
    except RemoteProtocolError as exc:
        raise LocalProtocolError(str(exc)) from None
    if fields.chunked and version == "1.0":
        raise LocalProtocolError("HTTP/1.0 has no chunks")
    return fields


def _encode(line: str, headers: Headers, fields: Sense, body: bytes, *, measure: bool) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers)]
    if measure:
        lines.append(f"Content-Length: {len(body)}")
    if len(lines) > MAX_HEADERS + 1:
        raise LocalProtocolError(f"more than {MAX_HEADERS} headers")
    head = "\r\n".join((*lines, "", "")).encode("latin-1")
    if not fields.chunked:
        return head + body
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
