"""Events to an hpfeeds broker, as honeypots share them. Off unless set up; no broker is assumed.

Source: the protocol's public description. A message is its whole length in four bytes, big-endian,
an opcode (0 error, 1 info, 2 auth, 3 publish, 4 subscribe), and fields, each but the last after its
length in one byte. The broker begins with info: its name and a nonce; the client answers auth: its
ident and SHA-1 of nonce and secret; then it publishes: ident, channel, payload. Nothing is
confirmed; what the broker dislikes it answers with error, and closes [O].
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mitmeter.errors import SinkError
from mitmeter.model import Reading, Secret, printable
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.sink import Accepted, Look, Occurrence, Outcome
from mitmeter.sinks.stream_link import StreamLink

ERROR, INFO, AUTH, PUBLISH = 0, 1, 2, 3
_HEADER = 5
# The usual broker takes no more in one message.
_LARGEST = 1 << 20
_LONGEST_FIELD = 255
# How long a broker may take to say that it does not know us; the usual one says nothing otherwise.
_OBJECTION_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class HpfeedsPlan:
    """Where to, as whom, on which channel. ca: for TLS, an authority to trust."""

    address: str
    port: int
    ident: str
    secret: Secret
    channel: str = "mitmeter.events"
    tls: bool = False
    ca: Path | None = None
    timeout: float = 10.0


class HpfeedsSink:
    """Publishes each event's line on one channel."""

    kind = "hpfeeds"
    idempotent = False
    settles = 0.0

    def __init__(self, plan: HpfeedsPlan, shape: Shape) -> None:
        self._plan = plan
        self._shape = shape
        self._link: StreamLink | None = None

    async def open(self, look: Look) -> None:
        plan = self._plan
        trust = None
        if plan.tls:
            try:
                trust = await asyncio.to_thread(_context, plan.ca)
            except (OSError, ssl.SSLError) as exc:
                raise SinkError(f"{plan.ca}: {exc}") from exc
        self._link = StreamLink(plan.address, plan.port, trust, plan.timeout)

    async def readings(self, batch: Sequence[Reading]) -> Outcome:
        return Accepted(skipped=len(batch))

    async def events(self, batch: Sequence[Occurrence]) -> Outcome:
        link = self._link
        if link is None:
            raise SinkError("is not open")
        said = await link.heard()
        if said:
            await link.close()
            raise SinkError(f"{link}: {_complaint(said[4] if len(said) > 4 else ERROR, said[5:])}")
        if not link.is_open:
            await self._log_in(link)
        plan = self._plan
        messages: list[bytes] = []
        bad: dict[int, str] = {}
        for row, each in enumerate(batch):
            payload = self._shape.event(each).encode("ascii")
            if len(payload) > _LARGEST - 2 * _LONGEST_FIELD:
                bad[row] = f"{len(payload):,} bytes are too many for hpfeeds"
                continue
            messages.append(message(PUBLISH, field(plan.ident), field(plan.channel), payload))
        await link.send(b"".join(messages))
        return Accepted(bad=bad)

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()

    async def _log_in(self, link: StreamLink) -> None:
        reader = await link.connect()
        plan = self._plan
        try:
            async with asyncio.timeout(plan.timeout):
                opcode, body = await _next(reader)
                if opcode != INFO:
                    raise SinkError(f"{link}: {_complaint(opcode, body)}")
                nonce = body[1 + body[0] :] if body else b""
                proof = hashlib.sha1(  # noqa: S324 - what the protocol has
                    nonce + plan.secret.reveal().encode()
                ).digest()
                await link.send(message(AUTH, field(plan.ident), proof))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_OBJECTION_SECONDS):
                    opcode, body = await _next(reader)
                    raise SinkError(f"{link}: {_complaint(opcode, body)}")
        except TimeoutError:
            await link.close()
            raise SinkError(f"{link}: no hpfeeds greeting within {plan.timeout:g} s") from None
        except (asyncio.IncompleteReadError, OSError):
            await link.close()
            raise SinkError(f"{link}: closed the connection while we logged in") from None
        except SinkError:
            await link.close()
            raise


async def _next(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return opcode and body of the next message. Raises SinkError for what is no hpfeeds."""
    header = await reader.readexactly(_HEADER)
    length = int.from_bytes(header[:4], "big")
    if not _HEADER <= length <= _LARGEST:
        raise SinkError(f"is no hpfeeds broker: a message of {length:,} bytes")
    return header[4], await reader.readexactly(length - _HEADER)


def message(opcode: int, *fields: bytes) -> bytes:
    body = b"".join(fields)
    return (_HEADER + len(body)).to_bytes(4, "big") + bytes([opcode]) + body


def field(text: str) -> bytes:
    """Return text after its length; at most 255 bytes."""
    data = text.encode()[:_LONGEST_FIELD]
    return bytes([len(data)]) + data


def _complaint(opcode: int, body: bytes) -> str:
    return printable(body) if opcode == ERROR else f"an unexpected message of kind {opcode}"


def _context(ca: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if ca is None else str(ca))
