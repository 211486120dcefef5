"""A link without sockets: two ends in one process, for tests and for driving engines by hand."""

from __future__ import annotations

from collections import deque

from mitmeter.transport.link import LinkOwner


class MemoryLink:
    """One end of a pair. Bytes written here are delivered to the other end's owner by
    `deliver()`.
    """

    def __init__(self, peer: str, local: str) -> None:
        self.peer = peer
        self.local = local
        self.owner: LinkOwner | None = None
        self._inbox: deque[bytes] = deque()
        self._other: MemoryLink | None = None
        self._closing = False
        self._paused = False
        self._gone = False

    def write(self, data: bytes) -> None:
        if self._other is not None and not self._closing and data:
            self._other._inbox.append(data)

    def finish(self) -> None:
        self._closing = True

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True
        if self._other is not None:
            self._other._inbox.clear()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def deliver(self, chunk: int | None = None) -> bool:
        """Hand over what has arrived, `chunk` bytes at a time; return whether anything moved."""
        owner, moved = self.owner, False
        while owner is not None and self._inbox and not self._paused:
            data = self._inbox.popleft()
            if chunk is not None and len(data) > chunk:
                self._inbox.appendleft(data[chunk:])
                data = data[:chunk]
            owner.received(data)
            moved = True
        other = self._other
        if owner is not None and other is not None and other._closing and not self._inbox:
            moved = self._finish(owner) or moved
        return moved

    def _finish(self, owner: LinkOwner) -> bool:
        if self._gone:
            return False
        self._gone = True
        owner.ended()
        owner.lost("closed by peer")
        return True


def memory_pair(first: str = "memory:1", second: str = "memory:2") -> tuple[MemoryLink, MemoryLink]:
    """Return two connected ends."""
    one, two = MemoryLink(second, first), MemoryLink(first, second)
    one._other, two._other = two, one
    return one, two
