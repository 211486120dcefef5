"""A meter nobody has, made up from a number: random but plausible, the same number the same meter.

Everything that identifies it is drawn: serial and meter numbers, MAC address (under the vendor's
prefix), firmware, network, place, clock, how fast it answers and what is on its counters.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from mitmeter.devices.kamstrup.persona_text import Plain, persona_text, register_line, toml_table
from mitmeter.devices.kamstrup.registers import name_of

T = TypeVar("T")

_OUI = "00:13:EA"  # the vendor's prefix [H]
# Where such meters were rolled out: zone, latitude and longitude of a town, standard time's offset,
# kWh a year of an ordinary house, and what its provider calls itself on the network.
_PLACES: tuple[tuple[str, float, float, str, int], ...] = (
    ("Europe/Copenhagen", 56.16, 10.20, "+01:00", 4_100),
    ("Europe/Copenhagen", 55.40, 10.39, "+01:00", 4_400),
    ("Europe/Stockholm", 59.61, 16.54, "+01:00", 9_200),
    ("Europe/Stockholm", 56.88, 14.81, "+01:00", 10_400),
    ("Europe/Oslo", 59.74, 10.20, "+01:00", 13_900),
    ("Europe/Oslo", 58.97, 5.73, "+01:00", 12_700),
    ("Europe/Helsinki", 61.50, 23.76, "+02:00", 8_900),
    ("Europe/Amsterdam", 52.37, 5.22, "+01:00", 3_000),
    ("Europe/Zurich", 47.05, 8.31, "+01:00", 4_700),
    ("Europe/Vienna", 48.31, 14.29, "+01:00", 4_000),
    ("Europe/Warsaw", 51.25, 22.57, "+01:00", 2_300),
)
# Type codes of the 382 family, with and without relay [O].
_KINDS: tuple[tuple[str, bool], ...] = (
    ("5300", False), ("5301", True), ("5303", True), ("5500", False), ("5501", True),
    ("5502", True), ("5503", True), ("6200", True), ("6300", True), ("6800", True), ("6900", True),
)  # fmt: skip
_MODULES = ("5.1 (C4)", "5.2 (D1)", "5.3 (D3)", "5.4 (E1)", "5.4 (E2)", "5.5 (E4)", "5.6 (F1)")
_TYPES = ("684", "685", "070", "382")


class _Dice:
    """Numbers drawn by what they are for, so that a new one changes no other."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def below(self, what: str, most: int) -> int:
        """Return 0 up to `most`, excluded."""
        key = f"{self._seed}/{what}".encode()
        return int.from_bytes(blake2b(key, digest_size=16).digest(), "big") % most

    def within(self, what: str, least: int, most: int) -> int:
        return least + self.below(what, most - least + 1)

    def one(self, what: str, of: Sequence[T]) -> T:
        return of[self.below(what, len(of))]


def invent(seed: int) -> str:
    """Return a persona's file, for all ports of the unit."""
    dice = _Dice(seed)
    zone, latitude, longitude, offset, yearly = dice.one("place", _PLACES)
    kind, relay = dice.one("kind", _KINDS)
    serial = dice.within("serial", 11_000_000, 24_999_999)
    parts = [
        toml_table("", {"name": "An invented meter"}),
        toml_table("meter", _meter(dice, kind, serial, relay=relay)),
        toml_table("timing", _timing(dice)),
        toml_table("clock", {"offset": offset, "drift": dice.within("drift", -180, 180)}),
        toml_table("phases", _phases(dice)),
        toml_table("place", _place(dice, zone, latitude, longitude)),
        toml_table("module", _module(dice, serial)),
    ]
    return persona_text(parts, _registers(dice, serial, yearly, kind))


def _meter(dice: _Dice, kind: str, serial: int, *, relay: bool) -> dict[str, Plain]:
    letter, number = dice.within("letter", 1, 11), dice.within("number", 1, 9)
    return {
        "address": 0x3F,
        "type": kind,
        "revision": f"{letter:02x}{number:02x}",
        "serial": serial,
        "relay": relay,
        "pin": dice.within("pin", 1_000, 65_535),
        "login": "status",
        "feeds": "load",
        "seed": dice.below("seed", 2**63),
    }


def _timing(dice: _Dice) -> dict[str, Plain]:
    least = dice.within("answer", 200, 310)
    return {
        "answer": [least / 1000, (least + dice.within("spread", 60, 140)) / 1000],
        "relay": dice.within("relay", 8, 18),
        "restart": dice.within("restart", 20, 75) / 10,
        "module": dice.within("module", 180, 420) / 1000,
    }


