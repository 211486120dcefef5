"""Register values ⇄ bytes: scaled numbers, and everything a register may hold that is none.

Numbers are exact Decimals. Times are the meter's own, local, without a zone. What has an unknown
layout, or bytes that are no such thing, is `Opaque` with the reason; nothing here raises on a
meter's bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from ipaddress import ip_address

from mitmeter.devices.kamstrup import units
from mitmeter.errors import LocalProtocolError

NEGATIVE, NEGATIVE_EXPONENT, EXPONENT = 0x80, 0x40, 0x3F
DST, VALID = 0x01, 0x02

# Numbers of more bytes have never been seen [O].
LONGEST_NUMBER = 16

_EPOCH = datetime.combine(date(2000, 1, 1), time())
# Enough digits for any number there can be: nothing is ever rounded but where a meter would.
_EXACT = Context(prec=200, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day that comes every year, such as a target date."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time of the meter, local, and its flags as sent: bit 0 summer time, bit 1 valid.

    Of units 53 and 63 bit 2 is "from backup memory" and bit 7 unknown [O]; unit 79 has a summer
    time flag only, so it always counts as valid.
    """

    at: datetime
    flags: int
    valid: bool

    @property
    def dst(self) -> bool:
        return bool(self.flags & DST)

    def __str__(self) -> str:
        dst, valid = " DST" if self.dst else "", "" if self.valid else " (not valid)"
        return f"{self.at:%Y-%m-%d %H:%M:%S}{dst}{valid}"


@dataclass(frozen=True, slots=True)
class Bits:
    """A bit field, big-endian as sent."""

    raw: bytes

    def __str__(self) -> str:
        return f"0x{self.raw.hex()}"


@dataclass(frozen=True, slots=True)
class Opaque:
    """Bytes that say nothing we could name, and why."""

    raw: bytes
    why: str

    def __str__(self) -> str:
        return f"{self.raw.hex(' ')} ({self.why})" if any(self.raw) else self.why


