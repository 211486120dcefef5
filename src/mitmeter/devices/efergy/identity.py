"""Who is speaking: the hub's MAC address, from its host name or, with h1, from what it says."""

from __future__ import annotations

import re
from functools import lru_cache

from mitmeter.devices.efergy.messages import CurrentReport, Request
from mitmeter.devices.efergy.registers import PROTOCOL
from mitmeter.model import DeviceId

_LABELS = re.compile(
    r"([0-9A-Fa-f]{2})\.([0-9A-Fa-f]{2})\.([0-9A-Fa-f]{2})\.([0-9A-Fa-f]{6})\..+", re.ASCII
)
_MAC = re.compile(r"[0-9A-Fa-f]{12}")


@lru_cache(maxsize=1024)
def mac_of_host(host: str) -> str | None:
    """Return the MAC in a host name as 12 upper-case digits, or None.

    The last three bytes stand first, reversed, one per label, then the vendor's three:
    `10.20.30.02005e.h3.sensornet.info` is 02005E302010, in any case [O].
    """
    found = _LABELS.fullmatch(host)
    if found is None:
        return None
    last, middle, first, vendor = found.groups()
    return f"{vendor}{first}{middle}{last}".upper()


def host_of_mac(mac: str) -> str:
    """Return the labels of a MAC of 12 digits: `10.20.30.02005e`."""
    low = mac.lower()
    return f"{low[10:]}.{low[8:10]}.{low[6:8]}.{low[:6]}"


def is_mac(text: str) -> bool:
    """Return whether this is 12 hex digits."""
    return _MAC.fullmatch(text) is not None


def mac_of(message: Request) -> str | None:
    """Return the MAC of the hub that says this, or None where it does not tell."""
    if isinstance(message, CurrentReport) and is_mac(message.mac):
        return message.mac.upper()
    return mac_of_host(message.header("host"))


@lru_cache(maxsize=1024)
def hub(mac: str) -> DeviceId:
    """Return the device of a MAC of 12 digits."""
    return DeviceId(PROTOCOL, mac)


@lru_cache(maxsize=1024)
def lone_sensor(sid: int) -> DeviceId:
    """Return what stands for a sensor whose hub has no name: a device of its own."""
    return DeviceId(PROTOCOL, f"sensor-{sid}")
