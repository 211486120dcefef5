"""Who an emulated meter is: a persona's tables as typed values, with errors that name the key.

A register is a constant, or a start value and the name of a source (see `sources`) that follows the
simulated house. Everything but the registers has a default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mitmeter.devices.kamstrup.meter_clock import ClockSetting
from mitmeter.devices.kamstrup.phases import Wiring
from mitmeter.devices.kamstrup.sources import SOURCES
from mitmeter.errors import ConfigError

MAX_LENGTH = 255  # bytes of one register; the longest observed has 16 [O]
_ID = re.compile(r"0[xX][0-9A-Fa-f]{1,4}|[0-9]{1,5}")
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_TABLES = {
    "meter": (
        "address",
        "type",
        "revision",
        "serial",
        "relay",
        "pin",
        "login",
        "events",
        "feeds",
        "seed",
    ),
    "timing": ("answer", "relay", "restart", "module"),
    "clock": ("offset", "summer", "drift"),
    "phases": ("shares", "offsets", "cosines"),
}
_KEYS = ("sample", "name", *_TABLES, "place", "module", "registers")


@dataclass(frozen=True, slots=True)
class Register:
    """One register of the map.

    sigexp: the wire's SI, SE, exponent byte. raw: its bytes at the start, `length` of them.
    source: what it tells from then on, or "": it stays as it is.
    follows: the register it shows with fewer digits instead.
    told:   whether the persona gives `raw`; what it does not give is found at the first instant.
    announced: the length its record tells where that is wrong, as some meters do for times [O].
    """

    id: int
    unit: int
    length: int
    sigexp: int
    raw: bytes
    source: str = ""
    told: bool = True
    follows: int | None = None
    announced: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. answer: the least and the most until a reply begins; relay: until a relay has
    moved; restart: how long the module is away; module: until the management service answers."""

    answer: tuple[float, float] = (0.24, 0.34)  # measured at a real 382 [O]
    relay: float = 15.0  # head-ends wait 20 s before they look again [O]
    restart: float = 2.0  # [A]
    module: float = 0.25  # [H]


@dataclass(frozen=True, slots=True)
class Persona:
    """One meter.

    address: KMP address. type, revision: the answer to GetType, two bytes each; serial: that to
             GetSerialNo. Without type, or serial, that is met with silence.
    relay:   whether it can cut off. pin: what Login takes.
    login:   "status": one byte answers, 00 taken, 01 denied [H]; "silent": nothing does [U].
    events:  the event status bytes.
    feeds:   what it measures: "grid", or "load" where there is no sun and no battery.
    seed:    of what wanders in it; 0: that of the run.
    """

    name: str = "meter"
    address: int = 0x3F
    type: bytes | None = None
    revision: bytes = b"\x00\x00"
    serial: int | None = None
    relay: bool = True
    pin: int = 12345
    login: str = "status"
    events: bytes = bytes(3)
    feeds: str = "grid"
    seed: int = 0
    timing: Timing = Timing()
    clock: ClockSetting = field(default_factory=ClockSetting)
    wiring: Wiring = field(default_factory=Wiring)
    registers: Mapping[int, Register] = field(default_factory=dict)


_read: list[tuple[Mapping[str, Any], Persona]] = []


def read_persona(tables: Mapping[str, Any]) -> Persona:
    """Return the persona. Raises ConfigError, naming the key, for what cannot be used.

    Every connection makes a party of the same tables, so the last few are remembered.
    """
    for known, persona in _read:
        if known is tables:
            return persona
    persona = _persona(tables)
    _read.insert(0, (tables, persona))
    del _read[8:]
    return persona


