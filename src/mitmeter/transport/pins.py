"""Trust on first use: which certificate a server showed first, and whether it still does.

One file holds the pins of all stations. A server's first certificate is pinned; another one later
is refused and remembered beside it, so that the operator can accept it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mitmeter.errors import LinkError

WARN_BEFORE = timedelta(days=30)
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as a server showed it.

    sha256:  of the DER, hexadecimal.
    subject: its distinguished name, as RFC 4514 writes it.
    begins, ends: its validity, ISO 8601 in UTC.
    seen:    when it was first shown to us, ISO 8601 in UTC.
    station: through which station.
    """

    sha256: str
    subject: str
    begins: str
    ends: str
    seen: str
    station: str

    @property
    def not_after(self) -> datetime:
        return datetime.fromisoformat(self.ends)


@dataclass(frozen=True, slots=True)
class Pin:
    """What is trusted of one server, and what it showed instead, while that is not accepted.

    where: host and port as they are dialled, such as 192.0.2.7:443.
    """

    where: str
    trusted: Shown
    refused: Shown | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The server shows what it always did."""

    pin: Pin


@dataclass(frozen=True, slots=True)
class New:
    """This server was never seen before; what it shows is pinned from now on."""

    pin: Pin


@dataclass(frozen=True, slots=True)
class Changed:
    """The server shows another certificate than the pinned one: it is not to be spoken to.

    first: whether this very certificate is shown for the first time.
    """

    pin: Pin
    first: bool

    def __str__(self) -> str:
        refused = self.pin.refused
        assert refused is not None  # noqa: S101 - it is what changed
        return (
            f"{self.pin.where} shows another certificate than before: {refused.sha256} "
            f"({refused.subject}), trusted is {self.pin.trusted.sha256}; if it was renewed, "
            f"mitmeter pins accept {self.pin.where}"
        )


Judgement = Known | New | Changed


class PinBook:
    """The pins of one data directory; several processes may use it at once.

    Every change is made under a lock and written whole, so a first use is one: of two connections
    that begin together, the second already meets the first one's pin.
    Raises: LinkError where the file cannot be read or written, or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def judge(self, where: str, der: bytes, station: str, now: datetime) -> Judgement:
        """Say what this certificate is to us, and keep what is new."""
        sha256 = hashlib.sha256(der).hexdigest()
        with self._locked() as pins:
            pin = pins.get(where)
            if pin is None:
                pins[where] = pin = Pin(where, describe(der, station, now))
                return New(pin)
            if pin.trusted.sha256 == sha256:
                return Known(pin)
            first = pin.refused is None or pin.refused.sha256 != sha256
            if first:
                pins[where] = pin = replace(pin, refused=describe(der, station, now))
            return Changed(pin, first)

    def pins(self) -> list[Pin]:
        """Return all pins, by server."""
        return [pin for _, pin in sorted(self._read().items())]

    def accept(self, where: str) -> Pin:
        """Trust what the server showed last. Raises LinkError where nothing waits for that."""
        with self._locked() as pins:
            pin = pins.get(where)
            if pin is None:
                raise LinkError(f"no certificate of {where} is known{_others(pins)}")
            if pin.refused is None:
                raise LinkError(f"{where} shows the trusted certificate; there is none to accept")
            pins[where] = Pin(where, pin.refused)
            return pins[where]

    def forget(self, where: str) -> Pin:
        """Trust whatever the server shows next. Raises LinkError for a server never seen."""
        with self._locked() as pins:
            if where not in pins:
                raise LinkError(f"no certificate of {where} is known{_others(pins)}")
            return pins.pop(where)

    # the file

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Pin]]:
        """Give the pins to change; write them at the end if they did."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise LinkError(f"{self._path}: {exc.strerror}") from exc
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            pins = self._read()
            before = dict(pins)
            yield pins
            if pins != before:
                self._write(pins)
        finally:
            os.close(lock)

    def _read(self) -> dict[str, Pin]:
        try:
            held = json.loads(self._path.read_bytes())
            return {each["where"]: _pin(each) for each in held["pins"]}
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise LinkError(f"{self._path}: {exc.strerror}") from exc
        except (ValueError, KeyError, TypeError) as exc:
            raise LinkError(
                f"{self._path} holds no pins of ours ({exc}); move it away to trust anew"
            ) from exc

    def _write(self, pins: dict[str, Pin]) -> None:
        text = json.dumps(
            {"version": _VERSION, "pins": [asdict(pins[where]) for where in sorted(pins)]}, indent=1
        )
        beside = self._path.with_suffix(".new")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self._path)
        except OSError as exc:
            raise LinkError(f"{self._path}: {exc.strerror}") from exc


def describe(der: bytes, station: str, now: datetime) -> Shown:
    """Return what a person wants to know of a certificate; one that cannot be read is pinned by its
    bytes alone, and is taken to end when it is seen.
    """
    from cryptography import x509

    seen = _text(now)
    sha256 = hashlib.sha256(der).hexdigest()
    try:
        found = x509.load_der_x509_certificate(der)
        begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
        subject = found.subject.rfc4514_string()
    except ValueError:
        return Shown(sha256, "unreadable", seen, seen, seen, station)
    return Shown(sha256, subject, _text(begins), _text(ends), seen, station)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _pin(held: dict[str, Any]) -> Pin:
    refused = held["refused"]
    return Pin(
        str(held["where"]), _shown(held["trusted"]), None if refused is None else _shown(refused)
    )


def _shown(held: dict[str, Any]) -> Shown:
    shown = Shown(**{each.name: str(held[each.name]) for each in fields(Shown)})
    if shown.not_after.tzinfo is None:
        raise ValueError("an end of validity without a time zone")
    return shown


def _others(pins: dict[str, Pin]) -> str:
    return f"; known are {', '.join(sorted(pins))}" if pins else ""
