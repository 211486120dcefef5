"""What is told of bytes that are no message: garbage, and what it looks like."""

from __future__ import annotations

from datetime import datetime

from mitmeter.devices.kamstrup.hints import ENOUGH, hint
from mitmeter.devices.kamstrup.tally import is_round
from mitmeter.model import Event, Severity, printable
from mitmeter.protocol import Undecodable

_SHOWN = 64  # bytes of garbage in an event; all of them are in the journal


class RubbleStory:
    """One client's garbage in one conversation: its first bytes are looked at until they are known.

    prefix: of the event ids, such as `mitmeter.kamstrup`.
    usual:  names of hints that are nothing strange on this port.
    """

    __slots__ = ("_begin", "_bytes", "_count", "_known", "_prefix", "_usual")

    def __init__(self, prefix: str, usual: tuple[str, ...] = ()) -> None:
        self._prefix = prefix
        self._usual = usual
        self._begin = b""
        self._bytes = 0
        self._count = 0
        self._known = False

    def tell(self, item: Undecodable, at: datetime) -> list[Event]:
        """Return what this piece adds: a hint once, garbage at the 1st, 10th, 100th … piece."""
        self._count += 1
        self._bytes += len(item.raw)
        said = self.look(item.raw, at)
        if is_round(self._count):
            said.append(self._garbage(item, at))
        return said

    def look(self, raw: bytes, at: datetime) -> list[Event]:
        """Return what the client speaks, once it is clear from its first bytes."""
        if self._known or len(self._begin) >= ENOUGH:
            return []
        self._begin += raw[: ENOUGH - len(self._begin)]
        found = hint(self._begin)
        if found is None or found.name in self._usual:
            return []
        self._known = True
        return [
            Event(
                f"{self._prefix}.hint",
                at,
                f"the client says {found.title}",
                Severity.NOTICE,
                fields={
                    "spoken": found.name,
                    "hex": self._begin.hex(),
                    "text": printable(self._begin, _SHOWN),
                },
            )
        ]

    def _garbage(self, item: Undecodable, at: datetime) -> Event:
        again = "" if self._count == 1 else f", {self._count} pieces and {self._bytes} bytes by now"
        return Event(
            f"{self._prefix}.garbage",
            at,
            f"{len(item.raw)} bytes are no message: {printable(item.reason)}{again}",
            Severity.NOTICE,
            fields={
                "bytes": len(item.raw),
                "total_bytes": self._bytes,
                "count": self._count,
                "reason": printable(item.reason),
                "hex": item.raw[:_SHOWN].hex(),
                "text": printable(item.raw[:_SHOWN], _SHOWN),
            },
        )
