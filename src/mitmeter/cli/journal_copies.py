"""`mitmeter journal export` and `cut`: part of the journal, for other tools or other people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import click

from mitmeter import __version__
from mitmeter.cli.options import SINCE, UNTIL
from mitmeter.cli.output import counted, json_text
from mitmeter.cli.selection import REDACT, WHO, Selection, chunk_object
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.errors import JournalError, MitmeterError
from mitmeter.journal.records import Entry
from mitmeter.model import Chunk

_STDOUT = Path("-")
_FILE = click.Path(path_type=Path, readable=False)


@click.command(
    "export",
    cls=Command,
    examples=(
        "mitmeter journal export --pcapng battery.pcapng --since 1h",
        "mitmeter journal export --pcapng - | tshark -r -",
        "mitmeter journal export 01M7WCSBY51956KK --jsonl share.jsonl --redact",
    ),
)
@WHO
@click.option("--pcapng", type=_FILE, metavar="FILE", help="For Wireshark.")
@click.option("--jsonl", type=_FILE, metavar="FILE", help="One JSON object per chunk.")
@SINCE
@UNTIL
@REDACT
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
    target = jsonl if pcapng is None else pcapng
    if target is None or None not in (pcapng, jsonl):
        raise click.UsageError("say one of --pcapng FILE and --jsonl FILE")
    if target == _STDOUT and pcapng is not None and sys.stdout.isatty():
        raise click.UsageError("--pcapng -: binary is not for the terminal; pipe it somewhere")
    selection = Selection(settings, conversations, since, until, redact=redact)
    with _Output(target) as file:
        write = _write_pcapng if pcapng is not None else _write_jsonl
        words = write(file, selection.records())
    selection.tell_of_damage()
    if not settings.quiet:
        where = "stdout" if target == _STDOUT else target
        print(f"{words} written to {where}", file=sys.stderr)
    return 0


def _write_pcapng(file: BinaryIO, records: Iterable[Entry]) -> str:
    from mitmeter.journal.pcapng import write_pcapng

    done = write_pcapng(file, records, application=f"mitmeter {__version__}")
    packets = counted(done.packets, "packet")
    return f"{counted(done.conversations, 'conversation')}, {packets}"


def _write_jsonl(file: BinaryIO, records: Iterable[Entry]) -> str:
    count = 0
    for record in records:
        if isinstance(record, Chunk):
            file.write(json_text(chunk_object(record)).encode() + b"\n")
            count += 1
    return counted(count, "chunk")


class _Output:
    """A file that appears under its name only when it is whole; `-` is stdout.

    Raises: MitmeterError, naming the file asked for, when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part: Path | None = None

    def __enter__(self) -> BinaryIO:
        if self._path == _STDOUT:
            return sys.stdout.buffer
        if self._path.is_dir():
            raise MitmeterError(f"{self._path} is a directory; name a file")
        if self._path.exists() and not self._path.is_file():
            # A pipe or /dev/stdout: nothing to put in its place.
            self._file: BinaryIO = self._path.open("wb")
            return self._file
        self._part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            self._file = self._part.open("wb")
        except OSError as exc:
            raise MitmeterError(f"{self._path}: {exc.strerror}") from exc
        return self._file

    def __exit__(self, kind: object, *_: object) -> None:
        if self._path == _STDOUT:
            sys.stdout.buffer.flush()
            return
        try:
            self._file.close()
            if kind is None and self._part is not None:
                self._part.replace(self._path)
        except OSError as exc:
            raise MitmeterError(f"{self._path}: {exc.strerror}") from exc
        finally:
            if self._part is not None:
                self._part.unlink(missing_ok=True)


@click.command(
    "cut",
    cls=Command,
    examples=(
        "mitmeter journal cut --since 2d --redact --into for-the-developers",
        "mitmeter --data for-the-developers readings",
    ),
)
@WHO
@click.option(
    "--into",
    type=click.Path(path_type=Path, readable=False),
    metavar="DIR",
    required=True,
    help="A new data directory.",
)
@SINCE
@UNTIL
@REDACT
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
    from mitmeter.journal.cut import cut

    if into.exists() and not into.is_dir():
        raise MitmeterError(f"{into} is not a directory")
    selection = Selection(settings, conversations, since, until, redact=redact)
    try:
        report = cut(selection.records(), into / "journal", lambda entry: True)
    except JournalError as exc:
        raise MitmeterError(f"--into: {exc}") from exc
    selection.tell_of_damage()
    if not settings.quiet:
        what = f"{counted(report.conversations, 'conversation')}, {counted(report.chunks, 'chunk')}"
        print(f"{what} copied to {into}", file=sys.stderr)
    return 0
