"""What the writer of the store is given at once, and what it says became of it.

One `Batch` is one transaction: everything that a stretch of the journal came to, and the position
in the journal up to which it was read. The store does not look into the position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from mitmeter.model import Conversation, DeviceId, Event, Fact, Reading, lean


class Clock(IntEnum):
    """Whose clock tells two readings of one quantity apart. The numbers are at rest: keep them."""

    LOCAL = 0
    """The device's own, without a zone."""
    UTC = 1
    """The device's own, with a zone."""
    RECEIVED = 2
    """Ours: the device says no time."""
    UNSET_LOCAL = 3
    """The device's own, which is nowhere near the present (1970, 2099)."""
    UNSET_UTC = 4
    """The same of a clock with a zone."""


@lean
class Moment:
    """Readings of one device at one instant, out of one message, with their corrected time.

    readings: share device, reported, received, live and origin. `at` and `source` in them are not
              looked at; those of the moment count.
    fold:     tells apart the same reported time shown twice by a clock that was set back.
    source:   id of the chunk in which the message ended, `<conversation>/<seq>`, or "".
    kept:     carried over from an older store, because the journal no longer tells it.
    """

    readings: Sequence[Reading]
    at: datetime
    clock: Clock
    fold: int = 0
    source: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """An event and where it came from; each of the three may be "" when there is none."""

    event: Event
    station: str = ""
    conversation: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A fact, since when, and from which chunk."""

    fact: Fact
    at: datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one conversation said since the last batch: counts are added to those already held.

    first_seq: the lowest chunk number among these chunks.
    """

    conversation: str
    first_seq: int
    chunks: int
    device_bytes: int = 0
    headend_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Closed:
    """A conversation's end."""

    conversation: str
    reason: str
    closed_ns: int


@dataclass(frozen=True, slots=True)
class Pending:
    """Bytes of one stream which its codec had not turned into items; b"" when none are left.

    stream: the reader's own name for it, such as "device".
    """

    conversation: str
    stream: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction. `position` is the journal's, opaque here; "" leaves the one held as it is.

    pending: only the streams that changed; closing a conversation forgets its streams.
    clocks:  only the devices whose state changed, as `ClockBook.changed()` gives them.
    """

    position: str
    moments: Sequence[Moment] = ()
    events: Sequence[Noted] = ()
    facts: Sequence[Known] = ()
    opened: Sequence[Conversation] = ()
    progress: Sequence[Progress] = ()
    closed: Sequence[Closed] = ()
    pending: Sequence[Pending] = ()
    clocks: Mapping[DeviceId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the readings of a batch.

    new:     now held.
    doubled: already held: the same quantity of the same device at the same time of its own.
    refused: of a quantity beyond the number of different names the store takes from peers.
    cursor:  the cursor of the newest reading in the store, 0 for an empty one.
    """

    new: int
    doubled: int
    refused: int
    cursor: int
