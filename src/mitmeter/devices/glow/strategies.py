"""Every message the protocol has, for hypothesis. Only tests import this module."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from mitmeter.devices.glow.codec import request
from mitmeter.devices.glow.jsontext import JsonError
from mitmeter.devices.glow.messages import (
    PATH,
    Delivery,
    Message,
    MeterReport,
    MqttOther,
    MqttReading,
    MqttState,
    Prices,
    Reply,
    Request,
)
from mitmeter.model import Side
from mitmeter.wire.http import Headers


@st.composite
def messages(draw: st.DrawFn) -> tuple[Side, Message]:
    """Return who says it and the message: ordinary, odd, and what nobody has described."""
    if draw(st.integers(0, 4)) == 0:
        return Side.HEADEND, draw(replies())
    return Side.DEVICE, draw(st.one_of(reports(), price_posts(), requests(), published()))


# --- over HTTPS ---


@cache
def reports() -> st.SearchStrategy[MeterReport]:
    """Return reports with likely and unlikely members."""
    return st.builds(_report, _heads(_headers()), bodies(meter_members()))


def _report(more: list[tuple[str, str]], body: str) -> MeterReport:
    return MeterReport(_with_length(more, body.encode()), body)


@cache
def price_posts() -> st.SearchStrategy[Prices]:
    """Return tariffs, whole, cut short and mixed up."""
    likely = st.sampled_from(
        (
            *("01", "00", "STANDARD", "A, B", "", "2D24BD00", "2D37DAC5", "033A", "40", "50"),
            *("FFFF", "000009C4", "FFFFFFFF", "FF", "zz", "0000000000000001"),
        )
    )
    fields = st.lists(likely, max_size=28).map(",".join)
    line_end = st.sampled_from(("\r\n", "\n", ""))
    tag = st.sampled_from(("ESTDCHG:", "GPRICE:", "EPRICE:", ""))
    body = st.tuples(fields, line_end, tag, fields, line_end).map(
        lambda parts: "EPRICE:" + "".join(parts)
    )
    whole = st.just(
        "EPRICE:01,00,00000001,STANDARD,2D24BD00,2D37DAC5,00,033A,40,11,2D24BD00,FFFF,000009C4,"
        "FF,FFFFFFFF,FF,FFFFFFFF,FF,FF,00,00\r\nESTDCHG:000012C0\r\n"
    )
    return st.builds(_prices, _heads(_headers()), body | whole)


def _prices(more: list[tuple[str, str]], body: str) -> Prices:
    return Prices(_with_length(more, body.encode()), body)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Return requests that are neither: other paths and methods, bodies that say nothing."""
    method = draw(st.sampled_from(("POST", "GET", "PUT", "HEAD", "DELETE")))
    target = draw(st.sampled_from((PATH, f"{PATH}?a=b", "/", "/zb03", "/favicon.ico", "*")))
    body = draw(st.binary(max_size=60) | bodies(meter_members()).map(str.encode))
    found = request(method, target, _with_length(draw(_heads(_headers())), body), body)
    if not isinstance(found, Request):
        reject()
    return found


@cache
def replies() -> st.SearchStrategy[Reply]:
    """Return answers: the known words, unknown ones, and errors."""
    body = st.sampled_from(("200", "CURPRICE", "", "UPDATE 1.2.6", "ü")) | st.text(
        st.characters(max_codepoint=255), max_size=20
    )
    status = st.sampled_from(((200, "OK"), (404, "Not Found"), (500, "Internal Server Error")))
    return st.builds(_reply, status, _heads(_plain_headers()), body)


def _reply(status: tuple[int, str], more: list[tuple[str, str]], body: str) -> Reply:
    return Reply(status[0], body, _with_length(more, body.encode("latin-1")), status[1])


