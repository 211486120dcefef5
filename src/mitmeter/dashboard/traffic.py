"""Conversations and their messages: /api/v1/conversations, /api/v1/messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from mitmeter.dashboard.answer import answer, missing, problems
from mitmeter.dashboard.asked import After, Limit, Since, Until, cursor_of
from mitmeter.dashboard.backend import Wanted
from mitmeter.dashboard.conversations import conversation_named
from mitmeter.dashboard.cursor import page_back
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.traffic_shapes import (
    ConversationShape,
    ConversationsShape,
    MessagesShape,
    WholeMessage,
    conversation_shape,
    message_shape,
    place_of,
    whole_message,
)
from mitmeter.model import Side
from mitmeter.store import RecordedConversation, Store

router = APIRouter()

_PIECE = 65_536
_VERDICTS = {"all": None, "decoded": True, "undecodable": False}
Name = Annotated[str, Path(max_length=64, description="The conversation's id.")]
Place = Annotated[str, Path(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$", description="Its chunk.")]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "application/x-ndjson", "application/zip")
        }
    }
}


@router.get("/conversations", response_model=ConversationsShape, responses=problems())
async def conversations(
    request: Request,
    station: Annotated[str | None, Query(max_length=100)] = None,
    protocol: Annotated[str | None, Query(max_length=100)] = None,
    live: Annotated[bool | None, Query(description="Only those that go on, or that ended.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    cursor: After = None,
) -> Response:
    """Who talked, and when; the last to open first."""
    start = cursor_of(cursor)

    def wanted(each: RecordedConversation) -> bool:
        if protocol and each.conversation.protocol != protocol:
            return False
        return live is None or (each.closed_ns is None) is live

    def made(store: Store) -> ConversationsShape:
        page = page_back(
            lambda end, count: store.conversations(since, end or until, station or None, count),
            place_of,
            start,
            limit,
            wanted if protocol or live is not None else None,
        )
        return ConversationsShape(
            items=[conversation_shape(each) for each in page.items],
            next=None if page.next is None else str(page.next),
        )

    key = ("conversations", station, protocol, live, since, until, limit, cursor)
    return await answer(request, made, key=key)


@router.get(
    "/conversations/{conversation}", response_model=ConversationShape, responses=problems(404)
)
async def one_conversation(request: Request, conversation: Name) -> Response:
    """One conversation."""
    return await answer(
        request, lambda store: conversation_shape(known(store, conversation)), key=conversation
    )


@router.get(
    "/conversations/{conversation}/messages",
    response_model=MessagesShape,
    responses=problems(404),
)
async def messages(
    request: Request,
    conversation: Name,
    q: Annotated[str, Query(max_length=200, description="Text in type, summary or error.")] = "",
    sender: Annotated[Side | None, Query(description="Whose words.")] = None,
    verdict: Annotated[
        Literal["all", "decoded", "undecodable"], Query(description="What could be decoded.")
    ] = "all",
    limit: Limit = 100,
    cursor: Annotated[
        str | None,
        Query(pattern=r"^([0-9]{1,12}\.[0-9]{1,6})?$", description="`next` of the page before."),
    ] = None,
) -> Response:
    """What was said, decoded; newest first."""
    backend = desk_of(request).backend
    before = None
    if cursor:
        seq, _, index = cursor.partition(".")
        before = (int(seq), int(index))
    wanted = Wanted(before, limit, q, sender, _VERDICTS[verdict])

    def made(store: Store) -> MessagesShape:
        found = backend.lines(known(store, conversation), wanted)
        goes_on = found.goes_on
        return MessagesShape(
            items=[message_shape(conversation, each) for each in found.lines],
            next=None if goes_on is None else f"{goes_on[0]}.{goes_on[1]}",
        )

    return await answer(request, made)


@router.get(
    "/messages/{conversation}/{place}", response_model=WholeMessage, responses=problems(404)
)
async def one_message(request: Request, conversation: Name, place: Place) -> Response:
    """One message: its bytes, as text, decoded, and the readings it brought."""
    backend = desk_of(request).backend
    seq, _, index = place.partition(".")

    def made(store: Store) -> WholeMessage:
        about = known(store, conversation)
        found = backend.message(store, about, int(seq), int(index or 0))
        if found is None:
            raise missing(f"no message ended there, or its bytes are no longer kept: {place}")
        return whole_message(about, found)

    return await answer(request, made)


@router.get("/conversations/{conversation}/export", responses={**problems(404), **_FILES})
async def export(
    request: Request,
    conversation: Name,
    format: Annotated[
        Literal["pcapng", "jsonl", "redacted"],
        Query(description="For Wireshark; one object per chunk; a journal with stand-ins."),
    ] = "pcapng",
) -> Response:
    """One conversation as a file; `redacted` may be shown to others."""
    desk = desk_of(request)
    about = await desk.stores.read(lambda store: known(store, conversation))
    copy = await desk.stores.run(lambda: desk.backend.copy(about, format))
    headers = {
        "content-disposition": f'attachment; filename="{copy.name}"',
        "cache-control": "no-store",
    }
    return StreamingResponse(_pieces(copy.file), media_type=copy.media_type, headers=headers)


def known(store: Store, name: str) -> RecordedConversation:
    """Return a conversation. Turned away with 404 when there is none of that id."""
    found = conversation_named(store, name)
    if found is None:
        raise missing(f"no conversation {ascii(name)[1:80]}")
    return found


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
