"""`mitmeter devices`: who has been heard, when, and how their clocks stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from mitmeter.cli.look import looking
from mitmeter.cli.options import JSON
from mitmeter.cli.output import json_text, mark, print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table
from mitmeter.cli.usage import Command
from mitmeter.model import printable
from mitmeter.store import KnownDevice

_COLUMNS = (
    Column("device"),
    Column("model", fold=True, drop=2),
    Column("last heard"),
    Column("readings", right=True),
    Column("clock", right=True, drop=3),
    Column("", drop=1),
)


@click.command("devices", cls=Command, examples=("mitmeter devices", "mitmeter devices --json"))
@JSON
@click.option("--seen", is_flag=True, help="Every host on the device network instead.")
@global_options(hidden=True)
@click.pass_obj
def devices_command(settings: Settings, as_json: bool, seen: bool) -> int:
    """List the devices, when they were last heard, and how their clocks stand.

    A clock of "+3.2 s" is that much ahead of the true time. With --seen: every host that asked our
    DNS or NTP or took an address, the names it asked for, what it was told, and whether it then
    connected.
    """
    with looking(settings, settings.zone()) as store:
        if seen:
            from mitmeter.cli.seen import show_seen

            show_seen(store, as_json=as_json)
            return 0
        rows = store.devices()
        if as_json:
            for each in rows:
                print_line(json_text(_object(each)))
            return 0
        newest = {each.device: store.latest(each.device)[:1] for each in rows}
    now = datetime.now(UTC)
    print_table(
        _COLUMNS,
        (
            (
                str(each.device),
                printable(each.facts.get("model", "")),
                _ago(now, each.last_seen),
                f"{each.readings:,}",
                "" if each.skew is None else f"{each.skew:+.1f} s",
                "".join(mark(reading.origin) for reading in newest[each.device]),
            )
            for each in rows
        ),
        "no device has been heard yet",
    )
    return 0


def _object(each: KnownDevice) -> dict[str, Any]:
    return {
        "device": str(each.device),
        "first_seen": each.first_seen,
        "last_seen": each.last_seen,
        "readings": each.readings,
        "skew": each.skew,
        "facts": dict(each.facts),
    }


def _ago(now: datetime, then: datetime) -> str:
    """Return how long ago; data of a fast clock lies ahead of ours."""
    seconds = round((now - then).total_seconds())
    words = "ago" if seconds >= 0 else "ahead"
    for size, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{abs(seconds) // size} {word} {words}"
    return f"{abs(seconds)} s {words}"
