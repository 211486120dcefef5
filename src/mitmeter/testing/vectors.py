"""Golden vectors: bytes from outside our code, what they must decode to, where they come from.

A file `vectors/*.toml` of a protocol's package holds `[[vector]]` tables:

    name      a sentence's worth; unique in the package
    sender    "device" or "headend"
    source    provenance, with its evidence mark; never left out
    hex       the bytes; spaces and line ends are skipped. Or, for a text payload, the three parts
              header_hex, text and crc_hex, joined
    sha256    of the bytes, where the source gives it
    message   what the one message must say: `type` and any of its members; or
    undecodable  a part of the reason why it is no message; or
    frames    for a stream: a list of `message` tables, or `{ undecodable = "…" }`, in order
    readings  some of the readings: `quantity`, `value`, and `reported` where it matters; an empty
              list says there are none
    cuts      offsets to cut the bytes at once, beside whole and byte by byte

In a message table, pairs of name and value (`members`) are a table; a name said twice has a list.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

from mitmeter.errors import ConfigError
from mitmeter.model import Side

_KNOWN = {
    "name", "sender", "source", "hex", "header_hex", "text", "crc_hex", "sha256",
    "message", "undecodable", "frames", "readings", "cuts",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExpectedMessage:
    """What one message must say: a part of what `describe(message, reveal=True)` gives."""

    parts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExpectedUndecodable:
    """A part of the reason why bytes are no message."""

    reason: str


@dataclass(frozen=True, slots=True)
class ExpectedReading:
    """One reading; `reported` None means it does not matter."""

    quantity: str
    value: Decimal | str
    reported: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vector:
    """One golden vector.

    frames:   the items it decodes to, in order.
    readings: some of its readings; None says nothing, () says there are none.
    """

    name: str
    sender: Side
    data: bytes
    source: str
    frames: tuple[ExpectedMessage | ExpectedUndecodable, ...]
    readings: tuple[ExpectedReading, ...] | None = None
    cuts: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name


def load_vectors(package: str) -> tuple[Vector, ...]:
    """Return all vectors of a protocol's package, by file name and place.

    Raises ConfigError with the file and key of what is wrong or missing.
    """
    folder = files(package).joinpath("vectors")
    if not folder.is_dir():
        return ()
    found: list[Vector] = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            found += parse_vectors(file.read_text(encoding="utf-8"), file.name)
    names = [vector.name for vector in found]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(package, f"two vectors are named {name!r}")
    return tuple(found)


def parse_vectors(text: str, file: str) -> list[Vector]:
    """Return the vectors of one file's text. `file` is named in errors."""
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(file, f"is not TOML: {exc}") from None
    return [
        _vector(_Entry(entry, f"{file}: vector[{index}]"))
        for index, entry in enumerate(table.get("vector", []))
    ]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One table and where it stands, for errors that name the key."""

    table: Mapping[str, Any]
    path: str

    def error(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self.path}.{key}", problem)

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "is missing or not text")
        return value


def _vector(entry: _Entry) -> Vector:
    for key in entry.table.keys() - _KNOWN:
        raise entry.error(key, f"is not a known key; there is {', '.join(sorted(_KNOWN))}")
    sender = entry.text("sender")
    if sender not in {side.value for side in Side}:
        raise entry.error("sender", f'{sender!r} is neither "device" nor "headend"')
    return Vector(
        name=entry.text("name"),
        sender=Side(sender),
        data=_data(entry),
        source=entry.text("source"),
        frames=tuple(_frames(entry)),
        readings=_readings(entry),
        cuts=tuple(entry.table.get("cuts", ())),
    )


def _data(entry: _Entry) -> bytes:
    if "hex" in entry.table:
        data = _hex(entry, "hex")
    elif "text" in entry.table:
        payload = entry.text("text").encode()
        data = _hex(entry, "header_hex") + payload + _hex(entry, "crc_hex")
    else:
        raise entry.error("hex", "is missing, and so is text")
    wanted = entry.table.get("sha256")
    got = hashlib.sha256(data).hexdigest()
    if wanted is not None and wanted != got:
        raise entry.error("sha256", f"the {len(data)} bytes have {got}")
    return data


def _hex(entry: _Entry, key: str) -> bytes:
    if key != "hex" and key not in entry.table:
        return b""
    try:
        return bytes.fromhex(entry.text(key))
    except ValueError as exc:
        raise entry.error(key, str(exc)) from None


def _frames(entry: _Entry) -> Iterator[ExpectedMessage | ExpectedUndecodable]:
    ways = [key for key in ("message", "undecodable", "frames") if key in entry.table]
    if len(ways) != 1:
        raise entry.error("message", "give exactly one of message, undecodable and frames")
    if ways == ["undecodable"]:
        yield ExpectedUndecodable(entry.text("undecodable"))
        return
    frames = entry.table["frames"] if ways == ["frames"] else [entry.table["message"]]
    for index, frame in enumerate(frames):
        inner = frame.get("message", frame)
        if "undecodable" in inner:
            yield ExpectedUndecodable(str(inner["undecodable"]))
        elif "type" in inner:
            yield ExpectedMessage(inner)
        else:
            raise entry.error(f"{ways[0]}[{index}]", "has no type")


def _readings(entry: _Entry) -> tuple[ExpectedReading, ...] | None:
    if "readings" not in entry.table:
        return None
    found = []
    for index, reading in enumerate(entry.table["readings"]):
        inner = _Entry(reading, f"{entry.path}.readings[{index}]")
        reported = reading.get("reported")
        if isinstance(reported, str):
            reported = datetime.fromisoformat(reported)
        if "value" not in reading:
            raise inner.error("value", "is missing")
        value = reading["value"]
        exact = value if isinstance(value, str) else Decimal(value)
        found.append(ExpectedReading(inner.text("quantity"), exact, reported))
    return tuple(found)
