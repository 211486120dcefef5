"""`mitmeter readings`: what was measured."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime

import click

from mitmeter.cli.look import check_quantity, find_device, looking
from mitmeter.cli.moments import parse_span
from mitmeter.cli.options import ALL, DEVICE, JSON, LIMIT, SINCE, UNTIL, tell_of_limit
from mitmeter.cli.output import (
    json_text,
    mark,
    print_line,
    reading_object,
    utc_text,
    value_text,
)
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table
from mitmeter.cli.usage import Command
from mitmeter.model import Reading, quantity
from mitmeter.store import Store

_COLUMNS = (
    Column("at"),
    Column("device", drop=2),
    Column("quantity"),
    Column("value", right=True),
    Column("unit"),
    Column("", drop=1),
)


@click.command(
    "readings",
    cls=Command,
    examples=(
        "mitmeter readings --quantity battery.soc --since 1d",
        "mitmeter readings --quantity 'grid.*' --since 2026-11-20 --until 2026-11-21 --all",
        "mitmeter readings --device alphaess:AL9900000000007 --json --all > readings.jsonl",
    ),
)
@DEVICE
@click.option(
    "--quantity",
    "name",
    metavar="NAME",
    help="Only this quantity; a trailing * matches more.",
)
@SINCE
@UNTIL
@LIMIT
@ALL
@JSON
@global_options(hidden=True)
@click.pass_obj
def readings_command(
    settings: Settings,
    device: str | None,
    name: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    everything: bool,
    as_json: bool,
) -> int:
    """Print readings, the newest last. Times are UTC."""
    zone = settings.zone()
    span = parse_span(since, until, zone, datetime.now(UTC))
    with looking(settings, zone) as store:
        check_quantity(store, name)
        found = store.readings(
            device=find_device(store, device),
            quantity=name,
            since=span.since,
            until=span.until,
            # One more than wanted tells whether there are more.
            limit=None if everything else limit + 1,
        )
        # Closed before the store is, also when nobody reads on.
        with _finished(found):
            if as_json:
                for each in _newest(found, limit, everything)[0]:
                    print_line(json_text(reading_object(each)))
                return 0
            rows, more = _newest(found, limit, everything)
            print_table(_COLUMNS, map(_row, rows), _empty(store))
    if more:
        tell_of_limit(settings, limit)
    return 0


@contextlib.contextmanager
def _finished(found: Iterator[Reading]) -> Iterator[None]:
    """Let go of what the store still holds open for an iterator that was not read to its end."""
    try:
        yield
    finally:
        if isinstance(found, Generator):
            found.close()


def _newest(
    found: Iterator[Reading], limit: int, everything: bool
) -> tuple[Iterator[Reading], bool]:
    """Return the readings wanted, and whether there were more."""
    if everything:
        return found, False
    held = list(found)
    return iter(held[-limit:]), len(held) > limit


def _row(each: Reading) -> Sequence[str]:
    return (
        utc_text((each.at or each.received).replace(microsecond=0)),
        str(each.device),
        each.quantity,
        value_text(each.value),
        quantity(each.quantity).unit,
        mark(each.origin),
    )


def _empty(store: Store) -> str:
    return "no such readings" if store.devices() else "no device has been heard yet"
