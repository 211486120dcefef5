"""UDP: a socket that answers questions, from the address that was asked."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable

from mitmeter.errors import LinkError
from mitmeter.transport.tcp import Refused, address_text, why_not

# What answers: gets a datagram and the sender's address (`host:port`, IPv6 in brackets), and
# returns the answer, a task that will have it, or None for silence.
Answer = bytes | None | asyncio.Task[bytes]
Handler = Callable[[bytes, str], Answer]
# What says no: gets the sender's host and the loop's time in seconds, and returns the reason, or ""
# to let a datagram in.
Limit = Callable[[str, float], str]

Sender = tuple[str, int]
# The system's notes on which of our addresses a datagram came to.
Asked = list[tuple[int, int, bytes]]

_MOST_DATAGRAM = 65_535
# Datagrams answered before anything else has its turn.
_PER_TURN = 64
_RECEIVE_BUFFER = 1 << 20

# Linux's number; Python names only the one for IPv6.
_IP_PKTINFO = 8


class SourceRate:
    """So many datagrams per second from one host, with some patience for bursts: a token bucket
    each. The hosts heard of most recently are kept in mind.
    """

    def __init__(self, per_second: float, burst: int, *, sources: int = 4_096) -> None:
        self._rate = per_second
        self._burst = float(burst)
        self._sources = sources
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __call__(self, host: str, now: float) -> str:
        left, then = self._buckets.pop(host, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        allowed = left >= 1
        self._buckets[host] = (left - 1 if allowed else left, now)
        if len(self._buckets) > self._sources:
            self._buckets.popitem(last=False)
        return "" if allowed else f"more than {self._rate:g} datagrams per second from {host}"


class UdpListener:
    """A bound socket and its counts.

    received: datagrams; answered: those of them that got an answer; refused: by the limit;
    unsent:   answers the system would not take.
    """

    def __init__(
        self, bound: socket.socket, handler: Handler, limit: Limit | None, refused: Refused | None
    ) -> None:
        self._socket = bound
        self._handler = handler
        self._limit = limit
        self._refuse = refused
        self._loop = asyncio.get_running_loop()
        name = bound.getsockname()
        self.address = address_text(name)
        self.port = int(name[1])
        # Bound to every address, we have to look at which one each question came to.
        self._everywhere = name[0] in ("0.0.0.0", "::")
        self.received = self.answered = self.refused = self.unsent = 0
        self._loop.add_reader(bound.fileno(), self._ready)

    def stop(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _ready(self) -> None:
        for _ in range(_PER_TURN):
            try:
                if self._everywhere:
                    data, asked, _, sender = self._socket.recvmsg(_MOST_DATAGRAM, 128)
                else:
                    data, sender = self._socket.recvfrom(_MOST_DATAGRAM)
                    asked = []
            except OSError:  # nothing more for now, or news of an answer that never arrived
                return
            self._take(data, sender, asked)
            if self._socket.fileno() < 0:
                return

    def _take(self, data: bytes, sender: Sender, asked: Asked) -> None:
        self.received += 1
        peer = address_text(sender)
        if self._limit is not None:
            reason = self._limit(sender[0], self._loop.time())
            if reason:
                self.refused += 1
                if self._refuse is not None:
                    self._refuse(peer, reason)
                return
        answer = self._handler(data, peer)
        if isinstance(answer, asyncio.Task):
            answer.add_done_callback(lambda done: self._send_result(done, sender, asked))
        elif answer is not None:
            self._send(answer, sender, asked)

    def _send_result(self, task: asyncio.Task[bytes], sender: Sender, asked: Asked) -> None:
        if not task.cancelled():
            self._send(task.result(), sender, asked)

    def _send(self, answer: bytes, sender: Sender, asked: Asked) -> None:
        try:
            if asked:
                self._socket.sendmsg([answer], [_from_there(each) for each in asked], 0, sender)
            else:
                self._socket.sendto(answer, sender)
        except OSError:
            self.unsent += 1
        else:
            self.answered += 1


async def listen_udp(
    host: str,
    port: int,
    handler: Handler,
    *,
    limit: Limit | None = None,
    refused: Refused | None = None,
) -> UdpListener:
    """Answer datagrams on one address; port 0 takes a free one.

    limit:  such as a `SourceRate`; what it refuses is counted, told to `refused`, and not answered.
    Raises: LinkError that names who holds the port.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
    except OSError as exc:
        raise LinkError(why_not("udp", host, port, exc)) from exc
    family, kind, protocol, _, name = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if name[0] == "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        elif name[0] == "0.0.0.0":
            bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        bound.bind(name)
    except OSError as exc:
        bound.close()
        raise LinkError(why_not("udp", host, port, exc)) from exc
    return UdpListener(bound, handler, limit, refused)


def _from_there(asked: tuple[int, int, bytes]) -> tuple[int, int, bytes]:
    """Turn the note saying which of our addresses a datagram came to into the one saying which to
    answer from: for IPv4 the middle field of `struct in_pktinfo` (index, source, destination).
    """
    level, kind, note = asked
    if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
        index, _, destination = struct.unpack("=I4s4s", note)
        return level, kind, struct.pack("=I4s4s", index, destination, destination)
    return asked
