"""Whom a conversation was with, for the events that happened in it."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta

from mitmeter.sinks.sink import Occurrence
from mitmeter.store import RecordedEvent, Store

_MOST = 20_000
_NEAR = timedelta(seconds=1)


class Sessions:
    """Remembers the newest conversations it was asked about; the store knows the others."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, str, str]] = OrderedDict()

    def occurrence(self, store: Store, recorded: RecordedEvent) -> Occurrence:
        protocol, role, peer = ("", "", "")
        if recorded.conversation:
            protocol, role, peer = self._find(store, recorded)
        return Occurrence(
            recorded.number,
            recorded.event,
            recorded.station,
            recorded.conversation,
            recorded.source,
            protocol,
            role,
            peer,
        )

    def _find(self, store: Store, recorded: RecordedEvent) -> tuple[str, str, str]:
        name = recorded.conversation
        if name not in self._known:
            at = recorded.event.at
            for each in store.conversations(at - _NEAR, at + _NEAR, limit=None):
                held = each.conversation
                self._known[held.id] = (held.protocol, held.role, held.peer)
            # One that is not known, as its opening was pruned, is not asked for again.
            self._known.setdefault(name, ("", "", ""))
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return self._known.get(name, ("", "", ""))
