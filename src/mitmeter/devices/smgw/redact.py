"""Messages made safe to share: what names a gateway, a meter, a contract or a user is replaced.

The bytes themselves are edited, as many as before, so what is framed stays framed. Private are
serial numbers wherever they stand, contracts and their names, metering points, logins (name,
nonces, hashes), cookies and tokens, keys, certificates and signatures. Signatures then fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mitmeter.devices.smgw.messages import Message
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Pseudonyms, Undecodable

_I = re.IGNORECASE
_HEAD = (
    # Digest: what is told of a user or made of the password.
    re.compile(rb'\b(?:username|nonce|cnonce|response|opaque)="([^"\r\n]*)"', _I),
    re.compile(rb"\b(?:username|nonce|cnonce|response|opaque)=([^\",\s]+)", _I),
    re.compile(rb"^Authorization[ \t]*:[ \t]*Basic[ \t]+([^\r\n]+)", _I | re.M),
    # Cookies: the values, not the names. What comes after the first in Set-Cookie is attributes.
    re.compile(rb"^Set-Cookie[ \t]*:[ \t]*[^=;\r\n]*=([^;\r\n]*)", _I | re.M),
)
_COOKIES = re.compile(rb"^Cookie[ \t]*:([^\r\n]*)", _I | re.M)
_COOKIE = re.compile(rb"=([^;\s]*)")

_NAMES = (
    rb"usage-point-id|usage-point-name|metering-point-id|metering_point_id|delivery-id|meter-id"
    rb"|owner-number|subject-identity|user-identity|smgw-id|taf_name|taf_identifier|user_domain"
    rb"|huid|signature|tls|sig|sub-ca|taf-profile"
)
_EVERYWHERE = (
    # Devices by DIN 43863-5: 1tst0000000042; their hexadecimal spelling; metering points.
    re.compile(rb"(?<![0-9A-Za-z])([0-9A-Za-z][A-Za-z]{3}[0-9]{10})(?![0-9A-Za-z])"),
    re.compile(rb"(?<![0-9A-Za-z])(0a01[0-9a-f]{12,24})(?![0-9A-Za-z])", _I),
    re.compile(rb"(?<![0-9A-Za-z])(DE[0-9]{11}[0-9A-Z]{20})(?![0-9A-Za-z])"),
    # Owners in logical names, users in Theben's paths, meters in EMH's.
    re.compile(rb"(?<=[0-9A-Fa-f]{12}\.)([A-Za-z0-9_-]+)(?=\.sm)"),
    re.compile(rb"/smgw/(?:m2m|cust)/([^/\s\"?#]+)"),
    re.compile(rb"/json/metering/(?:origin|derived)/([^/\s\"?#]+)"),
    # Members of JSON, fields of forms, inputs and selections of pages, elements of exports.
    re.compile(rb'"(?:' + _NAMES + rb')"\s*:\s*"([^"\\]*)"'),
    re.compile(rb"\b(?:tkn|t?t?id|mid)=([0-9A-Za-z._-]+)"),
    re.compile(rb"name='(?:tkn|mid|t?tid)'[^>]*?value='([^']*)'"),
    re.compile(rb'name="(?:tkn|mid|t?tid)"[^>]*?value="([^"]*)"'),
    re.compile(rb"<option value=['\"]([^'\"]*)['\"]"),
    re.compile(rb"<(?:\w+:)?(?:smgw_signature|signature)>([^<]*)<"),
)


def redact(sender: Side, item: Decoded[Message] | Undecodable, pseudonyms: Pseudonyms) -> bytes:
    """Return the item's bytes, as many, with every private value replaced."""
    raw = item.raw
    end = raw.find(b"\r\n\r\n")
    head = raw if end < 0 or isinstance(item, Undecodable) else raw[:end]
    spans = [*_found(_HEAD, head), *_cookies(head), *_found(_EVERYWHERE, raw)]
    parts: list[bytes] = []
    done = 0
    for start, stop in sorted(spans):
        if start < done:
            continue
        parts += (raw[done:start], _stand_in(raw[start:stop], pseudonyms))
        done = stop
    return b"".join((*parts, raw[done:]))


def _found(patterns: Iterable[re.Pattern[bytes]], data: bytes) -> Iterator[tuple[int, int]]:
    for pattern in patterns:
        for match in pattern.finditer(data):
            if match.end(1) > match.start(1):
                yield match.span(1)


def _cookies(head: bytes) -> Iterator[tuple[int, int]]:
    for line in _COOKIES.finditer(head):
        for cookie in _COOKIE.finditer(head, line.start(1), line.end(1)):
            if cookie.end(1) > cookie.start(1):
                yield cookie.span(1)


def _stand_in(value: bytes, pseudonyms: Pseudonyms) -> bytes:
    try:
        found = pseudonyms.text(value.decode("ascii")).encode("ascii")
    except UnicodeError:
        return b"x" * len(value)
    return found if len(found) == len(value) else b"x" * len(value)
