"""Readings at rest: one SQLite file that is a view of the journal, and the clocks that date it.

One writer, many readers. Knows no protocol, no socket, and nothing of the journal but an opaque
position, which is committed with what was read up to it. `clocks` is free of any I/O.
"""

from mitmeter.store.batch import (
    Applied,
    Batch,
    Clock,
    Closed,
    Known,
    Moment,
    Noted,
    Pending,
    Progress,
)
from mitmeter.store.clocks import ClockBook, Dated
from mitmeter.store.overview import KnownDevice, RecordedConversation, RecordedEvent, Series
from mitmeter.store.readings import Tailed
from mitmeter.store.rebuild import Carried, Difference, carry_over, diff, swap
from mitmeter.store.store import Store

__all__ = [
    "Applied",
    "Batch",
    "Carried",
    "Clock",
    "ClockBook",
    "Closed",
    "Dated",
    "Difference",
    "Known",
    "KnownDevice",
    "Moment",
    "Noted",
    "Pending",
    "Progress",
    "RecordedConversation",
    "RecordedEvent",
    "Series",
    "Store",
    "Tailed",
    "carry_over",
    "diff",
    "swap",
]