def _phases(dice: _Dice) -> dict[str, Plain]:
    first, second = dice.within("share 1", 22, 44), dice.within("share 2", 22, 34)
    return {
        "shares": [first, second, 100 - first - second],
        "offsets": [dice.within(f"offset {n}", -30, 30) for n in range(3)],
        "cosines": [dice.within(f"cosine {n}", 94, 99) for n in range(3)],
    }


def _place(dice: _Dice, zone: str, latitude: float, longitude: float) -> dict[str, Plain]:
    """Somewhere around a town, to a hundredth of a degree, and whose house it is there."""
    return {
        "seed": dice.below("house", 2**31),
        "zone": zone,
        "latitude": round(latitude + dice.within("latitude", -12, 12) / 100, 2),
        "longitude": round(longitude + dice.within("longitude", -15, 15) / 100, 2),
    }


def _module(dice: _Dice, serial: int) -> dict[str, Plain]:
    net = f"{dice.one('net', ('10.', '172.'))}"
    net += f"{dice.within('second', 16, 31)}.{dice.below('third', 256)}"
    tail = ":".join(f"{dice.below(f'mac {n}', 256):02X}" for n in range(3))
    host, router = dice.within("host", 10, 250), dice.one("router", (1, 254))
    kap = f"{net[: net.index('.') + 1]}{dice.within('kap second', 16, 31)}"
    interval = dice.one("interval", (10, 20, 30, 60))
    return {
        "version": dice.one("version", _MODULES),
        "mac": f"{_OUI}:{tail}",
        "meter_a": _meter_number(dice, serial, "meter A"),
        "meter_b": _meter_number(dice, serial, "meter B"),
        "dhcp": dice.below("dhcp", 2) == 1,
        "ip": f"{net}.{host}",
        "mask": "255.255.255.0",
        "gateway": f"{net}.{router}",
        "dhcp_ip": f"{net}.{host}",
        "dhcp_mask": "255.255.255.0",
        "dhcp_gateway": f"{net}.{router}",
        "dns1": f"{kap}.{dice.below('dns', 256)}.{dice.within('dns host', 2, 60)}",
        "kap_host": "0 - none",
        "kap_ip": f"{kap}.{dice.below('kap third', 256)}.{dice.within('kap host', 2, 250)}",
        "kap_port": dice.within("kap port", 49_200, 64_900),
        "kap_local_port": 8000,
        "channel_a": 1025,
        "channel_b": 1026,
        "kap_acknowledged": True,
        "interval": interval,
        "missing": dice.one("missing", (30, 60, 90)),
        "wdt": dice.one("wdt", (1_800, 3_600, 7_200)),
    }


def _meter_number(dice: _Dice, serial: int, what: str) -> str:
    """Return ten opaque bytes, as the module shows them [O]."""
    drawn = serial.to_bytes(4, "little") if what == "meter A" else b""
    while len(drawn) < 10:
        drawn += bytes((dice.below(f"{what} {len(drawn)}", 256),))
    return drawn.hex(" ").upper()


# --- registers


