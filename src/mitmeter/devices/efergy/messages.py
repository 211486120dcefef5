"""What an Efergy hub and its server say to each other, as values.

A request keeps method, target, headers and body as they were sent, beside what was read out of
them; so nothing is lost, and encoding gives back what was decoded. Source: real hubs, and public
servers that run against them [O].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """Anything a hub says: HTTP, names and values of headers in the order they were sent."""

    method: str
    target: str
    headers: Headers
    body: bytes = field(repr=False)
    version: str

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """Return the first header of that name in any case, or ""."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def query(self, name: str) -> str:
        """Return the first query parameter of that name, or ""."""
        found = parse_qs(self.target.partition("?")[2], max_num_fields=None).get(name)
        return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class KeyCheck(Request):
    """GET /check_key.html: said at start-up; p (mode), ts and h (a hash) are its parameters [O]."""


@dataclass(frozen=True, slots=True)
class KeyRequest(Request):
    """GET /get_key.html: the hub wants a key [O]."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A line, row or record that could not be read, shortened, and why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class CurrentRow:
    """One sensor's row of an h1 hub: SID, unit, mode, milliamps, and what nobody has described.

    rest: as JSON text each; 0, 0, 65535 in all captures [O], their meaning is unknown [U].
    """

    sid: int
    unit: str
    mode: str
    milliamps: Decimal
    rest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CurrentReport(Request):
    """POST /recjson of an h1 hub: `json=` MAC, time, version, JSON rows and a hash [O].

    ts: Unix seconds, 8 hex digits, as sent.
    """

    mac: str
    ts: str
    firmware: str
    rows: tuple[CurrentRow, ...]
    odd: tuple[Odd, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One sensor's line of an h2 or h3 hub.

    flag:   "0" or "1" as sent; its meaning is unknown [U].
    kind:   "EFCT" (current clamp) or "EFMS" (motion, temperature, light).
    values: by name: P1 for a clamp; M, T and L for the other.
    rssi:   as sent, dBm where negative; None from an h2 hub.
    """

    sid: int
    flag: str
    kind: str
    values: tuple[tuple[str, Decimal], ...]
    rssi: int | None


@dataclass(frozen=True, slots=True)
class SensorReport(Request):
    """POST /h2 or /h3 with sensor lines; the time is in the header X-TS [O].

    status: lines of SID 0, the hub's own; their content is unknown [U].
    """

    generation: str
    lines: tuple[Line, ...]
    status: tuple[str, ...]
    odd: tuple[Odd, ...]


@dataclass(frozen=True, slots=True)
class Ping(Request):
    """POST /h2 or /h3 of type eh-ping: the sensors that are alive, without values [O]."""

    generation: str
    sids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One measurement out of an h3 hub's memory, `at` in UTC; `kind` and `values` as in Line."""

    sid: int
    at: datetime
    kind: str
    values: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Bulk(Request):
    """POST /h3bulk: what an h3 hub has kept while it had no contact [O].

    base: Unix seconds; the records' times count from there.
    """

    base: int
    records: tuple[StoredRecord, ...]
    odd: tuple[Odd, ...]


@dataclass(frozen=True, slots=True)
class Strange(Request):
    """Sound HTTP with a content nobody has described: kept, shown and answered.

    problem: why it is not one of the messages above, in words.
    """

    problem: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Anything the server says."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    version: str = "1.1"

    def header(self, name: str) -> str:
        """Return the first header of that name in any case, or ""."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


Asked = KeyCheck | KeyRequest | CurrentReport | SensorReport | Ping | Bulk | Strange
Message = Asked | Reply
