"""Walks the chain from a device to its readings and says in words where it breaks.

Each station's steps are in the order in which things have to work; behind the first broken one
nothing can be known, so the rest is not reached.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.errors import ConfigError
from mitmeter.lan.happenings import DHCP_LEASED, DNS_ASKED
from mitmeter.lan.names import Zones
from mitmeter.protocol import Spec
from mitmeter.store import RecordedConversation, RecordedEvent, Store
from mitmeter.transport.holder import port_holder

_LOW_DISK = 200_000_000
_RECENT = timedelta(days=2)
_QUIET = timedelta(minutes=15)


class State(StrEnum):
    FINE = "fine"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain: how it stands, in words, and what to do when it is broken."""

    name: str
    state: State
    words: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of one station, or of mitmeter itself."""

    title: str
    steps: tuple[Step, ...]

    @property
    def sound(self) -> bool:
        return all(step.state is not State.BROKEN for step in self.steps)


@dataclass(frozen=True, slots=True)
class Watched:
    """One station to look at, from the configuration or from the running daemon."""

    name: str
    role: str
    protocol: str
    endpoint: Endpoint | None
    running: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store tells of the last days; empty where nothing was ever recorded."""

    conversations: Sequence[RecordedConversation] = ()
    events: Sequence[RecordedEvent] = ()
    newest: Mapping[str, datetime] | None = None


def seen_in(store: Store, now: datetime) -> Seen:
    """Gather what the chain needs to know from a store."""
    newest: dict[str, datetime] = {}
    for device in store.devices():
        protocol = device.device.protocol
        newest[protocol] = max(device.last_seen, newest.get(protocol, device.last_seen))
    since = now - _RECENT
    return Seen(store.conversations(since=since), store.events(since=since, limit=20_000), newest)


def examine_host(data: Path, status: Mapping[str, Any] | None) -> Chain:
    """Return how mitmeter itself stands: its data directory, its disk, whether it runs."""
    steps = [_writable(data), _disk(data)]
    if status is None:
        steps.append(
            Step(
                "running",
                State.UNKNOWN,
                "no mitmeter runs on this data directory",
                "start it with `mitmeter run` or `mitmeter trap …`",
            )
        )
    else:
        steps.append(Step("running", State.FINE, f"mitmeter runs (pid {status['pid']})"))
    return Chain("mitmeter", tuple(steps))


def examine_station(station: Watched, seen: Seen, now: datetime) -> Chain:
    """Return the chain of one station, broken off at its first broken step."""
    title = f"{station.name}: {station.role} {station.protocol}"
    try:
        spec = registry.spec(station.protocol)
    except ConfigError as exc:
        return Chain(title, (Step("protocol", State.BROKEN, exc.problem),))
    steps: list[Step] = []
    walk = _walk(station, spec, seen, now)
    for step in walk:
        steps.append(step)
        if step.state is State.BROKEN:
            break
    reached = {step.name for step in steps}
    if any(step.state is State.BROKEN for step in steps):
        steps += [Step(name, State.NOT_REACHED, "") for name in _NAMES if name not in reached]
    return Chain(title, tuple(steps))


_NAMES = ("address", "port", "lease", "name", "connection", "encryption", "message", "reading")


def _walk(station: Watched, spec: Spec[Any], seen: Seen, now: datetime) -> Iterator[Step]:
    endpoint = station.endpoint
    if endpoint is not None:
        if not station.running:
            yield _address(endpoint)
        yield _port(station, endpoint)
        yield _lease(seen)
        yield _name(spec, endpoint, seen)
    mine = [each for each in seen.conversations if each.conversation.station == station.name]
    events = [each for each in seen.events if each.station == station.name]
    yield _connection(spec, mine, events)
    yield _encryption(mine, events)
    yield _message(mine, events)
    yield _reading(spec, seen, now)


# --- mitmeter itself
# ---------------------------------------------------------------------------------


def _writable(data: Path) -> Step:
    folder = data
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        return Step("data directory", State.BROKEN, f"{folder} is a file", "choose another --data")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Step(
            "data directory",
            State.BROKEN,
            f"{folder} cannot be written by this user",
            "run as the user it belongs to, or choose another --data",
        )
    made = "" if folder == data else ", it will be made"
    return Step("data directory", State.FINE, f"{data}{made}")


def _disk(data: Path) -> Step:
    folder = data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    words = f"{free / 1e9:.1f} GB free"
    if free < _LOW_DISK:
        return Step(
            "disk", State.BROKEN, words, "nothing is answered that cannot be kept: make room"
        )
    return Step("disk", State.FINE, words)


# --- a station's links, in order
# ---------------------------------------------------------------------


