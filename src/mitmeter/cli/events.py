"""`mitmeter events`: what happened, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from mitmeter.cli.look import find_device, looking
from mitmeter.cli.moments import parse_span
from mitmeter.cli.options import ALL, DEVICE, JSON, LIMIT, SINCE, UNTIL, tell_of_limit
from mitmeter.cli.output import json_text, print_line, utc_text
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table
from mitmeter.cli.usage import Command
from mitmeter.model import Severity
from mitmeter.store import RecordedEvent

_COLUMNS = (
    Column("at"),
    Column(""),
    Column("what happened", fold=True),
    Column("station", drop=1),
    Column("device", drop=2),
)


@click.command(
    "events",
    cls=Command,
    examples=(
        "mitmeter events --since 1d",
        "mitmeter events --severity warning",
        "mitmeter events --id mitmeter.command --json",
    ),
)
@DEVICE
@click.option("--id", "eventid", default="", metavar="PREFIX", help="Only ids that begin so.")
@click.option(
    "--severity",
    type=click.Choice([str(each) for each in Severity]),
    default=str(Severity.INFO),
    metavar="LEVEL",
    show_default=True,
    help="At least this severe: info, notice, warning or alarm.",
)
@SINCE
@UNTIL
@LIMIT
@ALL
@JSON
@global_options(hidden=True)
@click.pass_obj
def events_command(
    settings: Settings,
    device: str | None,
    eventid: str,
    severity: str,
    since: str | None,
    until: str | None,
    limit: int,
    everything: bool,
    as_json: bool,
) -> int:
    """Print what happened, in words, the newest last. Times are UTC."""
    zone = settings.zone()
    span = parse_span(since, until, zone, datetime.now(UTC))
    with looking(settings, zone) as store:
        found = store.events(
            since=span.since,
            until=span.until,
            device=find_device(store, device),
            eventid=eventid,
            severity=Severity(severity),
            limit=None if everything else limit + 1,
        )
    more = not everything and len(found) > limit
    if more:
        del found[0]
    if as_json:
        for each in found:
            print_line(json_text(_object(each)))
        return 0
    print_table(_COLUMNS, map(_row, found), "no such events")
    if more:
        tell_of_limit(settings, limit)
    return 0


def _row(each: RecordedEvent) -> tuple[str, ...]:
    event = each.event
    return (
        utc_text(event.at.replace(microsecond=0)),
        "" if event.severity is Severity.INFO else str(event.severity),
        event.message,
        each.station,
        "" if event.device is None else str(event.device),
    )


def _object(each: RecordedEvent) -> dict[str, Any]:
    event = each.event
    # The fields come first so that none of them can pose as one of the fixed names.
    return {
        **event.fields,
        "eventid": event.eventid,
        "timestamp": event.at,
        "severity": str(event.severity),
        "message": event.message,
        "device": None if event.device is None else str(event.device),
        "station": each.station,
        "session": each.conversation,
        "source": each.source,
    }
