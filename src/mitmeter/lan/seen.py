"""Who was on the device network: every host, what it asked for, what it was told, and whether it
then connected. A view of the recorded events, so it is the same for yesterday and for now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mitmeter.lan.happenings import DHCP_LEASED, DNS_ASKED, NTP_ASKED
from mitmeter.lan.names import Zones
from mitmeter.lan.networks import Networks, address, host_of
from mitmeter.model import Event

CONNECTED = "mitmeter.conversation.opened"

# Hosts and names are what peers say; beyond these many they are counted only.
_MAX_HOSTS = 4096
_MAX_NAMES = 256


@dataclass(frozen=True, slots=True)
class NameAsked:
    """One name a host asked for. verdict: what it was told last. last: when that was."""

    name: str
    types: tuple[str, ...]
    count: int
    verdict: str
    last: datetime


@dataclass(frozen=True, slots=True)
class SeenHost:
    """One host.

    mac, name:   from its lease, "" where it had none from us.
    names:       what it asked for, the latest last; `more` asks are not told apart.
    time_asked:  how often it asked for the time; time_verdict: what it was told last.
    connections: how often it connected to a station; last_connected: when last.
    protocols:   what those stations speak.
    trouble:     why a connection of it was refused or failed, in words; "" once one succeeded.
    suggestion:  the protocols whose devices ask for such names or knock at such ports.
    """

    address: str
    mac: str
    name: str
    first: datetime
    last: datetime
    names: tuple[NameAsked, ...]
    more: int
    time_asked: int
    time_verdict: str
    connections: int
    last_connected: datetime | None
    protocols: tuple[str, ...]
    trouble: str
    suggestion: tuple[str, ...]


@dataclass(slots=True)
class _Host:
    first: datetime
    last: datetime
    mac: str = ""
    name: str = ""
    names: dict[str, NameAsked] = field(default_factory=dict)
    more: int = 0
    time_asked: int = 0
    time_verdict: str = ""
    connections: int = 0
    last_connected: datetime | None = None
    protocols: set[str] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)
    trouble: str = ""


class SeenHosts:
    """The table of hosts, folded from events in the order they happened.

    hosts:    protocol → the names its devices ask for.
    ports:    protocol → the port its devices connect to.
    networks: whose hosts count; None for all.
    """

    def __init__(
        self,
        hosts: Mapping[str, Iterable[str]],
        ports: Mapping[str, int],
        networks: Networks | None = None,
    ) -> None:
        self._zones = Zones(hosts)
        self._ports = dict(ports)
        self._networks = networks
        self._hosts: dict[str, _Host] = {}

    def fold(self, event: Event) -> None:
        """Take one event in; those that tell of no host are read over."""
        fields = event.fields
        if event.eventid == DNS_ASKED:
            if host := self._host(fields.get("client"), event.at):
                _asked(host, event)
        elif event.eventid == NTP_ASKED:
            if host := self._host(fields.get("client"), event.at):
                host.time_asked += _whole(fields.get("count"))
                host.time_verdict = str(fields.get("verdict", ""))
        elif event.eventid == DHCP_LEASED:
            if host := self._host(fields.get("address"), event.at):
                host.mac, host.name = str(fields.get("mac", "")), str(fields.get("name", ""))
        elif "peer" in fields and (host := self._host(host_of(str(fields["peer"])), event.at)):
            self._connected(host, event)

    def hosts(self) -> tuple[SeenHost, ...]:
        """Return every host, by address."""
        return tuple(
            self._shown(where, self._hosts[where])
            for where in sorted(self._hosts, key=lambda text: (len(_packed(text)), _packed(text)))
        )

    def suggestion(self, names: Iterable[str], ports: Iterable[int] = ()) -> tuple[str, ...]:
        """Return the protocols that go with these names and ports, most votes first.

        A name speaks for the protocols of the closest zone it lies in; a port decides between
        several, and speaks for itself where no name does.
        """
        votes: dict[str, int] = {}
        for name in names:
            zone = self._zones.find_text(name)
            for owner in zone.owners if zone else ():
                votes[owner] = votes.get(owner, 0) + 1
        knocked = set(ports)
        at_port = {name for name, port in self._ports.items() if port in knocked}
        chosen = (votes.keys() & at_port) or votes.keys() or at_port
        return tuple(sorted(chosen, key=lambda name: (-votes.get(name, 0), name)))

    def _host(self, where: object, at: datetime) -> _Host | None:
        if not isinstance(where, str) or not where:
            return None
        if self._networks is not None and not self._networks.hold(where):
            return None
        host = self._hosts.get(where)
        if host is None:
            if len(self._hosts) >= _MAX_HOSTS or not _packed(where):
                return None
            host = self._hosts[where] = _Host(at, at)
        host.last = max(host.last, at)
        return host

    @staticmethod
    def _connected(host: _Host, event: Event) -> None:
        port = event.fields.get("port")
        if isinstance(port, int):
            host.ports.add(port)
        if event.eventid == CONNECTED:
            host.connections += 1
            host.last_connected = event.at
            host.protocols.add(str(event.fields.get("protocol", "")))
            host.trouble = ""
        else:
            host.trouble = event.message

    def _shown(self, where: str, host: _Host) -> SeenHost:
        return SeenHost(
            address=where,
            mac=host.mac,
            name=host.name,
            first=host.first,
            last=host.last,
            names=tuple(sorted(host.names.values(), key=lambda each: (each.last, each.name))),
            more=host.more,
            time_asked=host.time_asked,
            time_verdict=host.time_verdict,
            connections=host.connections,
            last_connected=host.last_connected,
            protocols=tuple(sorted(host.protocols)),
            trouble=host.trouble,
            suggestion=self.suggestion(host.names, host.ports),
        )


def _asked(host: _Host, event: Event) -> None:
    name, count = str(event.fields.get("name", "")), _whole(event.fields.get("count"))
    known = host.names.get(name)
    if not name or (known is None and len(host.names) >= _MAX_NAMES):
        host.more += count
        return
    qtype, verdict = str(event.fields.get("type", "")), str(event.fields.get("verdict", ""))
    types = known.types if known else ()
    if qtype not in types:
        types = tuple(sorted((*types, qtype)))
    # What an address question was told matters more than that there is no IPv6 address.
    if known is not None and verdict.startswith("empty"):
        verdict = known.verdict
    host.names[name] = NameAsked(
        name, types, count + (known.count if known else 0), verdict, event.at
    )


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 1


def _packed(where: str) -> bytes:
    """Return an address' bytes, to sort by; b"" for what is no address."""
    try:
        return address(where).packed
    except ValueError:
        return b""
