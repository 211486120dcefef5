"""`mitmeter journal`: what was said, byte for byte."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from mitmeter import __version__
from mitmeter.cli.moments import parse_moment
from mitmeter.cli.output import json_text, print_line, print_table, utc_text
from mitmeter.cli.settings import Settings, global_options
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.zone import system_zone
from mitmeter.errors import ConfigError, JournalError, MitmeterError
from mitmeter.journal.cut import cut
from mitmeter.journal.reader import ConversationSummary, JournalReader
from mitmeter.journal.records import Closed, Entry, Noted, Opened, Record
from mitmeter.model import Chunk, Side, instant, nanoseconds, printable

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
_WHO = click.argument("conversations", nargs=-1, metavar="[CONVERSATION]...")
_SINCE = click.option("--since", metavar="TIME", help="From here on: 2026-11-20T08:00, 90m, 2d.")
_UNTIL = click.option("--until", metavar="TIME", help="Up to here, not including it.")
_REDACT = click.option(
    "--redact", is_flag=True, help="Stand-ins for serial numbers, credentials and addresses."
)
_WRITABLE = click.Path(path_type=Path)


@click.group("journal")
@global_options(hidden=True)
def journal_command() -> None:
    """The raw bytes: list, show, verify, export, cut, replay.

    A CONVERSATION is named by its id or the beginning of one, as `journal list` shows it.
    """


def _reader(settings: Settings) -> JournalReader:
    folder = settings.data / "journal"
    if not folder.is_dir():
        raise JournalError(f"nothing has been recorded in {settings.data} yet")
    return JournalReader(folder)


@journal_command.command("list")
@_JSON
@global_options(hidden=True)
@click.pass_obj
def list_command(settings: Settings, as_json: bool) -> int:
    """List the conversations: who talked, when, and how much."""
    found = sorted(_reader(settings).conversations(), key=lambda each: each.conversation.id)
    if as_json:
        for each in found:
            print_line(json_text(_summary(each)))
        return 0
    print_table(
        (
            "conversation",
            "protocol",
            "role",
            "station",
            "peer",
            "opened",
            "closed",
            "chunks",
            "bytes",
        ),
        (
            (
                each.conversation.id,
                each.conversation.protocol,
                each.conversation.role,
                each.conversation.station,
                each.conversation.peer,
                _time(each.conversation.opened_ns),
                "open" if each.closed_ns is None else _time(each.closed_ns),
                str(each.chunks),
                str(each.device_bytes + each.headend_bytes + each.changed_bytes),
            )
            for each in found
        ),
        "no conversations",
    )
    return 0


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


@journal_command.command("show")
@_WHO
@_SINCE
@_UNTIL
@click.option("--hex", "as_hex", is_flag=True, help="The bytes, not the messages.")
@_JSON
@global_options(hidden=True)
@click.pass_obj
def show_command(
    settings: Settings,
    conversations: tuple[str, ...],
    since: str | None,
    until: str | None,
    as_hex: bool,
    as_json: bool,
) -> int:
    """Show what both sides said, decoded; with --hex as bytes."""
    from mitmeter.cli.transcript import Transcript

    keep = _selection(conversations, since, until)
    transcript = Transcript(as_hex=as_hex)
    for record in _reader(settings).records():
        if not isinstance(record, Opened | Chunk | Closed | Noted) or not keep(record):
            continue
        if as_json:
            if isinstance(record, Chunk):
                print_line(json_text(_chunk(record)))
            continue
        for line in transcript.lines(record):
            print_line(line)
    return 0


def _chunk(chunk: Chunk) -> dict[str, object]:
    return {
        "chunk": chunk.id,
        "station": chunk.conversation.station,
        "peer": chunk.conversation.peer,
        "sender": str(chunk.sender),
        "ours": chunk.ours,
        "received": chunk.received,
        "hex": chunk.data.hex(),
    }


@journal_command.command("verify")
@_JSON
@global_options(hidden=True)
@click.pass_obj
def verify_command(settings: Settings, as_json: bool) -> int:
    """Read everything and say what is damaged; exit code 1 when something is."""
    from mitmeter.journal.verify import verify

    report = verify(_reader(settings).folder)
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
    else:
        for each in report.problems:
            print(f"{each.position}: {printable(each.text)}", file=sys.stderr)
        words = "sound" if report.sound else f"{report.found} problems"
        print_line(f"{report.segments} segments, {report.records} records, {words}")
    return 0 if report.sound else 1


@journal_command.command("export")
@_WHO
@click.option("--pcapng", type=_WRITABLE, metavar="FILE", help="For Wireshark.")
@click.option("--jsonl", type=_WRITABLE, metavar="FILE", help="One JSON object per chunk.")
@_SINCE
@_UNTIL
@_REDACT
@global_options(hidden=True)
@click.pass_obj
def export_command(
    settings: Settings,
    conversations: tuple[str, ...],
    pcapng: Path | None,
    jsonl: Path | None,
    since: str | None,
    until: str | None,
    redact: bool,
) -> int:
    """Write conversations to a file that other tools open; `-` is stdout."""
    if (pcapng is None) == (jsonl is None):
        raise click.UsageError("say one of --pcapng FILE and --jsonl FILE")
    records = _chosen(settings, conversations, since, until, redact)
    target = pcapng or jsonl
    assert target is not None  # noqa: S101 - one of the two is
    with _Output(target) as file:
        if pcapng is not None:
            from mitmeter.journal.pcapng import write_pcapng

            done = write_pcapng(file, records, application=f"mitmeter {__version__}")
            words = f"{done.conversations} conversations, {done.packets} packets"
        else:
            count = 0
            for record in records:
                if isinstance(record, Chunk):
                    file.write(json_text(_chunk(record)).encode() + b"\n")
                    count += 1
            words = f"{count} chunks"
    if settings.verbosity >= 0:
        print(f"{words} written to {target}", file=sys.stderr)
    return 0


class _Output:
    """A file that appears under its name only when it is whole; `-` is stdout."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")

    def __enter__(self) -> BinaryIO:
        if str(self._path) == "-":
            return sys.stdout.buffer
        self._file = self._part.open("wb")
        return self._file

    def __exit__(self, kind: object, *_: object) -> None:
        if str(self._path) == "-":
            return
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


