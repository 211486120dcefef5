"""GET /api/v1/live: what happens, as it happens, as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from mitmeter import __version__
from mitmeter.dashboard.answer import Instant, Shape, problems
from mitmeter.dashboard.conversations import conversation_named
from mitmeter.dashboard.desk import Desk, desk_of
from mitmeter.dashboard.feed import Listener
from mitmeter.dashboard.frames import AT_ONCE, BEAT, Topic, frame, step
from mitmeter.dashboard.gate import Receive, Send, Turned
from mitmeter.dashboard.place import Place
from mitmeter.model import Conversation

router = APIRouter()

BEAT_SECONDS = 15.0
# Who takes nothing for so long is gone, whatever its connection says.
_PATIENCE_SECONDS = 30.0
_MOST_BACKLOG = 20 * AT_ONCE
_MOST_CONVERSATIONS = 8
_MESSAGES = "messages:"
_STREAM = "text/event-stream"


class HelloShape(Shape):
    """The first word. resumed: nothing was missed since Last-Event-ID."""

    now: Instant
    speed: float
    version: str
    resumed: bool


@router.get(
    "/live",
    responses={**problems(404), 200: {"content": {_STREAM: {"schema": {"type": "string"}}}}},
)
async def live(
    request: Request,
    topics: Annotated[
        str,
        Query(
            max_length=1000,
            description="readings, events, conversations, messages:CONVERSATION; with commas.",
        ),
    ] = "readings,events",
    last_event_id: Annotated[
        str | None, Header(max_length=100, description="The id of the last event taken.")
    ] = None,
) -> Response:
    """Events `reading`, `event`, `conversation`, `message`, each with a list; `hello` first."""
    desk = desk_of(request)
    wanted, names = _topics(topics)
    watched = [await _conversation(desk, name) for name in names]
    if desk.feed.full:
        raise Turned(503, "too many are listening already", **{"retry-after": "30"})
    return _Stream(desk, wanted, watched, Place.parse(last_event_id or ""))


def _topics(text: str) -> tuple[list[Topic], list[str]]:
    topics: list[Topic] = []
    names: list[str] = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        if each.startswith(_MESSAGES):
            names.append(each.removeprefix(_MESSAGES))
            continue
        try:
            topics.append(Topic(each))
        except ValueError:
            raise Turned(422, f"topics: {ascii(each)[1:50]} is none") from None
    if len(names) > _MOST_CONVERSATIONS:
        raise Turned(422, f"topics: at most {_MOST_CONVERSATIONS} conversations at a time")
    return topics, names


async def _conversation(desk: Desk, name: str) -> Conversation:
    found = await desk.stores.read(lambda store: conversation_named(store, name))
    if found is None:
        raise Turned(404, f"topics: no conversation {ascii(name)[1:80]}")
    return found.conversation


class _Stream(Response):
    """An answer that goes on until either side has had enough."""

    media_type = _STREAM

    def __init__(
        self, desk: Desk, topics: list[Topic], watched: list[Conversation], last: Place | None
    ) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._desk = desk
        self._listener = Listener(topics)
        self._watched = watched
        self._last = last

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        feed = self._desk.feed
        stops: list[Callable[[], None]] = []
        gone = asyncio.create_task(self._gone(receive))
        try:
            place = await feed.join(self._listener)
            stops = [feed.watch(each, self._listener) for each in self._watched]
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with contextlib.suppress(TimeoutError):
                async for data in self._words(place):
                    async with asyncio.timeout(_PATIENCE_SECONDS):
                        await send({"type": "http.response.body", "body": data, "more_body": True})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            feed.leave(self._listener)
            for stop in stops:
                stop()
            gone.cancel()

    async def _gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.end()

    async def _words(self, place: Place) -> AsyncIterator[bytes]:
        backend = self._desk.backend
        backlog, resumed = await self._missed(place)
        hello = HelloShape(
            now=backend.now(), speed=backend.house.speed, version=__version__, resumed=resumed
        )
        yield b"retry: 2000\n" + frame("hello", [hello], place if not backlog else None)
        for data in backlog:
            yield data
        while not self._listener.over:
            data = await self._listener.take(BEAT_SECONDS)
            if not self._listener.over:
                yield data or BEAT

    async def _missed(self, place: Place) -> tuple[list[bytes], bool]:
        """Return what came between the last word taken and `place`, and whether that is all."""
        last = self._last
        if last is None or last.store != place.store:
            return [], False
        found: list[bytes] = []
        for _ in range(_MOST_BACKLOG // AT_ONCE):
            at = last
            done = await self._desk.stores.read(lambda store, at=at: step(store, at))  # type: ignore[misc]
            for one in done.frames:
                if one.topic in self._listener.topics:
                    found.append(one.data)
            last = done.reached
            if not done.more:
                return found, True
        return [], False
