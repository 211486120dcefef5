"""Values and instants as SQLite columns: exact, small, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE = _EPOCH.replace(tzinfo=None)
_MOST = 2**63 - 1

Columns = tuple[int | str, int | None]


def pack(value: Decimal | str) -> Columns:
    """Return the columns (value, exponent) of one reading.

    A number is an integer and a power of ten, `23.10` is (2310, -2): one byte more than its digits
    need, and its trailing zeros come back. What no 64-bit integer can hold (−0.0, NaN, 20 digits)
    is its text with exponent 0. A state is its text with exponent NULL.
    """
    if isinstance(value, str):
        return storable(value), None
    return _pack_number(str(value))


# The same few numbers come every ten seconds.
@lru_cache(maxsize=4096)
def _pack_number(text: str) -> Columns:
    whole, _, fraction = text.partition(".")
    try:
        mantissa = int(whole + fraction)
    except ValueError:  # an exponent, NaN or infinity
        return _pack_unusual(Decimal(text))
    if not -_MOST <= mantissa <= _MOST or (mantissa == 0 and text[0] == "-"):
        return text, 0
    return mantissa, -len(fraction)


def _pack_unusual(value: Decimal) -> Columns:
    sign, digits, exponent = value.as_tuple()
    if isinstance(exponent, str) or len(digits) > 18 or (sign and not any(digits)):
        return str(value), 0
    mantissa = int("".join(map(str, digits)) or "0")
    return (-mantissa if sign else mantissa), exponent


def unpack(value: int | str, exponent: int | None) -> Decimal | str:
    """Return what `pack` was given."""
    if exponent is None:
        return str(value)
    if exponent == 0 or isinstance(value, str):
        return Decimal(value)
    return Decimal(f"{value}E{exponent}")


def storable(text: str) -> str:
    """Return text that UTF-8 can hold, for a peer's JSON may name half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def micros(at: datetime) -> int:
    """Return microseconds since 1970; a naive time is counted as if it were UTC."""
    since = at - (_EPOCH if at.tzinfo is not None else _EPOCH_NAIVE)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant(at_us: int) -> datetime:
    """Return an aware UTC instant, the nearest there is: a zone can carry year 1 into year 0."""
    try:
        return _EPOCH + timedelta(microseconds=at_us)
    except OverflowError:
        end = datetime.min.replace(tzinfo=UTC)
        return end if at_us < 0 else datetime.max.replace(tzinfo=UTC)


def wall(at_us: int) -> datetime:
    """Return a naive time, the way a device without a zone would say it."""
    return _EPOCH_NAIVE + timedelta(microseconds=at_us)