@journal_command.command("cut")
@_WHO
@click.option("--into", type=_WRITABLE, metavar="DIR", required=True, help="A new data directory.")
@_SINCE
@_UNTIL
@_REDACT
@global_options(hidden=True)
@click.pass_obj
def cut_command(
    settings: Settings,
    conversations: tuple[str, ...],
    into: Path,
    since: str | None,
    until: str | None,
    redact: bool,
) -> int:
    """Copy some conversations into a data directory of their own, to share or to look into."""
    records = _chosen(settings, conversations, since, until, redact)
    report = cut(records, into / "journal", lambda entry: True)
    if settings.verbosity >= 0:
        print(
            f"{report.conversations} conversations, {report.chunks} chunks copied to {into}",
            file=sys.stderr,
        )
    return 0


@journal_command.command("replay")
@click.argument("conversation")
@click.option("--to", "target", required=True, metavar="URL", help="Where to send it.")
@click.option(
    "--sender",
    type=click.Choice([str(side) for side in Side]),
    default=str(Side.DEVICE),
    show_default=True,
    help="Whose words to send.",
)
@click.option(
    "--speed", default=1.0, show_default=True, help="1 as recorded, 10 faster, 0 without pauses."
)
@global_options(hidden=True)
@click.pass_obj
def replay_command(
    settings: Settings, conversation: str, target: str, sender: str, speed: float
) -> int:
    """Send a recorded conversation to an address, at the recorded or a scaled pace."""
    from rich.console import Console
    from rich.progress import Progress

    from mitmeter.daemon.replay import replay

    if speed < 0:
        raise ConfigError("--speed", f"{speed:g} is below 0")
    to = Endpoint.parse(target, "--to", ("tcp",))
    found = _one(settings, conversation)
    chunks = [
        chunk
        for chunk in _reader(settings).records()
        if isinstance(chunk, Chunk)
        and chunk.conversation.id == found
        and chunk.sender == sender
        and not (chunk.ours and chunk.conversation.role == "proxy")
    ]
    if not chunks:
        raise MitmeterError(f"the {sender} said nothing in {found}")
    with Progress(console=Console(stderr=True, quiet=settings.verbosity < 0)) as progress:
        task = progress.add_task("sending", total=len(chunks))
        done = asyncio.run(
            replay(chunks, to, speed=speed, progress=lambda n: progress.advance(task, n))
        )
    print_line(f"{done.chunks} chunks, {done.sent} bytes sent; {done.received} bytes came back")
    if done.cut_off:
        raise MitmeterError(f"{to} closed the connection before everything was sent")
    return 0


# --- choosing ------------------------------------------------------------------------------------


def _one(settings: Settings, prefix: str) -> str:
    ids = {
        each.conversation.id
        for each in _reader(settings).conversations()
        if each.conversation.id.startswith(prefix.upper())
    }
    if len(ids) != 1:
        what = "no conversation" if not ids else f"{len(ids)} conversations"
        raise MitmeterError(f"{what} begin with {printable(prefix)!r}; see `mitmeter journal list`")
    return ids.pop()


def _chosen(
    settings: Settings,
    conversations: tuple[str, ...],
    since: str | None,
    until: str | None,
    redact: bool,
) -> Iterator[Record]:
    keep = _selection(conversations, since, until)
    records: Iterable[Record] = (
        record
        for record in _reader(settings).records()
        if isinstance(record, Opened | Chunk | Closed | Noted) and keep(record)
    )
    if redact:
        from mitmeter.daemon.redaction import Redactor

        records = Redactor(secrets.token_bytes(32)).records(records)
    return iter(records)


def _selection(
    conversations: tuple[str, ...], since: str | None, until: str | None
) -> Callable[[Entry], bool]:
    """Return what tells whether a record is wanted; openings and ends of what is wanted always
    are.
    """
    zone, now = system_zone(), datetime.now(UTC)
    first = parse_moment(since, "--since", zone, now)
    last = parse_moment(until, "--until", zone, now)
    first_ns = None if first is None else nanoseconds(first)
    last_ns = None if last is None else nanoseconds(last)
    prefixes = tuple(prefix.upper() for prefix in conversations)

    def keep(entry: Entry) -> bool:
        if prefixes and not _name(entry).startswith(prefixes):
            return False
        if isinstance(entry, Opened | Closed):
            return True
        ns = entry.received_ns if isinstance(entry, Chunk) else nanoseconds(entry.event.at)
        return (first_ns is None or ns >= first_ns) and (last_ns is None or ns < last_ns)

    return keep


def _name(entry: Entry) -> str:
    if isinstance(entry, Opened | Chunk):
        return entry.conversation.id
    return entry.conversation_id


def _time(ns: int) -> str:
    return utc_text(instant(ns).replace(microsecond=0))
