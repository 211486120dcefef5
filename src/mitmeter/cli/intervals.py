"""`mitmeter intervals`: energy and cost by the hour, day, month or year."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from mitmeter.cli.look import find_device, looking
from mitmeter.cli.moments import parse_span
from mitmeter.cli.options import DEVICE, JSON, SINCE, UNTIL, pairs
from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import print_table
from mitmeter.cli.usage import Command
from mitmeter.model import DeviceId
from mitmeter.store import Store

if TYPE_CHECKING:
    from mitmeter.store.energy import Intervals
    from mitmeter.store.intervals import Every
    from mitmeter.store.tariff import Tariff

_EVERY = ("15m", "30m", "1h", "1d", "1mo", "1y")
# How far back to look where nobody says.
_USUAL = {
    "15m": timedelta(days=1),
    "30m": timedelta(days=1),
    "1h": timedelta(days=1),
    "1d": timedelta(days=30),
    "1mo": timedelta(days=365),
}
_MOST_DIGITS = 12


@click.command(
    "intervals",
    cls=Command,
    examples=(
        "mitmeter intervals --every 1d --cost",
        "mitmeter intervals --every 30m --since 2026-11-20 --until 2026-11-21",
        "mitmeter intervals --every 1mo --cost --since 2026-01-01 --csv > costs.csv",
    ),
)
@click.option(
    "--every",
    type=click.Choice(_EVERY),
    default="1d",
    show_default=True,
    help="How long an interval is, by the site's clock.",
)
@click.option("--cost", is_flag=True, help="With what it cost, by device or configuration.")
@DEVICE
@click.option(
    "--source",
    "chosen",
    multiple=True,
    metavar="QUANTITY=DEVICE",
    help="Which device is to speak for a quantity, such as grid.import.",
)
@click.option(
    "--digits",
    multiple=True,
    metavar="QUANTITY=N",
    help="Digits before the decimal point of a counter that rolls over.",
)
@SINCE
@UNTIL
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="CSV, with exact numbers and UTC times.")
@global_options(hidden=True)
@click.pass_obj
def intervals_command(
    settings: Settings,
    every: str,
    cost: bool,
    device: str | None,
    chosen: tuple[str, ...],
    digits: tuple[str, ...],
    since: str | None,
    until: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Print the energy used, made and stored in each interval, and what it cost.

    Of several devices one speaks for each quantity: a counter before a power, a display of the
    supply meter before a battery. What is not known is a dash; energy of a time without readings
    that reaches over a border is told apart.
    """
    from mitmeter.cli.interval_rows import Sheet, csv_lines, interval_object
    from mitmeter.store.intervals import Every, intervals

    if as_json and as_csv:
        raise click.UsageError("--json and --csv: one of them")
    zone, now = settings.zone(), datetime.now(UTC)
    span = parse_span(since, until, zone, now)
    tariffs = _tariffs(settings) if cost else ()
    step = Every(every)
    with looking(settings, zone) as store:
        end = span.until or now
        found = intervals(
            store,
            zone,
            step,
            span.since or _usual_since(store, step, end),
            end,
            device=find_device(store, device),
            tariffs=tariffs,
            sources=_sources(store, chosen),
            digits=_digits(digits),
            now=now,
        )
    if not cost:
        found = _without_cost(found)
    if as_json:
        for each in found.items:
            print_line(json_text(interval_object(each, found.currency)))
        return 0
    if as_csv:
        for line in csv_lines(found):
            print_line(line)
        return 0
    sheet = Sheet(found, step, zone, cost=cost)
    rows = sheet.rows() if found.sources else ()
    print_table(sheet.columns(), rows, "no energy has been measured in that time")
    for remark in sheet.remarks():
        print_line(remark)
    if cost and not found.totals.bills and found.sources:
        _tell_no_price(settings)
    return 0


def _tariffs(settings: Settings) -> tuple[Tariff, ...]:
    from mitmeter.config.load import load
    from mitmeter.config.places import find_config
    from mitmeter.daemon.tariffs import tariffs

    path = find_config(settings.config)
    return () if path is None else tariffs(load(path))


def _usual_since(store: Store, every: Every, until: datetime) -> datetime:
    """Return how far back to look: never behind the first reading."""
    span = _USUAL.get(every)
    usual = datetime(1970, 1, 2, tzinfo=UTC) if span is None else until - span
    first = min((each.first_at for each in store.series()), default=usual)
    return min(max(usual, first), until - timedelta(microseconds=1))


def _sources(store: Store, chosen: tuple[str, ...]) -> dict[str, DeviceId]:
    found: dict[str, DeviceId] = {}
    for quantity, text in pairs(chosen, "--source: ").items():
        device = find_device(store, text)
        if device is not None:
            found[quantity] = device
    return found


def _digits(given: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for quantity, text in pairs(given, "--digits: ").items():
        if not text.isdecimal() or not 1 <= int(text) <= _MOST_DIGITS:
            raise click.UsageError(f"--digits: {text!r} is not a number from 1 to {_MOST_DIGITS}")
        found[quantity] = int(text)
    return found


def _without_cost(found: Intervals) -> Intervals:
    """Leave out the prices that devices report, where nobody asked for them."""
    return replace(
        found,
        items=tuple(replace(each, bills={}) for each in found.items),
        totals=replace(found.totals, bills={}),
    )


def _tell_no_price(settings: Settings) -> None:
    if not settings.quiet:
        print("no price is known; a [[tariff]] in the configuration names one", file=sys.stderr)
