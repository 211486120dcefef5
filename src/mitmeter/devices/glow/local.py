"""The local MQTT of newer firmware: JSON under topics → what was heard of the display.

Source: fact sheet §9 [O].
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Context, Decimal

from mitmeter.devices.glow.jsontext import Json, Members
from mitmeter.devices.glow.metered import MOST_TEXT, Heard, Known, bounded, hear_unknown
from mitmeter.devices.glow.pricing import LEAST_PRICE, MOST_PRICE, MOST_STANDING
from mitmeter.devices.glow.registers import ELECTRICITY, METERS, Meter
from mitmeter.model import printable

_EXACT = Context(prec=60)
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
_SENSOR_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")

# Where a meter has no value its pattern for that leaks through, scaled; and nothing is beyond it.
_NOTHING = Decimal(0)
_MOST_KW = Decimal("8388.608")
_MOST_COUNTER = Decimal("16777.215")
_MOST_REGISTER = Decimal("281474976710.655")

# What stands where a meter's number or a supplier belongs when there is none [O].
_NONE_WORDS = frozenset({"", "---", "read pending", "not available", "empty"})

_ROOM = "glowsensorth1"
# Value, its name in quantities, and the limits of what a room can have [A].
_ROOM_VALUES = (
    ("temperature", "temperature_c", Decimal(-60), Decimal(100)),
    ("humidity", "humidity_percent", Decimal(0), Decimal(100)),
    ("battery", "battery_percent", Decimal(0), Decimal(100)),
    ("rssi", "rssi_dbm", Decimal(-128), Decimal(127)),
)


class _Place:
    """An object inside a message, its path, and where what is read in it goes."""

    __slots__ = ("_heard", "_members", "_path")

    def __init__(self, members: Members, path: str, heard: Heard) -> None:
        self._members = members
        self._path = path
        self._heard = heard

    def inside(self, name: str) -> _Place:
        """Return the object of that name; an empty one where there is none."""
        found = self._members.get(name)
        if found is not None and not isinstance(found, dict):
            self._heard.odd.append(f"{self._path}.{name}")
        inner = found if isinstance(found, dict) else {}
        return _Place(inner, f"{self._path}.{name}", self._heard)

    def number(self, name: str, least: Decimal, most: Decimal) -> Decimal | None:
        """Return a number, quoted or not, that lies between both and is neither; else None."""
        value = self._members.get(name)
        if value is None:
            return None
        number = _numeric(value)
        if number is None:
            self._heard.odd.append(f"{self._path}.{name}")
        elif least <= number < most:
            return number
        elif abs(number) != most:
            self._heard.odd.append(f"{self._path}.{name}")
        return None

    def counts_in(self, name: str, unit: str) -> bool:
        """Tell whether the unit named there is the one expected; silence means yes."""
        told = self._members.get(name, unit)
        if isinstance(told, str) and told.lower() == unit:
            return True
        self._heard.odd.append(f"{self._path}.{name}")
        return False

    def counter(self, name: str, most: Decimal, quantity: str) -> None:
        number = self.number(name, _NOTHING, most)
        if number is not None:
            self._heard.measured.append((quantity, number))

    def text(self, name: str, fact: str, *, private: bool) -> None:
        value = self._members.get(name)
        if isinstance(value, str) and value.strip().lower() not in _NONE_WORDS:
            shown = printable(value.strip(), MOST_TEXT)
            self._heard.known.append(Known(fact, shown, private))


def time_of(members: Members) -> datetime | None:
    """Return the message's `timestamp`, or that of what it wraps; None for no real moment."""
    for each in (members, *(value for value in members.values() if isinstance(value, dict))):
        text = each.get("timestamp")
        if isinstance(text, str):
            return _instant(text)
    return None


