"""GET /api/v1/history: lines for charts, never more points than asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from mitmeter.dashboard.answer import Instant, Shape, answer, problems
from mitmeter.dashboard.asked import Since, Until
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.gate import Turned
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import DeviceId, quantity
from mitmeter.store import Store
from mitmeter.store.intervals import history

router = APIRouter()

_MOST_SERIES = 40
_SERIES = r"^[^|]{1,60}:[A-Za-z0-9._-]{1,64}\|[^|]{1,200}$"
_USUAL = timedelta(days=1)


class LineShape(Shape):
    """One line. every_seconds: how wide a point is, 0 where points are the readings themselves.

    at: where each point begins; mean, low, high: of it. gaps: times without readings.
    """

    device: str
    quantity: str
    unit: str
    kind: str
    every_seconds: float
    at: list[Instant]
    mean: list[float | None]
    low: list[float | None]
    high: list[float | None]
    gaps: list[tuple[Instant, Instant]]


class HistoryShape(Shape):
    """Lines over one span."""

    since: Instant
    until: Instant
    series: list[LineShape]


@router.get("/history", response_model=HistoryShape, responses=problems())
async def lines(
    request: Request,
    series: Annotated[
        list[Annotated[str, Field(pattern=_SERIES)]],
        Query(
            min_length=1, max_length=_MOST_SERIES, description="DEVICE|QUANTITY; may be repeated."
        ),
    ],
    since: Since = None,
    until: Until = None,
    points: Annotated[int, Query(ge=2, le=5000, description="Of each line, at most.")] = 600,
) -> Response:
    """Mean, least and greatest value over time; the readings themselves where they fit."""
    now = desk_of(request).backend.now()
    end = until or now
    begin = since or end - _USUAL
    if begin >= end:
        raise Turned(422, "since: has to come before until")
    wanted = [_split(each) for each in series]

    def made(store: Store) -> HistoryShape:
        return HistoryShape(
            since=begin,
            until=end,
            series=[_line(store, *each, begin, end, points) for each in wanted],
        )

    # Without an end of its own the answer goes on growing.
    key = None if until is None else (tuple(wanted), begin, end, points)
    return await answer(request, made, key=key)


def _split(text: str) -> tuple[DeviceId, str]:
    device, bar, name = text.partition("|")
    try:
        if not bar or not name or len(name) > 200:
            raise RemoteProtocolError("write it as DEVICE|QUANTITY")
        return DeviceId.parse(device), name
    except RemoteProtocolError as exc:
        raise Turned(422, f"series: {exc}") from exc


def _line(
    store: Store, device: DeviceId, name: str, begin: datetime, end: datetime, points: int
) -> LineShape:
    found = history(store, device, name, begin, end, points)
    known = quantity(name)
    return LineShape(
        device=str(device),
        quantity=name,
        unit=known.unit,
        kind=str(known.kind),
        every_seconds=found.width_seconds,
        at=[each.at for each in found.points],
        mean=[float(each.mean) for each in found.points],
        low=[float(each.low) for each in found.points],
        high=[float(each.high) for each in found.points],
        gaps=[(each.since, each.until) for each in found.gaps],
    )
