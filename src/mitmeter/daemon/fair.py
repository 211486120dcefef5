"""A link whose long reads are taken piece by piece, so that others are answered in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mitmeter.transport import Link, LinkOwner

# About a hundred of the shortest requests there are; a few milliseconds of work.
PIECE = 1024


class FairLink:
    """Stands between a link and its owner, as the other to each of them.

    One read of a socket may hold thousands of requests. Each piece of it is a turn of the loop, and
    nothing more is read meanwhile; an owner that pauses stops the pieces as well.
    """

    __slots__ = ("_ended", "_held", "_link", "_lost", "_owner", "_rest", "_scheduled")

    def __init__(self, link: Link, accept: Callable[[Link], LinkOwner]) -> None:
        self._link = link
        self._rest = b""
        self._held = False
        self._ended = False
        self._lost: str | None = None
        self._scheduled = False
        self._owner = accept(self)

    # as the link

    @property
    def peer(self) -> str:
        return self._link.peer

    @property
    def local(self) -> str:
        return self._link.local

    def write(self, data: bytes) -> None:
        self._link.write(data)

    def finish(self) -> None:
        self._link.finish()

    def close(self) -> None:
        self._link.close()

    def abort(self) -> None:
        self._link.abort()

    def pause(self) -> None:
        self._held = True
        self._link.pause()

    def resume(self) -> None:
        self._held = False
        if self._rest:
            self._schedule()
        else:
            self._link.resume()

    # as the owner

    def received(self, data: bytes) -> None:
        if not self._rest and len(data) <= PIECE:
            self._owner.received(data)
            return
        self._rest += data
        self._link.pause()
        self._schedule()

    def ended(self) -> None:
        if self._rest:
            self._ended = True
        else:
            self._owner.ended()

    def lost(self, reason: str) -> None:
        if self._rest:
            # Nobody waits for what is left, but it was said: the journal is to have it.
            self._lost = reason
            self._schedule()
        else:
            self._owner.lost(reason)

    def congested(self, full: bool) -> None:
        self._owner.congested(full)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._scheduled = False
        if self._held and self._lost is None:
            return
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        self._owner.received(piece)
        if self._rest:
            self._schedule()
            return
        if self._ended:
            self._ended = False
            self._owner.ended()
        if self._lost is not None:
            self._owner.lost(self._lost)
        elif not self._held:
            self._link.resume()
