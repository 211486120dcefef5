"""What a party wants done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from mitmeter.model import DeviceId, Event
from mitmeter.protocol.items import M

M_co = TypeVar("M_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Send(Generic[M_co]):
    """Say this message to the peer."""

    message: M_co


@dataclass(frozen=True, slots=True)
class SendRaw:
    """Say exactly these bytes: for emulated misbehaviour, never for ordinary speech."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Call `timer(name)` after so many seconds; the same name again replaces the earlier timer."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """End the conversation once everything said before has been sent."""

    reason: str


# The reason of a Close that says: everything that was wanted has been read.
READ = "read"


@dataclass(frozen=True, slots=True)
class Restart:
    """The emulated unit reboots: once everything said before has been sent, all connections of the
    unit are closed, on every port it serves, and for so many seconds new ones are refused.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Identify:
    """The peer is this device; operator's commands for it find their way here from now on."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class Report:
    """Something happened that the wire alone does not show: a command refused, a back-fill
    closed.
    """

    event: Event


@dataclass(frozen=True, slots=True)
class Command:
    """An operator's wish. `id` links the answer to it."""

    id: str
    device: DeviceId
    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command, in a sentence. Exactly one per command, when it is known."""

    command_id: str
    accepted: bool
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an errand such as a scan has come; shown to who waits for it, never journaled.

    done, total: in steps of whatever kind.
    mark: where to go on after an interruption: handed back as the option `from`.
    """

    done: int
    total: int
    mark: str


Action = Send[M] | SendRaw | SetTimer | Close | Restart | Progress | Identify | Report | Answer