def _persona(tables: Mapping[str, Any]) -> Persona:
    only(tables, _KEYS, "")
    meter, clock, wiring = (table(tables, name) for name in ("meter", "clock", "phases"))
    return Persona(
        name=str(tables.get("name", "meter")),
        address=whole(meter, "meter", "address", 0x3F, 0xFF),
        type=_hex(meter, "meter", "type", "", 2) if "type" in meter else None,
        revision=_hex(meter, "meter", "revision", "0000", 2),
        serial=whole(meter, "meter", "serial", 0, 2**32 - 1) if "serial" in meter else None,
        relay=flag(meter, "meter", "relay", default=True),
        pin=whole(meter, "meter", "pin", 12345, 0xFFFF),
        login=_choice(meter, "login", ("status", "silent")),
        events=_hex(meter, "meter", "events", "000000", 3),
        feeds=_choice(meter, "feeds", ("grid", "load")),
        seed=whole(meter, "meter", "seed", 0, 2**63 - 1),
        timing=read_timing(tables),
        clock=ClockSetting(
            offset_minutes=_offset(clock),
            summer=flag(clock, "clock", "summer", default=True),
            drift=whole(clock, "clock", "drift", 0, 3_600, least=-3_600),
        ),
        wiring=Wiring(
            shares=_three(wiring, "shares", (34, 41, 25), 1, 100),
            offsets=_three(wiring, "offsets", (3, 9, -21), -200, 200),
            cosines=_three(wiring, "cosines", (98, 97, 99), 1, 100),
        ),
        registers=_registers(table(tables, "registers")),
    )


def read_timing(tables: Mapping[str, Any]) -> Timing:
    """Return the table timing of a persona."""
    given = table(tables, "timing")
    usual = Timing()
    answer = given.get("answer", list(usual.answer))
    if not isinstance(answer, list) or len(answer) != 2 or not all(map(_is_seconds, answer)):
        raise ConfigError("timing.answer", f"{answer!r} is not the least and the most seconds")
    if answer[0] > answer[1]:
        raise ConfigError("timing.answer", f"{answer!r}: the least is more than the most")
    return Timing(
        answer=(float(answer[0]), float(answer[1])),
        relay=_seconds(given, "relay", usual.relay),
        restart=_seconds(given, "restart", usual.restart),
        module=_seconds(given, "module", usual.module),
    )


# --- registers


def _registers(given: Mapping[str, Any]) -> dict[int, Register]:
    found: dict[int, Register] = {}
    for name, entry in given.items():
        key = f"registers.{name}"
        number = int(name, 0) if _ID.fullmatch(name) and not _leads_with_zero(name) else 0x1_0000
        if number > 0xFFFF:
            raise ConfigError(key, "is no register number from 0 to 0xFFFF")
        if number in found:
            raise ConfigError(key, "is there twice, in another spelling")
        if not isinstance(entry, Mapping):
            raise ConfigError(key, "is no table")
        found[number] = _register(number, entry, key)
    for register in found.values():
        _check_followed(register, found)
    return found


def _check_followed(register: Register, found: Mapping[int, Register]) -> None:
    if register.follows is None:
        return
    other, key = found.get(register.follows), f"registers.0x{register.id:04X}.follows"
    if other is None or other.follows is not None or not other.source:
        raise ConfigError(key, f"0x{register.follows:04X} is no register with a source")
    if other.unit != register.unit or other.length > 8:
        raise ConfigError(key, f"0x{register.follows:04X} has another unit")


def _leads_with_zero(name: str) -> bool:
    return len(name) > 1 and name[0] == "0" and name[1] not in "xX"


def _register(number: int, entry: Mapping[str, Any], key: str) -> Register:
    only(
        entry,
        ("unit", "length", "sigexp", "value", "raw", "text", "source", "follows", "announced"),
        key,
    )
    unit = whole(entry, key, "unit", 0, 0xFF)
    sigexp = whole(entry, key, "sigexp", 0, 0xFF)
    source = _source(entry, unit, key)
    follows = whole(entry, key, "follows", 0, 0xFFFF) if "follows" in entry else None
    if source and follows is not None:
        raise ConfigError(f"{key}.follows", "is for a register without a source")
    given = [name for name in ("value", "raw", "text") if name in entry]
    if len(given) > 1 or not (given or source or follows is not None):
        raise ConfigError(key, "needs one of value, raw and text, or a source")
    raw = _start(entry, given[0] if given else "", key)
    announced = whole(entry, key, "announced", 0, 0xFF) if "announced" in entry else None
    return Register(number, unit, len(raw), sigexp, raw, source, bool(given), follows, announced)