def _address(endpoint: Endpoint) -> Step:
    try:
        found = socket.getaddrinfo(endpoint.host, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(found[0], socket.SOCK_DGRAM) as probe:
            probe.bind(found[4])
    except OSError:
        return Step(
            "address",
            State.BROKEN,
            f"this machine has no address {endpoint.host}",
            "give `listen` an address that `ip addr` shows",
        )
    if endpoint.loopback:
        return Step(
            "address",
            State.FINE,
            f"{endpoint.host} is loopback: only this machine can connect",
            "a device needs an address of the network it is in",
        )
    return Step("address", State.FINE, f"{endpoint.host} is ours")


def _port(station: Watched, endpoint: Endpoint) -> Step:
    if station.running:
        return Step("port", State.FINE, f"mitmeter listens on {endpoint}")
    holder = port_holder(endpoint.port)
    if holder:
        return Step(
            "port",
            State.BROKEN,
            f"port {endpoint.port} is taken by {holder}",
            "stop it, or listen on another port",
        )
    if endpoint.port < 1024 and os.geteuid() != 0 and not _may_bind_low():
        return Step(
            "port",
            State.BROKEN,
            f"port {endpoint.port} needs a privilege",
            "give the service CAP_NET_BIND_SERVICE, or run as root",
        )
    return Step("port", State.FINE, f"port {endpoint.port} is free, but mitmeter does not run")


def _may_bind_low() -> bool:
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text("ascii"))
    except (OSError, ValueError):
        first = 1024
    return first <= 53


def _lease(seen: Seen) -> Step:
    given = _last(seen.events, DHCP_LEASED)
    if given is None:
        return Step("lease", State.UNKNOWN, "none was given by us; the device has its own address")
    return Step("lease", State.FINE, given.event.message)


def _asked(spec: Spec[Any], seen: Seen) -> Step | None:
    """Return what the device was told when it asked us for a name; None when it never did."""
    zones = Zones({spec.name: spec.hosts})
    for each in reversed(seen.events):
        name = each.event.fields.get("name", "")
        if each.event.eventid != DNS_ASKED or not isinstance(name, str) or not name:
            continue
        if zones.find_text(name) is not None:
            return Step("name", State.FINE, each.event.message)
    return None


def _name(spec: Spec[Any], endpoint: Endpoint, seen: Seen) -> Step:
    asked = _asked(spec, seen)
    if asked is not None:
        return asked
    names = [name for name in spec.hosts if not name.startswith("*.")]
    if not names:
        return Step(
            "name", State.UNKNOWN, f"the device asks for {', '.join(spec.hosts) or 'no name'}"
        )
    name = names[0]
    try:
        told = sorted({str(each[4][0]) for each in socket.getaddrinfo(name, None)})
    except OSError:
        told = []
    if endpoint.host in told:
        return Step("name", State.FINE, f"{name} leads to {endpoint.host}, as seen from here")
    where = ", ".join(told) or "nowhere"
    return Step(
        "name",
        State.UNKNOWN,
        f"{name} leads to {where}, as seen from here",
        f"the device has to be told {endpoint.host}, by the DNS server that it asks",
    )


def _connection(
    spec: Spec[Any], mine: Sequence[RecordedConversation], events: Sequence[RecordedEvent]
) -> Step:
    if mine:
        last = mine[-1].conversation
        return Step("connection", State.FINE, f"{len(mine)} lately, the last from {last.peer}")
    refused = _last(events, "mitmeter.connection.refused")
    if refused is not None:
        return Step(
            "connection", State.BROKEN, refused.event.message, "raise [limits] if that is fair"
        )
    if _last(events, "mitmeter.tls.failed") is not None:
        return Step("connection", State.FINE, "tried, but encryption failed")
    return Step(
        "connection",
        State.BROKEN,
        "nobody has connected in the last two days",
        f"let {', '.join(spec.hosts) or 'the name it uses'} lead to us in the device's DNS, "
        "then restart the device; look for a firewall",
    )


def _encryption(mine: Sequence[RecordedConversation], events: Sequence[RecordedEvent]) -> Step:
    failed = _last(events, "mitmeter.tls.failed")
    if failed is None:
        return Step("encryption", State.FINE, "no handshake failed")
    if mine and mine[-1].conversation.opened_ns / 1e9 > failed.event.at.timestamp():
        return Step("encryption", State.FINE, "works now; one handshake failed earlier")
    return Step(
        "encryption",
        State.BROKEN,
        failed.event.message,
        "an old hub needs ssl3:// instead of tls://; a new firmware may check certificates",
    )


def _message(mine: Sequence[RecordedConversation], events: Sequence[RecordedEvent]) -> Step:
    if mine and not any(each.device_bytes for each in mine):
        return Step(
            "message",
            State.BROKEN,
            "connected, but the device has said nothing",
            "some devices wait; otherwise this is another service on the same port",
        )
    garbled = [each for each in events if each.event.eventid.endswith(".undecodable")]
    if garbled:
        return Step(
            "message", State.UNKNOWN, f"not all was understood: {garbled[-1].event.message}"
        )
    return Step("message", State.FINE, "everything said was understood")


def _reading(spec: Spec[Any], seen: Seen, now: datetime) -> Step:
    newest = (seen.newest or {}).get(spec.name)
    if newest is None:
        return Step(
            "reading",
            State.BROKEN,
            "no reading has been stored",
            "see `mitmeter events` and `mitmeter journal show`",
        )
    age = now - newest
    if age > _QUIET:
        return Step(
            "reading",
            State.BROKEN,
            f"the last one came {_long(age)} ago",
            "the device is silent: power, network, or its name leads elsewhere again",
        )
    return Step("reading", State.FINE, f"the last one came {_long(age)} ago")


def _last(events: Sequence[RecordedEvent], eventid: str) -> RecordedEvent | None:
    return next((each for each in reversed(events) if each.event.eventid == eventid), None)


def _long(age: timedelta) -> str:
    seconds = max(0, round(age.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"
