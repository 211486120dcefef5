"""GET /api/v1/intervals: energy and cost by the quarter of an hour, day, month, year."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from mitmeter.dashboard.answer import answer, problems
from mitmeter.dashboard.asked import Device, Since, Until, device_of
from mitmeter.dashboard.backend import House
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.exact import csv_head, csv_text
from mitmeter.dashboard.gate import Turned
from mitmeter.dashboard.interval_shapes import (
    ENERGIES,
    MONEY,
    IntervalsShape,
    change_shape,
    exact_values,
    gap_shape,
    period_shape,
)
from mitmeter.dashboard.readings import CSV, wanted_form
from mitmeter.model import DeviceId
from mitmeter.store import Store
from mitmeter.store.energy import Intervals
from mitmeter.store.intervals import Every, intervals
from mitmeter.store.periods import midnight

router = APIRouter()

_MOST = 20_000
_STEPS = {
    Every.QUARTER: timedelta(minutes=15),
    Every.HALF_HOUR: timedelta(minutes=30),
    Every.HOUR: timedelta(hours=1),
    Every.DAY: timedelta(days=1),
    Every.MONTH: timedelta(days=28),
    Every.YEAR: timedelta(days=365),
}
_COLUMNS = ("from", "to", *ENERGIES, "house_kwh", *MONEY, "currency", "marks")
_TABLE: dict[str, Any] = {CSV: {"schema": {"type": "string"}}}
Step = Annotated[Every, Query(description="How long an interval is.")]


@router.get(
    "/intervals",
    response_model=IntervalsShape,
    responses={**problems(), 200: {"content": _TABLE}},
)
async def per_interval(
    request: Request,
    every: Step = Every.HOUR,
    since: Since = None,
    until: Until = None,
    device: Device = None,
    compare: Annotated[
        Literal["previous"] | None, Query(description="With the time before, as long.")
    ] = None,
    format: Annotated[Literal["json", "csv"] | None, Query(description="csv is exact.")] = None,
) -> Response:
    """Energy and cost of each interval that touches the span, by the site's clock."""
    desk = desk_of(request)
    house, now, who = desk.backend.house, desk.backend.now(), device_of(device)
    end = until or now
    begin = since or usual_begin(every, end, house.zone)
    if begin >= end:
        raise Turned(422, "since: has to come before until")
    if (end - begin) / _STEPS[every] > _MOST:
        raise Turned(422, f"every: that would be more than {_MOST} intervals; take longer ones")
    reckon = _Reckoning(house, every, who, now)
    if (format or wanted_form(request)) == "csv":
        text = await desk.stores.read(lambda store: _csv(reckon(store, begin, end)))
        headers = {
            "content-disposition": f'attachment; filename="mitmeter-intervals-{every}.csv"',
            "cache-control": "no-store",
        }
        return Response(text, media_type=f"{CSV}; charset=utf-8", headers=headers)

    def made(store: Store) -> IntervalsShape:
        found = reckon(store, begin, end)
        previous = None
        if compare:
            earlier = before(begin, end, house.zone)
            previous = period_shape(reckon(store, *earlier))
        return IntervalsShape(
            **dict(period_shape(found)),
            every=str(every),
            zone=str(house.zone),
            currency=found.currency or None,
            sources={name: [str(each) for each in who] for name, who in found.sources.items()},
            gaps=[gap_shape(each) for each in found.gaps],
            changes=[change_shape(each) for each in found.changes],
            previous=previous,
        )

    return await answer(request, made)


class _Reckoning:
    """How this house's energy is reckoned."""

    def __init__(self, house: House, every: Every, who: DeviceId | None, now: datetime) -> None:
        self._house = house
        self._every = every
        self._who = who
        self._now = now

    def __call__(self, store: Store, begin: datetime, end: datetime) -> Intervals:
        house = self._house
        return intervals(
            store,
            house.zone,
            self._every,
            begin,
            end,
            device=self._who,
            tariffs=house.tariffs,
            sources=house.sources or None,
            now=self._now,
        )


def _csv(found: Intervals) -> str:
    known = frozenset(found.sources)
    rows = []
    for each in found.items:
        exact = exact_values(each, known)
        marks = {mark for energy in each.energies.values() for mark in energy.marks}
        marks |= {mark for bill in each.bills.values() for mark in bill.marks}
        numbers = [exact[name] for name in (*ENERGIES, "house_kwh", *MONEY)]
        rows.append(
            [each.since, each.until, *numbers, found.currency, " ".join(sorted(map(str, marks)))]
        )
    return csv_head(_COLUMNS) + csv_text(rows)


def usual_begin(every: Every, end: datetime, zone: tzinfo) -> datetime:
    """Return where a span begins when nobody says: the day, the month, the year, ten years."""
    day = end.astimezone(zone).date()
    if every is Every.DAY:
        day = day.replace(day=1)
    elif every is Every.MONTH:
        day = day.replace(month=1, day=1)
    elif every is Every.YEAR:
        day = day.replace(year=max(1970, day.year - 9), month=1, day=1)
    begin = midnight(day, zone)
    return begin if begin < end else end - _STEPS[every]


def before(begin: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the span before, as long by the clock on the wall; of whole months, as many months."""
    first, last = begin.astimezone(zone), end.astimezone(zone)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months and _is_month(first) and _is_month(last):
        number = first.year * 12 + first.month - 1 - months
        day = first.date().replace(year=number // 12, month=number % 12 + 1)
        return midnight(day, zone), begin
    shown = first.replace(tzinfo=None)
    earlier = shown - (last.replace(tzinfo=None) - shown)
    moved = earlier.replace(tzinfo=zone).astimezone(begin.tzinfo)
    return (moved, begin) if moved < begin else (begin - (end - begin), begin)


def _is_month(at: datetime) -> bool:
    return at.day == 1 and not (at.hour or at.minute or at.second or at.microsecond)
