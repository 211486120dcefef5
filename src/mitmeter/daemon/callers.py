"""Who connects to a honeypot: told of once per address, and then counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mitmeter.daemon.drive import TalkDrive
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.services import Services
from mitmeter.model import Field, Severity, printable

# Who has a network of his own can come from ever new addresses: beyond so many they count as one.
MOST_ADDRESSES = 2048
# After a day an address that comes again is news.
FORGET_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class _Told:
    """A connection that was told of: its end is told too."""

    fields: dict[str, Field]
    since_ns: int


class Callers:
    """The connections of one honeypot station, told of at the 1st, 10th, 100th … of an address."""

    def __init__(self, plan: StationPlan, services: Services) -> None:
        self._plan = plan
        self._services = services
        self._counts: Counter[str] = Counter()
        self._since_ns = services.clock.now_ns()
        self._told: dict[str, _Told] = {}

    def came(self, drive: TalkDrive, local: str) -> None:
        """Somebody has connected; `local` is the address he came to."""
        conversation = drive.conversation
        host, port = split(conversation.peer)
        count = self._count(host)
        if not is_power_of_ten(count):
            return
        here, here_port = split(local)
        fields: dict[str, Field] = {
            "src_ip": printable(host),
            "src_port": port,
            "dst_ip": printable(here),
            "dst_port": here_port,
            "session": conversation.id,
            "protocol": conversation.protocol,
            "count": count,
        }
        self._told[conversation.id] = _Told(fields, conversation.opened_ns)
        self._services.happened(
            f"{prefix(conversation.protocol)}.connection",
            f"{fields['src_ip']} connected to port {here_port}{_so_far(count)}",
            severity=Severity.NOTICE,
            conversation=conversation.id,
            station=self._plan.name,
            fields=fields,
        )

    def went(self, drive: TalkDrive, reason: str) -> None:
        conversation = drive.conversation
        told = self._told.pop(conversation.id, None)
        if told is None:
            return
        seconds = max(0, self._services.clock.now_ns() - told.since_ns) / 1e9
        self._services.happened(
            f"{prefix(conversation.protocol)}.disconnect",
            f"{told.fields['src_ip']} was there for {seconds:.1f} s, said {drive.heard_bytes} "
            f"bytes and was told {drive.said_bytes}: {printable(reason)}",
            conversation=conversation.id,
            station=self._plan.name,
            fields={
                **told.fields,
                "duration_s": round(seconds, 3),
                "bytes_in": drive.heard_bytes,
                "bytes_out": drive.said_bytes,
                "requests": drive.decoded,
                "reason": printable(reason),
            },
        )

    def _count(self, host: str) -> int:
        now = self._services.clock.now_ns()
        if now - self._since_ns > FORGET_NS:
            self._counts.clear()
            self._since_ns = now
        if host not in self._counts and len(self._counts) >= MOST_ADDRESSES:
            host = ""
        self._counts[host] += 1
        return self._counts[host]


def prefix(protocol: str) -> str:
    """Return what the ids of a protocol's events begin with."""
    return f"mitmeter.{protocol.replace('-', '.')}"


def split(address: str) -> tuple[str, int]:
    """Return host and port of a link's address; port 0 where there is none."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port) if port.isdigit() else 0


def is_power_of_ten(count: int) -> bool:
    """Tell whether a count is 1, 10, 100 …"""
    while count % 10 == 0 and count:
        count //= 10
    return count == 1


def _so_far(count: int) -> str:
    return f" ({count:,} times so far)" if count > 1 else ""
