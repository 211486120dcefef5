"""The module's settings: defaults from the persona, changes in the unit's memory.

One memory serves all connections, so what one client sets, the next one reads, after a restart too.
Defaults are those of the public profile [H].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mitmeter.devices.kamstrup.management.parameters import NOWHERE, address
from mitmeter.devices.kamstrup.persona import table
from mitmeter.errors import ConfigError
from mitmeter.protocol import DeviceMemory

NO_HOST = "0 - none"
CONFIG_PORT = 50_100
_MAC = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_METER_NUMBER = re.compile(r"[0-9A-F]{2}( [0-9A-F]{2}){9}")
_PREFIX = "module."


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a module is delivered with. Times are seconds, ports numbers, addresses dotted quads.

    kap_host: the first server's name. lookup: what !SH has set. access: of !AC, five addresses.
    wdt, missing: in keep-alive intervals; interval: seconds.
    """

    version: str = "5.5 (E5)"
    mac: str = "00:13:EA:00:00:00"
    meter_a: str = "A1 06 A1 02 B7 34 12 00 00 03"
    meter_b: str = "A1 06 A1 02 B7 34 12 00 00 03"
    name: str = ""
    dhcp: bool = True
    ip: str = "192.168.1.210"
    mask: str = "255.255.255.0"
    gateway: str = "192.168.1.1"
    dhcp_ip: str = "192.168.0.1"
    dhcp_mask: str = "255.255.255.0"
    dhcp_gateway: str = "192.168.0.254"
    dns1: str = NOWHERE
    dns2: str = NOWHERE
    dns3: str = NOWHERE
    kap_host: str = "kapserver.evilpowerprovider.org"
    kap_ip: str = "202.202.202.1"
    kap_port: int = 50
    kap_b_ip: str = NOWHERE
    kap_b_port: int = 50
    kap_local_port: int = 800
    kap_acknowledged: bool = False
    lookup: str = NO_HOST
    channel_a: int = 1025
    channel_b: int = 1027
    alarm: bool = False
    alarm_ip: str = ""
    alarm_port: int = 4000
    wdt: int = 3600
    missing: int = 60
    interval: int = 10
    uart_a: str = "Auto"
    uart_b: str = "115200,8,E,1"
    filter: bool = False
    access1: str = NOWHERE
    access2: str = NOWHERE
    access3: str = NOWHERE
    access4: str = NOWHERE
    access5: str = NOWHERE
    out_a: str = "0 - None"
    out_b: str = "0 - None"


_ADDRESSES = frozenset(
    each.name
    for each in fields(Defaults)
    if each.name.endswith(("ip", "gateway", "mask")) or each.name.startswith(("dns", "access"))
)
_NUMBERS = {"wdt": 2**32 - 1, "missing": 2**32 - 1, "interval": 2**32 - 1}


def read_defaults(tables: Mapping[str, Any]) -> Defaults:
    """Return the persona's table module. Raises ConfigError, naming the key, for what is wrong."""
    given = table(tables, "module")
    kinds = {each.name: type(each.default) for each in fields(Defaults)}
    for name, value in given.items():
        key = f"module.{name}"
        if name not in kinds:
            raise ConfigError(key, f"is not known; there is {', '.join(kinds)}")
        if type(value) is not kinds[name]:
            raise ConfigError(key, f"{value!r} is no {_WORDS[kinds[name]]}")
        _check(key, name, value)
    return Defaults(**dict(given))


_WORDS: dict[type, str] = {str: "text", int: "whole number", bool: "true or false"}


def _check(key: str, name: str, value: object) -> None:
    if isinstance(value, str):
        if len(value) > 64 or not value.isascii() or not value.isprintable():
            raise ConfigError(key, f"{value!r} is not plain text of up to 64 characters")
        if name == "mac" and not _MAC.fullmatch(value):
            raise ConfigError(key, f"{value!r} is not six bytes such as 00:13:EA:00:00:00")
        if name in ("meter_a", "meter_b") and not _METER_NUMBER.fullmatch(value):
            raise ConfigError(key, f"{value!r} is not ten hex bytes with spaces between")
        if name in _ADDRESSES and value and address(value) != value:
            raise ConfigError(key, f"{value!r} is no dotted quad")
    elif type(value) is int and not 0 <= value <= _NUMBERS.get(name, 65_535):
        raise ConfigError(key, f"{value} is not from 0 to {_NUMBERS.get(name, 65_535)}")


class Settings:
    """What is set now. Reading never fails: what memory holds and cannot be read is the default."""

    __slots__ = ("_memory", "defaults")

    def __init__(self, defaults: Defaults, memory: DeviceMemory) -> None:
        self.defaults = defaults
        self._memory = memory

    def text(self, name: str) -> str:
        held = self._memory.get(_PREFIX + name)
        return str(getattr(self.defaults, name)) if held is None else held

    def number(self, name: str) -> int:
        held = self._memory.get(_PREFIX + name)
        if held is None or not held.isdecimal():
            return int(getattr(self.defaults, name))
        return int(held)

    def is_on(self, name: str) -> bool:
        held = self._memory.get(_PREFIX + name)
        return bool(getattr(self.defaults, name)) if held is None else held == "1"

    def set(self, name: str, value: str | int | bool) -> None:
        """Set what is one of `Defaults`, by name."""
        if isinstance(value, bool):
            value = int(value)
        self._memory.set(_PREFIX + name, str(value))

    def note(self, name: str, value: str) -> None:
        """Remember something that is no setting, until it is looked at again."""
        self._memory.set(_PREFIX + name, value)

    def noted(self, name: str) -> str:
        return self._memory.get(_PREFIX + name) or ""
