"""A change to what one whole HTTP message says; its lengths are made right."""

from __future__ import annotations

import re
from collections.abc import Callable

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"(?im)^(content-length:[ \t]*)[0-9]+")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[ \t]*chunked[ \t]*\r?$")


def reword(raw: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return a sound message with `change` made to its head and, apart, to its body.

    A body in chunks goes on as one chunk, without trailers, if it was changed. What `change` leaves
    as it is stays byte for byte.
    """
    # Blank lines before a message belong to it.
    start = len(raw) - len(raw.lstrip(b"\r\n"))
    found = _HEAD_END.search(raw, start)
    size = len(raw) if found is None else found.end()
    head, body = raw[:size], raw[size:]
    chunked = _CHUNKED.search(head) is not None
    said = _joined(body) if chunked else body
    changed, new_head = change(said), change(head)
    if changed == said:
        return new_head + body
    if chunked:
        one = b"%x\r\n%b\r\n" % (len(changed), changed) if changed else b""
        return new_head + one + b"0\r\n\r\n"
    return _LENGTH.sub(rb"\g<1>%d" % len(changed), new_head) + changed


def _joined(body: bytes) -> bytes:
    """Return what the chunks of a sound body say."""
    parts: list[bytes] = []
    at = 0
    while True:
        line_end = body.find(b"\r\n", at)
        size = int(body[at:line_end].partition(b";")[0], 16)
        if not size:
            return b"".join(parts)
        at = line_end + 2
        parts.append(body[at : at + size])
        at += size + 2
