"""A link inside a link: TLS of any age over a TCP link, with the same face.

`SecureLink` drives an engine (bytes in, bytes out) and knows no cryptography; `tls` and
`legacy_tls` bring the engines. The handshake is ours to run, so its first bytes can be read and a
failure explained, and admission and back-pressure are those of the TCP link below.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from mitmeter.transport.engine import Engine
from mitmeter.transport.hello import ClientHello, client_hello, first_words
from mitmeter.transport.link import LinkOwner
from mitmeter.transport.tcp import Refused, TcpLink

# A hello is some hundred bytes, a few thousand with post-quantum keys; what is longer is only not
# explained.
_MOST_HELLO = 16_384


@dataclass(frozen=True, slots=True)
class FailedHandshake:
    """Why a TLS conversation never began.

    reason: in words.
    hello:  what the client offered, where it got as far as offering something.
    """

    reason: str
    hello: ClientHello | None = None

    def __str__(self) -> str:
        return f"{self.reason} ({self.hello})" if self.hello is not None else self.reason


Accept = Callable[["SecureLink"], LinkOwner]
Failed = Callable[[str, FailedHandshake], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds on handshakes at one listener.

    seconds:  for one handshake; old hubs take their data in pieces of 1000 bytes, so ten at least.
    together: handshakes going on at the same time.
    """

    seconds: float = 10.0
    together: int = 1_000


