"""The tariff a display posts: its fields, put right where a label has commas, and its decimals.

Source: fact sheet §6: indices 3, 5, 10 and 12 from running code [O], the others by their place in
the ZigBee command PublishPrice [I].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal

from mitmeter.devices.glow.registers import (
    BITS8,
    CLOCK_SET,
    UINT8,
    UINT16,
    UINT32,
    ZIGBEE_EPOCH,
    HexType,
    hex_value,
)

_LABEL, _DEVICE_TIME, _CURRENCY, _DIGITS, _START, _DURATION, _PRICE = 3, 5, 7, 8, 10, 11, 12

# What else is known of the fields; told as numbers under `vendor.glow.price.`.
_NUMBERS = (
    (2, "provider", UINT32),
    (4, "issuer_event", UINT32),
    (6, "unit", UINT8),
    (9, "tiers", BITS8),
    (13, "ratio", UINT8),
    (14, "generation_price_raw", UINT32),
    (15, "generation_ratio", UINT8),
    (16, "alternate_cost_raw", UINT32),
    (17, "alternate_cost_unit", UINT8),
    (18, "alternate_cost_digits", UINT8),
    (19, "block_thresholds", UINT8),
    (20, "control", UINT8),
    (21, "generation_tiers", UINT8),
    (22, "generation_tier", UINT8),
    (23, "extended_tiers", UINT8),
    (24, "extended_tier", UINT8),
    (25, "extended_register_tier", UINT8),
)

# The price's decimals where the field does not tell: raw ÷ 100 is pence, as the public dashboard
# has it [O].
ASSUMED_DIGITS = 4
_CREDIBLE_DIGITS = range(2, 7)
# A UK unit rate lies between these, in pounds per kWh [I]; a day's charge between those [A].
LEAST_PRICE, MOST_PRICE = Decimal(-1), Decimal(2)
MOST_STANDING = Decimal(10)

# How far the meter's clock may be from the display's, and how old or early a tariff may be [A].
_NEAR = timedelta(days=2)
_OLDEST, _EARLIEST = timedelta(days=20 * 365), timedelta(days=2 * 365)
_EXACT = Context(prec=40)
# 26 fields are described; a label of 12 characters has room for 12 commas.
_MOST_FIELDS = 40
_POUND_STERLING = 826


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a price message says. None is what it does not say, or says in a way nobody believes.

    price, standing: in pounds (or whatever `currency` is) per kWh and per day, exact.
    currency:        ISO 4217, by number; 826 is GBP.
    start, device_time: aware UTC; a start of None means from now on.
    duration:        minutes; None: until changed.
    numbers:         the other fields, by name.
    digits_assumed:  the message did not tell the decimals.
    refused:         what was not believed, in words.
    """

    label: str
    price: Decimal | None
    standing: Decimal | None
    currency: int | None
    start: datetime | None
    device_time: datetime | None
    duration: int | None
    tier: int | None
    numbers: tuple[tuple[str, int], ...]
    digits_assumed: bool
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A price message that makes no sense, and why."""

    reason: str


def read_tariff(body: str, sent: datetime | None) -> Tariff | Unreadable:
    """Return what the body of a price message says.

    sent: when, by the display's clock; None when that has not been set.
    """
    lines = dict(_lines(body))
    fields = _aligned(lines.get("EPRICE", []), sent)
    if fields is None:
        count = len(lines.get("EPRICE", []))
        return Unreadable(f"{count} fields without a time where one belongs")
    digits = _number(fields, _DIGITS, BITS8)
    told = digits is not None and digits >> 4 in _CREDIBLE_DIGITS
    places = digits >> 4 if digits is not None and told else ASSUMED_DIGITS
    refused: list[str] = []
    price = _amount(_number(fields, _PRICE, UINT32), places)
    if price is not None and not LEAST_PRICE <= price <= MOST_PRICE:
        refused.append(f"a unit rate of {price} is outside {LEAST_PRICE} to {MOST_PRICE}")
        price = None
    standing = _amount(_number(lines.get("ESTDCHG", []), 0, UINT32), places)
    if standing is not None and standing > MOST_STANDING:
        refused.append(f"a standing charge of {standing} is above {MOST_STANDING}")
        standing = None
    numbers = ((name, _number(fields, at, kind)) for at, name, kind in _NUMBERS)
    return Tariff(
        label=fields[_LABEL],
        price=price,
        standing=standing,
        currency=_number(fields, _CURRENCY, UINT16),
        start=_time(fields[_START]),
        device_time=_time(fields[_DEVICE_TIME]),
        duration=_number(fields, _DURATION, UINT16),
        tier=None if digits is None else digits & 0x0F,
        numbers=tuple((name, number) for name, number in numbers if number is not None),
        digits_assumed=not told,
        refused=tuple(refused),
    )


def currency_words(number: int) -> str:
    return "GBP" if number == _POUND_STERLING else f"ISO 4217 number {number}"


def _lines(body: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each line's tag and fields, the last line first: of a repeated tag the first counts."""
    for line in reversed(body.replace("\r\n", "\n").split("\n")):
        tag, colon, rest = line.partition(":")
        if colon:
            yield tag.strip(), rest.split(",", _MOST_FIELDS)


def _aligned(fields: list[str], sent: datetime | None) -> list[str] | None:
    """Return the fields with the label's own commas healed; None when no reading makes sense."""
    for extra in range(len(fields) - _START):
        label = ",".join(fields[_LABEL : _LABEL + 1 + extra])
        tried = [*fields[:_LABEL], label, *fields[_LABEL + 1 + extra :]]
        tried = [field.strip() for field in tried]
        if len(tried) > _START and _sensible(tried, sent):
            return tried
    return None


def _sensible(fields: list[str], sent: datetime | None) -> bool:
    """Tell whether there are times where they belong: one of about now, one of a tariff's start."""
    told, start = _time(fields[_DEVICE_TIME]), _seconds(fields[_START])
    if told is None or start is None or told.timestamp() < CLOCK_SET:
        return False
    if sent is not None and not -_NEAR <= told - sent <= _NEAR:
        return False
    return start == 0 or -_OLDEST <= zigbee_time(start) - told <= _EARLIEST


def _seconds(text: str) -> int | None:
    """Return a ZigBee time, which is always written with 8 digits."""
    number = hex_value(text, UINT32) if len(text) == 8 else None
    return number if isinstance(number, int) else None


def _time(text: str) -> datetime | None:
    """Return the instant, or None for 0, which is "now" or "not set"."""
    seconds = _seconds(text)
    return zigbee_time(seconds) if seconds else None


def zigbee_time(seconds: int) -> datetime:
    """Return the instant so many seconds, of 32 bits at most, after 2000 began."""
    return datetime.fromtimestamp(seconds + ZIGBEE_EPOCH, UTC)


def unix_time(seconds: int) -> datetime | None:
    """Return the instant, or None where the clock has not been set. seconds: of 32 bits at most."""
    return datetime.fromtimestamp(seconds, UTC) if seconds >= CLOCK_SET else None


def _number(fields: list[str], at: int, kind: HexType) -> int | None:
    number = hex_value(fields[at].strip(), kind) if at < len(fields) else None
    return number if isinstance(number, int) else None


def _amount(raw: int | None, places: int) -> Decimal | None:
    return None if raw is None else Decimal(raw).scaleb(-places, _EXACT)