Value = Decimal | time | date | MonthDay | Moment | str | Bits | Opaque


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number as it goes on the wire: sign/exponent byte and mantissa."""

    sigexp: int
    raw: bytes


# --- bytes → values ---


def register_value(unit: int, sigexp: int, raw: bytes) -> Value:
    """Return what a register holds, in the register's own unit.

    sigexp: bit 7 negates the value, bit 6 the exponent of ten in bits 5…0; `42` `00 03 A9 80` is
            2400.00. The mantissa is unsigned, big-endian. [V]
    """
    try:
        if unit not in units.NOT_NUMBERS:
            return _number(sigexp, raw)
        return _special(unit, raw)
    except (ValueError, OverflowError) as exc:
        return Opaque(raw, "not set" if not any(raw) else str(exc))


def _number(sigexp: int, raw: bytes) -> Value:
    if not 1 <= len(raw) <= LONGEST_NUMBER:
        return Opaque(raw, f"a number of {len(raw)} bytes")
    mantissa = int.from_bytes(raw, "big")
    exponent = sigexp & EXPONENT
    if sigexp & NEGATIVE and mantissa:
        mantissa = -mantissa
    if sigexp & NEGATIVE_EXPONENT:
        return Decimal(mantissa).scaleb(-exponent, _EXACT)
    return Decimal(mantissa * 10**exponent)


def _special(unit: int, raw: bytes) -> Value:
    """Raises ValueError for bytes that are no such thing."""
    if unit == units.TEXT:
        return _text(raw)
    if unit == units.BITS:
        return Bits(raw)
    if unit in (units.IPV4, units.IPV6):
        return str(ip_address(_sized(raw, 4 if unit == units.IPV4 else 16)))
    if unit in (units.RTC, units.RTC_Q):
        return _rtc(_sized(raw, 8))
    if unit == units.KAM_DATE_TIME:
        seconds = int.from_bytes(_sized(raw, 5)[1:], "big")
        return Moment(_EPOCH + timedelta(seconds=seconds), raw[0], bool(raw[0] & VALID))
    if unit == units.DST_DATE_TIME:
        return Moment(plain_time(_sized(raw, 7)[1:]), raw[0], True)
    if unit == units.DATE_TIME:
        return Opaque(raw, "the layout of unit 64 is not known")
    return _decimal_form(unit, int.from_bytes(raw, "big"))


def _decimal_form(unit: int, number: int) -> time | date | MonthDay:
    """Read a number such as 134509 or 250601 as clock or date."""
    high, middle, low = number // 10_000, number // 100 % 100, number % 100
    if unit == units.CLOCK:
        return time(high, middle, low)
    if unit == units.DATE:
        if high > 99:
            raise ValueError(f"{number} is no yymmdd")
        return date(2000 + high, middle, low)
    if unit == units.LONG_DATE:
        return date(high, middle, low)
    date(2000, middle, low)  # checks them; 2000 has a 29th of February
    if high:
        raise ValueError(f"{number} is no mmdd")
    return MonthDay(middle, low)


def _rtc(raw: bytes) -> Moment:
    flags = raw[0]
    return Moment(plain_time(raw[:1:-1]), flags, bool(flags & VALID))


def plain_time(raw: bytes) -> datetime:
    """Return six plain binary bytes YY MM DD hh mm ss as a local time.

    Raises ValueError where they are none.
    """
    year, month, day, hour, minute, second = raw
    return datetime.combine(date(2000 + year, month, day), time(hour, minute, second))


def _text(raw: bytes) -> str:
    if not raw.isascii():
        raise ValueError("not ASCII text")
    text = raw.rstrip(b"\0 ").decode("ascii")
    if not text.isprintable():
        raise ValueError("not printable text")
    return text


def _sized(raw: bytes, size: int) -> bytes:
    if len(raw) != size:
        raise ValueError(f"{len(raw)} bytes, expected {size}")
    return raw


# --- values → bytes ---


def encode_number(value: Decimal, sigexp: int, length: int) -> Scaled:
    """Return the value in `length` bytes with the exponent of `sigexp`, cut towards zero.

    The sign of `sigexp` is put right. Raises LocalProtocolError when it does not fit.
    """
    exponent = sigexp & EXPONENT
    shift = exponent if sigexp & NEGATIVE_EXPONENT else -exponent
    mantissa = int(value.scaleb(shift, _EXACT))
    sign = NEGATIVE if mantissa < 0 else 0
    try:
        raw = abs(mantissa).to_bytes(length, "big")
    except OverflowError:
        raise LocalProtocolError(f"{value} does not fit {length} bytes at 10^{-shift}") from None
    return Scaled(sign | sigexp & ~NEGATIVE, raw)


def encode_clock(at: time | datetime, length: int = 4) -> bytes:
    """Return unit 47: the number hhmmss."""
    return (at.hour * 10_000 + at.minute * 100 + at.second).to_bytes(length, "big")


def encode_date(day: date) -> bytes:
    """Return unit 48: the number yymmdd. Raises LocalProtocolError outside 2000..2099."""
    if not 2000 <= day.year <= 2099:
        raise LocalProtocolError(f"year {day.year} does not fit two digits")
    return ((day.year - 2000) * 10_000 + day.month * 100 + day.day).to_bytes(4, "big")


def encode_long_date(day: date) -> bytes:
    """Return unit 49: the number yyyymmdd."""
    return (day.year * 10_000 + day.month * 100 + day.day).to_bytes(4, "big")


def encode_month_day(day: MonthDay, length: int = 2) -> bytes:
    """Return unit 50: the number mmdd."""
    return (day.month * 100 + day.day).to_bytes(length, "big")


def encode_rtc(at: datetime, flags: int = VALID) -> bytes:
    """Return units 53 and 63: flags, weekday (Monday = 1), s, min, h, day, month, year − 2000."""
    parts = (at.isoweekday(), at.second, at.minute, at.hour, at.day, at.month, at.year - 2000)
    return _plain_bytes(flags, *parts)


def encode_kam_date_time(at: datetime, flags: int = VALID) -> bytes:
    """Return unit 72: flags, then seconds since 2000-01-01 local, whole, unsigned 32-bit."""
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    try:
        return _plain_bytes(flags) + seconds.to_bytes(4, "big")
    except OverflowError:
        raise LocalProtocolError(f"{at} is not within 2000..2136") from None


def encode_dst_date_time(at: datetime, dst: int = 0) -> bytes:
    """Return unit 79: summer time flag, YY MM DD hh mm ss."""
    return _plain_bytes(dst, at.year - 2000, at.month, at.day, at.hour, at.minute, at.second)


def encode_text(text: str, length: int, fill: bytes = b"\0") -> bytes:
    """Return unit 54, filled up at the end. Raises LocalProtocolError for what does not fit."""
    if not text.isascii() or len(text) > length:
        raise LocalProtocolError(f"text of {len(text)} characters does not fit {length} of ASCII")
    return text.encode("ascii").ljust(length, fill)


def _plain_bytes(*values: int) -> bytes:
    try:
        return bytes(values)
    except ValueError:
        raise LocalProtocolError(f"{values} do not all fit a byte") from None


def shown(value: Value) -> str:
    """Return a value for people: numbers in full, never with an exponent."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
