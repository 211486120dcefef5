"""Events to a syslog server: RFC 5424, by UDP, by TCP, or by TLS (RFC 5425)."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mitmeter.errors import SinkError
from mitmeter.model import Reading
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.sink import Accepted, Look, Occurrence, Outcome
from mitmeter.sinks.stream_link import StreamLink
from mitmeter.sinks.syslog_message import framed, syslog_message

# What an IPv4 datagram can carry beside its headers.
_LARGEST_DATAGRAM = 65_507


@dataclass(frozen=True, slots=True)
class SyslogPlan:
    """Where to. transport: udp, tcp or tls. facility: a name of `FACILITIES`.

    host: how this machine calls itself in the messages; its own name unless given.
    ca:   the file of an authority to trust instead of the system's.
    """

    transport: str
    address: str
    port: int
    facility: str = "local0"
    host: str = ""
    ca: Path | None = None
    timeout: float = 10.0


class SyslogSink:
    """Sends events as JSON in syslog messages. Syslog confirms nothing, by no transport."""

    kind = "syslog"
    idempotent = False
    settles = 0.0

    def __init__(self, plan: SyslogPlan, shape: Shape) -> None:
        self._plan = plan
        self._shape = shape
        self._host = plan.host or socket.gethostname()
        self._link: StreamLink | None = None
        self._datagrams: asyncio.DatagramTransport | None = None

    async def open(self, look: Look) -> None:
        plan = self._plan
        if plan.transport == "udp":
            return
        trust = None
        if plan.transport == "tls":
            try:
                trust = await asyncio.to_thread(_context, plan.ca)
            except (OSError, ssl.SSLError) as exc:
                raise SinkError(f"{plan.ca}: {exc}") from exc
        self._link = StreamLink(plan.address, plan.port, trust, plan.timeout)

    async def readings(self, batch: Sequence[Reading]) -> Outcome:
        return Accepted(skipped=len(batch))

    async def events(self, batch: Sequence[Occurrence]) -> Outcome:
        messages = [self._message(each) for each in batch]
        if self._link is None:
            return await self._send_datagrams(messages)
        await self._link.heard()
        if not self._link.is_open:
            await self._link.connect()
        await self._link.send(b"".join(framed(each) for each in messages))
        return Accepted()

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None

    async def _send_datagrams(self, messages: Sequence[bytes]) -> Outcome:
        if self._datagrams is None or self._datagrams.is_closing():
            loop = asyncio.get_running_loop()
            where = (self._plan.address, self._plan.port)
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=where
            )
            self._datagrams = transport
        bad: dict[int, str] = {}
        for row, message in enumerate(messages):
            if len(message) > _LARGEST_DATAGRAM:
                bad[row] = f"{len(message):,} bytes are too many for a datagram"
            else:
                self._datagrams.sendto(message)
        return Accepted(bad=bad)

    def _message(self, occurrence: Occurrence) -> bytes:
        event = occurrence.event
        return syslog_message(
            facility=self._plan.facility,
            severity=event.severity,
            at=event.at,
            host=self._host,
            process=os.getpid(),
            msgid=event.eventid.removeprefix("mitmeter."),
            data={
                "eventid": event.eventid,
                "station": occurrence.station,
                "device": "" if event.device is None else str(event.device),
                "session": occurrence.conversation,
                "peer": occurrence.peer,
            },
            message=self._shape.event(occurrence),
        )


def _context(ca: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if ca is None else str(ca))