def _instant(text: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(text)
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def meter_of(members: Members) -> Meter | None:
    """Return which meter's message it is, by its wrapper key."""
    return next((meter for meter in METERS if f"{meter.name}meter" in members), None)


def hear_local_meter(meter: Meter, members: Members) -> Heard:
    """Return what the message of a meter says."""
    heard = Heard()
    wrapper = f"{meter.name}meter"
    inside = _Place({wrapper: members.get(wrapper)}, "", heard).inside(wrapper)
    energy = inside.inside("energy")
    imported = energy.inside("import")
    electric = meter is ELECTRICITY
    if electric:
        _power(inside.inside("power"), heard)
        exported = energy.inside("export")
        if exported.counts_in("units", "kwh"):
            exported.counter("cumulative", _MOST_REGISTER, "grid.export")
    # Before 1.8.13 the gas message had an export and a power of its own, both always 0.
    if imported.counts_in("units", "kwh"):
        imported.counter("cumulative", _MOST_REGISTER, "grid.import" if electric else "gas.energy")
        for period in ("day", "week", "month"):
            imported.counter(period, _MOST_COUNTER, f"vendor.glow.{meter.name}.{period}_kwh")
    # dayvol, weekvol and monthvol repeat day, week and month: kWh, whatever they are called [O].
    if not electric and imported.counts_in("cumulativevolunits", "m3"):
        imported.counter("cumulativevol", _MOST_REGISTER, "gas.volume")
    _price(imported.inside("price"), electric, heard)
    imported.text(meter.number, meter.number, private=True)
    imported.text("supplier", "supplier" if electric else "gas.supplier", private=False)
    return heard


def _power(power: _Place, heard: Heard) -> None:
    """Read the demand, in kW; negative while exporting."""
    if power.counts_in("units", "kw"):
        kilowatts = power.number("value", -_MOST_KW, _MOST_KW)
        if kilowatts is not None and kilowatts != -_MOST_KW:
            watts = _EXACT.multiply(kilowatts, Decimal(1000))
            whole = watts.to_integral_value()
            heard.measured.append(("grid.power", whole if whole == watts else watts))


def _price(price: _Place, electric: bool, heard: Heard) -> None:
    """Read unit rate and standing charge, in pounds per kWh and per day."""
    names = (
        ("price.import", "price.standing")
        if electric
        else ("vendor.glow.gas.price_per_kwh", "vendor.glow.gas.standing_per_day")
    )
    rate = price.number("unitrate", LEAST_PRICE, MOST_PRICE)
    standing = price.number("standingcharge", _NOTHING, MOST_STANDING)
    for name, value in zip(names, (rate, standing), strict=True):
        if value is not None:
            heard.prices.append((name, value))


def hear_rooms(members: Members) -> Heard:
    """Return what the message of wireless room sensors says."""
    heard = Heard()
    sensors = members.get(_ROOM)
    if not isinstance(sensors, dict):
        return heard
    for name, sensor in sensors.items():
        if not isinstance(sensor, dict) or not _SENSOR_NAME.fullmatch(name):
            heard.odd.append(f"{_ROOM}.{printable(name, MOST_TEXT)}")
            continue
        place = _Place(sensor, f"{_ROOM}.{name}", heard)
        for key, quantity, least, most in _ROOM_VALUES:
            # A percentage of 100 is one: the limit itself still counts.
            number = place.inside(key).number("value", least, most + 1)
            if number is not None:
                heard.measured.append((f"vendor.glow.room.{name}.{quantity}", number))
        for key in ("advname", "customname"):
            place.text(key, f"room.{name}.{key}", private=True)
    return heard


_FACTS = (
    ("hardware", "model", False),
    ("smetsversion", "meters", False),
    ("wifistamac", "wifi_mac", True),
    ("ethmac", "ethernet_mac", True),
    ("eui", "eui", True),
)
_STATE_KEYS = {name for name, _, _ in _FACTS} | {"software", "zigbee", "timestamp", "han"}


def hear_state(members: Members) -> Heard:
    """Return what is known of the display itself; its reception is told apart."""
    heard = Heard()
    place = _Place(members, "STATE", heard)
    for name, fact, private in _FACTS:
        place.text(name, fact, private=private)
    software, radio = members.get("software"), members.get("zigbee")
    words = [each for each in (software, radio) if isinstance(each, str) and each]
    if isinstance(radio, str) and radio:
        words[-1] = f"radio {radio}"
    if words:
        heard.known.append(Known("firmware", printable(", ".join(words), MOST_TEXT), private=False))
    for name, value in members.items():
        if name not in _STATE_KEYS:
            hear_unknown(f"STATE.{name}", value, heard)
    return heard


def reception(members: Members) -> tuple[str | None, int | None, int | None]:
    """Return status, dBm and link quality of the meter network, `han`."""
    han = members.get("han")
    if not isinstance(han, dict):
        return None, None, None
    status = han.get("status")
    return (
        status if isinstance(status, str) else None,
        _whole(han.get("rssi"), -127, 127),
        _whole(han.get("lqi"), 0, 255),
    )


def _whole(value: Json, least: int, most: int) -> int | None:
    number = None if value is None else _numeric(value)
    if number is None or not least <= number <= most or number != number.to_integral_value():
        return None
    return int(number)


def _numeric(value: Json) -> Decimal | None:
    """Return a number, quoted or not, that can be meant as one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return bounded(Decimal(value))
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None