class Door:
    """What the links of one listener or one dialler share: whom to tell, and the counts."""

    def __init__(
        self,
        accept: Accept,
        failed: Failed | None = None,
        refused: Refused | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.accept = accept
        self.failed = failed
        self.refused = refused
        self.patience = patience or Patience()
        self.shaking: set[SecureLink] = set()
        self.completed = 0
        self.failures = 0

    def close(self) -> None:
        """End the handshakes that are going on, without a word."""
        self.failed = None
        for link in list(self.shaking):
            link.abort()


class SecureLink:
    """A link whose bytes travel inside TLS; to the TCP link below it is the owner."""

    __slots__ = (
        "_closed",
        "_door",
        "_ended",
        "_engine",
        "_eof",
        "_finished",
        "_first",
        "_link",
        "_owner",
        "_paused",
        "_stepping",
        "_timer",
        "sni",
    )

    def __init__(self, link: TcpLink, engine: Engine, door: Door) -> None:
        self._link = link
        self._engine = engine
        self._door = door
        self._owner: LinkOwner | None = None
        # The first bytes received, until the handshake is over.
        self._first = b""
        # The host name the client asked for; "" without one, and at the client's own end.
        self.sni = ""
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        # More is held by the engine than one turn of the loop should decrypt.
        self._stepping = False
        self._eof = False
        self._ended = False
        # What we still may do: nothing after `_closed`, read but not write after `_finished`.
        self._finished = False
        self._closed = False

    def start(self) -> None:
        """Begin the handshake, if there is room for one more."""
        door = self._door
        if len(door.shaking) >= door.patience.together:
            self.abort()
            if door.refused is not None:
                door.refused(self.peer, f"{len(door.shaking)} handshakes are going on, the limit")
            return
        door.shaking.add(self)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(door.patience.seconds, self._too_slow)
        self._shake()

    # facts, for events

    @property
    def peer(self) -> str:
        return self._link.peer

    @property
    def local(self) -> str:
        return self._link.local

    def option(self, level: int, name: int, size: int) -> bytes:
        """Return an option of the socket below, as `TcpLink.option`."""
        return self._link.option(level, name, size)

    @property
    def version(self) -> str:
        """Such as `TLS 1.2`."""
        return self._engine.version

    @property
    def cipher(self) -> str:
        return self._engine.cipher

    @property
    def certificate(self) -> bytes:
        """The peer's certificate, DER; empty where it showed none."""
        return self._engine.certificate

    @property
    def facts(self) -> str:
        """The handshake in words: `TLS 1.2, ECDHE-RSA-AES128-GCM-SHA256, name 'x.example'`."""
        name = f", name {self.sni!a}" if self.sni else ""
        return f"{self.version}, {self.cipher}{name}"

    # the TCP link's side

    def received(self, data: bytes) -> None:
        if self._closed:
            return
        self._engine.feed(data)
        if self._owner is None:
            if len(self._first) < _MOST_HELLO:
                self._first += data[:_MOST_HELLO]
            self._shake()
        else:
            self._read()

    def ended(self) -> None:
        self._eof = True
        if self._owner is not None:
            if not self._paused and not self._stepping:
                self._end()
        elif self._timer is not None:
            self._fail(self._hung_up())

    def lost(self, reason: str) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.lost(self._engine.broken or reason)
        elif self._timer is not None:
            self._fail(reason if reason != "closed" else self._hung_up())

    def congested(self, full: bool) -> None:
        if self._owner is not None:
            self._owner.congested(full)

    # our side

    def write(self, data: bytes) -> None:
        if self._finished or not data:
            return
        self._engine.write(data)
        self._link.write(self._engine.outgoing())
        if self._engine.broken:
            self.abort()

    def finish(self) -> None:
        if not self._finished:
            self._farewell()
            self._link.finish()

    def close(self) -> None:
        if not self._finished:
            self._farewell()
        self._closed = True
        self._settled()
        self._link.close()

    def abort(self) -> None:
        self._finished = self._closed = True
        self._settled()
        self._link.abort()

    def pause(self) -> None:
        self._paused = True
        self._link.pause()

    def resume(self) -> None:
        self._paused = False
        if self._engine.waiting or self._eof:
            self._step()
        else:
            self._link.resume()

    # the handshake

    def _shake(self) -> None:
        engine = self._engine
        done = engine.shake()
        out = engine.outgoing()
        if out:
            self._link.write(out)
        if done:
            self._begin()
        elif engine.broken:
            self._fail(first_words(self._first) or engine.broken)

    def _begin(self) -> None:
        self._settled()
        self._door.completed += 1
        hello = client_hello(self._first)
        self.sni = hello.sni if hello is not None else ""
        self._first = b""
        self._owner = self._door.accept(self)
        # The first request may have come with the last words of the handshake.
        self._read()

    def _settled(self) -> None:
        self._door.shaking.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, reason: str) -> None:
        self._settled()
        self._finished = self._closed = True
        door = self._door
        door.failures += 1
        facts = FailedHandshake(reason, client_hello(self._first))
        self._link.close()  # after the alert, which is queued
        if door.failed is not None:
            door.failed(self.peer, facts)

    def _too_slow(self) -> None:
        came = len(self._first)
        self._fail(
            f"the handshake was not complete within {self._door.patience.seconds:g} s; "
            + (f"{came} bytes came" if came else "nothing came")
        )
        self._link.abort()

    def _hung_up(self) -> str:
        if not self._first:
            return "the peer hung up without a word"
        if client_hello(self._first) is not None:
            return "the peer hung up in the middle of the handshake, without saying why"
        return first_words(self._first) or "the peer hung up in the middle of its first words"

    # reading

    def _read(self) -> None:
        owner = self._owner
        if owner is None or self._deaf:
            return
        engine = self._engine
        plain = engine.read()
        out = engine.outgoing()
        if out:
            self._link.write(out)
        if plain:
            owner.received(plain)
        if self._closed:
            return
        if engine.broken:
            self._finished = self._closed = True
            self._link.close()
        elif engine.ended:
            self._end()
        elif engine.waiting:
            self._step()

    @property
    def _deaf(self) -> bool:
        return self._paused or self._stepping or self._closed

    def _end(self) -> None:
        if self._owner is not None and not self._ended and not self._closed:
            self._ended = True
            self._owner.ended()

    def _step(self) -> None:
        """Hold the wire back, let others have their turn, then read on."""
        if not self._stepping:
            self._stepping = True
            self._link.pause()
            asyncio.get_running_loop().call_soon(self._next_step)

    def _next_step(self) -> None:
        self._stepping = False
        self._read()
        if not self._paused and not self._stepping:
            if self._eof:
                self._end()
            self._link.resume()

    def _farewell(self) -> None:
        self._finished = True
        if self._timer is None and not self._engine.broken:
            self._engine.finish()
            self._link.write(self._engine.outgoing())
