"""One meter's clusters → what they measure, what they tell of its state, what is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from mitmeter.devices.glow.jsontext import Json
from mitmeter.devices.glow.pricing import unix_time, zigbee_time
from mitmeter.devices.glow.registers import (
    CLUSTERS,
    KWH,
    METERING,
    NO_VALUE,
    UINT8,
    UINT24,
    UINT32,
    UNITS,
    Amount,
    Attribute,
    Choice,
    Clock,
    Flags,
    HexType,
    Meter,
    Role,
    Scaled,
    Text,
    Unit,
    hex_value,
    scaled,
)
from mitmeter.model import printable

MOST_TEXT = 64
_MOST_ATTRIBUTES = 32
_MAX_DIGITS, _MAX_EXPONENT = 40, 30
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MULTIPLIER, _DIVISOR = 1, 1000
_BCD = 0x80

Value = Decimal | str


@dataclass(frozen=True, slots=True)
class Known:
    """One thing known of a meter, such as its number."""

    name: str
    value: str
    private: bool


@dataclass(slots=True)
class Heard:
    """What one meter, or the rest of a message, was found to say.

    measured: quantities with their values, to be told each time.
    prices:   the same, for what changes a few times a day at most.
    states:   quantities to be told when they change.
    alarms:   states among them that are bad news when they are not "none".
    known:    facts.
    odd:      paths of fields that could not be read.
    problems: what else was not as it should be: a short name for each, and a sentence.
    snapshot: when the meter itself took its registers, where it says so.
    """

    measured: list[tuple[str, Decimal]] = field(default_factory=list)
    prices: list[tuple[str, Decimal]] = field(default_factory=list)
    states: list[tuple[str, Value]] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    snapshot: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    """How one meter's numbers are to be read. A unit of None: not to be read at all."""

    unit: Unit | None
    alternative: Unit | None
    multiplier: int
    divisor: int


class MeterListener:
    """Reads one meter of one display, message by message.

    Most of what a meter says is how it is set up and never changes: what it said the last time is
    not read again.
    """

    __slots__ = ("_formatting", "_meter", "_scale", "_seen")

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._seen: dict[str, Json] = {}
        self._formatting: Json = None
        self._scale = _Scale(meter.unit, KWH, _MULTIPLIER, _DIVISOR)

    def hear(self, clusters: Json, *, stale: bool) -> Heard:
        """Return what the clusters say that is new. Total: what cannot be read is named as odd.

        stale: the display is not on the meter network: a demand would be an old one, and is left
               out.
        """
        heard = Heard()
        if not isinstance(clusters, dict):
            heard.odd.append(self._meter.key)
            return heard
        self._learn_scale(clusters.get(METERING), heard)
        known = CLUSTERS[self._meter]
        for cluster, sets in clusters.items():
            table = known.get(cluster)
            if table is None or not isinstance(sets, dict):
                self._unknown(cluster, sets, heard)
                continue
            for high, attributes in sets.items():
                rules = table.get(high) or table.get(high.upper())
                if rules is None or not isinstance(attributes, dict):
                    self._unknown(f"{cluster}.{high}", attributes, heard)
                    continue
                place = cluster + high
                if place in _SETTLED:
                    if self._seen.get(place) == attributes:
                        continue
                    self._seen[place] = attributes if _small(attributes) else None
                self._attributes(place, rules, attributes, heard, stale=stale)
        return heard

    def _attributes(
        self,
        place: str,
        rules: dict[str, Attribute],
        attributes: dict[str, Json],
        heard: Heard,
        *,
        stale: bool,
    ) -> None:
        scale, seen = self._scale, self._seen
        for low, text in attributes.items():
            rule = rules.get(low) or rules.get(low.upper())
            if type(rule) is Scaled:
                if stale and rule.demand:
                    continue
                if type(text) is not str or not _measure(rule, text, scale, heard):
                    heard.odd.append(self._path(place, low))
            elif rule is None:
                hear_unknown(self._path(place, low), text, heard)
            elif type(rule) is Clock or seen.get(place + low) != text:
                seen[place + low] = text if _short(text) else None
                self._tell(self._path(place, low), rule, text, heard)

    def _unknown(self, path: str, value: Json, heard: Heard) -> None:
        hear_unknown(f"{self._meter.key}.{path}", value, heard)

    def _path(self, place: str, low: str) -> str:
        return f"{self._meter.key}.{place[:4]}.{place[4:]}.{low}"

    # --- how to read it ---

    def _learn_scale(self, metering: Json, heard: Heard) -> None:
        """Learn unit, multiplier and divisor of this meter; assume, and say so, where missing."""
        sets = metering if isinstance(metering, dict) else {}
        formatting = sets.get("03")
        if not sets or (formatting is not None and formatting == self._formatting):
            return
        self._formatting = formatting if _small(formatting) else None
        told = formatting if isinstance(formatting, dict) else {}
        multiplier, divisor = _plain(told.get("01"), UINT24), _plain(told.get("02"), UINT24)
        meter = self._meter
        if multiplier is None or divisor is None:
            words = (
                f"the {meter.name} meter does not tell how its numbers are scaled: 1/1000 assumed"
            )
            heard.problems.append((f"scale.assumed.{meter.name}", words))
        unit = self._unit(_plain(told.get("00"), UINT8), meter.unit, heard)
        alternative = self._unit(_plain(told.get("12"), UINT8), KWH, heard)
        if divisor == 0 or multiplier == 0:
            words = f"the {meter.name} meter scales its numbers by {multiplier}/{divisor}: not read"
            heard.problems.append((f"scale.zero.{meter.name}", words))
            unit = alternative = None
        multiplier = _MULTIPLIER if multiplier is None else multiplier
        self._scale = _Scale(unit, alternative, multiplier, divisor or _DIVISOR)

    def _unit(self, number: int | None, usual: Unit, heard: Heard) -> Unit | None:
        if number is None:
            return usual
        for unit in UNITS:
            if unit.number == number:
                return unit
        form = " in binary-coded decimals" if number >= _BCD else ""
        words = f"the {self._meter.name} meter counts in unit {number & 0x7F:02X}{form}: not read"
        heard.problems.append((f"unit.unknown.{self._meter.name}", words))
        return None

    # --- what it says ---

    def _tell(self, path: str, rule: Attribute, value: Json, heard: Heard) -> None:
        """Read an attribute that is no measurement."""
        if rule in (Role.MULTIPLIER, Role.DIVISOR):
            return
        if not isinstance(value, str):
            heard.odd.append(path)
            return
        if isinstance(rule, Text):
            if shown := printable(value.strip(), MOST_TEXT):
                heard.known.append(Known(rule.fact, shown, rule.private))
            return
        number = hex_value(value, _kind(rule))
        if number is NO_VALUE:
            return
        if not isinstance(number, int):
            heard.odd.append(path)
        elif isinstance(rule, Clock):
            self._clock(rule, number, heard)
        elif not isinstance(rule, Scaled):
            name = rule.name.lower() if isinstance(rule, Role) else rule.name
            quantity = f"vendor.glow.{self._meter.name}.{name}"
            heard.states.append((quantity, _state(rule, number)))
            if isinstance(rule, Flags) and rule.alarm:
                heard.alarms.append(quantity)

    def _clock(self, rule: Clock, seconds: int, heard: Heard) -> None:
        if seconds:
            taken = zigbee_time(seconds)
            quantity = f"vendor.glow.{self._meter.name}.{rule.name}"
            heard.states.append((quantity, taken.isoformat()))
            heard.snapshot = taken if unix_time(int(taken.timestamp())) else None


