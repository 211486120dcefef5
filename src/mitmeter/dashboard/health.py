"""GET /api/v1/health, /healthz, /metrics: how mitmeter itself stands."""

from __future__ import annotations

import contextlib
import os

from fastapi import APIRouter, Request, Response

from mitmeter.dashboard.answer import Shape, answer, plain, problems
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.site import StationShape
from mitmeter.store import Store

router = APIRouter()
outside = APIRouter()

_DAY = 86_400
# Before that a day's worth says more about the start than about the day.
_SHORTEST_UPTIME = 300


class CheckShape(Shape):
    """One link of the chain from a device to its readings. ok: null where nothing is known."""

    chain: str
    name: str
    state: str
    ok: bool | None
    text: str
    advice: str


class StoreShape(Shape):
    """The readings at rest."""

    bytes: int
    readings: int
    series: int
    devices: int


class JournalShape(Shape):
    """The recorded bytes. oldest: the day of the oldest; unsaved: bytes not on disk yet."""

    bytes: int
    segments: int
    oldest: str | None
    unsaved: int


class SinkShape(Shape):
    """A destination. lag: what it has not confirmed; dead: what it will never take."""

    name: str
    kind: str
    state: str
    lag: int | None
    delivered: int
    dead: int
    error: str


class HealthShape(Shape):
    """written_per_day_bytes: at the rate since the start, null for the first minutes."""

    checks: list[CheckShape]
    listeners: list[StationShape]
    network: dict[str, str]
    store: StoreShape
    journal: JournalShape
    written_per_day_bytes: int | None
    uptime_seconds: float
    sinks: list[SinkShape]
    memory_bytes: int
    faults: int
    watching: int


class AliveShape(Shape):
    """Up."""

    status: str


@router.get("/health", response_model=HealthShape, responses=problems())
async def health(request: Request) -> Response:
    """The chain of each station in words, and the sizes of things."""
    desk = desk_of(request)

    def made(store: Store) -> HealthShape:
        found = desk.backend.health(store)
        series = store.series()
        written = found.written_bytes
        if written is not None and found.uptime_seconds >= _SHORTEST_UPTIME:
            per_day = round(written / found.uptime_seconds * _DAY)
        else:
            per_day = None
        return HealthShape(
            checks=[
                CheckShape(
                    chain=each.chain,
                    name=each.name,
                    state=each.state,
                    ok=each.ok,
                    text=each.text,
                    advice=each.advice,
                )
                for each in found.checks
            ],
            listeners=[StationShape.of(each) for each in found.stations],
            network=dict(found.network),
            store=StoreShape(
                bytes=_size(store),
                readings=sum(each.readings for each in series),
                series=len(series),
                devices=len({each.device for each in series}),
            ),
            journal=JournalShape(
                bytes=found.journal_bytes,
                segments=found.journal_segments,
                oldest=found.journal_oldest or None,
                unsaved=found.journal_unsaved,
            ),
            written_per_day_bytes=per_day,
            uptime_seconds=round(found.uptime_seconds, 1),
            sinks=[
                SinkShape(
                    name=each.name,
                    kind=each.kind,
                    state=each.state,
                    lag=each.lag,
                    delivered=each.delivered,
                    dead=each.dead,
                    error=each.error,
                )
                for each in found.sinks
            ],
            memory_bytes=found.memory_bytes,
            faults=found.faults,
            watching=desk.feed.listeners,
        )

    return await answer(request, made)


def _size(store: Store) -> int:
    """Return the bytes of the store and of the log beside it."""
    total = 0
    for path in (str(store.path), f"{store.path}-wal"):
        with contextlib.suppress(OSError):
            total += os.stat(path).st_size
    return total


@outside.get("/healthz", response_model=AliveShape)
async def alive() -> Response:
    """Tell whether mitmeter is up, to anybody."""
    return plain(AliveShape(status="ok"))


@outside.get(
    "/metrics",
    responses={
        **problems(),
        200: {"content": {"application/openmetrics-text": {"schema": {"type": "string"}}}},
    },
)
async def metrics(request: Request) -> Response:
    """The newest values and mitmeter's own counters, for Prometheus."""
    desk = desk_of(request)
    text, kind = await desk.stores.read(desk.backend.metrics)
    return Response(text, headers={"content-type": kind, "cache-control": "no-store"})
