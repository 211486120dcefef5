"""MQTT: a subscription to a broker as a link that hears PUBLISH packets and says nothing.

The library takes packets apart; they are put together again here, so that what is kept is bytes
with topic and retain mark, in the standard's own form.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mitmeter.errors import LinkError
from mitmeter.transport.link import Link, LinkOwner

if TYPE_CHECKING:
    import aiomqtt

Accept = Callable[[Link], LinkOwner]
Skipped = Callable[[str, int], None]

# Messages that wait while we may not read on; the broker keeps sending, so there has to be an end.
_MOST_WAITING = 10_000
# What the broker holds for us is told again until we have heard it [O].
_AT_LEAST_ONCE = 1
_REFUSED = 0x80  # MQTT 3.1.1 §3.9.3: a subscription's answer from here on is a failure [O]


def check_library() -> None:
    """Raise LinkError unless the library for MQTT is installed."""
    try:
        import aiomqtt  # noqa: F401 - only whether it is there
    except ImportError:
        raise LinkError("MQTT needs a further library: install mitmeter[mqtt]") from None


def publish_packet(topic: str, payload: bytes, *, retained: bool) -> bytes:
    """Return a PUBLISH packet of quality 0. Source: MQTT 3.1.1 §2.2.3 and §3.3 [O]."""
    name = topic.encode()
    content = len(name).to_bytes(2, "big") + name + payload
    head = bytearray((0x30 | retained,))
    size = len(content)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + content


class MqttLink:
    """A subscription as a link: its owner receives one whole PUBLISH packet at a time."""

    __slots__ = (
        "_accept",
        "_largest",
        "_owner",
        "_reading",
        "_skipped",
        "_task",
        "local",
        "peer",
        "ready",
    )

    def __init__(self, peer: str, accept: Accept, largest: int, skipped: Skipped | None) -> None:
        self.peer = peer
        self.local = "unknown"  # the library does not say
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._accept = accept
        self._largest = largest
        self._skipped = skipped
        self._owner: LinkOwner | None = None
        self._reading = asyncio.Event()
        self._reading.set()
        self._task: asyncio.Task[None] | None = None

    def write(self, data: bytes) -> None:
        """Drop the bytes: a subscriber says nothing."""

    def finish(self) -> None:
        """Do nothing: there is nothing queued, and the broker may still speak."""

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def abort(self) -> None:
        self.close()

    def pause(self) -> None:
        self._reading.clear()

    def resume(self) -> None:
        self._reading.set()

    # the subscription

    def start(self, client: aiomqtt.Client, topics: Sequence[str]) -> asyncio.Task[None]:
        self._task = asyncio.get_running_loop().create_task(self._run(client, topics))
        return self._task

    async def _run(self, client: aiomqtt.Client, topics: Sequence[str]) -> None:
        import aiomqtt

        reason = "closed"
        try:
            async with client:
                await self._subscribe(client, topics)
                self._owner = self._accept(self)
                self.ready.set_result(None)
                await self._hear(client)
        except (aiomqtt.MqttError, ValueError) as exc:
            reason = f"mqtt://{self.peer}: {_words(exc)}"
        except LinkError as exc:
            reason = str(exc)
        except asyncio.CancelledError:
            pass  # by close(), or by who waits no longer for the connection
        if self._owner is not None:
            self._owner.lost(reason)
        elif not self.ready.done():
            self.ready.set_exception(LinkError(reason))

    async def _subscribe(self, client: aiomqtt.Client, topics: Sequence[str]) -> None:
        answers = await client.subscribe([(topic, _AT_LEAST_ONCE) for topic in topics])
        codes = [each if isinstance(each, int) else each.value for each in answers]
        for topic, code in zip(topics, codes, strict=False):
            if code >= _REFUSED:
                raise LinkError(f"mqtt://{self.peer} refuses the subscription to {topic}")

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            await self._reading.wait()
            topic = message.topic.value
            packet = publish_packet(topic, message.payload, retained=message.retain)
            if len(packet) <= self._largest:
                assert self._owner is not None  # noqa: S101 - set before the first message
                self._owner.received(packet)
            elif self._skipped is not None:
                self._skipped(topic, len(packet))


async def subscribe(
    host: str,
    port: int,
    topics: Sequence[str],
    accept: Accept,
    *,
    username: str = "",
    password: str = "",
    tls: ssl.SSLContext | None = None,
    session: str = "",
    timeout: float = 10.0,
    largest: int = 65_536,
    skipped: Skipped | None = None,
) -> Link:
    """Connect to a broker and subscribe. Raises LinkError in words, which never hold the password.

    tls:     speak TLS, by this context.
    session: our name at the broker, at most 23 letters, digits and marks. What is published at
             quality 1 or 2 while we are away is then held there for us, as long and as much as the
             broker is set to; without one, nothing is. Source: MQTT 3.1.1 §3.1.2.4, §3.1.3.1 [O].
    timeout: seconds for each step.
    largest: bytes of the largest packet handed on; of larger ones `skipped` is told topic and size.
    """
    check_library()
    import aiomqtt

    client = aiomqtt.Client(
        host,
        port,
        username=username or None,
        password=password or None,
        tls_context=tls,
        identifier=session or None,
        clean_session=not session,
        timeout=timeout,
        max_queued_incoming_messages=_MOST_WAITING,
    )
    peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    link = MqttLink(peer, accept, largest, skipped)
    task = link.start(client, topics)
    try:
        await link.ready
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait((task,))
        raise
    return link


def _words(exc: Exception) -> str:
    """Say what went wrong; the library's own words are codes and numbers."""
    import aiomqtt

    if isinstance(exc, aiomqtt.MqttCodeError):
        return _refusal(exc)
    if isinstance(exc.__cause__, aiomqtt.MqttError):
        return "the broker ended the connection"
    because = exc.__context__
    if isinstance(because, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    if isinstance(because, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {because.verify_message}"
    if isinstance(because, ssl.SSLError):
        return "it does not speak TLS there, or none that we can"
    if isinstance(because, socket.gaierror):
        return "no such name"
    if isinstance(because, TimeoutError):
        return "it did not answer in time"
    if isinstance(because, OSError):
        return because.strerror or str(because)
    return str(exc)


def _refusal(exc: aiomqtt.MqttCodeError) -> str:
    words = str(exc).partition("] ")[2] or str(exc)
    if words.lower() in {"not authorized", "bad user name or password"}:
        return f"the broker refuses the user name or password ({words.lower()})"
    return f"the broker says: {words}"
