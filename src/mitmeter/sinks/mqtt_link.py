"""One connection to a broker, kept up: with a will, a greeting, and messages that are confirmed.

The library behind it is aiomqtt. What it and the system say is put into words here; no word ever
holds the password.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitmeter.errors import SinkError
from mitmeter.model import Secret
from mitmeter.sinks.backoff import Backoff

if TYPE_CHECKING:
    import aiomqtt

log = logging.getLogger("mitmeter")
# What the library would log we say ourselves, in `reason`.
_unheard = logging.getLogger("mitmeter.aiomqtt")
_unheard.setLevel(logging.CRITICAL)

_AT_LEAST_ONCE = 1
_REFUSED = 0x80  # MQTT 3.1.1 §3.9.3: a subscription's answer from here on is a failure [O]
_MOST_WAITING = 1000
_LONGEST_WAIT = 60.0
_GOODBYE_SECONDS = 2.0
_ECHO_SECONDS = 2.0
_KEEPALIVE_SECONDS = 30

Heard = Callable[[str, bytes, bool], None]


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """Where the broker is, and who we are there.

    client:  our name there; another with the same name would be thrown out.
    tls:     speak TLS. ca: an authority to trust instead of the system's; certificate, key: ours.
    timeout: seconds for each step.
    """

    host: str
    port: int
    client: str
    username: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    timeout: float = 10.0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"


class BrokerLink:
    """Connects, and connects again; between two connections `publish` raises SinkError.

    will:   topic that says `offline` when we are cut off, and `online` while we are not.
    topics: what is subscribed to. heard: gets topic, payload, and whether it was retained.
    greet:  called once a connection is made; until it returns, nobody else is let through.
    trouble: hears, in words, of what the broker does not let us do.
    """

    def __init__(
        self,
        plan: BrokerPlan,
        *,
        will: str,
        topics: Sequence[str],
        heard: Heard,
        greet: Callable[[], Awaitable[None]],
        trouble: Callable[[str], None],
        backoff: Backoff | None = None,
    ) -> None:
        self.reason = "is not connected yet"
        self._plan = plan
        self._will = will
        self._topics = topics
        self._heard = heard
        self._greet = greet
        self._trouble = trouble
        self._echo = asyncio.Event()
        self._backoff = backoff or Backoff(1.0, _LONGEST_WAIT)
        self._client: aiomqtt.Client | None = None
        self._lost = asyncio.Event()
        self._tried = asyncio.Event()
        self._up = asyncio.Event()
        self._wake = asyncio.Event()
        self._ending = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    # --- from outside -----------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name=f"mqtt {self._plan.client}")

    async def ready(self) -> None:
        """Wait until there is a connection; try at once when there is none. Raises SinkError."""
        if self._up.is_set():
            return
        self._tried.clear()
        self._wake.set()
        waits = [asyncio.create_task(each.wait()) for each in (self._up, self._tried)]
        try:
            await asyncio.wait(
                waits, timeout=3 * self._plan.timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for each in waits:
                each.cancel()
        if not self._up.is_set():
            raise SinkError(self.reason)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Publish at quality 1; returns when the broker has confirmed it. Raises SinkError."""
        import aiomqtt

        client = self._client
        if client is None:
            raise SinkError(self.reason)
        sending = asyncio.create_task(
            client.publish(
                topic, payload, qos=_AT_LEAST_ONCE, retain=retain, timeout=self._plan.timeout
            )
        )
        losing = asyncio.create_task(self._lost.wait())
        try:
            await asyncio.wait((sending, losing), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise SinkError(f"{self._plan}: the connection was lost")
            sending.result()
        except (aiomqtt.MqttError, ValueError) as exc:
            # Not confirmed in time, or not sent at all: what is left of the connection is no use.
            self._lost.set()
            raise SinkError(f"{self._plan}: {words(exc)}") from exc
        finally:
            for each in (sending, losing):
                each.cancel()

    async def stop(self) -> None:
        """Say goodbye and end; never waits long."""
        self._ending.set()
        self._wake.set()
        self._lost.set()
        if self._running is None:
            return
        _, late = await asyncio.wait({self._running}, timeout=2 * _GOODBYE_SECONDS)
        for each in late:
            each.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    # --- the connection ---------------------------------------------------------------------------

    async def _run(self) -> None:
        import aiomqtt

        while not self._ending.is_set():
            try:
                await self._serve()
                self.reason = f"{self._plan}: the connection was lost"
            except (aiomqtt.MqttError, OSError, ValueError) as exc:
                self.reason = f"{self._plan}: {words(exc)}"
            except SinkError as exc:
                self.reason = str(exc)
            except Exception as exc:
                self.reason = f"mitmeter failed: {type(exc).__name__}: {exc}"
                log.debug("mqtt: fault", exc_info=exc)
            self._tried.set()
            if self._ending.is_set():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.failed()):
                    await self._wake.wait()
            self._wake.clear()

    async def _serve(self) -> None:
        """Connect, greet, and hear until the connection ends."""
        import aiomqtt

        client = await self._make()
        await _enter(client)
        self._lost = asyncio.Event()
        if self._ending.is_set():
            self._lost.set()
        hearing = asyncio.create_task(self._hear(client))
        try:
            self._client = client
            await self._subscribe(client)
            self._echo.clear()
            await self.publish(self._will, b"online")
            await self._greet()
            await self._expect_echo()
            if not self._lost.is_set():
                self._backoff.succeeded()
                self._up.set()
            await self._lost.wait()
            if self._ending.is_set():
                with contextlib.suppress(SinkError, TimeoutError):
                    async with asyncio.timeout(_GOODBYE_SECONDS):
                        self._lost.clear()
                        await self.publish(self._will, b"offline")
        finally:
            self._up.clear()
            self._client = None
            self._lost.set()
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await client.__aexit__(None, None, None)
            _abandon(client)

    async def _make(self) -> aiomqtt.Client:
        import aiomqtt

        plan = self._plan
        trust = await asyncio.to_thread(_context, plan) if plan.tls else None
        client = aiomqtt.Client(
            plan.host,
            plan.port,
            logger=_unheard,
            username=plan.username or None,
            password=plan.password.reveal() or None,
            identifier=plan.client,
            tls_context=trust,
            clean_session=True,
            timeout=plan.timeout,
            keepalive=_KEEPALIVE_SECONDS,
            max_queued_incoming_messages=_MOST_WAITING,
            will=aiomqtt.Will(self._will, b"offline", _AT_LEAST_ONCE, retain=True),
        )
        # It warns of more than ten messages under way, which is what we want.
        client.pending_calls_threshold = _MOST_WAITING
        return client

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        topics = [*self._topics, self._will]
        answers = await client.subscribe([(topic, _AT_LEAST_ONCE) for topic in topics])
        codes = [each if isinstance(each, int) else each.value for each in answers]
        refused = [topic for topic, code in zip(topics, codes, strict=False) if code >= _REFUSED]
        if refused:
            self._trouble(f"{self._plan} does not let us subscribe to {', '.join(refused)}")

    async def _expect_echo(self) -> None:
        """See that what we publish is passed on: a broker confirms also what it throws away, where
        its rules forbid us the topic.
        """
        try:
            async with asyncio.timeout(min(_ECHO_SECONDS, self._plan.timeout)):
                await self._echo.wait()
        except TimeoutError:
            self._trouble(
                f"{self._plan} confirms what we publish at {self._will}, and passes nothing on:"
                f" may {self._plan.username or 'we'} write and read there?"
            )

    async def _hear(self, client: aiomqtt.Client) -> None:
        import aiomqtt

        try:
            async for message in client.messages:
                payload = message.payload
                if isinstance(payload, bytes | bytearray):
                    self._take(message.topic.value, bytes(payload), message.retain)
        except aiomqtt.MqttError:
            self._lost.set()

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic != self._will:
            self._heard(topic, payload, retained)
        elif payload == b"online" and not retained:
            self._echo.set()
        elif payload == b"offline" and self._up.is_set() and not self._ending.is_set():
            # The broker has noticed only now that an earlier connection of ours is gone, or
            # somebody else speaks in our name: we are here.
            self._still_here = asyncio.create_task(self._insist())

    async def _insist(self) -> None:
        with contextlib.suppress(SinkError):
            await self.publish(self._will, b"online")


