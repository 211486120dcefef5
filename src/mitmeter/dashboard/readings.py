"""GET /api/v1/readings: pages of them as JSON, or all of a span as CSV or JSON Lines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from mitmeter.dashboard.answer import Instant, Shape, answer, problems, value_of
from mitmeter.dashboard.asked import After, Device, Limit, Since, Until, cursor_of, device_of
from mitmeter.dashboard.cursor import Cursor, mark_of, page_back
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.exact import csv_head, csv_text, reading_cells, reading_line
from mitmeter.dashboard.export import Span, lines
from mitmeter.model import Reading, nanoseconds, quantity
from mitmeter.store import Store

router = APIRouter()

CSV = "text/csv"
JSON_LINES = "application/x-ndjson"
STREAMS: dict[str, Any] = {
    CSV: {"schema": {"type": "string"}},
    JSON_LINES: {"schema": {"type": "string"}},
}
QuantityName = Annotated[
    str | None,
    Query(max_length=200, description="A name, or the beginning of one followed by *."),
]
Format = Annotated[
    Literal["json", "csv", "jsonl"] | None,
    Query(description="csv and jsonl give everything in the span, exact; so does Accept."),
]


class ReadingShape(Shape):
    """One value. source: the message it came in, `<conversation>/<chunk>`."""

    device: str
    quantity: str
    value: float | str | None
    unit: str
    at: Instant
    received: Instant
    origin: str
    source: str
    reported: str | None


class ReadingsShape(Shape):
    """A page of readings, newest first."""

    items: list[ReadingShape]
    next: str | None


def reading_shape(reading: Reading) -> ReadingShape:
    return ReadingShape(
        device=str(reading.device),
        quantity=reading.quantity,
        value=value_of(reading.value),
        unit=quantity(reading.quantity).unit,
        at=reading.at or reading.received,
        received=reading.received,
        origin=str(reading.origin),
        source=reading.source,
        reported=None if reading.reported is None else reading.reported.isoformat(),
    )


@router.get(
    "/readings",
    response_model=ReadingsShape,
    responses={**problems(), 200: {"content": STREAMS}},
)
async def readings(
    request: Request,
    device: Device = None,
    quantity: QuantityName = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 200,
    cursor: After = None,
    format: Format = None,
) -> Response:
    """Readings with since ≤ at < until, newest first; as a file oldest first, all of them."""
    span = Span(device_of(device), quantity or None, since, until)
    form = format or wanted_form(request)
    if form != "json":
        return stream(request, span, form)
    start = cursor_of(cursor)

    def made(store: Store) -> ReadingsShape:
        page = page_back(
            lambda end, count: list(
                store.readings(span.device, span.quantity, since, end or until, count)
            ),
            _place,
            start,
            limit,
        )
        return ReadingsShape(
            items=[reading_shape(each) for each in page.items],
            next=None if page.next is None else str(page.next),
        )

    return await answer(request, made, key=(span, limit, cursor))


def wanted_form(request: Request) -> str:
    """Return the form the Accept header asks for."""
    accepts = request.headers.get("accept", "")
    if CSV in accepts:
        return "csv"
    return "jsonl" if JSON_LINES in accepts else "json"


def stream(request: Request, span: Span, form: str) -> Response:
    """Return everything in a span as a file that is read while it is sent."""
    stores = desk_of(request).stores
    if form == "csv":
        body = lines(stores, span, csv_head(), lambda found: csv_text(map(reading_cells, found)))
        kind = f"{CSV}; charset=utf-8"
    else:
        body = lines(stores, span, "", lambda found: "".join(map(reading_line, found)))
        kind = JSON_LINES
    headers = {
        "content-disposition": f'attachment; filename="mitmeter-readings.{form}"',
        "cache-control": "no-store",
    }
    return StreamingResponse(body, media_type=kind, headers=headers)


def _place(reading: Reading) -> Cursor:
    at = reading.at or reading.received
    mark = mark_of(reading.device, reading.quantity, reading.reported, reading.source)
    return Cursor(nanoseconds(at) // 1000, mark)
