"""What happens at a honeypot, told once and then counted, on its way into the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from mitmeter.daemon.callers import MOST_ADDRESSES, is_power_of_ten, split
from mitmeter.model import Conversation, Event
from mitmeter.protocol import Projected

# So many of a kind are the story; what comes after them is one number.
TOLD = 25
_FORGET = timedelta(days=1)
# These are counted where they are made, or say something of the whole unit.
_COUNTED_BEFORE = (".connection", ".disconnect")
_NEVER_MANY = "mitmeter.unit."


def is_honeypot(conversation: Conversation) -> bool:
    """Tell whether a conversation was with somebody who came to a honeypot."""
    return ("honeypot", "true") in conversation.settings


class Strangers:
    """Counts the events of each kind of each address: the first few, and then the 100th, 1000th …

    The journal keeps them all.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, str] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._since: datetime | None = None

    def came(self, conversation: Conversation) -> None:
        if is_honeypot(conversation):
            self._hosts[conversation.id] = split(conversation.peer)[0]

    def went(self, conversation: str) -> bool:
        """Forget a conversation; tell whether it was with a stranger."""
        return self._hosts.pop(conversation, None) is not None

    def sift(self, found: Iterable[Projected], conversation: Conversation) -> list[Projected]:
        """Return what is to be told of what a conversation came to."""
        if not is_honeypot(conversation):
            return list(found)
        self._hosts.setdefault(conversation.id, split(conversation.peer)[0])
        told: list[Projected] = []
        for each in found:
            kept = self.judge(each, conversation.id) if isinstance(each, Event) else each
            if kept is not None:
                told.append(kept)
        return told

    def judge(self, event: Event, conversation: str) -> Event | None:
        """Return the event as it is to be told, None where it is only counted."""
        host = self._hosts.get(conversation)
        if host is None or event.eventid.endswith(_COUNTED_BEFORE):
            return event
        if event.eventid.startswith(_NEVER_MANY):
            return event
        count = self._count(host, event)
        if count <= TOLD:
            return event
        if not is_power_of_ten(count):
            return None
        return replace(
            event,
            message=f"{event.message} ({count:,} of the kind from {host} so far)",
            fields={**event.fields, "count": count},
        )

    def _count(self, host: str, event: Event) -> int:
        if self._since is None or not timedelta(0) <= event.at - self._since < _FORGET:
            self._counts.clear()
            self._since = event.at
        key = (host, event.eventid)
        if key not in self._counts and len(self._counts) >= MOST_ADDRESSES:
            key = ("", event.eventid)
        self._counts[key] += 1
        return self._counts[key]
