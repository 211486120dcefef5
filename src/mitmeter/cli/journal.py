"""`mitmeter journal list`, `show` and `verify`: what was said, byte for byte, to look at."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime

import click

from mitmeter.cli.journal_copies import cut_command, export_command
from mitmeter.cli.journal_replay import replay_command
from mitmeter.cli.moments import Span, parse_span
from mitmeter.cli.options import JSON, SINCE, UNTIL
from mitmeter.cli.output import counted, json_text, print_line, utc_text
from mitmeter.cli.selection import REDACT, WHO, Selection, chunk_object, open_journal
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table, window_width
from mitmeter.cli.usage import Command, Group
from mitmeter.cli.wanted import FILTER, wanted
from mitmeter.journal.reader import ConversationSummary
from mitmeter.model import Chunk, instant, printable

_PAIR_POLLS = 6
_COLUMNS = (
    Column("conversation"),
    Column("role", drop=5),
    Column("protocol", drop=6),
    Column("station", drop=3),
    Column("peer"),
    Column("opened"),
    Column("lasted", right=True),
    Column("ended", fold=True, drop=4),
    Column("chunks", right=True, drop=2),
    Column("bytes", right=True),
    Column("", drop=1),
)


@click.group("journal", cls=Group)
@global_options(hidden=True)
def journal_command() -> None:
    """The raw bytes: list, show, verify, export, cut, replay.

    A CONVERSATION is named by its id or the beginning of one, as `journal list` shows it.
    """


@journal_command.command(
    "list", cls=Command, examples=("mitmeter journal list", "mitmeter journal list --since 2d")
)
@SINCE
@UNTIL
@JSON
@global_options(hidden=True)
@click.pass_obj
def list_command(settings: Settings, since: str | None, until: str | None, as_json: bool) -> int:
    """List the conversations: who talked, when, and how much. Times are UTC."""
    span = parse_span(since, until, settings.zone(), datetime.now(UTC))
    found = (each for each in open_journal(settings).conversations() if _overlaps(each, span))
    rows = sorted(found, key=lambda each: each.conversation.id)
    if as_json:
        for each in rows:
            print_line(json_text(_summary(each)))
        return 0
    print_table(_COLUMNS, map(_row, rows), "no conversations")
    return 0


def _overlaps(each: ConversationSummary, span: Span) -> bool:
    """Tell whether a conversation was open at some time of the span."""
    if span.until is not None and instant(each.conversation.opened_ns) >= span.until:
        return False
    return span.since is None or each.closed_ns is None or instant(each.closed_ns) >= span.since


def _row(each: ConversationSummary) -> tuple[str, ...]:
    who = each.conversation
    return (
        who.id,
        who.role,
        who.protocol,
        who.station,
        printable(who.peer),
        utc_text(instant(who.opened_ns).replace(microsecond=0)),
        "open" if each.closed_ns is None else _lasted(each.closed_ns - who.opened_ns),
        printable(each.reason, 60),
        f"{each.chunks:,}",
        f"{each.device_bytes + each.headend_bytes + each.changed_bytes:,}",
        "simulated" if who.synthetic else "",
    )


def _lasted(ns: int) -> str:
    """Return a duration to the second: `3:19:59`, `0:07`."""
    minutes, seconds = divmod(max(0, round(ns / 1e9)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _summary(each: ConversationSummary) -> dict[str, object]:
    who = each.conversation
    return {
        "conversation": who.id,
        "protocol": who.protocol,
        "role": who.role,
        "station": who.station,
        "peer": who.peer,
        "upstream": who.upstream,
        "synthetic": who.synthetic,
        "opened": instant(who.opened_ns),
        "closed": None if each.closed_ns is None else instant(each.closed_ns),
        "reason": each.reason,
        "chunks": each.chunks,
        "device_bytes": each.device_bytes,
        "headend_bytes": each.headend_bytes,
        "changed_bytes": each.changed_bytes,
    }


@journal_command.command(
    "show",
    cls=Command,
    examples=(
        "mitmeter journal show 01M7WCSBY51956KK",
        "mitmeter journal show --since 10m --hex",
        "mitmeter journal show | grep UNDECODABLE",
        "mitmeter journal show --follow --filter sender=device --filter verdict=unknown",
    ),
)
@WHO
@SINCE
@UNTIL
@click.option("--hex", "as_hex", is_flag=True, help="The bytes, not the messages.")
@click.option("--full", is_flag=True, help="Whole messages, also where the terminal is too narrow.")
@click.option("--follow", is_flag=True, help="Go on as more is recorded, with messages and bytes.")
@FILTER
@REDACT
@JSON
@global_options(hidden=True)
@click.pass_obj
def show_command(
    settings: Settings,
    conversations: tuple[str, ...],
    since: str | None,
    until: str | None,
    as_hex: bool,
    full: bool,
    follow: bool,
    filters: tuple[str, ...],
    redact: bool,
    as_json: bool,
) -> int:
    """Show what both sides said, decoded; with --hex as bytes. Times are UTC.

    On a terminal each message is cut to one line; --full, or a pipe, shows it whole. With --json
    every chunk of bytes is one object.
    """
    if filters and (as_json or as_hex):
        raise click.UsageError("--filter is for messages, not for --hex or --json")
    if follow and (redact or until is not None or full):
        raise click.UsageError("--follow does not go with --redact, --until or --full")
    selection = Selection(settings, conversations, since, until, redact=redact)
    if follow:
        _follow(selection, filters, as_hex=as_hex, as_json=as_json)
    elif as_json:
        for record in selection.records():
            if isinstance(record, Chunk):
                print_line(json_text(chunk_object(record)))
    else:
        from mitmeter.cli.transcript import Transcript

        width = 0 if full else window_width()
        transcript = Transcript(as_hex=as_hex, width=width, wanted=wanted(filters))
        for record in selection.whole():
            for line in transcript.lines(record, selection.inside(record)):
                print_line(line)
    selection.tell_of_damage()
    return 0


def _follow(selection: Selection, filters: tuple[str, ...], *, as_hex: bool, as_json: bool) -> None:
    """Print what is recorded from now on, or from the span's beginning, until Ctrl-C."""
    from mitmeter.cli.transcript import Transcript, followed

    transcript = Transcript(as_hex=True) if as_hex else followed(filters)
    idle = 0
    with contextlib.suppress(KeyboardInterrupt):
        for record in selection.growing():
            idle = idle + 1 if record is None else 0
            if record is None:
                # A request waits a second or so for its answer, to be printed beside it.
                for line in transcript.rest() if idle > _PAIR_POLLS else ():
                    print_line(line)
                sys.stdout.flush()
            elif as_json:
                if isinstance(record, Chunk) and selection.inside(record):
                    print_line(json_text(chunk_object(record)))
            else:
                for line in transcript.lines(record, selection.inside(record)):
                    print_line(line)


@journal_command.command("verify", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object.")
@global_options(hidden=True)
@click.pass_obj
def verify_command(settings: Settings, as_json: bool) -> int:
    """Read everything and say what is damaged; exit code 1 when something is."""
    from mitmeter.journal.verify import verify

    report = verify(open_journal(settings).folder)
    if as_json:
        shown = {
            "segments": report.segments,
            "records": report.records,
            "bytes": report.bytes,
            "found": report.found,
            "problems": [
                {"position": str(each.position), "problem": each.text} for each in report.problems
            ],
        }
        print_line(json_text(shown))
        return 0 if report.sound else 1
    for each in report.problems:
        print(f"{each.position}: {printable(each.text)}", file=sys.stderr)
    if report.found > len(report.problems):
        print(f"… and {report.found - len(report.problems):,} more", file=sys.stderr)
    words = "sound" if report.sound else counted(report.found, "problem")
    size = f"{counted(report.segments, 'segment')}, {counted(report.records, 'record')}"
    print_line(f"{size}, {words}")
    return 0 if report.sound else 1


for command in (export_command, cut_command, replay_command):
    journal_command.add_command(command)