async def _enter(client: aiomqtt.Client) -> None:
    """Connect. A thread of the library does it, which cannot be stopped: it is waited for."""
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        entering.add_done_callback(lambda _: _abandon(client))
        raise
    except BaseException:
        _abandon(client)
        raise


def _abandon(client: Any) -> None:
    """Close what a connection that failed left open; the libraries have no other way to say so."""
    client._client._sock_close()
    ended = client._disconnected
    if ended.done() and not ended.cancelled():
        ended.exception()  # known by now; nobody else asks for it


class _Socket(ssl.SSLSocket):
    """One that is closed when the handshake fails; the library below leaves it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _context(plan: BrokerPlan) -> ssl.SSLContext:
    """Return how TLS is spoken. Raises SinkError that names the file."""
    try:
        context = ssl.create_default_context(cafile=None if plan.ca is None else str(plan.ca))
    except (OSError, ssl.SSLError) as exc:
        raise SinkError(f"{plan.ca}: {exc.strerror or exc}") from exc
    context.sslsocket_class = _Socket
    if plan.certificate is not None:
        try:
            context.load_cert_chain(plan.certificate, plan.key)
        except (OSError, ssl.SSLError) as exc:
            raise SinkError(f"{plan.certificate}: {exc.strerror or exc}") from exc
    return context


def words(exc: BaseException) -> str:
    """Say what went wrong with a broker; the library's own words are codes and numbers."""
    import aiomqtt

    if isinstance(exc, aiomqtt.MqttCodeError):
        return _refusal(exc)
    because = exc.__context__ if isinstance(exc, aiomqtt.MqttError) else exc
    if isinstance(because, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    if isinstance(because, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {because.verify_message}"
    if isinstance(because, ssl.SSLError):
        return "TLS failed: it speaks none that we can, or does not take our certificate"
    if isinstance(because, socket.gaierror):
        return "no such name"
    if isinstance(because, TimeoutError):
        return "it did not answer in time"
    if isinstance(because, OSError):
        return because.strerror or str(because)
    return str(exc)


def _refusal(exc: aiomqtt.MqttCodeError) -> str:
    said = str(exc).partition("] ")[2] or str(exc)
    if said.lower() in {"not authorized", "bad user name or password"}:
        return f"the broker refuses the user name or password ({said.lower()})"
    return f"the broker says: {said}"