def _heads(header: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Return some headers; none twice, for what a second Host means is nobody's guess."""
    return st.lists(header, max_size=3, unique_by=lambda each: each[0].lower())


def _with_length(more: list[tuple[str, str]], body: bytes) -> Headers:
    return (*more, ("Content-Length", str(len(body))))


def _headers() -> st.SearchStrategy[tuple[str, str]]:
    who = st.sampled_from(("02005EFFFE302010", "02:00:5E:FF:FE:30:20:10", "a b", "", "é" * 64))
    when = st.sampled_from(("65A51E41", "65a51e41", "3C", "", "FFFFFFFF", "12 34", "1" * 40))
    return st.one_of(
        st.tuples(st.sampled_from(("X-ID", "x-id")), who),
        st.tuples(st.sampled_from(("X-TS", "x-ts")), when),
        _plain_headers(),
    )


def _plain_headers() -> st.SearchStrategy[tuple[str, str]]:
    return st.sampled_from(
        (
            ("Host", "10.20.30.02005e.cad.sensornet.info"),
            ("Content-Type", "application/json"),
            ("Connection", "close"),
            ("Connection", "keep-alive"),
            ("Cookie", "a=b"),
        )
    )


# --- over MQTT ---


@cache
def published() -> st.SearchStrategy[MqttReading | MqttState | MqttOther]:
    """Return packets under topics of every kind."""
    sensor = st.sampled_from(
        (
            "glow/02005E302010/SENSOR/electricitymeter",
            "glow/02005E302010/SENSOR/gasmeter",
            "my/own/prefix/02005E302010/SENSOR/glowsensorth1/a4c138000001",
            "glow/not a mac/SENSOR/x",
        )
    )
    state = st.sampled_from(("glow/02005E302010/STATE", "/a/b/02005E302010/STATE"))
    other = st.sampled_from(("glow/02005E302010/LWT", "", "STATE", "ü/ä/ö"))
    why = "a topic that has never been described"
    return st.one_of(
        st.builds(MqttReading, sensor, bodies(local_members()), deliveries()),
        st.builds(MqttState, state, bodies(local_members()), deliveries()),
        st.builds(MqttOther, other, st.binary(max_size=40), st.just(why), deliveries()),
    )


def deliveries() -> st.SearchStrategy[Delivery]:
    flags = st.booleans()
    return st.one_of(
        st.builds(Delivery, st.just(0), flags, flags),
        st.builds(Delivery, st.sampled_from((1, 2)), flags, flags, st.integers(0, 65_535)),
    )


# --- members ---


def bodies(members: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """Return members as JSON text, compact or not, that reads back as JSON."""
    compact = members.map(lambda found: json.dumps(found, separators=(",", ":")))
    spaced = members.map(lambda found: json.dumps(found, indent=1, ensure_ascii=False))
    return (compact | spaced).filter(_is_readable)


def _is_readable(body: str) -> bool:
    try:
        MqttState("a/b/STATE", body)
        body.encode()
    except (JsonError, UnicodeEncodeError):
        return False
    return True


@cache
def meter_members() -> st.SearchStrategy[dict[str, Any]]:
    """Return the members of a report, some missing, some of the wrong kind."""
    digits = st.sampled_from(
        (
            *("00", "01", "80", "FF", "000003E8", "00000001", "000000BC614E", "FFFFFFFFFFFF"),
            *("FFFFFB2E", "FFFB2E", "00FFFB2E", "FF800000", "FFFFFF", "7FFFFFFF", "0094"),
            *("1900000000001", "EXAMPLE POWER", "", "zz", "0x12", "-1", "1_0", "F" * 16, "é"),
        )
    )
    value = digits | wild()
    attributes = _some(("00", "01", "02", "03", "06", "07", "08", "12", "14", "30", "40"), value)
    cluster = _some(("00", "02", "03", "04", "0C", "0c", "ZZ"), attributes | wild())
    meter = _some(("0702", "0705", "0708", "0999"), cluster | wild())
    pan = _some(("rssi", "lqi", "nPAN", "join"), value).flatmap(
        lambda found: st.sampled_from(
            [{**found, "status": "joined"}, {**found, "status": "lost"}, found]
        )
    )
    return st.fixed_dictionaries(
        {},
        optional={
            "elecMtr": meter | wild(),
            "gasMtr": meter | wild(),
            "time": st.sampled_from(("65A51E40", "3C", "FFFFFFFF", "hm")) | wild(),
            "pan": pan | wild(),
            "gid": st.sampled_from(("02005EFFFE302010", "")) | wild(),
            "gmtime": st.just(1_705_320_000) | wild(),
            "hversion": wild(),
            "zbSoftVer": st.just("1.2.5") | wild(),
            "ihd": wild(),
            "new": wild(),
        },
    )


@cache
def local_members() -> st.SearchStrategy[dict[str, Any]]:
    """Return the members of a local MQTT message, some missing, some of the wrong kind."""
    number = st.sampled_from((0, 1.5, -1.234, -8388.608, 16777.215, "12.5", "---", 1e300)) | wild()
    price = _some(("unitrate", "standingcharge"), number)
    imported = st.fixed_dictionaries(
        {},
        optional={
            "cumulative": number,
            "cumulativevol": number,
            "day": number,
            "units": st.just("kWh") | wild(),
            "mpan": st.sampled_from(("1900000000001", "read pending")) | wild(),
            "price": price | wild(),
        },
    )
    energy = _some(("import", "export"), imported | wild())
    power = _some(("value", "units"), number | st.just("kW"))
    time = st.sampled_from(("2024-01-15T12:00:00Z", "1970-01-01T00:00:05Z", "no")) | wild()
    meter = st.fixed_dictionaries(
        {}, optional={"timestamp": time, "energy": energy | wild(), "power": power | wild()}
    )
    room = _some(("temperature", "humidity", "rssi"), _some(("value",), number) | wild())
    state = _some(("software", "hardware", "eui", "wifistamac", "zigbee", "timestamp"), wild())
    han = _some(("rssi", "lqi", "status"), number | st.just("joined"))
    return st.one_of(
        _some(("electricitymeter", "gasmeter"), meter | wild()),
        _some(("glowsensorth1",), _some(("a4c138000001", "no name"), room | wild())),
        st.tuples(state, han).map(lambda found: {**found[0], "han": found[1]}),
    )


@cache
def wild() -> st.SearchStrategy[Any]:
    """Return any JSON value, nested a little."""
    plain = st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.none(),
    )
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=3,
    )


def _some(names: tuple[str, ...], value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(names), value, max_size=6)
