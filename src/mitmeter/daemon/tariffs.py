"""The configured tariffs as the store reckons with them, their price lists read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from mitmeter.config.tariff_tables import Rate as RateTable
from mitmeter.config.tariff_tables import Tariff as TariffTable
from mitmeter.config.values import Config
from mitmeter.errors import ConfigError
from mitmeter.model import printable
from mitmeter.store.energy import Fuel
from mitmeter.store.tariff import Listed, Rate, Tariff

_LARGEST_FILE = 50_000_000
_MOST_ROWS = 1_000_000
_LONGEST = timedelta(hours=1)
_HALF_HOUR = timedelta(minutes=30)
_MOST_PRICE = 1_000
# What others call the columns.
_FROM = ("from", "start", "since", "valid_from", "time", "timestamp", "date")
_TO = ("to", "end", "until", "valid_to")
_PRICE = ("price", "rate", "value", "value_inc_vat", "unit_rate")


def tariffs(config: Config) -> tuple[Tariff, ...]:
    """Return the tariffs of a configuration. Raises ConfigError for a list that cannot be read."""
    return tuple(
        _tariff(table, config.site.timezone, f"tariff[{place}]")
        for place, table in enumerate(config.tariffs)
    )


def _tariff(table: TariffTable, zone: tzinfo, key: str) -> Tariff:
    fuel = Fuel(table.fuel)
    usual = "grid.import" if fuel is Fuel.ELECTRICITY else "gas.energy"
    return Tariff(
        name=table.name,
        currency=table.currency,
        fuel=fuel,
        quantity=table.quantity or usual,
        rates=_rates(table.rates, table.price),
        listed=_listed(table.prices, zone, f"{key}.prices"),
        export_rates=_rates(table.export_rates, table.export),
        export_listed=_listed(table.export_prices, zone, f"{key}.export_prices"),
        standing=table.standing,
        since=table.since,
        until=table.until,
        ours=table.source == "config",
    )


def _rates(tables: Iterable[RateTable], rest: Decimal | None) -> tuple[Rate, ...]:
    rates = [
        Rate(each.price, each.start, each.end, each.days, frozenset(one + 1 for one in each.months))
        for each in tables
    ]
    return (*rates, Rate(rest)) if rest is not None else tuple(rates)


def _listed(path: Path | None, zone: tzinfo, key: str) -> tuple[Listed, ...]:
    if path is None:
        return ()
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ConfigError(key, f"{path} is larger than 50 MB")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError(key, f"{path} is not UTF-8 at byte {exc.start}") from exc
    except OSError as exc:
        raise ConfigError(key, f"{path}: {exc.strerror or exc}") from exc
    return price_list(text.splitlines(), zone, key)


def price_list(lines: Sequence[str], zone: tzinfo, key: str = "") -> tuple[Listed, ...]:
    """Return the prices of a CSV file, in order of time.

    Columns `from` and `price`, and `to` if there is one: by a first line that names them, else in
    the order from, price or from, to, price. Times are ISO 8601; without an offset they are the
    site's, and of an hour that comes twice the second one follows the first. Without `to` a price
    is valid until the next line, one hour at most. Raises ConfigError with the line.
    """
    table = csv.reader(lines)
    places: tuple[int, int | None, int] | None = None
    found: list[tuple[datetime, datetime | None, Decimal]] = []
    try:
        for row in table:
            if not any(cell.strip() for cell in row):
                continue
            if places is None:
                places, named = _columns(row)
                if named:
                    continue
            before = found[-1][0] if found else None
            found.append(_row(row, places, zone, before))
            if len(found) > _MOST_ROWS:
                raise ValueError("there are more than a million prices")
    except (ValueError, csv.Error) as exc:
        raise ConfigError(key, f"line {table.line_num}: {exc}") from None
    return _joined(found)


def _columns(row: Sequence[str]) -> tuple[tuple[int, int | None, int], bool]:
    """Return the places of from, to and price, and whether the row names them."""
    names = [cell.strip().lower() for cell in row]
    since, until, price = (
        next((place for place, name in enumerate(names) if name in known), None)
        for known in (_FROM, _TO, _PRICE)
    )
    if since is not None and price is not None:
        return (since, until, price), True
    if len(row) < 2:
        raise ValueError("expected from,price or from,to,price")
    return ((0, 1, 2), False) if len(row) > 2 else ((0, None, 1), False)


def _row(
    row: Sequence[str],
    places: tuple[int, int | None, int],
    zone: tzinfo,
    before: datetime | None,
) -> tuple[datetime, datetime | None, Decimal]:
    since, until, price = places
    if max(since, until or 0, price) >= len(row):
        raise ValueError(f"{len(row)} columns are too few")
    begins = _instant(row[since], zone, before)
    ends = None if until is None else _instant(row[until], zone, begins)
    if ends is not None and ends <= begins:
        raise ValueError(f"{printable(row[until or 0])} is not after {printable(row[since])}")
    return begins, ends, _number(row[price])


def _instant(text: str, zone: tzinfo, before: datetime | None) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        first = at.replace(tzinfo=zone).astimezone(UTC)
        if before is not None and first <= before:
            return at.replace(tzinfo=zone, fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{printable(text, 40)!r} is not a time like 2026-11-20T00:30") from None
    return first


def _number(text: str) -> Decimal:
    try:
        price = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{printable(text, 40)!r} is not a price like 0.2628") from None
    if not price.is_finite() or abs(price) > _MOST_PRICE:
        raise ValueError(f"{printable(text, 40)} is not the price of one kWh")
    return price


def _joined(rows: list[tuple[datetime, datetime | None, Decimal]]) -> tuple[Listed, ...]:
    """Return the rows in order, each ended by the next one where that begins earlier."""
    rows.sort(key=lambda row: row[0])
    steps = [right[0] - left[0] for left, right in pairwise(rows)]
    last = steps[-1] if steps else _HALF_HOUR
    found: list[Listed] = []
    for place, (since, until, price) in enumerate(rows):
        step = steps[place] if place < len(steps) else last
        ends = since + min(step, _LONGEST) if until is None else until
        if place + 1 < len(rows):
            ends = min(ends, rows[place + 1][0])
        if ends > since:
            found.append(Listed(since, ends, price))
    return tuple(found)
