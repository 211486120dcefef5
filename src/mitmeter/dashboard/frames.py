"""What goes over the live stream, as server-sent events.

Source: HTML Living Standard §9.2 [O]: fields `id`, `event` and `data` each on a line of their own,
an empty line ends an event, a line that begins with a colon is a comment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from mitmeter.dashboard.conversations import conversation_named
from mitmeter.dashboard.events import event_shape
from mitmeter.dashboard.place import Place
from mitmeter.dashboard.readings import reading_shape
from mitmeter.dashboard.traffic_shapes import conversation_shape
from mitmeter.store import RecordedEvent, Store

BEAT = b": still here\n\n"
AT_ONCE = 1000
_TALK = ("mitmeter.conversation.opened", "mitmeter.conversation.closed")


class Topic(StrEnum):
    """What one may listen to; messages of one conversation beside these."""

    READINGS = "readings"
    EVENTS = "events"
    CONVERSATIONS = "conversations"


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event, for who listens to the topic."""

    topic: Topic
    data: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What came into the store from one place to the next."""

    frames: tuple[Frame, ...]
    reached: Place
    more: bool


def frame(kind: str, models: Sequence[BaseModel], place: Place | None = None) -> bytes:
    """Return one event with a list of things; JSON has no line ends, so it is one line."""
    body = ",".join(each.model_dump_json(by_alias=True) for each in models)
    head = "" if place is None else f"id: {place}\n"
    return f"{head}event: {kind}\ndata: [{body}]\n\n".encode()


def step(store: Store, place: Place) -> Step:
    """Return what came after a place, at most a thousand of each kind."""
    readings = store.tail(place.reading, AT_ONCE)
    events = store.tail_events(place.event, AT_ONCE)
    frames: list[Frame] = []
    reached = place
    if readings:
        reached = Place(place.store, readings[-1].cursor, place.event)
        shapes = [reading_shape(each.reading) for each in readings]
        frames.append(Frame(Topic.READINGS, frame("reading", shapes, reached)))
    if events:
        reached = Place(place.store, reached.reading, events[-1].number)
        told = [event_shape(each) for each in events]
        frames.append(Frame(Topic.EVENTS, frame("event", told, reached)))
        talks = _conversations(store, events)
        if talks:
            frames.append(Frame(Topic.CONVERSATIONS, frame("conversation", talks)))
    return Step(tuple(frames), reached, AT_ONCE in (len(readings), len(events)))


def _conversations(store: Store, events: Sequence[RecordedEvent]) -> list[BaseModel]:
    names = {each.conversation for each in events if each.event.eventid in _TALK}
    found = (conversation_named(store, name) for name in sorted(names))
    return [conversation_shape(each) for each in found if each is not None]
