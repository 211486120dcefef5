"""Tariffs laid out over a span of time: when which price begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from mitmeter.store.periods import midnight
from mitmeter.store.steps import Step, Steps
from mitmeter.store.tariff import MIDNIGHT, Listed, Rate, Tariff
from mitmeter.store.value import instant, micros

_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
_SECOND = 1_000_000


def usage_prices(tariffs: Sequence[Tariff], zone: tzinfo, since: int, until: int) -> Steps:
    """Return what a unit used costs between two instants (µs)."""
    return _laid_out([(each, each.rates, each.listed) for each in tariffs], zone, since, until)


def export_prices(tariffs: Sequence[Tariff], zone: tzinfo, since: int, until: int) -> Steps:
    """Return what a unit given to the grid earns between two instants (µs)."""
    return _laid_out(
        [(each, each.export_rates, each.export_listed) for each in tariffs], zone, since, until
    )


def standing_charge(tariffs: Sequence[Tariff], day: date) -> Decimal | None:
    """Return the standing charge of a local day, None where no tariff names one."""
    valid = [each for each in tariffs if is_valid(each, day) and each.standing is not None]
    return valid[-1].standing if valid else None


def is_valid(tariff: Tariff, day: date) -> bool:
    """Tell whether a tariff is valid on a local day."""
    return (tariff.since is None or day >= tariff.since) and (
        tariff.until is None or day < tariff.until
    )


_Priced = tuple[Tariff, Sequence[Rate], Sequence[Listed]]


def _laid_out(tariffs: Iterable[_Priced], zone: tzinfo, since: int, until: int) -> Steps:
    """Lay the tariffs over each other; the last one that has a price counts."""
    found = Steps()
    for tariff, rates, listed in tariffs:
        days = _days(tariff, zone, since, until)
        by_rates = Steps(_by_rates(rates, days, zone)) if rates else Steps()
        found = Steps(_by_list(tariff, listed, zone)).over(by_rates).over(found)
    return found


def _days(tariff: Tariff, zone: tzinfo, since: int, until: int) -> list[date]:
    """Return the local days of a span on which a tariff is valid, in order, with one to spare."""
    first = instant(since).astimezone(zone).date()
    last = instant(until).astimezone(zone).date() + _DAY
    if tariff.since is not None:
        first = max(first, tariff.since)
    if tariff.until is not None:
        last = min(last, tariff.until - _DAY)
    return [first + _DAY * number for number in range((last - first).days + 1)]


def _by_rates(rates: Sequence[Rate], days: Sequence[date], zone: tzinfo) -> Iterator[Step]:
    """Yield the changes of price on days in order, and the end of the last one."""
    known: dict[tuple[int, int, int], list[tuple[int, Decimal | None]]] = {}
    end = 0
    for day in days:
        begins = midnight(day, zone)
        ends = midnight(day + _DAY, zone)
        start, end = micros(begins), micros(ends)
        if ends - begins != _DAY:
            yield from _uneven(rates, begins, ends, zone)
            continue
        before = day - _DAY
        key = (day.weekday(), day.month, before.month)
        if key not in known:
            known[key] = [(_microseconds(at), _price(rates, day, at)) for at in _times(rates)]
        for into, price in known[key]:
            yield start + into, price
    if days:
        yield end, None


def _uneven(
    rates: Sequence[Rate], begins: datetime, ends: datetime, zone: tzinfo
) -> Iterator[Step]:
    """Yield the prices of a day on which the clock is put forward or back.

    What the clock shows counts; it is looked at every quarter of an hour from when it could change,
    and at the times the rates name.
    """
    instants = {begins}
    at = begins
    while at < ends:
        instants.add(at)
        at += _QUARTER
    day = begins.astimezone(zone).date()
    for named in _times(rates):
        for fold in (0, 1):
            shown = datetime.combine(day, named, zone).replace(fold=fold).astimezone(UTC)
            if begins <= shown < ends:
                instants.add(shown)
    for at in sorted(instants):
        shown = at.astimezone(zone)
        yield micros(at), _price(rates, shown.date(), shown.time())


def _by_list(tariff: Tariff, listed: Sequence[Listed], zone: tzinfo) -> Iterator[Step]:
    """Yield the listed prices of the days on which the tariff is valid, and where they end."""
    first = None if tariff.since is None else midnight(tariff.since, zone)
    last = None if tariff.until is None else midnight(tariff.until, zone)
    for place, each in enumerate(listed):
        since = each.since if first is None else max(each.since, first)
        until = each.until if last is None else min(each.until, last)
        if since >= until:
            continue
        yield micros(since), each.price
        follows = listed[place + 1].since if place + 1 < len(listed) else None
        if follows is None or follows > until:
            yield micros(until), None


def _times(rates: Sequence[Rate]) -> list[time]:
    return sorted({MIDNIGHT, *(each.start for each in rates), *(each.end for each in rates)})


def _price(rates: Sequence[Rate], day: date, at: time) -> Decimal | None:
    """Return the price at a time of a local day: that of the first rate that applies."""
    return next((each.price for each in rates if _applies(each, day, at)), None)


def _applies(rate: Rate, day: date, at: time) -> bool:
    if rate.start < rate.end:
        return rate.start <= at < rate.end and _on(rate, day)
    if rate.start == rate.end == MIDNIGHT:
        return _on(rate, day)
    # Over midnight: what comes after it belongs to the day before.
    return (at >= rate.start and _on(rate, day)) or (at < rate.end and _on(rate, day - _DAY))


def _on(rate: Rate, day: date) -> bool:
    return day.weekday() in rate.days and day.month in rate.months


def _microseconds(at: time) -> int:
    return (at.hour * 3_600 + at.minute * 60 + at.second) * _SECOND
