"""Who is speaking: the names a display gives itself, and the one it is known by here.

Over HTTPS the header X-ID counts, else the body's `gid`, else the MAC in the host name; over MQTT
the MAC in the topic. What X-ID looks like is unknown [U], so it is opaque text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

from mitmeter.devices.glow.messages import (
    Message,
    MeterReport,
    MqttOther,
    MqttReading,
    MqttState,
    Prices,
    Request,
)
from mitmeter.model import DeviceId
from mitmeter.wire.http import Headers

PROTOCOL = "glow"
# A display that names itself nowhere: what it tells is kept all the same.
UNNAMED = DeviceId(PROTOCOL, "unnamed")

_MOST = 64
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_COLONS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5,7}")
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_HOST = re.compile(
    r"([0-9a-f]{2})\.([0-9a-f]{2})\.([0-9a-f]{2})\.([0-9a-f]{6})\.cad\.sensornet\.info",
    re.IGNORECASE,
)


def header(headers: Headers, name: str) -> str:
    """Return the value of the first header of that name, whatever its case; "" without one."""
    for each, value in headers:
        if each == name:
            return value
    wanted = name.lower()
    for each, value in headers:
        if each.lower() == wanted:
            return value
    return ""


def device_of(message: Message) -> DeviceId | None:
    """Return the display that says this, or None when it does not tell."""
    for name in _names(message):
        if name:
            return DeviceId(PROTOCOL, serial(name))
    return None


def _names(message: Message) -> Iterable[str]:
    if isinstance(message, MeterReport | Prices | Request):
        yield header(message.headers, "X-ID")
        if isinstance(message, MeterReport):
            gid = message.members.get("gid")
            yield gid.strip() if isinstance(gid, str) else ""
        yield mac_of_host(header(message.headers, "Host"))
    elif isinstance(message, MqttReading | MqttState | MqttOther):
        yield mac_of_topic(message.topic)


@lru_cache(maxsize=4096)
def serial(name: str) -> str:
    """Return a name as a serial number: the same for the same name, different for others.

    Plain names stay. Bytes in hexadecimal with colons between lose the colons. Of any other name
    odd characters become "_", and the beginning of its SHA-256 keeps it apart from its likes.
    """
    if _PLAIN.fullmatch(name):
        return name
    if _COLONS.fullmatch(name):
        return name.replace(":", "").upper()
    digest = sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return f"{_ODD.sub('_', name)[: _MOST - len(digest) - 1]}-{digest}"


def mac_of_host(host: str) -> str:
    """Return the MAC a display's host name spells: `10.20.30.02005e.cad.sensornet.info` is
    `02005E302010`; "" for any other name.

    Its last three bytes come first, in reverse order. Source: fact sheet §1.1 [I].
    """
    found = _HOST.fullmatch(host.partition(":")[0])
    if found is None:
        return ""
    last, fifth, fourth, maker = found.groups()
    return (maker + fourth + fifth + last).upper()


def host_of_mac(mac: str) -> str:
    """Return the host name of a MAC in 12 hexadecimal digits; the inverse of `mac_of_host`."""
    low = mac.lower()
    return f"{low[10:12]}.{low[8:10]}.{low[6:8]}.{low[:6]}.cad.sensornet.info"


def mac_of_topic(topic: str) -> str:
    """Return the MAC in `<prefix>/<MAC>/STATE` or `<prefix>/<MAC>/SENSOR/…`, or ""."""
    parts = topic.split("/")
    for place, part in enumerate(parts[1:], 1):
        if part == "SENSOR" or (part == "STATE" and place == len(parts) - 1):
            return parts[place - 1]
    return ""
