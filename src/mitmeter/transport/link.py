"""One connection, as bytes in and bytes out; the same face for a socket and for memory."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """One side's end of a connection."""

    @property
    def peer(self) -> str:
        """The other end's address, `host:port`."""
        ...

    @property
    def local(self) -> str:
        """Our end's address, `host:port`."""
        ...

    def write(self, data: bytes) -> None:
        """Queue bytes; never blocks, never raises. Bytes for a lost link are dropped."""
        ...

    def finish(self) -> None:
        """Send what is queued, then say that no more will come; the peer may still speak."""
        ...

    def close(self) -> None:
        """Send what is queued, then end the connection."""
        ...

    def abort(self) -> None:
        """End the connection now."""
        ...

    def pause(self) -> None:
        """Stop reading until `resume`; the peer is held back by its own full buffers."""
        ...

    def resume(self) -> None: ...


class LinkOwner(Protocol):
    """Who is told what happens on a link."""

    def received(self, data: bytes) -> None: ...

    def ended(self) -> None:
        """The peer will send no more; we may still write."""
        ...

    def lost(self, reason: str) -> None:
        """The link is gone. Called exactly once, last."""
        ...

    def congested(self, full: bool) -> None:
        """The peer reads too slowly (True), or has caught up (False)."""
        ...
