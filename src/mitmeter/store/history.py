"""A series thinned out for a chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby, pairwise

from mitmeter.model import DeviceId
from mitmeter.store.energy import History, Hole, Point
from mitmeter.store.rolled import Rolled, open_series
from mitmeter.store.scale import BRIDGE, Sample, decimal, divide, nano
from mitmeter.store.store import Store
from mitmeter.store.summary import DAY, QUARTER, Summary
from mitmeter.store.value import instant, micros

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
# How wide a point may be: what a person would choose.
_WIDTHS = [
    *(seconds * _SECOND for seconds in (5, 10, 15, 20, 30)),
    *(minutes * _MINUTE for minutes in (1, 2, 3, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(days * DAY for days in (1, 2, 7, 14, 28, 91, 364)),
]
# A mean has three digits more than what it is the mean of, at most.
_MEAN = 1_000_000


def history(
    store: Store,
    device: DeviceId,
    quantity: str,
    since: datetime,
    until: datetime,
    points: int = 600,
) -> History:
    """Return at most about `points` stretches of a series with since ≤ at < until, oldest first.

    Short spans give the readings themselves, longer ones mean, least and greatest value per
    stretch: of the readings in it, each counted alike. Numbers only: a state has no mean and gives
    no points.

    gaps: between readings, and up to `since` and `until` where the series began before or goes on
          behind, that are longer than four times the usual step and two minutes.
    Raises: StoreError when the file cannot be read.
    """
    start, end = micros(since), micros(until)
    with store.looking() as db:
        series = open_series(db, device, quantity)
        if series is None or end <= start:
            return History((), (), 0)
        width = _width(end - start, max(points, 1))
        parts = _parts(series, start, end, width, points)
        ends = series.reaches([start, end])
        gaps = _gaps(series, parts, ends[0].before, ends[1].after)
    shown = tuple(_merged(parts, width))
    wide = width >= QUARTER or len(parts) > len(shown)
    return History(shown, tuple(gaps), width / _SECOND if wide else 0)


def _width(us: int, points: int) -> int:
    """Return the least width that needs no more than so many points."""
    return next((each for each in _WIDTHS if us <= each * points), _WIDTHS[-1])


def _parts(series: Rolled, start: int, end: int, width: int, points: int) -> list[Summary]:
    """Return the readings, or quarters or days of them, that the points are made of."""
    if width >= DAY:
        return series.days(start // DAY, (end - 1) // DAY)
    if width >= QUARTER:
        return series.quarters(start // QUARTER, (end - 1) // QUARTER)
    return [_alone(each) for each in series.samples(start, end)]


def _alone(one: Sample) -> Summary:
    at, value, exponent = one
    return Summary(1, at, at, exponent, value, value, value, value, value, 0, 0, 0, 0, 0)


def _merged(parts: Sequence[Summary], width: int) -> Iterator[Point]:
    """Yield a point for each width that has readings."""
    for number, group in groupby(parts, key=lambda part: part.first_at // width):
        inside = list(group)
        if width < QUARTER and len(inside) == 1:
            value = decimal(nano(inside[0].first, inside[0].exponent))
            yield Point(instant(inside[0].first_at), value, value, value)
            continue
        count = sum(part.count for part in inside)
        total = sum(_total(part) for part in inside)
        yield Point(
            instant(number * width),
            decimal(divide(total, count * _MEAN) * _MEAN),
            decimal(min(nano(part.low, part.exponent) for part in inside)),
            decimal(max(nano(part.high, part.exponent) for part in inside)),
        )


def _total(part: Summary) -> int:
    if isinstance(part.total, int):
        return nano(part.total, part.exponent)
    return int(Decimal(part.total).scaleb(part.exponent + 9))


def _gaps(
    series: Rolled, parts: Sequence[Summary], before: Sample | None, after: Sample | None
) -> Iterator[Hole]:
    """Yield the steps that are longer than usual on the days they begin and end."""
    ends = [
        *([] if before is None else [(before[0], before[0])]),
        *((part.first_at, part.last_at) for part in parts),
        *([] if after is None else [(after[0], after[0])]),
    ]
    for (_, left), (right, _) in pairwise(ends):
        step = right - left
        if step > BRIDGE and step > max(_near(series, left), _near(series, right)):
            yield Hole(instant(left), instant(right))


def _near(series: Rolled, at: int) -> int:
    day = series.day(at // DAY)
    return BRIDGE if day is None else day.near
