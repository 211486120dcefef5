"""`mitmeter events`: what happened, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from mitmeter.cli.look import find_device, looking
from mitmeter.cli.moments import parse_span
from mitmeter.cli.options import ALL, DEVICE, JSON, LIMIT, SINCE, UNTIL, tell_of_limit
from mitmeter.cli.output import json_text, print_line, utc_text
from mitmeter.cli.sessions import COLUMNS as SESSION_COLUMNS
from mitmeter.cli.sessions import Session, rows, session_object, sessions
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table
from mitmeter.cli.usage import Command
from mitmeter.model import Severity
from mitmeter.store import RecordedEvent, Store

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
        "mitmeter events --sessions --since 1d",
        "mitmeter events --ecs --all > events.ecs.jsonl",
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
@click.option(
    "--sessions",
    "as_sessions",
    is_flag=True,
    help="Who came to emulated devices: a row for each connection, what it tried and got.",
)
@click.option(
    "--ecs", "as_ecs", is_flag=True, help="One object per line in the Elastic Common Schema."
)
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
    as_sessions: bool,
    as_ecs: bool,
) -> int:
    """Print what happened, in words, the newest last. Times are UTC."""
    if as_sessions and (as_ecs or device is not None or eventid):
        raise click.UsageError("--sessions does not go with --ecs, --device or --id")
    if as_ecs and as_json:
        raise click.UsageError("--ecs is JSON already; it does not go with --json")
    zone = settings.zone()
    span = parse_span(since, until, zone, datetime.now(UTC))
    most = None if everything else limit + 1
    if as_sessions:
        with looking(settings, zone) as store:
            found = sessions(store, span.since, span.until, most)
        return _print_sessions(settings, found, limit if most else None, as_json=as_json)
    with looking(settings, zone) as store:
        happened = store.events(
            since=span.since,
            until=span.until,
            device=find_device(store, device),
            eventid=eventid,
            severity=Severity(severity),
            limit=most,
        )
        more = not everything and len(happened) > limit
        if more:
            del happened[0]
        if as_ecs:
            _print_ecs(settings, store, happened)
            return 0
    if as_json:
        for each in happened:
            print_line(json_text(_object(each)))
        return 0
    print_table(_COLUMNS, map(_row, happened), "no such events")
    if more:
        tell_of_limit(settings, limit)
    return 0


def _print_sessions(
    settings: Settings, found: list[Session], limit: int | None, *, as_json: bool
) -> int:
    more = limit is not None and len(found) > limit
    if more:
        del found[0]
    if as_json:
        for each in found:
            print_line(json_text(session_object(each)))
        return 0
    print_table(SESSION_COLUMNS, rows(found), "nobody came to an emulated device")
    if more and limit is not None:
        tell_of_limit(settings, limit)
    return 0


def _print_ecs(settings: Settings, store: Store, happened: list[RecordedEvent]) -> None:
    from mitmeter.sinks.ecs import ecs_event
    from mitmeter.sinks.flat import flat_event, json_line
    from mitmeter.sinks.sessions import Sessions

    known, sensor = Sessions(), settings.site
    for each in happened:
        print_line(json_line(ecs_event(flat_event(known.occurrence(store, each), sensor))))


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
