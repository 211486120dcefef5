"""Every message the protocol has, for hypothesis. Only tests import this module."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from struct import pack

from hypothesis import strategies as st

from mitmeter.devices.efergy.bulk import bulk_body
from mitmeter.devices.efergy.codec import read
from mitmeter.devices.efergy.lines import line_texts
from mitmeter.devices.efergy.messages import (
    Asked,
    CurrentRow,
    Headers,
    Line,
    Message,
    Reply,
    StoredRecord,
)
from mitmeter.devices.efergy.recjson import recjson_body
from mitmeter.model import Side

_BASE = 1_767_225_600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOSTS = ("10.20.30.02005e.h3.sensornet.info", "10.20.30.02005E.SENSORNET.INFO", "192.0.2.7", "")
_TIMES = ("65A51E40", "65a51e40:05", "00000000", "FFFFFFFF", "1", "", "65A51E4G", "é")


def messages() -> st.SearchStrategy[tuple[Side, Message]]:
    """Return who says it and the message: ordinary, odd, and what nobody has described."""
    return st.one_of(
        from_device().map(lambda message: (Side.DEVICE, message)),
        replies().map(lambda message: (Side.HEADEND, message)),
    )


def from_device() -> st.SearchStrategy[Message]:
    """Return what a hub says."""
    return st.one_of(key_requests(), currents(), reports(), pings(), bulks(), strangers())


def replies() -> st.SearchStrategy[Message]:
    """Return what a server says."""
    words = st.sampled_from((b"success", b"200", b"TT|ABCDEFGHIJKLM\n", b"E1|a1b2c3d4e5f6g\n", b""))

    def made(status: int, reason: str, body: bytes) -> Reply:
        dated = ("Date", "Mon, 15 Jan 2024 12:00:00 GMT")
        return Reply(status, reason, (dated, ("Content-Length", str(len(body)))), body)

    statuses = st.sampled_from((200, 404, 411, 500, 503))
    return st.builds(made, statuses, st.sampled_from(("OK", "Not Found")), words | bodies())


def key_requests() -> st.SearchStrategy[Asked]:
    """Return key checks with parameters missing or repeated, and requests for a key."""
    parameter = st.sampled_from(
        ("p=E1", "ts=00000000", "ts=65A51E40", "h=0123456789abcdef0123456789abcdef", "x", "ts=%00")
    )
    asked = st.lists(parameter, max_size=4).map("&".join)
    target = asked.map(lambda text: f"/check_key.html?{text}" if text else "/check_key.html")
    hosts = st.sampled_from(_HOSTS)
    return st.builds(
        lambda path, host: read("GET", path, (("Host", host),), b""),
        target | st.just("/get_key.html"),
        hosts,
    )


def currents() -> st.SearchStrategy[Asked]:
    """Return h1 reports: rows of any sensors, percent-encoded or not, cut short, or nonsense."""
    number = st.decimals(0, 2_147_483_646, places=0) | st.sampled_from(
        (Decimal("2147483647"), Decimal("1E+400"), Decimal("-1"), Decimal("0.5"))
    )
    row = st.builds(
        CurrentRow, sids(), st.sampled_from(("mA", "W")), st.just("E1"), number, _rest()
    )
    body = st.builds(
        recjson_body,
        st.sampled_from(("02005E302010", "02005e302011", "nobody")),
        st.sampled_from(_TIMES[:4]),
        st.sampled_from(("v1.0.1", "")),
        st.lists(row, max_size=4),
        st.just("0123456789abcdef0123456789abcdef"),
    )
    encoded = body.map(lambda raw: raw.replace(b"|", b"%7C").replace(b'"', b"%22"))
    odd = st.one_of(
        bodies().map(lambda raw: b"json=" + raw),
        bodies().map(lambda raw: b"json=02005E302010|65A51E40|v1|" + raw + b"|00"),
        st.just(b"json=a|b|c|" + b"[" * 20_000 + b"|d"),
        st.just(b'json=a|b|c|{"data":[1,[],["x"],[1,"mA","E1",true],[1,"mA","E1",NaN]]}|d'),
    )
    return _posted(st.just("/recjson"), body | encoded | odd | bodies())


def reports() -> st.SearchStrategy[Asked]:
    """Return h2 and h3 reports with good, bad and overlong lines, under any type."""
    value = st.decimals(-100, 2_147_483_646, places=2)
    clamp = st.tuples(st.tuples(st.sampled_from(("P1", "P2")), value))
    climate = st.tuples(*(st.tuples(st.just(name), value) for name in "MTL"))
    line = st.builds(Line, sids(), st.sampled_from("01"), st.just("EFCT"), clamp, _rssi())
    other = st.builds(Line, sids(), st.sampled_from("01"), st.just("EFMS"), climate, _rssi())
    odd = st.sampled_from(
        (
            b"0|1|STATUS|OK\r\n",
            b"700001|1|EFCT|P1,2147483647.2147483647|-61\r\n",
            b"700002|1|EFCT\r\n",
            b"700001|1|efct|P1,nan|x\n",
            b"99999999|1|EFCT|P1,1.00\n",
            b"700001|1|EFCT|P1,1.00",
            b"|||||\r\n",
        )
    )
    text = st.lists(line | other, max_size=3).map(line_texts)
    body = st.lists(text | odd | bodies(), max_size=4).map(b"".join)
    return _posted(st.sampled_from(("/h2", "/h3", "/h3?x=1")), body)


def pings() -> st.SearchStrategy[Asked]:
    """Return the sensors that are alive, and what is none."""
    texts = st.lists(sids(), max_size=6).map(lambda found: "|".join(map(str, found)).encode())
    return _posted(st.sampled_from(("/h2", "/h3")), texts | bodies(), ("application/eh-ping",))


def bulks() -> st.SearchStrategy[Asked]:
    """Return stored data: sound, with a byte changed, cut short, or garbage well summed up."""
    seconds = st.integers(0, 131_071)
    value = st.decimals(0, 100_000, places=2)
    clamp = st.tuples(st.tuples(st.just("P1"), value))
    climate = st.tuples(*(st.tuples(st.just(name), value) for name in "MTL"))
    at = seconds.map(lambda after: _EPOCH + timedelta(seconds=_BASE + after))
    few = st.integers(1, 5)
    record = st.builds(StoredRecord, few, at, st.just("EFCT"), clamp) | st.builds(
        StoredRecord, few, at, st.just("EFMS"), climate
    )
    sound = st.lists(record, max_size=6).map(lambda found: bulk_body(_BASE, found))
    spoilt = st.tuples(sound, st.integers(0, 80), st.integers(0, 255)).map(
        lambda given: given[0][: given[1]] + bytes((given[2],)) + given[0][given[1] + 1 :]
    )
    short = st.tuples(sound, st.integers(0, 100)).map(lambda given: given[0][: given[1]])
    kind = ("application/eh-datalog",)
    return _posted(st.just("/h3bulk"), sound | spoilt | short | _summed_up(), kind)


def _summed_up() -> st.SearchStrategy[bytes]:
    """Return records of any bits, NaN among them, whose checksums are right all the same."""
    head = bulk_body(_BASE, [])[:4] + bytes.fromhex("61AE0A62AE0A000000000000000000")
    floats = st.floats(width=32).map(lambda value: pack("<f", value))
    leads = st.sampled_from((0x20, 0x21, 0x22, 0x24, 0x3E, 0x40))
    raw = st.tuples(leads, st.binary(min_size=2, max_size=2), floats).map(
        lambda given: bytes((given[0],)) + given[1] + given[2]
    )
    records = st.lists(raw.map(lambda each: each + bytes((sum(each) & 0xFF,))), max_size=4)
    return records.map(lambda found: head + b"".join(found))


def strangers() -> st.SearchStrategy[Asked]:
    """Return requests nobody has described."""
    methods = st.sampled_from(("GET", "POST", "PUT", "OPTIONS", "DELETE"))
    targets = st.sampled_from(("/", "/h2bulk", "/H3", "/h3/", "*", "/index.html?h=ab", "/%00"))
    return st.builds(
        lambda method, target, body: read(method, target, _length((), body), body),
        methods,
        targets,
        bodies(),
    )


def sids() -> st.SearchStrategy[int]:
    return st.sampled_from((700_001, 700_002, 700_003)) | st.integers(1, 9_999_999)


def bodies() -> st.SearchStrategy[bytes]:
    """Return any bytes, seldom many."""
    return st.binary(max_size=60)


def _rest() -> st.SearchStrategy[tuple[str, ...]]:
    return st.just(("0", "0", "65535")) | st.just(())


def _rssi() -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(-120, 20)


def _posted(
    paths: st.SearchStrategy[str],
    content: st.SearchStrategy[bytes],
    kinds: tuple[str, ...] = (
        "application/eh-data",
        "application/EH-Data; x",
        "application/x-www-form-urlencoded",
        "application/eh-datalog",
        "",
    ),
) -> st.SearchStrategy[Asked]:
    def made(path: str, body: bytes, host: str, time: str, kind: str) -> Asked:
        headers = (
            ("Host", host),
            ("X-Version", "3.7.1"),
            ("x-ts", time),
            ("X-UPTIME", "226"),
            ("X-Hash", "0123456789abcdef"),
            ("Content-Type", kind),
        )
        return read("POST", path, _length(headers, body), body)

    return st.builds(
        made, paths, content, st.sampled_from(_HOSTS), st.sampled_from(_TIMES), _one_of(kinds)
    )


def _one_of(words: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(words)


def _length(headers: Headers, body: bytes) -> Headers:
    return (*headers, ("Content-Length", str(len(body))))
