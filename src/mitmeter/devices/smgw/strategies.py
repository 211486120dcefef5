"""Every message the protocol has, for hypothesis. Only tests import this module."""

from __future__ import annotations

import json
from functools import cache

from hypothesis import strategies as st

from mitmeter.devices.smgw.dialects import emh, ppc, theben
from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.model import Side
from mitmeter.wire.http_message import Headers

_TARGETS = (
    theben.ROOT,
    "/smgw/m2m/00471tst0000000042.sm/json",
    ppc.PATH,
    emh.METERS,
    "/json/metering/origin/1tst0000000077/extended",
    "/json/metering/origin/1tst0000000077",
    "/json/metering/derived/01005e31804a.tst-0077.sm",
    emh.SYSTEM,
    "/",
)
_FORMS = (
    b"tkn=t0ken0001&action=meterform",
    b"tkn=t&action=showMeterProfile&mid=1",
    b"tkn=t&action=showMeterValues&mid=1&from=2026-02-28+00%3A00%3A00&to=2026-03-01+00%3A15%3A00",
    b"action=exportMeterValues&mid=1",
    b"action=logout",
    b"\xff\x00%%%",
)
_CHALLENGES = (
    'Digest realm="Conexa", qop="auth", nonce="5f0c1e77", algorithm="MD5"',
    'Digest realm="Conexa", qop="auth", nonce="5f0c1e78", algorithm="SHA-256"',
    'Digest realm="SmartMeterGateway",qop="auth",algorithm="MD5",nonce="01",opaque="fe"',
    'Digest realm="CASA-TEST", qop="auth", nonce="77aa", stale=true',
    "Basic realm=x",
    "Digest",
)
_PAGES = (
    b"<h1 id='headline_willkommen'>Willkommen</h1><input type='hidden' name='tkn' value='t1'>",
    b"<select name='mid'><option value='11'>01005e318002.1tst0000000055.sm</option></select>",
    b"<p>Sitzung abgelaufen</p>",
    b"<table id='metervalue'><tr id='table_metervalues_line1'>"
    b"<td id='table_metervalues_col_timestamp'>2026-10-25 02:30:00</td>"
    b"<td id='table_metervalues_col_wert'>1063.2175</td>"
    b"<td id='table_metervalues_col_einheit'>kWh</td>"
    b"<td id='table_metervaleus_col_obis'>1-0:1.8.0</td></tr></table>",
    b"<table><tr><td><table id='metervalue'><tr><td id='x_col_wert'>1<td id='x_col_obis'>1-0:2.8.0",
    b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80" + bytes(64),
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[Side, Message]:
    """Return who says it and the message: ordinary, odd, and what nobody has described."""
    if draw(st.booleans()):
        return Side.HEADEND, draw(requests())
    return Side.DEVICE, draw(responses())


@cache
def requests() -> st.SearchStrategy[Request]:
    bodies = st.sampled_from((b"", b'{"method":"user-info"}', *_FORMS)) | st.binary(max_size=64)
    return st.builds(
        _request,
        st.sampled_from(("GET", "POST", "PUT")),
        st.sampled_from(_TARGETS),
        _extras(('Digest username="u", nonce="n", uri="/", response="r"', "Basic dTpw"), "auth"),
        bodies,
    )


def _request(method: str, target: str, more: Headers, body: bytes) -> Request:
    host = (("Host", "smgw.local"), *more)
    return Request(method, target, _with_length(host, body), body)


@cache
def responses() -> st.SearchStrategy[Response]:
    """Return answers: JSON and pages, likely and unlikely ones, with all kinds of status."""
    return st.builds(
        _response,
        st.sampled_from((200, 200, 200, 307, 400, 401, 403, 404, 429, 500)),
        _extras(_CHALLENGES, "challenge"),
        bodies(),
        st.sampled_from(("", "OK")),
    )


def _response(status: int, more: Headers, body: bytes, reason: str) -> Response:
    return Response(status, _with_length(more, body), body, reason)


@cache
def bodies() -> st.SearchStrategy[bytes]:
    return (
        st.sampled_from(_PAGES)
        | _json().map(lambda found: json.dumps(found).encode())
        | st.binary(max_size=128)
    )


def _with_length(headers: Headers, body: bytes) -> Headers:
    return (*headers, ("Content-Length", str(len(body))))


def _extras(values: tuple[str, ...], kind: str) -> st.SearchStrategy[Headers]:
    name = {"auth": "Authorization", "challenge": "WWW-Authenticate"}[kind]
    ordinary: tuple[tuple[str, str], ...] = (
        ("Content-Type", "application/json"),
        ("Cookie", "session=8842170015"),
        ("Set-Cookie", "session=8842170015;secure;HttpOnly"),
        ("Location", "/smgw/m2m/00471tst0000000042.sm/json"),
        ("Location", "https://192.0.2.9/smgw/m2m/x/json"),
        ("Connection", "close"),
    )
    each = st.sampled_from(ordinary) | st.sampled_from(values).map(lambda value: (name, value))
    return st.lists(each, max_size=3).map(tuple)


def _json() -> st.SearchStrategy[object]:
    """Return answers of both makes that speak JSON, with members that do not fit among them."""
    scalars = st.sampled_from(
        (
            *("24681012", "-1", -1, 30, "30", 27, None, True, 1e300, "x" * 70, ""),
            *("2026-03-01T11:30:00Z", "2026-03-01T12:30:00+01:00", "running", "7"),
            *("a000000020003800", "a0400000"),
        )
    )
    names = st.sampled_from(
        (
            *("0100010800ff", "0100010800ff.1tst0000000042.sm", "short", "1tst0000000042.sm"),
            *("0100100700FF.1tst0000000077.sm", "01005e318021.tst-0042-bezug.sm"),
        )
    )
    row = st.fixed_dictionaries(
        {},
        optional={
            "value": scalars,
            "target-time": scalars,
            "cosem-status": scalars,
            "owner-number": names,
            "logical_name": names,
            "scaler": scalars,
            "unit": scalars,
        },
    )
    rows = st.lists(row | scalars, max_size=3)
    channel = st.fixed_dictionaries({"obis": names | scalars, "readings": rows | scalars})
    point = st.fixed_dictionaries(
        {},
        optional={
            "usage-point-id": names,
            "taf-state": scalars,
            "taf-number": scalars,
            "meter": st.lists(st.fixed_dictionaries({"meter-id": names}), max_size=2) | scalars,
        },
    )
    payload = st.fixed_dictionaries(
        {},
        optional={
            "channels": st.lists(channel, max_size=3) | scalars,
            "usage-points": st.lists(point, max_size=3) | scalars,
            "databases": st.lists(channel, max_size=2) | scalars,
            "smgw-id": names,
            "smgw-state": scalars,
            "smgw-time": scalars,
        },
    )
    theirs = st.sampled_from(("user-info", "readings", "usage-point-info", "smgw-info", "log"))
    envelope = st.tuples(theirs, payload).map(
        lambda found: {"method": found[0], found[0]: found[1]}
    )
    extended = st.fixed_dictionaries(
        {"values": rows}, optional={"capture_time": scalars, "status": scalars}
    )
    ids = st.lists(st.sampled_from(("1tst0000000077", "", 3, "../x", "ä")), max_size=3)
    return envelope | extended | ids | scalars
