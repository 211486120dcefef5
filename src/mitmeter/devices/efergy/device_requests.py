"""What an emulated hub says, as its generation says it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from mitmeter.devices.efergy.bulk import HEADER_SIZE, MOST_SECONDS, SIZE, bulk_body, record_size
from mitmeter.devices.efergy.codec import read
from mitmeter.devices.efergy.identity import host_of_mac
from mitmeter.devices.efergy.lines import line_texts
from mitmeter.devices.efergy.messages import Asked, CurrentRow, Headers, Line, StoredRecord
from mitmeter.devices.efergy.recjson import recjson_body
from mitmeter.devices.efergy.registers import (
    BULK,
    CHECK_KEY,
    DATA,
    DATALOG,
    FORM,
    GET_KEY,
    PING,
    REC_JSON,
)

ZONE = "sensornet.info"


@dataclass(frozen=True, slots=True)
class Speaker:
    """One hub's way of saying things. Hashes are any hex digits: their formula is unknown [U]."""

    mac: str
    generation: str
    firmware: str

    def key_check(self, ts: str) -> Asked:
        target = f"{CHECK_KEY}?p=E1&ts={ts}&h={self._hash(ts, 32)}"
        return read("GET", target, self._host("keys"), b"")

    def key_request(self) -> Asked:
        return read("GET", GET_KEY, self._host("keys"), b"")

    def currents(self, ts: str, rows: Iterable[CurrentRow]) -> Asked:
        """Return an h1 report."""
        body = recjson_body(self.mac, ts, self.firmware, rows, self._hash(ts, 32))
        headers = (
            *self._host(""),
            ("User-Agent", f"Energyhive Hub/{self.firmware}"),
            ("Content-Type", FORM),
            ("Content-Length", str(len(body))),
        )
        return read("POST", REC_JSON, headers, body)

    def lines(self, ts: str, uptime: int, lines: Iterable[Line]) -> Asked:
        """Return an h2 or h3 report."""
        return self._post(f"/{self.generation}", DATA, ts, uptime, line_texts(lines))

    def ping(self, ts: str, uptime: int, sids: Iterable[int]) -> Asked:
        body = "|".join(str(sid) for sid in sids).encode()
        return self._post(f"/{self.generation}", PING, ts, uptime, body)

    def bulk(self, ts: str, uptime: int, records: tuple[StoredRecord, ...]) -> Asked:
        """Return an h3 hub's stored records, as many as `bodies` puts into one body."""
        body = bulk_body(_base(records), records)
        return self._post(BULK, DATALOG, ts, uptime, body)

    def _post(self, path: str, kind: str, ts: str, uptime: int, body: bytes) -> Asked:
        headers = (
            *self._host(self.generation),
            ("X-Version", self.firmware),
            ("X-TS", ts),
            ("X-Uptime", str(uptime)),
            ("X-Hash", self._hash(ts, 16)),
            ("X-Mode", "E1"),
            ("X-Pair", "P"),
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
        )
        return read("POST", path, headers, body)

    def _host(self, under: str) -> Headers:
        labels = [host_of_mac(self.mac), *([under] if under else []), ZONE]
        return (("Host", ".".join(labels)),)

    def _hash(self, ts: str, digits: int) -> str:
        return sha256(f"{self.mac}{ts}".encode()).hexdigest()[:digits]


def bodies(records: Iterable[StoredRecord]) -> list[tuple[StoredRecord, ...]]:
    """Return the records, oldest first, in portions of one body each."""
    portions: list[list[StoredRecord]] = []
    size = SIZE
    for record in records:
        takes = record_size(record.kind)
        last = portions[-1] if portions else []
        if not last or size + takes > SIZE or _seconds(record) - _base(last) > MOST_SECONDS:
            portions.append([])
            size = HEADER_SIZE
        portions[-1].append(record)
        size += takes
    return [tuple(portion) for portion in portions]


def unix_hex(at: datetime | None) -> str:
    """Return a time as hubs write it; zeroes while they have none."""
    return "00000000" if at is None else f"{int(at.timestamp()):08X}"


def _base(records: Iterable[StoredRecord]) -> int:
    return _seconds(next(iter(records)))


def _seconds(record: StoredRecord) -> int:
    return int(record.at.timestamp())