def _small(attributes: Json) -> bool:
    """Tell whether a set is worth remembering: real ones are, hostile ones only cost memory."""
    return (
        isinstance(attributes, dict)
        and len(attributes) <= _MOST_ATTRIBUTES
        and all(map(_short, attributes.values()))
    )


def _short(value: Json) -> bool:
    return isinstance(value, str) and len(value) <= MOST_TEXT


# Sets without a measurement: the same again says nothing new.
_SETTLED = frozenset(
    cluster + high
    for clusters in CLUSTERS.values()
    for cluster, sets in clusters.items()
    for high, rules in sets.items()
    if not any(isinstance(rule, Scaled | Clock) for rule in rules.values())
)


def _measure(rule: Scaled, text: str, scale: _Scale, heard: Heard) -> bool:
    """Read a measurement; tell whether the text could be read, be it as "no value"."""
    raw = hex_value(text, rule.kind)
    if not isinstance(raw, int):
        return raw is NO_VALUE
    unit = scale.alternative if rule.alternative else scale.unit
    if unit is not None:
        quantity = rule.names[unit]
        thousands = 1 if quantity == "grid.power" else 0
        heard.measured.append((quantity, scaled(raw, scale.multiplier, scale.divisor, thousands)))
    return True


def _plain(value: Json, kind: HexType) -> int | None:
    number = hex_value(value, kind) if isinstance(value, str) else None
    return number if isinstance(number, int) else None


def _kind(rule: Attribute) -> HexType:
    if isinstance(rule, Flags | Amount):
        return rule.kind
    return UINT32 if isinstance(rule, Clock) else UINT8


def _state(rule: Attribute, number: int) -> Value:
    if isinstance(rule, Amount):
        return Decimal(number).scaleb(rule.exponent)
    if isinstance(rule, Choice):
        return dict(rule.words).get(number, f"state {number:02X}")
    if isinstance(rule, Flags):
        return flag_words(number, rule.bits)
    return next((unit.word for unit in UNITS if unit.number == number), f"unit {number:02X}")


def flag_words(number: int, bits: tuple[tuple[int, str], ...]) -> str:
    """Return the names of the bits that are set; a bit without a name is called by its number."""
    names = dict(bits)
    found = [
        names.get(bit, f"bit {bit}") for bit in range(number.bit_length()) if number >> bit & 1
    ]
    return ", ".join(found) or "none"


# --- what nobody has described ---


def hear_unknown(path: str, value: Json, heard: Heard) -> None:
    """Keep whatever stands under a path nobody has described, under its own name."""
    if isinstance(value, dict):
        for name, inner in value.items():
            hear_unknown(f"{path}.{name}", inner, heard)
        return
    shown = _plain_value(value)
    if shown is not None and _NAME.fullmatch(path):
        heard.states.append((f"vendor.glow.{path}", shown))
    elif value is not None and value != "":
        heard.odd.append(path)


def _plain_value(value: Json) -> Value | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return printable(value, MOST_TEXT) or None
    if isinstance(value, int | Decimal):
        return bounded(Decimal(value))
    return None


def bounded(number: Decimal) -> Decimal | None:
    """Return the number, or None where its size says that nobody can have meant it."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or len(digits) > _MAX_DIGITS or abs(exponent) > _MAX_EXPONENT:
        return None
    return number if exponent <= 0 else Decimal(int(number))
