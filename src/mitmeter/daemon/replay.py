"""Sends one side of a recorded conversation to an address, at the recorded pace or another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mitmeter.config.endpoint import Endpoint
from mitmeter.model import Chunk
from mitmeter.transport import Link, LinkOwner, connect

_LAST_ANSWERS_SECONDS = 2.0


@dataclass(slots=True)
class Replayed:
    """What was sent, what came back, and whether the peer ended the connection early."""

    chunks: int = 0
    sent: int = 0
    received: int = 0
    cut_off: bool = False


class _Listener:
    def __init__(self) -> None:
        self.received_bytes = 0
        self.gone = asyncio.Event()
        self.moves = asyncio.Event()
        self.over = asyncio.Event()

    def accept(self, link: Link) -> LinkOwner:
        return self

    def received(self, data: bytes) -> None:
        self.received_bytes += len(data)

    def ended(self) -> None:
        self.gone.set()
        self.moves.set()

    def lost(self, reason: str) -> None:
        self.gone.set()
        self.moves.set()
        self.over.set()

    def congested(self, full: bool) -> None:
        if full:
            self.moves.clear()
        else:
            self.moves.set()


async def replay(
    chunks: Sequence[Chunk],
    to: Endpoint,
    *,
    speed: float,
    progress: Callable[[int], None],
) -> Replayed:
    """Send the chunks' bytes in their order and rhythm.

    speed: 1 for the recorded pace, 10 for ten times faster, 0 for no pauses but those of a peer
           that does not take more.
    Raises: LinkError when nobody answers there.
    """
    listener = _Listener()
    listener.moves.set()
    link = await connect(to.host, to.port, listener.accept)
    try:
        done = await _say(chunks, link, listener, speed, progress)
        # A peer that has reset the connection cannot be told of the end.
        with contextlib.suppress(OSError):
            link.finish()
        await _until(_LAST_ANSWERS_SECONDS, listener.gone)
    finally:
        link.close()
        await _until(_LAST_ANSWERS_SECONDS, listener.over)
        link.abort()
    done.received = listener.received_bytes
    return done


async def _say(
    chunks: Sequence[Chunk],
    link: Link,
    listener: _Listener,
    speed: float,
    progress: Callable[[int], None],
) -> Replayed:
    done = Replayed()
    loop = asyncio.get_running_loop()
    began, first_ns = loop.time(), chunks[0].received_ns
    for chunk in chunks:
        if speed:
            due = began + (chunk.received_ns - first_ns) / 1e9 / speed
            await _until(due - loop.time(), listener.gone)
        if listener.gone.is_set():
            done.cut_off = True
            break
        link.write(chunk.data)
        done.chunks += 1
        done.sent += len(chunk.data)
        progress(1)
        await asyncio.sleep(0)
        await listener.moves.wait()
    return done


async def _until(seconds: float, event: asyncio.Event) -> None:
    """Wait so long, or until it has happened."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