def _registers(dice: _Dice, serial: int, yearly: int, kind: str) -> list[str]:
    """Return the map: counters with years of use on them, and what follows the house."""
    days = dice.within("days", 500, 5_400)
    used = yearly * dice.within("thrift", 60, 150) * days * 10_000 // 36_500  # 0.1 Wh
    used += dice.below("rest", 100_000)
    type_number = dice.one("type", _TYPES) + f"{dice.below('type number', 10**5):05d}"
    type_number += dice.one("suffix", ("JA", "JB", "KA", "NA")) + f"{dice.within('year', 10, 99)}"
    config = dice.within("config 2", 11_000_000, 39_999_999)
    found: dict[int, dict[str, Plain]] = {}

    def energy(number: int, unit: int, exponent: int, **more: Plain) -> None:
        given: dict[str, Plain] = {"unit": unit, "length": 4, "sigexp": exponent}
        found[number] = given | (more or {"value": 0})

    energy(0x0001, 2, 0x41, follows=0x000D)
    energy(0x0002, 2, 0x41, follows=0x000E)
    energy(0x000D, 2, 0x44, value=used, source="import")
    energy(0x000E, 2, 0x44, value=0, source="export")
    energy(0x0011, 2, 0x41, value=used // 1_000 % 50_000, source="import")
    energy(0x0013, 2, 0x41, follows=0x000D)
    energy(0x0407, 2, 0x41, follows=0x000D)
    for number in (*range(3, 7), 0xF, 0x10, 0x15, 0x16, 0x19, 0x1A, 0x1D, 0x1E, 0x21, 0x22):
        energy(number, 14, 0x44 if number in (0xF, 0x10) else 0x41)
    for number in (0x12, 0x14, 0x17, 0x18, 0x1B, 0x1C, 0x1F, 0x20, *range(0x423, 0x42B), 0x461):
        energy(number, 2, 0x41)
    for number in range(0x42B, 0x433):
        energy(number, 14, 0x41)
    peak = dice.within("peak", 4_100, 10_900)
    for number in range(0x23, 0x2F):
        energy(number, 26 if number in (0x25, 0x26, 0x29, 0x2A, 0x2D, 0x2E) else 22, 0x43)
    found[0x27]["value"] = peak
    found[0x2B]["value"] = peak * (days // 30)
    found |= _numbers(dice, serial, config, days)
    found |= _measured(dice, peak)
    text = type_number[:10]
    found[0x0422] = {"unit": 54, "sigexp": 0, "text": text}
    found[0x0466] = {"unit": 54, "sigexp": 0, "text": f"{text}{dice.below('complete', 1000):03d}"}
    found[0x0408] = {"unit": 51, "length": 2, "sigexp": 0, "value": int(kind[2:], 16)}
    return [register_line(key, found[key], name_of(key)) for key in sorted(found)]


def _numbers(dice: _Dice, serial: int, config: int, days: int) -> dict[int, dict[str, Plain]]:
    """Return identity, set-up and times."""
    clock: dict[str, Plain] = {"unit": 47, "length": 4, "sigexp": 0, "source": "clock"}
    date: dict[str, Plain] = {"unit": 48, "length": 4, "sigexp": 0, "source": "date"}
    rtc: dict[str, Plain] = {"unit": 53, "length": 8, "sigexp": 0, "source": "rtc"}
    plain = {
        0x0032: 0,
        0x0033: dice.within("user number", 1_000_000, 99_999_999),
        0x0034: 0,
        0x0035: 0,
        0x0036: dice.within("config 1", 21_000_001, 21_999_999),
        0x0037: config,
        0x0038: dice.within("config 3", 1_000, 9_999),
        0x0039: dice.below("special", 100),
        0x03E9: serial,
        0x03ED: dice.within("software", 5_098_101, 53_011_999),
        0x0405: dice.within("config 4", 100, 199),
        0x0406: dice.within("unnamed", 10_000_000, 99_999_999),
        0x0433: dice.below("config 5", 100),
        0x043E: dice.one("logger status", (101_110, 101_100, 111_110)),
    }
    found: dict[int, dict[str, Plain]] = {
        key: {"unit": 51, "length": 4, "sigexp": 0, "value": value} for key, value in plain.items()
    }
    found[0x03EA], found[0x03EB], found[0x0417] = clock, date, rtc
    hours: dict[str, Plain] = {"unit": 46, "length": 4, "sigexp": 0, "value": days * 24}
    found[0x03EC] = hours | {"source": "hours"}
    found[0x03F2] = {"unit": 51, "length": 10, "sigexp": 0, "value": serial}
    rom = dice.below("rom", 65_536)
    found[0x043B] = {"unit": 51, "length": 2, "sigexp": 0, "value": rom}
    for number, seconds in ((0x458, 30), (0x459, 30), (0x45A, 30), (0x45B, 60)):
        found[number] = {"unit": 60, "length": 2, "sigexp": 0, "value": seconds}
    return found


def _measured(dice: _Dice, peak: int) -> dict[int, dict[str, Plain]]:
    """Return what flows now."""
    found: dict[int, dict[str, Plain]] = {}
    for number, source in ((0x3FF, "power_import"), (0x400, "power_export")):
        found[number] = {"unit": 22, "length": 4, "sigexp": 0x43, "source": source}
    for number in (0x401, 0x402):
        found[number] = {"unit": 26, "length": 4, "sigexp": 0x43, "value": 0}
    found[0x40F] = {"unit": 22, "length": 4, "sigexp": 0x43, "value": peak // 1000 * 1000 + 9_000}
    for phase in range(3):
        line = f"l{phase + 1}"
        voltage: dict[str, Plain] = {"unit": 33, "length": 2, "sigexp": 0}
        current: dict[str, Plain] = {"unit": 34, "length": 4, "sigexp": 0x42}
        power: dict[str, Plain] = {"unit": 22, "length": 2, "sigexp": 0x43}
        found[0x41E + phase] = voltage | {"source": f"voltage_{line}"}
        found[0x434 + phase] = current | {"source": f"current_{line}"}
        found[0x438 + phase] = power | {"source": f"power_{line}"}
    found[0x437] = {"unit": 38, "length": 2, "sigexp": 0, "source": "temperature"}
    return found
