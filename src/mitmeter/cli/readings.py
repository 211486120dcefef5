"""`mitmeter devices`, `readings` and `events`: what the store knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from mitmeter.cli.moments import parse_moment
from mitmeter.cli.output import (
    json_text,
    mark,
    print_line,
    print_table,
    reading_object,
    utc_text,
    value_text,
)
from mitmeter.cli.settings import Settings, global_options
from mitmeter.config.zone import system_zone
from mitmeter.errors import ConfigError, RemoteProtocolError
from mitmeter.model import DeviceId, Severity, printable, quantity

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
_DEVICE = click.option("--device", metavar="ID", help="Only this device.")
_SINCE = click.option(
    "--since", metavar="TIME", help="From here on: 2026-11-20, 2026-11-20T08:00, 90m, 2d."
)
_UNTIL = click.option("--until", metavar="TIME", help="Up to here, not including it.")
_LIMIT = click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="The newest so many.",
)
_ALL = click.option("--all", "everything", is_flag=True, help="No limit.")


@click.command("devices")
@_JSON
@global_options(hidden=True)
@click.pass_obj
def devices_command(settings: Settings, as_json: bool) -> int:
    """List the devices, when they were last heard, and how their clocks stand."""
    from mitmeter.daemon.view import open_view

    with open_view(settings.data, system_zone()) as store:
        rows = store.devices()
        latest = {str(each.device): store.latest(each.device, "battery.soc") for each in rows}
    if as_json:
        for each in rows:
            shown: dict[str, Any] = {
                "device": str(each.device),
                "first_seen": each.first_seen,
                "last_seen": each.last_seen,
                "readings": each.readings,
                "skew": each.skew,
                "facts": dict(each.facts),
            }
            print_line(json_text(shown))
        return 0
    now = datetime.now(UTC)
    print_table(
        ("device", "model", "last seen", "readings", "skew", "origin"),
        (
            (
                str(each.device),
                printable(each.facts.get("model", "")),
                f"{_ago(now, each.last_seen)}",
                str(each.readings),
                "" if each.skew is None else f"{each.skew:+.1f} s",
                "".join(mark(reading.origin) for reading in latest[str(each.device)]),
            )
            for each in rows
        ),
        "no device has been heard yet",
    )
    return 0


@click.command("readings")
@_DEVICE
@click.option("--quantity", metavar="NAME", help="Only this quantity; a trailing * matches more.")
@_SINCE
@_UNTIL
@_LIMIT
@_ALL
@_JSON
@global_options(hidden=True)
@click.pass_obj
def readings_command(
    settings: Settings,
    device: str | None,
    quantity: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    everything: bool,
    as_json: bool,
) -> int:
    """Print readings, the newest last."""
    from mitmeter.daemon.view import open_view

    zone = system_zone()
    now = datetime.now(UTC)
    with open_view(settings.data, zone) as store:
        found = store.readings(
            device=_device(device),
            quantity=quantity,
            since=parse_moment(since, "--since", zone, now),
            until=parse_moment(until, "--until", zone, now),
            limit=None if everything else limit,
        )
        if as_json:
            for each in found:
                print_line(json_text(reading_object(each)))
            return 0
        print_table(
            ("at", "device", "quantity", "value", "unit", ""),
            (
                (
                    utc_text(each.at or each.received),
                    str(each.device),
                    each.quantity,
                    value_text(each.value),
                    _unit(each.quantity),
                    mark(each.origin),
                )
                for each in found
            ),
            "no readings",
        )
    return 0


@click.command("events")
@_DEVICE
@click.option("--id", "eventid", default="", metavar="PREFIX", help="Only ids that begin so.")
@click.option(
    "--severity",
    type=click.Choice([str(each) for each in Severity]),
    default=str(Severity.INFO),
    help="At least this severe.",
)
@_SINCE
@_UNTIL
@_LIMIT
@_ALL
@_JSON
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
    """Print what happened, in words, the newest last."""
    from mitmeter.daemon.view import open_view

    zone = system_zone()
    now = datetime.now(UTC)
    with open_view(settings.data, zone) as store:
        found = store.events(
            since=parse_moment(since, "--since", zone, now),
            until=parse_moment(until, "--until", zone, now),
            device=_device(device),
            eventid=eventid,
            severity=Severity(severity),
            limit=None if everything else limit,
        )
    if as_json:
        for each in found:
            event = each.event
            # The fields come first so that none of them can pose as one of the fixed names.
            shown: dict[str, Any] = {
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
            print_line(json_text(shown))
        return 0
    print_table(
        ("at", "", "what happened", "station", "device"),
        (
            (
                utc_text(each.event.at.replace(microsecond=0)),
                "" if each.event.severity is Severity.INFO else str(each.event.severity),
                each.event.message,
                each.station,
                "" if each.event.device is None else str(each.event.device),
            )
            for each in found
        ),
        "no events",
    )
    return 0


def _device(text: str | None) -> DeviceId | None:
    if text is None:
        return None
    try:
        return DeviceId.parse(text)
    except RemoteProtocolError as exc:
        raise ConfigError("--device", str(exc)) from exc


def _unit(name: str) -> str:
    return quantity(name).unit


def _ago(now: datetime, then: datetime) -> str:
    seconds = max(0, round((now - then).total_seconds()))
    for size, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word} ago"
    return f"{seconds} s ago"
