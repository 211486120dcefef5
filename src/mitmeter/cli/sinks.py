"""`mitmeter sinks`: where readings and events go, how far each destination is, what was refused."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mitmeter.cli.look import looking
from mitmeter.cli.moments import parse_moment
from mitmeter.cli.options import JSON, LIMIT
from mitmeter.cli.output import json_text, print_line, utc_text
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table
from mitmeter.cli.usage import Command, Group
from mitmeter.config.suggest import hint
from mitmeter.errors import LinkError, MitmeterError
from mitmeter.model import printable
from mitmeter.sinks.state import Dead, SinkState
from mitmeter.sinks.status import SinkStatus, recorded

_FOLDER = "sinks"
_COLUMNS = (
    Column("sink"),
    Column("kind", drop=3),
    Column("state"),
    Column("behind", right=True),
    Column("sent", right=True, drop=2),
    Column("refused", right=True),
    Column("why", fold=True, drop=1),
)
_DEAD_COLUMNS = (Column("refused at"), Column("why", fold=True), Column("row", fold=False, drop=1))
_SINK = click.argument("name", metavar="SINK")


@click.group("sinks", cls=Group, invoke_without_command=True)
@global_options(hidden=True)
@click.pass_context
def sinks_command(ctx: click.Context) -> None:
    """Where readings and events go. Without a command: how each sink is."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_command)


@sinks_command.command(
    "list", cls=Command, examples=("mitmeter sinks", "mitmeter sinks list --json")
)
@JSON
@global_options(hidden=True)
@click.pass_obj
def list_command(settings: Settings, as_json: bool = False) -> int:
    """List the sinks that have ever run: state, what is still to be sent, what was refused."""
    files = _files(settings)
    if not files:
        print("no sink has run yet; see 'mitmeter config dump' for [sink.…]", file=sys.stderr)
        return 0
    now = datetime.now(UTC)
    with looking(settings, settings.zone()) as store:
        found = [recorded(path, store, now) for path in files]
    if as_json:
        for each in found:
            print_line(json_text(_object(each)))
        return 0
    print_table(_COLUMNS, map(_row, found), "")
    return 0


@sinks_command.command("dead", cls=Command, examples=("mitmeter sinks dead influx --json",))
@_SINK
@LIMIT
@JSON
@global_options(hidden=True)
@click.pass_obj
def dead_command(settings: Settings, name: str, limit: int, as_json: bool) -> int:
    """Show the rows a sink's destination refused, and why."""
    state = _open(settings, name, read_only=True)
    try:
        found = state.dead(limit)
    finally:
        state.close()
    if as_json:
        for each in found:
            print_line(json_text(_dead_object(each)))
        return 0
    print_table(
        _DEAD_COLUMNS,
        ((utc_text(_at(each.since)), printable(each.reason, 300), each.row) for each in found),
        "nothing was refused",
    )
    return 0


@sinks_command.command("retry", cls=Command, examples=("mitmeter sinks retry influx",))
@_SINK
@global_options(hidden=True)
@click.pass_obj
def retry_command(settings: Settings, name: str) -> int:
    """Send again what was refused, and do not wait any longer if the sink is waiting."""
    return _ask(settings, name, {"do": "retry"}, "what was refused is sent again")


@sinks_command.command("forget", cls=Command, examples=("mitmeter sinks forget influx",))
@_SINK
@global_options(hidden=True)
@click.pass_obj
def forget_command(settings: Settings, name: str) -> int:
    """Throw away what was refused. The readings themselves stay in the store."""
    return _ask(settings, name, {"do": "forget"}, "what was refused is forgotten")


@sinks_command.command(
    "resend",
    cls=Command,
    examples=("mitmeter sinks resend influx", "mitmeter sinks resend influx --since 2026-01-01"),
)
@_SINK
@click.option("--since", metavar="TIME", help="From here on; without it from the beginning.")
@global_options(hidden=True)
@click.pass_obj
def resend_command(settings: Settings, name: str, since: str | None) -> int:
    """Send everything again, for a destination that lost it, or after a rebuild.

    Databases hold each row once all the same; files and syslog get them twice.
    """
    at = parse_moment(since, "--since", settings.zone(), datetime.now(UTC))
    micros = None if at is None else round(at.timestamp() * 1_000_000)
    return _ask(settings, name, {"do": "resend", "since": micros}, "everything is sent again")


def _ask(settings: Settings, name: str, request: dict[str, Any], words: str) -> int:
    """Leave a request with the sink, and wake the daemon if there is one."""
    from mitmeter.daemon.control import ask

    state = _open(settings, name, read_only=False)
    try:
        state.ask(request)
    finally:
        state.close()
    try:
        asyncio.run(ask(settings.data, {"do": "nudge sinks"}))
    except LinkError:
        words += " as soon as mitmeter runs again"
    print_line(f"{name}: {words}")
    return 0


def _files(settings: Settings) -> list[Path]:
    return sorted((settings.data / _FOLDER).glob("*.db"))


def _open(settings: Settings, name: str, *, read_only: bool) -> SinkState:
    """Open a sink's state. Raises MitmeterError for one that never ran, with a suggestion."""
    known = {path.stem: path for path in _files(settings)}
    if name not in known:
        raise MitmeterError(f"no sink {printable(name)!r} has run yet; {hint(name, known)}")
    return SinkState.open(known[name], read_only=read_only)


def _row(each: SinkStatus) -> tuple[str, ...]:
    behind = f"{each.behind:,}" if each.behind else ""
    if each.behind and each.waiting >= 60:
        behind += f" ({round(each.waiting / 60):,} min)"
    return (
        each.name,
        each.kind,
        str(each.state),
        behind,
        f"{each.sent:,}",
        f"{each.dead:,}" if each.dead else "",
        printable(each.reason, 300),
    )


def _object(each: SinkStatus) -> dict[str, Any]:
    return {
        "sink": each.name,
        "kind": each.kind,
        "state": str(each.state),
        "reason": each.reason,
        "since": each.since,
        "behind": each.behind,
        "waiting_seconds": round(each.waiting, 3),
        "sent": each.sent,
        "skipped": each.skipped,
        "refused": each.refused,
        "dead": each.dead,
    }


def _dead_object(each: Dead) -> dict[str, Any]:
    return {
        "number": each.number,
        "stream": str(each.stream),
        "refused_at": _at(each.since),
        "reason": each.reason,
        "row": each.row,
    }


def _at(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, UTC)
