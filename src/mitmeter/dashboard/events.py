"""GET /api/v1/events and /api/v1/sessions: what happened, and who came to a honeypot."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from mitmeter.dashboard.answer import Instant, Shape, answer, problems
from mitmeter.dashboard.asked import After, Device, Limit, Since, Until, cursor_of, device_of
from mitmeter.dashboard.cursor import Cursor, mark_of, page_back
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.traffic_shapes import place_of
from mitmeter.model import Field, Severity, instant, nanoseconds
from mitmeter.store import RecordedConversation, RecordedEvent, Store

router = APIRouter()

_EVERYTHING = 20_000
_TOLD = 30
_FRAMEWORK = ("mitmeter.conversation.",)


class EventShape(Shape):
    """One thing that happened. number: grows with every event that comes in."""

    number: int
    eventid: str
    at: Instant
    severity: str
    message: str
    device: str | None
    station: str
    conversation: str
    source: str
    fields: dict[str, str | int | float | bool | list[str] | list[int] | None]


class EventsShape(Shape):
    """A page of events, newest first."""

    items: list[EventShape]
    next: str | None


class SessionShape(Shape):
    """One visit at an emulated device: who, how long, what was tried, how much was got."""

    conversation: str
    station: str
    protocol: str
    peer: str
    opened: Instant
    closed: Instant | None
    seconds: float
    said_bytes: int
    got_bytes: int
    reason: str
    tried: list[EventShape]


class SessionsShape(Shape):
    """A page of visits, newest first."""

    items: list[SessionShape]
    next: str | None


def event_shape(each: RecordedEvent) -> EventShape:
    event = each.event
    return EventShape(
        number=each.number,
        eventid=event.eventid,
        at=event.at,
        severity=str(event.severity),
        message=event.message,
        device=None if event.device is None else str(event.device),
        station=each.station,
        conversation=each.conversation,
        source=each.source,
        fields={name: _field(value) for name, value in event.fields.items()},
    )


def _field(value: Field) -> str | int | float | bool | list[str] | list[int] | None:
    if isinstance(value, tuple):
        texts = [each for each in value if isinstance(each, str)]
        return texts if len(texts) == len(value) else [int(each) for each in value]
    return value


@router.get("/events", response_model=EventsShape, responses=problems())
async def events(
    request: Request,
    since: Since = None,
    until: Until = None,
    severity: Annotated[Severity, Query(description="At least this severe.")] = Severity.INFO,
    eventid: Annotated[
        str, Query(max_length=200, description="An id, or the beginning of one.")
    ] = "",
    device: Device = None,
    limit: Limit = 100,
    cursor: After = None,
) -> Response:
    """What happened, newest first."""
    who, start = device_of(device), cursor_of(cursor)

    def made(store: Store) -> EventsShape:
        page = page_back(
            lambda end, count: store.events(since, end or until, who, eventid, severity, count),
            _place,
            start,
            limit,
        )
        return EventsShape(
            items=[event_shape(each) for each in page.items],
            next=None if page.next is None else str(page.next),
        )

    key = ("events", since, until, who, eventid, severity, limit, cursor)
    return await answer(request, made, key=key)


@router.get("/sessions", response_model=SessionsShape, responses=problems())
async def sessions(
    request: Request,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Response:
    """Who came to an emulated device that waits to be connected to."""
    backend, start = desk_of(request).backend, cursor_of(cursor)

    def visited(each: RecordedConversation) -> bool:
        speaks = backend.speaks(each.conversation.protocol)
        return each.conversation.role == "emulate" and bool(speaks and speaks.device_waits)

    def made(store: Store) -> SessionsShape:
        page = page_back(
            lambda end, count: store.conversations(since, end or until, None, count),
            place_of,
            start,
            limit,
            visited,
        )
        tried = _tried(store, list(page.items))
        now = backend.now().timestamp()
        return SessionsShape(
            items=[_session(each, tried.get(each.conversation.id, []), now) for each in page.items],
            next=None if page.next is None else str(page.next),
        )

    return await answer(request, made)


def _session(each: RecordedConversation, tried: list[EventShape], now: float) -> SessionShape:
    who = each.conversation
    ended = now if each.closed_ns is None else each.closed_ns / 1e9
    return SessionShape(
        conversation=who.id,
        station=who.station,
        protocol=who.protocol,
        peer=who.peer,
        opened=instant(who.opened_ns),
        closed=None if each.closed_ns is None else instant(each.closed_ns),
        seconds=round(max(0.0, ended - who.opened_ns / 1e9), 3),
        said_bytes=each.headend_bytes,
        got_bytes=each.device_bytes,
        reason=each.reason,
        tried=tried,
    )


def _tried(store: Store, visits: list[RecordedConversation]) -> dict[str, list[EventShape]]:
    """Return what is known of each visit, but that it began and ended, oldest first."""
    if not visits:
        return {}
    names = {each.conversation.id for each in visits}
    first = instant(min(each.conversation.opened_ns for each in visits))
    ends = [each.closed_ns for each in visits]
    last = None
    if None not in ends:
        last = instant(max(end for end in ends if end is not None)) + timedelta(seconds=1)
    found: dict[str, list[EventShape]] = {}
    for each in store.events(first, last, limit=_EVERYTHING):
        if each.conversation in names and not each.event.eventid.startswith(_FRAMEWORK):
            held = found.setdefault(each.conversation, [])
            if len(held) < _TOLD:
                held.append(event_shape(each))
    return found


def _place(each: RecordedEvent) -> Cursor:
    return Cursor(nanoseconds(each.event.at) // 1000, mark_of(each.number))
