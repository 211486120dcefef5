"""The face of a TLS implementation without a socket: what a `SecureLink` drives."""

from __future__ import annotations

from typing import Protocol


class Engine(Protocol):
    """One end of TLS without a socket.

    waiting: whole records have been fed that `read` has not looked at yet.
    ended:   the peer has said that no more will come.
    broken:  why nothing more can be read, in words; "" while all is well.
    """

    ended: bool
    broken: str

    @property
    def waiting(self) -> bool: ...

    @property
    def version(self) -> str: ...

    @property
    def cipher(self) -> str: ...

    @property
    def certificate(self) -> bytes:
        """The peer's certificate, DER; empty where it showed none."""
        ...

    def feed(self, data: bytes) -> None: ...

    def shake(self) -> bool:
        """Go on with the handshake; return whether it is complete."""
        ...

    def read(self) -> bytes:
        """Return what has been fed, decrypted; perhaps a part of it, see `waiting`."""
        ...

    def write(self, data: bytes) -> None: ...

    def finish(self) -> None:
        """Say that we will send no more (close_notify)."""
        ...

    def outgoing(self) -> bytes:
        """Return, once, the bytes for the wire."""
        ...
