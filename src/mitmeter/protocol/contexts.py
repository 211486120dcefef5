"""What parties are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Protocol

from mitmeter.model import DeviceId, Secret
from mitmeter.protocol.house import House

Recall = Callable[[DeviceId, str], str | None]


Gaps = Callable[[DeviceId, datetime, datetime, timedelta], "tuple[tuple[datetime, datetime], ...]"]


def _nothing_known(device: DeviceId, name: str) -> str | None:
    return None


def _no_gaps(
    device: DeviceId, since: datetime, until: datetime, longest: timedelta
) -> tuple[tuple[datetime, datetime], ...]:
    return ()


@dataclass(frozen=True, slots=True)
class HeadendContext:
    """What a stand-in head-end, or an injecting rule, may know.

    recall:  the latest fact of a device by name, or None.
    gaps:    gaps(device, since, until, longest): the spans, in the device's own time, between two
             moments the store holds readings of (or between the last one held and `until`) that
             are longer than `longest`; oldest first; none for a device nothing is held of.
    zone:    the site's time zone.
    control: whether operator's commands may change anything.
    options: the rule's or station's own settings, as text.
    user, password: what a probe logs in with.

    A head-end that dials its device reads what is to be read and says Close(READ), or Close with
    what went wrong. Options every probe may set, as `mitmeter probe` takes them: `registers` (names
    or numbers, comma-separated), `address`, `scan` ("FROM-TO"), `pace` (seconds between requests
    of a scan) and `from` (the mark of the last Progress of a scan that was interrupted).
    """

    recall: Recall = _nothing_known
    gaps: Gaps = _no_gaps
    zone: tzinfo | None = None
    control: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))


class DeviceMemory(Protocol):
    """What an emulated unit remembers over restarts: small texts by name.

    One memory serves all conversations and all ports of a unit; what one sets, all get at once.
    """

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...


class PlainMemory:
    """A memory that lasts as long as the object does."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._held.get(name)

    def set(self, name: str, value: str) -> None:
        self._held[name] = value


@dataclass(frozen=True, slots=True)
class DeviceContext:
    """What an emulated device is made of.

    persona: the persona file's content: identity, sizes, misbehaviour, as parsed from TOML.
    options: settings of this run as text, such as `drift_ppm` or `misbehave`.
    memory:  what the unit remembers over restarts.
    delay:   how long the unit takes to answer, in seconds, where the operator says so; None: as
             long as a real one would.
    """

    house: House
    persona: Mapping[str, Any] = field(default_factory=dict)
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    zone: tzinfo | None = None
    seed: int = 1
    frozen_at: datetime | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    memory: DeviceMemory = field(default_factory=PlainMemory)
    delay: float | None = None