def _source(entry: Mapping[str, Any], unit: int, key: str) -> str:
    source = entry.get("source", "")
    if not isinstance(source, str) or (source and source not in SOURCES):
        raise ConfigError(f"{key}.source", f"{source!r} is none of {', '.join(SOURCES)}")
    if source and unit not in SOURCES[source].units:
        raise ConfigError(f"{key}.source", f"{source!r} cannot be told in unit {unit}")
    return source


def _start(entry: Mapping[str, Any], given: str, key: str) -> bytes:
    if given == "raw":
        raw = _hex(entry, key, "raw", "")
    elif given == "text":
        text = entry["text"]
        if not isinstance(text, str) or not text.isascii():
            raise ConfigError(f"{key}.text", f"{text!r} is no ASCII text")
        raw = text.encode()
    else:
        length = whole(entry, key, "length", 4, MAX_LENGTH, least=1)
        return whole(entry, key, "value", 0, 256**length - 1).to_bytes(length, "big")
    if len(raw) > MAX_LENGTH:
        raise ConfigError(f"{key}.{given}", f"has {len(raw)} bytes; {MAX_LENGTH} is the most")
    if whole(entry, key, "length", len(raw), MAX_LENGTH) != len(raw):
        raise ConfigError(f"{key}.length", f"is not the {len(raw)} bytes given")
    return raw


# --- keys of tables, for the management service's part as well


def table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a table of the persona, empty where there is none."""
    found = tables.get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigError(name, "is no table")
    if name in _TABLES:
        only(found, _TABLES[name], name)
    return found


def only(given: Mapping[str, Any], known: Iterable[str], key: str) -> None:
    """Raise ConfigError for a key that is not known."""
    names = tuple(known)
    for name in given:
        if name not in names:
            path = f"{key}.{name}" if key else str(name)
            raise ConfigError(path, f"is not known; there is {', '.join(names)}")


def whole(
    given: Mapping[str, Any], key: str, name: str, usual: int, most: int, *, least: int = 0
) -> int:
    """Return a whole number."""
    value = given.get(name, usual)
    if type(value) is not int or not least <= value <= most:
        raise ConfigError(f"{key}.{name}", f"{value!r} is no whole number from {least} to {most}")
    return value


def flag(given: Mapping[str, Any], key: str, name: str, *, default: bool) -> bool:
    """Return a true or a false."""
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise ConfigError(f"{key}.{name}", f"{value!r} is neither true nor false")
    return value


def _choice(given: Mapping[str, Any], name: str, words: tuple[str, str]) -> str:
    value = given.get(name, words[0])
    if value not in words:
        raise ConfigError(f"meter.{name}", f"{value!r} is neither {words[0]!r} nor {words[1]!r}")
    return str(value)


def _hex(
    given: Mapping[str, Any], key: str, name: str, usual: str, length: int | None = None
) -> bytes:
    value = given.get(name, usual)
    try:
        found = bytes.fromhex(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{key}.{name}", f"{value!r} is no hex text") from None
    if length is not None and len(found) != length:
        raise ConfigError(f"{key}.{name}", f"{value!r} is not {length} bytes in hex")
    return found


def _is_seconds(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= 3_600


def _seconds(given: Mapping[str, Any], name: str, usual: float) -> float:
    value = given.get(name, usual)
    if not _is_seconds(value):
        raise ConfigError(f"timing.{name}", f"{value!r} is no number of seconds up to 3600")
    return float(value)


def _offset(given: Mapping[str, Any]) -> int | None:
    value = given.get("offset")
    if value is None:
        return None
    match = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        raise ConfigError("clock.offset", f"{value!r} is not like +01:00")
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def _three(
    given: Mapping[str, Any], name: str, usual: tuple[int, int, int], least: int, most: int
) -> tuple[int, int, int]:
    value = given.get(name, list(usual))
    if not isinstance(value, list) or len(value) != 3:
        raise ConfigError(f"phases.{name}", f"{value!r} is not three numbers, for L1 to L3")
    for each in value:
        if type(each) is not int or not least <= each <= most:
            raise ConfigError(
                f"phases.{name}", f"{each!r} is no whole number from {least} to {most}"
            )
    return value[0], value[1], value[2]
