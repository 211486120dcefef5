"""Texts and JSON values as times, numbers, names and devices, each with an error that says why."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from mitmeter.errors import RemoteProtocolError
from mitmeter.model import CATALOGUE, DeviceId, Kind, printable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = re.compile(r"vendor(\.[A-Za-z0-9_+-]+)+")
_PROTOCOL = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MOST_NAME = 120
_MOST_TEXT = 4_000
_MOST_DIGITS, _MOST_EXPONENT = 40, 30
# What one unit of a number without a unit is, by how many digits such a number has in our days.
_EPOCH_DIGITS = {range(9, 12): 0, range(12, 15): 3, range(15, 18): 6, range(18, 21): 9}


@lru_cache(maxsize=4096)
def device(text: str) -> DeviceId:
    """Return `<protocol>:<serial>` as a device. Raises RemoteProtocolError."""
    found = DeviceId.parse(text)
    if not _PROTOCOL.fullmatch(found.protocol):
        raise RemoteProtocolError(f"device {printable(text, 80)!r} is not <protocol>:<serial>")
    return found


@lru_cache(maxsize=4096)
def quantity_name(text: str) -> str:
    """Return the name when readings may be filed under it: the catalogue's, or `vendor.…`."""
    if text in CATALOGUE or (len(text) <= _MOST_NAME and _NAME.fullmatch(text)):
        return text
    raise RemoteProtocolError(
        f"{printable(text, 80)!r} is no known quantity; names of your own begin with vendor."
    )


def number(text: str) -> Decimal | None:
    """Return the number that a text is, exactly, None for any other text.

    Infinities and what nobody can have meant, by its digits or exponent, are none.
    """
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return bounded(found)


def bounded(found: Decimal) -> Decimal | None:
    _, digits, exponent = found.as_tuple()
    if not isinstance(exponent, int) or len(digits) > _MOST_DIGITS:
        return None
    if abs(exponent) > _MOST_EXPONENT:
        return None
    return found if exponent <= 0 else Decimal(int(found))


def value(name: str, text: str) -> Decimal | str:
    """Return a value as text says it. Raises RemoteProtocolError for a measure that is no number.

    A state of the catalogue is text; a vendor's value is a number where it looks like one.
    """
    known = CATALOGUE.get(name)
    found = None if known is not None and known.kind is Kind.STATE else number(text)
    if found is not None:
        return found
    if known is not None and known.kind is not Kind.STATE:
        raise RemoteProtocolError(f"{name}: {printable(text, 40)!r} is no number")
    return state(name, text)


def state(name: str, text: str) -> str:
    if len(text) > _MOST_TEXT:
        raise RemoteProtocolError(f"{name}: a text of {len(text)} characters")
    return text


def instant(text: str, zone: tzinfo) -> datetime:
    """Return an instant, UTC: ISO 8601, or seconds (milli, micro, nano) since 1970.

    zone: of a time that names none. Raises RemoteProtocolError.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _since_1970(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    try:
        return found.astimezone(UTC)
    except OverflowError as exc:
        raise RemoteProtocolError(f"{printable(text, 40)!r} is no time") from exc


def own_time(text: str) -> datetime:
    """Return a device's own time as it was told, naive where it named no zone."""
    try:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise RemoteProtocolError(f"{printable(text, 40)!r} is no time") from exc


def _since_1970(text: str) -> datetime:
    whole = text.lstrip("-").partition(".")[0]
    exponent = next((each for sizes, each in _EPOCH_DIGITS.items() if len(whole) in sizes), None)
    found = number(text)
    if found is None or exponent is None or not whole.isdecimal():
        raise RemoteProtocolError(f"{printable(text, 40)!r} is no time")
    microseconds = int(found.scaleb(6 - exponent))
    return _EPOCH + timedelta(microseconds=microseconds)
